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
        above, known = growth > NEUTRAL, np.isfinite(growth)
        wide = np.diff(x) > np.maximum(ENDS, 4.0 * np.spacing(np.abs(x[1:])))
        changes = np.flatnonzero(wide & known[:-1] & known[1:] & (above[:-1] != above[1:]))
        if not len(changes):
            return x, growth
        between = (x[changes, None] + (x[changes + 1] - x[changes])[:, None] * share).ravel()
        order = np.argsort(np.concatenate([x, between]), kind="stable")
        growth = np.concatenate([growth, rate(between)])[order]
        x = np.concatenate([x, between])[order]


def stable_intervals(x: np.ndarray, growth: np.ndarray) -> np.ndarray:
    """Intervals of ascending x in which perturbations don't grow, array [interval, (low, high)].

    An interval that reaches an end of the axis, or a value without a growth rate, ends there.
    """
    stable = np.isfinite(growth) & (growth <= NEUTRAL)
    at, _ = crossings(x, growth)
    found, low = [], None
    for k in range(len(x)):
        if stable[k] and low is None:
            before = at[(at < x[k]) & (at > x[k - 1])] if k else at[:0]
            low = before[-1] if len(before) else x[k]
        if low is not None and (k + 1 == len(x) or not stable[k + 1]):
            after = at[(at >= x[k]) & (at < x[k + 1])] if k + 1 < len(x) else at[:0]
            found.append((low, after[0] if len(after) else x[k]))
            low = None
    return np.array(found).reshape(-1, 2)


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
