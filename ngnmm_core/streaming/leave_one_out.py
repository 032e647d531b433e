"""Synchrony of the network without each of its regions, from one pass over the samples.

With m the mean over N regions, the mean without region k is (N m - x_k) / (N - 1).  Its variance follows from those of
m, of x_k and of m + x_k, whatever k is.

The measure is that of `ngnmm_core.analysis.synchrony`: Golomb, Rinzel, Phys. Rev. E 48, 4810 (1993),
doi:10.1103/PhysRevE.48.4810.
"""

import numpy as np

from ngnmm_core.streaming.moments import Moments
from ngnmm_core.streaming.region_mean import RegionMean


class LeaveOneOutSynchrony:
    """Variance of the mean over mean of the variances of the observable, over the other regions."""

    def __init__(self, options, window):
        self.points, self.regions = window.points, window.regions
        self.region_mean = RegionMean(None)
        self.each, self.mean, self.sum = (Moments(window.samples) for _ in range(3))

    def consume(self, block) -> None:
        """Add the next samples."""
        mean = self.region_mean(block.observable)
        self.each.consume(block.observable)
        self.mean.consume(mean)
        self.sum.consume(block.observable + mean)

    def finish(self, activity) -> dict[str, np.ndarray]:
        """Array [point, region]: the synchrony of the others; NaN where none of the regions is active."""
        n = self.regions
        each, mean, both = (self._variance(m) for m in (self.each, self.mean, self.sum))
        shared = 0.5 * (both - each - mean)
        without = (n * n * mean - 2.0 * n * shared + each) / (n - 1) ** 2
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = without / ((each.sum(axis=1, keepdims=True) - each) / (n - 1))
        return {"lesion_synchrony": np.where(activity.active.any(axis=1)[:, None], ratio, np.nan)}

    def _variance(self, moments: Moments) -> np.ndarray:
        """Variances [point, region or 1]."""
        std = np.moveaxis(moments.std, -1, 1)
        return np.ascontiguousarray(std.reshape(-1, std.shape[-1])[: self.points]) ** 2
