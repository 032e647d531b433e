"""From single trials to rates: success and survival of working memory over the seeds of a study, with intervals.

Success is a proportion of independent trials, so its interval is Wilson's score interval.  Survival S(t) is the share
of trials with a cue in which the item is still held a time t after the end of the cue, by the estimator of Kaplan and
Meier; trials in which it is held to the end of the delay are censored there.  As nothing is censored before, S(t) is a
proportion too, and its band is Wilson's as well, pointwise.

Wilson, J. Am. Stat. Assoc. 22, 209 (1927), doi:10.1080/01621459.1927.10502953; Kaplan, Meier, J. Am. Stat. Assoc. 53,
457 (1958), doi:10.1080/01621459.1958.10501452.
"""

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from ngnmm_core.analysis.memory import CORRECT_REJECTION, HIT
from ngnmm_core.points import SEED
from ngnmm_core.storage.flags import Status

if TYPE_CHECKING:
    import xarray as xr

CONFIDENCE = 0.95
TIMES = 101  # at which survival is given
BOUNDS = ("estimate", "low", "high")
TRIALS = "trial"


@lru_cache(maxsize=100_000)
def wilson(successes: int, trials: int) -> tuple[float, float, float]:
    """Estimate a proportion and the ends of its interval; NaN without trials."""
    from scipy.stats import binomtest

    if trials == 0:
        return np.nan, np.nan, np.nan
    interval = binomtest(successes, trials).proportion_ci(CONFIDENCE, method="wilson")
    return successes / trials, float(interval.low), float(interval.high)


def proportions(success: np.ndarray, counted: np.ndarray) -> np.ndarray:
    """Proportions of successes among the trials that count, and their intervals: [..., trial] to [..., bound]."""
    hits, trials = (success & counted).sum(axis=-1), counted.sum(axis=-1)
    rows = [wilson(int(k), int(n)) for k, n in zip(hits.ravel(), trials.ravel(), strict=True)]
    return np.array(rows).reshape(*hits.shape, len(BOUNDS))


def survival(losses: np.ndarray, ends: np.ndarray, times: np.ndarray) -> np.ndarray:
    """Kaplan and Meier's estimate with its band at given times, [time, bound]; NaN after the last end.

    Parameters
    ----------
    losses : array (trial,)
        When the item was lost; NaN if it was held to the end.
    ends : array (trial,)
        How long each trial was watched.
    """
    from scipy.stats import CensoredData, ecdf

    result = np.full((len(times), len(BOUNDS)), np.nan)
    if len(losses) == 0:
        return result
    held = np.isnan(losses)
    estimate = ecdf(CensoredData.right_censored(np.where(held, ends, losses), held)).sf.evaluate(times)
    for k in np.flatnonzero(times <= ends.max()):
        watched = ends >= times[k]
        still = watched & (held | (losses > times[k]))
        result[k] = estimate[k], *wilson(int(still.sum()), int(watched.sum()))[1:]
    return result


def half_life(times: np.ndarray, estimate: np.ndarray) -> float:
    """Find the first time at which survival is at most one half; NaN if it stays above."""
    below = np.flatnonzero(estimate <= 0.5)
    return float(times[below[0]]) if below.size else np.nan


def summarise(sweep: "xr.Dataset") -> "xr.Dataset":
    """Rates over the seeds of a `sweep.nc` with the analysis `memory`, on the other axes of its grid."""
    import xarray as xr

    trials = _trials(sweep)
    dims = tuple(d for d in trials["delay_outcome"].dims if d != TRIALS)
    shape = tuple(trials.sizes[d] for d in dims)
    outcome, counted = (trials[n].transpose(*dims, TRIALS).values for n in ("delay_outcome", "memory_status"))
    counted = counted == Status.OK
    answer, right = (trials[n].transpose(*dims, TRIALS).values for n in ("answer", "right_answer"))
    answered = counted & (answer >= 0) & (right >= 0)
    loss, ends = (trials[n].transpose(*dims, TRIALS).values for n in ("loss_time", "delay_duration"))
    cued = counted & (trials["is_cued"] == 1).any("region").transpose(*dims, TRIALS).values
    times = np.linspace(0.0, float(ends.max()), TIMES)
    curves = np.empty((*shape, TIMES, len(BOUNDS)))
    halves = np.empty(shape)
    for where in np.ndindex(shape):
        of = cued[where]
        curves[where] = survival(loss[where][of], ends[where][of], times)
        halves[where] = half_life(times, curves[where][:, 0])
    success = np.isin(outcome, (HIT, CORRECT_REJECTION))
    percent = {"long_name": f"estimate and {100 * CONFIDENCE:.0f} % interval"}
    data = {
        "trials": (dims, counted.sum(axis=-1).astype(np.int32), {"units": "1", "long_name": "trials that count"}),
        "success_rate": (
            (*dims, "bound"),
            proportions(success, counted),
            {"units": "1", "long_name": "rate of success at the end of the delay: hits, correct rejections"},
        ),
        "answer_rate": (
            (*dims, "bound"),
            proportions(answer == right, answered),
            {"units": "1", "long_name": "rate of right answers to the probe"},
        ),
        "survival": (
            (*dims, "delay_time", "bound"),
            curves,
            {"units": "1", "long_name": "survival of the item in the delay"},
        ),
        "half_life": (dims, halves, {"units": "ms", "long_name": "time after which half of the items are lost"}),
    }
    about = {"units": "ms", "long_name": "time since the end of the cue"}
    coords = {"bound": ("bound", list(BOUNDS), percent), "delay_time": ("delay_time", times, about)}
    coords |= {str(name): c for name, c in trials.coords.items() if set(c.dims) <= set(dims)}
    return xr.Dataset(data, coords, dict(sweep.attrs))


def _trials(sweep: "xr.Dataset") -> "xr.Dataset":
    """Load the variables of single trials, the seeds as dimension `trial`; without seeds, one trial per point."""
    names = ("delay_outcome", "memory_status", "answer", "right_answer", "loss_time", "delay_duration", "is_cued")
    trials = sweep[list(names)].load()
    if SEED in trials.dims:
        return trials.rename({SEED: TRIALS}).drop_vars(TRIALS, errors="ignore")
    return trials.expand_dims({TRIALS: 1}, axis=-1)


def table(rates: "xr.Dataset"):
    """One row per point of the grid: number of trials, rates with their intervals, half-life, as a pandas frame."""
    import pandas as pd

    dims = rates["trials"].dims
    columns: dict[str, Any] = {}
    if dims:
        index = pd.MultiIndex.from_product([rates[d].values if d in rates else range(rates.sizes[d]) for d in dims])
        columns = {str(name): index.get_level_values(k) for k, name in enumerate(dims)}
    columns |= {str(name): c.values for name, c in rates.coords.items() if c.dims == dims == ("point",)}
    columns["trials"] = rates["trials"].values.ravel()
    for name in ("success_rate", "answer_rate"):
        for k, bound in enumerate(BOUNDS):
            columns[name + ("" if bound == "estimate" else f"_{bound}")] = rates[name].values[..., k].ravel()
    columns["half_life_ms"] = rates["half_life"].values.ravel()
    return pd.DataFrame(columns)
