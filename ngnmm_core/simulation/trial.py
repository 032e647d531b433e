"""Tries every point's step on its own network, from its own start."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from ngnmm_core.points import Points
from ngnmm_core.simulation.run import Run
from ngnmm_core.simulation.step_choice import MOST_DIFFERENCE, TRIAL_MS, Ladder, difference, first_rungs, later_rungs
from ngnmm_core.simulation.stimuli import edges_ms

if TYPE_CHECKING:
    from ngnmm_core.simulation.simulator import Simulator

LOOK_MS = 1.0  # for the default time constants, between the times at which two steps are compared


class Trial:
    """Short runs of some points, which find the step of each.

    Parameters
    ----------
    simulator : Simulator
    points : Points
    steps : Ladder
        The steps that they may have.
    """

    def __init__(self, simulator: "Simulator", points: Points, steps: Ladder):
        self._simulator, self._points, self._settings, self._steps = simulator, points, simulator.settings, steps
        self._factors = simulator.time_factors(points)

    def rungs(self) -> tuple[np.ndarray, np.ndarray]:
        """Find every point's step as its place in the ladder, [point], and which points are known to be wrong with it.

        What is wrong is found here only for methods that do not watch their error.
        """
        steps, count = self._steps, len(self._points)
        if not self._simulator.engine.watches:
            return np.zeros(count, int), self._differences() > MOST_DIFFERENCE
        rungs = first_rungs(steps, edges_ms(self._settings.stimuli, self._points.columns, count))
        last, settled = len(steps.steps_ms) - 1, np.zeros(count, bool)
        limits = self._simulator.watch_limits(self._points)
        for rung in range(last):
            places = np.flatnonzero((rungs == rung) & ~settled)
            for some in self._batches(places):
                run = self._run(some, steps.steps_ms[rung])
                rungs[some] = later_rungs(steps, rungs[some], run.watched, limits[some])
            settled[places] = rungs[places] == rung
        return rungs, np.zeros(count, bool)

    def _batches(self, places: np.ndarray) -> Iterator[np.ndarray]:
        return self._simulator.batches(self._points, places, np.zeros(len(self._points), int))

    def _run(self, places: np.ndarray, step_ms: float) -> Run:
        run = self._simulator.start(self._points.take(places), quiet=True)
        with np.errstate(over="ignore", invalid="ignore"):
            run.advance(step_ms, round(self._duration_ms(places) / step_ms), 1)
        return run

    def _duration_ms(self, places: np.ndarray) -> float:
        """Length of the runs of points whose times are alike (ms)."""
        return min(TRIAL_MS * float(self._factors[places[0]]), self._settings.duration_ms)

    def _differences(self) -> np.ndarray:
        """Largest difference [point] between runs with the step and with half of it, over a state's range."""
        found = np.empty(len(self._points))
        for some in self._batches(np.arange(len(found))):
            coarse, fine = (self._path(some, self._steps.steps_ms[0] / n) for n in (1, 2))
            found[some] = difference(coarse, fine)
        return found

    def _path(self, places: np.ndarray, step_ms: float) -> np.ndarray:
        """States [sample, point, region, state] without noise."""
        sample_ms = self._settings.sample_ms
        every = max(round(LOOK_MS * float(self._factors[places[0]]) / sample_ms), 1)
        samples = max(round(self._duration_ms(places) / (every * sample_ms)), 1)
        run = self._simulator.start(self._points.take(places), quiet=True)
        with np.errstate(over="ignore", invalid="ignore"):
            path = run.advance(step_ms, every * self._settings.steps_per_sample(step_ms), samples)
        return np.stack([run.by_point(states) for states in path])
