"""Perturbations along known orbits by the exact flow of QIF populations, for many Lambda.

An orbit that was found with Luther's method gives the states at the ends of its steps.  From each of them the flow
takes steps of its own to the next: the solution is known, errors don't add up along it, and how far the flow comes from
the next state says how right its steps are.  Where that is too far, where a shift in time does not have the multiplier
1, or where the matrices of the homogeneous system and of the Lambda farthest from it are not those of Luther's method,
steps are halved, and in the end Luther's method does it all.
"""

from collections.abc import Sequence

import numpy as np

from ngnmm_core.dynamics.exact_flow import flow_kernel_of, has_flow, room_for_orbits, unit_constants
from ngnmm_core.dynamics.packing import WIDTH, copied, identity, to_lanes
from ngnmm_core.dynamics.periodic_orbits import TRIVIAL, Orbit
from ngnmm_core.dynamics.small_eigenvalues import eigenvalues_of
from ngnmm_core.dynamics.variational import Solutions
from ngnmm_core.kernels.flow_propagators import make_complex_flow_propagator, make_flow_propagator
from ngnmm_core.kernels.lanes import aligned
from ngnmm_core.models._base import Model
from ngnmm_core.simulation.own_times import in_units

PARTS = (1, 2, 4)  # of every step of the orbit
MISS = 3e-7  # relative, at the end of a step of the orbit: then matrices are off by less than 5e-7
DIFFERENCE = 5e-6  # from Luther's matrices, in units of their largest entry; their own error is up to 2e-6
SETS = 21  # of perturbations in one pass: as many as nearly stay in the first-level cache


class OrbitPropagators:
    """Propagates perturbations over one period of the orbits of many points.

    Parameters
    ----------
    solutions : Solutions
    orbits : sequence of Orbit
        One of every point.
    exact : bool, optional
        Whether to use the exact flow where it is right; if not given, where the model has it.
    """

    def __init__(self, solutions: Solutions, orbits: Sequence[Orbit], exact: bool | None = None):
        self.solutions, self.orbits = solutions, orbits
        self.exact = has_flow(solutions.model) if exact is None else exact
        # which of PARTS every point takes; beyond the last one Luther's method
        self.level = np.full(len(orbits), 0 if self.exact else len(PARTS))
        self.settled = np.zeros(len(orbits), bool)  # whether that is known to be right
        if self.exact:
            self._table = unit_constants(solutions.model, solutions.parameters)

    def matrices(self, points: np.ndarray, feedback: np.ndarray) -> np.ndarray:
        """Matrices [point, k, state, state] of some points over one period.

        Parameters
        ----------
        points : array (point,) of int
        feedback : array (point, k), real or complex
            G times Lambda.
        """
        size = self.solutions.size
        result = np.empty((*feedback.shape, size, size), feedback.dtype)
        left = np.arange(len(points))
        while len(exact := left[self.level[points[left]] < len(PARTS)]):
            some = points[exact]
            own = self.solutions.weight[some, None]
            found, misses = self._by_flow(some, np.concatenate([own, feedback[exact]], axis=1))
            right = self.settled[some].copy()
            if not right.all():
                right[~right] = self._right(some, feedback[exact], found, misses)[~right]
            result[exact[right]] = found[right, 1:]
            self.settled[some[right]] = True
            self.level[some[~right]] += 1
            left = np.setdiff1d(left, exact[right])
        if len(left):
            states, meshes = self._paths(points[left])
            result[left] = self.solutions.take(points[left]).propagate(states, meshes, feedback[left])[1]
        return result

    def _paths(self, points: np.ndarray) -> tuple[np.ndarray, list[np.ndarray]]:
        return np.array([self.orbits[k].state for k in points]), [self.orbits[k].mesh for k in points]

    def _right(self, points: np.ndarray, feedback: np.ndarray, found: np.ndarray, misses: np.ndarray) -> np.ndarray:
        """Whether what the flow has found, first of the homogeneous system, agrees with what is known, [point]."""
        far = np.argmax(np.abs(feedback - self.solutions.weight[points, None]), axis=1)
        each, (states, meshes) = np.arange(len(points)), self._paths(points)
        other = self.solutions.take(points).propagate(states, meshes, feedback[each, far][:, None])[1][:, 0]
        own, known = found[:, 0].real, np.array([self.orbits[k].monodromy for k in points])
        units = self.solutions.units[points]
        right = (misses < MISS) & np.isfinite(own).all(axis=(1, 2))
        for ours, luthers in ((own, known), (found[each, 1 + far], other)):
            a, b = in_units(ours, units), in_units(luthers, units)
            right &= np.abs(a - b).max(axis=(1, 2)) < DIFFERENCE * np.abs(b).max(axis=(1, 2))
        multipliers = eigenvalues_of(np.where(right[:, None, None], in_units(own, units), 0.0))
        limit = np.array([max(TRIVIAL, self.orbits[k].trivial_error) for k in points])
        return right & (np.abs(multipliers - 1.0).min(axis=1) <= limit)

    def _by_flow(self, points: np.ndarray, feedback: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Matrices [point, k, state, state], and how far the flow was from the orbit at the most, [point]."""
        size, misses = self.solutions.size, np.empty(len(points))
        result = np.empty((*feedback.shape, size, size), feedback.dtype)
        parts = np.array(PARTS)[self.level[points]]
        order = np.argsort(parts * [len(self.orbits[k].mesh) for k in points], kind="stable")
        for start in range(0, len(order), WIDTH):
            some = order[start : start + WIDTH]
            states, meshes = self._paths(points[some])
            known = self.solutions.take(points[some]).steps(states, meshes)
            h, path = in_lanes(known, meshes, parts[some])
            for first in range(0, feedback.shape[1], SETS):
                part = slice(first, first + SETS)
                result[some, part], misses[some] = self.eight(points[some], h, path, feedback[some, part])
        return result, misses

    def eight(
        self, points: np.ndarray, h: np.ndarray, path: np.ndarray, feedback: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Matrices [point, k, state, state] of up to eight points, and misses [point]; `h` and `path` by `in_lanes`."""
        (count, sets), size, model = feedback.shape, self.solutions.size, self.solutions.model
        parts = 2 if np.iscomplexobj(feedback) else 1
        tangents, misses = copied(identity(sets, size, parts)), aligned(WIDTH)
        both = np.stack([feedback.real, feedback.imag][:parts], axis=2).reshape(count, -1)
        gains = to_lanes(np.concatenate([self.solutions.weight[None, points], both.T]))
        room = np.zeros((room_for_orbits(model), count))
        constants = to_lanes(np.concatenate([self._table[:, points], room]))
        run = flow_kernel_of(model, make_complex_flow_propagator if parts == 2 else make_flow_propagator)
        run(path, tangents, constants, gains, h, misses)
        # stored [set, column, part, state, lane]
        block = np.moveaxis(tangents.reshape(sets, size, parts, size, WIDTH), 2, 0).transpose(0, 4, 1, 3, 2)
        matrices = block[0] + 1j * block[1] if parts == 2 else block[0]
        return matrices[:count], misses[:count]


def in_lanes(
    known: Sequence[np.ndarray], meshes: Sequence[np.ndarray], parts: Sequence[int]
) -> tuple[np.ndarray, np.ndarray]:
    """Arrange the steps of up to eight points [step, lane], and their paths [1 + step, 1 + state, lane], flat.

    Parameters
    ----------
    known : sequence of arrays (1 + step, state)
        States at the start and after every step.
    meshes : sequence of arrays (step,)
        Lengths of the steps in ms.
    parts : sequence of int
        How many steps of the flow make one of these.
    """
    most, size = max(len(mesh) * n for mesh, n in zip(meshes, parts, strict=True)), known[0].shape[1]
    h, path = np.zeros((most, len(known))), np.zeros((most + 1, 1 + size, len(known)))
    for lane, (states, mesh, n) in enumerate(zip(known, meshes, parts, strict=True)):
        h[: len(mesh) * n, lane] = np.repeat(mesh / n, n)
        path[: len(mesh) * n + 1 : n, 0, lane] = 1.0
        path[: len(mesh) * n + 1 : n, 1:, lane] = states
    return to_lanes(h), to_lanes(path)


def warm_propagators(model: Model, complex_modes: bool) -> None:
    """Compiles the kernels, each for one step of a point of default parameters."""
    arrays = {name: np.full(1, float(value)) for name, value in model.resolve({}).items()}
    size = len(model.states)
    eigenvalues_of(np.eye(size)[None])
    if has_flow(model):
        orbit = Orbit(np.zeros(size), 1e-3, np.full(1, 1e-3), np.eye(size), 0.0)
        along = OrbitPropagators(Solutions(model, arrays, np.ones(1)), [orbit])
        for kind in (float, complex)[: 1 + complex_modes]:
            along._by_flow(np.zeros(1, int), np.ones((1, 1), kind))
