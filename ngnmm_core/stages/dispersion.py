"""The stage `dispersion`: growth rates against Lambda at every point."""

import numpy as np

from ngnmm_core.analysis.dispersion import MOST_INTERVALS, DispersionStatus
from ngnmm_core.stages.contract import OF_NETWORKS, Stage, equal_rows
from ngnmm_core.stages.layouts import homogeneous_layout
from ngnmm_core.stages.task import Task


def run(task: Task) -> dict[str, np.ndarray]:
    """Results, one array [point, ...] per variable."""
    from ngnmm_core.dynamics.attractor import find_attractors
    from ngnmm_core.dynamics.dispersion import dispersions
    from ngnmm_core.dynamics.stability_intervals import stable_intervals, transverse

    parameters, axis = task.points.parameters, task.options("dispersion").axis.values
    row_sum = task.connectome.row_sum("analyses.dispersion")
    attractors = find_attractors(task.model, parameters, row_sum)
    relation = dispersions(task.model, parameters, row_sum, attractors, axis * row_sum)
    known = np.array([a is not None for a in attractors])
    regular = np.isfinite(relation.growth_rate).all(axis=1)
    coupled = np.where(parameters["G"] == 0, DispersionStatus.UNCOUPLED, DispersionStatus.OK)
    status = np.where(regular, coupled, np.where(known, DispersionStatus.IRREGULAR, DispersionStatus.DIVERGED))
    intervals = np.full((len(status), MOST_INTERVALS, 2), np.nan)
    for k in np.flatnonzero(regular):
        found = stable_intervals(axis, transverse(relation.growth_rate[k], axis))[:MOST_INTERVALS]
        intervals[k, : len(found)] = found
    return {
        "growth_curve": relation.growth_rate,
        "growth_curve_frequency": relation.frequency,
        "stable_intervals": intervals,
        "dispersion_status": status.astype(np.int8),
    }


def warm(task: Task) -> None:
    """Compiles everything that `run` calls."""
    from ngnmm_core.dynamics.attractor import find_attractors
    from ngnmm_core.dynamics.variational import warm_solutions

    warm_solutions(task.model, False)
    find_attractors(task.model, task.points.take(slice(0, 1)).parameters, 1.0)


STAGE = Stage(
    name="dispersion",
    run=run,
    warm=warm,
    layout=homogeneous_layout,
    needs_equal_rows=equal_rows,
    unreachable=OF_NETWORKS,
)
