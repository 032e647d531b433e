"""What an analysis declares: its options, what it needs, the variables it writes, and how it is computed.

One analysis is one file in this folder with a module-level `ANALYSIS`, named in `ngnmm_core.analysis.registry`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from ngnmm_core.model import Model
from ngnmm_core.section import Section

if TYPE_CHECKING:
    from ngnmm_core.reducers.activity import Activity
    from ngnmm_core.reducers.block import Block

OK, DIVERGED = 0, 1
KHZ = 1000.0  # Hz in the rates of the models, which are in 1/ms


class Options(Section):
    """Base of an analysis' options: unknown keys are errors, every field has a default and a description."""


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


def status(analysis: str, *meanings: str) -> Variable:
    """The status variable of an analysis: 0 is ok, 1 diverged, then the analysis' own meanings."""
    return Variable(
        f"{analysis}_status", (), "1", f"outcome of {analysis}", dtype="int8", flags=("ok", "diverged", *meanings)
    )


@dataclass(frozen=True)
class Network:
    """The connectome as it is simulated.

    Attributes
    ----------
    W : array (region, region)
        Normalised weights; W[i, j] is the weight of what i receives from j.
    labels : tuple of str
        Of the regions; their indices if there are none.
    tract_length : array (region, region) or None
        In mm, NaN where there is no tract; None if not known.
    """

    W: np.ndarray
    labels: Sequence[str] = ()
    tract_length: np.ndarray | None = None

    @property
    def names(self) -> list[str]:
        """The labels, or indices in their place."""
        return [str(label) for label in self.labels] or [str(k) for k in range(len(self.W))]


@dataclass(frozen=True)
class Window:
    """What a reducer must know of the simulation that it observes.

    `samples` states per point arrive every `sample_ms`, for `points` points of `regions` regions, as arrays
    [sample, group, region, state, lane].
    """

    model: Model
    regions: int
    samples: int
    sample_ms: float
    parameters: Mapping[str, np.ndarray]
    noisy: np.ndarray | bool = False  # [point], whether there is noise
    included: np.ndarray | None = None  # [point, region], 0 for regions that means over regions leave out
    gain: np.ndarray | None = None  # [point, region], what lesions multiply the received coupling by
    start_ms: float = 0.0  # of the window, since the start of the simulation
    stimuli: tuple[Any, ...] = ()
    extras: Mapping[str, np.ndarray] = field(default_factory=dict)  # of the points
    network: Network | None = None

    @property
    def points(self) -> int:
        """Number of points in the batch, without the padding."""
        return len(self.parameters["G"])


class Reducer(Protocol):
    """Takes blocks of samples, keeps running state, and gives arrays [point, ...] at the end."""

    def consume(self, block: "Block") -> None:
        """Takes the next samples; they are valid only during the call."""

    def finish(self, activity: "Activity") -> dict[str, np.ndarray]:
        """The results, one array [point, ...] per variable; NaN where `activity` says that it is not defined."""


@dataclass(frozen=True)
class Analysis:
    """One analysis.

    Attributes
    ----------
    needs
        "simulation": fed by the network simulation through `reducer(options, window)`; any other word names the
        stage (rule and shards) that runs it.
    variables
        `variables(options)`: what it writes.
    coordinates
        `coordinates(options, window)`: values of the dimensions it introduces, as {name: (values, unit, long_name)}.
    check
        `check(options, study)`: raises `InputError` for options that can't work in a study.
    """

    name: str
    title: str
    needs: str
    options: type[Options]
    variables: Callable[[Any], tuple[Variable, ...]]
    reducer: Callable[[Any, Window], Reducer] | None = None
    coordinates: Callable[[Any, Any], Mapping[str, tuple[Any, str, str]]] = field(default=lambda options, window: {})
    check: Callable[[Any, Any], None] = field(default=lambda options, study: None)
