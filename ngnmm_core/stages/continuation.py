"""The stage `continuation`: a bifurcation diagram, or the curves in two parameters, of every point."""

import logging
from typing import Any

import numpy as np

from ngnmm_core.analysis.continuation import (
    CURVES,
    MOST_SPECIAL,
    ContinuationStatus,
    variables,
)
from ngnmm_core.points import SEED, Kind, Points
from ngnmm_core.stages.contract import BRANCHES, OF_NETWORKS, Layout, Rates, Stage, equal_rows
from ngnmm_core.stages.layouts import row_sum_layout
from ngnmm_core.stages.task import Task
from ngnmm_core.study.study import Study

DIAGRAM_SECONDS = 2.0
# per value of a ladder: curves in the plane take 4 (a small part of it) to 90 (the whole of it, with homoclinic orbits)
CURVE_SECONDS = 20.0
LADDER = 5  # diagrams that curves start from where neither the options nor the grid say which


def run(task: Task) -> dict[str, np.ndarray]:
    """Results, one array [point, ...] per variable."""
    row_sum = task.connectome.row_sum("analyses.continuation")
    tables = [_one(task, k, row_sum) for k in range(len(task.points))]
    return {name: np.stack([table[name] for table in tables]) for name in tables[0]}


def _one(task: Task, k: int, row_sum: float) -> dict[str, np.ndarray]:
    from ngnmm_core.dynamics.continuation.diagram import diagram
    from ngnmm_core.dynamics.continuation.plane import bifurcation_curves
    from ngnmm_core.dynamics.continuation.system import System
    from ngnmm_core.stages.continuation_table import Table

    options = task.options("continuation")
    sizes = {"row": options.rows, "special_point": MOST_SPECIAL, "state": len(task.model.states)}
    table = Table(variables(options), sizes)
    values = {name: float(column[k]) for name, column in task.points.parameters.items()}
    if task.points.columns[CURVES][k]:
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
    state = ContinuationStatus.INCOMPLETE if failures else ContinuationStatus.OK
    state = ContinuationStatus.TRUNCATED if table.truncated else state
    table.arrays["continuation_status"] = np.int8(state)
    logging.info("point %d/%d: %s", k + 1, len(task.points), table.filled)
    return table.arrays


def warm(task: Task) -> None:
    """Compiles everything that `run` calls: the kernel does not depend on the number of free parameters."""
    from ngnmm_core.dynamics.continuation.segments import integrate
    from ngnmm_core.dynamics.continuation.system import System
    from ngnmm_core.dynamics.packing import WIDTH

    options = task.options("continuation")
    values = {name: float(column[0]) for name, column in task.points.parameters.items()}
    system = System(task.model, values, 1.0, (options.parameter,))
    starts = np.tile(task.model.nominal, (WIDTH, 1))
    integrate(system, starts, np.array([options.range[0]]), np.full(WIDTH, 0.1), 1)


def _layout(study: Study, regions: int) -> Layout:
    """Lay out a diagram per point of the grid without the continued parameter, then curves per point without both."""
    options, points = study.options["continuation"], row_sum_layout(study).points
    one = _without(study, points, [options.parameter])
    both = _without(study, points, [options.parameter, options.second] if options.second else [])
    index = np.concatenate([one, both if options.second else []]).astype(int)
    points = points.take(index).only(Kind.PARAMETER, Kind.CONNECTOME)
    parameters = dict(points.parameters)
    for target in study.model.targets(options.parameter):  # so that a diagram is the same whatever the grid
        parameters[target] = np.full(len(index), options.range[0])
    curves = np.arange(len(index)) >= len(one)
    for target in study.model.targets(options.second) if options.second else ():
        parameters[target] = np.where(curves, options.second_range[0], parameters[target])
    points = points.having(parameters, Kind.PARAMETER).having({SEED: np.zeros(len(index))}, Kind.SEED)
    return Layout(("diagram",), (len(index),), points.having({CURVES: curves}, Kind.SETTING))


def _without(study: Study, points: Points, names: list[str]) -> np.ndarray:
    """Pick the first of all points that differ in other parameters than `names`."""
    dropped = {target for name in names for target in study.model.targets(name)}
    found = points.only(Kind.PARAMETER, Kind.CONNECTOME)
    kept = [values for name, values in found.columns.items() if name not in dropped]
    return np.sort(np.unique(np.column_stack(kept), axis=0, return_index=True)[1])


def _ladder(study: Study) -> dict[str, Any]:
    """Values of the second parameter whose diagrams the curves start from."""
    options = study.options["continuation"]
    if options.second is None or options.ladder:
        return {"ladder": list(options.ladder)}
    if options.second in study.axes:
        return {"ladder": sorted({float(v) for v in study.axes[options.second]})}
    low, high = options.second_range
    return {"ladder": [low + (high - low) * (k + 0.5) / LADDER for k in range(LADDER)]}


def _cost(study: Study, regions: int) -> Rates:
    curves = _layout(study, regions).points.columns[CURVES]
    return Rates(DIAGRAM_SECONDS + CURVE_SECONDS * len(_ladder(study)["ladder"]) * float(curves.mean()))


STAGE = Stage(
    name="continuation",
    run=run,
    warm=warm,
    layout=_layout,
    settings=_ladder,
    cost=_cost,
    needs_equal_rows=equal_rows,
    unreachable=OF_NETWORKS,
    measured=False,
    file=BRANCHES,
)
