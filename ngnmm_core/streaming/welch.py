"""Streaming power spectral density by Welch's method.

Welch, IEEE Trans. Audio Electroacoust. 15, 70 (1967), doi:10.1109/TAU.1967.1161901.
"""

import numpy as np
import scipy


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
        self._buffer: np.ndarray | None = None
        self._filled = 0
        self.segments = 0

    def consume(self, signal: np.ndarray) -> None:
        """Take the next samples; every full segment is transformed as soon as it is complete."""
        if self._buffer is None:
            _, groups, channels, width = signal.shape
            # [group, lane, channel, sample]: a point's series are contiguous, so that its bits are its own
            self._buffer = np.empty((groups, width, channels, self.segment))
            self._power = np.zeros((groups, width, channels, self.kept))
        taken = 0
        while taken < len(signal):
            count = min(self.segment - self._filled, len(signal) - taken)
            part = signal[taken : taken + count]
            self._buffer[..., self._filled : self._filled + count] = part.transpose(1, 3, 2, 0)
            self._filled += count
            taken += count
            if self._filled == self.segment:
                self._transform()

    def _transform(self) -> None:
        for group in range(self._buffer.shape[0]):
            for lane in range(self._buffer.shape[1]):
                series = self._buffer[group, lane]
                windowed = (series - series.mean(axis=-1, keepdims=True)) * self.window
                spectrum = scipy.fft.rfft(windowed, axis=-1)[:, : self.kept]
                self._power[group, lane] += spectrum.real**2 + spectrum.imag**2
        self.segments += 1
        self._filled = self.segment - self.hop
        self._buffer[..., : self._filled] = self._buffer[..., self.hop :].copy()

    def density(self, points: int) -> np.ndarray:
        """Power spectral density [point, channel, frequency], in the signal's unit squared per Hz."""
        channels = self._power.shape[2]
        power = self._power.reshape(-1, channels, self.kept)[:points]
        return power * (self._density / self.segments)
