"""A network together with small perturbations of it: a perturbation is one more lane in the same coupling product.

The state of the one network fills all lanes of group 0; every further group holds eight perturbations.  The method is
that of `ngnmm_core.kernels.steppers.multirate` with one substep: the coupling, and what the perturbations feel of
it, is evaluated once per step and extrapolated from its past, and every region takes a step of Luther's method.

Perturbations beside the solution: Benettin et al., Meccanica 15, 9 (1980), doi:10.1007/BF02128236.  Luther's method:
Math. Comp. 22, 434 (1968), doi:10.1090/S0025-5718-68-99876-1.
"""

from typing import NamedTuple

import numpy as np

from ngnmm_core.kernels.differentiation import dual, make_seed
from ngnmm_core.kernels.inline import inlined
from ngnmm_core.kernels.llvm import (
    align_stack,
    combine,
    kernel,
    load,
    make_dot,
    make_ring_access,
    make_row_products,
    make_tuple_access,
    scaled,
    store,
)
from ngnmm_core.kernels.steppers import luther
from ngnmm_core.kernels.steppers.luther import A3, A4, A5, A6, A7, B

PAST = 8  # values of the coupling that the polynomial goes through


class Tangents(NamedTuple):
    """One network and its perturbations, flat arrays; group 0 is the state."""

    values: np.ndarray  # [group, region, state, lane]
    sent: np.ndarray  # [group, region, lane]
    sent_next: np.ndarray
    past: np.ndarray  # [slot, group, region, lane] coupling at past steps
    products: np.ndarray  # [group, row, lane]
    constants: np.ndarray  # [(region,) coefficient and then drive, lane]
    gain: np.ndarray  # [(region,) lane]
    extrapolation: np.ndarray  # [node, slot]
    position: np.ndarray  # [1] the newest slot


def make_network_tangents(derivative, sent, sizes, rows, width, regional=False):
    """Compiles (at the first call) `run(work, weights, h, steps)` and `send(work, weights)`.

    `send` works out what the states and perturbations send; it must run before `run` whenever they were changed.  If
    `regional`, every region has constants and a gain of its own.
    """
    states, coefficients, drives = sizes
    derivative, sent = inlined(derivative), inlined(sent)
    seed, tangents_of = make_seed(states)
    load_states, store_states = make_tuple_access(states)
    load_coefficients, _ = make_tuple_access(coefficients)
    load_drives, _ = make_tuple_access(drives)
    load_past, extrapolate = make_ring_access(PAST), make_dot(PAST)
    row_products = make_row_products(rows)
    nodes, apart = len(luther.INNER), regional * width  # lanes between the gains of neighbours
    stride = (coefficients + drives) * apart

    @kernel(inline="always")
    def couplings_of(past, weights):
        return (
            extrapolate(past, weights, 0),
            extrapolate(past, weights, PAST),
            extrapolate(past, weights, 2 * PAST),
            extrapolate(past, weights, 3 * PAST),
            extrapolate(past, weights, 4 * PAST),
            extrapolate(past, weights, 5 * PAST),
        )

    @kernel
    def change(x, h, drive, constants, coupling):
        return scaled(derivative(x, drive, constants, coupling), h)

    @kernel
    def tangent_change(x, d, h, drive, constants, value, tangent):
        return scaled(tangents_of(derivative(seed(x, d), drive, constants, dual(value, tangent))), h)

    @kernel(inline="always")
    def stages(x, h, drive, constants, c):
        k1 = change(x, h, drive, constants, c[0])
        x2 = combine(x, 1.0, (1.0,), (k1,))
        k2 = change(x2, h, drive, constants, c[5])
        x3 = combine(x, 1.0, A3, (k1, k2))
        k3 = change(x3, h, drive, constants, c[1])
        x4 = combine(x, 1.0, A4, (k1, k2, k3))
        k4 = change(x4, h, drive, constants, c[2])
        x5 = combine(x, 1.0, A5, (k1, k2, k3, k4))
        k5 = change(x5, h, drive, constants, c[3])
        x6 = combine(x, 1.0, A6, (k1, k2, k3, k4, k5))
        k6 = change(x6, h, drive, constants, c[4])
        x7 = combine(x, 1.0, A7, (k1, k2, k3, k4, k5, k6))
        k7 = change(x7, h, drive, constants, c[5])
        return (x, x2, x3, x4, x5, x6, x7), combine(x, 1.0, B, (k1, k3, k5, k6, k7))

    @kernel(inline="always")
    def propagated(at, d, h, drive, constants, c, dc):
        g1 = tangent_change(at[0], d, h, drive, constants, c[0], dc[0])
        g2 = tangent_change(at[1], combine(d, 1.0, (1.0,), (g1,)), h, drive, constants, c[5], dc[5])
        g3 = tangent_change(at[2], combine(d, 1.0, A3, (g1, g2)), h, drive, constants, c[1], dc[1])
        g4 = tangent_change(at[3], combine(d, 1.0, A4, (g1, g2, g3)), h, drive, constants, c[2], dc[2])
        g5 = tangent_change(at[4], combine(d, 1.0, A5, (g1, g2, g3, g4)), h, drive, constants, c[3], dc[3])
        g6 = tangent_change(at[5], combine(d, 1.0, A6, (g1, g2, g3, g4, g5)), h, drive, constants, c[4], dc[4])
        g7 = tangent_change(at[6], combine(d, 1.0, A7, (g1, g2, g3, g4, g5, g6)), h, drive, constants, c[5], dc[5])
        return combine(d, 1.0, B, (g1, g3, g5, g6, g7))

    @kernel
    def send(work, weights):
        n = weights.regions
        for i in range(n):
            constants = load_coefficients(work.constants, i * stride, width)
            x = load_states(work.values, i * states * width, width)
            store(work.sent, i * width, sent(x, constants))
            for group in range(1, work.sent.size // (n * width)):
                here = (group * n + i) * width
                d = load_states(work.values, here * states, width)
                store(work.sent, here, sent(seed(x, d), constants).tangent)

    def run(work, weights, h, steps):
        align_stack()
        n = weights.regions
        size = work.sent.size
        groups = size // (n * width)
        step = load(h, 0)
        for _ in range(steps):
            position = work.position[0] = (work.position[0] + 1) % PAST
            for block in range((n + rows - 1) // rows):
                first = block * rows
                for group in range(groups):
                    out = work.products[group * rows * width :]
                    row_products(weights.packed, first * n, work.sent, group * n * width, n, out, (), 0)
                for i in range(first, min(first + rows, n)):
                    here, row = i * width, (i - first) * width
                    fixed = load_coefficients(work.constants, i * stride, width)
                    drive = load_drives(work.constants, i * stride + coefficients * width, width)
                    gain = load(work.gain, i * apart)
                    store(work.past, position * size + here, gain * load(work.products, row))
                    c = couplings_of(load_past(work.past, here, size, position), work.extrapolation)
                    x = load_states(work.values, here * states, width)
                    at, new = stages(x, step, drive, fixed, c)
                    for group in range(1, groups):
                        there = (group * n + i) * width
                        product = load(work.products, group * rows * width + row)
                        store(work.past, position * size + there, gain * product)
                        dc = couplings_of(load_past(work.past, there, size, position), work.extrapolation)
                        d = load_states(work.values, there * states, width)
                        d = propagated(at, d, step, drive, fixed, c, dc)
                        store_states(work.values, there * states, width, d)
                        store(work.sent_next, there, sent(seed(new, d), fixed).tangent)
                    store_states(work.values, here * states, width, new)
                    store(work.sent_next, here, sent(new, fixed))
            for o in range(0, size, width):
                store(work.sent, o, load(work.sent_next, o))

    assert nodes == 5
    return kernel(nogil=True)(run), kernel(nogil=True)(send.py_func)
