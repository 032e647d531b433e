"""Virtual lesions: a region neither sends nor receives, with or without renormalising what the others receive."""

import numpy as np

from ngnmm_core.points import Points

NONE, CUT, RENORMALISED = 0, 1, 2
KINDS = ("cut", "renormalised")
LESION, REGION = "lesion", "lesioned_region"


def lesion_factors(points: Points, W: np.ndarray) -> tuple[np.ndarray | None, np.ndarray | None]:
    """What lesions do to the signals that regions send and receive.

    Parameters
    ----------
    points : Points
        `extras` may hold `lesion` (0 none, 1 cut, 2 renormalised) and `lesioned_region` (an index, -1 for none).
    W : array (region, region)

    Returns
    -------
    mask : array (point, region) or None
        What multiplies the signal that a region sends: 0 for the lesioned one.
    gain : array (point, region) or None
        What multiplies the coupling that it receives: 0 for the lesioned one; if renormalised, what brings the
        other rows back to their sums (0 for a row that becomes empty).  None for points without lesions.
    """
    if LESION not in points.extras:
        return None, None
    kinds, regions = points.extras[LESION].astype(int), points.extras[REGION].astype(int)
    mask, gain = np.ones((2, len(points), len(W)))
    sums = W.sum(axis=1)
    for k in np.flatnonzero(kinds != NONE):
        lesioned = regions[k]
        if kinds[k] == RENORMALISED:
            left = np.delete(W, lesioned, axis=1).sum(axis=1)
            with np.errstate(divide="ignore", invalid="ignore"):
                gain[k] = np.where(left > 0, sums / left, 0.0)
        mask[k, lesioned] = gain[k, lesioned] = 0.0
    return mask, gain


def emptied_row(W: np.ndarray, lesioned: int) -> bool:
    """Whether a lesion leaves another region without any input."""
    left = np.delete(W, lesioned, axis=1).sum(axis=1)
    return bool(np.any((np.delete(left, lesioned) <= 0) & (np.delete(W.sum(axis=1), lesioned) > 0)))
