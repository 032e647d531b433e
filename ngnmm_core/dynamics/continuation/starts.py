"""First cycles of a branch: at a Hopf point, at a period doubling, and from a simulated orbit."""

import numpy as np

from ngnmm_core.dynamics.continuation.cycles import LEAST_RANGE, Cycle, CycleProblem, extent
from ngnmm_core.dynamics.continuation.follow import Place, place
from ngnmm_core.dynamics.continuation.mesh import SEGMENTS, Mesh, uniform
from ngnmm_core.dynamics.continuation.segments import integrate
from ngnmm_core.dynamics.continuation.solver import correct
from ngnmm_core.dynamics.continuation.system import System
from ngnmm_core.dynamics.equilibrium_branch import EquilibriumBifurcation
from ngnmm_core.dynamics.packing import WIDTH
from ngnmm_core.simulation.own_times import in_units

HOPF_AMPLITUDE = 0.2  # of the first cycle, in units of the states' scale
DOUBLING_AMPLITUDE = 0.02  # of the first step off a period doubling, in units of the orbit's extent
START_STEPS = 100
STEP_MS = 0.005  # with which a given orbit is traced


def at_hopf(system: System, hopf: EquilibriumBifurcation, span: float, amplitude: float = HOPF_AMPLITUDE):
    """Find the small cycle beside a Hopf point, with the tangent towards larger ones; None if it is not found.

    Parameters
    ----------
    system : System
        With one free parameter.
    span : float
        Extent of the parameter.
    """
    x, p = hopf.state, np.array([hopf.drive])
    jacobian = system.linearise(x[None], p[None])[1][0]
    values, vectors = np.linalg.eig(in_units(jacobian, system.small))
    omega = 2.0 * np.pi / hopf.period
    q = vectors[:, np.argmin(np.abs(values - 1j * omega))] * system.small
    scale = LEAST_RANGE * np.abs(x) + 1e-4 * system.small
    q = q / np.max(np.abs(q) / scale)
    mesh = uniform(SEGMENTS, START_STEPS)
    wave = np.real(q * np.exp(2j * np.pi * mesh.times)[:, None])
    starts = x + amplitude * wave
    tail = np.append(hopf.period, p)
    problem = CycleProblem(system, mesh, starts, tail, (scale, [span]))
    direction = np.append(wave.ravel(), [0.0, 0.0])
    direction /= np.sqrt(np.sum(problem.metric * direction**2))
    found = correct(problem, np.append(starts.ravel(), tail), direction[None])
    return None if found is None else place(problem, found, direction)


def at_doubling(at: Place, amplitude: float = DOUBLING_AMPLITUDE) -> Place | None:
    """Find the orbit of twice the period beside a period doubling, with the tangent away from it; None if not found.

    Parameters
    ----------
    at : Place
        The period doubling.
    """
    cycle, problem = Cycle(at), at.problem
    n, count = problem.size, problem.segments * problem.size
    anti = at.solution.jacobian[:count, :count].copy()
    anti[-n:, :n] *= -1.0  # perturbations that change their sign with every round
    v = (np.linalg.svd(anti)[2][-1]).reshape(problem.segments, n)
    v = v / np.max(np.abs(v) / problem.scale)
    mesh = Mesh(np.tile(problem.mesh.shares, 2) / 2.0, problem.mesh.steps)
    wave = np.vstack([v, -v])
    twice = np.tile(cycle.starts, (2, 1))
    tail = np.append(2.0 * cycle.period, cycle.p)
    doubled = CycleProblem(problem.system, mesh, twice, tail, (problem.scale, problem.spans))
    direction = np.append(wave.ravel(), np.zeros(len(tail)))
    direction /= np.sqrt(np.sum(doubled.metric * direction**2))
    guess = np.append((twice + amplitude * wave).ravel(), tail)
    found = correct(doubled, guess, direction[None])
    return None if found is None else place(doubled, found, direction)


def from_orbit(system: System, state: np.ndarray, period: float, p: float, span: float) -> Place | None:
    """Find the cycle near a point of an orbit and its period, as from a simulation; the parameter grows first.

    Parameters
    ----------
    system : System
        With one free parameter, whose value is `p` and extent `span`.
    state : array (state,)
    period : float
        In ms.
    """
    step_ms = STEP_MS * system.time_factor
    values, steps = np.array([p]), max(int(np.ceil(period / step_ms / SEGMENTS)), START_STEPS)
    whole = np.tile(np.asarray(state, float), (WIDTH, 1))
    path = integrate(system, whole, values, np.full(WIDTH, period), steps * SEGMENTS, keep=True).path[0]
    problem = CycleProblem(
        system, uniform(SEGMENTS, steps), path[::steps], np.append(period, values), (extent(path, system.small), [span])
    )
    direction = np.zeros(len(problem.metric))
    direction[-1] = span
    found = correct(problem, np.concatenate([path[::steps].ravel(), [period, p]]), direction[None])
    start = None if found is None else place(problem, found, direction)
    return None if start is None else problem.renewed(start)
