"""Special points of branches of cycles: where functions of the multipliers, or of the tangent, vanish.

A point is seen by a change of sign over a step.  Two in one step cancel; they are looked for where a function comes
near zero and turns away from it, which three neighbours on the branch show.

Test functions: Kuznetsov, Elements of Applied Bifurcation Theory (2004), doi:10.1007/978-1-4757-3978-7, chapter 10.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import scipy

from ngnmm_core.dynamics.continuation.cycles import Cycle
from ngnmm_core.dynamics.continuation.follow import Place, locate, located_between
from ngnmm_core.dynamics.continuation.solver import inner

FOLD, DOUBLING, TORUS, BRANCHING, HOMOCLINIC, ON_SADDLE_NODE = "LPC", "PD", "NS", "BP", "HOM", "SNIC"
CLOSE = 1e-3  # how near its value at the bifurcation a located multiplier must be
NEAREST = 1e-4  # of a step: how well the place is found where a function is nearest to zero
MOST_PROBES = 25
LARGEST = 1e8  # multiplier beside which the others have too few digits for their test functions: near homoclinic orbits


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
    """A special point of a branch of cycles: LPC, PD, NS, BP, or its end at a homoclinic orbit or on a saddle-node."""

    kind: str
    cycle: Sample
    place: Place | None = None


def sample(place: Place) -> Sample:
    """Extract what is kept of the orbit at a place."""
    cycle = Cycle(place)
    least, greatest = cycle.extrema()
    return Sample(cycle.p, cycle.period, least, greatest, cycle.mean(), cycle.multipliers)


# ------------------------------------------------------------------ test functions
def fold_along(place: Place) -> float:
    """Evaluate a test function that changes sign where the branch turns around in its parameter."""
    return float(place.tangent[-1])


def fold_test(multipliers: np.ndarray) -> float:
    """Return a number that changes sign where a multiplier passes 1; between -1 and 1, whatever the others are."""
    return float(np.prod((multipliers - 1.0) / (1.0 + np.abs(multipliers))).real)


def doubling_test(multipliers: np.ndarray) -> float:
    """Return a number that changes sign where a multiplier passes -1."""
    return float(np.prod((multipliers + 1.0) / (1.0 + np.abs(multipliers))).real)


def torus_test(multipliers: np.ndarray) -> float:
    """Return a number that changes sign where two multipliers' product passes 1 (torus bifurcation, neutral saddle)."""
    i, j = np.triu_indices(len(multipliers), 1)
    products = multipliers[i] * multipliers[j]
    return float(np.prod((products - 1.0) / (1.0 + np.abs(products))).real)


def orientation(place: Place) -> float:
    """Sign of the determinant of the equations and the tangent; changes where another branch crosses."""
    return float(np.linalg.slogdet(np.vstack([place.solution.jacobian, place.tangent]))[0])


def on_circle(multipliers: np.ndarray) -> bool:
    """Whether a complex pair lies on the unit circle."""
    pairs = multipliers[np.abs(multipliers.imag) > 1e-6]
    return bool(len(pairs)) and bool(np.min(np.abs(np.abs(pairs) - 1.0)) < CLOSE)


def _has(value: float) -> Callable[[np.ndarray], bool]:
    return lambda multipliers: bool(np.min(np.abs(multipliers - value)) < CLOSE)


# kind -> (function of a place and its multipliers that vanishes there, condition on the multipliers)
TESTS: dict[str, tuple[Callable[[Place, np.ndarray], float], Callable[[np.ndarray], bool]]] = {
    FOLD: (lambda place, multipliers: fold_along(place), lambda multipliers: True),
    BRANCHING: (lambda place, multipliers: fold_test(multipliers), _has(1.0)),
    DOUBLING: (lambda place, multipliers: doubling_test(multipliers), _has(-1.0)),
    TORUS: (lambda place, multipliers: torus_test(multipliers), on_circle),
}


def _along(kind: str) -> Callable[[Place], float]:
    return lambda place: TESTS[kind][0](place, Cycle(place).multipliers)


# ------------------------------------------------------------------ steps
@dataclass(frozen=True)
class Step:
    """A step of a branch: the places before and after, in the same unknowns, and the distance in their metric."""

    before: Place
    after: Place

    @cached_property
    def length(self) -> float:
        """Along the tangent of the place before."""
        return self.distance(self.after)

    def distance(self, place: Place) -> float:
        """Of a place, along the tangent of the one before."""
        return inner(self.before.problem.metric, self.before.tangent, place.u - self.before.u)

    @cached_property
    def values(self) -> dict[str, tuple[float, float]]:
        """The test functions at both ends, by kind; NaN where round-off hides them."""
        ends = [(place, Cycle(place).multipliers) for place in (self.before, self.after)]
        found = {kind: (test(*ends[0]), test(*ends[1])) for kind, (test, _) in TESTS.items()}
        hidden = {} if max(abs(m[0]) for _, m in ends) < LARGEST else dict.fromkeys(set(TESTS) - {FOLD}, (np.nan,) * 2)
        return found | hidden

    def changes(self) -> list[tuple[str, Place]]:
        """Where test functions change their sign."""
        signs = {kind: a * b < 0 for kind, (a, b) in self.values.items()}
        # a multiplier passes 1 at a fold as well, and by round-off where another one is very large
        signs[BRANCHING] = signs[BRANCHING] and not signs[FOLD] and orientation(self.before) != orientation(self.after)
        found = [(kind, locate(self.before, self.after, _along(kind))) for kind, sign in signs.items() if sign]
        return [(kind, there) for kind, there in found if there is not None]

    def pair(self, kind: str) -> list[tuple[str, Place]]:
        """Find the two places where a test function that has the same sign at both ends vanishes, if it does."""
        test = _along(kind)
        between = self._beyond_zero(lambda place: np.sign(self.values[kind][0]) * test(place))
        if between is None:
            return []
        if kind == BRANCHING and fold_along(between) * fold_along(self.before) < 0:
            kind, test = FOLD, _along(FOLD)
        middle = self.distance(between)
        halves = [(0.0, middle), (middle, self.length)]
        found = [located_between(self.before, half, test) for half in halves]
        return [(kind, there) for there in found if there is not None]

    def _beyond_zero(self, value: Callable[[Place], float]) -> Place | None:
        """Find a place on the step where a function that is positive at both ends is negative, if there is one."""
        reached: list[Place] = []

        def probe(distance: float) -> float:
            there = self.before.ahead(distance)
            found = value(there) if there is not None else np.inf
            if found < 0:
                reached.append(there)
                raise StopIteration
            return found

        options = {"xatol": NEAREST * self.length, "maxiter": MOST_PROBES}
        try:
            scipy.optimize.minimize_scalar(probe, bounds=(0.0, self.length), method="bounded", options=options)  # type: ignore[call-overload]
        except StopIteration:
            return reached[0]
        return None


def _turns_away(first: Step, second: Step, kind: str) -> tuple[bool, bool]:
    """In which of two steps a function may reach zero and come back.

    Where it curves away from zero, as around a minimum of its size, it stays above the line through its values on the
    other step.
    """
    (a, _), (b, c) = first.values[kind], second.values[kind]
    if not (a * b > 0 and b * c > 0 and abs(b) <= min(abs(a), abs(c))):
        return False, False
    a, b, c = abs(a), abs(b), abs(c)
    return b - (c - b) / second.length * first.length < 0, b - (a - b) / first.length * second.length < 0


# ------------------------------------------------------------------ along a branch
@dataclass
class SpecialPoints:
    """Special points of a branch, looked for step by step and kept in its order."""

    found: list[tuple[float, CycleBifurcation]] = field(default_factory=list)
    _last: Step | None = None
    _travelled: float = 0.0

    def take(self, step: Step) -> None:
        """Look for special points on the next step, and for pairs of them on the one before and on this one."""
        if self._last is not None:
            for kind in (BRANCHING, DOUBLING, TORUS):
                for where, may in zip((self._last, step), _turns_away(self._last, step, kind), strict=True):
                    start = self._travelled - (self._last.length if where is self._last else 0.0)
                    self._keep(where, where.pair(kind) if may else [], start)
        self._keep(step, step.changes(), self._travelled)
        self._travelled += step.length
        self._last = step

    def in_order(self) -> list[CycleBifurcation]:
        """Return the points in their order along the branch."""
        return [point for _, point in sorted(self.found, key=lambda entry: entry[0])]

    def _keep(self, step: Step, places: list[tuple[str, Place]], start: float) -> None:
        for kind, there in places:
            point = CycleBifurcation(kind, sample(there), there)
            if TESTS[kind][1](point.cycle.multipliers):
                self.found.append((start + step.distance(there), point))
