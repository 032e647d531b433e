"""The stage `dispersion`: growth rates against Lambda at every point."""

import numpy as np

from ngnmm_core.analysis.dispersion import MOST_INTERVALS, DispersionStatus
from ngnmm_core.stages.contract import OF_NETWORKS, Stage, equal_rows
from ngnmm_core.stages.layouts import row_sum_layout
from ngnmm_core.stages.task import Task


def run(task: Task) -> dict[str, np.ndarray]:
    """Results, one array [point, ...] per variable."""
    from ngnmm_core.dynamics.attractor import find_attractors
    from ngnmm_core.dynamics.dispersion import dispersion, dispersions
    from ngnmm_core.dynamics.stability_intervals import refined, stable_intervals, transverse

    parameters, axis = task.points.parameters, task.options("dispersion").axis.values
    row_sum = task.connectome.row_sum("analyses.dispersion")
    attractors = find_attractors(task.model, parameters, row_sum)
    relation = dispersions(task.model, parameters, row_sum, attractors, axis * row_sum)
    cycles = np.array([a is not None and a.orbit is not None for a in attractors])
    lost = np.where(cycles, DispersionStatus.INACCURATE, DispersionStatus.IRREGULAR)
    lost = np.where([a is None for a in attractors], DispersionStatus.DIVERGED, lost)
    regular = np.isfinite(relation.growth_rate).all(axis=1)
    coupled = np.where(parameters["G"] == 0, DispersionStatus.UNCOUPLED, DispersionStatus.OK)
    status = np.where(regular, coupled, lost)
    intervals = np.full((len(status), MOST_INTERVALS, 2), np.nan)
    for k in np.flatnonzero(regular):
        values = {name: float(column[k]) for name, column in parameters.items()}

        def rate(x: np.ndarray, values=values, attractor=attractors[k]) -> np.ndarray:
            return dispersion(task.model, values, row_sum, attractor, x * row_sum).growth_rate

        found = stable_intervals(*refined(axis, transverse(relation.growth_rate[k], axis), rate))[:MOST_INTERVALS]
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
    layout=row_sum_layout,
    needs_equal_rows=equal_rows,
    unreachable=OF_NETWORKS,
)
