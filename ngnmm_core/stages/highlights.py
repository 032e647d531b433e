"""The job of the stage `highlights`: single points in detail, with time series and the whole dispersion curve."""

import numpy as np

from ngnmm_core.dynamics.attractor import find_attractors
from ngnmm_core.dynamics.dispersion import dispersions
from ngnmm_core.stages import msf, simulation
from ngnmm_core.stages.task import Task
from ngnmm_core.stages.variables import LAMBDA


def _fed_by_simulation(task: Task) -> Task:
    return task.with_analyses(lambda analysis: analysis.needs in ("simulation", "highlights"))


def run(task: Task) -> dict[str, np.ndarray]:
    """Results, one array [point, ...] per variable."""
    results = simulation.run(_fed_by_simulation(task))
    if any(analysis.name == "msf" for analysis, _ in task.analyses):
        results |= msf.run(task)
        results |= _growth_curves(task)
    return results


def _growth_curves(task: Task) -> dict[str, np.ndarray]:
    row_sum = task.connectome.row_sum("analyses.msf")
    parameters = task.points.parameters
    attractors = find_attractors(task.model, parameters, row_sum)
    # Lambda is measured in row sums, so that 1 is the uniform direction whatever the normalisation
    relation = dispersions(task.model, parameters, row_sum, attractors, LAMBDA * row_sum)
    rate, frequency = relation.growth_rate, relation.frequency
    return {"growth_curve": rate, "growth_curve_frequency": frequency}


def window(task: Task):
    """What the analyses see of the simulations."""
    return simulation.window(task)


def warm(task: Task) -> None:
    """Compiles everything that `run` calls."""
    simulation.warm(_fed_by_simulation(task))
    if any(analysis.name == "msf" for analysis, _ in task.analyses):
        msf.warm(task)
