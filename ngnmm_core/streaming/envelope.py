"""Streaming analytic signal and amplitude envelope of a frequency band.

The signal is shifted by the band's centre frequency, which makes the band a low-pass, and filtered with linear-phase
filters in two stages: the first thins, the second has the sharp edge.  Twice the result is the analytic signal of the
band but for a known phase, and its modulus the amplitude.  At the edges of the band half of the amplitude passes, as is
usual; what lies below `STOP_BELOW` times the lower or above `STOP_ABOVE` times the upper edge is damped by
`ATTENUATION_DB`.  The mean of the signal, which is far larger than the rhythm in many models, is among that; the first
sample is subtracted besides.

It needs no future samples, unlike the Hilbert transform of the band-passed signal, with which it agrees.

Complex demodulation: Bingham, Godfrey, Tukey, IEEE Trans. Audio Electroacoust. 15, 56 (1967).  Envelopes in
connectivity: Brookes et al., NeuroImage 56, 1082 (2011), doi:10.1016/j.neuroimage.2011.02.054.
"""

import numpy as np

from ngnmm_core.errors import InputError
from ngnmm_core.streaming.decimate import ThinnedFilter
from ngnmm_core.streaming.kaiser import kaiser_length, kaiser_low_pass

GAMMA_HZ = (30.0, 150.0)  # E-I nodes make their rhythm up to 140 Hz
ATTENUATION_DB = 70.0
STOP_BELOW, STOP_ABOVE = 0.8, 1.2  # of the edges of the band
OVERSAMPLING = 4.0  # rate after thinning, in units of half the width of the band with its edges
STEPS = (1, 2, 5, 10, 20, 50, 100)  # numbers of samples that may become one: they divide lags and windows


def check_band(key: str, band_hz: tuple[float, float], sample_ms: float) -> None:
    """Check that a band can be told from its surroundings at a sampling interval.

    Raises
    ------
    InputError
        For edges in the wrong order, or a band too near to half the sampling rate.
    """
    (low, high), nyquist = band_hz, 500.0 / sample_ms
    if not 0 < low < high < nyquist:
        raise InputError(f"{key}: [{low:g}, {high:g}] is not a band; allowed: 0 < lower < upper < {nyquist:g} Hz")
    if high + edge_hz(band_hz) > nyquist:
        most = nyquist - edge_hz(band_hz)
        raise InputError(
            f"{key}: [{low:g}, {high:g}] Hz leaves the filter no room below half the sampling rate, {nyquist:g} Hz; "
            f"allowed: an upper edge of at most {most:g} Hz, or a shorter simulation.sample_ms"
        )


def edge_hz(band_hz: tuple[float, float]) -> float:
    """Give half the width (Hz) of the filter's edges: from half the amplitude to nothing."""
    low, high = band_hz
    return min((1.0 - STOP_BELOW) * low, (STOP_ABOVE - 1.0) * high)


class Envelope:
    """Amplitude of a band of a stream [sample, ...] sampled every `sample_ms`.

    Attributes
    ----------
    sample_ms : float
        Time between the values that it gives (ms), a multiple of that of the stream.
    settling_ms : float
        What it needs of the stream before its first value (ms).
    """

    def __init__(self, sample_ms: float, low_hz: float, high_hz: float):
        rate, edge = 1000.0 / sample_ms, edge_hz((low_hz, high_hz))
        outer = 0.5 * (high_hz - low_hz) + edge
        step = max(s for s in STEPS if s == 1 or rate / s >= OVERSAMPLING * outer)
        thinned = rate / step
        coarse, fine = (
            kaiser_length(thinned - 2.0 * outer, rate, ATTENUATION_DB) if step > 1 else 1,
            kaiser_length(2.0 * edge, thinned, ATTENUATION_DB),
        )
        first = kaiser_low_pass(0.5 * thinned, coarse, rate, ATTENUATION_DB) if step > 1 else np.ones(1)
        second = kaiser_low_pass(0.5 * (high_hz - low_hz), fine, thinned, ATTENUATION_DB)
        self._stages = (ThinnedFilter(first, step), ThinnedFilter(2.0 * second, 1))
        self.sample_ms = sample_ms * step
        self.settling_ms = sample_ms * (coarse + (fine - 1) * step)
        self._omega = np.pi * (low_hz + high_hz) / rate
        self._position = 0
        self._offset: np.ndarray | None = None

    def analytic(self, signal: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Give the real and the imaginary part of the band at the values that the next samples complete.

        The phase turns by the centre frequency less than that of the band itself, the same in all channels.
        """
        if not len(signal):
            return signal, signal
        if self._offset is None:
            self._offset = signal[0].copy()
        flat = (signal - self._offset).reshape(len(signal), -1)
        channels = flat.shape[1]
        phase = self._omega * np.arange(self._position, self._position + len(flat))
        self._position += len(flat)
        coarse, fine = self._stages
        shifted = coarse.room(len(flat), (2 * channels,))
        np.multiply(flat, np.cos(phase)[:, None], out=shifted[:, :channels])
        np.multiply(flat, -np.sin(phase)[:, None], out=shifted[:, channels:])
        shifted = fine.push(coarse.filled((2 * channels,)))
        real, imaginary = np.split(shifted, 2, axis=1)
        shape = (len(shifted), *signal.shape[1:])
        return real.reshape(shape), imaginary.reshape(shape)

    def push(self, signal: np.ndarray) -> np.ndarray:
        """Give the amplitude at the values that the next samples complete."""
        real, imaginary = self.analytic(signal)
        square = np.square(real)
        square += np.square(imaginary)
        return np.sqrt(square, out=square)
