"""The stage `orbit_diagram`: trajectories of the homogeneous system, and their local maxima."""

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ngnmm_core.analysis.orbit_diagram import OrbitDiagramStatus, local_maxima, maxima_error
from ngnmm_core.simulation.own_times import batches, nominal_states, state_factors, time_factor
from ngnmm_core.stages.contract import OF_NETWORKS, Rates, Stage, equal_rows
from ngnmm_core.stages.layouts import row_sum_layout
from ngnmm_core.stages.task import Task
from ngnmm_core.study.study import Study

if TYPE_CHECKING:
    from ngnmm_core.simulation.engine import Engine

METHOD = "rk4"
# times for the default time constants of a model: see `own_times`
SAMPLE_MS, STEPS_PER_SAMPLE, HALVINGS = 0.1, 5, 5  # the longest ones that are tried, and how often both are halved
STRETCH_MS = 50.0  # after which the run with longer steps starts anew from the state of the other one
MOST_ERROR = 1e-4  # of the range of the signal: no figure shows it
AT_REST = 1e-9  # a signal that varies by less has no maxima but those of round-off
REPORTED = 256  # points between lines in the log


def run(task: Task) -> dict[str, np.ndarray]:
    """Results, one array [point, ...] per variable."""
    from ngnmm_core.simulation.engine import Engine

    options, points = task.options("orbit_diagram"), task.points
    engine = Engine(task.model, np.full((1, 1), task.connectome.row_sum("analyses.orbit_diagram")), METHOD)
    results = {
        "local_maxima": np.full((len(points), options.count), np.nan),
        "maxima_count": np.zeros(len(points), np.int32),
        "orbit_diagram_status": np.full(len(points), OrbitDiagramStatus.OK, np.int8),
    }
    units, left = time_factor(task.model, points.parameters) * np.ones(len(points)), np.arange(len(points))
    for halvings in range(HALVINGS + 1):
        again = []
        for some in batches(left, units, engine.batch_size):
            signals, errors = _signals(engine, points.take(some), options, halvings, float(units[some[0]]))
            missed = ~(errors <= MOST_ERROR)
            for k, signal, inaccurate in zip(some, signals, missed, strict=True):
                if not inaccurate or halvings == HALVINGS:
                    _fill(results, k, signal, options, _at_rest(task.model, options, float(units[k])), inaccurate)
            again.append(some[missed])
            if some[0] % REPORTED == 0:
                logging.info("point %d/%d, steps halved %d times", some[-1] + 1, len(points), halvings)
        left = np.sort(np.concatenate(again))
        if not len(left):
            break
    return results


def _signals(engine: "Engine", points, options, halvings: int, unit_ms: float) -> tuple[np.ndarray, np.ndarray]:
    """Simulate the state that is looked at, [point, sample], and find how far it may be wrong, [point], over its range.

    Over stretches of the time that is looked at, steps of twice the length are taken from the same states.  What
    maxima between samples may be wrong by counts as well.
    """
    from ngnmm_core.simulation.run import Run

    states = nominal_states(engine.model, points.parameters)
    sample_ms = SAMPLE_MS / 2**halvings * unit_ms
    dt_ms, index = sample_ms / STEPS_PER_SAMPLE, engine.model.state_names.index(options.state)
    watch = lambda run, step_ms, count: run.advance(step_ms, STEPS_PER_SAMPLE, count)[:, 0, 0, index, : len(points)].T
    fine = Run(engine, points.parameters, states[:, None])
    parts, apart = [], np.zeros(len(points))
    left = round(options.duration_ms / sample_ms) + 1
    with np.errstate(over="ignore", invalid="ignore"):
        if options.transient_ms:
            fine.advance(dt_ms, round(options.transient_ms / dt_ms), 1)
        while left > 0:
            count = min(left, round(STRETCH_MS * unit_ms / sample_ms))
            coarse = Run(engine, points.parameters, fine.by_point(fine.states).copy())
            parts.append(watch(fine, dt_ms, count))
            other = watch(coarse, 2.0 * dt_ms, count // 2)
            apart = np.maximum(apart, np.abs(other - parts[-1][:, 1 : 2 * (count // 2) : 2]).max(axis=1, initial=0.0))
            left -= count
        signals = np.concatenate(parts, axis=1)
        # of the fourth order: what is left with half the step is a sixteenth
        errors = np.maximum(apart / 16.0, [maxima_error(signal) for signal in signals])
        return signals, errors / np.maximum(np.ptp(signals, axis=1), _at_rest(engine.model, options, unit_ms))


def _at_rest(model, options, unit_ms: float) -> float:
    """Range below which the state has no maxima."""
    return AT_REST * float(state_factors(model, unit_ms)[model.state_names.index(options.state)])


def _fill(results, k: int, signal: np.ndarray, options, floor: float, inaccurate: bool) -> None:
    """Enter a point whose steps were short enough, or can't be shorter; `floor` is the range at rest."""
    if not np.isfinite(signal).all():
        results["orbit_diagram_status"][k] = OrbitDiagramStatus.DIVERGED
        results["maxima_count"][k] = -1
        return
    maxima = local_maxima(signal) if np.ptp(signal) > floor else np.zeros(0)
    results["maxima_count"][k] = len(maxima)
    if len(maxima) == 0:
        results["orbit_diagram_status"][k] = OrbitDiagramStatus.NO_MAXIMA
    if inaccurate:
        results["orbit_diagram_status"][k] = OrbitDiagramStatus.INACCURATE
    kept = maxima[-options.count :]
    results["local_maxima"][k, options.count - len(kept) :] = kept


def warm(task: Task) -> None:
    """Compiles everything that `run` calls."""
    from ngnmm_core.simulation.engine import Engine

    options = task.options("orbit_diagram").model_copy(update={"transient_ms": 0.1, "duration_ms": 1.0})
    _signals(Engine(task.model, np.full((1, 1), 1.0), METHOD), task.points.take(slice(0, 1)), options, 0, 1.0)


def _integrators(settings: Mapping[str, Any]) -> tuple[str, ...]:
    return (METHOD,)


def _cost(study: Study, regions: int) -> Rates:
    return Rates(0.01)


STAGE = Stage(
    name="orbit_diagram",
    run=run,
    warm=warm,
    layout=row_sum_layout,
    cost=_cost,
    integrators=_integrators,
    needs_equal_rows=equal_rows,
    unreachable=OF_NETWORKS,
)
