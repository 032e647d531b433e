"""Elementary functions a model's right-hand side may use, valid for every number it is evaluated with.

A model is written once and evaluated on Python floats, numpy arrays, dual numbers (exact derivatives) and SIMD
lanes (the sweep engine).  `math.exp` and `numpy.exp` each know only some of these, so models import from here.
The implementations for numba's scalars and for lanes are attached in `ngnmm_core.kernels.lanes`; this file
stays free of numba so that reading a model's declaration costs nothing.
"""

import math

import numpy as np

LARGEST = 708.0  # exponentials saturate there, so that a saturated sigmoid is no overflow
MOST_NOISE = 4  # states of a region that noise may enter: one draw of the generator gives four numbers
WAVEFORM_POWERS = 6  # coefficients of a stimulus' polynomial within one integration step


def exp(x):
    """Exponential of a float, an array, a dual number or a lane."""
    if isinstance(x, (float, int)):
        return math.exp(x if x < LARGEST or x != x else LARGEST)
    if isinstance(x, np.ndarray):
        return np.exp(np.minimum(x, LARGEST))
    return x.exp()


def sqrt(x):
    """Square root of a float, an array, a dual number or a lane."""
    if isinstance(x, (float, int)):
        return math.sqrt(x)
    if isinstance(x, np.ndarray):
        return np.sqrt(x)
    return x.sqrt()


def select(condition, if_true, if_false):
    """`if_true` where `condition` holds, else `if_false`: the branch that lanes and arrays can take."""
    for choice in (if_true, if_false):
        if hasattr(choice, "select"):
            return choice.select(condition, if_true, if_false)
    if isinstance(condition, np.ndarray):
        return np.where(condition, if_true, if_false)
    if isinstance(condition, (bool, np.bool_)):
        return if_true if condition else if_false
    raise TypeError(f"select: {type(condition).__name__} is no condition")
