"""Mean over regions, leaving out those that a lesion has taken out of the network."""

import numpy as np

from ngnmm_core.streaming.filters import weighted_sum


class RegionMean:
    """Averages over the regions that count.

    Parameters
    ----------
    included : array (point, region) or None
        1 for regions that count, 0 for others; all count if None.
    """

    def __init__(self, included: np.ndarray | None):
        self.included = included
        self._weights: np.ndarray | None = None

    def __call__(self, signal: np.ndarray) -> np.ndarray:
        """Mean of [sample, group, region, lane] over the regions, whose axis is kept.

        Summed in the order of the regions, so that a point's bits do not depend on its neighbours.
        """
        groups, regions, width = signal.shape[1:]
        if self._weights is None:
            self._weights = self._lanes(groups, regions, width)
        return weighted_sum(signal, self._weights)

    def _lanes(self, groups: int, regions: int, width: int) -> np.ndarray:
        """Give the factor that multiplies each region of each lane, [group, region, lane]."""
        if self.included is None:
            return np.full((groups, regions, width), 1.0 / regions)
        weights = self.included / self.included.sum(axis=1, keepdims=True)
        padded = weights[np.minimum(np.arange(groups * width), len(weights) - 1)]
        return np.ascontiguousarray(padded.reshape(groups, width, regions).transpose(0, 2, 1))

    def of_points(self, values: np.ndarray) -> np.ndarray:
        """Mean of [point, region] over the regions."""
        values = np.ascontiguousarray(values)
        if self.included is None:
            return values.mean(axis=1)
        return (values * self.included).sum(axis=1) / self.included.sum(axis=1)
