"""The stage `lyapunov`: exponents of the homogeneous system at every point."""

import numpy as np

from ngnmm_core.analysis.lyapunov import ExponentStatus
from ngnmm_core.stages.contract import AT_AN_ATTRACTOR, OF_NETWORKS, Rates, Stage, equal_rows
from ngnmm_core.stages.layouts import row_sum_layout
from ngnmm_core.stages.task import Task
from ngnmm_core.study.study import Study


def run(task: Task) -> dict[str, np.ndarray]:
    """Results, one array [point, ...] per variable."""
    from ngnmm_core.dynamics.attractor import find_attractors
    from ngnmm_core.dynamics.attractor_exponents import homogeneous_exponents
    from ngnmm_core.dynamics.irregular_attractors import classify
    from ngnmm_core.dynamics.lyapunov_runs import (
        ALIGNING_MS,
        Settings,
        kaplan_yorke_dimension,
        with_exact_zero,
    )
    from ngnmm_core.dynamics.regimes import TORUS

    options, parameters, states = task.options("lyapunov"), task.points.parameters, len(task.model.states)
    row_sum = task.connectome.row_sum("analyses.lyapunov")
    attractors = classify(task.model, parameters, row_sum, find_attractors(task.model, parameters, row_sum))
    some = min(states, options.exponents)
    # all exponents: on a few the dimension of chaos could not be told
    settings = Settings(states, options.duration_ms, ALIGNING_MS, most_error=options.step_error)
    spectra = homogeneous_exponents(task.model, parameters, row_sum, attractors, settings, some)
    shape = (len(attractors), options.exponents)
    values, errors = np.full(shape, np.nan), np.full(shape, np.nan)
    values[:, :some], errors[:, :some] = spectra.values[:, :some], spectra.errors[:, :some]
    regimes = np.array([-1 if a is None else a.regime for a in attractors], np.int8)
    status = np.where(spectra.zero, ExponentStatus.OK, ExponentStatus.NO_ZERO)
    status = np.where(spectra.accurate, status, ExponentStatus.INACCURATE)
    exact = [
        with_exact_zero(v, e, options.duration_ms, 2 if regime == TORUS else 1)
        for v, e, regime in zip(spectra.values, spectra.errors, regimes, strict=True)
    ]
    return {
        "homogeneous_lyapunov_exponent": values,
        "homogeneous_lyapunov_exponent_error": errors,
        "homogeneous_kaplan_yorke_dimension": np.array([kaplan_yorke_dimension(v) for v in exact]),
        "lyapunov_regime": regimes,
        "lyapunov_status": np.where(regimes < 0, ExponentStatus.DIVERGED, status).astype(np.int8),
    }


def warm(task: Task) -> None:
    """Compiles everything that `run` calls."""
    from ngnmm_core.dynamics.attractor import find_attractors
    from ngnmm_core.dynamics.tangent_growth import warm_tangent_growth
    from ngnmm_core.dynamics.variational import warm_solutions

    warm_tangent_growth(task.model)
    warm_solutions(task.model, False)
    find_attractors(task.model, task.points.take(slice(0, 1)).parameters, 1.0)


def _cost(study: Study, regions: int) -> Rates:
    return Rates(1.5 * AT_AN_ATTRACTOR)  # all points that are not at rest have exponents


STAGE = Stage(
    name="lyapunov",
    run=run,
    warm=warm,
    layout=row_sum_layout,
    cost=_cost,
    needs_equal_rows=equal_rows,
    unreachable=OF_NETWORKS,
)
