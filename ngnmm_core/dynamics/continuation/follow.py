"""Pseudo-arclength continuation: a curve of solutions followed around folds with steps of controlled length.

Keller, in Applications of Bifurcation Theory (Academic Press, 1977).  A step goes along the tangent and is corrected
in the plane orthogonal to it.  It is halved until Newton's method converges and the tangent turns by a small angle
only, which also keeps it from jumping to another branch, and grows where this is easily met.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy

from ngnmm_core.dynamics.continuation.solver import Problem, Solution, correct, inner, tangents

EASY_ITERATIONS = 4
NEAR_BORDER = 1.5  # steps from the border of a range within which the next one ends on it
PRECISION = 1e-10  # of located points, in units of the step


@dataclass(frozen=True)
class Steps:
    """Lengths of steps in the metric of the problem, and how far the tangent may turn in one of them (its cosine)."""

    first: float = 0.01
    shortest: float = 1e-7
    longest: float = 0.05
    most: int = 5000
    turn: float = 0.95


@dataclass(frozen=True)
class Place:
    """A point of a curve with its tangent there; `problem` is the one in whose unknowns they are given."""

    problem: Any  # a `Problem`, with what its own kind of solution needs besides
    solution: Solution
    tangent: np.ndarray

    @property
    def u(self) -> np.ndarray:
        """The unknowns."""
        return self.solution.u

    def ahead(self, distance: float) -> "Place | None":
        """Find the point of the curve at a distance along the tangent."""
        found = correct(self.problem, self.u + distance * self.tangent, self.tangent[None])
        return None if found is None else place(self.problem, found, self.tangent)

    def at_border(self, limits: tuple[float, float], reach: float) -> "Place | None":
        """Where the curve leaves the range of the last unknown, if that is within `reach` along the tangent.

        It is corrected on the border itself, beyond which the equations need not be defined.
        """
        border = limits[1] if self.tangent[-1] > 0 else limits[0]
        missing = border - self.u[-1]
        if not 0.0 < missing * np.sign(self.tangent[-1]) <= reach * abs(self.tangent[-1]):
            return None
        guess = self.u + missing / self.tangent[-1] * self.tangent
        guess[-1] = border
        found = correct(self.problem, guess, np.eye(len(guess))[-1:])
        if found is None:
            return None
        found.u[-1] = border
        return place(self.problem, found, self.tangent)

    def leaves(self, limits: tuple[float, float]) -> bool:
        """Whether the curve goes on outside the range of the last unknown."""
        p, direction = self.u[-1], self.tangent[-1]
        return bool(
            not limits[0] <= p <= limits[1] or (p == limits[0] and direction < 0) or (p == limits[1] and direction > 0)
        )


def place(problem: Problem, solution: Solution, like: np.ndarray) -> Place | None:
    """Combine a solution with its tangent, oriented as `like`."""
    try:
        return Place(problem, solution, tangents(solution.jacobian, problem.metric, like[None])[0])
    except np.linalg.LinAlgError:
        return None


def follow(
    start: Place,
    steps: Steps,
    accept: Callable[[Place, Place], bool] | None = None,
    limits: tuple[float, float] = (-np.inf, np.inf),
) -> Iterator[tuple[Place, Place]]:
    """Yield the steps of a curve from `start`, as places before and after, until they are too short or too many.

    `accept(before, after)` may refuse a step, which is then halved.  A problem with a method `renewed(place)` may
    change its unknowns (a mesh that moves) after every step; both places of a step are in the same unknowns.  The last
    place is on the border of `limits`, the range of the last unknown, where the curve leaves it.
    """
    here, h = start, steps.first
    for _ in range(steps.most):
        if here.leaves(limits):
            return
        ahead = None
        while ahead is None:
            ahead = here.at_border(limits, NEAR_BORDER * h) or here.ahead(h)
            if ahead is not None and not limits[0] <= ahead.u[-1] <= limits[1]:
                ahead = None
            if ahead is not None:
                cosine = inner(here.problem.metric, here.tangent, ahead.tangent)
                if cosine < steps.turn or (accept is not None and not accept(here, ahead)):
                    ahead = None
            if ahead is None:
                h *= 0.5
                if h < steps.shortest:
                    return
        yield here, ahead
        if ahead.u[-1] in limits:
            return  # a mesh that moves would shift it off the border
        if ahead.solution.iterations <= EASY_ITERATIONS and cosine > 1.0 - 0.5 * (1.0 - steps.turn):
            h = min(1.5 * h, steps.longest)
        renew = getattr(ahead.problem, "renewed", None)
        here = renew(ahead) if renew else ahead
        if here is None:
            return


def locate(before: Place, after: Place, test: Callable[[Place], float]) -> Place | None:
    """Locate the place between two neighbours where `test` changes sign; both in the unknowns of `before`."""
    length = inner(before.problem.metric, before.tangent, after.u - before.u)
    return located_between(before, (0.0, length), test, {0.0: test(before), length: test(after)})


def located_between(
    start: Place, between: tuple[float, float], test: Callable[[Place], float], known: dict[float, float] | None = None
) -> Place | None:
    """Locate the place where `test` changes sign, between two distances along the tangent of `start`.

    `known` holds values of `test` by distance.
    """
    values = dict(known or {})

    def value(distance: float) -> float:
        if distance not in values:
            there = start.ahead(distance)
            if there is None:
                raise ArithmeticError
            values[distance] = test(there)
        return values[distance]

    low, high = between
    try:
        ends = value(low), value(high)
        if not (np.isfinite(ends).all() and ends[0] * ends[1] < 0):
            return None
        tolerance = PRECISION * abs(high - low) + 1e-15
        root = scipy.optimize.brentq(value, low, high, xtol=tolerance, rtol=1e-14)
    except (ArithmeticError, ValueError):
        return None
    return start.ahead(root)
