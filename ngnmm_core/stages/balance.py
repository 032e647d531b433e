"""The stage `balance`: the parameter that balances every region, and the stability of the equilibrium that it gives."""

import numpy as np

from ngnmm_core.analysis.balance import outcome
from ngnmm_core.simulation.map_settings import MAPS, SURROGATE
from ngnmm_core.simulation.regional import RegionalMaps
from ngnmm_core.stages.contract import OF_DELAYS, Layout, Rates, Stage
from ngnmm_core.stages.task import Task
from ngnmm_core.study.study import Study

POINT_SECONDS, REGION_SECONDS = 0.02, 2e-3  # CPU seconds of a homogeneous network, and per region of another


def run(task: Task) -> dict[str, np.ndarray]:
    """Results, one array [point, ...] per variable."""
    from ngnmm_core.dynamics.balance import balance

    name, target = task.balance["parameter"], task.balance["target_rate_hz"]
    mapped = RegionalMaps(task.maps, task.connectome, task.model)  # without the parameter that is solved for
    parameters, regions = mapped.parameters(task.points), len(task.connectome)
    value = np.full((len(task.points), regions), np.nan)
    growth = np.full(len(task.points), np.nan)
    status = np.zeros(len(task.points), np.int8)
    for k in range(len(task.points)):
        here = {n: np.array(np.broadcast_to(v[k], regions), float) for n, v in parameters.items()}
        found = balance(task.model, task.connectome.weights, here, name, target)
        allowed = not any(task.model.parameter(name).refusal(float(v)) for v in found.value if np.isfinite(v))
        value[k], growth[k] = found.value, found.growth_rate
        status[k] = outcome(found.found, allowed, found.growth_rate)
    return {"balanced_parameter": value, "balance_growth_rate": growth, "balance_status": status}


def warm(task: Task) -> None:
    """Nothing of it is compiled."""


def _layout(study: Study, regions: int) -> Layout:
    """Give the grid without what only a simulation depends on: seeds, stimuli, noise."""
    parts = {name: axis.part for name, axis in study.known_axes.items()}
    return Layout(*study.over(lambda axis: study.is_of_system(axis) or parts[axis] in (MAPS, SURROGATE)))


def _cost(study: Study, regions: int) -> Rates:
    alike = study.config.normalization == "row" and not study.maps
    return Rates(POINT_SECONDS if alike else POINT_SECONDS + REGION_SECONDS * regions)


STAGE = Stage(
    name="balance",
    run=run,
    warm=warm,
    layout=_layout,
    cost=_cost,
    measured=False,  # what is measured has no balance
    unreachable=("resection", *OF_DELAYS),  # noise and stimuli come on top of the balanced rest
)
