"""The stage `bistability`: saddle-node points and states of every point, without any simulation."""

from typing import Any

import numpy as np

from ngnmm_core.analysis.bistability import KINDS, BistabilityOptions, BistabilityStatus
from ngnmm_core.analysis.contract import KHZ
from ngnmm_core.models._base import Model
from ngnmm_core.simulation.map_settings import MAPS
from ngnmm_core.stages.contract import OF_DELAYS, Rates, Stage
from ngnmm_core.stages.layouts import row_sum_layout
from ngnmm_core.stages.task import Task
from ngnmm_core.study.study import Study

ENDS = {"rest_bifurcation": "edge", "bistable_low": "low", "bistable_high": "high"}


def run(task: Task) -> dict[str, np.ndarray]:
    """Results, one array [point, ...] per variable."""
    alone = task.options("bistability").of == "region"
    parameters = task.points.parameters
    coupled = not alone and bool(np.any(parameters["G"] != 0))
    row_sum = task.connectome.row_sum("analyses.bistability") if coupled else 0.0
    rows = []
    for k in range(len(task.points)):
        here = {name: float(values[k]) for name, values in parameters.items()}
        rows.append(_at_point(task.model, here, here["G"] * row_sum))
    return {name: np.stack([row[name] for row in rows]) for name in rows[0]}


def _at_point(model: Model, parameters: dict[str, float], weight: float) -> dict[str, np.ndarray]:
    from ngnmm_core.dynamics.bistable_range import bistable_range, rest_and_active, stable_states

    found = bistable_range(model, parameters, weight)
    result: dict[str, Any] = {"drive": parameters[model.equilibrium_curve.drive]}
    for variable, end in ENDS.items():
        kind = getattr(found, f"{end}_kind")
        result[variable] = getattr(found, end)
        result[f"{variable}_kind"] = KINDS.index(kind) if kind else -1
    rest, active = rest_and_active(model, parameters, weight)
    result["stable_states"] = len(stable_states(model, parameters, weight))
    result["rest_rate"], result["active_rate"] = _rates(model, parameters, rest), _rates(model, parameters, active)
    undefined = BistabilityStatus.NOT_BISTABLE if np.isfinite(found.edge) else BistabilityStatus.NO_EDGE
    result["bistability_status"] = BistabilityStatus.OK if found.bistable else undefined
    return {name: np.asarray(value) for name, value in result.items()}


def _rates(model: Model, parameters: dict[str, float], state: np.ndarray) -> np.ndarray:
    """Compute the firing rate of every population in a state, Hz; NaN for populations without one."""
    constants = model.coefficients(parameters)
    rates = (p.rate(tuple(state), constants) if p.rate is not None else np.nan for p in model.populations)
    return KHZ * np.array(list(rates))


def warm(task: Task) -> None:
    """Nothing is compiled."""


def _needs_equal_rows(options: BistabilityOptions) -> bool:
    return options.of == "network"


def _cost(study: Study, regions: int) -> Rates:
    return Rates(0.1)


STAGE = Stage(
    name="bistability",
    run=run,
    warm=warm,
    layout=row_sum_layout,
    cost=_cost,
    needs_equal_rows=_needs_equal_rows,
    unreachable=(MAPS, *OF_DELAYS),
)
