"""The stage `msf`: attractor and dispersion relation of every point."""

import logging

import numpy as np

from ngnmm_core.analysis.msf import MsfStatus
from ngnmm_core.connectome.eigenmodes import spectrum
from ngnmm_core.stages.contract import OF_NETWORKS, Stage, equal_rows
from ngnmm_core.stages.layouts import homogeneous_layout
from ngnmm_core.stages.task import Task


def run(task: Task) -> dict[str, np.ndarray]:
    """Results, one array [point, ...] per variable."""
    from ngnmm_core.dynamics.attractor import find_attractors
    from ngnmm_core.dynamics.dispersion import dispersions
    from ngnmm_core.dynamics.irregular_attractors import classify

    parameters = task.points.parameters
    row_sum = task.connectome.row_sum("analyses.msf")
    modes = spectrum(task.connectome.weights).values
    attractors = classify(task.model, parameters, row_sum, find_attractors(task.model, parameters, row_sum))
    relation = dispersions(task.model, parameters, row_sum, attractors, modes)
    logging.info("dispersion relations of %d points", len(attractors))
    return _results(attractors, relation, parameters["G"] == 0)


def _results(attractors, relation, uncoupled: np.ndarray) -> dict[str, np.ndarray]:
    from ngnmm_core.dynamics.dispersion import unstable

    cycles = np.array([a is not None and a.orbit is not None for a in attractors])
    lost = np.where(cycles, MsfStatus.INACCURATE, MsfStatus.IRREGULAR)
    lost = np.where([a is None for a in attractors], MsfStatus.DIVERGED, lost)
    regular = np.isfinite(relation.growth_rate).all(axis=1)
    status = np.where(regular, np.where(uncoupled, MsfStatus.UNCOUPLED, MsfStatus.OK), lost)
    growth = np.where((status == MsfStatus.OK)[:, None], relation.growth_rate, np.nan)
    counted = np.where(status == MsfStatus.OK, unstable(growth).sum(axis=1), -1)
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


def warm(task: Task) -> None:
    """Compiles everything that `run` calls, and refuses a connectome that it can't be called with."""
    from ngnmm_core.dynamics.attractor import find_attractors
    from ngnmm_core.dynamics.tangent_growth import warm_tangent_growth
    from ngnmm_core.dynamics.variational import warm_solutions

    task.connectome.row_sum("analyses.msf")
    warm_tangent_growth(task.model)
    warm_solutions(task.model, np.iscomplexobj(spectrum(task.connectome.weights).values))
    find_attractors(task.model, task.points.take(slice(0, 1)).parameters, 1.0)


STAGE = Stage(
    name="msf",
    run=run,
    warm=warm,
    layout=homogeneous_layout,
    needs_equal_rows=equal_rows,
    unreachable=OF_NETWORKS,
)
