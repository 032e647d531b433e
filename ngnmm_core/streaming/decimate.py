"""Low-pass filtering and decimation of a stream of samples.

Bursts last a few tenths of a millisecond, so signals are sampled every 0.2 ms, but spectra and envelopes are wanted up
to a few hundred Hz only.  Plain subsampling would fold the bursts' high harmonics into that range (up to 26 dB in the
valleys of the spectrum); a linear-phase filter (Kaiser window, 100 dB) keeps them out, and its known response is
divided out of spectra.
"""

import math

import numpy as np

from ngnmm_core.streaming.filters import padded, thinned_convolution
from ngnmm_core.streaming.history import History
from ngnmm_core.streaming.kaiser import kaiser_length, kaiser_low_pass

ATTENUATION_DB = 100.0
OVERSAMPLING = 5.0  # sampling rate after decimation, in units of the highest wanted frequency


def decimation_factor(sample_ms: float, max_hz: float, divides: int) -> int:
    """Find the largest factor that leaves `OVERSAMPLING` times `max_hz` and divides `divides` samples evenly."""
    limit = int(np.floor(1000.0 / sample_ms / (OVERSAMPLING * max_hz) + 1e-9))
    return next(factor for factor in range(max(limit, 1), 0, -1) if divides % factor == 0)


def filter_length(sample_ms: float, max_hz: float, factor: int) -> int:
    """Count the taps of `low_pass`; odd, so that the delay is a whole number of samples."""
    if factor == 1:
        return 1
    pass_to_stop = 1000.0 / (sample_ms * factor) - 2.0 * max_hz
    return kaiser_length(pass_to_stop, 1000.0 / sample_ms, ATTENUATION_DB)


def low_pass(sample_ms: float, max_hz: float, factor: int) -> np.ndarray:
    """Filter taps that pass [0, max_hz] and stop what decimation would fold into it; a single 1 for factor 1."""
    if factor == 1:
        return np.ones(1)
    rate = 1000.0 / sample_ms
    return kaiser_low_pass(0.5 * rate / factor, filter_length(sample_ms, max_hz, factor), rate, ATTENUATION_DB)


class ThinnedFilter:
    """Convolves a stream [sample, ...] with taps and keeps every `step`-th result, from the first whole one on."""

    def __init__(self, taps: np.ndarray, step: int):
        self.taps, self.step = taps, step
        self._padded = padded(taps, step)
        self._own = History()
        self._next = 0  # number of the first sample of the next result

    def outputs(self, samples: int) -> int:
        """How many samples come out of `samples` that go in."""
        return max((samples - len(self.taps)) // self.step + 1, 0)

    def push(self, signal: np.ndarray) -> np.ndarray:
        """Return the filtered samples that the next block [sample, ...] completes."""
        self.room(len(signal), signal.shape[1:])[...] = signal
        return self.filled(signal.shape[1:])

    def room(self, samples: int, shape: tuple[int, ...]) -> np.ndarray:
        """Give the place of the next block [sample, ...], to be filled before `filled` is called."""
        return self._own.room(samples, shape)

    def filled(self, shape: tuple[int, ...]) -> np.ndarray:
        """Return what `push` would for the block that has been written to `room`."""
        return self.read(self._own, shape)

    def read(self, history: History, shape: tuple[int, ...]) -> np.ndarray:
        """Return the filtered samples, each of the given shape, that what is new in a history completes."""
        samples = history.since(self._next)
        count = self.outputs(len(samples))
        out = thinned_convolution(samples, self._padded, self.step, count)
        self._next += count * self.step
        history.keep(self, self._next)
        return out[:, : math.prod(shape)].reshape(count, *shape)


class Decimator(ThinnedFilter):
    """Filters and thins a stream [sample, ...]; the first output needs a full filter length of input."""

    def __init__(self, sample_ms: float, max_hz: float, factor: int):
        super().__init__(low_pass(sample_ms, max_hz, factor), factor)
        self.factor = factor
        self.sample_ms = sample_ms * factor
        self._input_ms = sample_ms

    def response(self, frequency_hz: np.ndarray) -> np.ndarray:
        """Compute the filter's amplitude response at the given frequencies: its taps are symmetric."""
        middle = len(self.taps) // 2
        phase = 2.0 * np.pi * frequency_hz * self._input_ms / 1000.0
        turned = np.cos(np.outer(phase, np.arange(1, middle + 1))) @ self.taps[middle + 1 :]
        return np.abs(self.taps[middle] + 2.0 * turned)

    def push(self, signal: np.ndarray) -> np.ndarray:
        """Return the filtered samples that the next block [sample, ...] completes; the block itself for factor 1."""
        return signal if self.factor == 1 else super().push(signal)

    def of(self, block) -> np.ndarray:
        """Return the same for the observable of the next block, read where filters of other reducers read it, too."""
        signal = block.observable
        return signal if self.factor == 1 else self.read(block.history, signal.shape[1:])
