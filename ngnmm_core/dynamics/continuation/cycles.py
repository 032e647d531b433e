"""Periodic orbits by multiple shooting, for continuation, with their Floquet multipliers.

The unknowns are the states at the starts of all segments, the period, and the free parameters.  The phase is fixed by
an integral condition, in a sum over the segments: of all shifts of an orbit, the one nearest to the orbit before it.
Segments keep the equations well-posed where one return multiplies an error by many powers of ten.

Phase condition: Doedel, Congr. Numer. 30, 265 (1981).  Multiple shooting for periodic orbits: Guckenheimer, Meloon,
SIAM J. Sci. Comput. 22, 951 (2000).  Both methods: Kuznetsov, Elements of Applied Bifurcation Theory (2004), chapter
10, doi:10.1007/978-1-4757-3978-7.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ngnmm_core.dynamics.continuation import mesh as meshes
from ngnmm_core.dynamics.continuation.curves import Spot, Test, spot
from ngnmm_core.dynamics.continuation.follow import Place, place
from ngnmm_core.dynamics.continuation.mesh import Mesh
from ngnmm_core.dynamics.continuation.segments import Flow, integrate
from ngnmm_core.dynamics.continuation.solver import Solution, correct
from ngnmm_core.dynamics.continuation.system import System

LEAST_RANGE = 0.05  # the scale of a state that hardly moves, in units of its size
SHIFT = 1e-6  # along a tangent, in units of the metric, over which its change along the orbit is measured


class CycleProblem:
    """The equations of a periodic orbit near a reference orbit.

    Parameters
    ----------
    system : System
        With one free parameter, or two.
    mesh : Mesh
    reference : array (segment, state)
        Starts of the segments of the orbit before.
    tail : array
        Its period and free parameters.
    scales : (array (state,), array (parameter,))
        Extent of the states along the orbit, and of the free parameters.
    """

    def __init__(self, system: System, mesh: Mesh, reference: np.ndarray, tail: np.ndarray, scales):
        self.system, self.mesh, self.reference = system, mesh, reference
        self.scale, self.spans = scales
        self.segments, self.size = reference.shape
        self._phase = system.field(reference, tail[1:]) / self.scale**2 * mesh.shares[:, None]
        self._phase /= np.linalg.norm(self._phase * self.scale)
        states = np.outer(mesh.shares, 1.0 / (self.size * self.scale**2)).ravel()
        self.metric = np.concatenate([states, [1.0 / tail[0] ** 2], 1.0 / np.asarray(self.spans, float) ** 2])

    def split(self, u: np.ndarray) -> tuple[np.ndarray, float, np.ndarray]:
        """Split the unknowns into starts [segment, state], period and free parameters."""
        count = self.segments * self.size
        return u[:count].reshape(self.segments, self.size), float(u[count]), u[count + 1 :]

    def flow(self, u: np.ndarray, keep: bool = False) -> Flow:
        """Integrate the segments of a guess."""
        starts, period, p = self.split(u)
        return integrate(self.system, starts, p, period * self.mesh.shares, self.mesh.steps, keep)

    def allows(self, u: np.ndarray) -> bool:
        """Whether the free parameters are within their bounds."""
        return self.system.allows(self.split(u)[2])

    def evaluate(self, u: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Gaps between segments in units of the states' extent, and the phase condition, with their derivatives."""
        starts, _, p = self.split(u)
        flow, n, count = self.flow(u), self.size, self.segments * self.size
        gaps = (flow.ends - np.roll(starts, -1, axis=0)) / self.scale
        residual = np.append(gaps.ravel(), np.sum(self._phase * (starts - self.reference)))
        jacobian = np.zeros((count + 1, len(u)))
        blocks = jacobian[:count, :count].reshape(self.segments, n, self.segments, n)
        k = np.arange(self.segments)
        blocks[k, :, (k + 1) % self.segments, :] = -np.diag(1.0 / self.scale)
        blocks[k, :, k, :] += flow.propagators / self.scale[:, None]
        velocity = self.system.field(flow.ends, p) * self.mesh.shares[:, None] / self.scale
        jacobian[:count, count] = velocity.ravel()
        jacobian[:count, count + 1 :] = (flow.slopes / self.scale[:, None]).reshape(count, -1)
        jacobian[count, :count] = self._phase.ravel()
        return residual, jacobian

    def propagators(self, jacobian: np.ndarray) -> np.ndarray:
        """Propagators of the segments [segment, state, state] in scaled states, out of a Jacobian."""
        n, k = self.size, np.arange(self.segments)
        blocks = jacobian[: self.segments * n, : self.segments * n].reshape(self.segments, n, self.segments, n)
        return blocks[k, :, k, :] * self.scale

    def renewed(self, at: Place) -> Place | None:
        """Move a place to a mesh that suits its orbit, which becomes the reference."""
        problem, found, normals = self.remeshed(at.solution, at.tangent[None])
        return None if found is None else place(problem, found, normals[0])

    def moved(self, at: Spot, test: Test) -> Spot | None:
        """Move a point of a curve in two parameters to a mesh that suits its orbit, which becomes the reference."""
        problem, found, normals = self.remeshed(at.solution, at.chart)
        return None if found is None else spot(problem, found, normals, test)

    def remeshed(self, solution: Solution, normals: np.ndarray):
        """Equations on a mesh that suits a solution's orbit, the solution and the normals in their unknowns."""
        orbit = Cycle(Place(self, solution, solution.u))
        scales = (extent(orbit.path, self.system.small), self.spans)
        mesh, nodes = meshes.adapted(self.system, orbit.path, self.mesh, orbit.tail, scales[0])
        starts = orbit.path.reshape(-1, self.size)[nodes]
        problem = CycleProblem(self.system, mesh, starts, orbit.tail, scales)
        guess = np.concatenate([starts.ravel(), orbit.tail])
        moved = np.array([self._moved(solution.u, t, orbit.path, nodes) for t in normals])
        return problem, correct(problem, guess, moved), moved

    def _moved(self, u: np.ndarray, tangent: np.ndarray, path: np.ndarray, nodes: np.ndarray) -> np.ndarray:
        """Express a tangent in the unknowns of another mesh: how fast the states at the new starts move along it.

        Between the old starts it can't be interpolated: in a burst it has more structure than there are segments.
        """
        ahead = self.flow(u + SHIFT * tangent, keep=True).path
        states = (ahead - path).reshape(-1, self.size)[nodes] / SHIFT
        return np.append(states.ravel(), tangent[self.segments * self.size :])


def extent(path: np.ndarray, small: np.ndarray) -> np.ndarray:
    """Extent of the states [state] along a path [..., state]; of one that hardly moves, a share of its size.

    `small` [state] is 1 in each state's unit.
    """
    flat = path.reshape(-1, path.shape[-1])
    return np.maximum(np.ptp(flat, axis=0), LEAST_RANGE * np.abs(flat).max(axis=0) + 1e-4 * small)


@dataclass(frozen=True)
class Cycle:
    """A periodic orbit at a place of a branch."""

    place: Place

    @property
    def problem(self) -> CycleProblem:
        """The equations that it solves."""
        return self.place.problem

    @property
    def starts(self) -> np.ndarray:
        """States at the starts of the segments, [segment, state]."""
        return self.problem.split(self.place.u)[0]

    @property
    def period(self) -> float:
        """In ms."""
        return self.problem.split(self.place.u)[1]

    @property
    def p(self) -> np.ndarray:
        """Values of the free parameters."""
        return self.problem.split(self.place.u)[2]

    @property
    def tail(self) -> np.ndarray:
        """Period and free parameters."""
        return self.place.u[self.problem.segments * self.problem.size :]

    @cached_property
    def path(self) -> np.ndarray:
        """States before every Runge-Kutta step, [segment, step, state]."""
        return self.problem.flow(self.place.u, keep=True).path

    @cached_property
    def multipliers(self) -> np.ndarray:
        """Floquet multipliers without the trivial one, by descending modulus.

        The product is taken over the directions orthogonal to the flow, in which the trivial multiplier does not
        appear; so it can't be mistaken for another one near 1.
        """
        problem = self.problem
        propagators = problem.propagators(self.place.solution.jacobian)
        velocity = problem.system.field(self.starts, self.p) / problem.scale
        frames = np.linalg.qr(velocity[:, :, None], mode="complete")[0]
        across = np.swapaxes(np.roll(frames, -1, axis=0), 1, 2) @ propagators @ frames
        product = np.eye(problem.size - 1)
        for factor in across[:, 1:, 1:]:
            product = factor @ product
        values = np.linalg.eigvals(product).astype(complex)
        return values[np.argsort(-np.abs(values), kind="stable")]

    @property
    def stable(self) -> bool:
        """Whether every multiplier lies inside the unit circle."""
        return bool(np.abs(self.multipliers).max() < 1.0)

    def extrema(self) -> tuple[np.ndarray, np.ndarray]:
        """Least and greatest values [state], by parabolas through the samples around them."""
        flat, times = self.path.reshape(-1, self.problem.size), self.problem.mesh.path_times.ravel()
        return _peak(-flat, times) * -1.0, _peak(flat, times)

    def mean(self) -> np.ndarray:
        """Time mean [state]."""
        flat = self.path
        h = (self.problem.mesh.shares / self.problem.mesh.steps)[:, None]
        ends = np.roll(self.starts, -1, axis=0)
        slopes = self.problem.system.field(np.vstack([self.starts, ends]), self.p) * self.period
        first, last = slopes[: len(ends)], slopes[len(ends) :]
        sums = flat.sum(axis=1) + 0.5 * (ends - self.starts)  # the trapezoidal rule, with its Euler-Maclaurin term
        return np.sum(h * sums + h**2 / 12.0 * (first - last), axis=0)


def _peak(samples: np.ndarray, times: np.ndarray) -> np.ndarray:
    """Greatest values of samples [time, state] on a circle of circumference 1."""
    k = np.argmax(samples, axis=0)
    columns, count = np.arange(samples.shape[1]), len(samples)
    left, here, right = (samples[(k + j) % count, columns] for j in (-1, 0, 1))
    a, b = (times[k] - times[k - 1]) % 1.0, (times[(k + 1) % count] - times[k]) % 1.0
    slope = ((right - here) * a / b + (here - left) * b / a) / (a + b)
    bend = ((right - here) / b - (here - left) / a) / (a + b)
    with np.errstate(divide="ignore", invalid="ignore"):
        rise = -(slope**2) / (4.0 * bend)
    return here + np.where(bend < 0, rise, 0.0)
