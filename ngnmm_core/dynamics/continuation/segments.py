"""Segments of an orbit integrated side by side, with their derivatives: what multiple shooting needs."""

from dataclasses import dataclass

import numpy as np

from ngnmm_core.dynamics.continuation.system import System
from ngnmm_core.dynamics.packing import WIDTH
from ngnmm_core.dynamics.variational import kernel_of
from ngnmm_core.kernels.lanes import aligned
from ngnmm_core.kernels.segments import make_segments


@dataclass(frozen=True)
class Flow:
    """Ends of segments [segment, state], and their derivatives by the start and by the free parameters.

    `propagators` [segment, state, state], `slopes` [segment, state, parameter]; `path` [segment, step, state] holds
    the states before every step, if it was asked for.
    """

    ends: np.ndarray
    propagators: np.ndarray
    slopes: np.ndarray
    path: np.ndarray | None = None


def integrate(system: System, starts: np.ndarray, p: np.ndarray, durations: np.ndarray, steps: int, keep: bool = False):
    """Integrates segments of an orbit.

    Parameters
    ----------
    starts : array (segment, state)
        As many as fill the lanes: a multiple of eight.
    p : array (parameter,)
        The free parameters.
    durations : array (segment,)
        In ms.
    steps : int
        Runge-Kutta steps per segment.
    keep : bool
        Whether to give the path.
    """
    segments, size = starts.shape
    groups, free = segments // WIDTH, len(p)
    columns = size + free
    values, slopes = system.constants(p)
    state = _flat(starts.reshape(groups, WIDTH, size).transpose(0, 2, 1))
    unit = np.vstack([np.eye(size), np.zeros((free, size))])
    tangents = _flat(np.broadcast_to(unit[None, :, :, None], (groups, columns, size, WIDTH)))
    path = aligned(groups * steps * size * WIDTH if keep else 0)
    h = _flat(durations / steps)
    spread = lambda a: _flat(np.broadcast_to(a[..., None], (*a.shape, WIDTH)))
    kernel = kernel_of(system.model, make_segments)
    kernel(state, tangents, path, spread(values), spread(slopes), h, steps)
    ends = state.reshape(groups, size, WIDTH).transpose(0, 2, 1).reshape(segments, size)
    block = tangents.reshape(groups, columns, size, WIDTH).transpose(0, 3, 2, 1).reshape(segments, size, columns)
    if keep:
        path = path.reshape(groups, steps, size, WIDTH).transpose(0, 3, 1, 2).reshape(segments, steps, size)
    return Flow(ends.copy(), block[:, :, :size].copy(), block[:, :, size:].copy(), path if keep else None)


def _flat(values: np.ndarray) -> np.ndarray:
    flat = aligned(values.size)
    flat[:] = values.ravel()
    return flat
