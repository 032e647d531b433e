"""Which regions are active: the decision that keeps numerical noise from being reported as correlation.

A region at rest has a standard deviation of 1e-14, and two such regions can correlate to exactly 1.  A region counts as
active if its observable varies by more than `REST_STD` and does not decay: its standard deviation in the second half of
the window is at least half of that in the first.  With noise input every region is active that moves by more than
rounding makes it.
"""

import numpy as np

from ngnmm_core.storage.flags import Flags, Status
from ngnmm_core.streaming.moments import Moments

REST_STD = 1e-6
DECAY = 0.5
ROUNDING = (
    1e-11  # of a signal, or of 1: what steps of an integrator and filters leave of rounding errors, 200 times over
)


class NetworkRegime(Flags):
    """What a simulated network does."""

    REST, STILL_SETTLING, OSCILLATING = 0, 1, 2


class ActivityStatus(Status):
    """Outcome of what is defined for active regions only."""

    AT_REST, STILL_SETTLING, SOME_REGIONS_INACTIVE = 2, 3, 4


class SpectralStatus(ActivityStatus):
    """Outcome of what rests on frequencies: `simulation.sample_ms` may be too long for the energy of the signal."""

    UNDERSAMPLED = 5


class Activity:
    """Watches the observable of all regions over a window of `samples` samples; `noisy` tells the points with noise.

    `undersampled` [point] tells where samples are so far apart that faster energy is folded into lower frequencies.
    """

    def __init__(self, samples: int, points: int, noisy: np.ndarray | bool = False, undersampled=False):
        self.points, self.noisy = points, np.broadcast_to(noisy, points)
        self.undersampled = np.broadcast_to(undersampled, points)
        self._moments = Moments(samples)

    def consume(self, observable: np.ndarray) -> None:
        """Take the next samples [sample, group, region, lane]."""
        self._moments.consume(observable)

    def _by_point(self, array: np.ndarray) -> np.ndarray:
        return np.moveaxis(array, -1, 1).reshape(-1, array.shape[1])[: self.points]

    @property
    def std(self) -> np.ndarray:
        """Standard deviation of the observable, [point, region]."""
        return self._by_point(self._moments.std)

    @property
    def half_stds(self) -> tuple[np.ndarray, ...]:
        """Standard deviations of the observable in the first and second half of the window, each [point, region]."""
        return tuple(self._by_point(half) for half in self._moments.half_stds)

    @property
    def rounding(self) -> np.ndarray:
        """Fluctuations of the observable that may come from rounding, [point, region]."""
        return ROUNDING * np.maximum(np.abs(self._by_point(self._moments.mean)), 1.0)

    def _moved(self) -> np.ndarray:
        """Where noise moves the observable by more than rounding does, [point, region]."""
        return self.noisy[:, None] & np.isfinite(self.std) & (self.std > self.rounding)

    def _varies(self) -> np.ndarray:
        return self.std >= REST_STD

    def _decays(self) -> np.ndarray:
        first, second = self.half_stds
        return second < DECAY * first

    @property
    def active(self) -> np.ndarray:
        """Where correlations, synchrony and peak frequencies are defined, [point, region]."""
        return np.where(self.noisy[:, None], self._moved(), self._varies() & ~self._decays())

    @property
    def regime(self) -> np.ndarray:
        """`REST`, `SETTLING` or `OSCILLATING` for the network, [point]."""
        rest = ~self._varies().any(axis=1)
        calm = np.where(
            rest,
            NetworkRegime.REST,
            np.where(self.active.any(axis=1), NetworkRegime.OSCILLATING, NetworkRegime.STILL_SETTLING),
        )
        return np.where(self._moved().any(axis=1), NetworkRegime.OSCILLATING, calm).astype(np.int8)

    @property
    def status(self) -> np.ndarray:
        """Outcome, [point], of an analysis that is defined for active regions only; 0 where all are active."""
        some = np.where(self.active.all(axis=1), ActivityStatus.OK, ActivityStatus.SOME_REGIONS_INACTIVE)
        settling = np.where(self.regime == NetworkRegime.STILL_SETTLING, ActivityStatus.STILL_SETTLING, some)
        return np.where(self.regime == NetworkRegime.REST, ActivityStatus.AT_REST, settling).astype(np.int8)

    @property
    def spectral_status(self) -> np.ndarray:
        """The same for what rests on frequencies: undersampled where it would otherwise be defined."""
        status = self.status
        defined = (status != ActivityStatus.AT_REST) & (status != ActivityStatus.STILL_SETTLING)
        return np.where(self.undersampled & defined, SpectralStatus.UNDERSAMPLED, status).astype(np.int8)
