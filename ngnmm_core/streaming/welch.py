"""Streaming power spectral density by Welch's method.

Welch, IEEE Trans. Audio Electroacoust. 15, 70 (1967), doi:10.1109/TAU.1967.1161901.
"""

import numpy as np
import scipy

from ngnmm_core.compilation.lazy_njit import lazy_njit
from ngnmm_core.streaming.point_series import PointSeries


@lazy_njit
def _add_power(spectrum, power):
    """Add the squared moduli of the first columns of a spectrum [channel, frequency] to `power`."""
    for channel in range(power.shape[0]):
        for k in range(power.shape[1]):
            z = spectrum[channel, k]
            power[channel, k] += z.real * z.real + z.imag * z.imag


class Welch:
    """Averaged periodograms of a stream [sample, group, channel, lane]: Hann window, half overlap, mean removed.

    Agrees with `scipy.signal.welch(..., window="hann", noverlap=segment // 2, detrend="constant")`.

    Parameters
    ----------
    segment : int
        Samples per segment.
    sample_ms : float
    max_hz : float
        Highest frequency to keep.
    """

    def __init__(self, segment: int, sample_ms: float, max_hz: float):
        rate = 1000.0 / sample_ms
        self.segment, self.hop = segment, segment - segment // 2
        self.window = 0.5 - 0.5 * np.cos(2.0 * np.pi * np.arange(segment) / segment)
        frequency = np.fft.rfftfreq(segment, 1.0 / rate)
        self.kept = int(np.searchsorted(frequency, max_hz * (1.0 + 1e-12), side="right"))
        self.frequency = frequency[: self.kept]
        density = np.full(self.kept, 2.0 / (rate * np.sum(self.window**2)))
        density[0] /= 2.0
        if segment % 2 == 0 and self.kept == len(frequency):
            density[-1] /= 2.0  # the Nyquist frequency stands once in a one-sided spectrum
        self._density = density
        self._series: PointSeries | None = None
        self.segments = 0

    def consume(self, signal: np.ndarray) -> None:
        """Take the next samples; every full segment is transformed as soon as it is complete."""
        if self._series is None:
            groups, channels, width = signal.shape[1:]
            self._series = PointSeries(self.segment, signal.shape[1:])
            self._power = np.zeros((groups, width, channels, self.kept))
        while len(signal):
            signal = self._series.take(signal)
            if self._series.filled == self.segment:
                self._transform(self._series)

    def _transform(self, whole: PointSeries) -> None:
        windowed = np.empty(whole.values.shape[2:])
        for group in range(whole.values.shape[0]):
            for lane in range(whole.values.shape[1]):
                series = whole.values[group, lane]
                np.subtract(series, series.mean(axis=-1, keepdims=True), out=windowed)
                np.multiply(windowed, self.window, out=windowed)
                _add_power(scipy.fft.rfft(windowed, axis=-1), self._power[group, lane])
        self.segments += 1
        whole.keep_last(self.segment - self.hop)

    def density(self, points: int) -> np.ndarray:
        """Power spectral density [point, channel, frequency], in the signal's unit squared per Hz."""
        channels = self._power.shape[2]
        power = self._power.reshape(-1, channels, self.kept)[:points]
        return power * (self._density / self.segments)
