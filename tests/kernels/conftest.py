"""Plain functions, evaluated in lanes and on duals of lanes."""

import numpy as np
import pytest

from ngnmm_core.kernels.differentiation import dual
from ngnmm_core.kernels.inline import inlined
from ngnmm_core.kernels.lanes import aligned, lane_width, round_up
from ngnmm_core.kernels.llvm import kernel, load, store
from ngnmm_core.models._base import COUPLING, Model, Parameter, State


def _kernel_of(function, width):
    evaluate = inlined(function)

    @kernel(nogil=True)
    def run(a, b, out):
        for k in range(0, a.size, width):
            store(out, k, evaluate(load(a, k), load(b, k)))

    return run


def _dual_kernel_of(function, width):
    evaluate = inlined(function)

    @kernel(nogil=True)
    def run(a, da, b, value, tangent):
        for k in range(0, a.size, width):
            result = evaluate(dual(load(a, k), load(da, k)), load(b, k))
            store(value, k, result.value)
            store(tangent, k, result.tangent)

    return run


def _in_lanes(values, width):
    padded = aligned(round_up(len(values), width), values.dtype)
    padded[: len(values)] = values
    return padded


@pytest.fixture(scope="session")
def on_lanes():
    """`on_lanes(function, a, b)`: a plain function of two numbers, compiled for lanes, over two arrays."""
    made = {}

    def evaluate(function, a, b=0.0):
        a = np.asarray(a)
        width = lane_width(a.dtype)
        arrays = [_in_lanes(x, width) for x in (a, np.broadcast_to(np.asarray(b, a.dtype), a.shape))]
        out = _in_lanes(a, width)
        if (function, width) not in made:
            made[function, width] = _kernel_of(function, width)
        made[function, width](*arrays, out)
        return out[: len(a)].copy()

    return evaluate


@pytest.fixture(scope="session")
def duals_on_lanes():
    """`duals_on_lanes(function, x, dx, y)`: value and tangent of a plain function of (dual of x and dx, y)."""
    made = {}

    def evaluate(function, x, dx, y):
        width = lane_width(x.dtype)
        arrays = [_in_lanes(np.broadcast_to(a, x.shape).astype(x.dtype), width) for a in (x, dx, y)]
        value, tangent = (_in_lanes(x, width) for _ in range(2))
        if (function, width) not in made:
            made[function, width] = _dual_kernel_of(function, width)
        made[function, width](*arrays, value, tangent)
        return value[: len(x)].copy(), tangent[: len(x)].copy()

    return evaluate


def _linear(states, drive, coefficients, coupling):
    """tau x' = -x + I + tau c."""
    return ((drive[0] - states[0]) * coefficients[0] + coupling,)


@pytest.fixture(scope="session")
def linear_node():
    """A leaky node: with noise an Ornstein-Uhlenbeck process."""
    return Model(
        name="ornstein_uhlenbeck",
        title="Ornstein-Uhlenbeck process",
        doi="10.1103/PhysRev.36.823",
        states=(State("x", "1", 0.0, noise="tau"),),
        parameters=(
            Parameter("tau", 10.0, "ms", "time constant", positive=True),
            Parameter("I", 0.0, "1", "input"),
            COUPLING,
        ),
        drives=("I",),
        coefficients=lambda p: (1.0 / p["tau"],),
        derivative=_linear,
        sent=lambda states, coefficients: states[0],
        observable="x",
        populations=(),
        fastest_rate=lambda p: 1.0 / p["tau"],
    )
