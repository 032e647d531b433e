"""The stage `network_lyapunov`: the spectrum of the network at every point, one after the other."""

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ngnmm_core.analysis.lyapunov import ExponentStatus
from ngnmm_core.points import SEED
from ngnmm_core.simulation.initial_states import perturbed
from ngnmm_core.simulation.own_times import nominal_states, state_units
from ngnmm_core.simulation.settings import Initial
from ngnmm_core.stages.contract import NOISES, OF_DELAYS, PRODUCT_SECONDS, Rates, Stage
from ngnmm_core.stages.layouts import network_layout
from ngnmm_core.stages.simulation import homogeneous_start
from ngnmm_core.stages.task import Task
from ngnmm_core.storage.checkpoints import keep_arrays, kept_arrays
from ngnmm_core.study.study import Study

if TYPE_CHECKING:
    from ngnmm_core.dynamics.network_exponents import NetworkSpectrum

# s per region, perturbation and step; with orthonormalisation over without; ms, where points choose their own step
FLOW_SECONDS, FLOW_SHARE, FLOW_STEP_MS = 8e-9, 1.4, 0.1
LUTHER_SECONDS, LUTHER_SHARE, LUTHER_STEP_MS = 1.3e-8, 1.2, 0.05
NAMES = ("network_lyapunov_exponent", "network_lyapunov_exponent_error", "kaplan_yorke_dimension")


def run(task: Task) -> dict[str, np.ndarray]:
    """Results, one array [point, ...] per variable."""
    from ngnmm_core.dynamics.lyapunov_runs import kaplan_yorke_dimension, with_exact_zero
    from ngnmm_core.dynamics.network_exponents import NetworkSettings, network_exponents

    options, points = task.options("network_lyapunov"), task.points
    possible = len(task.connectome) * len(task.model.states)
    count = min(options.exponents, possible)
    times = (options.duration_ms, options.transient_ms, options.dt_ms, options.interval_ms)
    settings = NetworkSettings(count, *times, options.step_error)
    values = np.full((len(points), options.exponents), np.nan)
    errors, dimension = values.copy(), np.full(len(points), np.nan)
    status = np.zeros(len(points), np.int8)
    for k, state in enumerate(_initial_states(task)):
        parameters = task.regional.at(points, k)
        done, going = _checkpoints(task, k)
        kept = None if done is None else kept_arrays(done)
        if kept is not None:
            found = kept["exponents"]
        else:
            spectrum = network_exponents(task.model, task.connectome.weights, parameters, state, settings, going)
            found = np.array([spectrum.values, spectrum.errors, np.full(count, _status(spectrum))])
            if done is not None:
                _keep(done, found)
        values[k, :count], errors[k, :count], status[k] = found[0], found[1], found[2, 0]
        if np.isfinite(values[k, 0]):
            dimension[k] = kaplan_yorke_dimension(with_exact_zero(found[0], found[1], options.duration_ms))
        logging.info("network %d/%d: %d exponents, largest %.3g per ms", k + 1, len(points), count, values[k, 0])
    return dict(zip(NAMES, (values, errors, dimension), strict=True)) | {"network_lyapunov_status": status}


def _status(spectrum: "NetworkSpectrum") -> int:
    if not np.isfinite(spectrum.values).all():
        return ExponentStatus.DIVERGED
    if not spectrum.accurate:
        return ExponentStatus.INACCURATE
    return ExponentStatus.OK if spectrum.zero else ExponentStatus.NO_ZERO


def _initial_states(task: Task) -> np.ndarray:
    """States [point, region, state] to start from, as the simulations of the study do."""
    from ngnmm_core.simulation.simulator import homogeneous_states

    initial, points = Initial.model_validate(task.settings["initial"]), task.points
    base = nominal_states(task.model, points.parameters)[:, None]
    if initial.start == "homogeneous":
        row_sum = task.connectome.row_sum("simulation.initial.from: homogeneous")
        base = homogeneous_states(task.model, points.parameters, row_sum)[:, None]
    shape = (len(points), len(task.connectome), len(task.model.states))
    units = state_units(task.model, points.parameters)
    return perturbed(task.model, np.broadcast_to(base, shape), points.seeds, initial.sd, units)


def _checkpoints(task: Task, point: int) -> tuple[Path | None, Path | None]:
    """Files for the finished exponents of a point, and for the state of its run."""
    if task.scratch is None:
        return None, None
    task.scratch.mkdir(parents=True, exist_ok=True)
    return task.scratch / f"{point}.done", task.scratch / f"{point}.run"


def _keep(path: Path, found: np.ndarray) -> None:
    """Write the exponents of a point, and remove the state of its run."""
    keep_arrays(path, {"exponents": found})
    path.with_suffix(".run").unlink(missing_ok=True)


def warm(task: Task) -> None:
    """Compiles everything that `run` calls."""
    from ngnmm_core.dynamics.network_exponents import NetworkSettings, network_exponents
    from ngnmm_core.simulation.simulator import homogeneous_states

    state, few = np.tile(task.model.nominal, (len(task.connectome), 1)), NetworkSettings(1, 1.0, 1.0, 0.05, 0.05)
    for k in np.unique(task.regional.differ(task.points), return_index=True)[1]:
        network_exponents(task.model, task.connectome.weights, task.regional.at(task.points, k), state, few)
    if task.settings["initial"].get("from") == "homogeneous":
        homogeneous_states(task.model, task.points.take(slice(0, 1)).parameters, 1.0)


def _settings(study: Study) -> dict[str, Any]:
    return {"initial": study.simulation.initial.model_dump(mode="json", by_alias=True)}


def _cost(study: Study, regions: int) -> Rates:
    options = study.options["network_lyapunov"]
    lanes = 8 * (1 + -(-options.exponents // 8))
    seconds, share, step_ms = LUTHER_SECONDS, LUTHER_SHARE, LUTHER_STEP_MS
    if study.model.qif is not None:
        seconds, share, step_ms = FLOW_SECONDS, FLOW_SHARE, FLOW_STEP_MS
    step = lanes * (seconds * regions + PRODUCT_SECONDS * regions**2)
    return Rates((options.duration_ms + options.transient_ms) / (options.dt_ms or step_ms) * step * share)


STAGE = Stage(
    name="network_lyapunov",
    run=run,
    warm=warm,
    layout=network_layout,
    settings=_settings,
    cost=_cost,
    integrators=homogeneous_start,
    measured=False,
    starts_network=True,
    reads=("initial", SEED),
    unreachable=("resection", *OF_DELAYS, *NOISES, "stimuli"),
)
