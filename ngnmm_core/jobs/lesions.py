"""The job of the stage `lesions`: simulations with a region taken out, for hub scores."""

import numpy as np

from ngnmm_core.analysis import fc, spectra, synchrony
from ngnmm_core.jobs import simulation
from ngnmm_core.jobs.task import Task
from ngnmm_core.jobs.variables import SIMULATION
from ngnmm_core.settings import Simulation


def _reducers(task: Task):
    options = task.options("hubs")
    return [
        (fc.FcReducer, fc.FcOptions(signals=(options.signal,))),
        (synchrony.SynchronyReducer, synchrony.SynchronyOptions()),
        (spectra.SpectraReducer, spectra.SpectraOptions()),
    ]


def run(task: Task) -> dict[str, np.ndarray]:
    """Results, one array [point, ...] per variable."""
    settings = Simulation.model_validate(task.settings)
    results = simulation.simulator(task, settings, _reducers(task)).run(task.points)
    kept = {v.name: results[v.name] for v in SIMULATION}
    return kept | {
        "lesion_fc": results["fc"][:, 0],
        "lesion_synchrony": results["synchrony"],
        "lesion_gamma_power": results["gamma_power"],
    }


def window(task: Task):
    """What the analyses see of the simulations."""
    return simulation.window(task)


def warm(task: Task) -> None:
    """Compiles everything that `run` calls."""
    simulation.compile_with(task, _reducers(task))
