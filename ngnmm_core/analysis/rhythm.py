"""Whether a band of a signal holds a rhythm of its own, or no more than the harmonics of slower waves.

A wave of another shape than a sine has lines at all multiples of its frequency, which make a peak in any band, and an
amplitude there that follows its phase; but smoothed over the distance of these lines the spectrum of a smooth wave
falls.  A rhythm is where the smoothed spectrum rises again: by how much, from the lowest value between the slow wave
and the band to the highest one in the band, is its `rise`.

That such harmonics look like cross-frequency coupling is known (Aru et al., Curr. Opin. Neurobiol. 31, 51 (2015),
doi:10.1016/j.conb.2014.08.002); the measure `rise` is defined here.  Spectra: Welch, IEEE Trans. Audio Electroacoust.
15, 70 (1967), doi:10.1109/TAU.1967.1161901.
"""

from dataclasses import dataclass

import numpy as np
import scipy

SEGMENT_S = 2.0  # of the power spectrum: lines half a hertz wide
SMOOTHING_HZ = 10.0  # half the base of the triangle, at least ...
FAINT = 1e-6  # of the largest line: less is round-off, or what leaks
ALONE = 1.7  # ... or the frequency of the slow wave: the largest line within this factor either way


@dataclass(frozen=True)
class Rhythm:
    """Rise of the smoothed spectrum in a band, and the share of the variance in the band; arrays [channel]."""

    rise: np.ndarray
    share: np.ndarray


def rhythm(series: np.ndarray, band_hz: tuple[float, float], lowest_hz: float, rate_hz: float) -> Rhythm:
    """Measure the rhythm of series [channel, sample] in a band.

    Parameters
    ----------
    band_hz : (float, float)
    lowest_hz : float
        Slower waves are left aside.
    rate_hz : float
        Of the samples.
    """
    length = min(series.shape[1], round(SEGMENT_S * rate_hz))
    frequency, power = scipy.signal.welch(series, rate_hz, nperseg=length, detrend="constant", axis=-1)
    inside = (frequency >= band_hz[0]) & (frequency <= band_hz[1])
    with np.errstate(divide="ignore", invalid="ignore"):
        share = power[:, inside].sum(axis=1) / power.sum(axis=1)
    rise = np.array([_rise(frequency, row, band_hz, lowest_hz) for row in power])
    return Rhythm(rise, share)


def slow_wave(frequency: np.ndarray, power: np.ndarray, lowest_hz: float, highest_hz: float) -> float | None:
    """Frequency of the strongest line from `lowest_hz` to `highest_hz` that no larger one is near; None without any."""
    best = None
    for k in np.flatnonzero((frequency >= lowest_hz) & (frequency < highest_hz)):
        near = (frequency >= frequency[k] / ALONE) & (frequency <= frequency[k] * ALONE)
        if (
            power[k] > FAINT * power.max()
            and power[k] == power[near].max()
            and (best is None or power[k] > power[best])
        ):
            best = k
    return None if best is None else float(frequency[best])


def _rise(frequency: np.ndarray, power: np.ndarray, band_hz: tuple[float, float], lowest_hz: float) -> float:
    wave = slow_wave(frequency, power, lowest_hz, band_hz[0])
    reach = max(SMOOTHING_HZ, wave or 0.0)
    chosen = (frequency >= (wave or lowest_hz)) & (frequency <= band_hz[1])
    weights = np.maximum(1.0 - np.abs(frequency[chosen][:, None] - frequency[None, :]) / reach, 0.0)
    smooth = (weights * power).sum(axis=1) / weights.sum(axis=1)
    lowest = np.minimum.accumulate(smooth)
    rises = (smooth / np.where(lowest > 0, lowest, np.inf))[frequency[chosen] >= band_hz[0]]
    return float(rises.max(initial=0.0))
