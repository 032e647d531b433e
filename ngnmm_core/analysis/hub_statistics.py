"""Statistics of hub scores: intervals over seeds, z-scores, p-values for all regions together, stability of ranks.

The largest value over regions as the null of all of them: Nichols, Holmes, Hum. Brain Mapp. 15, 1 (2002),
doi:10.1002/hbm.1058.
"""

from itertools import combinations

import numpy as np
from scipy import stats

LEVEL = 0.95
ROUNDING = 8.0  # rounding errors of a number as it is stored, below which a spread says nothing
MOST_SPLITS = 50


def interval(samples: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Student's 95 % interval of the mean of samples [seed, region]; NaN for a single seed."""
    n = len(samples)
    if n < 2:
        nothing = np.full(samples.shape[1], np.nan)
        return nothing, nothing.copy()
    mean = samples.mean(axis=0)
    half = stats.t.ppf(0.5 + 0.5 * LEVEL, n - 1) * samples.std(axis=0, ddof=1) / np.sqrt(n)
    return mean - half, mean + half


def resolution(stored: np.ndarray, count: int = 1) -> float:
    """Smallest difference that numbers tell as they are stored; of sums of squares over `count` of them the root."""
    largest = np.abs(stored[np.isfinite(stored)]).max(initial=0.0)
    return float(ROUNDING * np.finfo(stored.dtype).eps * largest * np.sqrt(count))


def zscore(samples: np.ndarray, null_mean, null_std: np.ndarray, least: float = 0.0) -> np.ndarray:
    """Mean of samples [seed, region] in standard errors of the null; NaN where its spread is not above `least`."""
    with np.errstate(divide="ignore", invalid="ignore"):
        found = (samples.mean(axis=0) - null_mean) / (null_std / np.sqrt(len(samples)))
    return np.where(null_std > least, found, np.nan)


def upper_pvalue(z: np.ndarray, seeds: int, null_seeds: int) -> np.ndarray:
    """One-sided p-values of z-scores [region], corrected for the number of regions by Holm's method.

    The null's mean and spread are estimates, too, from `null_seeds` runs that make half as many independent pairs: z
    is shrunk accordingly and compared with Student's distribution of that many less one degrees of freedom.
    """
    pairs = null_seeds / 2.0
    shrunk = z / np.sqrt(1.0 + seeds / pairs)
    return holm(stats.t.sf(shrunk, pairs - 1.0))


def holm(pvalues: np.ndarray) -> np.ndarray:
    """Holm's adjusted p-values; NaN stay out of the family.

    Holm, Scand. J. Stat. 6, 65 (1979).
    """
    known = np.flatnonzero(np.isfinite(pvalues))
    order = known[np.argsort(pvalues[known], kind="stable")]
    result = np.full(len(pvalues), np.nan)
    factors = len(order) - np.arange(len(order))
    result[order] = np.minimum(np.maximum.accumulate(factors * pvalues[order]), 1.0)
    return result


def split_half(samples: np.ndarray) -> float:
    """Mean rank correlation of the scores of two halves of the seeds [seed, region], over the ways to split them."""
    seeds = len(samples)
    known = np.isfinite(samples).all(axis=0)
    if seeds < 2 or known.sum() < 3:
        return np.nan
    values = samples[:, known]
    correlations = []
    for half in list(combinations(range(seeds), seeds // 2))[:MOST_SPLITS]:
        other = [k for k in range(seeds) if k not in half]
        pair = values[list(half)].mean(axis=0), values[other].mean(axis=0)
        if all(np.ptp(side) > 0 for side in pair):
            correlations.append(stats.spearmanr(*pair).statistic)
    return float(np.mean(correlations)) if correlations else np.nan


def family_pvalue(observed: np.ndarray, surrogates: np.ndarray) -> np.ndarray:
    """p-values of observed [region] for all regions together, from the largest of surrogates [surrogate, region]."""
    mean, spread = surrogates.mean(axis=0), surrogates.std(axis=0, ddof=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        score, scores = (observed - mean) / spread, (surrogates - mean) / spread
    if not np.isfinite(score).all() or (spread <= resolution(surrogates)).any():
        return np.full(len(observed), np.nan)
    largest = scores.max(axis=1)
    return (1 + (largest[:, None] >= score).sum(axis=0)) / (1 + len(surrogates))
