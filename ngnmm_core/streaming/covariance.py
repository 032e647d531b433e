"""Streaming covariance between regions, one matrix per point.

Sums about a pivot: Chan, Golub, LeVeque, Am. Stat. 37, 242 (1983), doi:10.1080/00031305.1983.10483115.
"""

import numpy as np

from ngnmm_core.streaming.point_series import PointSeries

STRETCH = 256  # samples that are multiplied at once
ROUNDING = 1e-12  # of a mean: a standard deviation below comes from rounding
CANCELLED = 1e-13  # of a mean square: a variance below is what its difference from the squared mean leaves of rounding


class Covariance:
    """Accumulates the region-by-region covariance of a stream [sample, group, region, lane].

    Each point's series are multiplied with their own transpose, so that the bits of a point's matrix do not depend on
    the points that share its batch.  The sums run over deviations from the first
    sample.
    """

    def __init__(self):
        self.count = 0
        self._series: PointSeries | None = None

    def consume(self, signal: np.ndarray) -> None:
        """Take the next samples."""
        if len(signal) == 0:
            return
        if self._series is None:
            groups, regions, width = signal.shape[1:]
            self._series = PointSeries(STRETCH, signal.shape[1:])
            self._pivot = np.ascontiguousarray(np.moveaxis(signal[0], -1, 1))[..., None]
            self._total = np.zeros((groups, width, regions))
            self._products = np.zeros((groups, width, regions, regions))
        self.count += len(signal)
        while len(signal):
            signal = self._series.take(signal)
            if self._series.filled == STRETCH:
                self._multiply(self._series)

    def _multiply(self, series: PointSeries) -> None:
        """Add the products of what has been waiting: one large product is faster than many small ones."""
        for group, lanes in enumerate(self._products):
            for lane, products in enumerate(lanes):
                x = series.values[group, lane, :, : series.filled] - self._pivot[group, lane]
                self._total[group, lane] += x.sum(axis=1)
                products += x @ x.T
        series.filled = 0

    def correlation(self, points: int, least: np.ndarray | float = 0.0) -> np.ndarray:
        """Pearson correlation, [point, region, region]; NaN where a region does not vary by more than rounding.

        `least` [point, region]: a standard deviation that rounding may make before the signal comes here.
        """
        if self._series.filled:
            self._multiply(self._series)
        regions = self._total.shape[-1]
        total = self._total.reshape(-1, regions)[:points]
        products = self._products.reshape(-1, regions, regions)[:points]
        mean = total / self.count
        covariance = products / self.count - mean[:, :, None] * mean[:, None, :]
        variance = np.einsum("pii->pi", covariance)
        std = np.sqrt(np.maximum(variance, 0.0))
        pivot = self._pivot.reshape(-1, regions)[:points]
        floor = np.maximum(least, ROUNDING * np.abs(pivot + mean))
        told = (std > floor) & (variance > CANCELLED * np.einsum("pii->pi", products) / self.count)
        std = np.where(told, std, np.nan)
        with np.errstate(invalid="ignore", divide="ignore"):
            return covariance / (std[:, :, None] * std[:, None, :])
