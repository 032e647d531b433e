"""Streaming amplitude envelope of a frequency band, by complex demodulation.

The signal is shifted by the band's centre frequency and low-passed with a Butterworth filter whose cutoff is half the
band's width; twice the modulus is the amplitude of the analytic signal of the band.  It needs no future samples, unlike
the Hilbert transform, with which it agrees up to the shape of the filter's edges.

Complex demodulation: Bingham, Godfrey, Tukey, IEEE Trans. Audio Electroacoust. 15, 56 (1967).  Envelopes in
connectivity: Brookes et al., NeuroImage 56, 1082 (2011), doi:10.1016/j.neuroimage.2011.02.054.
"""

import numpy as np
import scipy

from ngnmm_core.compilation.lazy_njit import lazy_njit

ORDER = 4
SETTLING_PERIODS = 4.0  # periods of the low-pass cutoff after which the filter has forgotten its start


@lazy_njit
def _demodulate(signal, carrier, sections, state, out):
    """Filters carrier * signal through second-order sections; `state` [part, section, 2, channel] persists.

    Channels are the innermost loop, so that the compiler works on several at once.
    """
    channels = signal.shape[1]
    row = np.empty(channels)
    for sample in range(signal.shape[0]):
        for part in range(2):
            for c in range(channels):
                row[c] = signal[sample, c] * carrier[part, sample]
            for k in range(sections.shape[0]):
                for c in range(channels):
                    x = row[c]
                    y = sections[k, 0] * x + state[part, k, 0, c]
                    state[part, k, 0, c] = sections[k, 1] * x - sections[k, 4] * y + state[part, k, 1, c]
                    state[part, k, 1, c] = sections[k, 2] * x - sections[k, 5] * y
                    row[c] = y
            for c in range(channels):
                out[sample, c] = row[c] * row[c] + (out[sample, c] if part else 0.0)
        for c in range(channels):
            out[sample, c] = 2.0 * np.sqrt(out[sample, c])


class Envelope:
    """Amplitude of the band [low_hz, high_hz] of a stream [sample, ...] sampled every `sample_ms`."""

    def __init__(self, sample_ms: float, low_hz: float, high_hz: float):
        rate = 1000.0 / sample_ms
        self.centre = 0.5 * (low_hz + high_hz)
        cutoff = 0.5 * (high_hz - low_hz)
        self._sections = scipy.signal.butter(ORDER, cutoff, fs=rate, output="sos")
        self._omega = 2.0 * np.pi * self.centre / rate
        self._position = 0
        self._state: np.ndarray | None = None
        self.settling = int(np.ceil(SETTLING_PERIODS * rate / cutoff))

    def push(self, signal: np.ndarray) -> np.ndarray:
        """The envelope at the next samples, without those in which the filter settles."""
        if len(signal) == 0:
            return signal
        flat = signal.reshape(len(signal), -1)
        if self._state is None:
            self._state = np.zeros((2, len(self._sections), 2, flat.shape[1]))
        phase = self._omega * np.arange(self._position, self._position + len(flat))
        out = np.empty_like(flat)
        _demodulate(flat, np.array((np.cos(phase), -np.sin(phase))), self._sections, self._state, out)
        skip = min(max(self.settling - self._position, 0), len(out))
        self._position += len(flat)
        return out.reshape(signal.shape)[skip:]
