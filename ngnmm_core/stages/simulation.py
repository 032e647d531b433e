"""The stage `simulation`: network simulations, and the analyses that are fed by them."""

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ngnmm_core.analysis.contract import Variable, status
from ngnmm_core.points import SEED, Points
from ngnmm_core.simulation.delay_settings import velocity_at
from ngnmm_core.simulation.integrators import EXACT, OF_HOMOGENEOUS_STATES, get_integrator
from ngnmm_core.simulation.observation import SampledWindow, SimulationStatus
from ngnmm_core.simulation.own_times import point_factors
from ngnmm_core.simulation.settings import Simulation
from ngnmm_core.simulation.step_choice import TRIAL_MS, expected_steps
from ngnmm_core.stages.contract import EVERY_SETTING, PRODUCT_SECONDS, Rates, Reducers, Stage
from ngnmm_core.stages.layouts import network_layout
from ngnmm_core.stages.task import Task
from ngnmm_core.streaming.activity import NetworkRegime
from ngnmm_core.study.study import Study

if TYPE_CHECKING:
    from ngnmm_core.simulation.simulator import Simulator

SAMPLE_SECONDS = 9e-9  # per region, point, sample and analysis
DELAYED_PAIR_SECONDS = {"interpolated": 3.3e-10, "rounded": 1.7e-10}  # per pair of regions and point, of a coupling sum
PAIR_SECONDS = 2e-11  # per pair of regions, point and sample, for the covariances of one signal
LANES = {"float64": 8, "float32": 16}
WARM_SAMPLES = 256  # enough for the filters to give output

VARIABLES = (
    Variable("network_regime", (), "1", "regime of the network", dtype="int8", flags=NetworkRegime.meanings()),
    status("simulation", SimulationStatus),
    Variable("step_ms", (), "ms", "integration step"),
    Variable("diverged_at_ms", (), "ms", "time at which the solution ceased to be finite"),
    Variable("diverged_region", (), "1", "index of the first region that ceased to be finite", dtype="int32"),
)


def run(task: Task) -> dict[str, np.ndarray]:
    """Results, one array [point, ...] per variable."""
    settings = Simulation.model_validate(task.settings)
    recorded: Reducers = [] if task.record is None else [(task.record, None)]
    return simulator(task, settings, [*reducers(task), *recorded]).run(task.points)


def reducers(task: Task) -> Reducers:
    """Give the reducers of the analyses that simulations feed."""
    return [(analysis.reducer, options) for analysis, options in task.analyses if analysis.reducer is not None]


def simulator(task: Task, settings: Simulation, fed: Reducers) -> "Simulator":
    """Build the simulator of a task."""
    from ngnmm_core.simulation.simulator import Simulator

    return Simulator(task.model, task.connectome, settings, fed, task.regional)


def window(task: Task) -> SampledWindow:
    """Describe what the analyses see of the simulations."""
    from ngnmm_core.simulation.simulator import make_window

    return make_window(task.model, task.connectome, Simulation.model_validate(task.settings), task.points)


def warm(task: Task) -> None:
    """Compiles everything that `run` calls."""
    compile_with(task, reducers(task))


def compile_with(task: Task, fed: Reducers) -> None:
    """Run one point (and one with maps) for a few samples, which compiles the integrator and the reducers."""
    settings = Simulation.model_validate(task.settings)
    times = {"transient_ms": settings.sample_ms, "duration_ms": WARM_SAMPLES * settings.sample_ms}
    made, step_ms = simulator(task, settings.model_copy(update=times), fed), settings.longest_step_ms
    differ = task.regional.differ(task.points)
    for first in np.unique(2 * made.kinds(task.points) + differ, return_index=True)[1]:
        made.feed(task.points.take(slice(first, first + 1)))
    for first in np.unique(differ, return_index=True)[1]:
        made.start(task.points.take(slice(first, first + 1)), quiet=True).advance(step_ms, 1, 1)  # as trials do


def _settings(study: Study) -> dict[str, Any]:
    return study.simulation.model_dump(mode="json", by_alias=True)


def integrators_of(settings: Mapping[str, Any]) -> tuple[str, ...]:
    """Give the names of the integrators that simulations with these settings use."""
    return (settings["method"], *homogeneous_start(settings))


def homogeneous_start(settings: Mapping[str, Any]) -> tuple[str, ...]:
    """Give the names of the integrators that may find the homogeneous state, if the network starts from it."""
    return (OF_HOMOGENEOUS_STATES, EXACT) if settings["initial"]["from"] == "homogeneous" else ()


def fc_signals(study: Study) -> int:
    """Give the number of signals whose covariances are accumulated."""
    return len(study.options["fc"].signals) if "fc" in study.options else 0


def simulation_rates(settings: Mapping[str, Any], regions: int, analyses: int, signals: int) -> Rates:
    """Give the cost of network simulations that feed some analyses and accumulate covariances of some signals."""
    integrator, half = get_integrator(settings["method"]), 0.5 if settings["precision"] == "float32" else 1.0
    substeps = settings["substeps"] if integrator.local_steps else 1
    step = integrator.products * PRODUCT_SECONDS * regions**2
    step += integrator.evaluations * substeps * integrator.evaluation_seconds * regions
    step += integrator.noise_seconds * regions
    if settings["velocity_m_per_s"] is not None:
        step += DELAYED_PAIR_SECONDS[settings["delays"]] * regions**2 * integrator.products
    transient = half * step / (settings["dt_ms"] or integrator.step_ms)
    sample = SAMPLE_SECONDS * regions * max(analyses, 1) + PAIR_SECONDS * regions**2 * signals
    window = transient + sample / settings["sample_ms"]
    return Rates(integrator.start_ms * transient, transient, window, LANES[settings["precision"]])


def in_steps(study: Study, rates: Rates, regions: int, stage: Stage) -> Rates:
    """Give the rates of steps of the longest size for the steps that points will probably choose."""
    settings = Simulation.model_validate(dict(stage.settings(study)))
    if settings.dt_ms is not None:
        return rates
    points = stage.layout(study, regions).points
    kernel = rates.transient * float(np.mean(settings.integrator.step_ms / likely_steps(study, settings, points)))
    longer = float(np.mean(point_factors(study.model, points.parameters)))
    fixed = rates.fixed + TRIAL_MS * longer * kernel
    if not settings.integrator.watches:
        fixed = rates.fixed * longer * kernel / rates.transient
    return replace(rates, fixed=fixed, transient=kernel, window=kernel + rates.window - rates.transient)


def likely_steps(study: Study, settings: Simulation, points: Points) -> np.ndarray:
    """Guess the steps (ms) of points, [point]: for estimates of cost and memory alone."""
    if settings.dt_ms is not None:
        return np.full(len(points), settings.dt_ms)
    if settings.integrator.watches:
        return expected_steps(study.model, points.parameters, settings.sample_ms)
    delayed = np.isfinite(velocity_at(settings, points))
    factors = point_factors(study.model, points.parameters)
    each = zip(factors, delayed, strict=True)
    return np.array([settings.own_ladder(float(factor), (), bool(late)).steps_ms[0] for factor, late in each])


def _cost(study: Study, regions: int) -> Rates:
    rates = simulation_rates(_settings(study), regions, len(STAGE.analyses(study)), fc_signals(study))
    return in_steps(study, rates, regions, STAGE)


STAGE = Stage(
    name="simulation",
    run=run,
    warm=warm,
    window=window,
    reducers=reducers,
    integrators=integrators_of,
    layout=network_layout,
    settings=_settings,
    cost=_cost,
    signals=fc_signals,
    starts_network=True,
    reads=(*EVERY_SETTING, SEED),
    own_variables=VARIABLES,
)
