"""Numbers of many cases arranged in lanes: eight cases side by side, in aligned memory."""

import math
from collections.abc import Sequence
from functools import cache

import numpy as np

from ngnmm_core.kernels.lanes import aligned, lane_width

WIDTH = lane_width(np.float64)


def to_lanes(values: np.ndarray) -> np.ndarray:
    """Pack values [..., case] of up to eight cases into a flat aligned array of lanes; the last one fills the rest."""
    values = np.asarray(values, float)
    flat = aligned(math.prod(values.shape[:-1]) * WIDTH)
    lanes = flat.reshape(*values.shape[:-1], WIDTH)
    lanes[..., : values.shape[-1]] = values
    lanes[..., values.shape[-1] :] = values[..., -1:]
    return flat


def to_groups(values: np.ndarray) -> np.ndarray:
    """Pack values [..., case] of any number of cases, eight to a group: [group, lanes], each as by `to_lanes`."""
    rows, cases = math.prod(values.shape[:-1]), values.shape[-1]
    groups = -(-cases // WIDTH)
    lanes = aligned(groups * rows * WIDTH).reshape(groups, rows, WIDTH)
    padded = np.minimum(np.arange(groups * WIDTH), cases - 1)
    lanes[:] = values.reshape(rows, cases)[:, padded].reshape(rows, groups, WIDTH).swapaxes(0, 1)
    return lanes.reshape(groups, rows * WIDTH)


def copied(lanes: np.ndarray) -> np.ndarray:
    """Copy lanes to memory that is aligned as they are."""
    copy = aligned(lanes.size)
    copy[:] = lanes
    return copy


@cache
def identity(sets: int, size: int, parts: int) -> np.ndarray:
    """Lay out perturbations at the start: flat [set, column, part, state, lane]; the real part is 1 on the diagonal."""
    values = np.zeros((sets, size, parts, size, 1))
    values[:, :, 0, :, 0] = np.eye(size)
    return to_lanes(values)


def padded_steps(steps: Sequence[np.ndarray], some: np.ndarray) -> np.ndarray:
    """Arrange the steps of some points in lanes [step, lane], with zeros after the last one of a point."""
    h = np.zeros((max(len(steps[k]) for k in some), len(some)))
    for lane, k in enumerate(some):
        h[: len(steps[k]), lane] = steps[k]
    return h
