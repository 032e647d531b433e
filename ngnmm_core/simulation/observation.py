"""What a reducer is told of the simulation that it observes, and what it must offer."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from ngnmm_core.connectome.connectome import Connectome
from ngnmm_core.models._base import Model
from ngnmm_core.storage.flags import Status

if TYPE_CHECKING:
    from ngnmm_core.streaming.activity import Activity
    from ngnmm_core.streaming.block import Block


@dataclass(frozen=True)
class SampledWindow:
    """What a reducer must know of the simulation that it observes.

    `samples` states per point arrive every `sample_ms`, for `points` points of `regions` regions, as arrays
    [sample, group, region, state, lane].
    """

    model: Model
    regions: int
    samples: int
    sample_ms: float
    parameters: Mapping[str, np.ndarray]
    noisy: np.ndarray | bool = False  # [point], whether there is noise
    included: np.ndarray | None = None  # [point, region], 0 for regions that means over regions leave out
    gain: np.ndarray | None = None  # [point, region], what lesions multiply the received coupling by
    start_ms: float = 0.0  # of the window, since the start of the simulation
    stimuli: tuple[Any, ...] = ()
    columns: Mapping[str, np.ndarray] = field(default_factory=dict)  # of the points
    connectome: Connectome | None = None  # normalised
    places: np.ndarray | None = None  # [point], positions among all points of the job

    @property
    def points(self) -> int:
        """Number of points in the batch, without the padding."""
        return len(self.parameters["G"])


class Reducer(Protocol):
    """Takes blocks of samples, keeps running state, and gives arrays [point, ...] at the end."""

    def consume(self, block: "Block") -> None:
        """Take the next samples; they are valid only during the call."""

    def finish(self, activity: "Activity") -> dict[str, np.ndarray]:
        """Return the results, one array [point, ...] per variable; NaN where `activity` says that it is not defined."""


class SimulationStatus(Status):
    """Outcome of a simulation."""

    INACCURATE = 2
