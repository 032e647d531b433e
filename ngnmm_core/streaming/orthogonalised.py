"""Streaming correlation of amplitude envelopes after the part that two signals share at zero lag is taken out.

Field spread gives two sensors the same signal at once, and so correlates their envelopes.  Of a signal y only the part
that is a quarter cycle off another signal x is kept, y_x = |Im(y x*)| / |x| with the analytic signals x and y; the
correlation of |x| and y_x, and that of |y| and x_y, are averaged.

Hipp, Hawellek, Corbetta, Siegel, Engel, Nat. Neurosci. 15, 884 (2012), doi:10.1038/nn.3101.
"""

import numpy as np

from ngnmm_core.compilation.lazy_njit import lazy_njit
from ngnmm_core.streaming.covariance import CANCELLED

TINY = 1e-300  # an amplitude of exactly zero has no phase


@lazy_njit
def _add(real, imaginary, pivot, sums):
    """Add samples of one point to its sums.

    `real` and `imaginary` [sample, region]; `pivot` [region] amplitudes that deviations are taken from, `pivot`
    [1 + i, j] those of region j orthogonalised to i; `sums` [kind, i, j]: of |x_i|, |x_i|^2, y_x, y_x^2, and of the
    product, with y = x_j.
    """
    samples, regions = real.shape
    for i in range(regions):
        for sample in range(samples):
            a, b = real[sample, i], imaginary[sample, i]
            size = np.sqrt(a * a + b * b)
            x = size - pivot[0, i]
            scale = 1.0 / max(size, 1e-300)
            for j in range(regions):
                part = abs(imaginary[sample, j] * a - real[sample, j] * b) * scale
                y = part - pivot[1 + i, j]
                sums[0, i, j] += x
                sums[1, i, j] += x * x
                sums[2, i, j] += y
                sums[3, i, j] += y * y
                sums[4, i, j] += x * y


class OrthogonalisedCovariance:
    """Accumulates a stream of analytic signals, pairs (real, imaginary) of arrays [sample, group, region, lane]."""

    def __init__(self):
        self.count = 0
        self._pivot: np.ndarray | None = None

    def consume(self, signal: tuple[np.ndarray, np.ndarray]) -> None:
        """Take the next samples."""
        real, imaginary = (_by_point(part) for part in signal)
        if real.shape[1] == 0:
            return
        if self._pivot is None:
            self._start(real[:, 0], imaginary[:, 0])
        for point in range(len(real)):
            _add(real[point], imaginary[point], self._pivot[point], self._sums[point])
        self.count += real.shape[1]

    def _start(self, real: np.ndarray, imaginary: np.ndarray) -> None:
        """Deviations are taken from the first sample, [point, region]."""
        size = np.sqrt(real * real + imaginary * imaginary)
        crossed = np.abs(imaginary[:, None, :] * real[:, :, None] - real[:, None, :] * imaginary[:, :, None])
        parts = crossed / np.maximum(size, TINY)[:, :, None]
        self._pivot = np.ascontiguousarray(np.concatenate([size[:, None], parts], axis=1))
        points, regions = size.shape
        self._sums = np.zeros((points, 5, regions, regions))

    def correlation(self, points: int, least: np.ndarray | float = 0.0) -> np.ndarray:
        """Correlation of orthogonalised envelopes, [point, region, region]; NaN where an amplitude does not vary.

        `least` [point, region]: a standard deviation of either region that rounding may make.
        """
        sums = self._sums[:points] / self.count
        x, xx, y, yy, xy = (sums[:, k] for k in range(5))
        floor = np.broadcast_to(np.asarray(least, float) ** 2, x.shape[:2])
        of_x = _told(xx, x, floor[:, :, None])
        of_y = _told(yy, y, floor[:, None, :])
        with np.errstate(invalid="ignore", divide="ignore"):
            one_way = (xy - x * y) / np.sqrt(of_x * of_y)
        return 0.5 * (one_way + np.swapaxes(one_way, 1, 2))


def _told(square: np.ndarray, mean: np.ndarray, least: np.ndarray) -> np.ndarray:
    """Give variances; NaN where they are below what rounding makes."""
    variance = square - mean * mean
    return np.where((variance > least) & (variance > CANCELLED * square), variance, np.nan)


def _by_point(part: np.ndarray) -> np.ndarray:
    """[sample, group, region, lane] as contiguous [point, sample, region]."""
    moved = part.transpose(1, 3, 0, 2)
    return np.ascontiguousarray(moved.reshape(moved.shape[0] * moved.shape[1], *moved.shape[2:]))
