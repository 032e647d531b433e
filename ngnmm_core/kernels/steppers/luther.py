"""One step of Luther's sixth-order Runge-Kutta method for a single region, entirely in registers.

H. A. Luther, Math. Comp. 22, 434 (1968), doi:10.1090/S0025-5718-68-99876-1.  Seven stages; the coupling is needed at
the start, at five fractions inside, and at the end (which two stages share).
"""

import numpy as np

from ngnmm_core.kernels.llvm import combine, kernel

ORDER = 6
_S = 21.0**0.5
INNER = np.array([0.5, 2.0 / 3.0, (7.0 - _S) / 14.0, (7.0 + _S) / 14.0, 1.0])  # nodes after the start

A3 = (3.0 / 8.0, 1.0 / 8.0)
A4 = (8.0 / 27.0, 2.0 / 27.0, 8.0 / 27.0)
A5 = (3 * (3 * _S - 7) / 392, -8 * (7 - _S) / 392, 48 * (7 - _S) / 392, -3 * (21 - _S) / 392)
A6 = (
    -5 * (231 + 51 * _S) / 1960,
    -40 * (7 + _S) / 1960,
    -320 * _S / 1960,
    3 * (21 + 121 * _S) / 1960,
    392 * (6 + _S) / 1960,
)
A7 = (
    15 * (22 + 7 * _S) / 180,
    120 / 180,
    40 * (7 * _S - 5) / 180,
    -63 * (3 * _S - 2) / 180,
    -14 * (49 + 9 * _S) / 180,
    70 * (7 - _S) / 180,
)
B = (9.0 / 180.0, 64.0 / 180.0, 49.0 / 180.0, 49.0 / 180.0, 9.0 / 180.0)  # of stages 1, 3, 5, 6, 7


def make_local_step(derivative):
    """`step(x, to, h, constants, drives, couplings)`: `to` plus the change of x over a step.

    `drives` and `couplings` hold the start and the five inner nodes.  With `to` = x it is the new x; a sum of changes
    alone, which are small, is kept with fewer rounding errors.
    """
    stages = _make_stages(derivative)

    @kernel(inline="always")
    def step(x, to, h, constants, drives, couplings):
        slopes, _ = stages(x, h, constants, drives, couplings)
        return combine(to, h, B, slopes)

    return step


def make_sending_step(derivative, sent):
    """`step(...)` as of `make_local_step`, which gives the mean over the step of what is sent as well."""
    stages = _make_stages(derivative)

    @kernel(inline="always")
    def step(x, to, h, constants, drives, couplings):
        slopes, (third, early, late, end) = stages(x, h, constants, drives, couplings)
        inner = B[1] * sent(third, constants) + B[2] * sent(early, constants) + B[3] * sent(late, constants)
        ends = B[0] * sent(x, constants) + B[4] * sent(end, constants)
        return combine(to, h, B, slopes), inner + ends

    return step


def _make_stages(derivative):
    """Make what gives the slopes of the stages that have a weight in the end, and the states of all but the first."""

    @kernel(inline="always")
    def stages(x, h, constants, drives, couplings):
        start, half, third, early, late, end = couplings
        d_start, d_half, d_third, d_early, d_late, d_end = drives
        k1 = derivative(x, d_start, constants, start)
        k2 = derivative(combine(x, h, (1.0,), (k1,)), d_end, constants, end)
        x3 = combine(x, h, A3, (k1, k2))
        k3 = derivative(x3, d_half, constants, half)
        k4 = derivative(combine(x, h, A4, (k1, k2, k3)), d_third, constants, third)
        x5 = combine(x, h, A5, (k1, k2, k3, k4))
        k5 = derivative(x5, d_early, constants, early)
        x6 = combine(x, h, A6, (k1, k2, k3, k4, k5))
        k6 = derivative(x6, d_late, constants, late)
        x7 = combine(x, h, A7, (k1, k2, k3, k4, k5, k6))
        k7 = derivative(x7, d_end, constants, end)
        return (k1, k3, k5, k6, k7), (x3, x5, x6, x7)

    return stages
