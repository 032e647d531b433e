"""Dynamics of functional connectivity (FCD): how alike the connectivity of sliding windows is.

Hansen, Battaglia, Spiegler, Deco, Jirsa, NeuroImage 105, 525 (2015), doi:10.1016/j.neuroimage.2014.11.001.  The
surrogate keeps every spectrum and cross-spectrum and so the mean connectivity: Prichard, Theiler, Phys. Rev. Lett. 73,
951 (1994), doi:10.1103/PhysRevLett.73.951.  Much of an FCD is the strength of FC, which the surrogate has too; so the
distance of a recording from its own surrogate belongs beside every distance from a model.
"""

import numpy as np

from ngnmm_core.recordings.connectivity import fc_of_series

LEVELS = 200  # quantiles that a distribution is kept as
FEWEST_WINDOWS = 3
SURROGATE_SEED = 0xFCD


def levels() -> np.ndarray:
    """Return the levels of the quantiles, at the middles of equal shares."""
    return (np.arange(LEVELS) + 0.5) / LEVELS


def window_volumes(window_s: float, step_s: float, tr_s: float) -> tuple[int, int]:
    """Length and step of sliding windows in volumes, rounded."""
    return max(round(window_s / tr_s), 2), max(round(step_s / tr_s), 1)


def windows(volumes: int, length: int, step: int) -> int:
    """How many windows fit."""
    return max((volumes - length) // step + 1, 0)


def fcd_matrix(series: np.ndarray, length: int, step: int) -> np.ndarray:
    """Correlation between the connectivity of sliding windows of a series [region, time]: array [window, window]."""
    count = windows(series.shape[1], length, step)
    each = np.stack([fc_of_series(series[:, k * step : k * step + length]) for k in range(count)])
    return np.corrcoef(each)


def fcd_quantiles(series: np.ndarray, length: int, step: int) -> np.ndarray:
    """`LEVELS` quantiles of the FCD over all pairs of windows; NaN if fewer than three windows fit.

    Windows that overlap are among the pairs, as in the literature; recording, surrogate and model share that part.
    """
    count = windows(series.shape[1], length, step)
    if count < FEWEST_WINDOWS:
        return np.full(LEVELS, np.nan)
    i, j = np.triu_indices(count, 1)
    return np.quantile(fcd_matrix(series, length, step)[i, j], levels())


def ks_distance(first: np.ndarray, second: np.ndarray) -> float:
    """Kolmogorov-Smirnov distance of two samples or sets of quantiles; NaN where either is not finite."""
    first, second = np.sort(np.ravel(first)), np.sort(np.ravel(second))
    if not (np.isfinite(first).all() and np.isfinite(second).all()):
        return np.nan
    everything = np.concatenate([first, second])
    below = [np.searchsorted(x, everything, side="right") / len(x) for x in (first, second)]
    return float(np.abs(below[0] - below[1]).max())


def surrogate(series: np.ndarray, seed: int) -> np.ndarray:
    """Randomise the phases of a series [region, time] in time, keeping its spectra and cross-spectra."""
    volumes = series.shape[1]
    spectrum = np.fft.rfft(series - series.mean(axis=1, keepdims=True), axis=1)
    draw = np.random.default_rng([SURROGATE_SEED, seed])
    phases = np.asarray(draw.uniform(0.0, 2.0 * np.pi, spectrum.shape[1]))
    phases[0] = 0.0
    if volumes % 2 == 0:
        phases[-1] = 0.0  # the highest frequency has no phase of its own
    return np.fft.irfft(spectrum * np.exp(1j * phases), volumes, axis=1)


def surrogate_quantiles(series: np.ndarray, length: int, step: int, count: int = 5) -> np.ndarray:
    """Quantiles [surrogate, quantile] of the FCD of a recording's phase-randomised surrogates."""
    return np.stack([fcd_quantiles(surrogate(series, k), length, step) for k in range(count)])
