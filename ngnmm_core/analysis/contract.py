"""What an analysis declares: its options, what it needs, the variables it writes, and how it is computed.

One analysis is one file in this folder with a module-level `ANALYSIS`; other files there are helpers.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ngnmm_core.analysis.maps import Map, as_it_is, mean_over_regions
from ngnmm_core.errors import InputError, twice, unknown
from ngnmm_core.section import Section
from ngnmm_core.simulation.observation import Reducer, SampledWindow
from ngnmm_core.storage.flags import Status

SIMULATION = "simulation"
MERGE = "merge"  # in place of a stage: computed when shards are merged
KHZ = 1000.0  # Hz in the rates of the models, which are in 1/ms


class Options(Section):
    """Base of an analysis' options: unknown keys are errors, every field has a default and a description."""


def refuse_unread(key: str, options: Options, names: Iterable[str], read: bool, needed: str) -> None:
    """Refuse options that are set although other options leave no place for them.

    Parameters
    ----------
    key : str
        Of the analysis: `analyses.NAME`.
    names : iterable of str
        Of the options.
    read : bool
        Whether anything depends on them.
    needed : str
        What must be there so that something does.

    Raises
    ------
    InputError
        Naming the option, its value and what it takes.
    """
    for name in () if read else names:
        value = getattr(options, name)
        if value != type(options).model_fields[name].default:
            found = list(value) if isinstance(value, tuple) else value
            raise InputError(f"{key}.{name}: {found} is read by nothing here; allowed: none, or {needed}")


@dataclass(frozen=True)
class Variable:
    """One variable of the result: its dimensions after those of the grid, unit, meaning, and flags if it is a code."""

    name: str
    dims: tuple[str, ...]
    unit: str
    long_name: str
    dtype: str = "float64"
    flags: tuple[str, ...] = ()

    @property
    def missing(self) -> Any:
        """What stands for a value that is not defined or not there: NaN, or -1 for whole numbers and flags."""
        return np.nan if np.dtype(self.dtype).kind == "f" else -1

    @property
    def attributes(self) -> dict[str, Any]:
        """CF attributes: `units` and `long_name`, and the flags' values and meanings."""
        attributes: dict[str, Any] = {"units": self.unit, "long_name": self.long_name}
        if self.flags:
            attributes["flag_values"] = np.arange(-1, len(self.flags), dtype=self.dtype)
            attributes["flag_meanings"] = " ".join(("undefined", *self.flags))
        return attributes


def status(analysis: str, outcome: type[Status] = Status) -> Variable:
    """Declare the status variable of an analysis: its outcome, with the meanings of all values."""
    name = f"{analysis}_status"
    return Variable(name, (), "1", f"outcome of {analysis}", dtype="int8", flags=outcome.meanings())


@dataclass(frozen=True)
class Analysis:
    """One analysis.

    Attributes
    ----------
    needs
        "simulation": fed by the network simulation through `reducer(options, window)`; any other word names the
        stage (rule and shards) that runs it.
    variables
        `variables(options)`: what it writes, its status included.
    maps
        `maps(options)`: what is drawn over the grid.
    compares_regions
        Whether it compares regions with each other, and is refused for one region alone.
    rests_on_simulations
        Whether its stage simulates networks, of an analysis without a reducer.
    coordinates
        `coordinates(options, window)`: values of the dimensions it introduces, as {name: (values, unit, long_name)}.
    check
        `check(options, study)`: raises `InputError` for options that can't work in a study.
    adapt
        `adapt(options, config)`: the options with what other keys of the study settle for them.

    Raises
    ------
    InputError
        On construction, for a declaration that does not hold together; in one line.
    """

    name: str
    title: str
    needs: str
    options: type[Options]
    variables: Callable[[Any], tuple[Variable, ...]]
    reducer: Callable[[Any, SampledWindow], Reducer] | None = None
    coordinates: Callable[[Any, Any], Mapping[str, tuple[Any, str, str]]] = field(default=lambda options, window: {})
    check: Callable[[Any, Any], None] = field(default=lambda options, study: None)
    adapt: Callable[[Any, Any], Any] = field(default=lambda options, config: options)
    maps: Callable[[Any], tuple[Map, ...]] = field(default=lambda options: ())
    compares_regions: bool = False
    rests_on_simulations: bool = False

    def __post_init__(self):
        _check_declaration(self)

    @property
    def simulates(self) -> bool:
        """Whether networks are simulated for it."""
        return self.reducer is not None or self.rests_on_simulations


def _check_declaration(analysis: Analysis) -> None:
    """Refuse an analysis whose names don't fit together."""
    where = f"analysis {analysis.name}"
    if not re.fullmatch(r"[a-z]\w*", analysis.name, re.ASCII):
        raise InputError(f"{where}: {analysis.name!r} is no name; allowed: letters, digits and _, a small letter first")
    if analysis.needs == SIMULATION and analysis.reducer is None:
        raise InputError(f"{where}: it needs a simulation and has no reducer; allowed: `reducer`, a class")
    options = analysis.options()
    variables = {variable.name: variable for variable in analysis.variables(options)}
    if f"{analysis.name}_status" not in variables:
        raise InputError(f"{where}: it has no status; allowed: ngnmm_core.analysis.contract.status among the variables")
    for kind, names in (
        ("variable", [variable.name for variable in analysis.variables(options)]),
        ("map", [drawn.name for drawn in analysis.maps(options)]),
    ):
        if repeated := twice(names):
            raise InputError(f"{where}: the {kind} '{repeated}' is declared twice; allowed: names of their own")
    for drawn in analysis.maps(options):
        _check_map(f"{where}: map {drawn.name}", drawn, variables)


def _check_map(where: str, drawn: Map, variables: Mapping[str, Variable]) -> None:
    """Refuse a map that could not be drawn, as far as that can be told without a dataset."""
    if drawn.variable not in variables:
        raise unknown(f"{where}: variable", drawn.variable, variables)
    dims = variables[drawn.variable].dims
    if drawn.rows is not None and drawn.rows not in dims:
        raise unknown(f"{where}: rows", drawn.rows, dims)
    if not callable(drawn.reduce):
        raise InputError(f"{where}: reduce: found {drawn.reduce!r}; allowed: a function such as as_it_is")
    if drawn.reduce is mean_over_regions and "region" not in dims:
        raise InputError(
            f"{where}: reduce: mean_over_regions of {drawn.variable}, which has no regions; allowed: as_it_is"
        )
    left = [dim for dim in dims if dim != drawn.rows]
    if drawn.reduce is as_it_is and left:
        raise InputError(
            f"{where}: reduce: as_it_is leaves {', '.join(left)}; allowed: one number per point, or `rows`"
        )
