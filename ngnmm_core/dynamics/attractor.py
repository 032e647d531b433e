"""The attractor that the homogeneous system reaches from its nominal initial state: rest, a cycle, or neither.

The rule uses the point alone.  The trajectory is followed in stretches of growing length; after each, an equilibrium
and then cycles of more and more returns are proposed and polished by Newton's method.  A proposal
is accepted if it is stable and the trajectory is close to it and approaching.  So a slow transient near a
bifurcation is neither taken for an attractor nor waited for until it has died out.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ngnmm_core.dynamics.equilibria import eigenvalues, newton
from ngnmm_core.dynamics.packing import WIDTH
from ngnmm_core.dynamics.period_multiplicity import multiplicities, shortest
from ngnmm_core.dynamics.periodic_orbits import Orbit, shoot_many
from ngnmm_core.dynamics.poincare_returns import Returns, distances, find_returns, joined
from ngnmm_core.dynamics.regimes import IRREGULAR, LIMIT_CYCLE, MULTI_PERIOD, REST
from ngnmm_core.dynamics.variational import Solutions
from ngnmm_core.models._base import Model
from ngnmm_core.simulation.own_times import nominal_states

SAMPLE_MS = 0.1
STEPS_PER_SAMPLE = (4, 20, 100)  # more where the trajectory ceases to be finite with fewer: steep bursts, large inputs
STRETCHES_MS = ((500, 500), (500, 500), (1000, 1000), (2000, 2000), (4000, 2000), (8000, 2000))  # and the part watched
MOST_RETURNS = 32
# times for the default time constants of a model: see `own_times`
NEAR = 0.05  # distance, in units of the size of the state or the orbit, at which a proposal may be accepted
ARRIVED = 1e-6
CHUNK = 512  # points whose trajectories are in memory together
PROPOSALS = 8 * WIDTH  # of cycles, that are looked at together at least, as far as there are any
TOGETHER = 8 * CHUNK  # points whose orbits are searched for together: Newton's method takes few of them at a time


@dataclass(frozen=True)
class Attractor:
    """An attractor of the homogeneous system.

    `state` is the equilibrium, a point of the cycle, or the last state of a trajectory that is neither; `orbit` is the
    cycle, `multiplicity` how many rounds of a simpler cycle it makes (2 after a period doubling).
    """

    regime: int
    state: np.ndarray
    orbit: Orbit | None = None
    multiplicity: int = 1

    @property
    def period(self) -> float:
        """Period in ms, NaN if there is none."""
        return self.orbit.period if self.orbit else np.nan


def find_attractors(
    model: Model, parameters: Mapping[str, np.ndarray], row_sum: float, states: np.ndarray | None = None
) -> list[Attractor | None]:
    """Find the attractors of many points; None where the solution ceases to be finite however small the steps are.

    Parameters
    ----------
    parameters : mapping of name to array (point,)
        All parameters, `G` included.
    row_sum : float
        Row sum of the connectome.
    states : array (point, state), optional
        Where to start; if not given the model's nominal state, in the unit of time of the point's time constants.
    """
    count = len(parameters["G"])
    states = nominal_states(model, parameters) if states is None else states
    found: list[Attractor | None] = []
    for start in range(0, count, TOGETHER):
        part = slice(start, start + TOGETHER)
        some = {name: np.asarray(values[part], float) for name, values in parameters.items()}
        found += _attractors(Solutions(model, some, some["G"] * row_sum), np.array(states[part]))
        if count > TOGETHER:
            logging.info("attractor %d/%d", len(found), count)
    return found


def _attractors(solutions: Solutions, states: np.ndarray) -> list[Attractor | None]:
    """Find the attractors of some points, each with the largest steps that keep its trajectory finite."""
    found: list[Attractor | None] = [None] * len(states)
    for steps in STEPS_PER_SAMPLE:
        left = np.array([k for k, attractor in enumerate(found) if attractor is None], int)
        if not len(left):
            break
        for k, attractor in zip(left, _Chase(solutions.take(left), states[left], steps).run(), strict=True):
            found[k] = attractor
    return found


class _Chase:
    """Follows the trajectories of some points, with steps of one length, until their attractors are known."""

    def __init__(self, solutions: Solutions, states: np.ndarray, steps: int):
        self.all, self.states, self.steps = solutions, states, steps
        self.found: list[Attractor | None] = [None] * len(states)
        self.open = np.arange(len(states))

    def run(self) -> list[Attractor | None]:
        for length, watched in STRETCHES_MS:
            if not len(self.open):
                break
            # as much memory for the samples in every stretch
            size = max(WIDTH, round(CHUNK * STRETCHES_MS[0][1] / watched))
            blocks = [self.open[k : k + size] for k in range(0, len(self.open), size)]
            moving, returns = zip(*(self._stretch(points, length, watched) for points in blocks), strict=True)
            left = np.concatenate(moving)
            for j, cycle in _cycles(self.all.take(left), joined(returns)).items():
                self.found[left[j]] = cycle
            self.open = np.array([point for point in left if self.found[point] is None], int)
        for k in self.open:
            self.found[k] = Attractor(IRREGULAR, self.states[k])
        return self.found

    def _stretch(self, points: np.ndarray, length: float, watched: float) -> tuple[np.ndarray, Returns]:
        """Follow some points for a while; which of them are neither at rest nor lost, and their latest returns."""
        solutions, states = self.all.take(points), self.states[points]
        dt_ms = SAMPLE_MS / self.steps * solutions.time_factor
        if length > watched:
            _, states = solutions.sample(states, dt_ms, round((length - watched) / SAMPLE_MS) * self.steps, 1)
        samples, states = solutions.sample(states, dt_ms, self.steps, round(watched / SAMPLE_MS))
        self.states[points] = states
        returns = find_returns(samples, len(points), solutions.model.observable_index, MOST_RETURNS)
        moving = returns.finite
        for k, rest in _rests(solutions, samples, returns, states).items():
            self.found[points[k]], moving[k] = Attractor(REST, rest), False
        return points[moving], returns.latest(moving, 1 + MOST_RETURNS)


def _rests(solutions: Solutions, samples: np.ndarray, returns: Returns, last: np.ndarray) -> dict[int, np.ndarray]:
    """Stable equilibria that trajectories are near to and approach, by point."""
    spread = returns.ranges[:, :, 3] - returns.ranges[:, :, 2]
    largest = np.abs(returns.ranges[:, :, 2:]).max(axis=2)
    small = solutions.model.small * solutions.units
    # where this fails, the second half is nowhere within NEAR of any state
    possible = np.flatnonzero(returns.finite & (spread <= 2.2 * NEAR * (1.1 * largest + small)).all(axis=1))
    found: dict[int, np.ndarray] = {}
    for guesses in (last, returns.means):
        left = np.array([k for k in possible if k not in found], int)
        if not len(left):
            break
        some = solutions.take(left)
        states, converged = newton(some.model, guesses[left], some.parameters, some.weight)
        growth = eigenvalues(some.model, np.where(converged[:, None], states, 0.0), some.parameters, some.weight,
                             some.weight).real.max(axis=1)  # fmt: skip
        for j in np.flatnonzero(converged & (growth < 0)):
            first, second = distances(samples, left[j], states[j], small[left[j]])
            if second < ARRIVED or (second < NEAR and second < first):
                found[int(left[j])] = states[j]
    return found


def _cycles(solutions: Solutions, returns: Returns) -> dict[int, Attractor]:
    """Stable cycles that trajectories are near to and approach, by point; the fewest returns that do."""
    sample_ms = SAMPLE_MS * solutions.time_factor
    late, early, extent = returns.gaps[:, :, 0], returns.gaps[:, :, 1], returns.extent
    # returns come closer to each other, or have arrived up to the error of interpolation
    proposed = (np.maximum(late, early) <= NEAR) & (late <= np.maximum(early, 1e-3))
    waiting = {int(k): list(1 + np.flatnonzero(proposed[k])) for k in np.flatnonzero(proposed.any(axis=1))}
    found: dict[int, tuple[int, Orbit]] = {}
    while waiting:
        # where few points wait, several proposals of each at once: lanes would else be empty
        each = max(PROPOSALS // len(waiting), 1)
        index = np.array([k for k, some in waiting.items() for _ in some[:each]])
        turns = [n for some in waiting.values() for n in some[:each]]
        crossings = [returns.crossings(k) for k in index]
        starts = np.array([returns.states[k, len(c) - 1] for k, c in zip(index, crossings, strict=True)])
        periods = np.array([c[-1] - c[-1 - n] for c, n in zip(crossings, turns, strict=True)]) * sample_ms[index]
        for j, orbit in enumerate(shoot_many(solutions.take(index), starts, periods, stable=True)):
            k = int(index[j])
            if k not in found and orbit and _is_there(orbit, starts[j], periods[j], extent[k]):
                found[k] = (int(turns[j]), orbit)
        waiting = {k: some[each:] for k, some in waiting.items() if some[each:] and k not in found}
    keys = list(found)
    parts = [keys[start : start + CHUNK] for start in range(0, len(keys), CHUNK)]
    return {k: cycle for some in parts for k, cycle in _polished(solutions, {k: found[k] for k in some}).items()}


def _is_there(orbit: Orbit, start: np.ndarray, period: float, extent: np.ndarray) -> bool:
    """Whether an orbit is stable and the one proposed."""
    near = np.max(np.abs(orbit.state - start) / extent) < NEAR
    return bool(near and abs(orbit.period - period) < NEAR * period and orbit.stable)


def _polished(solutions: Solutions, found: dict[int, tuple[int, Orbit]]) -> dict[int, Attractor]:
    """Attractors from orbits and their numbers of returns; only what returns more than once can be made of rounds.

    A burst shorter than the distance of samples may be overlooked: what seems to return once may be a multiple, too.
    """
    index = np.array(list(found), int)
    own = shortest(solutions.take(index), [orbit for _, orbit in found.values()])
    orbits = dict(zip(found, own, strict=True))
    rounds = dict.fromkeys(orbits, 1)
    several = [k for k, (turns, _) in found.items() if turns > 1]
    if several:
        some = solutions.take(np.array(several))
        rounds.update(zip(several, multiplicities(some, [orbits[k] for k in several]), strict=True))
    regime = {k: MULTI_PERIOD if n > 1 else LIMIT_CYCLE for k, n in rounds.items()}
    return {k: Attractor(regime[k], orbit.state, orbit, rounds[k]) for k, orbit in orbits.items()}
