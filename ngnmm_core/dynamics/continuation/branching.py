"""Branch points of equilibria, where two branches cross, and the way onto the other branch.

Where branches cross, the equations f(x; p) = 0 have a second direction of solutions, and the determinant of their
Jacobian by states and parameter, with the tangent as last row, changes its sign.  With a symmetry (two alike items of a
memory) such points are generic: one branch has the symmetry, the two halves of the other one are mirror images.

Newton's method for f alone fails there.  The point is a regular solution of more equations, for (x, p), the left null
vector w and a number b that is zero at the solution:

    f + b w = 0,   w f_x = 0,   w f_p = 0,   w w = 1.

Kuznetsov, Elements of Applied Bifurcation Theory (2004), doi:10.1007/978-1-4757-3978-7, section 10.2; Allgower, Georg,
Introduction to Numerical Continuation Methods (2003), doi:10.1137/1.9780898719154, chapter 8.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy

from ngnmm_core.dynamics.continuation.follow import Place
from ngnmm_core.dynamics.continuation.solver import Problem, correct, inner

CLOSE = 0.05  # of a step: a fold as near to a branch point is that point, met along the branch that turns there
RESIDUAL = 1e-9  # of the equations above, in which everything has the size 1


@dataclass(frozen=True)
class BranchPoint:
    """A branch point: the unknowns (states and parameter), and the direction of the branch on which it was met."""

    problem: Any  # a `Problem`, with what its own kind of solution needs besides
    u: np.ndarray
    along: np.ndarray


def crossing_along(place: Place) -> float:
    """Evaluate a test function that changes sign where another branch crosses this one."""
    return float(np.linalg.det(np.vstack([place.solution.jacobian, place.tangent])))


def branch_point(before: Place, after: Place) -> BranchPoint | None:
    """Locate the branch point between two neighbours, if there is one."""
    ends = crossing_along(before), crossing_along(after)
    if not ends[0] * ends[1] < 0:
        return None
    chord = after.u - before.u
    rows = np.maximum(_lengths(before), _lengths(after))
    equations = _Equations(before.problem, before.u + ends[0] / (ends[0] - ends[1]) * chord, rows)
    found = scipy.optimize.root(equations, equations.start, method="hybr", options={"xtol": 1e-13})
    u, metric = equations.unknowns(found.x), before.problem.metric
    share = inner(metric, u - before.u, chord) / inner(metric, chord, chord)
    near = inner(metric, u - before.u - share * chord, u - before.u - share * chord) < inner(metric, chord, chord)
    if not (-CLOSE < share < 1.0 + CLOSE and near and np.abs(found.fun).max() < RESIDUAL):
        return None
    return BranchPoint(before.problem, u, chord)


class _Equations:
    """The equations of a branch point, for unknowns and residuals of the size 1."""

    def __init__(self, problem: Problem, guess: np.ndarray, rows: np.ndarray):
        self.problem, self.guess, self.size = problem, guess, np.sqrt(1.0 / problem.metric)
        self.rows = np.where(rows > 0, rows, 1.0)
        left = np.linalg.svd(problem.evaluate(guess)[1] * self.size / self.rows[:, None])[0][:, -1]
        self.start = np.concatenate([np.zeros(len(guess)), left, [0.0]])

    def unknowns(self, y: np.ndarray) -> np.ndarray:
        """States and parameter."""
        return self.guess + self.size * y[: len(self.guess)]

    def __call__(self, y: np.ndarray) -> np.ndarray:
        """Evaluate the residuals."""
        w, b = y[len(self.guess) : -1], y[-1]
        residual, jacobian = self.problem.evaluate(self.unknowns(y))
        scaled = jacobian * self.size / self.rows[:, None]
        return np.concatenate([residual / self.rows + b * w, w @ scaled, [w @ w - 1.0]])


def _lengths(place: Place) -> np.ndarray:
    """Lengths of the rows of the Jacobian in unknowns of the same size."""
    return np.linalg.norm(place.solution.jacobian / np.sqrt(place.problem.metric), axis=1)


def beside(point: BranchPoint, distance: float) -> list[np.ndarray]:
    """Solutions [unknown] of the other branch at a distance on both sides of a branch point.

    The second direction of solutions is orthogonal to the first; the plane through its tip that is orthogonal to it
    meets the other branch only.
    """
    scale = np.sqrt(point.problem.metric)
    directions = np.linalg.svd(point.problem.evaluate(point.u)[1] / scale)[2][-2:]
    first = directions.T @ (directions @ (point.along * scale))
    other = directions - np.outer(directions @ first, first) / (first @ first)
    other = other[np.argmax(np.linalg.norm(other, axis=1))]
    direction = other / np.linalg.norm(other) / scale
    found = [correct(point.problem, point.u + h * direction, direction[None]) for h in (distance, -distance)]
    return [solution.u for solution in found if solution is not None]


def coincide(point: BranchPoint, place: Place) -> bool:
    """Whether a fold is the branch point itself, up to the rounding errors near it."""
    metric, gap = point.problem.metric, point.u - place.u
    return inner(metric, gap, gap) < CLOSE**2 * inner(metric, point.along, point.along)
