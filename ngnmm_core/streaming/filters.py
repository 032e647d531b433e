"""The lane kernels of the reducers, imported and compiled when they are first called."""

from functools import cache

import numpy as np

LANES = 8


def _make():
    from ngnmm_core.kernels import filters

    return filters.thinned_convolution, filters.weighted_sum


@cache
def _kernels():
    from ngnmm_core.compilation.kernel_cache import compiled_by

    return compiled_by(_make, name="filters")


def padded(taps: np.ndarray, step: int) -> np.ndarray:
    """Give the taps with the zeros around them that `thinned_convolution` wants."""
    return np.pad(taps, 3 * step)


def thinned_convolution(signal: np.ndarray, padded_taps: np.ndarray, step: int, count: int) -> np.ndarray:
    """`out[m, c] = sum_k taps[k] signal[m * step + k, c]` for m below `count`; channels a multiple of `LANES`."""
    out = np.empty((count, signal.shape[1]))
    if count:
        _kernels()[0](np.ascontiguousarray(signal).reshape(-1), padded_taps, step, signal.shape[1], out.reshape(-1))
    return out


def weighted_sum(signal: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Sum over the regions of [sample, group, region, lane] times weights [group, region, lane]; keeps the axis."""
    samples, groups, regions, width = signal.shape
    missing = -width % LANES
    if missing:  # the kernel takes whole vectors
        signal, weights = (np.pad(a, [(0, 0)] * (a.ndim - 1) + [(0, missing)]) for a in (signal, weights))
    out = np.empty((samples, groups, 1, width + missing))
    flat = np.ascontiguousarray(signal).reshape(-1)
    _kernels()[1](flat, weights.reshape(-1), regions, width + missing, out.reshape(-1))
    return out[..., :width]
