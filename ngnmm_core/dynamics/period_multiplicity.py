"""How many rounds of a simpler cycle a cycle makes: 1 for a simple one, 2 after a period doubling, 3 in its window.

A cycle of n rounds runs n times past an unstable cycle with about the n-th part of its period, which has lost its
stability by a period doubling: its leading multiplier is below -1.  That cycle is looked for by Newton's method from
where the rounds are closest to each other, and then its own parent.
"""

from collections.abc import Sequence

import numpy as np

from ngnmm_core.dynamics.periodic_orbits import Orbit, along, paths, shoot_many, values_at
from ngnmm_core.dynamics.variational import Solutions

ROUNDS = (2, 3, 5, 7)
PLACES = 5040  # along an orbit: a multiple of all numbers of rounds
MOST_PARTS = 256  # of an orbit that is a multiple
GUESSES = 3
SAME, SIMILAR = 0.05, 0.2  # distance of rounds, in units of the extent of the orbit, from which on they are compared
ALIKE = 1e-4  # of states, in units of the extent, and of periods, in units of the period
MOST = 64


def shortest(solutions: Solutions, orbits: Sequence[Orbit]) -> list[Orbit]:
    """Return the same stable orbits with their own periods, if some that were found are multiples of these.

    An orbit of n parts is where it started after each of them, and Newton's method finds the stable orbit of one part.
    """
    tries = []
    for k, path in enumerate(paths(solutions, orbits)):
        period, start, extent = orbits[k].period, orbits[k].state, np.ptp(path.c[-1], axis=0) + 1e-12
        away = lambda times, path=path, start=start, extent=extent: (
            (np.abs(values_at(path, times) - start) / extent).T.copy().max(axis=0)
        )
        parts = np.arange(MOST_PARTS, 1, -1)
        some = parts[away(period / parts) < SAME]
        some = some[away(period * (some // 2) / some) < SAME]
        tries += [(k, int(n), extent) for n in some if (away(period * np.arange(1, n) / n) < SAME).all()]
    result = list(orbits)
    if tries:
        index = np.array([k for k, _, _ in tries])
        starts = np.array([orbits[k].state for k in index])
        periods = np.array([orbits[k].period / part for k, part, _ in tries])
        found = shoot_many(solutions.take(index), starts, periods)
        for (k, part, extent), shorter in zip(tries, found, strict=True):
            if result[k] is orbits[k] and shorter is not None and _is_same(orbits[k], shorter, part, extent):
                result[k] = shorter  # the first one is the shortest
    return result


def _is_same(orbit: Orbit, shorter: Orbit, part: int, extent: np.ndarray) -> bool:
    """Whether the longer orbit goes round the shorter one: which is stable then, unlike the parent of a doubled one."""
    near = np.max(np.abs(shorter.state - orbit.state) / extent) < ALIKE
    return bool(near and abs(part * shorter.period - orbit.period) < ALIKE * orbit.period and shorter.stable)


def multiplicities(solutions: Solutions, orbits: Sequence[Orbit]) -> list[int]:
    """Numbers of rounds that stable orbits make of the simplest unstable ones beside them; 1 if there is none."""
    total = [1] * len(orbits)
    waiting = dict(enumerate(orbits))
    while waiting:
        index = np.array(list(waiting))
        parents = parents_of(solutions.take(index), list(waiting.values()))
        waiting = {}
        for k, (rounds, parent) in zip(map(int, index), parents, strict=True):
            total[k] *= rounds
            if parent is not None and total[k] < MOST:
                waiting[k] = parent
    return total


def parents_of(solutions: Solutions, orbits: Sequence[Orbit]) -> list[tuple[int, Orbit | None]]:
    """For each orbit the number of rounds and the orbit that is gone round; (1, None) if there is none."""
    result: list[tuple[int, Orbit | None]] = [(1, None)] * len(orbits)
    # numpy reduces contiguous places ten times faster than rows of six
    states = np.ascontiguousarray(np.swapaxes(along(solutions, orbits, PLACES), 1, 2))
    extent = np.ptp(states, axis=2) + 1e-12
    for rounds in ROUNDS:
        guesses = {k: _guesses(states[k], extent[k], rounds) for k in range(len(orbits)) if result[k][1] is None}
        index = np.array([k for k, some in guesses.items() for _ in some], int)
        if not len(index):
            continue
        periods = np.array([orbits[k].period / rounds for k in index])
        starts = np.concatenate(list(guesses.values()))
        for k, parent in zip(map(int, index), shoot_many(solutions.take(index), starts, periods), strict=True):
            if parent is not None and result[k][1] is None and _is_parent(parent, orbits[k], rounds):
                result[k] = (rounds, parent)
    return result


def _is_parent(parent: Orbit, orbit: Orbit, rounds: int) -> bool:
    leading = parent.multipliers[1]
    flips = leading.real < -1.0 and abs(leading.imag) < 1e-9 * abs(leading)
    return bool(flips and abs(rounds * parent.period - orbit.period) < 0.2 * orbit.period)


def _guesses(states: np.ndarray, extent: np.ndarray, rounds: int) -> np.ndarray:
    """Means over the rounds of an orbit [state, place] where they are closest, [guess, state]; none if that is far."""
    passages = states.reshape(len(states), rounds, -1)
    gaps = np.max(np.ptp(passages, axis=1) / extent[:, None], axis=0)
    order = np.argsort(gaps, kind="stable")[:: len(gaps) // 8][:GUESSES]
    return passages[:, :, order[: GUESSES if gaps[order[0]] < SIMILAR else 0]].mean(axis=1).T
