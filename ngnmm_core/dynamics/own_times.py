"""The times of a model at a point, against which the lengths of runs and steps are measured.

Lengths stand in the code for a model's default time constants.  Where all of them are longer, or all shorter, by a
common factor, the same equations run in another unit of time, and everything that is a time is multiplied by it.
"""

from collections.abc import Mapping

import numpy as np

from ngnmm_core.models._base import Model


def time_factor(model: Model, parameters: Mapping[str, np.ndarray | float]) -> np.ndarray:
    """Return by how much all time constants are longer than the defaults, or shorter, array as the parameters.

    It is 1 where only some are, or in both senses: those that changed are then dynamics of their own, for which the
    model's other times still hold.

    Parameters
    ----------
    model : Model
    parameters : mapping of name to array (point,)
        All parameters.
    """
    ratios = [
        np.asarray(parameters[p.name], float) / p.default
        for p in model.parameters
        if p.unit == "ms" and p.positive and p.default > 0
    ]
    if not ratios:
        return np.ones(np.shape(next(iter(parameters.values()))))
    least, most = np.min(ratios, axis=0), np.max(ratios, axis=0)
    return np.where(least > 1.0, least, np.where(most < 1.0, most, 1.0))


def state_factors(model: Model, factor: float | np.ndarray) -> np.ndarray:
    """Return by how much states are larger in that unit of time, [..., state]: rates shrink where times grow."""
    powers = np.array([_power(state.unit) for state in model.states])
    return np.asarray(factor, float)[..., None] ** powers


def _power(unit: str) -> float:
    """Power of ms in a unit such as `mV ms-1`."""
    powers = [part.removeprefix("ms") for part in unit.split() if part.startswith("ms")]
    return sum(float(power) if power else 1.0 for power in powers)


def in_units(matrices: np.ndarray, units: np.ndarray) -> np.ndarray:
    """Matrices [..., state, state] that act on states in units [..., state]; eigenvalues stay what they are.

    So that no rounding depends on the unit of time: rates become small where times become long.
    """
    return matrices * (units[..., None, :] / units[..., :, None])
