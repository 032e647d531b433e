"""Branches of periodic orbits: followed both ways to where they end, with what they meet."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

import numpy as np

from ngnmm_core.dynamics.continuation.cycles import LEAST_RANGE, Cycle
from ngnmm_core.dynamics.continuation.follow import Place, Steps, follow
from ngnmm_core.dynamics.continuation.special import (
    DOUBLING,
    HOMOCLINIC,
    ON_SADDLE_NODE,
    CycleBifurcation,
    Sample,
    SpecialPoints,
    Step,
    sample,
)
from ngnmm_core.dynamics.equilibrium_branch import HOPF, EquilibriumBifurcation

BORDER, LOST = "border", "lost"
CYCLE_STEPS = Steps(first=1e-3, shortest=1e-8, longest=0.06, most=4000, turn=0.94)
LONGEST_PERIOD_MS, LONGEST_PERIOD = 1000.0, 20.0  # the second in units of the shortest on the branch
SMALLEST = 0.3  # extent of an orbit, in units of the least range, at which it is taken to end in a Hopf point
SLOW, GROWN, SETTLED = 2.0, 1.25, 1e-7  # what makes a homoclinic end: see `_settled`
RECENT, PASSING, ROOT = 1.5, 0.1, (0.3, 0.6)  # what makes an end on a saddle-node: see `_comes_to`
SMALL, BESIDE = 10.0, 1e-7  # extent, as above, and distance from a Hopf point, in units of the range: see `_beside`
NEAR = 1e-3  # distance of a Hopf point from the end of a branch, in units of the parameter's extent


@dataclass
class CycleBranch:
    """Periodic orbits in the order of the branch, the special points on it, and how it ends.

    `hopf` is the Hopf point, `doubling` the period doubling of the parent branch that it ends at, if it does.
    """

    samples: list[Sample] = field(default_factory=list)
    special: list[CycleBifurcation] = field(default_factory=list)
    end: str = LOST
    hopf: EquilibriumBifurcation | None = None
    doubling: CycleBifurcation | None = None


# ------------------------------------------------------------------ following
def follow_cycles(
    start: Place,
    limits: tuple[float, float],
    hopfs: Sequence[EquilibriumBifurcation] = (),
    parents=(),
    folds: Sequence[EquilibriumBifurcation] = (),
) -> CycleBranch:
    """Follows periodic orbits from a start along its tangent.

    Parameters
    ----------
    limits : (float, float)
        Range of the parameter.
    hopfs : sequence of EquilibriumBifurcation
        Hopf points that the branch may end at.
    parents : sequence of CycleBifurcation
        For a branch born at a period doubling: the doublings of its parent, one of which it may end at.
    folds : sequence of EquilibriumBifurcation
        Saddle-nodes that may appear on the cycle, where its period becomes infinite (SNIC).
    """
    branch, special = CycleBranch([sample(start)]), SpecialPoints()
    for before, after in follow(start, CYCLE_STEPS, _smooth, limits):
        here = sample(after)
        if parents and _rejoined(before, after):
            branch.end, branch.doubling = DOUBLING, min(parents, key=lambda q: abs(q.cycle.p[0] - here.p[0]))
            return branch
        if not _beside(before, hopfs, limits):
            special.take(Step(before, after))
        branch.special = special.in_order()
        branch.samples.append(here)
        if _is_long(branch, after) or _settled(branch, limits[1] - limits[0]):
            _long(branch, after, folds)
            return branch
        if not parents and size(after) < SMALLEST and size(after) < size(before):
            _at_hopf(branch, hopfs, limits[1] - limits[0])
            return branch
    branch.end = LOST if limits[0] < branch.samples[-1].p[0] < limits[1] else BORDER
    return branch


def _is_long(branch: CycleBranch, last: Place) -> bool:
    """Whether a period is longer than any that is not on its way to infinity, by the model's times and the branch's."""
    longest = LONGEST_PERIOD_MS * last.problem.system.time_factor
    return branch.samples[-1].period > max(longest, LONGEST_PERIOD * min(s.period for s in branch.samples))


def size(place: Place) -> float:
    """Extent of an orbit in units of the least range of its states: small near a Hopf point."""
    starts = Cycle(place).starts
    return float(
        np.max(np.ptp(starts, axis=0) / (LEAST_RANGE * np.abs(starts).max(axis=0) + 1e-4 * place.problem.system.small))
    )


def _beside(here: Place, hopfs: Sequence[EquilibriumBifurcation], limits: tuple[float, float]) -> bool:
    """Whether a cycle is so small, and so near a Hopf point, that a multiplier is 1 up to round-off.

    Test functions change their sign there by chance.
    """
    near = BESIDE * (limits[1] - limits[0])
    return size(here) < SMALL and any(abs(h.drive - here.u[-1]) < near for h in hopfs)


def _splitting(place: Place) -> np.ndarray:
    """Differences [segment, state] between the second and the first round of a doubled orbit."""
    starts, times = Cycle(place).starts, place.problem.mesh.times
    path, at = Cycle(place).path.reshape(-1, place.problem.size), place.problem.mesh.path_times.ravel()
    later = np.column_stack([np.interp((times + 0.5) % 1.0, at, c, period=1.0) for c in path.T])
    return (later - starts) / place.problem.scale


def _rejoined(before: Place, after: Place) -> bool:
    """Whether a doubled orbit passed the period doubling where its rounds become one: beyond it they are swapped."""
    return bool(np.sum(before.problem.mesh.shares[:, None] * _splitting(before) * _splitting(after)) < 0)


def _smooth(before: Place, after: Place) -> bool:
    """Whether a step changes the size of a small orbit little, so that it can't step across a Hopf point."""
    old = size(before)
    return old > 2.0 or size(after) > 0.6 * old


def _settled(branch: CycleBranch, span: float) -> bool:
    """Whether the period keeps growing while the parameter has come to rest: a homoclinic orbit."""
    here = branch.samples[-1]
    if here.period < SLOW * min(s.period for s in branch.samples):
        return False
    recent = [s for s in branch.samples if s.period > here.period / GROWN]
    rising = all(a.period < b.period for a, b in pairwise(branch.samples[-len(recent) :]))
    return rising and max(abs(s.p[0] - here.p[0]) for s in recent) < SETTLED * span


def _long(branch: CycleBranch, last: Place, folds: Sequence[EquilibriumBifurcation]) -> None:
    """End a branch whose period grows without limit: on a saddle-node that it comes to, or at a homoclinic orbit."""
    here = branch.samples[-1]
    for fold in folds:
        if _comes_to(branch, last, fold):
            branch.end = ON_SADDLE_NODE
            there = replace(here, p=np.array([fold.drive]), period=np.inf)
            branch.special.append(CycleBifurcation(ON_SADDLE_NODE, there))
            return
    branch.end = HOMOCLINIC
    branch.special.append(CycleBifurcation(HOMOCLINIC, here, last))


def _comes_to(branch: CycleBranch, last: Place, fold: EquilibriumBifurcation) -> bool:
    """Whether the period grows as one over the root of the distance from a saddle-node, which the cycle passes.

    At a homoclinic orbit it grows as the logarithm of a distance, and from another place.
    """
    here = branch.samples[-1]
    earlier = [s for s in branch.samples if s.period < here.period / RECENT]
    if not earlier:
        return False
    gaps = [abs(s.p[0] - fold.drive) for s in (earlier[-1], here)]
    path = Cycle(last).path.reshape(-1, last.problem.size)
    near = np.max(np.abs(path - fold.state) / last.problem.scale, axis=1).min() < PASSING
    if not (near and 0.0 < gaps[1] < gaps[0]):
        return False
    power = np.log(here.period / earlier[-1].period) / np.log(gaps[0] / gaps[1])
    return bool(ROOT[0] < power < ROOT[1])


def _at_hopf(branch: CycleBranch, hopfs: Sequence[EquilibriumBifurcation], span: float) -> None:
    """End a branch whose orbits shrink to a point, at the Hopf point that is there."""
    p, x = branch.samples[-1].p[0], branch.samples[-1].mean
    near = [h for h in hopfs if abs(h.drive - p) < NEAR * span and np.allclose(h.state, x, rtol=0.1, atol=0.01)]
    branch.end = HOPF if near else LOST
    branch.hopf = min(near, key=lambda h: abs(h.drive - p)) if near else None
