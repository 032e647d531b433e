"""The bifurcation diagram of one parameter: equilibria, cycles from Hopf points and the ends, and doubled cycles."""

import logging
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from ngnmm_core.dynamics.continuation.at_ends import cycles_at, inwards, is_followed
from ngnmm_core.dynamics.continuation.branches import CycleBranch, follow_cycles
from ngnmm_core.dynamics.continuation.branching import beside, branch_point
from ngnmm_core.dynamics.continuation.equilibria import (
    bifurcations,
    find_equilibria,
    follow_equilibrium,
    passes_through,
    same_branch,
)
from ngnmm_core.dynamics.continuation.follow import Place
from ngnmm_core.dynamics.continuation.special import DOUBLING, CycleBifurcation
from ngnmm_core.dynamics.continuation.starts import at_doubling, at_hopf
from ngnmm_core.dynamics.continuation.system import System
from ngnmm_core.dynamics.equilibrium_branch import HOPF, SADDLE_NODE, Branch, EquilibriumBifurcation, EquilibriumSystem

STARTS = 5  # values of the parameter where equilibria are looked for, if the branch is not explicit
SWITCH = 0.02  # distance from a branch point at which the other branch is met, in the metric of the continuation


@dataclass
class Diagram:
    """Branches of equilibria and of cycles over one parameter.

    `equilibria` are branches; `points` their special points, each with the position of its branch; `cycles` are pairs
    of the number of doublings behind a branch and the branch; `failures` says in words what could not be followed.
    """

    equilibria: list[Branch] = field(default_factory=list)
    points: list[tuple[int, EquilibriumBifurcation]] = field(default_factory=list)
    cycles: list[tuple[int, CycleBranch]] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    @property
    def hopfs(self) -> list[EquilibriumBifurcation]:
        """All Hopf points."""
        return [point for _, point in self.points if point.kind == HOPF]

    @property
    def folds(self) -> list[EquilibriumBifurcation]:
        """All saddle-nodes."""
        return [point for _, point in self.points if point.kind == SADDLE_NODE]


def diagram(system: System, limits: tuple[float, float], doublings: int | None = 1) -> Diagram:
    """Follow what is connected to the equilibria of a system through its free parameter, or to attractors at its ends.

    Parameters
    ----------
    system : System
        With one free parameter.
    limits : (float, float)
        Range of the parameter.
    doublings : int, optional
        How many times branches are switched at period doublings; None: equilibria only.

    Raises
    ------
    InputError
        For limits that the parameter may not have, or in the wrong order.
    """
    system.model.check_range("limits", system.active[0], limits)
    result = Diagram()
    _equilibria(result, system, limits)
    if doublings is None:
        return result
    span, reached = limits[1] - limits[0], []
    for hopf in result.hopfs:
        if any(hopf is h for h in reached):
            continue
        start = at_hopf(system, hopf, span)
        if start is None:
            result.failures.append(f"no cycle found beside the Hopf point at {hopf.drive:.6g}")
            continue
        branch = follow_cycles(start, limits, result.hopfs, folds=result.folds)
        reached.append(branch.hopf)
        _keep(result, 0, branch)
        _doubled(result, branch, limits, doublings)
    _from_ends(result, system, limits, doublings)
    return result


def _from_ends(result: Diagram, system: System, limits: tuple[float, float], doublings: int) -> None:
    """Follow cycles that are attractors at the ends of the range, and that no branch has led to."""
    for p in limits:
        for orbit in cycles_at(system, p):
            if is_followed(orbit, p, [branch for level, branch in result.cycles if level == 0]):
                continue
            start = inwards(system, orbit, p, limits)
            if start is None:
                result.failures.append(f"the cycle of period {orbit.period:.4g} ms at {p:.6g} could not be followed")
                continue
            branch = follow_cycles(start, limits, result.hopfs, folds=result.folds)
            _keep(result, 0, branch)
            _doubled(result, branch, limits, doublings)


def _keep(result: Diagram, level: int, branch: CycleBranch) -> None:
    result.cycles.append((level, branch))
    last = branch.samples[-1]
    logging.info("cycles: %d, end %s at %.6g, period %.4g ms", len(branch.samples), branch.end, last.p[0], last.period)
    if branch.end == "lost":
        result.failures.append(f"cycle lost at {last.p[0]:.6g} with period {last.period:.4g} ms")


def _doubled(result: Diagram, parent: CycleBranch, limits, doublings: int, level: int = 1) -> None:
    """Follow the branches born at the period doublings of a branch; one that joins two of them is followed once."""
    if level > doublings:
        return
    parents = [point for point in parent.special if point.kind == DOUBLING]
    done: list[CycleBifurcation] = []
    for point in parents:
        if any(point is other for other in done):
            continue
        start = at_doubling(point.place)
        if start is None:
            result.failures.append(f"no doubled cycle found at {point.cycle.p[0]:.6g}")
            continue
        branch = follow_cycles(start, limits, parents=[other for other in parents if other is not point] or [point])
        done += [branch.doubling] if branch.doubling else []
        _keep(result, level, branch)
        _doubled(result, branch, limits, doublings, level + 1)


# ------------------------------------------------------------------ equilibria
def _equilibria(result: Diagram, system: System, limits: tuple[float, float]) -> None:
    curve = system.model.equilibrium_curve
    if curve is not None and system.active == (curve.drive,):
        explicit = EquilibriumSystem(system.model, system.values, system.values["G"] * system.row_sum)
        result.equilibria.append(explicit.branch(*limits))
        result.points = [(0, b) for b in explicit.bifurcations(*limits)]
        return
    branches: list[list[Place]] = []
    for p in np.linspace(*limits, STARTS):
        for x in find_equilibria(system.model, system.at(np.array([p])), system.row_sum).states:
            _follow(result, branches, system, np.append(x, p), limits)
    for places in branches:  # grows while branches are switched
        for before, after in pairwise(places):
            there = branch_point(before, after)
            for u in beside(there, SWITCH) if there is not None else ():
                _follow(result, branches, system, u, limits)
    for number, places in enumerate(branches):
        result.points += [(number, b) for b in bifurcations(places)]
    result.equilibria = [_table(system, places) for places in branches]


def _follow(result: Diagram, branches: list[list[Place]], system: System, u: np.ndarray, limits) -> None:
    """Add the branch through u, an equilibrium and value of the parameter, unless it is one of the branches."""
    x, p = u[:-1], float(u[-1])
    if not limits[0] <= p <= limits[1] or any(passes_through(places, x, p) for places in branches):
        return
    places = follow_equilibrium(system, x, p, limits)
    if not places:
        result.failures.append(f"equilibrium lost at {p:.6g}")
    elif not any(same_branch(places, others) for others in branches):
        branches.append(places)


def _table(system: System, places: list[Place]) -> Branch:
    u = np.array([w.u for w in places])
    jacobians = system.linearise(u[:, :-1], u[:, -1:])[1]
    return Branch(np.arange(len(u), dtype=float), u[:, -1], u[:, :-1], np.linalg.eigvals(jacobians).astype(complex))
