"""The job of the stage `lesions`: simulations with a region taken out, for hub scores."""

import numpy as np

from ngnmm_core.analysis import fc, spectra
from ngnmm_core.analysis.transfer_entropy import InformationReducer
from ngnmm_core.simulation.settings import Simulation
from ngnmm_core.stages import simulation
from ngnmm_core.stages.task import Task
from ngnmm_core.stages.variables import SIMULATION
from ngnmm_core.streaming.leave_one_out import LeaveOneOutSynchrony

SEGMENT_MS, SHARE = 1000.0, 0.4  # of the window, for the gamma power: two segments and more


def _reducers(task: Task):
    options, settings = task.options("hubs"), Simulation.model_validate(task.settings)
    segment_ms = min(SEGMENT_MS, SHARE * settings.window_samples * settings.sample_ms)
    fc_options = fc.FcOptions(signals=(options.signal,))
    return [
        (fc.FcReducer, fc_options),
        (LeaveOneOutSynchrony, None),
        (spectra.SpectraReducer, spectra.SpectraOptions(segment_ms=segment_ms)),
        (InformationReducer, (fc.SIGNALS[options.signal], fc_options, options.lag_ms)),
    ]


def run(task: Task) -> dict[str, np.ndarray]:
    """Results, one array [point, ...] per variable."""
    settings = Simulation.model_validate(task.settings)
    results = simulation.simulator(task, settings, _reducers(task)).run(task.points)
    kept = {v.name: results[v.name] for v in SIMULATION}
    own = ("lesion_synchrony", "lesion_information", "lesion_information_surrogates")
    return kept | {
        "lesion_fc": results["fc"][:, 0],
        "lesion_gamma_power": results["gamma_power"],
        **{name: results[name] for name in own},
    }


def window(task: Task):
    """What the analyses see of the simulations."""
    return simulation.window(task)


def warm(task: Task) -> None:
    """Compiles everything that `run` calls."""
    simulation.compile_with(task, _reducers(task))
