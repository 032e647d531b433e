"""The stage `msf`: attractor and dispersion relation of every point."""

import logging
from collections.abc import Sequence

import numpy as np

from ngnmm_core.analysis.msf import MsfStatus
from ngnmm_core.connectome.eigenmodes import spectrum
from ngnmm_core.errors import InputError
from ngnmm_core.simulation.delay_settings import shared_length
from ngnmm_core.simulation.own_times import time_factor
from ngnmm_core.stages.contract import AT_AN_ATTRACTOR, OF_RESTS, READ_AT_RESTS, Rates, Stage, equal_rows
from ngnmm_core.stages.delays import by_delays, delay_settings, lengths, velocities
from ngnmm_core.stages.layouts import delayed_layout
from ngnmm_core.stages.task import Task
from ngnmm_core.study.study import Study

DELAYED_SECONDS = 8.0  # CPU seconds of a point with 90 regions and delays that differ
DEFECTIVE = (
    "analyses.msf: W has too few eigenvectors, to which the perturbations with delays could be counted; allowed: equal "
    "lengths, analyses.linear_fc, or another connectome"
)


def run(task: Task) -> dict[str, np.ndarray]:
    """Results, one array [point, ...] per variable."""
    return by_delays(task, _without_delays, _with_delays)


def _without_delays(task: Task) -> dict[str, np.ndarray]:
    from ngnmm_core.dynamics.attractor import find_attractors
    from ngnmm_core.dynamics.dispersion import dispersions
    from ngnmm_core.dynamics.irregular_attractors import classify

    parameters = task.points.parameters
    row_sum = task.connectome.row_sum("analyses.msf")
    modes = spectrum(task.connectome.weights).values
    attractors = classify(task.model, parameters, row_sum, find_attractors(task.model, parameters, row_sum))
    relation = dispersions(task.model, parameters, row_sum, attractors, modes)
    logging.info("dispersion relations of %d points", len(attractors))
    units = time_factor(task.model, parameters) * np.ones(len(attractors))
    return _results(attractors, relation, parameters["G"] == 0, units)


def _results(attractors, relation, uncoupled: np.ndarray, units: np.ndarray) -> dict[str, np.ndarray]:
    """Put the results together; `units` of time [point] are what growth is told from rounding in."""
    from ngnmm_core.dynamics.dispersion import unstable

    cycles = np.array([a is not None and a.orbit is not None for a in attractors])
    lost = np.where(cycles, MsfStatus.INACCURATE, MsfStatus.IRREGULAR)
    lost = np.where([a is None for a in attractors], MsfStatus.DIVERGED, lost)
    regular = np.isfinite(relation.growth_rate).all(axis=1)
    status = np.where(regular, np.where(uncoupled, MsfStatus.UNCOUPLED, MsfStatus.OK), lost)
    growth = np.where((status == MsfStatus.OK)[:, None], relation.growth_rate, np.nan)
    counted = np.where(status == MsfStatus.OK, unstable(growth * units[:, None]).sum(axis=1), -1)
    leading = np.full(len(attractors), -1)
    if growth.shape[1] > 1:
        leading = np.where(status == MsfStatus.OK, 1 + np.argmax(growth[:, 1:], axis=1), -1)
    return {
        "msf": growth,
        "msf_frequency": np.where((status == MsfStatus.OK)[:, None], relation.frequency, np.nan),
        "unstable_modes": counted.astype(np.int32),
        "most_unstable_mode": leading.astype(np.int32),
        "regime": np.array([-1 if a is None else a.regime for a in attractors], np.int8),
        "orbit_period": np.array([np.nan if a is None else a.period for a in attractors]),
        "orbit_multiplicity": np.where(cycles, [1 if a is None else a.multiplicity for a in attractors], -1),
        "msf_status": status.astype(np.int8),
    }


def _with_delays(task: Task) -> dict[str, np.ndarray]:
    """Compute the stability of the homogeneous equilibrium; what is unstable may be the uniform mode, too."""
    from ngnmm_core.dynamics.delayed_rest import homogeneous_rests
    from ngnmm_core.dynamics.dispersion import NEUTRAL
    from ngnmm_core.dynamics.regimes import REST

    rests = homogeneous_rests(task.model, task.points.parameters, task.connectome.row_sum("analyses.msf"))
    growth, frequency, status = _growth_at(task, rests)
    defined = status == MsfStatus.OK
    units = time_factor(task.model, task.points.parameters) * np.ones(len(rests))
    leading = np.argmax(np.where(np.isfinite(growth), growth, -np.inf), axis=1)
    return {
        "msf": growth,
        "msf_frequency": frequency,
        "unstable_modes": np.where(defined, (growth * units[:, None] > NEUTRAL).sum(axis=1), -1).astype(np.int32),
        "most_unstable_mode": np.where(defined, leading, -1).astype(np.int32),
        "regime": np.array([-1 if rest is None else REST for rest in rests], np.int8),
        "orbit_period": np.full(len(rests), np.nan),
        "orbit_multiplicity": np.full(len(rests), -1),
        "msf_status": status.astype(np.int8),
    }


def _growth_at(task: Task, rests: Sequence[np.ndarray | None]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Growth rates and frequencies [point, mode] at the equilibria, NaN where there are none; and status [point]."""
    from ngnmm_core.dynamics.delayed_rest import growth_along, growth_of_patterns, network_at

    W, parameters, lengths_mm = task.connectome.weights, task.points.parameters, lengths(task)
    modes, same, speeds = spectrum(W), shared_length(W, lengths_mm), velocities(task)
    if modes.defective and same is None:
        raise InputError(DEFECTIVE)
    growth, frequency = np.full((2, len(rests), len(W)), np.nan)
    status = np.full(len(rests), MsfStatus.OK)
    for k, rest in enumerate(rests):
        values = {name: float(column[k]) for name, column in parameters.items()}
        if values["G"] == 0 or rest is None:
            status[k] = MsfStatus.NO_REST if rest is None else MsfStatus.UNCOUPLED
            continue
        network = network_at(task.model, W, values, rest, lengths_mm / speeds[k])
        if same is None:
            found = growth_of_patterns(network, modes)
            resolved = np.isfinite(found.growth_rate).any()
        else:
            found = growth_along(network, modes.values, same / speeds[k])
            resolved = np.isfinite(found.growth_rate).all()
        if resolved:
            growth[k], frequency[k] = found.growth_rate, found.frequency
        else:
            status[k] = MsfStatus.NOT_RESOLVED
        logging.info("stability at rest with delays %d/%d", k + 1, len(rests))
    return growth, frequency, status


def _cost(study: Study, regions: int) -> Rates:
    """Give the cost: with delays, of the solution of the whole network for every point."""
    return Rates(DELAYED_SECONDS * max(regions / 90.0, 0.05) ** 3) if study.delayed else Rates(AT_AN_ATTRACTOR)


def warm(task: Task) -> None:
    """Compiles everything that `run` calls, and refuses a connectome that it can't be called with."""
    from ngnmm_core.dynamics.attractor import find_attractors
    from ngnmm_core.dynamics.exact_propagators import warm_propagators
    from ngnmm_core.dynamics.tangent_growth import warm_tangent_growth
    from ngnmm_core.dynamics.variational import warm_solutions

    task.connectome.row_sum("analyses.msf")
    warm_tangent_growth(task.model)
    complex_modes = np.iscomplexobj(spectrum(task.connectome.weights).values)
    warm_solutions(task.model, complex_modes)
    warm_propagators(task.model, complex_modes)
    find_attractors(task.model, task.points.take(slice(0, 1)).parameters, 1.0)


STAGE = Stage(
    name="msf",
    run=run,
    warm=warm,
    layout=delayed_layout,
    settings=delay_settings,
    cost=_cost,
    needs_equal_rows=equal_rows,
    unreachable=OF_RESTS,
    reads=READ_AT_RESTS,
)
