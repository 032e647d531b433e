"""Phase-amplitude coupling of time series by the modulation index, with time-shifted surrogates.

Tort et al., J. Neurophysiol. 104, 1195 (2010), doi:10.1152/jn.00106.2010: the mean amplitude of a fast band in each
of n bins of the phase of a slow band, as a distribution p, has the modulation index (log n - H(p)) / log n: 0 if the
amplitude does not depend on the phase, 1 if all of it is in one bin.

Surrogates shift the amplitude against the phase, circularly, by the same amounts in all channels.  The p-value of a
channel is that of the largest of all channels under the surrogates (each in units of its own surrogates' spread), so it
holds for all channels together.
"""

from dataclasses import dataclass

import numpy as np
import scipy

from ngnmm_core.compilation.lazy_njit import lazy_njit
from ngnmm_core.streaming.envelope import ATTENUATION_DB, edge_hz
from ngnmm_core.streaming.kaiser import kaiser_length, kaiser_low_pass

ORDER = 3
CYCLES = 10  # of the slowest phase that a signal must hold ...
EDGE_CYCLES = 2  # ... besides what is dropped at each end, where filters have not enough to look at
SHIFT_SEED = 0x5AF7
FAINT = 1e-6  # share of the variance below which a band holds what leaks out of others, and no phase worth the name
NO_SPREAD = 1e-9  # of surrogates, below which shifts change nothing: a periodic signal


@dataclass(frozen=True)
class Modulation:
    """Modulation index, its z-score and p-value against the surrogates, arrays [channel]."""

    index: np.ndarray
    zscore: np.ndarray
    pvalue: np.ndarray


def edge_samples(lowest_hz: float, rate_hz: float) -> int:
    """Count the samples dropped at each end."""
    return int(np.ceil(EDGE_CYCLES * rate_hz / lowest_hz))


def needed_ms(lowest_hz: float, amplitude_hz: tuple[float, float]) -> float:
    """How long a signal must be for phases from `lowest_hz` on and an amplitude band."""
    filtered = float(_length(amplitude_hz, 1000.0))  # in samples of a millisecond
    return 1000.0 * CYCLES / lowest_hz + max(2000.0 * EDGE_CYCLES / lowest_hz, filtered)


def amplitude_of(series: np.ndarray, band_hz: tuple[float, float], rate_hz: float) -> np.ndarray:
    """Give the amplitude [channel, sample] of a band, by the filter of `ngnmm_core.streaming.envelope`, without delay.

    That filter lets nothing of the slow wave through, whose harmonics would follow its phase.
    """
    length = _length(band_hz, rate_hz)
    taps = kaiser_low_pass(0.5 * (band_hz[1] - band_hz[0]), length, rate_hz, ATTENUATION_DB)
    position = np.arange(length) - length // 2
    analytic = 2.0 * taps * np.exp(1j * np.pi * (band_hz[0] + band_hz[1]) / rate_hz * position)
    return np.abs(scipy.signal.oaconvolve(series, analytic[None], mode="same", axes=-1))


def half_length(band_hz: tuple[float, float], rate_hz: float) -> int:
    """Count the samples at each end at which the filter of `amplitude_of` sees beyond the signal."""
    return _length(band_hz, rate_hz) // 2


def _length(band_hz: tuple[float, float], rate_hz: float) -> int:
    return kaiser_length(2.0 * edge_hz(band_hz), rate_hz, ATTENUATION_DB)


def band_signal(series: np.ndarray, band_hz: tuple[float, float], rate_hz: float) -> np.ndarray:
    """Give the analytic signal [channel, sample] of a band, without delay: Butterworth forwards and backwards."""
    sections = scipy.signal.butter(ORDER, band_hz, "bandpass", fs=rate_hz, output="sos")
    return scipy.signal.hilbert(scipy.signal.sosfiltfilt(sections, series, axis=-1), axis=-1)


def phase_bins(analytic: np.ndarray, bins: int) -> np.ndarray:
    """Assign every phase to its bin, 0 to bins - 1."""
    position = (np.angle(analytic) + np.pi) * (bins / (2.0 * np.pi))
    return np.minimum(position.astype(np.int64), bins - 1)


@lazy_njit
def _sums(bins, amplitude, shifts, total):
    """`total[shift, channel, bin]`: sum of the amplitude `shift` samples earlier, round the end, over the phase bin."""
    channels, samples = bins.shape
    for k in range(len(shifts)):
        for channel in range(channels):
            for sample in range(samples):
                source = sample - shifts[k]
                if source < 0:
                    source += samples
                total[k, channel, bins[channel, sample]] += amplitude[channel, source]


def indices(bins: np.ndarray, amplitude: np.ndarray, shifts: np.ndarray, count: int) -> np.ndarray:
    """Modulation indices [shift, channel]; NaN for channels whose phase misses a bin.

    Parameters
    ----------
    bins, amplitude : array (channel, sample)
        The bin of the phase, and the amplitude.
    shifts : array (shift,)
        By how many samples the amplitude is shifted.
    count : int
        Number of bins.
    """
    total = np.zeros((len(shifts), len(bins), count))
    _sums(bins, np.ascontiguousarray(amplitude, float), np.asarray(shifts, np.int64), total)
    visits = np.stack([np.bincount(row, minlength=count) for row in bins])
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = total / visits
        share = mean / mean.sum(axis=-1, keepdims=True)
        entropy = -np.where(share > 0, share * np.log(share), np.where(share == 0, 0.0, np.nan)).sum(axis=-1)
    return 1.0 - entropy / np.log(count)


def shifts_for(samples: int, shortest: int, count: int) -> np.ndarray:
    """`count` shifts of at least `shortest` samples either way round; the same for every signal of that length."""
    return np.random.default_rng(SHIFT_SEED).integers(shortest, samples - shortest, count, endpoint=True)


def modulation(bins: np.ndarray, amplitude: np.ndarray, shifts: np.ndarray, count: int) -> Modulation:
    """Index, z-score and p-value of every channel; arguments as for `indices`, with the surrogates' shifts."""
    observed = indices(bins, amplitude, np.zeros(1, np.int64), count)[0]
    surrogates = indices(bins, amplitude, shifts, count)
    mean, spread = surrogates.mean(axis=0), surrogates.std(axis=0, ddof=1)
    varies = spread > NO_SPREAD
    scale = np.where(varies, spread, 1.0)
    zscore = np.where(varies, (observed - mean) / scale, 0.0)
    largest = np.where(varies, (surrogates - mean) / scale, 0.0).max(axis=1, initial=0.0)
    pvalue = (1 + (largest[:, None] >= zscore).sum(axis=0)) / (1 + len(shifts))
    known = np.isfinite(observed)
    return Modulation(observed, *(np.where(known, a, np.nan) for a in (zscore, pvalue)))


def phase_amplitude(series: np.ndarray, phase_hz, amplitude_hz, rate_hz: float, settings) -> Modulation:
    """Coupling of one phase band with the amplitude band, of series [channel, sample].

    Channels without variance, or none of it in the phase band, are NaN.

    Parameters
    ----------
    settings : (lowest frequency of all phase bands in Hz, number of bins, number of surrogates)
    """
    lowest_hz, bins, surrogates = settings
    edge = max(edge_samples(lowest_hz, rate_hz), half_length(amplitude_hz, rate_hz))
    centred = series - np.ascontiguousarray(series).mean(axis=1, keepdims=True)
    # what is dropped is tapered: a jump at the ends would ring in the slow band, louder than a weak rhythm
    tapered = centred * scipy.signal.windows.tukey(series.shape[1], 2.0 * edge / series.shape[1])
    slow = band_signal(tapered, phase_hz, rate_hz)[:, edge:-edge]
    amplitude = amplitude_of(tapered, amplitude_hz, rate_hz)[:, edge:-edge]
    usable = (slow.real.var(axis=1) > FAINT * centred.var(axis=1)) & (amplitude.max(axis=1) > 0)
    result = np.full((3, len(series)), np.nan)
    if usable.any():
        shortest = int(np.ceil(rate_hz / lowest_hz))
        shifts = shifts_for(slow.shape[1], shortest, surrogates)
        found = modulation(phase_bins(slow[usable], bins), amplitude[usable], shifts, bins)
        result[:, usable] = found.index, found.zscore, found.pvalue
    return Modulation(*result)
