"""Coexisting attractors of the homogeneous system, found from several initial states and told apart.

Equilibria are told by their states; cycles by period and time means, which don't depend on where along the orbit the
state lies.  All that is neither counts as one.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ngnmm_core.dynamics.attractor import Attractor, find_attractors
from ngnmm_core.dynamics.irregular_attractors import classify
from ngnmm_core.dynamics.periodic_orbits import along
from ngnmm_core.dynamics.regimes import IRREGULAR, REST
from ngnmm_core.dynamics.variational import Solutions
from ngnmm_core.models._base import Model
from ngnmm_core.simulation.initial_states import nominal, standard_normal

SAME = 1e-6  # relative difference of states or periods up to which two polished attractors are one
SAME_MEAN = 1e-3  # and of time means, which are sampled
PLACES = 2048  # along an orbit
LEAST = 1e-2  # of the size of a state, in its unit
SEED = 0x57A7  # of the random initial states: the same at every point


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
    base = nominal(model)
    draws = standard_normal(SEED, starts - 1, len(base)) if starts > 1 else np.empty((0, len(base)))
    least = np.maximum([s.small for s in model.states], LEAST)
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
    count = len(parameters["G"])
    states = initial_states(model, starts, spread)
    repeated = {name: np.repeat(np.asarray(values, float), starts) for name, values in parameters.items()}
    found = classify(model, repeated, row_sum, find_attractors(model, repeated, row_sum, np.tile(states, (count, 1))))
    marks = _marks(Solutions(model, repeated, repeated["G"] * row_sum), found)
    return [_different(found[k : k + starts], marks[k : k + starts]) for k in range(0, count * starts, starts)]


def _marks(solutions: Solutions, attractors) -> list[np.ndarray | None]:
    """Numbers that tell attractors apart."""
    marks = [a.state if a is not None and a.regime == REST else None for a in attractors]
    cycling = [k for k, a in enumerate(attractors) if a is not None and a.orbit is not None]
    if cycling:
        states = along(solutions.take(np.array(cycling)), [attractors[k].orbit for k in cycling], PLACES)
        for k, path in zip(cycling, states, strict=True):
            marks[k] = np.array([attractors[k].period, *np.ascontiguousarray(path.T).mean(axis=1)])
    return marks


def _different(attractors, marks) -> Coexistence:
    kept: list[tuple[Attractor, np.ndarray | None]] = []
    for attractor, mark in zip(attractors, marks, strict=True):
        if attractor is not None and not any(_same(attractor, mark, *other) for other in kept):
            kept.append((attractor, mark))
    irregular = sum(a is not None and a.regime == IRREGULAR for a in attractors)
    return Coexistence(tuple(a for a, _ in kept), irregular, sum(a is None for a in attractors))


def _same(one: Attractor, mark, other: Attractor, other_mark) -> bool:
    kinds = [(a.regime == REST, a.orbit is not None) for a in (one, other)]
    if kinds[0] != kinds[1]:
        return False
    if mark is None:
        return True
    gaps = np.abs(mark - other_mark) / (np.abs(mark) + 1e-3)
    return bool((gaps < SAME).all() if one.regime == REST else gaps[0] < SAME and (gaps[1:] < SAME_MEAN).all())
