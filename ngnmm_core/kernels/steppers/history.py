"""Coupling with conduction delays: what the regions have sent is kept, and read where it has travelled long enough.

What region i receives is the sum of W_ij s_j(t - D_ij).  Every region has a ring of its past, the newest first, so that
what is read for a pair of regions lies together.  The weights of W and those of the interpolation are multiplied
beforehand.  There are two kinds of past:

Values at steps, for methods that ask for the coupling at a time: the cubic through the four values around it.

Values at steps and the means over the steps between them, in turns, for methods that ask for the mean over a step of
what arrives, which leaves nothing to quadrature.  The integral of what was sent is known at every step then, with its
slope, and the polynomial through three of both gives it between (sixth order, from five numbers).  A volley of all
regions at once rises within a few steps: values of the coupling are too far apart for it, means miss nothing.

Pairs of regions that are further apart than `AHEAD` steps are looked up once for that many steps: their numbers are
read once and used in all, which takes half the time.  They come in blocks of sources whose past a cache has room for.
The others are looked up at the end of every step, what was just computed included (`delayed_coupling`).

Before the start of a simulation a region has sent what it sends at the start.  So what it sends has a kink there, which
reaches every other region once; the short steps of the start last until the last one has passed.  Polynomials through
values on both sides of a kink integrate to what the trapezoidal rule gives, and that lacks h^2 / 12 times the jump of
the slope (Euler and Maclaurin).  So h / 12 times the slope is added to the value that is kept of the start: what a
region receives while the kink passes is then right to fourth order.  What three values and two means give lacks the
same, times the share of the values in it (found by computing it), so that the same cures it.

Delays in networks of brain regions: Ghosh, Rho, McIntosh, Koetter, Jirsa, PLoS Comput. Biol. 4, e1000196 (2008),
doi:10.1371/journal.pcbi.1000196.
"""

from typing import NamedTuple

import numpy as np

from ngnmm_core.kernels.layout import HEAD
from ngnmm_core.kernels.llvm import (
    align_stack,
    kernel,
    load,
    make_dot,
    make_row_products,
    make_sliding_sums,
    make_tuple_access,
    store,
)

AHEAD = 8  # steps that the coupling of far pairs is worked out for at once
SLOPE = (-25 / 12, 4.0, -3.0, 4 / 3, -1 / 4)  # slope at the first of five values, times the step
SETTLED = len(SLOPE) - 1  # steps after which the slope at the start is known
MIRRORED = AHEAD + 3  # slots that are kept twice, so that neighbours in the ring are neighbours in memory
NEAR, FAR = 0, 1
WINDOW = 5  # numbers that the mean over a step follows from: value, mean, value, mean, value


class DelayedWeights(NamedTuple):
    """Lists of pairs of regions with what is read for each: several lists one after the other.

    The pairs of target i in list k are `pointer[k * (regions + 1) + i]` up to `pointer[k * (regions + 1) + i + 1]`.
    """

    regions: int
    slots: int  # steps that are kept of every region
    blocks: int  # of sources, one after the other, each a list of far pairs
    zeros: np.ndarray  # [lane]
    pointer: np.ndarray  # [list, target + 1]
    source: np.ndarray  # [pair]
    start: np.ndarray  # [pair] steps back from the newest to the first that is read
    weight: np.ndarray  # [pair, number] weight of W times that of the polynomial


def channels_of(values: int) -> int:
    """Count the numbers that are kept of a step where so many are read for a pair: its value and mean, or one."""
    return 2 if values == WINDOW else 1


def make_ring(width, channels=1):
    """Make `fill`, `push` and `renew` of (work, weights, ...).

    They fill the history with what is sent, add the values at the end of a step and the means over it, and replace the
    newest ones.  With one channel the means alone are kept, or what is given in their place.
    """
    put, _ = _make_access(width, channels)

    @kernel
    def fill(work, weights):
        work.counters[HEAD] = 0
        for region in range(work.sent.size // width):
            value = load(work.sent, region * width)
            for slot in range(weights.slots):
                for channel in range(channels):
                    put(work, weights, (region, slot, channel), value)

    @kernel
    def renew(work, weights, value, mean):
        head = work.counters[HEAD]
        for region in range(work.sent.size // width):
            put(work, weights, (region, head, channels - 1), load(mean, region * width))
            if channels == 2:
                put(work, weights, (region, head, 0), load(value, region * width))

    @kernel
    def push(work, weights, value, mean):
        head = work.counters[HEAD]
        work.counters[HEAD] = weights.slots - 1 if head == 0 else head - 1
        renew(work, weights, value, mean)

    return fill, push, renew


def make_settle(width, channels=1):
    """`settle(work, weights)`: correct the values kept of the start for their kink, `SETTLED` steps later."""
    put, kept = _make_access(width, channels)

    @kernel
    def settle(work, weights):
        first = (work.counters[HEAD] + SETTLED) % weights.slots
        for region in range(work.sent.size // width):
            total = kept(work, weights, region, first, 0)
            for k in range(SETTLED + 1):
                slot = (first + weights.slots - k) % weights.slots
                total = total + (SLOPE[k] / 12.0) * kept(work, weights, region, slot, 0)
            put(work, weights, (region, first, 0), total)

    return settle


def make_thin(width, channels):
    """`thin(work, weights, every)`: keep what steps `every` times as long would have kept, of values and means."""
    put, kept = _make_access(width, channels)

    @kernel
    def mean(work, weights, region, slot, every):
        total = kept(work, weights, region, slot, channels - 1)
        for j in range(1, every):
            total = total + kept(work, weights, region, (slot + j) % weights.slots, channels - 1)
        return (1.0 / every) * total

    @kernel
    def thin(work, weights, every):
        slots, head = weights.slots, work.counters[HEAD]
        for region in range(work.sent.size // width):
            for channel in range(channels):
                for k in range(slots):
                    slot = (head + min(k * every, slots - every)) % slots
                    if channel == channels - 1:
                        store(work.thinned, k * width, mean(work, weights, region, slot, every))
                    else:
                        store(work.thinned, k * width, kept(work, weights, region, slot, channel))
                for k in range(slots):
                    put(work, weights, (region, k, channel), load(work.thinned, k * width))
        work.counters[HEAD] = 0

    return thin


def _make_access(width, channels):
    """`put(work, weights, (region, slot, channel), value)`, and `kept(...)` that gives it back."""

    @kernel(forceinline=True)
    def put(work, weights, place, value):
        region, slot, channel = place
        stride = weights.slots + MIRRORED
        store(work.history, ((region * stride + slot) * channels + channel) * width, value)
        if slot < MIRRORED:
            store(work.history, ((region * stride + weights.slots + slot) * channels + channel) * width, value)

    @kernel(forceinline=True)
    def kept(work, weights, region, slot, channel):
        return load(work.history, ((region * (weights.slots + MIRRORED) + slot) * channels + channel) * width)

    return put, kept


def make_gather(width, values):
    """`gather(work, weights, which, shift)` and `look_ahead(work, weights, which)` of the coupling sums.

    `gather` reads list `which`, `shift` steps before what it was made for, and writes the sums to `work.heard`
    [group, region, lane]; `look_ahead` writes them to `work.ahead` [step, group, region, lane].  `values` are read per
    pair: 4 values, or `WINDOW` numbers, or 1 where delays are rounded.
    """
    load_values, _ = make_tuple_access(values)
    dot = make_dot(values)
    slot = channels_of(values) * width
    load_steps, store_steps = make_tuple_access(AHEAD)
    add_steps = make_sliding_sums(AHEAD, values, channels_of(values), width)

    @kernel
    def gather(work, weights, which, shift):
        align_stack()
        n, slots, head = weights.regions, weights.slots, work.counters[HEAD] + shift
        stride, size = slots + MIRRORED, work.sent.size
        row = which * (n + 1)
        for group in range(size // (n * width)):
            for i in range(n):
                here = (group * n + i) * width
                total = load(weights.zeros, 0)
                for p in range(weights.pointer[row + i], weights.pointer[row + i + 1]):
                    at = head + weights.start[p]
                    if at >= slots:
                        at -= slots
                    at = ((group * n + weights.source[p]) * stride + at) * slot
                    total = total + dot(load_values(work.history, at, width), weights.weight, p * values)
                store(work.heard, here, total)

    @kernel
    def look_ahead(work, weights, which):
        align_stack()
        n, slots, head = weights.regions, weights.slots, work.counters[HEAD]
        stride, size = slots + MIRRORED, work.sent.size
        for o in range(0, AHEAD * size, width):
            store(work.ahead, o, load(weights.zeros, 0))
        for part in range(weights.blocks * (size // (n * width))):
            row, group = (which + part % weights.blocks) * (n + 1), part // weights.blocks
            for i in range(n):
                here = (group * n + i) * width
                sums = load_steps(work.ahead, here, size)
                for p in range(weights.pointer[row + i], weights.pointer[row + i + 1]):
                    at = head + weights.start[p]
                    if at >= slots:
                        at -= slots
                    at = ((group * n + weights.source[p]) * stride + at) * slot
                    sums = add_steps(sums, work.history, at, weights.weight, p * values)
                store_steps(work.ahead, here, size, sums)

    return gather, look_ahead


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
