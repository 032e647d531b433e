"""Coupling with conduction delays: what the regions have sent is kept, and read where it has travelled long enough.

What region i receives is the sum of W_ij s_j(t - D_ij).  Every region has a ring of past values, the newest first, so
that the four values around a past time lie together; the cubic through them gives the value between (third order).  The
weights of W and those of the cubic are multiplied beforehand.

Pairs of regions that are further apart than `AHEAD` steps are looked up once for that many steps: their values are read
once and used in all, which takes half the time.  The others are looked up at the end of every step, the value just
computed included.  Before the start of a simulation a region has sent what it sends at the start.  So what it sends has
a kink there, which reaches every other region once; the short steps of the start last until the last one has passed.
Polynomials through values on both sides of a kink integrate to what the trapezoidal rule gives, and that lacks
h^2 / 12 times the jump of the slope (Euler and Maclaurin).  So h / 12 times the slope is added to what is kept of the
start: what a region receives while the kink passes is then right to fourth order.

Delays in networks of brain regions: Ghosh, Rho, McIntosh, Koetter, Jirsa, PLoS Comput. Biol. 4, e1000196 (2008),
doi:10.1371/journal.pcbi.1000196.
"""

from typing import NamedTuple

import numpy as np

from ngnmm_core.kernels.layout import HEAD, USED
from ngnmm_core.kernels.llvm import align_stack, kernel, load, make_dot, make_row_products, make_tuple_access, store

AHEAD = 4  # steps that the coupling of far pairs is worked out for at once
SLOPE = (-25 / 12, 4.0, -3.0, 4 / 3, -1 / 4)  # slope at the first of five values, times the step
SETTLED = len(SLOPE) - 1  # steps after which the slope at the start is known
MIRRORED = AHEAD + 3  # values that are kept twice, so that neighbours in the ring are neighbours in memory
NEAR, FAR = 0, 1


class DelayedWeights(NamedTuple):
    """Lists of pairs of regions with what is read for each: several lists one after the other.

    The pairs of target i in list k are `pointer[k * (regions + 1) + i]` up to `pointer[k * (regions + 1) + i + 1]`.
    """

    regions: int
    slots: int  # values that are kept of every region
    zeros: np.ndarray  # [lane]
    pointer: np.ndarray  # [list, target + 1]
    source: np.ndarray  # [pair]
    start: np.ndarray  # [pair] steps back from the newest value to the first that is read
    weight: np.ndarray  # [pair, value] weight of W times that of the polynomial


def make_ring(width):
    """Make `fill`, `push`, `renew`, `thin` and `settle` of (work, weights, ...).

    They fill the history with what is sent, add the values at the end of a step, replace the newest ones, keep every
    fourth value, for steps four times as long, and correct the value at the start for its kink, `SETTLED` steps later.
    """

    @kernel(forceinline=True)
    def put(work, weights, region, slot, value):
        stride = weights.slots + MIRRORED
        store(work.history, (region * stride + slot) * width, value)
        if slot < MIRRORED:
            store(work.history, (region * stride + weights.slots + slot) * width, value)

    @kernel
    def fill(work, weights):
        work.counters[HEAD] = 0
        for region in range(work.sent.size // width):
            value = load(work.sent, region * width)
            for slot in range(weights.slots):
                put(work, weights, region, slot, value)

    @kernel
    def renew(work, weights, signal):
        for region in range(work.sent.size // width):
            put(work, weights, region, work.counters[HEAD], load(signal, region * width))

    @kernel
    def push(work, weights, signal):
        head = work.counters[HEAD]
        work.counters[HEAD] = weights.slots - 1 if head == 0 else head - 1
        renew(work, weights, signal)

    @kernel
    def thin(work, weights, every):
        slots, head = weights.slots, work.counters[HEAD]
        stride = slots + MIRRORED
        for region in range(work.sent.size // width):
            for k in range(slots):
                back = min(k * every, slots - 1)
                value = load(work.history, (region * stride + (head + back) % slots) * width)
                store(work.thinned, k * width, value)
            for k in range(slots):
                put(work, weights, region, k, load(work.thinned, k * width))
        work.counters[HEAD] = 0

    @kernel
    def settle(work, weights):
        stride = weights.slots + MIRRORED
        first = (work.counters[HEAD] + SETTLED) % weights.slots
        for region in range(work.sent.size // width):
            total = load(work.history, (region * stride + first) * width)
            for k in range(SETTLED + 1):
                slot = (first + weights.slots - k) % weights.slots
                total = total + (SLOPE[k] / 12.0) * load(work.history, (region * stride + slot) * width)
            put(work, weights, region, first, total)

    return fill, push, renew, thin, settle


def make_gather(width, values):
    """`gather(work, weights, which, shift, add)` and `look_ahead(work, weights, which)` of the coupling sums.

    `gather` reads list `which`, `shift` steps before what it was made for, and writes the sums to `work.heard`
    [group, region, lane]; with `add` >= 0 it adds what `look_ahead` has written to that place of `work.ahead`
    [step, group, region, lane].  `values` are read per pair: 4, or 1 where delays are rounded.
    """
    load_values, _ = make_tuple_access(values)
    dot = make_dot(values)

    @kernel
    def gather(work, weights, which, shift, add):
        align_stack()
        n, slots, head = weights.regions, weights.slots, work.counters[HEAD] + shift
        stride, size = slots + MIRRORED, work.sent.size
        row = which * (n + 1)
        for group in range(size // (n * width)):
            for i in range(n):
                here = (group * n + i) * width
                total = load(weights.zeros, 0)
                if add >= 0:
                    total = load(work.ahead, add * size + here)
                for p in range(weights.pointer[row + i], weights.pointer[row + i + 1]):
                    at = head + weights.start[p]
                    if at >= slots:
                        at -= slots
                    at = ((group * n + weights.source[p]) * stride + at) * width
                    total = total + dot(load_values(work.history, at, width), weights.weight, p * values)
                store(work.heard, here, total)

    @kernel
    def look_ahead(work, weights, which):
        align_stack()
        n, slots, head = weights.regions, weights.slots, work.counters[HEAD]
        stride, size = slots + MIRRORED, work.sent.size
        row = which * (n + 1)
        for group in range(size // (n * width)):
            for i in range(n):
                here = (group * n + i) * width
                first = load(weights.zeros, 0)
                second, third, fourth = first, first, first
                for p in range(weights.pointer[row + i], weights.pointer[row + i + 1]):
                    at = head + weights.start[p]
                    if at >= slots:
                        at -= slots
                    at, w = ((group * n + weights.source[p]) * stride + at) * width, p * values
                    first = first + dot(load_values(work.history, at + 3 * width, width), weights.weight, w)
                    second = second + dot(load_values(work.history, at + 2 * width, width), weights.weight, w)
                    third = third + dot(load_values(work.history, at + width, width), weights.weight, w)
                    fourth = fourth + dot(load_values(work.history, at, width), weights.weight, w)
                store(work.ahead, here, first)
                store(work.ahead, size + here, second)
                store(work.ahead, 2 * size + here, third)
                store(work.ahead, 3 * size + here, fourth)

    return gather, look_ahead


def make_coupling(width, values, before=0):
    """`fill`, `restart`, `next_coupling`, `keep`, `thin` and `settle` of methods with the coupling once per step.

    Lists come in pairs, `NEAR` and `FAR`, first those of full steps and then those of short ones; `short` tells which.
    `restart(batch, work, weights, short, past)` writes the coupling now and at `past` - 1 earlier steps to `work.past`;
    `next_coupling(work, weights, short, signal)` leaves the sums at the end of a step in `work.heard`.  With `before` =
    0 that is where `signal` is known to be sent there, at first sight, and `keep(work, weights, signal)` puts what is
    sent in the end in its place.  With 1 it is before a step (lists of near pairs are made for one step later, and
    `signal` is not looked at), and `keep` adds what is sent to the history.
    """
    fill, push, renew, thin, settle = make_ring(width)
    gather, look_ahead = make_gather(width, values)
    keep = push if before else renew

    @kernel
    def restart(batch, work, weights, short, past):
        size = work.sent.size
        for back in range(past):
            gather(work, weights, 2 * short + FAR, back + AHEAD, -1)
            for o in range(0, size, width):
                store(work.ahead, o, load(work.heard, o))
            gather(work, weights, 2 * short + NEAR, back + before, 0)
            for o in range(0, size, width):
                store(work.past, (past - 1 - back) * size + o, load(batch.gain, o) * load(work.heard, o))
        work.counters[USED] = AHEAD

    @kernel
    def next_coupling(work, weights, short, signal):
        if work.counters[USED] == AHEAD:
            look_ahead(work, weights, 2 * short + FAR)
            work.counters[USED] = 0
        if not before:
            push(work, weights, signal)
        gather(work, weights, 2 * short + NEAR, 0, work.counters[USED])
        work.counters[USED] += 1

    return fill, restart, next_coupling, keep, thin, settle


def make_receiver(equations, rows, width, lines=0):
    """`receive(weights, work, first, signal, start, ahead)` and `received(work, row, here)` of a block of rows.

    Without delays `receive` multiplies W with a signal, and `ahead` is what `row_products` fetches meanwhile; with them
    the sums have been gathered before.
    """
    row_products = make_row_products(rows, lines)

    @kernel(forceinline=True)
    def multiply(weights, work, first, signal, start, ahead):
        n = weights.regions
        row_products(weights.packed, first * n, signal, start, n, work.products, ahead[0], ahead[1])

    @kernel(forceinline=True)
    def product(work, row, here):
        return load(work.products, row * width)

    @kernel(forceinline=True)
    def nothing(weights, work, first, signal, start, ahead):
        """All sums are there."""

    @kernel(forceinline=True)
    def heard(work, row, here):
        return load(work.heard, here)

    return (nothing, heard) if equations.delayed else (multiply, product)
