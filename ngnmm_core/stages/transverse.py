"""The stage `transverse`: transverse exponents of the points that are neither at rest nor on a cycle."""

import numpy as np

from ngnmm_core.analysis.transverse import SIGNIFICANT, TransverseStatus
from ngnmm_core.connectome.eigenmodes import spectrum
from ngnmm_core.stages.contract import AT_AN_ATTRACTOR, OF_NETWORKS, Rates, Stage, equal_rows
from ngnmm_core.stages.layouts import homogeneous_layout
from ngnmm_core.stages.task import Task
from ngnmm_core.study.study import Study


def run(task: Task) -> dict[str, np.ndarray]:
    """Results, one array [point, ...] per variable."""
    from ngnmm_core.dynamics.attractor import find_attractors
    from ngnmm_core.dynamics.attractor_exponents import transverse_spectra
    from ngnmm_core.dynamics.irregular_attractors import classify
    from ngnmm_core.dynamics.lyapunov_runs import ALIGNING_MS, Settings

    options, parameters = task.options("transverse"), task.points.parameters
    row_sum = task.connectome.row_sum("analyses.transverse")
    modes = spectrum(task.connectome.weights).values
    attractors = classify(task.model, parameters, row_sum, find_attractors(task.model, parameters, row_sum))
    uncoupled = parameters["G"] == 0
    coupled = [None if alone else a for a, alone in zip(attractors, uncoupled, strict=True)]
    settings = Settings(1, options.duration_ms, ALIGNING_MS, most_error=options.step_error)
    found = transverse_spectra(task.model, parameters, row_sum, coupled, modes, settings)
    regular = np.isnan(found.values).all(axis=1)
    known = np.array([a is not None for a in attractors])
    status = np.where(
        regular, np.where(uncoupled, TransverseStatus.UNCOUPLED, TransverseStatus.REGULAR), TransverseStatus.OK
    )
    status = np.where(found.accurate, status, TransverseStatus.INACCURATE)
    status = np.where(known, status, TransverseStatus.DIVERGED)
    grows = found.values > SIGNIFICANT * found.errors
    grows[:, 0] = False
    return {
        "transverse_exponent": found.values,
        "transverse_exponent_error": found.errors,
        "transverse_unstable_modes": np.where(status == TransverseStatus.OK, grows.sum(axis=1), -1).astype(np.int32),
        "transverse_status": status.astype(np.int8),
    }


def warm(task: Task) -> None:
    """Compiles everything that `run` calls."""
    from ngnmm_core.dynamics.attractor import find_attractors
    from ngnmm_core.dynamics.tangent_growth import warm_tangent_growth
    from ngnmm_core.dynamics.variational import warm_solutions

    warm_tangent_growth(task.model, np.iscomplexobj(spectrum(task.connectome.weights).values))
    warm_solutions(task.model, False)
    find_attractors(task.model, task.points.take(slice(0, 1)).parameters, 1.0)


def _cost(study: Study, regions: int) -> Rates:
    return Rates(1.5 * AT_AN_ATTRACTOR)  # few points of a grid are chaotic, and only those have exponents


STAGE = Stage(
    name="transverse",
    run=run,
    warm=warm,
    layout=homogeneous_layout,
    cost=_cost,
    needs_equal_rows=equal_rows,
    unreachable=OF_NETWORKS,
)
