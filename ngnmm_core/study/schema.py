"""The keys of a study: the one source from which checks, the JSON schema and the documentation are made."""

import os
from typing import Any, Literal

from pydantic import Field, field_validator

from ngnmm_core.analysis.contract import Options
from ngnmm_core.analysis.registry import analysis_names
from ngnmm_core.connectome import ConnectomeSpec
from ngnmm_core.errors import InputError, twice
from ngnmm_core.recordings.settings import Empirical
from ngnmm_core.section import Section
from ngnmm_core.simulation.map_settings import MapSource
from ngnmm_core.simulation.settings import Simulation
from ngnmm_core.study.axes import FORMS
from ngnmm_core.study.balance import Balance
from ngnmm_core.study.connectome_axes import Nulls
from ngnmm_core.study.operating_point import OperatingPoint
from ngnmm_core.study.optimisation import Optimise

NAME = r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$"  # files are called so, with more at the end
MOST_SHARDS = 100_000
DEFAULT_ANALYSES = ("rates", "spectra", "fc", "synchrony")


class ModelSpec(Section):
    """Which model, and the values of parameters that are not swept."""

    name: str = Field("ei_ngnmm", description="a model of `ngnmm_core/models/`")
    file: str | None = Field(
        None,
        description="instead of `name`: a Python file of your own that defines `MODEL`, from the study file's folder",
    )
    parameters: dict[str, Any] = Field({}, description="values of the model's parameters, where not its defaults")
    operating_point: OperatingPoint | None = Field(
        None, description="instead of a value for the drive: its distance from a bifurcation, found at every point"
    )
    balance: Balance | None = Field(
        None, description="a parameter solved for in every region, so that all rest with one rate (balanced inhibition)"
    )
    maps: list[MapSource] = Field([], description="parameters that differ between regions in proportion to a map")


class StudyConfig(Section):
    """One study, or one part of a study with parts."""

    study: str = Field("study", pattern=NAME, description="name; results go to `results/<study>/`")
    connectome: ConnectomeSpec = Field(description="an entry of `config/connectomes.yaml`, or a file of your own")
    nulls: Nulls | None = Field(
        None, description="null connectomes, which share chosen properties with the true one: the axis `null`"
    )
    normalization: Literal["row", "max", "none"] = Field(
        "row", description="`row`: every row of W sums to 1; `max`: divided by the largest weight; `none`: as it is"
    )
    model: ModelSpec = Field(ModelSpec(), description="the neural mass model")
    grid: dict[str, Any] | None = Field(
        None, description=f"axes of a dense grid: any model parameter, `G`, `Delta`, `seed`; each {FORMS}"
    )
    points: list[dict[str, Any]] | str | None = Field(
        None, description="instead of `grid`: a list of parameter sets, or a CSV file with one set per row"
    )
    simulation: Simulation = Field(Simulation(), description="the network simulation")
    analyses: dict[str, Any] = Field(
        {name: {} for name in DEFAULT_ANALYSES},
        description="what is computed at every point: names with options, or a plain list of names",
    )
    empirical: Empirical | None = Field(None, description="recordings that the model is compared with")
    optimise: Optimise | None = Field(
        None, description="a search for the parameters that agree best with recordings; writes `optimisation.nc`"
    )
    highlights: list[dict[str, Any]] = Field([], description="parameter sets that get detailed figures")
    shards: Literal["auto"] | int = Field(
        "auto", description="number of jobs into which the missing points are cut; `auto`: minutes of work each, <= 500"
    )
    keep_versions: bool = Field(
        False,
        description="go on with finished points that other versions of numpy, scipy, numba or llvmlite have computed; "
        "`sweep.nc` then names them in `kept_versions`",
    )
    cpu_target: Literal["native", "x86-64-v3"] = Field(
        "native", description="processor to compile for; results are bit-identical for one target"
    )

    @field_validator("analyses", mode="before")
    @classmethod
    def _analyses(cls, value: Any) -> dict[str, Options]:
        allowed = f"allowed: names with options, or a list of names; there are {', '.join(analysis_names())}"
        if isinstance(value, list | tuple):
            for name in value:
                if not isinstance(name, str):
                    raise InputError(f"{name!r} in the list is not a name; {allowed}")
            if repeated := twice(value):
                raise InputError(f"{repeated!r} occurs twice in the list; allowed: each analysis once")
            value = dict.fromkeys(value)
        if not isinstance(value, dict):
            raise InputError(f"{value!r} is not a mapping; {allowed}")
        if not value:
            raise InputError(f"nothing is asked for; {allowed}")
        return {name: {} if options is None else options for name, options in value.items()}

    @field_validator("points", mode="before")
    @classmethod
    def _points(cls, value: Any) -> Any:
        if value is None or isinstance(value, str):
            return value
        if isinstance(value, list | tuple) and all(isinstance(point, dict) for point in value):
            return list(value)
        raise InputError(f"{value!r} is no list of points; allowed: [{{G: 5, I_ext_e: 13}}, ...], or a CSV file")

    @field_validator("shards", mode="before")
    @classmethod
    def _shards(cls, value: Any) -> Any:
        try:
            if value == "auto" or (not isinstance(value, bool) and 1 <= int(value) == float(value) <= MOST_SHARDS):
                return value if value == "auto" else int(value)
        except (TypeError, ValueError, OverflowError):
            pass
        raise InputError(f"{value!r} is no number of jobs; allowed: auto, or a whole number from 1 to {MOST_SHARDS}")


def without_absolute_paths(config: StudyConfig) -> StudyConfig:
    """Return the same config with files named from the working directory, for what is passed on with results."""
    changes: dict[str, Any] = {"connectome": _relative(config.connectome, "path", "table", "labels", "lengths")}
    if config.empirical is not None:
        changes["empirical"] = _relative(config.empirical, "path", "labels")
    if config.model.maps:
        maps = [_relative(one, "file") for one in config.model.maps]
        changes["model"] = config.model.model_copy(update={"maps": maps})
    if isinstance(config.points, str):
        changes["points"] = _from_here(config.points)
    return config.model_copy(update=changes)


def _relative(section, *keys: str):
    given = {key: getattr(section, key) for key in keys}
    return section.model_copy(update={key: _from_here(path) for key, path in given.items() if path})


def _from_here(path: str) -> str:
    """Rewrite a path that is absolute, or begins at a home, as one from the working directory."""
    found = os.path.expanduser(path)
    return os.path.relpath(found) if os.path.isabs(found) else path
