"""Branches of periodic orbits: followed both ways to where they end, with what they meet."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from ngnmm_core.analysis.equilibrium_branch import HOPF, EquilibriumBifurcation
from ngnmm_core.continuation.cycles import LEAST_RANGE, Cycle
from ngnmm_core.continuation.follow import Place, Steps, follow, locate
from ngnmm_core.continuation.solver import inner

FOLD, DOUBLING, TORUS = "LPC", "PD", "NS"
HOMOCLINIC, BORDER, CLOSED, LOST = "HOM", "border", "closed", "lost"
CYCLE_STEPS = Steps(first=1e-3, shortest=1e-8, longest=0.06, most=4000, turn=0.94)
LONGEST_PERIOD_MS = 1000.0
SMALLEST = 0.3  # extent of an orbit, in units of the least range, at which it is taken to end in a Hopf point
SLOW, GROWN, SETTLED = 2.0, 1.25, 1e-7  # what makes a homoclinic end: see `_settled`
NEAR = 1e-3  # distance of a Hopf point from the end of a branch, in units of the parameter's extent


@dataclass(frozen=True)
class Sample:
    """What is kept of one periodic orbit."""

    p: np.ndarray
    period: float
    least: np.ndarray
    greatest: np.ndarray
    mean: np.ndarray
    multipliers: np.ndarray

    @property
    def stable(self) -> bool:
        """Whether every multiplier lies inside the unit circle."""
        return bool(np.abs(self.multipliers).max() < 1.0)


@dataclass(frozen=True)
class CycleBifurcation:
    """A special point of a branch of cycles: LPC, PD, NS, or its end at a homoclinic orbit or a Hopf point."""

    kind: str
    cycle: Sample
    place: Place | None = None


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


def sample(place: Place) -> Sample:
    """What is kept of the orbit at a place."""
    cycle = Cycle(place)
    least, greatest = cycle.extrema()
    return Sample(cycle.p, cycle.period, least, greatest, cycle.mean(), cycle.multipliers)


# ------------------------------------------------------------------ test functions
def fold_along(place: Place) -> float:
    """Changes sign where the branch turns around in its parameter."""
    return float(place.tangent[-1])


def fold_test(multipliers: np.ndarray) -> float:
    """Changes sign where a multiplier passes 1; between -1 and 1, whatever the others are."""
    return float(np.prod((multipliers - 1.0) / (1.0 + np.abs(multipliers))).real)


def doubling_test(multipliers: np.ndarray) -> float:
    """Changes sign where a multiplier passes -1."""
    return float(np.prod((multipliers + 1.0) / (1.0 + np.abs(multipliers))).real)


def torus_test(multipliers: np.ndarray) -> float:
    """Changes sign where the product of two multipliers passes 1: at a torus bifurcation, and at a neutral saddle."""
    i, j = np.triu_indices(len(multipliers), 1)
    products = multipliers[i] * multipliers[j]
    return float(np.prod((products - 1.0) / (1.0 + np.abs(products))).real)


TESTS = {DOUBLING: doubling_test, TORUS: torus_test}


def _located(before: tuple[Place, Sample], after: tuple[Place, Sample]) -> list[CycleBifurcation]:
    """Special points between two neighbours, in order."""
    places = []
    if fold_along(before[0]) * fold_along(after[0]) < 0:
        places.append((FOLD, locate(before[0], after[0], fold_along)))
    for kind, test in TESTS.items():
        if test(before[1].multipliers) * test(after[1].multipliers) < 0:
            along = lambda place, test=test: test(Cycle(place).multipliers)
            places.append((kind, locate(before[0], after[0], along)))
    points = [CycleBifurcation(kind, sample(there), there) for kind, there in places if there is not None]
    points = [b for b in points if b.kind != TORUS or _on_circle(b.cycle.multipliers)]
    start = before[0]
    return sorted(points, key=lambda b: inner(start.problem.metric, start.tangent, b.place.u - start.u))


def _on_circle(multipliers: np.ndarray) -> bool:
    """Whether a complex pair lies on the unit circle."""
    pairs = multipliers[np.abs(multipliers.imag) > 1e-6]
    return bool(len(pairs)) and bool(np.min(np.abs(np.abs(pairs) - 1.0)) < 1e-4)


# ------------------------------------------------------------------ following
def follow_cycles(
    start: Place, limits: tuple[float, float], hopfs: Sequence[EquilibriumBifurcation] = (), parents=()
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
    """
    branch = CycleBranch([sample(start)])
    for before, after in follow(start, CYCLE_STEPS, accept=_smooth):
        here = sample(after)
        points = _located((before, branch.samples[-1]), (after, here))
        if parents and _rejoined(before, after):
            branch.end, branch.doubling = DOUBLING, min(parents, key=lambda q: abs(q.cycle.p[0] - here.p[0]))
            return branch
        branch.special += [b for b in points if limits[0] <= b.cycle.p[0] <= limits[1]]
        border = np.clip(here.p[0], *limits)
        if here.p[0] != border:
            last = locate(before, after, lambda w, border=border: w.u[-1] - border)
            branch.samples += [sample(last)] if last is not None else []
            branch.end = BORDER
            return branch
        branch.samples.append(here)
        if here.period > LONGEST_PERIOD_MS or _settled(branch, limits[1] - limits[0]):
            branch.end = HOMOCLINIC
            branch.special.append(CycleBifurcation(HOMOCLINIC, here, after))
            return branch
        if not parents and size(after) < SMALLEST and size(after) < size(before):
            _at_hopf(branch, hopfs, limits[1] - limits[0])
            return branch
    branch.end = LOST
    return branch


def size(place: Place) -> float:
    """Extent of an orbit in units of the least range of its states: small near a Hopf point."""
    starts = Cycle(place).starts
    return float(np.max(np.ptp(starts, axis=0) / (LEAST_RANGE * np.abs(starts).max(axis=0) + 1e-4)))


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


def _at_hopf(branch: CycleBranch, hopfs: Sequence[EquilibriumBifurcation], span: float) -> None:
    """Ends a branch whose orbits shrink to a point, at the Hopf point that is there."""
    p, x = branch.samples[-1].p[0], branch.samples[-1].mean
    near = [h for h in hopfs if abs(h.drive - p) < NEAR * span and np.allclose(h.state, x, rtol=0.1, atol=0.01)]
    branch.end = HOPF if near else LOST
    branch.hopf = min(near, key=lambda h: abs(h.drive - p)) if near else None
