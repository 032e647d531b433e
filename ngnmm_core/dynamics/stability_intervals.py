"""Where growth rates change sign: stable intervals of Lambda, and the couplings at which a network loses stability.

They follow from the master stability function: Pecora, Carroll, Phys. Rev. Lett. 80, 2109 (1998),
doi:10.1103/PhysRevLett.80.2109.
"""

from collections.abc import Callable

import numpy as np

from ngnmm_core.dynamics.dispersion import NEUTRAL, SAME

ENDS = 1e-6  # how well ends of intervals are known
PARTS = 33  # of a distance between samples in which the rate changes sign, until it is no longer than that


def crossings(x: np.ndarray, growth: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where a sampled growth rate passes the threshold of growth, by linear interpolation, and whether it rises there.

    Intervals with a rate that is not defined at one end hold no crossing.
    """
    above = growth > NEUTRAL
    known = np.isfinite(growth[:-1]) & np.isfinite(growth[1:])
    k = np.flatnonzero(known & (above[:-1] != above[1:]))
    return x[k] + (x[k + 1] - x[k]) * (NEUTRAL - growth[k]) / (growth[k + 1] - growth[k]), above[k + 1]


def transverse(growth: np.ndarray, relative: np.ndarray) -> np.ndarray:
    """Return a sampled growth rate as a continuous function of Lambda, with ascending Lambda `relative` to the row sum.

    At the row sum itself a perturbation of a cycle is one within the homogeneous manifold, and its trivial exponent is
    left out: the rate jumps there.  The nearest sample stands for it.
    """
    found = growth.copy()
    for k in np.flatnonzero(np.abs(relative - 1.0) < SAME):
        others = np.flatnonzero(np.abs(relative - 1.0) >= SAME)
        if len(others):
            found[k] = growth[others[np.argmin(np.abs(relative[others] - 1.0))]]
    return found


def refined(
    x: np.ndarray, growth: np.ndarray, rate: Callable[[np.ndarray], np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """Add samples where a growth rate changes sign, until neighbours there are 1e-6 apart.

    Parameters
    ----------
    x, growth : arrays (sample,)
        Ascending Lambda, and the growth rate there.
    rate : callable
        Growth rates at given Lambda.

    Returns
    -------
    x, growth : arrays (sample,)
    """
    share = np.arange(1, PARTS) / PARTS
    while True:
        wide = np.diff(x) > np.maximum(ENDS, 4.0 * np.spacing(np.abs(x[1:])))
        changes = np.unique([gap for gap in _gaps(growth) if wide[gap]]).astype(int)
        if not len(changes):
            return x, growth
        between = (x[changes, None] + (x[changes + 1] - x[changes])[:, None] * share).ravel()
        order = np.argsort(np.concatenate([x, between]), kind="stable")
        growth = np.concatenate([growth, rate(between)])[order]
        x = np.concatenate([x, between])[order]


def _gaps(growth: np.ndarray) -> list[int]:
    """Find the samples before gaps in which a rate passes the threshold of growth, or zero on the way there."""
    above, known = growth > NEUTRAL, np.isfinite(growth)
    found = []
    for k in np.flatnonzero(known[:-1] & known[1:] & (above[:-1] != above[1:])).tolist():
        inner, outward = (k, 1) if above[k + 1] else (k + 1, -1)
        i = _decaying(growth, inner, outward)
        found += [k] if i is None else [k, min(i, i + outward)]
    return found


def _decaying(growth: np.ndarray, inner: int, outward: int) -> int | None:
    """Go inward from the last sample without growth to one that does not even seem to grow; None if there is none."""
    i = inner
    while growth[i] > 0.0:
        i -= outward
        if not 0 <= i < len(growth) or not growth[i] <= NEUTRAL:
            return None
    return i


def stable_intervals(x: np.ndarray, growth: np.ndarray) -> np.ndarray:
    """Intervals of ascending x in which perturbations don't grow, array [interval, (low, high)].

    They end where the rate is zero.  An interval that reaches an end of the axis, or a value without a growth rate,
    ends there.
    """
    stable = np.concatenate([[False], np.isfinite(growth) & (growth <= NEUTRAL), [False]])
    edges = np.flatnonzero(stable[1:] != stable[:-1]).reshape(-1, 2) - [0, 1]  # first and last sample of each
    return np.array([(_end(x, growth, a, -1), _end(x, growth, b, 1)) for a, b in edges]).reshape(-1, 2)


def _end(x: np.ndarray, growth: np.ndarray, inner: int, outward: int) -> float:
    """Where the rate is zero beside the last sample without growth; the threshold of growth, if it never is."""
    if not 0 <= inner + outward < len(x) or not np.isfinite(growth[inner + outward]):
        return float(x[inner])
    i = _decaying(growth, inner, outward)
    level, k = (NEUTRAL, inner) if i is None else (0.0, i)
    j = k + outward
    return float(x[k] + (x[j] - x[k]) * (level - growth[k]) / (growth[j] - growth[k]))


def critical_couplings(dataset, rows: str = "G"):
    """Find the couplings at which the homogeneous state loses or gains stability, for every other parameter of a sweep.

    Parameters
    ----------
    dataset : xarray.Dataset
        A sweep with `msf`, a dense grid with `rows` among its axes.

    Returns
    -------
    pandas.DataFrame
        One row per crossing: the other parameters, `critical_G`, and `destabilising`, whether growth begins there as G
        rises.  Points without growth rates (chaos, no coupling) hold no crossing.
    """
    import pandas as pd

    largest = dataset["msf"].isel(mode=slice(1, None)).max("mode", skipna=False)
    others = [dim for dim in largest.dims if dim != rows]
    stacked = largest.transpose(*others, rows)
    table = []
    for index in np.ndindex(stacked.shape[:-1]):
        where = {dim: float(dataset[dim].values[k]) for dim, k in zip(others, index, strict=True)}
        at, rising = crossings(dataset[rows].values.astype(float), stacked.values[index])
        table += [{**where, f"critical_{rows}": x, "destabilising": bool(up)} for x, up in zip(at, rising, strict=True)]
    return pd.DataFrame(table, columns=[*others, f"critical_{rows}", "destabilising"])
