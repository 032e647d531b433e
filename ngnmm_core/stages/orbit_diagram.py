"""The stage `orbit_diagram`: trajectories of the homogeneous system, and their local maxima."""

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ngnmm_core.analysis.orbit_diagram import OrbitDiagramStatus, local_maxima
from ngnmm_core.simulation.initial_states import nominal
from ngnmm_core.stages.contract import OF_NETWORKS, Rates, Stage, equal_rows
from ngnmm_core.stages.layouts import row_sum_layout
from ngnmm_core.stages.task import Task
from ngnmm_core.study.study import Study

if TYPE_CHECKING:
    from ngnmm_core.simulation.engine import Engine

METHOD = "rk4"
DT_MS, STEPS_PER_SAMPLE = 0.01, 10  # maxima are rounded tops of synaptic activity: 0.1 ms resolves them
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
    for start in range(0, len(points), engine.batch_size):
        part = points.take(slice(start, start + engine.batch_size))
        for k, signal in enumerate(_signals(engine, part, options)):
            _fill(results, start + k, signal, options.count)
        if start % REPORTED == 0:
            logging.info("point %d/%d", start + len(part), len(points))
    return results


def _signals(engine: "Engine", points, options) -> np.ndarray:
    """Simulate the state that is looked at, [point, sample]."""
    from ngnmm_core.simulation.engine import Run

    states = len(engine.model.states)
    run = Run(engine, points.parameters, np.broadcast_to(nominal(engine.model), (len(points), 1, states)))
    sample_ms = DT_MS * STEPS_PER_SAMPLE
    with np.errstate(over="ignore", invalid="ignore"):
        if options.transient_ms:
            run.advance(DT_MS, round(options.transient_ms / DT_MS), 1)
        samples = run.advance(DT_MS, STEPS_PER_SAMPLE, round(options.duration_ms / sample_ms) + 1)
    index = engine.model.state_names.index(options.state)
    return np.ascontiguousarray(samples[:, 0, 0, index, : len(points)].T)


def _fill(results, k: int, signal: np.ndarray, count: int) -> None:
    if not np.isfinite(signal).all():
        results["orbit_diagram_status"][k] = OrbitDiagramStatus.DIVERGED
        results["maxima_count"][k] = -1
        return
    maxima = local_maxima(signal) if np.ptp(signal) > AT_REST else np.zeros(0)
    results["maxima_count"][k] = len(maxima)
    if len(maxima) == 0:
        results["orbit_diagram_status"][k] = OrbitDiagramStatus.NO_MAXIMA
    kept = maxima[-count:]
    results["local_maxima"][k, count - len(kept) :] = kept


def warm(task: Task) -> None:
    """Compiles everything that `run` calls."""
    from ngnmm_core.simulation.engine import Engine

    options = task.options("orbit_diagram").model_copy(update={"transient_ms": 0.1, "duration_ms": 1.0})
    _signals(Engine(task.model, np.full((1, 1), 1.0), METHOD), task.points.take(slice(0, 1)), options)


def _integrators(settings: Mapping[str, Any]) -> tuple[str, ...]:
    return (METHOD,)


def _cost(study: Study, regions: int) -> Rates:
    return Rates(0.02)


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
