"""BOLD from a stream of neural activity: all of it is averaged, and the Balloon model integrates the averages.

The slow part of a rate that BOLD sees is a hundredth of it or less: thinned samples would alias fast rhythms into it,
and where bursts are shorter than the time between samples, all samples would; spikes that are counted do not.
Activity is averaged over `STEP_MS` and held for one midpoint step of the Balloon, whatever the integrator's step is.

The activity of a region is z = x / x0 - 1, with x0 its mean over the first `discard_ms`.  The Balloon starts after
that, from rest, and another `discard_ms` of its output is dropped.
"""

import numpy as np

from ngnmm_core.compilation.lazy_njit import lazy_njit
from ngnmm_core.streaming.block import COUNT_MS
from ngnmm_core.streaming.haemodynamics import Haemodynamics

STEP_MS = COUNT_MS
DRIFT = 0.05  # of the mean, relative, beyond which activity is not taken for stationary


@lazy_njit
def _average(sums, each, total, filled, per_bin, out):
    """Means over bins from sums [part, channel] over `each` samples, in turn; `total` holds the unfinished bin."""
    bins = 0
    for part in range(sums.shape[0]):
        for channel in range(sums.shape[1]):
            total[channel] += sums[part, channel]
        filled += each
        if filled == per_bin:
            for channel in range(sums.shape[1]):
                out[bins, channel] = total[channel] / per_bin
                total[channel] = 0.0
            filled = 0
            bins += 1
    return filled


@lazy_njit
def _midpoint(activity, state, constants, step_s):
    """Take one midpoint step of the Balloon per row of [bin, channel]; `state` [4, channel] is s, f, v, q."""
    kappa, gamma, tau, alpha, rho = constants[:5]
    left, power = np.log(1.0 - rho), 1.0 / alpha
    for row in range(activity.shape[0]):
        for c in range(activity.shape[1]):
            s, f, v, q = state[0, c], state[1, c], state[2, c], state[3, c]
            ds, df, dv, dq = 0.0, 0.0, 0.0, 0.0
            for half in range(2):
                s1 = s + 0.5 * step_s * half * ds
                f1 = f + 0.5 * step_s * half * df
                v1 = v + 0.5 * step_s * half * dv
                q1 = q + 0.5 * step_s * half * dq
                outflow = np.exp(np.log(v1) * power)
                ds = activity[row, c] - kappa * s1 - gamma * (f1 - 1.0)
                df = s1
                dv = (f1 - outflow) / tau
                dq = (f1 * (1.0 - np.exp(left / f1)) / rho - outflow * q1 / v1) / tau
            state[0, c] = s + step_s * ds
            state[1, c] = f + step_s * df
            state[2, c] = v + step_s * dv
            state[3, c] = q + step_s * dq


class Balloon:
    """Turns a stream [sample, ...] of positive activity into BOLD, sampled at the end of every TR.

    Parameters
    ----------
    constants : Haemodynamics
    sample_ms : float
        Time between samples; divides `STEP_MS`.
    tr_ms : float
        Time between volumes, a multiple of `STEP_MS`.
    discard_ms : float
        Over which the mean activity is taken, and which is dropped from the output after that; a multiple of `STEP_MS`.

    Attributes
    ----------
    volumes : list of arrays
        BOLD, one array per volume.
    """

    def __init__(self, constants: Haemodynamics, sample_ms: float, tr_ms: float, discard_ms: float):
        self.constants, self._array = constants, constants.as_array()
        self._per_bin = round(STEP_MS / sample_ms)
        self._per_volume = round(tr_ms / STEP_MS)
        self._baseline = round(discard_ms / STEP_MS)
        self._filled = self._bins = 0
        self.volumes: list[np.ndarray] = []

    @staticmethod
    def count(window_ms: float, tr_ms: float, discard_ms: float) -> int:
        """Count the volumes that a window gives."""
        bins = int(window_ms / STEP_MS + 1e-9) - 2 * round(discard_ms / STEP_MS)
        return max(bins // round(tr_ms / STEP_MS), 0)

    def push(self, sums: np.ndarray, each: int = 1) -> None:
        """Take the next samples, or sums [part, ...] over `each` of them, in any unit; parts end where bins end."""
        shape = sums.shape[1:]
        sums = np.ascontiguousarray(sums, float).reshape(len(sums), -1)
        if not self._bins and not self._filled:
            self._start(shape, sums.shape[1])
        bins = np.empty(((self._filled + each * len(sums)) // self._per_bin, sums.shape[1]))
        self._filled = _average(sums, each, self._total, self._filled, self._per_bin, bins)
        start = 0
        while start < len(bins):
            start += self._take(bins[start:])

    def _start(self, shape: tuple[int, ...], channels: int) -> None:
        self._shape = shape
        self._total, self._sum, self._later = np.zeros((3, channels))
        self._state = np.ones((4, channels))
        self._state[0] = 0.0

    def _take(self, bins: np.ndarray) -> int:
        """Take bins up to the end of the baseline or of a volume; return how many."""
        if self._bins < self._baseline:
            bins = bins[: self._baseline - self._bins]
            for row in bins:  # one after the other: the sum must not depend on how they come
                self._sum += row
            self._bins += len(bins)
            return len(bins)
        since = self._bins - self._baseline
        # volumes are counted from the end of what is dropped
        left = self._per_volume - (since - self._baseline) % self._per_volume
        bins = bins[:left]
        for row in bins:
            self._later += row
        with np.errstate(all="ignore"):
            _midpoint(bins / self.mean - 1.0, self._state, self._array, STEP_MS / 1000.0)
        self._bins += len(bins)
        if len(bins) == left and since + left > self._baseline:
            self.volumes.append(self.output)
        return len(bins)

    @property
    def mean(self) -> np.ndarray:
        """Mean activity over the baseline, [channel]."""
        return self._sum / self._baseline

    @property
    def drift(self) -> np.ndarray:
        """Relative change of the mean activity after the baseline, of the shape of a sample."""
        with np.errstate(all="ignore"):
            after = self._later / max(self._bins - self._baseline, 1)
            return (after / self.mean - 1.0).reshape(self._shape)

    @property
    def output(self) -> np.ndarray:
        """The present BOLD signal."""
        v, q = self._state[2], self._state[3]
        k1, k2, k3 = self._array[6:]
        signal = self.constants.V0 * (k1 * (1.0 - q) + k2 * (1.0 - q / v) + k3 * (1.0 - v))
        return signal.reshape(self._shape)
