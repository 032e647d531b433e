"""The settings of maps per region: what a study says of them, the axes that they make, and what results depend on."""

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, model_validator

from ngnmm_core.connectome.map_files import read_map
from ngnmm_core.errors import InputError
from ngnmm_core.points import Axis, Kind
from ngnmm_core.section import Section

MAPS = "maps"  # what they are called where stages say what they can't take into account
NAME = r"^[A-Za-z][A-Za-z0-9_-]{0,39}$"
MOST_SURROGATES = 10_000
SCALE, SURROGATE = "scale", "surrogate"


class Surrogates(Section):
    """Random maps to compare a map with: the axis `NAME.surrogate`, on which 0 is the map itself."""

    kind: Literal["labels", "spin"] = Field(
        "labels",
        description="`labels`: its values permuted over all regions; `spin`: moved by random rotations of the sphere",
    )
    count: int = Field(20, ge=1, le=MOST_SURROGATES, description="how many; the axis is 0 to this number")
    seed: int = Field(0, ge=0, le=2**32 - 1, description="of the random numbers")


class MapSettings(Section):
    """A map per region, and the parameter that follows it."""

    name: str = Field(pattern=NAME, description="what it is called; its axes are `NAME.scale` and `NAME.surrogate`")
    parameter: str = Field(description="parameter or alias of the model that differs between regions")
    mode: Literal["add", "multiply"] = Field(
        "add", description="`add`: p + scale * map; `multiply`: p * (1 + scale * map)"
    )
    transform: Literal["zscore", "raw"] = Field(
        "zscore",
        description="`zscore`: mean 0 and standard deviation 1 over the regions of the connectome; `raw`: as it is",
    )
    of: str | None = Field(
        None,
        description="instead of a file: a map that comes with the connectome (such as `myelin` of schaefer-100), `x`, "
        "`y`, `z` (centres of its regions, mm) or `volume`",
    )
    scale: float | None = Field(
        None, description="how much the parameter follows it (1 if not given); or the axis `NAME.scale`"
    )
    surrogates: Surrogates | None = Field(None, description="random maps to compare it with; none if not given")

    @property
    def axes(self) -> tuple[str, str]:
        """Names of its axes: of its scale, and of its surrogates."""
        return f"{self.name}.{SCALE}", f"{self.name}.{SURROGATE}"


class MapSource(MapSettings):
    """A map as a study names it."""

    file: str | None = Field(
        None,
        description="table (`.csv`, `.tsv`) with columns of labels and of numbers, named from the study file's folder",
    )
    column: str | None = Field(None, description="title of the column that is the map; not needed if there is one only")

    @model_validator(mode="after")
    def _one_source(self):
        if (self.file is None) == (self.of is None):
            found = "neither file nor of" if self.of is None else "both file and of"
            raise InputError(f"{self.name} has {found}; allowed: one of the two")
        if self.of is not None and self.column is not None:
            raise InputError(f"{self.name} has a column without a file; allowed: {{file: ..., column: ...}}")
        return self


class RegionMap(MapSettings):
    """A map with its values: all that results depend on.

    Attributes
    ----------
    values : dict of label to float or None
        None where there is no finite number.
    places : dict of label to (x, y, z)
        On a sphere around (0, 0, 0), for spins.
    sphere : str
        Hash of the connectome's own places on the sphere, where spins use those; results depend on it.
    """

    values: dict[str, float | None] = Field({})
    places: dict[str, tuple[float, float, float]] = Field({})
    sphere: str = Field("")

    @property
    def spins_connectome(self) -> bool:
        """Whether its surrogates are spins for which the connectome has to say where regions lie."""
        return self.surrogates is not None and self.surrogates.kind == "spin" and not self.places


def load_map(source: MapSource) -> RegionMap:
    """Read the values of a map; `InputError` as `ngnmm_core.connectome.map_files.read_map`."""
    if source.file is None:
        return RegionMap(**source.model_dump(exclude={"file", "column"}))
    path = Path(source.file)
    values, places = read_map(path, source.column, f"model.maps.{source.name}.file")
    finite = {label: value if math.isfinite(value) else None for label, value in values.items()}
    return RegionMap(**source.model_dump(exclude={"file", "column"}), values=finite, places=places)


def map_axes(maps: Sequence[MapSettings]) -> list[Axis]:
    """Declare the axes that a grid may have on account of maps."""
    axes = []
    for one in maps:
        scale, surrogate = one.axes
        default = 1.0 if one.scale is None else one.scale
        about = f"scale of the map {one.name}: how much {one.parameter} follows it"
        axes.append(Axis(scale, Kind.SETTING, _any_scale, "1", about, MAPS, default, neutral=0.0))
        if one.surrogates is not None:
            check = _SurrogateCheck(one.surrogates.count)
            about = f"surrogate of the map {one.name}: 0 is the map itself"  # figures show what is before the colon
            axes.append(Axis(surrogate, Kind.SETTING, check, "1", about, SURROGATE, 0.0))
    return axes


def _any_scale(key: str, value: float) -> None:
    """Accept every scale: what is not allowed is a parameter that it makes too small, which depends on the map."""


class _SurrogateCheck:
    def __init__(self, count: int):
        self.count = count

    def __call__(self, key: str, value: float) -> None:
        if value != int(value) or not 0 <= value <= self.count:
            raise InputError(f"{key}: {value:g} is no surrogate; allowed: whole numbers from 0 to {self.count}")


def context_of(maps: Sequence[RegionMap]) -> list[dict[str, Any]]:
    """Describe maps by what results depend on, as plain data; surrogates are known by their points (`members_of`)."""
    return [one.model_dump(mode="json", exclude={"surrogates", "places", "sphere"}) for one in maps]


def surrogates_of(maps: Sequence[RegionMap]) -> dict[str, dict[str, Any]]:
    """Describe how the surrogates of maps are drawn, as plain data by the names of the maps: not how many there are."""
    found = {}
    for one in maps:
        if one.surrogates is not None:
            places = {"places", *(["sphere"] if one.sphere else [])} if one.surrogates.kind == "spin" else set()
            found[one.name] = one.model_dump(
                mode="json", include={"surrogates": {"kind", "seed"}} | dict.fromkeys(places, True)
            )
    return found


def members_of(maps: Sequence[RegionMap]) -> dict[str, dict[float, str]]:
    """Give what a point is known by for its surrogate, by the axes: nothing for the map itself."""
    found = {}
    for one in maps:
        if one.surrogates is not None:
            drawn = json.dumps(surrogates_of([one]), sort_keys=True)
            digest = hashlib.blake2b(drawn.encode(), digest_size=8).hexdigest()
            numbers = range(1, one.surrogates.count + 1)
            found[one.axes[1]] = {0.0: "", **{float(k): f"{SURROGATE}:{digest}:{k}" for k in numbers}}
    return found


def with_surrogates(
    described: Sequence[Mapping[str, Any]], drawn: Mapping[str, Mapping[str, Any]]
) -> tuple[RegionMap, ...]:
    """Make maps from what `context_of` and `surrogates_of` say of them."""
    return tuple(RegionMap.model_validate({**one, **drawn.get(one["name"], {})}) for one in described)
