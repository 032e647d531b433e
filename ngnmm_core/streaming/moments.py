"""Running mean and variance of signals, over the whole window and over its halves.

Sums about a pivot: Chan, Golub, LeVeque, Am. Stat. 37, 242 (1983), doi:10.1080/00031305.1983.10483115.
"""

import math
from collections.abc import Callable

import numpy as np

from ngnmm_core.compilation.lazy_njit import lazy_njit


@lazy_njit
def _accumulate(signal, pivot, total, squares):
    """Add one block, [sample, channel], to sums of the deviations from a pivot and of their squares."""
    for sample in range(signal.shape[0]):
        for channel in range(signal.shape[1]):
            d = signal[sample, channel] - pivot[channel]
            total[channel] += d
            squares[channel] += d * d


class Moments:
    """Mean and standard deviation of many channels over `samples` samples, and over each half of them.

    Sums run over deviations from the first block's mean, so that a small variance on a large mean is not lost to
    cancellation.  Every channel is summed in the order of its samples: its result does not depend on its neighbours.
    """

    def __init__(self, samples: int):
        self.halves = (samples // 2, samples - samples // 2)
        self.position = 0
        self.pivot: np.ndarray | None = None

    def consume(self, signal: np.ndarray) -> None:
        """Take the next samples, [sample, ...]."""
        flat = np.ascontiguousarray(signal).reshape(len(signal), -1)
        self.take(len(signal), signal.shape[1:], lambda part, *sums: _accumulate(flat[part], *sums))

    def take(self, samples: int, shape: tuple[int, ...], add: Callable) -> None:
        """Take the next samples from `add(part, pivot, total, squares)`, which adds a slice of them to the sums.

        The sums are flat arrays for channels of the given shape: of deviations from a pivot, and of their squares.
        """
        if self.pivot is None:
            self.shape, channels = shape, math.prod(shape)
            first = np.zeros(channels)
            add(slice(0, samples), np.zeros(channels), first, np.zeros(channels))
            self.pivot = first / samples
            self.total, self.squares = np.zeros((2, 2, channels))
        middle = min(max(self.halves[0] - self.position, 0), samples)
        for half, part in enumerate((slice(0, middle), slice(middle, samples))):
            if part.stop > part.start:
                add(part, self.pivot, self.total[half], self.squares[half])
        self.position += samples

    @property
    def mean(self) -> np.ndarray:
        """Mean over the window."""
        return (self.pivot + self.total.sum(axis=0) / self.position).reshape(self.shape)

    @property
    def std(self) -> np.ndarray:
        """Standard deviation over the window (of the samples, not of the mean)."""
        return _std(self.total.sum(axis=0), self.squares.sum(axis=0), self.position).reshape(self.shape)

    @property
    def half_stds(self) -> np.ndarray:
        """Standard deviations over the first and the second half, [half, ...]."""
        parts = [_std(self.total[k], self.squares[k], self.halves[k]) for k in range(2)]
        return np.array(parts).reshape(2, *self.shape)


def _std(total: np.ndarray, squares: np.ndarray, count: int) -> np.ndarray:
    mean = total / count
    return np.sqrt(np.maximum(squares / count - mean * mean, 0.0))
