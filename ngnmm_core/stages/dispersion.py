"""The stage `dispersion`: growth rates against Lambda at every point."""

from collections.abc import Callable
from functools import partial

import numpy as np

from ngnmm_core.analysis.dispersion import MOST_INTERVALS, DispersionStatus
from ngnmm_core.simulation.own_times import time_factor
from ngnmm_core.stages.contract import AT_AN_ATTRACTOR, OF_RESTS, READ_AT_RESTS, Layout, Rates, Stage, equal_rows
from ngnmm_core.stages.delays import by_delays, delay_settings, equal_length, lengths, velocities
from ngnmm_core.stages.layouts import delayed_layout, row_sum_layout
from ngnmm_core.stages.task import Task
from ngnmm_core.study.study import Study

DELAYED_SECONDS = 3e-3  # CPU seconds of a value of Lambda with delays


def run(task: Task) -> dict[str, np.ndarray]:
    """Results, one array [point, ...] per variable."""
    return by_delays(task, _without_delays, _with_delays)


def _without_delays(task: Task) -> dict[str, np.ndarray]:
    from ngnmm_core.dynamics.attractor import find_attractors
    from ngnmm_core.dynamics.dispersion import dispersion, dispersions
    from ngnmm_core.dynamics.stability_intervals import transverse

    parameters, axis = task.points.parameters, task.options("dispersion").axis.values
    row_sum = task.connectome.row_sum("analyses.dispersion")
    attractors = find_attractors(task.model, parameters, row_sum)
    relation = dispersions(task.model, parameters, row_sum, attractors, axis * row_sum)
    cycles = np.array([a is not None and a.orbit is not None for a in attractors])
    lost = np.where(cycles, DispersionStatus.INACCURATE, DispersionStatus.IRREGULAR)
    lost = np.where([a is None for a in attractors], DispersionStatus.DIVERGED, lost)

    def rate_at(k: int, values: dict[str, float], x: np.ndarray) -> np.ndarray:
        return dispersion(task.model, values, row_sum, attractors[k], x * row_sum).growth_rate

    curves = np.array([transverse(growth, axis) for growth in relation.growth_rate])
    return _results(task, relation, curves, lost, rate_at)


def _results(task: Task, relation, curves: np.ndarray, lost: np.ndarray, rate_at) -> dict[str, np.ndarray]:
    """Put the results together.

    `curves` [point, Lambda] are continuous growth rates and `rate_at` gives them in between; `lost` [point] says why
    there are none.
    """
    from ngnmm_core.dynamics.stability_intervals import refined, stable_intervals

    parameters, axis = task.points.parameters, task.options("dispersion").axis.values
    regular = np.isfinite(relation.growth_rate).all(axis=1)
    coupled = np.where(parameters["G"] == 0, DispersionStatus.UNCOUPLED, DispersionStatus.OK)
    status = np.where(regular, coupled, lost)
    intervals = np.full((len(status), MOST_INTERVALS, 2), np.nan)
    units = time_factor(task.model, parameters) * np.ones(len(status))  # in which rates are told from rounding
    for k in np.flatnonzero(regular):
        values = {name: float(column[k]) for name, column in parameters.items()}
        rate = partial(_in_unit, units[k], partial(rate_at, k, values))
        found = stable_intervals(*refined(axis, units[k] * curves[k], rate))[:MOST_INTERVALS]
        intervals[k, : len(found)] = found
    return {
        "growth_curve": relation.growth_rate,
        "growth_curve_frequency": relation.frequency,
        "stable_intervals": intervals,
        "dispersion_status": status.astype(np.int8),
    }


def _in_unit(factor: float, rate_at: Callable[[np.ndarray], np.ndarray], x: np.ndarray) -> np.ndarray:
    """Growth rates in a unit of time that is longer by a factor."""
    return factor * rate_at(x)


def _with_delays(task: Task) -> dict[str, np.ndarray]:
    """Compute the growth at the homogeneous equilibrium, where all connections have the same delay."""
    from ngnmm_core.dynamics.delayed_rest import growth_along, homogeneous_rests, network_at
    from ngnmm_core.dynamics.dispersion import Dispersion

    W, parameters, axis = task.connectome.weights, task.points.parameters, task.options("dispersion").axis.values
    length, speeds = equal_length(task.connectome, lengths(task)), velocities(task)
    row_sum = task.connectome.row_sum("analyses.dispersion")
    rests = homogeneous_rests(task.model, parameters, row_sum)

    def along(k: int, values: dict[str, float], x: np.ndarray):
        network = network_at(task.model, W, values, rests[k], np.full(W.shape, length / speeds[k]))
        return growth_along(network, x * row_sum, length / speeds[k])

    growth, frequency = np.full((2, len(rests), len(axis)), np.nan)
    for k in (k for k, rest in enumerate(rests) if rest is not None):
        found = along(k, {name: float(column[k]) for name, column in parameters.items()}, axis)
        growth[k], frequency[k] = found.growth_rate, found.frequency
    lost = np.where([rest is None for rest in rests], DispersionStatus.NO_REST, DispersionStatus.NOT_RESOLVED)
    rate_at = lambda k, values, x: along(k, values, x).growth_rate
    return _results(task, Dispersion(growth, frequency), growth, lost, rate_at)


def warm(task: Task) -> None:
    """Compiles everything that `run` calls."""
    from ngnmm_core.dynamics.attractor import find_attractors
    from ngnmm_core.dynamics.exact_propagators import warm_propagators
    from ngnmm_core.dynamics.variational import warm_solutions

    warm_solutions(task.model, False)
    warm_propagators(task.model, False)
    find_attractors(task.model, task.points.take(slice(0, 1)).parameters, 1.0)


def _layout(study: Study, regions: int) -> Layout:
    """Lay out the points; the lengths of tracts, which delays depend on, are those of a connectome."""
    return delayed_layout(study) if study.delayed else row_sum_layout(study)


def _cost(study: Study, regions: int) -> Rates:
    delayed = DELAYED_SECONDS * study.options["dispersion"].axis.num if study.delayed else 0.0
    return Rates(AT_AN_ATTRACTOR + delayed)


STAGE = Stage(
    name="dispersion",
    run=run,
    warm=warm,
    layout=_layout,
    settings=delay_settings,
    cost=_cost,
    needs_equal_rows=equal_rows,
    unreachable=OF_RESTS,
    reads=READ_AT_RESTS,
)
