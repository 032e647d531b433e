"""Equilibria of the homogeneous system: Newton's method on the exact Jacobian, and their stability."""

from collections.abc import Mapping

import numpy as np

from ngnmm_core.dynamics.differentiation import linearise
from ngnmm_core.dynamics.small_eigenvalues import eigenvalues_of
from ngnmm_core.models._base import Model
from ngnmm_core.simulation.own_times import in_units, state_factors, time_factor

MOST_ITERATIONS = 50
TOLERANCE = 1e-12  # of the last Newton step, relative to the size of the state
RESIDUAL = 1e-9  # of the time derivative, relative to the fastest change that the state could make


def newton(model: Model, start: np.ndarray, parameters: Mapping[str, np.ndarray], weight: np.ndarray, background=0.0):
    """Equilibria near given states, for many points at once.

    Parameters
    ----------
    start : array (point, state)
    parameters : mapping of name to array (point,)
    weight : array (point,)
        G times the row sum of the connectome: the region's coupling onto itself on the homogeneous manifold.
    background : float or array (point,)
        Constant coupling input besides.

    Returns
    -------
    states : array (point, state)
    converged : array (point,) of bool
    """
    x = np.array(start, float)
    converged = np.zeros(len(x), bool)
    units = _units(model, parameters, len(x))
    with np.errstate(all="ignore"):
        for _ in range(MOST_ITERATIONS):
            system = linearise(model, x, parameters, weight, background)
            jacobian = system.coupled(weight)
            usable = np.isfinite(jacobian).all(axis=(1, 2)) & np.isfinite(system.derivative).all(axis=1)
            jacobian[~usable] = np.eye(x.shape[1])
            step = units * _newton_steps(in_units(jacobian, units), system.derivative / units)
            step[~usable | converged] = 0.0
            x = x + step
            small = np.abs(step) <= TOLERANCE * (np.abs(x) + 1e-3 * units)
            converged |= usable & small.all(axis=1)
            if converged.all():
                break
        system = linearise(model, x, parameters, weight, background)
        size = np.abs(x / units).max(axis=1) + 1e-3
        rate = np.abs(in_units(system.jacobian, units)).max(axis=(1, 2)) * size
        at_rest = np.abs(system.derivative / units).max(axis=1) <= RESIDUAL * rate
    return x, converged & at_rest & np.isfinite(x).all(axis=1)


def _units(model: Model, parameters: Mapping[str, np.ndarray], count: int) -> np.ndarray:
    """Units of the states at every point, [point, state]: see `own_times`."""
    return state_factors(model, time_factor(model, parameters) * np.ones(count))


def _newton_steps(jacobian: np.ndarray, derivative: np.ndarray) -> np.ndarray:
    """Newton steps [point, state]; the shortest one where the Jacobian is singular, which no other point notices."""
    try:
        return np.linalg.solve(jacobian, -derivative[..., None])[..., 0]
    except np.linalg.LinAlgError:
        steps = np.zeros_like(derivative)
        for k, (matrix, slope) in enumerate(zip(jacobian, derivative, strict=True)):
            try:
                steps[k] = np.linalg.solve(matrix, -slope)
            except np.linalg.LinAlgError:
                steps[k] = np.linalg.lstsq(matrix, -slope, rcond=None)[0]
        return steps


def eigenvalues(
    model: Model, states: np.ndarray, parameters, weight: np.ndarray, feedback: np.ndarray, background=0.0
) -> np.ndarray:
    """Eigenvalues of the Jacobian at equilibria, for perturbations that feel `feedback` instead of `weight`.

    Parameters
    ----------
    states : array (point, state)
    weight : array (point,)
    feedback : array (point, ...), real or complex
        G times Lambda; equal to `weight` for perturbations within the homogeneous system.
    background : float or array (point,)
        Constant coupling input besides.

    Returns
    -------
    array (point, ..., state), complex, in no particular order, 1/ms
    """
    found = jacobians(model, states, parameters, weight, feedback, background)
    units = _units(model, parameters, len(states)).reshape(len(states), *(1,) * (found.ndim - 3), -1)
    return eigenvalues_of(in_units(found, units))


def jacobians(
    model: Model, states: np.ndarray, parameters, weight: np.ndarray, feedback: np.ndarray, background=0.0
) -> np.ndarray:
    """Jacobians (point, ..., state, state) whose eigenvalues are those of `eigenvalues`."""
    return linearise(model, states, parameters, weight, background).coupled(feedback)
