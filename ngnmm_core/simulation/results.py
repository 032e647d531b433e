"""Results of a simulation of many points, as they come in."""

import logging
import time
from collections.abc import Mapping

import numpy as np

from ngnmm_core.simulation.observation import SimulationStatus


class Results:
    """Results of all points, filled batch by batch; a point that is computed again overwrites its own."""

    def __init__(self, points: int):
        self._points, self._left, self._began = points, points, time.perf_counter()
        self._arrays: dict[str, np.ndarray] = {}

    def put(self, places: np.ndarray, part: Mapping[str, np.ndarray], finished: int) -> None:
        """Store the results of some points, of which some are finished, and tell how far the run is."""
        for name, values in part.items():
            if name not in self._arrays:
                self._arrays[name] = np.empty((self._points, *values.shape[1:]), values.dtype)
            self._arrays[name][places] = values
        self._left -= finished
        done = self._points - self._left
        seconds = (time.perf_counter() - self._began) * self._left / max(done, 1)
        logging.info("point %d/%d, about %.0f s left", done, self._points, seconds)

    def whole(self, steps_ms: np.ndarray, wrong: np.ndarray) -> dict[str, np.ndarray]:
        """All results with their status; what belongs to points that diverged or missed the accuracy is taken out."""
        results = dict(self._arrays)
        region = results["diverged_region"]
        status = np.where(
            region >= 0, SimulationStatus.DIVERGED, np.where(wrong, SimulationStatus.INACCURATE, SimulationStatus.OK)
        ).astype(np.int8)
        for name, values in results.items():
            if name.startswith("diverged_"):
                continue
            lost = SimulationStatus.DIVERGED if name.endswith("_status") else np.nan if values.dtype.kind == "f" else -1
            values[status != SimulationStatus.OK] = lost
        return results | {"simulation_status": status, "step_ms": steps_ms}
