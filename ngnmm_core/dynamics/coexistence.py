"""Coexisting attractors of the homogeneous system, found from several initial states and told apart.

Equilibria are not left to chance: they come from the model's exact curve (or from Newton's method at many places, where
it has none), and trajectories also start beside those that are unstable, along the direction that grows fastest.
Attractors are told apart by their points: two that share one are one.  All that is neither at rest nor a cycle counts
as one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import scipy
from scipy.interpolate import PPoly

from ngnmm_core.dynamics.attractor import Attractor, find_attractors
from ngnmm_core.dynamics.continuation.equilibria import find_equilibria
from ngnmm_core.dynamics.equilibria import jacobians
from ngnmm_core.dynamics.equilibrium_branch import Branch
from ngnmm_core.dynamics.irregular_attractors import classify
from ngnmm_core.dynamics.periodic_orbits import Orbit, paths
from ngnmm_core.dynamics.regimes import IRREGULAR, REST
from ngnmm_core.dynamics.variational import Solutions
from ngnmm_core.models._base import Model
from ngnmm_core.simulation.initial_states import standard_normal
from ngnmm_core.simulation.own_times import in_units, state_factors, time_factor

SAME = 1e-6  # relative difference of two equilibria that are one
ON_ORBIT = 1e-4  # distance of a point from an orbit that it is on, in units of the orbit's extent
PLACES = 2048  # along an orbit
PUSH = 0.2  # away from an unstable equilibrium, in units of the states' sizes
LEAST = 1e-2  # of the size of a state, in its unit
SEED = 0x57A7  # of the random initial states: the same at every point
OrbitCurve = tuple[PPoly, np.ndarray, float]


@dataclass(frozen=True)
class Coexistence:
    """The different attractors of a point, and how many starts ended in none that could be polished."""

    attractors: tuple[Attractor, ...]
    unresolved: int
    diverged: int


def initial_states(model: Model, starts: int, spread: float) -> np.ndarray:
    """Return the nominal state and random ones around it, [start, state]; the first ones are the same for any number.

    A state that is zero at rest, such as a velocity, varies by what the model declares as small for it.
    """
    base = model.nominal
    draws = standard_normal(SEED, starts - 1, len(base)) if starts > 1 else np.empty((0, len(base)))
    least = np.maximum(model.small, LEAST)
    scale = np.maximum(np.abs(base), least) * np.array([10.0 if s.non_negative else 2.0 for s in model.states])
    states = base + spread * scale * draws
    positive = np.array([s.non_negative for s in model.states])
    return np.concatenate([base[None], np.where(positive, np.abs(states), states)])


def coexisting(
    model: Model, parameters: Mapping[str, np.ndarray], row_sum: float, starts: int, spread: float = 1.0
) -> list[Coexistence]:
    """Find the coexisting attractors of many points.

    Parameters
    ----------
    parameters : mapping of name to array (point,)
    starts : int
        Number of initial states.
    """
    arrays = {name: np.asarray(values, float) for name, values in parameters.items()}
    points = [{name: float(values[k]) for name, values in arrays.items()} for k in range(len(arrays["G"]))]
    fixed = [find_equilibria(model, point, row_sum, thorough=False) for point in points]
    usual = initial_states(model, starts, spread)
    units = state_factors(model, time_factor(model, arrays) * np.ones(len(points)))
    begin = [
        np.concatenate([usual * unit, _beside(model, point, row_sum, rests, unit)])
        for point, rests, unit in zip(points, fixed, units, strict=True)
    ]
    owner = np.repeat(np.arange(len(points)), [len(states) for states in begin])
    repeated = {name: values[owner] for name, values in arrays.items()}
    found = classify(model, repeated, row_sum, find_attractors(model, repeated, row_sum, np.concatenate(begin)))
    orbits = _orbits(Solutions(model, repeated, repeated["G"] * row_sum), found)
    result = []
    for k, rests in enumerate(fixed):
        own = [int(j) for j in np.flatnonzero(owner == k)]
        resting = [Attractor(REST, state) for state in rests.states[rests.stable]]
        # of the starts beside equilibria only what they have come to: they may take very long to leave
        own = [j for n, j in enumerate(own) if n < starts or found[j] is None or found[j].regime != IRREGULAR]
        result.append(_different(resting, [(found[j], orbits.get(j)) for j in own], units[k]))
    return result


def _beside(model: Model, point: Mapping[str, float], row_sum: float, rests: Branch, units: np.ndarray) -> np.ndarray:
    """States on both sides of every unstable equilibrium, [start, state]."""
    some = rests.states[~rests.stable]
    if not len(some):
        return np.empty((0, len(model.states)))
    arrays = {name: np.full(len(some), value) for name, value in point.items()}
    weight = arrays["G"] * row_sum
    values, vectors = np.linalg.eig(in_units(jacobians(model, some, arrays, weight, weight), units))
    growing = vectors[np.arange(len(some)), :, np.argmax(values.real, axis=1)].real
    size = np.abs(some / units) + model.small
    push = units * PUSH * growing / np.max(np.abs(growing) / size, axis=1)[:, None]
    return np.concatenate([some + push, some - push])


def _orbits(solutions: Solutions, attractors) -> dict[int, OrbitCurve]:
    cycling = [k for k, a in enumerate(attractors) if a is not None and a.orbit is not None]
    curves = orbit_curves(solutions.take(np.array(cycling, int)), [attractors[k].orbit for k in cycling])
    return dict(zip(cycling, curves, strict=True))


def orbit_curves(solutions: Solutions, orbits: Sequence[Orbit]) -> list[OrbitCurve]:
    """Orbits as functions of time, with their states at some places [place, state] and their periods."""
    if not orbits:
        return []
    return [
        (curve, curve(orbit.period * np.arange(PLACES) / PLACES), orbit.period)
        for curve, orbit in zip(paths(solutions, orbits), orbits, strict=True)
    ]


def _different(resting: list[Attractor], found: list, units: np.ndarray) -> Coexistence:
    kept = list(resting)
    orbits: list[tuple] = []
    for attractor, orbit in found:
        if attractor is None:
            continue
        if orbit is not None:
            if any(is_on(attractor.state, other, units) for other in orbits):
                continue
            orbits.append(orbit)
        elif any(_alike(attractor, other, units) for other in kept):
            continue
        kept.append(attractor)
    irregular = sum(a is not None and a.regime == IRREGULAR for a, _ in found)
    return Coexistence(tuple(kept), irregular, sum(a is None for a, _ in found))


def _alike(one: Attractor, other: Attractor, units: np.ndarray) -> bool:
    """Whether two attractors that are no cycles are one."""
    if one.regime != REST or other.regime != REST:
        return one.regime != REST and other.regime != REST and other.orbit is None
    return bool((np.abs(one.state - other.state) < SAME * (np.abs(other.state) + 1e-3 * units)).all())


def is_on(state: np.ndarray, orbit: OrbitCurve, units: np.ndarray | float = 1.0) -> bool:
    """Whether a state lies on an orbit; both in units [state] in which the least that counts is told."""
    curve, places, period = orbit
    extent = np.ptp(places, axis=0) + 1e-12 * units
    away = lambda states: np.sqrt((((states - state) / extent) ** 2).sum(axis=-1))
    near = away(places)
    # where the orbit turns sharply the nearest place need not be beside the nearest point: some are tried
    for k in np.argsort(near, kind="stable")[:4]:
        at = scipy.optimize.minimize_scalar(
            lambda t: float(away(curve(t % period))),
            bounds=((k - 1) * period / PLACES, (k + 1) * period / PLACES),
            method="bounded",
            options={"xatol": 1e-9 * period},
        )
        if at.fun < ON_ORBIT:
            return True
    return False
