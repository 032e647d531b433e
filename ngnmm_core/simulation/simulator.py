"""Network simulation of many parameter points: batches in lanes, blocks of samples to reducers, flat memory."""

import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from ngnmm_core.connectome.connectome import Connectome
from ngnmm_core.models._base import Model
from ngnmm_core.points import Points
from ngnmm_core.simulation.engine import Engine, Run
from ngnmm_core.simulation.initial_states import nominal, perturbed
from ngnmm_core.simulation.integrators import OF_HOMOGENEOUS_STATES
from ngnmm_core.simulation.lesions import lesion_factors
from ngnmm_core.simulation.observation import DIVERGED, OK, Reducer, SampledWindow
from ngnmm_core.simulation.settings import NOISE, Simulation
from ngnmm_core.simulation.waveforms import Schedule
from ngnmm_core.streaming.activity import Activity
from ngnmm_core.streaming.block import Block, Observers
from ngnmm_core.streaming.folding import FINE_MS, STRETCH_MS, folds

BLOCK_SAMPLES = 128  # fewer cost more calls, more leave the third-level cache
STRETCH_SAMPLES = 512  # of the transient, of which nothing is looked at but whether its end is finite
SETTLE_DT_MS = 0.01
SETTLE_MS = 2000.0  # how long the homogeneous system runs before a network starts from it


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
        """Notes the time of points that cease to be finite in a block [sample, group, region, state, lane].

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
        """Finds the region that a point's divergence began in; `path` [step, region, state] starts finite.

        Coupling takes what is not finite to all regions within a step, even with G = 0: of those that ceased to be
        finite together, the one to blame had the largest state before.
        """
        finite = np.isfinite(path).all(axis=2)
        step = int(np.argmin(finite.all(axis=1)))
        size = np.abs(path[max(step - 1, 0)]).max(axis=1)
        self.region[point] = int(np.argmax(np.where(finite[step], -1.0, size)))


@dataclass
class Simulator:
    """Integrates points of one model on one connectome and feeds reducers.

    Parameters
    ----------
    model : Model
    connectome : Connectome
        With normalised weights.
    settings : Simulation
    reducers : sequence of (reducer class, options)
    """

    model: Model
    connectome: Connectome
    settings: Simulation
    reducers: Sequence[tuple[type[Reducer], object]] = ()
    engine: Engine = field(init=False)
    _settled: dict[bytes, np.ndarray] = field(init=False, default_factory=dict)
    _integrating: float = field(init=False, default=0.0)  # seconds of CPU time, by the network's integrator

    def __post_init__(self):
        settings, W = self.settings, self.connectome.weights
        self.engine = Engine(self.model, W, settings.method, settings.precision, settings.substeps)

    def run(self, points: Points) -> dict[str, np.ndarray]:
        """All results for all points, one array [point, ...] per variable."""
        parts, used, self._integrating = [], time.process_time(), 0.0
        if self.settings.initial.start == "homogeneous":
            self._homogeneous(points)  # together, as many points share theirs
        size, count, began = self.engine.batch_size, len(points), time.perf_counter()
        for start in range(0, count, size):
            parts.append(self.run_batch(points.take(slice(start, start + size))))
            done = min(start + size, count)
            left = (time.perf_counter() - began) * (count - done) / done
            logging.info("point %d/%d, about %.0f s left", done, count, left)
        logging.info("integration: %.2f of %.2f s of CPU time", self._integrating, time.process_time() - used)
        return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}

    def run_batch(self, points: Points) -> dict[str, np.ndarray]:
        """The results for at most `engine.batch_size` points."""
        activity, reducers, divergence = self.feed(points)
        return _finish(activity, reducers, divergence)

    def feed(self, points: Points) -> tuple[Activity, list[Reducer], "Divergence"]:
        """Simulates a batch and lets the reducers take every sample of the window."""
        settings = self.settings
        labels = self.connectome.labels
        mask, gain = lesion_factors(points, self.connectome.weights, settings.resection, labels)
        run = Run(
            self.engine,
            points.parameters,
            self.initial_states(points),
            (mask, gain),
            (noise_of(settings, points), points.seeds),
        )
        if settings.stimuli:
            run.stimulate(Schedule(settings.stimuli, self.model.drives, labels, points.extras, len(points)))
        divergence = Divergence.none(len(points))
        self._pass_transient(run, divergence)
        window = make_window(self.model, self.connectome, settings, points, (mask, gain))
        observers = Observers(self.model, run.batch.coefficients, run.shape[0], self.engine.width)
        activity = Activity(window.samples, len(points), window.noisy, self._undersampled(run, observers))
        reducers = [make(options, window) for make, options in self.reducers]
        for states in self._blocks(run, settings.window_samples, settings.transient_samples, divergence):
            block = Block(states, observers)
            activity.consume(block.observable)
            for reducer in reducers:
                reducer.consume(block)
        self._integrating += run.cpu_seconds
        return activity, reducers, divergence

    def _undersampled(self, run: Run, observers: Observers) -> np.ndarray:
        """Whether samples are too far apart for what the signal holds, [point]: measured at the start of the window.

        The stretch is computed once more with fine samples, from a snapshot: the run itself goes on unchanged.
        """
        settings = self.settings
        if settings.sample_ms <= FINE_MS:
            return np.zeros(run.points, bool)
        steps = settings.steps_per_sample
        each = next(n for n in range(steps, 0, -1) if steps % n == 0 and (n * settings.dt_ms <= FINE_MS or n == 1))
        samples = round(min(STRETCH_MS, settings.sample_ms * settings.window_samples) / (each * settings.dt_ms))
        begin, parts = run.snapshot(), []
        with np.errstate(all="ignore"):
            for start in range(0, samples, BLOCK_SAMPLES):
                states = run.advance(settings.dt_ms, each, min(BLOCK_SAMPLES, samples - start))
                parts.append(Block(states, observers).observable.copy())
            run.restore(begin)
            series = np.concatenate(parts).transpose(1, 3, 2, 0)  # [group, lane, region, sample]
            by_point = series.reshape(-1, *series.shape[2:])[: run.points]
            return folds(by_point.astype(float), each * settings.dt_ms, steps // each)

    def _pass_transient(self, run: Run, divergence: Divergence) -> None:
        """Takes the steps of the transient; sample by sample where a point ceases to be finite."""
        settings = self.settings
        for start in range(0, settings.transient_samples, STRETCH_SAMPLES):
            count = min(STRETCH_SAMPLES, settings.transient_samples - start)
            begin = run.snapshot()
            with np.errstate(over="ignore", invalid="ignore"):
                run.advance(settings.dt_ms, settings.steps_per_sample * count, 1)
            if not np.isfinite(run.by_point(run.states)[~divergence.diverged]).all():
                run.restore(begin)
                for _ in self._blocks(run, count, start, divergence):
                    pass

    def _blocks(self, run: Run, samples: int, first: int, divergence: Divergence) -> Iterator[np.ndarray]:
        """Blocks of samples [sample, group, region, state, lane], the first of which is number `first`."""
        settings = self.settings
        with np.errstate(over="ignore", invalid="ignore"):
            for start in range(0, samples, BLOCK_SAMPLES):
                count = min(BLOCK_SAMPLES, samples - start)
                begin = run.snapshot()
                states = run.advance(settings.dt_ms, settings.steps_per_sample, count)
                times = settings.sample_ms * (first + start + 1 + np.arange(count))
                for point, sample in divergence.watch(run, states, times).items():
                    divergence.blame(point, self._step_by_step(run, begin, point, sample))
                yield states

    def _step_by_step(self, run: Run, begin, point: int, sample: int) -> np.ndarray:
        """States [step, region, state] of a point in one sample of the block that began at the snapshot `begin`.

        An exact repetition: between two samples a point may go from nothing unusual to infinity in all regions.
        """
        settings, end = self.settings, run.snapshot()
        run.restore(begin)
        if sample:
            run.advance(settings.dt_ms, settings.steps_per_sample, sample)
        before = run.by_point(run.states)[point].copy()
        path = run.advance(settings.dt_ms, 1, settings.steps_per_sample)
        run.restore(end)
        return np.stack([before, *(run.by_point(states)[point] for states in path)])

    def initial_states(self, points: Points) -> np.ndarray:
        """Initial states [point, region, state] by the rule of the settings."""
        initial = self.settings.initial
        regions = self.engine.regions
        if initial.start == "homogeneous":
            base = self._homogeneous(points)
        else:
            base = np.broadcast_to(nominal(self.model), (len(points), len(self.model.states)))
        base = np.repeat(base[:, None, :], regions, axis=1)
        return perturbed(self.model, base, points.seeds, initial.sd)

    def _homogeneous(self, points: Points) -> np.ndarray:
        """`homogeneous_states` of the points; those that differ in seeds and stimuli alone share one computation."""
        row_sum = self.connectome.row_sum("simulation.initial.from: homogeneous")
        keys = [row.tobytes() for row in np.stack(list(points.parameters.values()), axis=1)]
        new = {key: k for k, key in enumerate(keys) if key not in self._settled}
        if new:
            missing = points.take(np.fromiter(new.values(), int))
            states = homogeneous_states(self.model, missing.parameters, row_sum)
            self._settled |= dict(zip(new, states, strict=True))
        return np.stack([self._settled[key] for key in keys])


def noise_of(settings: Simulation, points: Points) -> np.ndarray:
    """Intensity of the noise at every point, [point]: of the settings, or of an axis."""
    return np.broadcast_to(points.extras.get(NOISE, settings.noise_sigma), len(points))


def make_window(
    model: Model, connectome: Connectome, settings: Simulation, points: Points, lesions=(None, None)
) -> SampledWindow:
    """What reducers must know of a simulation; lesioned regions (mask 0) are left out of means over regions."""
    mask, gain = lesions
    return SampledWindow(
        model=model,
        regions=len(connectome),
        samples=settings.window_samples,
        sample_ms=settings.sample_ms,
        parameters=points.parameters,
        noisy=noise_of(settings, points) > 0,
        included=mask,
        gain=gain,
        start_ms=settings.transient_ms,
        stimuli=settings.stimuli,
        extras=points.extras,
        connectome=connectome,
    )


def _finish(activity: Activity, reducers: Sequence[Reducer], divergence: Divergence) -> dict[str, np.ndarray]:
    with np.errstate(all="ignore"):
        results = {"network_regime": activity.regime}
        for reducer in reducers:
            results |= reducer.finish(activity)
    diverged = divergence.diverged
    for name, values in results.items():
        if values.dtype.kind == "f":
            values[diverged] = np.nan
        elif name.endswith("_status"):
            values[diverged] = DIVERGED
        else:
            values[diverged] = -1
    results["simulation_status"] = np.where(diverged, DIVERGED, OK).astype(np.int8)
    results["diverged_at_ms"], results["diverged_region"] = divergence.at_ms, divergence.region
    return results


def homogeneous_states(model: Model, parameters: Mapping[str, np.ndarray], row_sum: float) -> np.ndarray:
    """States [point, state] of the homogeneous system `SETTLE_MS` after its nominal initial state."""
    engine = Engine(model, np.full((1, 1), row_sum), OF_HOMOGENEOUS_STATES)
    states = []
    points = len(parameters["G"])
    for start in range(0, points, engine.batch_size):
        part = {k: v[start : start + engine.batch_size] for k, v in parameters.items()}
        size = len(part["G"])
        run = Run(engine, part, np.broadcast_to(nominal(model), (size, 1, len(model.states))))
        run.advance(SETTLE_DT_MS, round(SETTLE_MS / SETTLE_DT_MS), 1)
        states.append(run.by_point(run.states)[:, 0])
    return np.concatenate(states)
