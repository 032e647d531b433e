"""What stages without a simulation share of conduction delays: settings, the delays of points, points put together."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from ngnmm_core.connectome.connectome import Connectome
from ngnmm_core.errors import InputError
from ngnmm_core.simulation.delay_settings import REFUSE, VELOCITY, lengths_mm, shared_length
from ngnmm_core.stages.task import Task
from ngnmm_core.study.study import Study

Results = dict[str, np.ndarray]
Compute = Callable[[Task], Results]
MISSING = "missing_lengths"


def delay_settings(study: Study) -> dict[str, Any]:
    """Give the settings of delays; none where a study has no delays, whose results then stay what they are."""
    if not study.delayed:
        return {}
    return {VELOCITY: study.simulation.velocity_m_per_s, MISSING: study.simulation.missing_lengths}


def velocities(task: Task) -> np.ndarray:
    """Conduction velocity of every point (m/s); infinite without delays."""
    own = task.settings.get(VELOCITY)
    return task.points.values(VELOCITY, np.inf if own is None else own)


def lengths(task: Task) -> np.ndarray:
    """Lengths (mm) of all connections, [region, source].

    Raises
    ------
    InputError
        As `lengths_mm`.
    """
    return lengths_mm(task.connectome, task.settings.get(MISSING, REFUSE))


def equal_length(connectome: Connectome, found: np.ndarray) -> float:
    """Give the length (mm) that all connections share, of their lengths [region, source].

    Raises
    ------
    InputError
        Where they differ: a perturbation along an eigenvector of W then stays along it no longer.
    """
    same = shared_length(connectome.weights, found)
    if same is None:
        some = found[(connectome.weights != 0) & ~np.eye(len(found), dtype=bool)]
        raise InputError(
            f"simulation.{VELOCITY}: lengths from {some.min():g} to {some.max():g} mm, and analyses.dispersion is for "
            "one delay of all connections; allowed: equal lengths, or analyses.msf in its place"
        )
    return same


def by_delays(task: Task, without: Compute, with_delays: Compute) -> Results:
    """Compute points without delays in one way and those with delays in another; results in the order of the points."""
    delayed = np.isfinite(velocities(task))
    if not delayed.any():
        return without(task)
    if delayed.all():
        return with_delays(task)
    parts = []
    for chosen, compute in ((~delayed, without), (delayed, with_delays)):
        index = np.flatnonzero(chosen)
        parts.append((index, compute(replace(task, points=task.points.take(index)))))
    found = {}
    for name, values in parts[0][1].items():
        found[name] = np.empty((len(task.points), *values.shape[1:]), values.dtype)
        for index, part in parts:
            found[name][index] = part[name]
    return found
