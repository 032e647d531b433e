"""Chaos and quasi-periodicity of homogeneous solutions that are neither at rest nor on a cycle, told by exponents.

Every bounded solution that does not end at rest has one Lyapunov exponent that is exactly zero, that of a shift in time
(Haken, Phys. Lett. A 94, 71 (1983), doi:10.1016/0375-9601(83)90209-8).  With that one left out, the largest exponent is
positive in chaos, zero on a torus and negative for what tends to a cycle.  Runs are made longer until this is decided.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from ngnmm_core.dynamics.attractor import Attractor, find_attractors
from ngnmm_core.dynamics.differentiation import linearise
from ngnmm_core.dynamics.lyapunov_runs import ALIGNING_MS, Settings, lyapunov_exponents
from ngnmm_core.dynamics.regimes import CHAOS, IRREGULAR, TORUS
from ngnmm_core.models._base import Model
from ngnmm_core.simulation.own_times import in_units, state_factors, time_factor

DURATIONS_MS = (2000.0, 8000.0, 32000.0)
COUNT = 3
SIGNIFICANT = 4.0  # standard errors
SMALL = 2e-4  # exponents (1/ms) that the longest run can't tell from zero
CREEPS, LEAVES = 1e-4, 1e-3  # relative speeds (1/ms) below which a state creeps, and above which it does no longer
FOLLOWED_MS = 1e7
MOST_STEPS = 1000  # along a ghost they grow with the time; one that circles around its rest would take millions


def classify(
    model: Model, parameters: Mapping[str, np.ndarray], row_sum: float, attractors: Sequence[Attractor | None]
) -> list[Attractor | None]:
    """Classify irregular attractors as chaotic or as tori where their exponents say so, and return all attractors.

    Parameters
    ----------
    parameters : mapping of name to array (point,)
    """
    result = list(attractors)
    every = time_factor(model, parameters) * np.ones(len(result))
    for factor in np.unique(every):
        _classify(model, parameters, row_sum, result, np.flatnonzero(every == factor), float(factor))
    _arrived(model, parameters, row_sum, result)
    return result


def _classify(model: Model, parameters, row_sum: float, result: list, points: np.ndarray, factor: float) -> None:
    """Classify what is irregular at some points, whose time constants are all longer by a factor."""
    left = [int(k) for k in points if result[k] is not None and result[k].regime == IRREGULAR]
    for duration in DURATIONS_MS:
        if not left:
            return
        index = np.array(left)
        some = {name: np.asarray(values, float)[index] for name, values in parameters.items()}
        gains = np.stack([some["G"] * row_sum] * 2)
        states = np.stack([result[k].state for k in left], axis=1)
        settings = Settings(min(COUNT, len(states)), duration * factor, ALIGNING_MS)
        exponents = lyapunov_exponents(model, some, gains, states, settings)
        undecided = []
        for j, k in enumerate(left):
            values, errors = exponents.values[:, j] * factor, exponents.errors[:, j] * factor
            regime = _regime(values, errors, duration == DURATIONS_MS[-1])
            result[k] = replace(result[k], regime=regime, state=exponents.states[:, j])
            if regime == IRREGULAR:
                undecided.append(k)
        left = undecided


def _arrived(model: Model, parameters: Mapping[str, np.ndarray], row_sum: float, result: list) -> None:
    """Look again at what seems to be a torus, or is not known: close to a bifurcation all is approached slowly.

    After the long runs such a trajectory is near its cycle or rest, and Newton's method finds it.  Where it creeps, as
    along the ghost of a fold, it is followed further by a stiff method.
    """
    slow = [k for k, a in enumerate(result) if a is not None and a.regime in (TORUS, IRREGULAR)]
    if not slow:
        return
    some = {name: np.asarray(values, float)[slow] for name, values in parameters.items()}
    at = lambda j: {name: values[j : j + 1] for name, values in some.items()}
    states = np.array([_followed(model, at(j), row_sum, result[k].state) for j, k in enumerate(slow)])
    for k, found in zip(slow, find_attractors(model, some, row_sum, states), strict=True):
        if found is not None and found.regime != IRREGULAR:
            result[k] = found


def _followed(model: Model, parameters: Mapping[str, np.ndarray], row_sum: float, state: np.ndarray) -> np.ndarray:
    """Follow a state that creeps, by backward differences, until it rests; one that does not, or leaves, stays.

    So does one that takes more than `MOST_STEPS`.
    """
    from scipy.integrate import BDF

    weight, factor = parameters["G"] * row_sum, float(time_factor(model, parameters)[0])
    units, small = state_factors(model, factor), model.small

    def linear(x: np.ndarray):
        return linearise(model, (x * units)[None], parameters, weight)

    slope = lambda t, x: factor * linear(x).derivative[0] / units
    jacobian = lambda t, x: factor * in_units(linear(x).coupled(weight)[0], units)
    speed = lambda x: float(np.max(np.abs(slope(0.0, x)) / (np.abs(x) + small)))
    start = state / units
    if not speed(start) < CREEPS:
        return state
    with np.errstate(all="ignore"):
        solver = BDF(slope, 0.0, start, FOLLOWED_MS, jac=jacobian, rtol=1e-9, atol=1e-12)
        for _ in range(MOST_STEPS):
            solver.step()
            if solver.status == "finished":
                return solver.y * units
            if solver.status == "failed" or not speed(solver.y) < LEAVES:
                break
    return state


def _regime(values: np.ndarray, errors: np.ndarray, last: bool) -> int:
    zero = zero_exponent(values)
    others, their_errors = np.delete(values, zero), np.delete(errors, zero)
    if not np.isfinite(values).all() or not len(others):
        return IRREGULAR
    largest = int(np.argmax(others))
    value, error = others[largest], their_errors[largest]
    if value > max(SIGNIFICANT * error, SMALL):
        return CHAOS
    return TORUS if last and abs(value) < SMALL else IRREGULAR


def zero_exponent(values: np.ndarray) -> int:
    """Position of the exponent that belongs to a shift in time: the one nearest to zero."""
    return int(np.argmin(np.abs(values)))
