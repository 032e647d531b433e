"""Network simulation of many parameter points: batches in lanes, blocks of samples to reducers, flat memory."""

import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from ngnmm_core.connectome.connectome import Connectome
from ngnmm_core.errors import InputError
from ngnmm_core.models._base import Model
from ngnmm_core.points import Points
from ngnmm_core.simulation.batch import Batch, Divergence
from ngnmm_core.simulation.delay_settings import ROUNDED, lengths_mm, velocity_at
from ngnmm_core.simulation.delays import Delays
from ngnmm_core.simulation.engine import Engine
from ngnmm_core.simulation.initial_states import perturbed
from ngnmm_core.simulation.integrators import OF_HOMOGENEOUS_STATES, get_integrator, suitable
from ngnmm_core.simulation.lesions import lesion_factors
from ngnmm_core.simulation.noise import Noises
from ngnmm_core.simulation.noise_settings import COMMON, NOISE, TAU
from ngnmm_core.simulation.observation import Reducer, SampledWindow
from ngnmm_core.simulation.own_times import batches, nominal_states, own_time, point_factors, state_units, time_factor
from ngnmm_core.simulation.regional import RegionalMaps
from ngnmm_core.simulation.results import Results
from ngnmm_core.simulation.run import Run
from ngnmm_core.simulation.settings import Simulation
from ngnmm_core.simulation.step_choice import FEW_REGIONS, LONGEST_MS, SLACK, Ladder, ladder, only, watch_limits
from ngnmm_core.simulation.stimuli import edges_ms
from ngnmm_core.simulation.trial import Trial
from ngnmm_core.simulation.waveforms import Schedule
from ngnmm_core.streaming.activity import Activity
from ngnmm_core.streaming.block import Block, Observers
from ngnmm_core.streaming.history import History

SETTLE_DT_MS = 0.01
SETTLE_MS = 2000.0  # how long the homogeneous system runs before a network starts from it, in own units of time


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
    regional : RegionalMaps, optional
        Maps of parameters that differ between regions.
    """

    model: Model
    connectome: Connectome
    settings: Simulation
    reducers: Sequence[tuple[Callable[..., Reducer], Any]] = ()
    regional: RegionalMaps | None = None
    engine: Engine = field(init=False)
    _settled: dict[bytes, np.ndarray] = field(init=False, default_factory=dict)
    _lengths: np.ndarray | None = field(init=False, default=None)  # of the connections, mm
    _integrating: float = field(init=False, default=0.0)  # seconds of CPU time, by the network's integrator

    def __post_init__(self):
        self.settings = settings = self.settings.resolved(self.model.qif is not None)
        W = self.connectome.weights
        self._maps = self.regional or RegionalMaps((), self.connectome, self.model)
        self.engine = Engine(self.model, W, settings.method, settings.precision, settings.substeps)

    def run(self, points: Points) -> dict[str, np.ndarray]:
        """All results for all points, one array [point, ...] per variable."""
        used, self._integrating = time.process_time(), 0.0
        if self.settings.initial.start == "homogeneous":
            self._homogeneous(points)  # together, as many points share theirs
        steps_ms, wrong = np.empty(len(points)), np.zeros(len(points), bool)
        results = Results(len(points))
        for steps, places in self._ladders(points):
            steps_ms[places], wrong[places] = self._run_on(steps, points.take(places), places, results)
        logging.info("integration: %.2f of %.2f s of CPU time", self._integrating, time.process_time() - used)
        return results.whole(steps_ms, wrong)

    def _ladders(self, points: Points) -> list[tuple[Ladder, np.ndarray]]:
        """List the steps that points may have, and the places of the points that have these."""
        edges = edges_ms(self.settings.stimuli, points.columns, len(points))
        delayed = np.isfinite(velocity_at(self.settings, points))
        found: dict[Ladder, list[int]] = {}
        for k, factor in enumerate(self.time_factors(points)):
            own = self.settings.own_ladder(float(factor), edges[np.isfinite(edges[:, k]), k], bool(delayed[k]))
            found.setdefault(own, []).append(k)
        return [(steps, np.array(places)) for steps, places in found.items()]

    def _run_on(
        self, steps: Ladder, points: Points, all_places: np.ndarray, results: Results
    ) -> tuple[np.ndarray, np.ndarray]:
        """Compute points of one ladder, which have these places; their steps (ms), and which are known to be wrong."""
        rungs, wrong = Trial(self, points, steps).rungs()
        defined = self._maps.defined(points)
        rungs[~defined] = 0  # no step makes up for parameters that there are not
        for rung, step_ms in enumerate(steps.steps_ms):
            last = rung + 1 == len(steps.steps_ms)
            for some in self.batches(points, np.flatnonzero(rungs == rung), self.kinds(points)):
                part, missed = self.run_batch(points.take(some), step_ms, all_places[some])
                missed &= defined[some]
                again = some[missed] if not last else some[:0]
                rungs[again] = rung + 1
                results.put(all_places[some], part, len(some) - len(again))
                if last:
                    wrong[some[missed]] = True
        return np.take(steps.steps_ms, rungs), wrong

    def batches(self, points: Points, places: np.ndarray, kinds: np.ndarray) -> Iterator[np.ndarray]:
        """Points that are computed side by side: of one kind [point], with maps or none, of one velocity and time."""
        size, kinds = self.engine.batch_size, 2 * kinds[places] + self._maps.differ(points)[places]
        told = np.stack([kinds, velocity_at(self.settings, points)[places], self.time_factors(points)[places]])
        kinds = np.unique(told, axis=1, return_inverse=True)[1].ravel()
        for kind in np.unique(kinds):
            some = places[kinds == kind]
            yield from (some[start : start + size] for start in range(0, len(some), size))

    def time_factors(self, points: Points) -> np.ndarray:
        """Tell by how much all time constants of every point are longer than the defaults, [point]."""
        return point_factors(self.model, self._maps.parameters(points))

    def kinds(self, points: Points) -> np.ndarray:
        """Tell apart what is compiled for the noise and the delays of every point, [point]."""
        noise, delayed = noise_at(self.settings, points), np.isfinite(velocity_at(self.settings, points))
        noisy = np.asarray(noise.sigma) > 0
        return noisy + 2 * (noisy & (noise.common > 0)) + 4 * (noisy & (noise.tau_ms > 0)) + 8 * delayed

    def _delays(self, points: Points) -> Delays | None:
        """Give the delays of points of one velocity."""
        velocity = float(velocity_at(self.settings, points)[0])
        if np.isinf(velocity):
            return None
        if self.settings.integrator.qif_only and self.model.qif.sent_tau is not None:
            raise InputError(
                f"simulation.method: {self.settings.method} with conduction delays is for models that send a synapse, "
                f"and {self.model.name} sends a rate; allowed: multirate, rk4, heun"
            )
        if self._lengths is None:
            self._lengths = lengths_mm(self.connectome, self.settings.missing_lengths)
        return Delays(self._lengths / velocity, self.settings.delays == ROUNDED)  # mm per (m/s) are ms

    def run_batch(self, points: Points, step_ms: float, places: np.ndarray) -> tuple[dict[str, np.ndarray], np.ndarray]:
        """Compute the results for at most `engine.batch_size` points, and which of them missed the accuracy, [point].

        `places` are the positions of the points among all.
        """
        activity, reducers, batch = self.feed(points, step_ms, places)
        missed = np.zeros(len(points), bool)
        if self.engine.watches:
            within = batch.run.watched <= SLACK * self.watch_limits(points)
            missed = ~(within & ~batch.divergence.diverged)
        return _finish(activity, reducers, batch.divergence), missed

    def watch_limits(self, points: Points) -> np.ndarray:
        """Give the limits [point] of what the method sees of its own error, in a trial."""
        return watch_limits(self.model, points.parameters, self.engine.regions, self.settings.accuracy)

    def feed(
        self, points: Points, step_ms: float | None = None, places: np.ndarray | None = None
    ) -> tuple[Activity, list[Reducer], Batch]:
        """Simulate a batch and let the reducers take every sample of the window."""
        settings = self.settings
        run = self.start(points)
        batch = Batch(run, settings, step_ms or settings.longest_step_ms)
        batch.pass_transient()
        window = make_window(self.model, self.connectome, settings, points, self._lesions(points))
        window = replace(window, places=places)
        observers = Observers(self.model, run.batch.coefficients, self.engine.width, run.engine.regional)
        activity = Activity(window.samples, len(points), window.noisy, batch.undersampled(observers))
        reducers, history = [make(options, window) for make, options in self.reducers], History()
        for states, spikes in batch.blocks(settings.window_samples, settings.transient_samples):
            block = Block(states, observers, history, (run.engine.counted, spikes))
            activity.consume(block.observable)
            for reducer in reducers:
                reducer.consume(block)
        self._integrating += run.cpu_seconds
        return activity, reducers, batch

    def start(self, points: Points, quiet: bool = False) -> Run:
        """Set up a batch of points at the start of their simulation; `quiet` without noise."""
        settings = self.settings
        noise = Noises() if quiet else noise_at(settings, points)
        noisy = bool(np.any(noise.sigma > 0))
        initial, lesions = self.initial_states(points), self._lesions(points)
        engine = replace(
            self.engine,
            noisy=noisy and self.engine.watches,
            shared=noisy and noise.shared,
            coloured=noisy and noise.coloured,
            delays=self._delays(points),
        )
        run = Run(engine, self._maps.parameters(points), initial, lesions, noise)
        if settings.stimuli:
            labels = self.connectome.labels
            run.stimulate(Schedule(settings.stimuli, self.model.drives, labels, points.columns, len(points)))
        return run

    def _lesions(self, points: Points) -> tuple[np.ndarray, np.ndarray]:
        return lesion_factors(points, self.connectome.weights, self.settings.resection, self.connectome.labels)

    def initial_states(self, points: Points) -> np.ndarray:
        """Draw the initial states [point, region, state] by the rule of the settings."""
        initial = self.settings.initial
        regions = self.engine.regions
        if initial.start == "homogeneous":
            base = self._homogeneous(points)
        else:
            base = nominal_states(self.model, points.parameters)
        base = np.repeat(base[:, None, :], regions, axis=1)
        units = state_units(self.model, points.parameters)
        return perturbed(self.model, base, points.seeds, initial.sd, units)

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


def noise_at(settings: Simulation, points: Points) -> Noises:
    """Noise of every point: of the settings, or of axes."""
    sigma, common, tau_ms = (points.values(name, getattr(settings, name)) for name in (NOISE, COMMON, TAU))
    return Noises(sigma, points.seeds, common, tau_ms)


def make_window(
    model: Model, connectome: Connectome, settings: Simulation, points: Points, lesions=(None, None)
) -> SampledWindow:
    """Collect what reducers must know of a simulation; lesioned regions (mask 0) are left out of means over regions."""
    mask, gain = lesions
    return SampledWindow(
        model=model,
        regions=len(connectome),
        samples=settings.window_samples,
        sample_ms=settings.sample_ms,
        parameters=points.parameters,
        noisy=noise_at(settings, points).sigma > 0,
        included=mask,
        gain=gain,
        start_ms=settings.transient_ms,
        stimuli=settings.stimuli,
        columns=points.columns,
        connectome=connectome,
    )


def _finish(activity: Activity, reducers: Sequence[Reducer], divergence: Divergence) -> dict[str, np.ndarray]:
    with np.errstate(all="ignore"):
        results = {"network_regime": activity.regime}
        for reducer in reducers:
            results |= reducer.finish(activity)
    return results | {"diverged_at_ms": divergence.at_ms, "diverged_region": divergence.region}


def homogeneous_states(model: Model, parameters: Mapping[str, np.ndarray], row_sum: float) -> np.ndarray:
    """States [point, state] of the homogeneous system `SETTLE_MS` after its nominal initial state."""
    method = suitable(model.qif is not None, False, "float64")
    watches = get_integrator(method).watches
    steps = ladder(LONGEST_MS) if watches else only(SETTLE_DT_MS)
    engine = Engine(model, np.full((1, 1), row_sum), method if len(steps.steps_ms) > 1 else OF_HOMOGENEOUS_STATES)
    points = len(parameters["G"])
    factors = time_factor(model, parameters) * np.ones(points)
    limits = SLACK * watch_limits(model, parameters, FEW_REGIONS, "strict") if watches else np.full(points, np.inf)
    states, left = np.empty((points, len(model.states))), np.arange(points)
    for step_ms in steps.steps_ms:
        good = np.zeros(points, bool)
        for some in batches(left, factors, engine.batch_size):
            part = {name: values[some] for name, values in parameters.items()}
            own = own_time(model, part, float(factors[some[0]]))
            run = Run(engine, own.parameters, np.broadcast_to(model.nominal, (len(some), 1, len(model.states))))
            with np.errstate(over="ignore", invalid="ignore"):
                run.advance(step_ms, round(SETTLE_MS / step_ms), 1)
            states[some] = run.by_point(run.states)[:, 0] * own.units
            good[some] = run.watched <= limits[some]
        left = left[~good[left]]
    return states
