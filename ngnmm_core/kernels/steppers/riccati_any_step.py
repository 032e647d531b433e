"""Constants of a step of any length of the exact flow, in a kernel, from those of one of 1 ms."""

from ngnmm_core.kernels.llvm import kernel, lane_select
from ngnmm_core.kernels.steppers.riccati_constants import (
    COUPLING,
    DAMPING,
    DECAY,
    GAIN,
    HALF_DECAY,
    IM_TO_R,
    INPUT,
    LAG,
    MOMENT_1,
    MOMENT_2,
    R_TO_IM,
    RE_TO_V,
    SPREAD,
    T_0,
    T_1,
    UNRESOLVED,
    V_TO_RE,
    WEIGHTS,
    WIDTH,
)


def make_constants(region):
    """`fill(unit, h, out)`: constants of a step of h ms from those of one of 1 ms, as in `population_constants`."""
    load_wide, store_wide, widen, whole, populations = (
        region.load_wide, region.store_wide, region.widen, region.whole, region.populations,
    )  # fmt: skip
    linear, square = (V_TO_RE, R_TO_IM, SPREAD, DECAY), (INPUT, COUPLING, WIDTH)

    @kernel
    def fill(unit, length, out):
        h = widen(lane_select(length > 0.0, length, 1.0))
        two = h * h
        for k in linear:
            store_wide(out, k * whole, load_wide(unit, k * whole) * h)
        for k in square:
            store_wide(out, k * whole, load_wide(unit, k * whole) * two)
        for k in range(WEIGHTS, WEIGHTS + populations):
            store_wide(out, k * whole, load_wide(unit, k * whole) * two)
        a = load_wide(out, WIDTH * whole)
        aa = a * a
        store_wide(out, T_0 * whole, 1.0 - (2.0 / 15.0) * aa)
        store_wide(out, T_1 * whole, 1.0 / 3.0 - (17.0 / 105.0) * aa)
        store_wide(out, UNRESOLVED * whole, a * 0.0)
        gain, lag = load_wide(unit, GAIN * whole), load_wide(out, DECAY * whole)
        store_wide(out, GAIN * whole, gain)
        squared = lag * lag
        damping = 1.0 / (1.0 + squared * (1.0 / 60.0))
        store_wide(out, LAG * whole, damping * gain)
        store_wide(out, HALF_DECAY * whole, 0.5 * lag)
        store_wide(out, DAMPING * whole, 1.0 / (1.0 + 0.5 * lag + damping * squared * (1.0 / 12.0)))
        store_wide(out, MOMENT_1 * whole, damping * lag * (1.0 / 12.0))
        store_wide(out, MOMENT_2 * whole, lag * (1.0 / 30.0))
        inverse = 1.0 / h
        store_wide(out, RE_TO_V * whole, load_wide(unit, RE_TO_V * whole) * inverse)
        store_wide(out, IM_TO_R * whole, load_wide(unit, IM_TO_R * whole) * inverse)

    return fill
