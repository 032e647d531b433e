"""The job of the stage `msf`: attractor and dispersion relation of every point."""

import logging

import numpy as np

from ngnmm_core.analysis.attractor import IRREGULAR as IRREGULAR_REGIME
from ngnmm_core.analysis.attractor import find_attractors
from ngnmm_core.analysis.dispersion import dispersion, unstable
from ngnmm_core.analysis.msf import DIVERGED, IRREGULAR, OK, UNCOUPLED
from ngnmm_core.connectome.eigenmodes import spectrum
from ngnmm_core.connectome.normalisation import homogeneous_row_sum
from ngnmm_core.initial import nominal
from ngnmm_core.jobs.task import Task
from ngnmm_core.variational import Variational


def run(task: Task) -> dict[str, np.ndarray]:
    """Results, one array [point, ...] per variable."""
    model, points = task.model, task.points
    row_sum = homogeneous_row_sum(task.W, "analyses.msf")
    modes = spectrum(task.W).values
    count = len(points)
    results = {
        "msf": np.full((count, len(modes)), np.nan),
        "msf_frequency": np.full((count, len(modes)), np.nan),
        "unstable_modes": np.full(count, -1, np.int32),
        "most_unstable_mode": np.full(count, -1, np.int32),
        "regime": np.full(count, -1, np.int8),
        "orbit_period": np.full(count, np.nan),
        "msf_status": np.full(count, OK, np.int8),
    }
    attractors = find_attractors(model, points.parameters, row_sum)
    for k, attractor in enumerate(attractors):
        parameters = {name: float(values[k]) for name, values in points.parameters.items()}
        _fill(results, k, model, parameters, row_sum, attractor, modes)
        if (k + 1) % 50 == 0 or k + 1 == count:
            logging.info("dispersion %d/%d", k + 1, count)
    return results


def _fill(results, k, model, parameters, row_sum, attractor, modes) -> None:
    if attractor is None:
        results["msf_status"][k] = DIVERGED
        return
    results["regime"][k] = attractor.regime
    results["orbit_period"][k] = attractor.period
    if attractor.regime == IRREGULAR_REGIME:
        results["msf_status"][k] = IRREGULAR
    elif parameters["G"] == 0:
        results["msf_status"][k] = UNCOUPLED
    else:
        relation = dispersion(model, parameters, row_sum, attractor, modes)
        grows = unstable(relation.growth_rate)
        results["msf"][k], results["msf_frequency"][k] = relation.growth_rate, relation.frequency
        results["unstable_modes"][k] = grows.sum()
        if len(modes) > 1:
            results["most_unstable_mode"][k] = 1 + int(np.argmax(relation.growth_rate[1:]))


def window(task: Task) -> Task:
    """What the analysis sees: the task itself."""
    return task


def warm(task: Task) -> None:
    """Compiles everything that `run` calls."""
    find_attractors(task.model, task.points.take(slice(0, 1)).parameters, 1.0)
    Variational(task.model, {k: float(v[0]) for k, v in task.points.parameters.items()}, 1.0).flow(
        nominal(task.model), 1.0, 1, [1.0]
    )
