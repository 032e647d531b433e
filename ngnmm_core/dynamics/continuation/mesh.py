"""The mesh of an orbit: segments and steps whose lengths follow how fast the system reacts along it."""

from dataclasses import dataclass

import numpy as np

from ngnmm_core.dynamics.continuation.system import System
from ngnmm_core.dynamics.packing import WIDTH

SEGMENTS = 3 * WIDTH
FINENESS = 24.0  # Runge-Kutta steps per unit of rate times time
FEWEST_STEPS, MOST_STEPS = 12, 8000
PROBES = 192  # places along the orbit where the rate is measured
IDLE = 20.0  # the rate is at least this many units per period


@dataclass(frozen=True)
class Mesh:
    """Shares of the period that the segments take, and Runge-Kutta steps per segment."""

    shares: np.ndarray
    steps: int

    @property
    def times(self) -> np.ndarray:
        """Starts of the segments in units of the period."""
        return np.concatenate([[0.0], np.cumsum(self.shares)[:-1]])

    @property
    def path_times(self) -> np.ndarray:
        """Times [segment, step] of the states before every step, in units of the period."""
        return self.times[:, None] + self.shares[:, None] * np.arange(self.steps) / self.steps


def uniform(segments: int, steps: int) -> Mesh:
    """Equal segments."""
    return Mesh(np.full(segments, 1.0 / segments), steps)


def rates(system: System, states: np.ndarray, p: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """How fast the system reacts at states [point, state], in 1/ms: the norm of the Jacobian in scaled states."""
    jacobian = system.linearise(states, np.broadcast_to(p, (len(states), len(p))))[1]
    return np.abs(jacobian * scale / scale[:, None]).sum(axis=2).max(axis=1)


def adapted(system: System, path: np.ndarray, mesh: Mesh, u_tail: np.ndarray, scale: np.ndarray):
    """Build a mesh of equal work per segment for an orbit given by its path [segment, step, state].

    Parameters
    ----------
    u_tail : array
        Period and free parameters.
    scale : array (state,)
        Size of the states.

    Returns
    -------
    mesh : Mesh
    nodes : array (segment,)
        Where in the flattened path the new segments start.
    """
    period, p = u_tail[0], u_tail[1:]
    states, times = path.reshape(-1, path.shape[2]), mesh.path_times.ravel()
    probes = np.unique(np.linspace(0, len(times) - 1, PROBES).astype(int))
    rate = rates(system, states[probes], p, scale) * period + IDLE
    rate = np.interp(times, np.append(times[probes], 1.0), np.append(rate, rate[0]))
    ends = np.append(times[1:], 1.0)
    work = np.concatenate([[0.0], np.cumsum(0.5 * (rate + np.roll(rate, -1)) * (ends - times))])
    segments = min(len(mesh.shares), 2 * SEGMENTS)
    nodes = np.searchsorted(work, work[-1] * np.arange(segments) / segments)
    nodes = np.maximum.accumulate(np.maximum(nodes, np.arange(segments)))
    shares = np.diff(np.append(times[nodes], 1.0))
    steps = int(np.clip(np.ceil(FINENESS * work[-1] / segments), FEWEST_STEPS, MOST_STEPS))
    return Mesh(shares, steps), nodes
