"""Virtual lesions: a region neither sends nor receives, with or without renormalising what the others receive."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
from pydantic import Field

from ngnmm_core.errors import InputError, twice
from ngnmm_core.points import Axis, Kind, Points
from ngnmm_core.section import Section
from ngnmm_core.simulation.stimuli import region_index

NONE, CUT, RENORMALISED = 0, 1, 2
KINDS = ("cut", "renormalised")
LESION, REGION = "lesion", "lesioned_region"  # of the hub analysis
AXIS = "resection.region"


class Resection(Section):
    """Regions that are taken out of the network in every simulation of a study."""

    regions: list[str | int] = Field([], description="labels or indices of regions that are taken out")
    kind: Literal["cut", "renormalised"] = Field(
        "cut", description="`cut`: rows and columns are removed; `renormalised`: the other rows keep their sums"
    )

    def indices(self, labels: Sequence[str]) -> list[int]:
        """Look up the indices of the regions.

        Raises
        ------
        InputError
            For a region that does not exist, naming the nearest, or one that occurs twice.
        """
        key = "simulation.resection.regions"
        found = [region_index(key, region, [str(label) for label in labels]) for region in self.regions]
        if (repeated := twice(found)) is not None:
            raise InputError(f"{key}: the region {labels[repeated]} occurs twice; allowed: each region once")
        return found


NO_RESECTION = Resection()


def check_axis(key: str, value: float) -> None:
    """Whether an axis may take out this region: an index, or -1 for none.

    Raises
    ------
    InputError
        If it may not.
    """
    if value != int(value) or value < -1:
        raise InputError(f"{key}: {value:g} is no region; allowed: indices from 0, or -1 for none")


def resection_axis() -> Axis:
    """Declare the axis of the region that is taken out."""
    return Axis(AXIS, Kind.SETTING, check_axis, "1", "index of the region that is taken out (-1 none)", "resection")


def lesion_factors(
    points: Points, W: np.ndarray, resection: Resection = NO_RESECTION, labels: Sequence[str] = ()
) -> tuple[np.ndarray | None, np.ndarray | None]:
    """Compute what lesions do to the signals that regions send and receive.

    Parameters
    ----------
    points : Points
        Columns may be `lesion` (0 none, 1 cut, 2 renormalised) and `lesioned_region` (an index, -1 for none), or
        `resection.region` (likewise), to be taken out besides those of `resection`.
    W : array (region, region)
    labels : sequence of str
        Of the regions; needed if `resection` names some.

    Returns
    -------
    mask : array (point, region) or None
        What multiplies the signal that a region sends: 0 for the lesioned ones.
    gain : array (point, region) or None
        What multiplies the coupling that it receives: 0 for the lesioned ones; if renormalised, what brings the
        other rows back to their sums (0 for a row that becomes empty).  None for points without lesions.
    """
    always = resection.indices(labels)
    if not always and not {LESION, AXIS} & set(points.columns):
        return None, None
    mask, gain = np.ones((2, len(points), len(W)))
    sums = W.sum(axis=1)
    for k in range(len(points)):
        lesioned, kind = _lesion_of(points, k, always, resection)
        if lesioned and kind == RENORMALISED:
            left = np.delete(W, lesioned, axis=1).sum(axis=1)
            with np.errstate(divide="ignore", invalid="ignore"):
                gain[k] = np.where(left > 0, sums / left, 0.0)
        mask[k, lesioned] = gain[k, lesioned] = 0.0
    return mask, gain


def _lesion_of(points: Points, k: int, always: list[int], resection: Resection) -> tuple[list[int], int]:
    """Give the regions that are taken out at a point, and the kind of lesion."""
    lesioned, kind = set(always), CUT + KINDS.index(resection.kind)
    if AXIS in points.columns and points.columns[AXIS][k] >= 0:
        lesioned.add(int(points.columns[AXIS][k]))
    if LESION in points.columns and points.columns[LESION][k] != NONE:
        lesioned.add(int(points.columns[REGION][k]))
        kind = int(points.columns[LESION][k])
    return sorted(lesioned), kind


def isolated_region(W: np.ndarray, lesioned: int) -> bool:
    """Whether a lesion leaves another region without any input."""
    left = np.delete(W, lesioned, axis=1).sum(axis=1)
    return bool(np.any((np.delete(left, lesioned) <= 0) & (np.delete(W.sum(axis=1), lesioned) > 0)))
