"""Lanes for numba code: the operators of `ngnmm_core.kernels.llvm`, `exp` and `select`, and memory laid out for them.

Arrays of lanes are flat and end in the lane: `value[(region * width) + lane]`.  A *group* is one lane vector's worth
of parameter points; a *batch* is a few groups that share each pass over the connectome's weights.
"""

import math

import numpy as np
from numba import njit, types
from numba.extending import overload

from ngnmm_core.kernels import functions
from ngnmm_core.kernels.llvm import (
    LANE_BYTES,
    LaneType,
    MaskType,
    lane_power_of_two,
    lane_round,
    lane_select,
    lane_sqrt,
)

__all__ = ["aligned", "lane_width", "round_up"]

LOG2_E = 1.4426950408889634
LN2_HIGH, LN2_LOW = 0.693147180369123816490, 1.90821492927058770002e-10
TAYLOR = tuple(1.0 / math.factorial(k) for k in range(14))
LARGEST = {types.float64: 708.0, types.float32: 87.0}


def lane_width(dtype) -> int:
    """Parameter points per lane vector: 8 for float64, 16 for float32."""
    return LANE_BYTES // np.dtype(dtype).itemsize


def round_up(n: int, multiple: int) -> int:
    """Return the smallest multiple of `multiple` that is at least `n`."""
    return -(-n // multiple) * multiple


def aligned(size: int, dtype=np.float64, stagger: int = 0) -> np.ndarray:
    """Allocate a zeroed flat array that starts `stagger` lanes past a multiple of 4096 bytes.

    Buffers that are read and written together must not share their address modulo 4096 (the processor then takes a
    load for dependent on an unrelated store), hence the stagger.
    """
    itemsize = np.dtype(dtype).itemsize
    raw = np.zeros(size * itemsize + 4096 + stagger * LANE_BYTES, np.uint8)
    start = (-raw.ctypes.data) % 4096 + stagger * LANE_BYTES
    return raw[start : start + size * itemsize].view(dtype)


@njit
def _exp_within(x, largest):
    """Exponential by reduction to |r| <= ln(2)/2 and a Taylor polynomial; saturates, keeps NaN.

    A function of its own: numba's inlining of it, in every stage of every kernel, would take minutes to compile.
    """
    x = lane_select(x > largest, largest, x)
    x = lane_select(x < -largest, -largest, x)
    k = lane_round(x * LOG2_E)
    r = (x - k * LN2_HIGH) - k * LN2_LOW
    series = TAYLOR[13] * r + TAYLOR[12]
    series = series * r + TAYLOR[11]
    series = series * r + TAYLOR[10]
    series = series * r + TAYLOR[9]
    series = series * r + TAYLOR[8]
    series = series * r + TAYLOR[7]
    series = series * r + TAYLOR[6]
    series = series * r + TAYLOR[5]
    series = series * r + TAYLOR[4]
    series = series * r + TAYLOR[3]
    series = series * r + TAYLOR[2]
    series = series * r + 1.0
    series = series * r + 1.0
    return series * lane_power_of_two(k)


def lane_exp(x):
    """Exponential per lane."""
    raise NotImplementedError("for compiled code only")


@overload(lane_exp)
def _lane_exp(x):
    largest = LARGEST[x.scalar]
    return lambda x: _exp_within(x, largest)


@overload(functions.exp)
def _exp(x):
    if isinstance(x, LaneType):
        return lambda x: lane_exp(x)
    if isinstance(x, types.Number):
        return lambda x: math.exp(x)


@overload(functions.sqrt, inline="always")
def _sqrt(x):
    if isinstance(x, LaneType):
        return lambda x: lane_sqrt(x)
    if isinstance(x, types.Number):
        return lambda x: math.sqrt(x)


@overload(functions.select, inline="always")
def _select(condition, if_true, if_false):
    if isinstance(condition, MaskType) and all(isinstance(x, LaneType | types.Number) for x in (if_true, if_false)):
        return lambda condition, if_true, if_false: lane_select(condition, if_true, if_false)
    if isinstance(condition, types.Boolean):
        return lambda condition, if_true, if_false: if_true if condition else if_false
