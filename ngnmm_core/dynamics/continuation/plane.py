"""Bifurcation curves in the plane of two parameters: LP, HB, PD, LPC, NS, and homoclinic orbits as long cycles.

Kinds of points and curves: Kuznetsov, Elements of Applied Bifurcation Theory (2004), doi:10.1007/978-1-4757-3978-7.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import scipy

from ngnmm_core.dynamics.continuation.branches import LOST, size
from ngnmm_core.dynamics.continuation.codimension_two import (
    BAUTIN,
    BOGDANOV_TAKENS,
    CODIMENSION_TWO,
    EQUILIBRIUM_TESTS,
    frequency_squared,
)
from ngnmm_core.dynamics.continuation.curves import CurveSteps, Limits, Spot, Test, ahead, spot, strictly_inside, trace
from ngnmm_core.dynamics.continuation.cycles import Cycle, CycleProblem
from ngnmm_core.dynamics.continuation.diagram import Diagram, diagram
from ngnmm_core.dynamics.continuation.equilibria import EquilibriumProblem
from ngnmm_core.dynamics.continuation.follow import Place
from ngnmm_core.dynamics.continuation.solver import correct, inner
from ngnmm_core.dynamics.continuation.special import (
    DOUBLING,
    FOLD,
    HOMOCLINIC,
    TORUS,
    doubling_test,
    fold_test,
    on_circle,
    torus_test,
)
from ngnmm_core.dynamics.continuation.system import System
from ngnmm_core.dynamics.equilibrium_branch import HOPF

KNOWN = 2e-3  # distance from a curve, in units of the ranges, at which a point counts as lying on it
CROWDED = 2e-3  # distance of special points of one diagram below which one stands for all
VANISHING = 10.0  # size of a cycle, see `branches.size`, at which a curve of folds has come to its Hopf point
RESONANCE = "resonance"  # the pair on the unit circle becomes two real multipliers
BESIDE = 0.2  # of a step: how far from it the start of a closed curve may lie


@dataclass(frozen=True)
class SpecialPoint:
    """A point of codimension two."""

    kind: str
    p: np.ndarray


@dataclass
class Curve:
    """A bifurcation curve: parameters [point, 2], period of the cycle there [point], special points on it.

    `doublings` counts the period doublings behind the cycle, a doubling that the curve itself consists of included.
    """

    kind: str
    p: np.ndarray
    period: np.ndarray
    special: list[SpecialPoint] = field(default_factory=list)
    end: str = ""
    doublings: int = 0


def bifurcation_curves(
    system: System, limits: Limits, ladder: Sequence[float], cycles: bool = True, doublings: int = 1
) -> tuple[list[Curve], list[str]]:
    """Follow the bifurcation curves that are met by the diagrams at some values of the second parameter.

    Parameters
    ----------
    system : System
        With two free parameters.
    limits : ((float, float), (float, float))
        Ranges of both.
    ladder : sequence of float
        Values of the second parameter at which diagrams over the first are computed to start from.
    cycles : bool
        Whether to include the bifurcations of cycles.
    doublings : int
        How many period doublings in a row have curves: 1 for the first one only.

    Returns
    -------
    curves : list of Curve
    failures : list of str

    Raises
    ------
    InputError
        For limits or values of the ladder that the parameters may not have, and limits in the wrong order.
    """
    for k, (name, ends) in enumerate(zip(system.active, limits, strict=True)):
        system.model.check_range(f"limits[{k}]", name, ends)
    system.model.check("ladder", system.active[1], ladder)
    curves: list[Curve] = []
    failures: list[str] = []
    first, second = system.active
    for q in ladder:
        at_q = System(system.model, {**system.values, **_targets(system, second, q)}, system.row_sum, (first,))
        found = diagram(at_q, limits[0], doublings=max(doublings - 1, 0) if cycles else None)
        failures += [f"{second} = {q:.6g}: {text}" for text in found.failures]
        for kind, level, point, make in _seeds(system, found, q, limits):
            if any((c.kind, c.doublings) == (kind, level) and _near(c.p, point, limits) for c in curves):
                continue
            curve = make()
            if curve is None:
                failures.append(f"{kind} curve lost at once at {point[0]:.6g}, {point[1]:.6g}")
            else:
                logging.info("%s: %d points from %.6g, %.6g; ends: %s", kind, len(curve.p), *point, curve.end)
                curve.doublings = level
                curves.append(curve)
                if LOST in curve.end:
                    failures.append(f"{kind} curve from {point[0]:.6g}, {point[1]:.6g} lost on its way")
    return curves, failures


def _targets(system: System, name: str, value: float) -> dict[str, float]:
    return {target: float(value) for target in system.model.targets(name)}


def _near(p: np.ndarray, point: np.ndarray, limits: Limits) -> bool:
    """Whether a point lies on a curve, given by its corners."""
    spans = np.array([high - low for low, high in limits])
    a, d = (p[:-1] - point) / spans, np.diff(p, axis=0) / spans
    length = np.maximum(np.sum(d * d, axis=1), 1e-30)
    share = np.clip(-np.sum(a * d, axis=1) / length, 0.0, 1.0)
    return bool(len(d)) and bool(np.min(np.linalg.norm(a + share[:, None] * d, axis=1)) < KNOWN)


def _seeds(system: System, found: Diagram, q: float, limits: Limits):
    """Yield special points of a diagram: kind, doublings, parameters, and a function that makes their curve."""
    for _, b in found.points:
        point = np.array([b.drive, q])
        yield b.kind, 0, point, lambda b=b, point=point: _equilibrium_curve(system, b.kind, b.state, point, limits)
    taken: dict[tuple[str, int], list[float]] = {}
    crowded = CROWDED * (limits[0][1] - limits[0][0])
    for before, branch in found.cycles:
        for c in branch.special:
            level = before + (c.kind == DOUBLING)
            others = taken.setdefault((c.kind, level), [])
            if c.kind not in CYCLE_TESTS or (before and c.kind != DOUBLING):
                continue
            if any(abs(o - c.cycle.p[0]) < crowded * 4.0**-before for o in others):
                continue
            others.append(c.cycle.p[0])
            point = np.array([c.cycle.p[0], q])
            yield c.kind, level, point, lambda c=c: cycle_curve(system, c.kind, c.place, q, limits)


# ------------------------------------------------------------------ equilibria
def _equilibrium_curve(system: System, kind: str, x: np.ndarray, point: np.ndarray, limits: Limits) -> Curve | None:
    problem = EquilibriumProblem(system, x, [high - low for low, high in limits])
    guess = np.concatenate([x, point])
    chart = np.zeros((2, len(guess)))
    chart[0, -1], chart[1, 0] = 1.0, 1.0
    if kind == HOPF:
        chart[1, 0], chart[1, -2] = 0.0, 1.0
    found = correct(problem, guess, chart)
    start = None if found is None else spot(problem, found, chart, EQUILIBRIUM_TESTS[kind])
    return None if start is None else _both_ways(kind, start, EQUILIBRIUM_TESTS[kind], limits)


# ------------------------------------------------------------------ cycles
def _multipliers(problem, solution) -> np.ndarray:
    return Cycle(Place(problem, solution, solution.u)).multipliers


CYCLE_TESTS: dict[str, Test | None] = {
    DOUBLING: lambda problem, solution: doubling_test(_multipliers(problem, solution)),
    FOLD: lambda problem, solution: fold_test(_multipliers(problem, solution)),
    TORUS: lambda problem, solution: torus_test(_multipliers(problem, solution)),
    HOMOCLINIC: None,  # a period that stays what it is
}


def cycle_curve(system: System, kind: str, at: Place, q: float, limits: Limits) -> Curve | None:
    """Follow a bifurcation of cycles in both parameters from one point; None where it can't be followed.

    `q` is the second parameter there.
    """
    cycle, old = Cycle(at), at.problem
    tail = np.append(cycle.tail, q)
    problem = CycleProblem(system, old.mesh, cycle.starts, tail, (old.scale, [high - low for low, high in limits]))
    chart = np.zeros((2, len(problem.metric)))
    chart[0, -1], chart[1, :-1] = 1.0, at.tangent
    found = correct(problem, np.concatenate([cycle.starts.ravel(), tail]), chart)
    test = CYCLE_TESTS[kind] or (lambda problem, solution: problem.split(solution.u)[1] / cycle.period - 1.0)
    start = None if found is None else spot(problem, found, chart, test)
    return None if start is None else _both_ways(kind, start, test, limits)


# ------------------------------------------------------------------ following
def _both_ways(kind: str, start: Spot, test: Test, limits: Limits) -> Curve:
    spots, special, ends = [start], [], []
    for sign in (-1.0, 1.0):
        turned = Spot(start.problem, start.solution, sign * start.chart, sign * start.direction)
        half, points, end = _half(kind, turned, test, limits)
        spots = half[::-1] + spots if sign < 0 else spots + half
        special += points
        ends.append(end)
        if end == "closed":
            break
    rows = [_row(kind, spot) for spot in spots]
    return Curve(kind, np.array([p for p, _ in rows]), np.array([t for _, t in rows]), special, ", ".join(ends))


def _row(kind: str, here: Spot) -> tuple[np.ndarray, float]:
    """Return the parameters, and the period of the cycle (at a Hopf point of the one that is born); NaN without one."""
    if isinstance(here.problem, CycleProblem):
        _, period, p = here.problem.split(here.u)
        return p, period
    period = np.nan
    if kind == HOPF and (square := frequency_squared(here)) > 0:
        period = 2.0 * np.pi / np.sqrt(square)
    return here.u[-2:], period


def _half(kind: str, start: Spot, test: Test, limits: Limits) -> tuple[list[Spot], list[SpecialPoint], str]:
    spots, special, previous = [], [], start
    tests = CODIMENSION_TWO.get(kind, [])
    values = [value(start) for _, value, _ in tests]
    for here in trace(start, test, CurveSteps(), limits):
        if kind == HOPF and frequency_squared(here) <= 0:
            return spots, special, BOGDANOV_TAKENS
        if kind == TORUS and not on_circle(_multipliers(here.problem, here.solution)):
            return spots, special, RESONANCE
        new = [value(here) for _, value, _ in tests]
        for (name, value, holds), a, b in zip(tests, values, new, strict=True):
            there = _locate(previous, here, test, value) if a * b < 0 else None
            if there is not None and holds(there):
                special.append(SpecialPoint(name, _row(kind, there)[0]))
        before, values, previous = previous, new, here
        spots.append(here)
        if len(spots) > 5 and _closes(kind, start, before, here, limits):
            return [*spots, start], special, "closed"
    if not strictly_inside(previous.u[-2:], limits):
        return spots, special, "border"
    if (
        isinstance(previous.problem, CycleProblem)
        and size(Place(previous.problem, previous.solution, previous.u)) < VANISHING
    ):
        return spots, special, BAUTIN  # the cycles shrink to the Hopf point where a curve of folds begins
    return spots, special, LOST


def _closes(kind: str, start: Spot, before: Spot, here: Spot, limits: Limits) -> bool:
    """Whether the last step passed the start of the curve, in its direction and with the same period."""
    (p, a), (q, _), (r, b) = (_row(kind, spot) for spot in (start, before, here))
    spans = np.array([high - low for low, high in limits])
    step, way = (r - q) / spans, (p - q) / spans
    share = float(np.dot(way, step)) / max(float(np.dot(step, step)), 1e-30)
    beside = np.linalg.norm(way - share * step) < BESIDE * np.linalg.norm(step)
    same = not np.isfinite(a * b) or abs(a - b) < 0.02 * abs(a)
    onwards = np.dot(start.direction[-2:] / spans, here.direction[-2:] / spans) > 0
    return bool(0.0 <= share <= 1.0 and beside and same and onwards)


def _locate(before: Spot, after: Spot, test: Test, value: Callable[[Spot], float]) -> Spot | None:
    """Where `value` vanishes between two neighbours on a curve."""
    length = inner(before.problem.metric, before.direction, after.u - before.u) if _same(before, after) else 0.0
    if not length > 0:
        return None

    def at(distance: float) -> float:
        there = ahead(before, distance, test) if distance else before
        if there is None:
            raise ArithmeticError
        return value(there)

    try:
        root = scipy.optimize.brentq(at, 0.0, length, xtol=1e-10 * length + 1e-13)
    except (ArithmeticError, ValueError):
        return None
    return ahead(before, root, test)


def _same(a: Spot, b: Spot) -> bool:
    return len(a.u) == len(b.u)
