"""Curves of bifurcations in two parameters: the zeros of a test function on a surface of solutions.

With two free parameters the equilibria, or the cycles, of a system form a surface.  A test function on it vanishes
along the curve of a bifurcation.  In the tangent plane at a point of the curve the surface is a chart of two
coordinates; the curve is followed there by predictor and secant, every point of the chart corrected onto the surface by
Newton's method.  No second derivatives and no extended systems are needed, and one method serves all bifurcations of
codimension one.

Charts in tangent planes: Henderson, Int. J. Bifurc. Chaos 12, 451 (2002), doi:10.1142/S0218127402004498.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from ngnmm_core.dynamics.continuation.solver import Problem, Solution, correct, inner, tangents

MOST_SECANTS = 8
PROBE = 1e-4  # distance at which the slope of a test function is measured
ZERO = 1e-9  # of the chart's coordinate across the curve
NEAR_BORDER = 1.5  # steps from the border of the ranges within which the next one ends on it
TURN = 0.9  # cosine of the largest turn in a step


@dataclass(frozen=True)
class Spot:
    """A point of a curve: the problem in whose unknowns it is given, the chart [2, unknown] and the direction there."""

    problem: Any  # a `Problem`, with what its own kind of solution needs besides
    solution: Solution
    chart: np.ndarray
    direction: np.ndarray

    @property
    def u(self) -> np.ndarray:
        """The unknowns."""
        return self.solution.u


Test = Callable[[Any, Solution], float]
Limits = tuple[tuple[float, float], tuple[float, float]]


def spot(problem: Problem, solution: Solution, like: np.ndarray, test: Test) -> Spot | None:
    """Find the direction [unknown] of the curve of zeros of `test` at a point of it, oriented as `like` [2, unknown].

    The first row of `like` is the direction of before.
    """
    try:
        chart = tangents(solution.jacobian, problem.metric, like)
    except np.linalg.LinAlgError:
        return None
    slopes = []
    for axis in chart:
        sides = [correct(problem, solution.u + s * PROBE * axis, chart) for s in (1.0, -1.0)]
        if sides == [None, None]:
            return None
        # on the border of what is allowed one side must do
        a, b = (solution if side is None else side for side in sides)
        slopes.append((test(problem, a) - test(problem, b)) * (2.0 if None in sides else 1.0))
    gradient = np.array(slopes)
    if not np.isfinite(gradient).all() or not gradient.any():
        return None
    gradient /= np.linalg.norm(gradient)
    along = gradient[1] * chart[0] - gradient[0] * chart[1]
    across = gradient[0] * chart[0] + gradient[1] * chart[1]
    if inner(problem.metric, along, like[0]) < 0:
        along, across = -along, -across
    return Spot(problem, solution, np.stack([along, across]), along)


def ahead(here: Spot, distance: float, test: Test) -> Spot | None:
    """Find the point of the curve at a distance along its direction, by secants across it."""
    found = _across(here.problem, here.u + distance * here.direction, here.chart, here.chart[1], distance, test)
    return None if found is None else spot(here.problem, found, here.chart, test)


def at_border(here: Spot, limits: Limits, reach: float, test: Test) -> Spot | None:
    """Where the curve leaves the ranges of the two parameters, if that is within `reach` along its direction.

    One parameter is held on its border, beyond which the equations need not be defined.
    """
    borders, missing = _missing(here, limits)
    k = int(np.argmin(missing))
    if not 0.0 < missing[k] <= reach:
        return None
    base = here.u + missing[k] * here.direction
    base[k - 2] = borders[k]
    across = here.chart[1].copy()
    across[k - 2] = 0.0
    held = np.stack([np.eye(len(base))[k - 2], across])
    found = _across(here.problem, base, held, across, missing[k], test)
    if found is None:
        return None
    found.u[k - 2] = borders[k]
    return spot(here.problem, found, here.chart, test)


def _missing(here: Spot, limits: Limits) -> tuple[np.ndarray, np.ndarray]:
    """Return the borders [parameter] that a curve heads for, and their distances along its direction."""
    low, high = np.array(limits, float).T
    slope = here.direction[-2:]
    borders = np.where(slope > 0, high, low)
    return borders, np.divide(borders - here.u[-2:], slope, out=np.full(2, np.inf), where=slope != 0)


def _across(problem: Problem, base: np.ndarray, normals, across, distance: float, test: Test) -> Solution | None:
    """Find the zero of `test` among the solutions in the planes through base + d * across, by secants in d."""
    values: list[tuple[float, float]] = []
    d = 0.0
    for _ in range(MOST_SECANTS):
        found = correct(problem, base + d * across, normals)
        if found is None:
            return None
        values.append((d, test(problem, found)))
        if len(values) > 1 and abs(values[-1][0] - values[-2][0]) < ZERO:
            return found
        if len(values) == 1:
            d = 0.1 * abs(distance)
            continue
        (d0, g0), (d1, g1) = values[-2:]
        if g1 == g0:
            return found
        d = d1 - g1 * (d1 - d0) / (g1 - g0)
        if not abs(d) < abs(distance):
            return None
    return None


def inside(p: np.ndarray, limits: Limits) -> bool:
    """Whether two parameters are within their ranges, borders included."""
    return all(low <= value <= high for value, (low, high) in zip(p, limits, strict=True))


def strictly_inside(p: np.ndarray, limits: Limits) -> bool:
    """Whether two parameters are within their ranges and not on a border."""
    return all(low < value < high for value, (low, high) in zip(p, limits, strict=True))


@dataclass(frozen=True)
class CurveSteps:
    """Lengths of steps in the metric of the problem, and their number."""

    first: float = 5e-3
    shortest: float = 1e-5
    longest: float = 0.03
    most: int = 1500


def trace(start: Spot, test: Test, steps: CurveSteps, limits: Limits) -> Iterator[Spot]:
    """Yield a curve's points after `start`, up to and with the border, or until steps become too short or too many."""
    here, h = start, steps.first
    for _ in range(steps.most):
        if not inside(here.u[-2:], limits) or not (_missing(here, limits)[1] > 0).all():
            return
        after = None
        while after is None:
            after = at_border(here, limits, NEAR_BORDER * h, test) or ahead(here, h, test)
            if after is not None and not inside(after.u[-2:], limits):
                after = None
            cosine = inner(here.problem.metric, here.direction, after.direction) if after is not None else -1.0
            if cosine < TURN:
                after, h = None, 0.5 * h
                if h < steps.shortest:
                    return
        yield after
        if not strictly_inside(after.u[-2:], limits):
            return  # a mesh that moves would shift it off the border
        if cosine > 0.98:
            h = min(1.5 * h, steps.longest)
        renew = getattr(after.problem, "moved", None)
        here = renew(after, test) if renew else after
        if here is None:
            return
