"""Streaming covariance between regions, one matrix per point.

Sums about a pivot: Chan, Golub, LeVeque, Am. Stat. 37, 242 (1983), doi:10.1080/00031305.1983.10483115.
"""

import numpy as np

STRETCH = 256  # samples that are multiplied at once
ROUNDING = 1e-12  # of a mean: a standard deviation below comes from rounding
CANCELLED = 1e-13  # of a mean square: a variance below is what its difference from the squared mean leaves of rounding


class Covariance:
    """Accumulates the region-by-region covariance of a stream [sample, group, region, lane].

    Each point's block is copied to contiguous memory and multiplied with its own transpose, so that the bits of a
    point's matrix do not depend on the points that share its batch.  The sums run over deviations from the first
    sample.
    """

    def __init__(self):
        self.count = 0
        self._waiting: list[np.ndarray] = []
        self._pivot: np.ndarray | None = None

    def consume(self, signal: np.ndarray) -> None:
        """Take the next samples."""
        if len(signal) == 0:
            return
        if self._pivot is None:
            _, groups, regions, width = signal.shape
            self._pivot = signal[0].copy()
            self._total = np.zeros((groups, width, regions))
            self._products = np.zeros((groups, width, regions, regions))
        self._waiting.append(signal - self._pivot)
        self.count += len(signal)
        if sum(map(len, self._waiting)) >= STRETCH:
            self._multiply()

    def _multiply(self) -> None:
        """Add the products of what has been waiting: one large product is faster than many small ones."""
        deviation = np.concatenate(self._waiting)
        self._waiting.clear()
        for group in range(deviation.shape[1]):
            by_lane = np.ascontiguousarray(deviation[:, group].transpose(2, 1, 0))
            self._total[group] += by_lane.sum(axis=2)
            for lane, x in enumerate(by_lane):
                self._products[group, lane] += x @ x.T

    def correlation(self, points: int, least: np.ndarray | float = 0.0) -> np.ndarray:
        """Pearson correlation, [point, region, region]; NaN where a region does not vary by more than rounding.

        `least` [point, region]: a standard deviation that rounding may make before the signal comes here.
        """
        if self._waiting:
            self._multiply()
        regions = self._total.shape[-1]
        total = self._total.reshape(-1, regions)[:points]
        products = self._products.reshape(-1, regions, regions)[:points]
        mean = total / self.count
        covariance = products / self.count - mean[:, :, None] * mean[:, None, :]
        variance = np.einsum("pii->pi", covariance)
        std = np.sqrt(np.maximum(variance, 0.0))
        pivot = np.moveaxis(self._pivot, -1, 1).reshape(-1, regions)[:points]
        floor = np.maximum(least, ROUNDING * np.abs(pivot + mean))
        told = (std > floor) & (variance > CANCELLED * np.einsum("pii->pi", products) / self.count)
        std = np.where(told, std, np.nan)
        with np.errstate(invalid="ignore", divide="ignore"):
            return covariance / (std[:, :, None] * std[:, None, :])
