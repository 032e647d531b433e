"""Cycles that are attractors at an end of the range: starts for branches that meet no Hopf point inside it."""

import numpy as np

from ngnmm_core.dynamics.attractor import find_attractors
from ngnmm_core.dynamics.coexistence import initial_states, is_on, orbit_curves
from ngnmm_core.dynamics.continuation.branches import CycleBranch
from ngnmm_core.dynamics.continuation.follow import Place, place
from ngnmm_core.dynamics.continuation.solver import correct
from ngnmm_core.dynamics.continuation.starts import from_orbit
from ngnmm_core.dynamics.continuation.system import System
from ngnmm_core.dynamics.period_multiplicity import parents_of
from ngnmm_core.dynamics.periodic_orbits import Orbit
from ngnmm_core.dynamics.variational import Solutions

STARTS = 8  # initial states from which attractors are looked for
SAME = 1e-5  # relative difference of periods of one cycle, found in two ways
MOST_PARENTS = 6


def cycles_at(system: System, p: float) -> list[Orbit]:
    """Find the cycles that trajectories end on at one value of the parameter.

    A cycle that has come out of period doublings stands for the unstable one that it goes round.
    """
    values, states = system.at(np.array([p])), system.small * initial_states(system.model, STARTS, 1.0)
    arrays = {name: np.full(STARTS, value) for name, value in values.items()}
    solutions = Solutions(system.model, arrays, arrays["G"] * system.row_sum)
    found = find_attractors(system.model, arrays, system.row_sum, states)
    one, kept = solutions.take(np.array([0])), []
    for attractor in found:
        if attractor is None or attractor.orbit is None:
            continue
        orbit = attractor.orbit
        for _ in range(MOST_PARENTS):
            ((_, parent),) = parents_of(one, [orbit])
            if parent is None:
                break
            orbit = parent
        if not any(
            is_on(orbit.state, curve, system.small) for curve in orbit_curves(one.take(np.zeros(len(kept), int)), kept)
        ):
            kept.append(orbit)
    return kept


def is_followed(orbit: Orbit, p: float, branches: list[CycleBranch]) -> bool:
    """Whether one of the branches ends with this cycle on the border of the range."""
    ends = [s for branch in branches for s in (branch.samples[0], branch.samples[-1]) if s.p[0] == p]
    return any(abs(s.period - orbit.period) < SAME * orbit.period and _inside(orbit, s) for s in ends)


def _inside(orbit: Orbit, end) -> bool:
    """Whether the orbit's point is within the extent of another cycle."""
    room = 1e-3 * (end.greatest - end.least) + 1e-9
    return bool(((end.least - room < orbit.state) & (orbit.state < end.greatest + room)).all())


def inwards(system: System, orbit: Orbit, p: float, limits: tuple[float, float]) -> Place | None:
    """Find the place of a cycle on the border of the range, with the tangent into the range; None if not found."""
    start = from_orbit(system, orbit.state, orbit.period, p, limits[1] - limits[0])
    if start is None:
        return None
    guess = start.u.copy()
    guess[-1] = p
    found = correct(start.problem, guess, np.eye(len(guess))[-1:])
    if found is None:
        return None
    found.u[-1] = p
    here = place(start.problem, found, start.tangent)
    if here is None:
        return None
    outside = (here.tangent[-1] > 0) == (p == limits[1])
    return Place(here.problem, here.solution, -here.tangent) if outside else here
