"""The stage `multistability`: the attractors of every point that are found from several initial states."""

from typing import TYPE_CHECKING

import numpy as np

from ngnmm_core.analysis.multistability import MultistabilityStatus
from ngnmm_core.stages.contract import AT_AN_ATTRACTOR, OF_NETWORKS, Rates, Stage, equal_rows
from ngnmm_core.stages.layouts import row_sum_layout
from ngnmm_core.stages.task import Task
from ngnmm_core.study.study import Study

if TYPE_CHECKING:
    from ngnmm_core.dynamics.coexistence import Coexistence


def run(task: Task) -> dict[str, np.ndarray]:
    """Results, one array [point, ...] per variable."""
    from ngnmm_core.dynamics.coexistence import coexisting

    options = task.options("multistability")
    row_sum = task.connectome.row_sum("analyses.multistability")
    found = coexisting(task.model, task.points.parameters, row_sum, options.starts, options.spread)
    counts = np.array([_counts(one) for one in found], np.int32).reshape(-1, 3)
    return {
        "attractor_count": np.where(counts.sum(axis=1) > 0, counts.sum(axis=1), -1),
        "resting_attractors": counts[:, 0],
        "cyclic_attractors": counts[:, 1],
        "irregular_attractors": counts[:, 2],
        "multistability_status": np.array([_status(one) for one in found], np.int8),
    }


def _counts(found: "Coexistence") -> tuple[int, int, int]:
    from ngnmm_core.dynamics.regimes import REST

    resting = sum(a.regime == REST for a in found.attractors)
    cycles = sum(a.orbit is not None for a in found.attractors)
    return resting, cycles, len(found.attractors) - resting - cycles


def _status(found: "Coexistence") -> int:
    if found.diverged:
        return MultistabilityStatus.DIVERGED
    return MultistabilityStatus.UNRESOLVED if found.unresolved else MultistabilityStatus.OK


def warm(task: Task) -> None:
    """Compiles everything that `run` calls."""
    from ngnmm_core.dynamics.attractor import find_attractors
    from ngnmm_core.dynamics.variational import warm_solutions

    warm_solutions(task.model, False)
    find_attractors(task.model, task.points.take(slice(0, 1)).parameters, 1.0)


def _cost(study: Study, regions: int) -> Rates:
    return Rates(float(study.options["multistability"].starts) * AT_AN_ATTRACTOR)  # an attractor per start


STAGE = Stage(
    name="multistability",
    run=run,
    warm=warm,
    layout=row_sum_layout,
    cost=_cost,
    needs_equal_rows=equal_rows,
    unreachable=OF_NETWORKS,
)
