"""Streaming covariance between regions, one matrix per point."""

import numpy as np


class Covariance:
    """Accumulates the region-by-region covariance of a stream [sample, group, region, lane].

    Each point's block is copied to contiguous memory and multiplied with its own transpose, so that the bits of a
    point's matrix do not depend on the points that share its batch.  The sums run over deviations from the first
    sample.
    """

    def __init__(self):
        self.count = 0
        self._pivot: np.ndarray | None = None

    def consume(self, signal: np.ndarray) -> None:
        """Takes the next samples."""
        if len(signal) == 0:
            return
        samples, groups, regions, width = signal.shape
        if self._pivot is None:
            self._pivot = signal[0].copy()
            self._total = np.zeros((groups, width, regions))
            self._products = np.zeros((groups, width, regions, regions))
        deviation = signal - self._pivot
        for group in range(groups):
            for lane in range(width):
                x = np.ascontiguousarray(deviation[:, group, :, lane].T)
                self._total[group, lane] += x.sum(axis=1)
                self._products[group, lane] += x @ x.T
        self.count += samples

    def correlation(self, points: int) -> np.ndarray:
        """Pearson correlation, [point, region, region]; NaN where a region does not vary."""
        regions = self._total.shape[-1]
        total = self._total.reshape(-1, regions)[:points]
        products = self._products.reshape(-1, regions, regions)[:points]
        mean = total / self.count
        covariance = products / self.count - mean[:, :, None] * mean[:, None, :]
        std = np.sqrt(np.maximum(np.einsum("pii->pi", covariance), 0.0))
        with np.errstate(invalid="ignore", divide="ignore"):
            return covariance / (std[:, :, None] * std[:, None, :])
