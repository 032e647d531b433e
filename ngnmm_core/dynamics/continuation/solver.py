"""Newton's method and tangents for systems with one or two more unknowns than equations.

Newton's method as the corrector of continuation: Allgower, Georg, Introduction to Numerical Continuation Methods
(2003), doi:10.1137/1.9780898719154, chapter 3.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

MOST_ITERATIONS = 8
TOLERANCE = 1e-8  # of the last Newton step in the metric of the problem; the error left is its square
ROUNDING = 1e-6  # a step that no longer shrinks is accepted below this: it is round-off then


class Problem(Protocol):
    """Equations F(u) = 0 whose solutions form a curve or a surface.

    `metric` [unknown] holds the weights of the inner product sum(metric * a * b), in which unknowns of different units
    are comparable.
    """

    metric: np.ndarray

    def evaluate(self, u: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Residual [equation] and Jacobian [equation, unknown] at u."""

    def allows(self, u: np.ndarray) -> bool:
        """Whether the equations may be evaluated at u: parameters have bounds."""


@dataclass(frozen=True)
class Solution:
    """A solution, the Jacobian near it, and the Newton steps that it took."""

    u: np.ndarray
    jacobian: np.ndarray
    iterations: int


def correct(problem: Problem, guess: np.ndarray, normals: np.ndarray) -> Solution | None:
    """Find the solution near a guess in the plane through it that is orthogonal to `normals` [k, unknown], or None."""
    u, rows = np.array(guess, float), normals * problem.metric
    blank = np.zeros(len(rows))
    previous = np.inf
    with np.errstate(all="ignore"):
        for iteration in range(1, MOST_ITERATIONS + 1):
            if not problem.allows(u):
                return None
            residual, jacobian = problem.evaluate(u)
            system = np.vstack([jacobian, rows])
            if not (np.isfinite(system).all() and np.isfinite(residual).all()):
                return None
            try:
                step = np.linalg.solve(system, -np.concatenate([residual, blank]))
            except np.linalg.LinAlgError:
                return None
            u = u + step
            length = float(np.sqrt(np.sum(problem.metric * step * step)))
            if length < TOLERANCE or (length < ROUNDING and length > 0.5 * previous):
                return Solution(u, jacobian, iteration)
            if not length < 2.0 * previous:
                return None
            previous = length
    return None


def tangents(jacobian: np.ndarray, metric: np.ndarray, like: np.ndarray) -> np.ndarray:
    """Orthonormal directions [k, unknown] along which solutions continue, oriented as `like` [k, unknown]."""
    rows = like * metric
    right = np.zeros((jacobian.shape[1], len(like)))
    right[len(jacobian) :] = np.eye(len(like))
    basis = np.linalg.solve(np.vstack([jacobian, rows]), right).T
    for k in range(len(basis)):
        for earlier in basis[:k]:
            basis[k] -= inner(metric, basis[k], earlier) * earlier
        basis[k] /= np.sqrt(inner(metric, basis[k], basis[k]))
    return basis


def inner(metric: np.ndarray, a: np.ndarray, b: np.ndarray) -> float:
    """Inner product in the metric of a problem."""
    return float(np.sum(metric * a * b))
