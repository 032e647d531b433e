"""Compiles a model's plain functions, with the plain helper functions that they call, to be inlined into kernels."""

import types

from numba.extending import register_jitable

from ngnmm_core.kernels import functions, lanes
from ngnmm_core.kernels.llvm import kernel

_registered = {f for f in vars(functions).values() if isinstance(f, types.FunctionType)}
assert lanes  # importing it attaches the implementations of `functions`


def inlined(function):
    """Make `function` usable inside kernels.

    numba refuses to call a plain Python function, and models are free of numba: every plain function that this one
    names in its module is registered with numba first.
    """
    _register_helpers(function)
    return kernel(inline="always")(function)


def _register_helpers(function) -> None:
    for name in function.__code__.co_names:
        helper = function.__globals__.get(name)
        if isinstance(helper, types.FunctionType) and helper not in _registered:
            _registered.add(helper)
            _register_helpers(helper)
            register_jitable(inline="always")(helper)
