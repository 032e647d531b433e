"""When a smoothed signal goes over a threshold and stays there: onset times, peaks, and the way back.

Smoothing is first order, y' = (x - y) / tau, exact for a signal that is constant between samples; it starts at the
first sample.  A stay is a run of samples on one side of the threshold, and counts once it has lasted long enough; its
beginning is what is reported.
"""

import numpy as np

from ngnmm_core.compilation.lazy_njit import lazy_njit

NEVER = -1


@lazy_njit
def _smooth(signal, gain, state, started):
    """Replace [sample, channel] by its smoothed version; `state` holds the last values."""
    if not started:
        state[:] = signal[0]
    for sample in range(signal.shape[0]):
        for channel in range(signal.shape[1]):
            state[channel] += gain * (signal[sample, channel] - state[channel])
            signal[sample, channel] = state[channel]


@lazy_njit
def _stays(signal, sign, threshold, window, minimal, position, run, first):
    """Update the length of the present stay and the beginning of the first one that is long enough, per channel."""
    earliest, latest = window
    for sample in range(signal.shape[0]):
        here = position + sample
        for channel in range(signal.shape[1]):
            if here > latest[channel]:
                continue
            if sign * (signal[sample, channel] - threshold[channel]) > 0.0 and here >= earliest[channel]:
                run[channel] += 1
                if first[channel] < 0 and (run[channel] >= minimal or here == latest[channel]):
                    first[channel] = here - run[channel] + 1
            else:
                run[channel] = 0


class Smoother:
    """First-order smoothing of many channels, block by block.

    Parameters
    ----------
    tau_ms : float
        Time constant; 0 leaves the signal as it is.
    """

    def __init__(self, tau_ms: float, sample_ms: float):
        self.gain = -np.expm1(-sample_ms / tau_ms) if tau_ms > 0 else 1.0
        self.state: np.ndarray | None = None

    def __call__(self, signal: np.ndarray) -> np.ndarray:
        """Smooth the samples of a block; return them as [sample, channel]."""
        flat = np.array(signal, float, order="C", copy=True).reshape(len(signal), -1)
        started = self.state is not None
        if not started:
            self.state = np.zeros(flat.shape[1])
        _smooth(flat, self.gain, self.state, started)
        return flat


class Stays:
    """The first stay above (or below) a threshold, per channel.

    Parameters
    ----------
    threshold : array (channel,)
        NaN: there is none.
    minimal : int
        Samples that a stay must last.
    earliest : array (channel,)
        Index of the sample at which a stay may begin; one that is under way then begins there.
    above : bool
        Which side of the threshold.
    latest : array (channel,), optional
        Index of the last sample that counts; a stay that is under way then counts whatever its length.
    """

    def __init__(self, threshold: np.ndarray, minimal: int, earliest: np.ndarray, above: bool = True, latest=None):
        self.sign, self.threshold = (1.0 if above else -1.0), np.ascontiguousarray(threshold, float)
        self.minimal = max(minimal, 1)
        latest = np.full(len(self.threshold), np.iinfo(np.int64).max) if latest is None else latest
        self.window = tuple(np.ascontiguousarray(ends, np.int64) for ends in (earliest, latest))
        self.run = np.zeros(len(self.threshold), np.int64)
        self.first = np.full(len(self.threshold), NEVER, np.int64)
        self.position = 0

    def consume(self, flat: np.ndarray) -> None:
        """Take the next samples, [sample, channel]."""
        _stays(flat, self.sign, self.threshold, self.window, self.minimal, self.position, self.run, self.first)
        self.position += len(flat)
