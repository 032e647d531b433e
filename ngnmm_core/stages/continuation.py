"""The job of the stage `continuation`: a bifurcation diagram, or the curves in two parameters, of every point."""

import logging

import numpy as np

from ngnmm_core.analysis.continuation import (
    CURVES,
    INCOMPLETE,
    MOST_SPECIAL,
    OK,
    TRUNCATED,
    variables,
)
from ngnmm_core.dynamics.continuation.diagram import diagram
from ngnmm_core.dynamics.continuation.plane import bifurcation_curves
from ngnmm_core.dynamics.continuation.segments import integrate
from ngnmm_core.dynamics.continuation.system import System
from ngnmm_core.dynamics.variational import WIDTH
from ngnmm_core.simulation.initial_states import nominal
from ngnmm_core.stages.continuation_table import Table
from ngnmm_core.stages.task import Task


def run(task: Task) -> dict[str, np.ndarray]:
    """Results, one array [point, ...] per variable."""
    row_sum = task.connectome.row_sum("analyses.continuation")
    tables = [_one(task, k, row_sum) for k in range(len(task.points))]
    return {name: np.stack([table[name] for table in tables]) for name in tables[0]}


def _one(task: Task, k: int, row_sum: float) -> dict[str, np.ndarray]:
    options = task.options("continuation")
    sizes = {"row": options.rows, "special_point": MOST_SPECIAL, "state": len(task.model.states)}
    table = Table(variables(options), sizes)
    values = {name: float(column[k]) for name, column in task.points.parameters.items()}
    if task.points.extras[CURVES][k]:
        system = System(task.model, values, row_sum, (options.parameter, options.second))
        plane = (options.range, options.second_range)
        curves, failures = bifurcation_curves(system, plane, task.settings["ladder"], doublings=options.doublings)
        table.add_curves(curves)
    else:
        found = diagram(System(task.model, values, row_sum, (options.parameter,)), options.range, options.doublings)
        failures = found.failures
        table.add_diagram(found)
    for text in failures:
        logging.warning("%s", text)
    state = TRUNCATED if table.truncated else INCOMPLETE if failures else OK
    table.arrays["continuation_status"] = np.int8(state)
    logging.info("point %d/%d: %s", k + 1, len(task.points), table.filled)
    return table.arrays


def window(task: Task) -> Task:
    """What the coordinates are made from: the task, for the names of the states."""
    return task


def warm(task: Task) -> None:
    """Compiles everything that `run` calls: the kernel does not depend on the number of free parameters."""
    options = task.options("continuation")
    values = {name: float(column[0]) for name, column in task.points.parameters.items()}
    system = System(task.model, values, 1.0, (options.parameter,))
    starts = np.tile(nominal(task.model), (WIDTH, 1))
    integrate(system, starts, np.array([options.range[0]]), np.full(WIDTH, 0.1), 1)
