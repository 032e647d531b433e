"""A stretch of a stream with the series of every point and region contiguous.

What is computed from a contiguous series does not depend on the points that share its batch: its bits are its own.
"""

import numpy as np

from ngnmm_core.compilation.lazy_njit import lazy_njit


@lazy_njit
def _transpose(signal, out, first):
    """`out[group, lane, region, first + sample] = signal[sample, group, region, lane]`, region by region."""
    samples, groups, regions, width = signal.shape
    for group in range(groups):
        for region in range(regions):
            for sample in range(samples):
                for lane in range(width):
                    out[group, lane, region, first + sample] = signal[sample, group, region, lane]


class PointSeries:
    """Room for the next `length` samples of a stream [sample, group, region, lane].

    Attributes
    ----------
    values : array [group, lane, region, sample]
    filled : int
        How many samples there are.
    """

    def __init__(self, length: int, shape: tuple[int, ...]):
        groups, regions, width = shape
        self.length, self.filled = length, 0
        self.values = np.empty((groups, width, regions, length))

    def take(self, signal: np.ndarray) -> np.ndarray:
        """Take as many samples as there is room for; give the others."""
        count = min(self.length - self.filled, len(signal))
        _transpose(np.ascontiguousarray(signal[:count]), self.values, self.filled)
        self.filled += count
        return signal[count:]

    def keep_last(self, count: int) -> None:
        """Go on with the last `count` samples, at most half of all, as the first ones."""
        self.values[..., :count] = self.values[..., self.filled - count : self.filled]
        self.filled = count
