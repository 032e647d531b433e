"""The times of a model at a point, against which the lengths of runs and steps are measured.

Lengths stand in the code for a model's default time constants.  Where all of them are longer, or all shorter, by a
common factor, the same equations run in another unit of time, and everything that is a time is multiplied by it.  A
model whose times are slow, or very fast, from the start declares this factor for its defaults (`Model.time_unit`).
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ngnmm_core.models._base import Model
from ngnmm_core.models._units import power_of_time

SAME = 1e-9  # relative difference of slopes in two units of time


def time_factor(model: Model, parameters: Mapping[str, np.ndarray | float]) -> np.ndarray:
    """Return by how much all time constants are longer than usual, or shorter, array as the parameters.

    It is that of the defaults, 1 unless the model declares another, where only some are, or in both senses: those that
    changed are then dynamics of their own, for which the model's other times still hold.

    Parameters
    ----------
    model : Model
    parameters : mapping of name to array (point,)
        All parameters.
    """
    ratios = _ratios(model, parameters)
    if not ratios:
        return model.time_unit * np.ones(np.shape(next(iter(parameters.values()))))
    return model.time_unit * _common(np.min(ratios, axis=0), np.max(ratios, axis=0))


def point_factors(model: Model, parameters: Mapping[str, np.ndarray]) -> np.ndarray:
    """Return that of every point, [point], of parameters [point] or [point, region]: what all its regions share."""
    points = len(parameters["G"])
    ratios = [ratio.reshape(points, -1) for ratio in _ratios(model, parameters)]
    if not ratios:
        return model.time_unit * np.ones(points)
    least, most = ([extreme(r, axis=1) for r in ratios] for extreme in (np.min, np.max))
    return model.time_unit * _common(np.min(least, axis=0), np.max(most, axis=0))


def common_time_factor(model: Model, parameters: Mapping[str, np.ndarray | float]) -> float:
    """Return the factor by which all time constants are longer, or shorter, in all regions (and at all points)."""
    ratios = [ratio for each in _ratios(model, parameters) for ratio in np.ravel(each)]
    return model.time_unit * float(_common(np.min(ratios), np.max(ratios)) if ratios else 1.0)


def _ratios(model: Model, parameters: Mapping[str, np.ndarray | float]) -> list[np.ndarray]:
    """Time constants in units of the defaults."""
    times = [p for p in model.parameters if p.unit == "ms" and p.positive and p.default > 0]
    return [np.asarray(parameters[p.name], float) / p.default for p in times]


def _common(least: np.ndarray, most: np.ndarray) -> np.ndarray:
    return np.where(least > 1.0, least, np.where(most < 1.0, most, 1.0))


def nominal_states(model: Model, parameters: Mapping[str, np.ndarray]) -> np.ndarray:
    """Return the nominal initial state at every point, in the unit of time of its time constants, [point, state].

    Parameters
    ----------
    model : Model
    parameters : mapping of name to array (point,)
        All parameters.
    """
    return model.nominal * state_units(model, parameters)


def state_units(model: Model, parameters: Mapping[str, np.ndarray]) -> np.ndarray:
    """Return by how much states are larger at every point in the unit of time of its time constants, [point, state]."""
    return state_factors(model, time_factor(model, parameters) * np.ones(len(parameters["G"])))


def batches(points: np.ndarray, units: np.ndarray, size: int) -> list[np.ndarray]:
    """Cut points into batches of one unit each, [all points]: of time, so that their steps have the same length."""
    groups = [points[units[points] == unit] for unit in np.unique(units[points])]
    return [group[start : start + size] for group in groups for start in range(0, len(group), size)]


@dataclass(frozen=True)
class OwnTime:
    """Points in the unit of time of their time constants, for what must not depend on the unit by any rounding.

    Attributes
    ----------
    factor : float
        By how much that unit is longer than that of the model's defaults.
    units : array (state,)
        Units of the states, see `state_factors`.
    parameters : mapping of name to array
        All parameters in that unit of time.
    """

    factor: float
    units: np.ndarray
    parameters: Mapping[str, np.ndarray | float]


def own_time(model: Model, parameters: Mapping[str, np.ndarray | float], factor: float) -> OwnTime:
    """Express parameters in a unit of time that is longer by a factor.

    Where that changes the equations, because the unit of a parameter is declared otherwise than the equations use it,
    parameters are left as they are, and the factor is 1.
    """
    powers = {p.name: power_of_time(p.unit) for p in model.parameters}
    changed = {name: values / factor ** powers[name] if powers[name] else values for name, values in parameters.items()}
    units = state_factors(model, factor)
    if factor == 1.0 or not _same_equations(model, parameters, changed, units, factor):
        return OwnTime(1.0, np.ones(len(units)), parameters)
    return OwnTime(factor, units, changed)


def _same_equations(model: Model, parameters, changed, units: np.ndarray, factor: float) -> bool:
    """Whether the slopes at a state are those in the other unit of time."""
    state = model.nominal + 0.3 * (np.abs(model.nominal) + model.small)
    with np.errstate(all="ignore"):
        here, there = _slopes(model, parameters, state * units), _slopes(model, changed, state)
    there = there * np.reshape(units / factor, (-1, *[1] * (there.ndim - 1)))
    return bool(np.allclose(here, there, rtol=SAME, atol=0.0, equal_nan=True))


def _slopes(model: Model, parameters: Mapping[str, np.ndarray | float], state: np.ndarray) -> np.ndarray:
    """Slopes [state, ...] at one state, under parameters [...] and what such a state sends."""
    arrays = {name: np.asarray(values, float) for name, values in parameters.items()}
    x, constants = tuple(state), model.coefficients(arrays)
    drives = tuple(arrays[name] for name in model.drives)
    slopes = model.derivative(x, drives, constants, arrays["G"] * model.sent(x, constants))
    return np.stack(np.broadcast_arrays(*slopes))


def state_factors(model: Model, factor: float | np.ndarray) -> np.ndarray:
    """Return by how much states are larger in that unit of time, [..., state]: rates shrink where times grow."""
    return np.asarray(factor, float)[..., None] ** model.powers_of_time


def in_units(matrices: np.ndarray, units: np.ndarray) -> np.ndarray:
    """Matrices [..., state, state] that act on states in units [..., state]; eigenvalues stay what they are.

    So that no rounding depends on the unit of time: rates become small where times become long.
    """
    return matrices * (units[..., None, :] / units[..., :, None])
