"""Periodic orbits of the homogeneous system by shooting: Newton's method on the return to the starting point.

Many points at once, each with steps of its own, all with about the same error.  Along the guess they are found for a
first orbit only: its bursts are not where those of the guess were.  Then they are found again along that orbit, and
stretched with the period.  What is solved for is a closed orbit of the method with these steps.  A shift in time has
the multiplier 1 exactly: what an orbit has instead says how right its multipliers are, and with it steps are made
smaller where they must be.

Kuznetsov, Elements of Applied Bifurcation Theory (2004), doi:10.1007/978-1-4757-3978-7, chapter 10.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np
from scipy.interpolate import PPoly

from ngnmm_core.compilation.lazy_njit import lazy_njit
from ngnmm_core.dynamics.variational import Solutions
from ngnmm_core.simulation.own_times import in_units

UNIFORM_MS = 0.01
STEP_ERROR, LONGEST_MS = 5e-10, 0.25  # of the steps: see `ngnmm_core.kernels.mesh`
SMALLER, MOST_MESHES = 0.05, 4  # step error of each further mesh, in units of the one before; meshes after the first
MOST_ITERATIONS = 12
ROUGH, TOLERANCE = 1e-6, 1e-11  # along the guess, and in the end
TRIVIAL = 1e-6  # of the trivial multiplier: what errors of steps make of it where they are right
CLEARLY = 2.0  # unstable: what the leading multiplier is of an orbit that is not worth better steps
PATIENCE = 3  # iterations in which the residual must have halved


@dataclass(frozen=True)
class Orbit:
    """A periodic orbit.

    Attributes
    ----------
    state : array (state,)
        A point on the orbit.
    period : float
        In ms.
    mesh : array (step,)
        Lengths of the integration steps in ms; their sum is the period.
    monodromy : array (state, state)
        Propagator of perturbations within the homogeneous system over one period.
    residual : float
        Distance between the state and its return, relative to its size.
    units : array (state,) or float
        Of the states, in which multipliers are computed: see `own_times`.
    """

    state: np.ndarray
    period: float
    mesh: np.ndarray
    monodromy: np.ndarray
    residual: float
    units: np.ndarray | float = 1.0

    @property
    def steps(self) -> int:
        """Steps of at most 0.01 ms in a period, for integration with steps of one length."""
        return max(int(np.ceil(self.period / UNIFORM_MS)), 32)

    @cached_property
    def multipliers(self) -> np.ndarray:
        """Floquet multipliers, by descending modulus; the trivial one, nearest to 1, comes first."""
        values = np.linalg.eigvals(in_units(self.monodromy, np.broadcast_to(self.units, len(self.monodromy))))
        trivial = int(np.argmin(np.abs(values - 1.0)))
        others = np.delete(values, trivial)
        return np.concatenate(([values[trivial]], others[np.argsort(-np.abs(others), kind="stable")]))

    @property
    def trivial_error(self) -> float:
        """How far the trivial multiplier is from 1: about the error of the others."""
        return float(np.abs(self.multipliers[0] - 1.0))

    @property
    def accurate(self) -> bool:
        """Whether the multipliers are right: the trivial one is 1 to 1e-5, which is 1e-6 per ms in 10 ms."""
        return self.trivial_error <= 10.0 * TRIVIAL

    @property
    def stable(self) -> bool:
        """Whether every multiplier but the trivial one lies inside the unit circle."""
        return bool(np.abs(self.multipliers[1]) < 1.0)

    @property
    def clearly_unstable(self) -> bool:
        """Whether errors of multipliers, as the trivial one has, can't make the orbit stable."""
        return bool(np.abs(self.multipliers[1]) > CLEARLY and self.trivial_error < 0.1)


def shoot_many(
    solutions: Solutions, states: np.ndarray, periods: np.ndarray, stable: bool = False
) -> list[Orbit | None]:
    """Find the periodic orbits near states [point, state] and periods [point]; None where there is none.

    The phase is fixed by requiring the correction to be orthogonal to the flow at the given state.  An orbit whose
    trivial multiplier can't be brought to 1 by smaller steps is given as it is: see `Orbit.accurate`.  If only `stable`
    ones are wanted, those that are clearly unstable are left out.
    """
    found: list[Orbit | None] = [None] * len(states)
    x, times = np.array(states, float), np.array(periods, float)
    left, error = np.arange(len(states)), STEP_ERROR
    for mesh in range(MOST_MESHES + 1):
        rough = mesh == 0
        orbits = _on_mesh(solutions.take(left), x[left], times[left], error, ROUGH if rough else TOLERANCE)
        for k, orbit in zip(left, orbits, strict=True):
            if orbit is not None:
                x[k], times[k] = orbit.state, orbit.period
            if rough or (orbit is None and mesh < MOST_MESHES):
                continue
            found[k] = orbit
        if rough:
            wanted = lambda orbit: orbit is not None and not (stable and orbit.clearly_unstable)
            left = np.array([k for k, orbit in zip(left, orbits, strict=True) if wanted(orbit)], int)
            continue
        left = np.array([k for k in left if (o := found[k]) is None or o.trivial_error > TRIVIAL], int)
        error *= SMALLER
        if not len(left):
            break
    return found


def _on_mesh(solutions: Solutions, states, periods, error: float, tolerance: float) -> list[Orbit | None]:
    """Find orbits with the steps that have a given error along the trajectories from `states`."""
    found: list[Orbit | None] = [None] * len(states)
    meshes = solutions.mesh(states, periods, error, LONGEST_MS * solutions.time_factor)
    index = np.array([k for k, mesh in enumerate(meshes) if mesh is not None], int)
    with np.errstate(all="ignore"):
        search = _Search(solutions.take(index), states[index], periods[index], [meshes[k] for k in index], tolerance)
        for _ in range(MOST_ITERATIONS):
            if not len(search.index):
                break
            for k, orbit in search.iterate():
                found[index[k]] = orbit
        for k, orbit in search.nearly():
            found[index[k]] = orbit
    return found


def along(solutions: Solutions, orbits: Sequence[Orbit], count: int) -> np.ndarray:
    """States at `count` equal distances in time along orbits, the first one included: array [point, count, state]."""
    result = np.empty((len(orbits), count, solutions.size))
    for k, path in enumerate(paths(solutions, orbits)):
        result[k] = values_at(path, orbits[k].period * np.arange(count) / count)
    return result


def paths(solutions: Solutions, orbits: Sequence[Orbit]) -> list[PPoly]:
    """Orbits as functions of time (ms), from one step of their meshes to the next by cubics with the right slopes."""
    if not len(orbits):
        return []
    steps = solutions.steps(np.array([orbit.state for orbit in orbits]), [orbit.mesh for orbit in orbits])
    lengths = [len(states) for states in steps]
    every = solutions.take(np.repeat(np.arange(len(orbits)), lengths))
    slopes = np.split(every.velocity(np.concatenate(steps)), np.cumsum(lengths)[:-1])
    times = [np.concatenate([[0.0], np.cumsum(orbit.mesh)]) for orbit in orbits]
    return [_cubics(*one) for one in zip(times, steps, slopes, strict=True)]


def values_at(path: PPoly, times: np.ndarray) -> np.ndarray:
    """Values [time, state] of an orbit at some times (ms) on it: bit by bit those of `PPoly`, ten times as fast."""
    out = np.empty((len(times), path.c.shape[2]))
    _evaluate(path.x, path.c, times, out)
    return out


@lazy_njit
def _evaluate(ends, coefficients, times, out):
    piece, last = 0, len(ends) - 2
    for row in range(len(times)):
        while piece < last and times[row] >= ends[piece + 1]:
            piece += 1
        while piece > 0 and times[row] < ends[piece]:
            piece -= 1
        x = times[row] - ends[piece]
        for k in range(out.shape[1]):
            value, power = 0.0, 1.0
            for term in range(4):  # from the constant on
                value += coefficients[3 - term, piece, k] * power
                power *= x
            out[row, k] = value


def _cubics(times: np.ndarray, values: np.ndarray, slopes: np.ndarray) -> PPoly:
    """Hermite's cubics; what `CubicHermiteSpline` makes, without its checks, which take longer than all the rest."""
    lengths = np.diff(times)[:, None]
    mean = np.diff(values, axis=0) / lengths
    bend = (slopes[:-1] + slopes[1:] - 2.0 * mean) / lengths
    coefficients = np.stack([bend / lengths, (mean - slopes[:-1]) / lengths - bend, slopes[:-1], values[:-1]])
    return PPoly.construct_fast(coefficients, times)


class _Search:
    """Newton's method for those points that have not converged or failed yet."""

    def __init__(self, solutions: Solutions, states, periods, meshes, tolerance: float):
        self.solutions, self.x, self.periods = solutions, states.copy(), periods.copy()
        self.tolerance = tolerance
        self.fractions = [mesh / mesh.sum() for mesh in meshes]
        self.guess, self.direction = periods.copy(), solutions.velocity(states)
        self.scale = np.abs(states) + np.abs(self.direction) * periods[:, None] / 10.0 + 1e-6 * solutions.units
        self.index = np.arange(len(states))
        self.residuals: list[np.ndarray] = []
        self.last: dict[int, Callable[[], Orbit]] = {}  # of the last iteration

    def iterate(self) -> list[tuple[int, Orbit]]:
        """One iteration; the orbits that have converged by now, with the positions of their points."""
        x, periods = self.x[self.index], self.periods[self.index]
        solutions = self.solutions.take(self.index)
        meshes = [self.fractions[k] * t for k, t in zip(self.index, periods, strict=True)]
        ends, monodromies = solutions.propagate(x, meshes, solutions.weight[:, None])
        monodromies = monodromies[:, 0]
        miss = ends - x
        residuals = np.max(np.abs(miss) / self.scale[self.index], axis=1)
        done = residuals < self.tolerance
        usable = np.isfinite(monodromies).all(axis=(1, 2)) & np.isfinite(miss).all(axis=1)
        usable &= self._improving(residuals)
        units = solutions.units

        def orbit(j: int) -> Orbit:
            return Orbit(
                x[j].copy(), float(periods[j]), meshes[j], monodromies[j].copy(), float(residuals[j]), units[j]
            )

        self.last = {int(self.index[j]): partial(orbit, j) for j in map(int, np.flatnonzero(usable))}
        converged = [(int(self.index[j]), orbit(j)) for j in map(int, np.flatnonzero(done & usable))]
        self._correct(usable & ~done, ends, monodromies, miss, solutions)
        return converged

    def _improving(self, residuals: np.ndarray) -> np.ndarray:
        """Remembers the residuals, and says which have halved in the last few iterations."""
        every = np.full(len(self.x), np.inf)
        every[self.index] = residuals
        self.residuals.append(every)
        if len(self.residuals) <= PATIENCE:
            return np.ones(len(residuals), bool)
        return (residuals < 0.5 * self.residuals[-1 - PATIENCE][self.index]) | (residuals < 1e3 * self.tolerance)

    def _correct(self, going, ends, monodromies, miss, solutions) -> None:
        size = self.x.shape[1]
        which = self.index[going]
        system = np.zeros((len(which), size + 1, size + 1))
        units = solutions.units[going]
        system[:, :size, :size] = in_units(monodromies[going] - np.eye(size), units)
        # the period in units of itself, so that no unit of time decides between pivots
        times = self.periods[which]
        system[:, :size, size] = solutions.velocity(ends)[going] * times[:, None] / units
        system[:, size, :size] = self.direction[which] * times[:, None] / units
        right = np.concatenate([-miss[going] / units, np.zeros((len(which), 1))], axis=1)
        correction = solve_each(system, right)
        self.x[which] += units * correction[:, :size]
        self.periods[which] += times * correction[:, size]
        t, guess = self.periods[which], self.guess[which]
        sound = (t > 0.5 * guess) & (t < 1.5 * guess) & np.isfinite(self.x[which]).all(axis=1)
        self.index = which[sound]

    def nearly(self) -> list[tuple[int, Orbit]]:
        """After the last iteration: orbits that stopped short of the tolerance by less than a factor of 1000."""
        going = set(map(int, self.index))
        orbits = [(k, orbit()) for k, orbit in self.last.items() if k in going]
        return [(k, orbit) for k, orbit in orbits if orbit.residual < 1e3 * self.tolerance]


def solve_each(systems: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Solutions of many linear systems [point, n, n] and [point, n]; NaN for those that are singular, and only them."""
    try:
        return np.linalg.solve(systems, right[..., None])[..., 0]
    except np.linalg.LinAlgError:
        result = np.full_like(right, np.nan)
        for k, (system, one) in enumerate(zip(systems, right, strict=True)):
            try:
                result[k] = np.linalg.solve(system, one)
            except np.linalg.LinAlgError:
                continue
        return result
