"""The job of the stage `simulation`: network simulations, and the analyses that are fed by them."""

import numpy as np

from ngnmm_core.simulation.observation import Window
from ngnmm_core.simulation.series_file import SeriesFile
from ngnmm_core.simulation.settings import Simulation
from ngnmm_core.simulation.simulator import Simulator, make_window
from ngnmm_core.stages.task import Task

WARM_SAMPLES = 256  # enough for the filters to give output


def run(task: Task) -> dict[str, np.ndarray]:
    """Results, one array [point, ...] per variable."""
    settings = Simulation.model_validate(task.settings)
    reducers = [(analysis.reducer, options) for analysis, options in task.analyses]
    if not task.keeps_series:
        return simulator(task, settings, reducers).run(task.points)
    with SeriesFile(task.series, task.model, task.connectome.labels, task.points) as file:
        return simulator(task, settings, [*reducers, (file.reducer, None)]).run(task.points)


def simulator(task: Task, settings: Simulation, reducers) -> Simulator:
    """The simulator of a task."""
    return Simulator(task.model, task.connectome, settings, reducers)


def window(task: Task) -> Window:
    """What the analyses see of the simulations."""
    return make_window(task.model, task.connectome, Simulation.model_validate(task.settings), task.points)


def warm(task: Task) -> None:
    """Compiles everything that `run` calls."""
    compile_with(task, [(analysis.reducer, options) for analysis, options in task.analyses])


def compile_with(task: Task, reducers) -> None:
    """Runs one point for a few samples, which compiles the integrator and the reducers."""
    settings = Simulation.model_validate(task.settings)
    times = {"transient_ms": settings.sample_ms, "duration_ms": WARM_SAMPLES * settings.sample_ms}
    simulator(task, settings.model_copy(update=times), reducers).feed(task.points.take(slice(0, 1)))
