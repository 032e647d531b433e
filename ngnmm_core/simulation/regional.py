"""Maps per region: parameters that differ between regions in proportion to a map, such as a cortical gradient.

A map z has a scale b: the parameter p of a region becomes p + b z (`add`) or p (1 + b z) (`multiply`).  Maps match
regions by their labels.  Several maps of one parameter act one after the other, in the order of the study.
"""

import hashlib
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import Field, model_validator

from ngnmm_core.connectome.connectome import Connectome
from ngnmm_core.connectome.map_files import read_map
from ngnmm_core.connectome.map_surrogates import check_places, generator, shuffled, spun
from ngnmm_core.errors import InputError, unknown
from ngnmm_core.models._base import Model
from ngnmm_core.points import Axis, Kind, Points
from ngnmm_core.section import Section

MAPS = "maps"  # what they are called where stages say what they can't take into account
NAME = r"^[A-Za-z][A-Za-z0-9_-]{0,39}$"
MOST_SURROGATES = 10_000
MOST_NAMED = 5  # labels in a message
SCALE, SURROGATE = "scale", "surrogate"
ANATOMICAL = ("x", "y", "z", "volume")  # maps that connectomes have whose regions have centres and volumes


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


def scales(one: MapSettings, points: Points) -> np.ndarray:
    """Give the scale of a map at every point, [point]."""
    return points.values(one.axes[0], 1.0 if one.scale is None else one.scale)


class RegionalMaps:
    """The maps of a study on a connectome.

    Parameters
    ----------
    maps : sequence of RegionMap
    connectome : Connectome
    model : Model

    Raises
    ------
    InputError
        For regions that a map has no number for, a map without spread that is to be z-scored, and places that can't be
        spun.
    """

    def __init__(self, maps: Sequence[RegionMap], connectome: Connectome, model: Model):
        self.maps, self.model, self.labels = tuple(maps), model, connectome.labels
        self._values = [_on_regions(one, connectome) for one in maps]
        self._sides = connectome.hemisphere
        self._places = [_places(one, connectome) for one in maps]
        for one, places in zip(self.maps, self._places, strict=True):
            if one.surrogates is not None and one.surrogates.kind == "spin":
                check_places(places, self._sides, f"model.maps.{one.name}.surrogates.kind")
        self.map_of = cache(self._map_of)

    def differ(self, points: Points) -> np.ndarray:
        """Tell at which points regions differ, [point]: those where the scale of a map is not 0."""
        return np.any([np.zeros(len(points)), *(scales(one, points) for one in self.maps)], axis=0)

    def defined(self, points: Points) -> np.ndarray:
        """Tell at which points all parameters have values, [point]: of maps everywhere."""
        return np.ones(len(points), bool)

    def parameters(self, points: Points) -> dict[str, np.ndarray]:
        """All parameters, [point], or [point, region] where a map varies them and the scale is not 0 at all points.

        Raises
        ------
        InputError
            For a value that the parameter may not have.
        """
        found = dict(points.parameters)
        for k, one in enumerate(self.maps):
            scale = scales(one, points)
            if not scale.any():
                continue
            surrogate = points.values(one.axes[1], 0.0).astype(int)
            z = np.stack([self.map_of(k, int(number)) for number in surrogate])
            by = scale[:, None] * z
            for target in self.model.targets(one.parameter):
                base = found[target].reshape(len(points), -1)
                found[target] = base + by if one.mode == "add" else base * (1.0 + by)
                self._check(one, target, found[target], scale)
        return found

    def at(self, points: Points, k: int) -> dict[str, float | np.ndarray]:
        """Give the parameters of one point: a number, or an array (region,) for those that differ."""
        one = self.parameters(points.take(slice(k, k + 1)))
        return {name: float(v[0]) if v.ndim == 1 else v[0] for name, v in one.items()}

    def check(self, points: Points) -> None:
        """Refuse scales that give a parameter a value that it may not have; `InputError` as `parameters`."""
        names = dict.fromkeys(name for one in self.maps for name in (*self.model.targets(one.parameter), *one.axes))
        table = [points.columns[name] for name in names if name in points.columns]
        _, first = np.unique(np.column_stack(table), axis=0, return_index=True)
        for start in range(0, len(first), 512):
            self.parameters(points.take(first[start : start + 512]))

    def _check(self, one: RegionMap, target: str, values: np.ndarray, scale: np.ndarray) -> None:
        parameter = self.model.parameter(target)
        for value in (np.min(values), np.max(values)):
            if refusal := parameter.refusal(float(value)):
                point, region = np.argwhere(values == value)[0]
                where = f"{self.labels[region]} at scale {scale[point]:g}"
                raise InputError(f"model.maps.{one.name}: {where}: {refusal}")

    def _map_of(self, k: int, surrogate: int) -> np.ndarray:
        """Map number k or a surrogate of it, [region]."""
        values, kind = self._values[k], self.maps[k].surrogates
        if surrogate == 0:
            return values
        rng = generator(kind.seed, surrogate)
        taken = shuffled(len(values), rng) if kind.kind == "labels" else spun(self._places[k], self._sides, rng)
        return values[taken]


def _on_regions(one: RegionMap, connectome: Connectome) -> np.ndarray:
    """Values of a map on the regions of a connectome, transformed, [region]."""
    key, labels = f"model.maps.{one.name}", connectome.labels
    found = one.values if one.of is None else _of_connectome(one, connectome)
    missing = [label for label in labels if found.get(label) is None or not math.isfinite(found[label])]
    if missing:
        shown = ", ".join(missing[:MOST_NAMED]) + (", ..." if len(missing) > MOST_NAMED else "")
        raise InputError(
            f"{key}: has no number for {len(missing)} of {len(labels)} regions ({shown}); allowed: a finite number for "
            "every region of the connectome, by its label"
        )
    values = np.array([found[label] for label in labels], float)
    if one.transform == "raw":
        return values
    spread = values.std()
    if not spread > 1e-12 * np.abs(values).max():
        raise InputError(f"{key}.transform: zscore: all regions have the value {values[0]:g}; allowed: raw")
    return (values - values.mean()) / spread


def maps_of(connectome: Connectome) -> dict[str, np.ndarray]:
    """Collect the maps that come with a connectome, [region] by name."""
    found = dict(connectome.maps)
    if connectome.centres is not None:
        found |= dict(zip(ANATOMICAL[:3], connectome.centres.T, strict=True))
    return found if connectome.volume is None else found | {"volume": connectome.volume}


def no_such_map(key: str, of: str, known: Iterable[str]) -> InputError:
    """Make the error for a map that does not come with a connectome, of those that do."""
    if not (names := list(known)):
        return InputError(f"{key}: '{of}': the connectome has no maps; allowed: a map from a file")
    return unknown(key, of, names)


def _of_connectome(one: RegionMap, connectome: Connectome) -> dict[str, float]:
    """Look up what a connectome says of its regions, by label."""
    known = maps_of(connectome)
    if one.of not in known:
        raise no_such_map(f"model.maps.{one.name}.of", str(one.of), known)
    return dict(zip(connectome.labels, map(float, known[one.of]), strict=True))


def _places(one: RegionMap, connectome: Connectome) -> np.ndarray:
    """Places of the regions on a sphere, [region, 3]: the table's, else the connectome's, else centres; else NaN."""
    own = connectome.centres if connectome.sphere is None else connectome.sphere
    if one.places or own is None:
        return np.array([one.places.get(label, (np.nan,) * 3) for label in connectome.labels], float)
    return own


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
