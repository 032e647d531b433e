"""One batch of points on its way: transient, blocks of samples, and what went wrong at which point."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import gcd

import numpy as np

from ngnmm_core.section import is_multiple
from ngnmm_core.simulation.run import Run
from ngnmm_core.simulation.settings import Simulation
from ngnmm_core.streaming.block import COUNT_MS, Block, Observers
from ngnmm_core.streaming.folding import FINE_MS, STRETCH_MS, folds

BLOCK_SAMPLES = 128  # fewer cost more calls, more leave the third-level cache
STRETCH_SAMPLES = 512  # of the transient, of which nothing is looked at but whether its end is finite


@dataclass
class Divergence:
    """When and where the points of a batch ceased to be finite; NaN and -1 for those that did not."""

    at_ms: np.ndarray
    region: np.ndarray

    @classmethod
    def none(cls, points: int) -> "Divergence":
        """No point has diverged."""
        return cls(np.full(points, np.nan), np.full(points, -1, np.int32))

    @property
    def diverged(self) -> np.ndarray:
        """Which points have diverged."""
        return self.region >= 0

    def watch(self, run: Run, states: np.ndarray, times_ms: np.ndarray) -> dict[int, int]:
        """Note when points cease to be finite in a block [sample, group, region, state, lane].

        Gives {point: sample} of those; `blame` has to find the region.
        """
        if np.isfinite(states[-1]).all():  # what is not finite stays so: the last sample tells
            return {}
        finite = np.stack([np.isfinite(run.by_point(sample)).all(axis=(1, 2)) for sample in states])  # [sample, point]
        found = {int(k): int(np.argmin(finite[:, k])) for k in np.flatnonzero(~finite[-1] & ~self.diverged)}
        for point, sample in found.items():
            self.at_ms[point] = times_ms[sample]
        return found

    def blame(self, point: int, path: np.ndarray) -> None:
        """Find the region in which a point's divergence began; `path` [step, region, state] starts finite.

        Coupling takes what is not finite to all regions within a step, even with G = 0: of those that ceased to be
        finite together, the one to blame had the largest state before.
        """
        finite = np.isfinite(path).all(axis=2)
        step = int(np.argmin(finite.all(axis=1)))
        size = np.abs(path[max(step - 1, 0)]).max(axis=1)
        self.region[point] = int(np.argmax(np.where(finite[step], -1.0, size)))


@dataclass
class Batch:
    """A batch of points with steps of one length.

    Parameters
    ----------
    run : Run
        At the start.
    settings : Simulation
    step_ms : float
    """

    run: Run
    settings: Simulation
    step_ms: float

    def __post_init__(self):
        self.divergence = Divergence.none(self.run.points)
        self._steps = self.settings.steps_per_sample(self.step_ms)

    def undersampled(self, observers: Observers) -> np.ndarray:
        """Whether samples are too far apart for what the signal holds, [point]: measured at the start of the window.

        The stretch is computed once more with fine samples, from a snapshot: the run itself goes on unchanged.
        """
        settings, run, step = self.settings, self.run, self.step_ms
        if settings.sample_ms <= FINE_MS:
            return np.zeros(run.points, bool)
        steps = self._steps
        each = next(n for n in range(steps, 0, -1) if steps % n == 0 and (n * step <= FINE_MS or n == 1))
        samples = round(min(STRETCH_MS, settings.sample_ms * settings.window_samples) / (each * step))
        begin, parts = run.snapshot(), []
        with np.errstate(all="ignore"):
            for start in range(0, samples, BLOCK_SAMPLES):
                states = run.advance(step, each, min(BLOCK_SAMPLES, samples - start))
                parts.append(Block(states, observers).observable.copy())
            run.restore(begin)
            series = np.concatenate(parts).transpose(1, 3, 2, 0)  # [group, lane, region, sample]
            by_point = series.reshape(-1, *series.shape[2:])[: run.points]
            return folds(by_point.astype(float), each * step, steps // each)

    def pass_transient(self) -> None:
        """Take the steps of the transient; sample by sample where a point ceases to be finite."""
        settings, run = self.settings, self.run
        for start in range(0, settings.transient_samples, STRETCH_SAMPLES):
            count = min(STRETCH_SAMPLES, settings.transient_samples - start)
            begin = run.snapshot()
            with np.errstate(over="ignore", invalid="ignore"):
                run.advance(self.step_ms, self._steps * count, 1)
            if not np.isfinite(run.by_point(run.states)[~self.divergence.diverged]).all():
                run.restore(begin)
                for _ in self.blocks(count, start):
                    pass

    def blocks(self, samples: int, first: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Blocks of samples [sample, group, region, state, lane], the first of which is number `first`, and spikes.

        Spikes [part, group, region, counted population, lane] are those of a neuron in equal parts of the block, from
        the sample before it to its last one; every `COUNT_MS` of the samples, some part ends.
        """
        settings, run, divergence = self.settings, self.run, self.divergence
        whole = is_multiple(COUNT_MS, settings.sample_ms)
        together = gcd(BLOCK_SAMPLES, round(COUNT_MS / settings.sample_ms)) if whole else 0
        with np.errstate(over="ignore", invalid="ignore"):
            for start in range(0, samples, BLOCK_SAMPLES):
                count = min(BLOCK_SAMPLES, samples - start)
                begin = run.snapshot()
                states = run.advance(self.step_ms, self._steps, count, count // gcd(count, together))
                spikes = run.spikes
                times = settings.sample_ms * (first + start + 1 + np.arange(count))
                for point, sample in divergence.watch(run, states, times).items():
                    divergence.blame(point, self._step_by_step(begin, point, sample))
                yield states, spikes

    def _step_by_step(self, begin, point: int, sample: int) -> np.ndarray:
        """States [step, region, state] of a point in one sample of the block that began at the snapshot `begin`.

        An exact repetition: between two samples a point may go from nothing unusual to infinity in all regions.
        """
        run, end = self.run, self.run.snapshot()
        run.restore(begin)
        if sample:
            run.advance(self.step_ms, self._steps, sample)
        before = run.by_point(run.states)[point].copy()
        path = run.advance(self.step_ms, 1, self._steps)
        run.restore(end)
        return np.stack([before, *(run.by_point(states)[point] for states in path)])
