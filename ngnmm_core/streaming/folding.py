"""Whether samples are so far apart that fast energy is folded into the frequencies that analyses look at.

Bursts of a few tenths of a millisecond have energy at kilohertz; samples a millisecond apart put it anywhere below half
the sampling rate.  A stretch of the signal, sampled finely, tells what thinning does to it: its spectrum is compared
with that of every n-th of its samples, band by band.
"""

from itertools import pairwise

import numpy as np

FINE_MS = 0.25  # samples that are no further apart than this need no measurement
STRETCH_MS = 1000.0
EDGES_HZ = (1.0, 4.0, 8.0, 13.0, 30.0, 60.0, 100.0, 200.0)
HIGHEST = 0.8  # of half the sampling rate: what lies above is not looked at
MOST_FOLDED = 0.25  # of the power of a band, about 1 dB
NEGLIGIBLE = 1e-10  # of the whole power: a band with less is empty, whatever is folded into it


def folds(series: np.ndarray, fine_ms: float, step: int) -> np.ndarray:
    """Tell whether keeping every `step`-th sample falsifies the power of a band.

    Parameters
    ----------
    series : array (point, region, sample)
        The signal, `fine_ms` apart.

    Returns
    -------
    array of bool (point,)
    """
    count = series.shape[-1] // step * step
    thinned = _power(series[..., :count:step])
    fine = _power(series[..., :count])[..., : thinned.shape[-1]]
    whole = _power(series[..., :count]).sum(axis=-1)
    frequency = np.fft.rfftfreq(count, fine_ms / 1000.0)[: thinned.shape[-1]]
    highest = HIGHEST * 500.0 / (fine_ms * step)
    edges = [edge for edge in EDGES_HZ if edge < highest] + [highest]
    found = np.zeros(len(series), bool)
    for low, high in pairwise(edges):
        inside = (frequency >= low) & (frequency < high)
        true, folded = fine[..., inside].sum(axis=-1), thinned[..., inside].sum(axis=-1)
        counts = np.maximum(true, folded) > NEGLIGIBLE * whole
        found |= counts & (np.abs(folded - true) > MOST_FOLDED * np.minimum(true, folded))
    return found


def _power(series: np.ndarray) -> np.ndarray:
    """Power [point, frequency], mean over regions; in units that don't depend on how far samples are apart."""
    samples = series.shape[-1]
    window = 0.5 - 0.5 * np.cos(2.0 * np.pi * np.arange(samples) / samples)
    centred = np.ascontiguousarray(series) - np.ascontiguousarray(series).mean(axis=-1, keepdims=True)
    spectrum = np.fft.rfft(centred * window, axis=-1) / samples
    return np.ascontiguousarray(np.moveaxis(spectrum.real**2 + spectrum.imag**2, 1, -1)).mean(axis=-1)
