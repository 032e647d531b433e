"""The coupling of a network with conduction delays, once per step, for methods that ask for its mean over a step.

What comes from far away is known before a step, what comes from near at its end (`history`).
"""

from ngnmm_core.kernels.layout import POSITION, USED
from ngnmm_core.kernels.llvm import kernel, load, make_dot, make_ring_access, store
from ngnmm_core.kernels.steppers.history import (
    AHEAD,
    FAR,
    NEAR,
    channels_of,
    make_gather,
    make_ring,
    make_settle,
    make_thin,
)


def make_coupling(width, values, past, before=0):
    """`fill`, `restart`, `next_coupling`, `keep`, `thin` and `settle` of methods with the coupling once per step.

    The coupling is kept by its means over the last `past` steps, in `work.past`.  Lists are `NEAR`, and from `FAR` on
    one for each block of sources; first those of full steps and then those of short ones; `short` tells which.
    `restart(batch, work, weights, short)` works the means out from the history;
    `next_coupling(work, weights, short, value, mean)` leaves the sums of a step in `work.heard`.  With `before` = 0
    that is where `value` and `mean` are known to be sent in it, at first sight, after `make_foresee`, and
    `keep(work, weights, value, mean)` puts what is sent in the end in their place.  With 1 it is before a step (lists
    of near pairs are made for one step later, and `value` and `mean` are not looked at), and `keep` adds what is sent
    to the history.
    """
    channels = channels_of(values)
    fill, push, renew = make_ring(width, channels)
    gather, _ = make_gather(width, values)
    advance = _make_advance(width, values, past)

    @kernel
    def next_coupling(work, weights, short, value, mean):
        size = work.sent.size
        if before:
            advance(work, weights, short)
        else:
            push(work, weights, value, mean)
        far, slot = (work.counters[USED] - 1) * size, work.counters[POSITION] * size
        if not _has_near(weights, short):
            for o in range(0, size, width):
                store(work.heard, o, load(work.ahead, far + o))
            return
        gather(work, weights, _lists(weights, short) + NEAR, 0)
        for o in range(0, size, width):
            near = load(work.heard, o)
            if not before:
                store(work.near, slot + o, near)
            store(work.heard, o, load(work.ahead, far + o) + near)

    restart, keep = _make_restart(width, values, past, before), push if before else renew
    return fill, restart, next_coupling, keep, make_thin(width, channels), make_settle(width, channels)


def make_foresee(width, values, past, row):
    """`foresee(batch, work, weights, short)`: make room for a step in `work.past`, with what is known of its coupling.

    That is what comes from far pairs.  For the near ones it takes what row `row` of `work.extrapolation` makes of their
    last means, which are in `work.near`.
    """
    advance = _make_advance(width, values, past)
    load_near, dot = make_ring_access(past), make_dot(past)

    @kernel
    def foresee(batch, work, weights, short):
        last, size = work.counters[POSITION], work.sent.size
        advance(work, weights, short)
        far, slot = (work.counters[USED] - 1) * size, work.counters[POSITION] * size
        near = _has_near(weights, short)
        for o in range(0, size, width):
            total = load(work.ahead, far + o)
            if near:
                total = total + dot(load_near(work.near, o, size, last), work.extrapolation, row * past)
            store(work.past, slot + o, load(batch.gain, o) * total)

    return foresee


@kernel(forceinline=True)
def _lists(weights, short):
    return short * (FAR + weights.blocks)


@kernel(forceinline=True)
def _has_near(weights, short):
    row = (_lists(weights, short) + NEAR) * (weights.regions + 1)
    return weights.pointer[row + weights.regions] > weights.pointer[row]


def _make_advance(width, values, past):
    _, look_ahead = make_gather(width, values)

    @kernel
    def advance(work, weights, short):
        work.counters[POSITION] = (work.counters[POSITION] + 1) % past
        work.counters[USED] += 1
        if work.counters[USED] > AHEAD:
            look_ahead(work, weights, _lists(weights, short) + FAR)
            work.counters[USED] = 1

    return advance


def _make_restart(width, values, past, before):
    gather, _ = make_gather(width, values)

    @kernel
    def restart(batch, work, weights, short):
        size, lists = work.sent.size, _lists(weights, short)
        for back in range(past):
            slot = (past - 1 - back) * size
            for o in range(0, size, width):
                store(work.past, slot + o, load(weights.zeros, 0))
            for block in range(weights.blocks):
                gather(work, weights, lists + FAR + block, back + AHEAD)
                for o in range(0, size, width):
                    store(work.past, slot + o, load(work.past, slot + o) + load(work.heard, o))
            gather(work, weights, lists + NEAR, back + before)
            for o in range(0, size, width):
                near = load(work.heard, o)
                if not before:
                    store(work.near, slot + o, near)
                store(work.past, slot + o, load(batch.gain, o) * (load(work.past, slot + o) + near))
        work.counters[USED], work.counters[POSITION] = AHEAD, past - 1

    return restart
