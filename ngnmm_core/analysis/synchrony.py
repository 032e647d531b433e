"""Synchrony between regions: variance of the mean over the mean of the variances of the observable.

1 when all regions move together, about 1/N when they are independent (Golomb and Rinzel's chi squared,
doi:10.1103/PhysRevE.48.4810).
"""

import numpy as np

from ngnmm_core.analysis.contract import Analysis, Options, Variable, status
from ngnmm_core.analysis.maps import Look, Map, as_it_is
from ngnmm_core.simulation.observation import SampledWindow
from ngnmm_core.storage.flags import Status
from ngnmm_core.streaming.activity import NetworkRegime
from ngnmm_core.streaming.moments import Moments
from ngnmm_core.streaming.region_mean import RegionMean

LARGEST_RATIO, SMALLEST_DIFFERENCE = 2.0, 0.02  # of the two halves of the window, before it counts as not stationary


class SynchronyStatus(Status):
    """Outcome of the synchrony."""

    AT_REST, STILL_SETTLING, NOT_STATIONARY = 2, 3, 4


class SynchronyOptions(Options):
    """No options: synchrony is taken over the whole window."""


class SynchronyReducer:
    """Variance of the mean over regions; those of every region are known to the activity."""

    def __init__(self, options: SynchronyOptions, window: SampledWindow):
        self.points = window.points
        self.region_mean = RegionMean(window.included)
        self.mean = Moments(window.samples)

    def consume(self, block) -> None:
        """Add the next samples."""
        self.mean.consume(self.region_mean(block.observable))

    def finish(self, activity) -> dict[str, np.ndarray]:
        """Synchrony [point] and its status: undefined at rest, flagged where the halves of the window disagree."""
        whole = self._ratio(self.mean.std, activity.std)
        halves = [self._ratio(*pair) for pair in zip(self.mean.half_stds, activity.half_stds, strict=True)]
        low, high = np.minimum(*halves), np.maximum(*halves)
        drifts = (high > LARGEST_RATIO * low) & (high - low > SMALLEST_DIFFERENCE)
        code = np.where(drifts, SynchronyStatus.NOT_STATIONARY, SynchronyStatus.OK)
        code = np.where(
            activity.regime == NetworkRegime.REST,
            SynchronyStatus.AT_REST,
            np.where(activity.regime == NetworkRegime.STILL_SETTLING, SynchronyStatus.STILL_SETTLING, code),
        )
        undefined = ~activity.active.any(axis=1)
        return {"synchrony": np.where(undefined, np.nan, whole), "synchrony_status": code.astype(np.int8)}

    def _ratio(self, mean_std: np.ndarray, region_stds: np.ndarray) -> np.ndarray:
        variance_of_mean = np.moveaxis(mean_std, -1, 1).reshape(-1, 1)[: self.points, 0] ** 2
        mean_variance = self.region_mean.of_points(region_stds**2)
        with np.errstate(invalid="ignore", divide="ignore"):
            return variance_of_mean / mean_variance


def variables(options: SynchronyOptions) -> tuple[Variable, ...]:
    """List the variables that this analysis writes."""
    return (
        Variable("synchrony", (), "1", "variance of the mean over the mean of the variances of the observable"),
        status("synchrony", SynchronyStatus),
    )


SYNCHRONY = Map(
    "synchrony",
    "synchrony",
    "synchrony between regions",
    "**Synchrony between regions**: variance over time of the mean over regions, divided by the mean of the variances "
    "of the regions. 1: all regions move together; about 1/N: the N regions are independent.\n\nDots mark points where "
    "the two halves of the time window disagree: the value depends on when one looks.",
    as_it_is,
    Look("cividis", 0.0, 1.0),
    title="synchrony",
    doubtful=("synchrony_status", "not_stationary", "not stationary"),
)

ANALYSIS = Analysis(
    name="synchrony",
    title="Synchrony between regions",
    needs="simulation",
    options=SynchronyOptions,
    variables=variables,
    reducer=SynchronyReducer,
    maps=lambda options: (SYNCHRONY,),
    compares_regions=True,
)
