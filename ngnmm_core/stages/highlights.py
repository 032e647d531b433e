"""The stage `highlights`: single points in detail, with time series and the whole dispersion curve."""

from dataclasses import replace

import numpy as np

from ngnmm_core.analysis.contract import Analysis, Options, Variable
from ngnmm_core.analysis.series import ANALYSIS as SERIES
from ngnmm_core.points import SEED
from ngnmm_core.stages import msf, simulation
from ngnmm_core.stages.contract import EVERY_SETTING, HIGHLIGHTS, Layout, Rates, Reducers, Stage
from ngnmm_core.stages.task import Task
from ngnmm_core.study.study import Study

LAMBDA = np.round(np.linspace(-1.0, 1.0, 401), 12)
LAMBDA_AXIS = {"lambda": (LAMBDA, "1", "eigenvalue of W in units of the row sum")}

VARIABLES = (
    *simulation.VARIABLES,
    Variable("growth_curve", ("lambda",), "ms-1", "growth rate of perturbations against the eigenvalue Lambda of W"),
    Variable("growth_curve_frequency", ("lambda",), "Hz", "frequency of perturbations against the eigenvalue Lambda"),
)


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
    from ngnmm_core.dynamics.attractor import find_attractors
    from ngnmm_core.dynamics.dispersion import dispersions

    row_sum = task.connectome.row_sum("analyses.msf")
    parameters = task.points.parameters
    attractors = find_attractors(task.model, parameters, row_sum)
    # Lambda is measured in row sums, so that 1 is the uniform direction whatever the normalisation
    relation = dispersions(task.model, parameters, row_sum, attractors, LAMBDA * row_sum)
    rate, frequency = relation.growth_rate, relation.frequency
    return {"growth_curve": rate, "growth_curve_frequency": frequency}


def window(task: Task):
    """Describe what the analyses see of the simulations."""
    return simulation.window(task)


def warm(task: Task) -> None:
    """Compiles everything that `run` calls."""
    simulation.warm(_fed_by_simulation(task))
    if any(analysis.name == "msf" for analysis, _ in task.analyses):
        msf.warm(task)


def _reducers(task: Task) -> Reducers:
    return simulation.reducers(_fed_by_simulation(task))


def _layout(study: Study, regions: int) -> Layout:
    sets = study.config.highlights
    return Layout(("highlight",), (len(sets),), study.points_at(sets))


def _chosen(study: Study) -> list[tuple[Analysis, Options]]:
    """Give what the study simulates, its dispersion relation, and time series."""
    shown = ("simulation", "msf", "highlights")
    chosen = [(a, o) for a, o in study.analyses if a.needs in shown and a.name != SERIES.name]
    return [
        *chosen,
        (SERIES, study.options.get(SERIES.name, SERIES.options.model_validate({"rate": "memory" in study.options}))),
    ]


def _cost(study: Study, regions: int) -> Rates:
    rates = simulation.simulation_rates(
        STAGE.settings(study), regions, len(STAGE.analyses(study)), simulation.fc_signals(study)
    )
    rates = simulation.in_steps(study, rates, regions, STAGE)
    besides = msf.STAGE.cost(study, regions).fixed if "msf" in study.options else 0.0
    return replace(rates, fixed=rates.fixed + besides)


STAGE = Stage(
    name="highlights",
    run=run,
    warm=warm,
    window=window,
    reducers=_reducers,
    integrators=simulation.integrators_of,
    layout=_layout,
    settings=simulation.STAGE.settings,
    chosen=_chosen,
    cost=_cost,
    signals=simulation.fc_signals,
    also=("msf",),
    starts_network=True,
    reads=(*EVERY_SETTING, SEED),
    file=HIGHLIGHTS,
    own_variables=VARIABLES,
    own_coordinates=LAMBDA_AXIS,
)
