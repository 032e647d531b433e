"""The settings of conduction delays: their names, what they may be, and the axis that they make."""

from typing import Any

import numpy as np

from ngnmm_core.connectome.connectome import Connectome
from ngnmm_core.connectome.registry import SourceEntry
from ngnmm_core.errors import InputError
from ngnmm_core.points import Axis, Kind, Points
from ngnmm_core.simulation.integrators import get_integrator, integrator_names

VELOCITY = "velocity_m_per_s"  # also an axis
INTERPOLATED, ROUNDED = "interpolated", "rounded"
REFUSE, EUCLIDEAN = "refuse", "euclidean"
EQUAL = 1e-9  # relative difference of lengths that are the same


def delay_axes(settings: Any) -> list[Axis]:
    """Declare the axis of the conduction velocity; `settings` are those of the simulation."""
    none = float("inf")
    velocity = none if settings.velocity_m_per_s is None else settings.velocity_m_per_s
    meaning = "conduction velocity: infinite where there are no delays"
    return [Axis(VELOCITY, Kind.SETTING, check_velocity, "m s-1", meaning, VELOCITY, velocity, none, none)]


def velocity_at(settings: Any, points: Points) -> np.ndarray:
    """Conduction velocity of every point (m/s): of the settings, or of an axis; infinite without delays."""
    velocity = settings.velocity_m_per_s
    return points.values(VELOCITY, np.inf if velocity is None else velocity)


def check_velocity(key: str, value: float) -> None:
    """Whether signals may travel as fast as this.

    Raises
    ------
    InputError
        For a number that is not positive.
    """
    if not value > 0:
        raise InputError(f"{key}: {value:g} is out of range; allowed: a number > 0, or null for none")


def found_at_rest(model: Any) -> str:
    """Give the key of a study's model whose numbers follow from a bifurcation or from stability; empty for none."""
    return next((f"model.{key}" for key in ("operating_point", "balance") if getattr(model, key) is not None), "")


def check_delays(settings: Any, delayed: bool, without: str) -> None:
    """Whether the method takes delays, and whether there are any where their kind is told.

    `without` is the key of what is worked out without delays; empty for none.

    Raises
    ------
    InputError
        Otherwise.
    """
    method = settings.integrator
    if not delayed:
        for name, default in (("delays", INTERPOLATED), ("missing_lengths", REFUSE)):
            if getattr(settings, name) != default:
                raise InputError(
                    f"simulation.{name}: {getattr(settings, name)} without delays, for simulation.{VELOCITY} is null; "
                    f"allowed: {default}, or a velocity"
                )
        return
    if without:
        raise InputError(
            f"simulation.{VELOCITY}: {without} is worked out without delays; allowed: null, or model.parameters in its "
            "place"
        )
    if not method.delayed:
        able = [name for name in integrator_names() if get_integrator(name).delayed]
        raise InputError(
            f"simulation.{VELOCITY}: method {settings.method} takes no delays; allowed: method: {' or '.join(able)}, "
            "or null"
        )
    if settings.delays == ROUNDED and not method.rounds:
        raise InputError(
            f"simulation.delays: rounded is not for method {settings.method}, which takes half steps; allowed: "
            "interpolated"
        )


def check_stated_lengths(entry: SourceEntry, missing: str) -> None:
    """Whether an entry of the registry comes with lengths, before it is fetched; a matrix file may not tell.

    Raises
    ------
    InputError
        If it has none, and the distance of the centres is not asked for or there are no centres.
    """
    if entry.regions == 1 or entry.has_lengths is not False:
        return
    lacking = f"simulation.{VELOCITY}: the connectome comes without tract lengths"
    if entry.has_centres is False:
        raise InputError(f"{lacking} and centres; allowed: null, or a connectome with lengths")
    if missing != EUCLIDEAN:
        raise InputError(
            f"{lacking}; allowed: null, a connectome with lengths, or simulation.missing_lengths: euclidean"
        )


def lengths_mm(connectome: Connectome, missing: str) -> np.ndarray:
    """Lengths (mm) of all connections, [region, source]; 0 where there is none.

    Parameters
    ----------
    missing : str
        `refuse`, or `euclidean` for the distance of the centres where there is a weight and no length.

    Raises
    ------
    InputError
        For connections without a length, where that is not asked for or there are no centres.
    """
    W, key = connectome.weights, f"simulation.{VELOCITY}"
    connected = (W > 0) & ~np.eye(len(W), dtype=bool)
    found = np.zeros(W.shape) if connectome.tract_length is None else np.array(connectome.tract_length)
    lacking = connected & ~(np.isfinite(found) & (found > 0))
    if lacking.any():
        i, j = np.argwhere(lacking)[0]
        pair = f"{connectome.labels[j]} to {connectome.labels[i]}"
        count = f"{lacking.sum()} of {connected.sum()} connections have no length, such as {pair}"
        if missing != EUCLIDEAN:
            raise InputError(f"{key}: {count}; allowed: lengths > 0, or simulation.missing_lengths: euclidean")
        if connectome.centres is None:
            raise InputError(f"{key}: {count}, and the connectome has no centres; allowed: lengths > 0 of all")
        apart = np.linalg.norm(connectome.centres[:, None] - connectome.centres[None], axis=-1)
        found = np.where(lacking, apart, found)
        if not (found[lacking] > 0).all():
            i, j = np.argwhere(lacking & ~(found > 0))[0]
            raise InputError(
                f"simulation.missing_lengths: the centres of {connectome.labels[j]} and {connectome.labels[i]} are no "
                "distance apart; allowed: other centres, or lengths > 0"
            )
    return np.where(connected, found, 0.0)


def shared_length(weights: np.ndarray, lengths: np.ndarray) -> float | None:
    """Give the length (mm) that all connections have, of their lengths [region, source]; None where they differ."""
    found = lengths[(weights != 0) & ~np.eye(len(weights), dtype=bool)]
    if not len(found):
        return 0.0
    return float(found.mean()) if np.ptp(found) <= EQUAL * found.max() else None
