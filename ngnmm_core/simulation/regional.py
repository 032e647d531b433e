"""Maps per region: parameters that differ between regions in proportion to a map, such as a cortical gradient.

A map z has a scale b: the parameter p of a region becomes p + b z (`add`) or p (1 + b z) (`multiply`).  Maps match
regions by their labels.  Several maps of one parameter act one after the other, in the order of the study.
"""

import math
from collections.abc import Iterable, Sequence
from functools import cache

import numpy as np

from ngnmm_core.connectome.connectome import Connectome
from ngnmm_core.connectome.map_surrogates import check_places, generator, shuffled, spun
from ngnmm_core.errors import InputError, unknown
from ngnmm_core.models._base import Model
from ngnmm_core.points import Points
from ngnmm_core.simulation.map_settings import MapSettings, RegionMap

MOST_NAMED = 5  # labels in a message
ANATOMICAL = ("x", "y", "z", "volume")  # maps that connectomes have whose regions have centres and volumes


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
