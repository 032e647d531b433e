"""The second pass over all regions of a Riccati step: the product with the connectome, and all that comes after it."""

from ngnmm_core.kernels.layout import FILLED, POSITION, STEP
from ngnmm_core.kernels.llvm import (
    align_stack,
    kernel,
    lane_select,
    load,
    make_scattered,
    make_wide,
    store,
)
from ngnmm_core.kernels.steppers.history import make_receiver
from ngnmm_core.kernels.steppers.riccati_constants import (
    COUPLING,
    GAIN,
    IM_TO_R,
    RE_TO_V,
    WIDTH,
    correction,
    from_means,
)  # fmt: skip
from ngnmm_core.kernels.steppers.riccati_filters import make_filters, make_synapse_access
from ngnmm_core.kernels.steppers.riccati_flow import SINGLE, make_flow, rest_of_angle
from ngnmm_core.kernels.steppers.riccati_passes import (
    END,
    GUESS,
    IM,
    LEFT,
    M_IM,
    M_RE,
    RE,
    TURNS,
    A,
    B,
    C,
    make_constant,
    make_states,
    slots_of,
)

SHARE = 0.25  # of what the end of a step turns out to be off by that its mean is off by


def make_finish(equations, rows, width):
    """`finish(batch, work, weights, short)`: the product, and all that a step does after it."""
    structure, states, slots = equations.structure, equations.states, slots_of(width, equations.noisy)
    P, sender, regional = structure.populations, structure.sender, equations.regional
    table_size, left = P * structure.constants * width, 1 + (LEFT + len(structure.filters)) * P
    receive, received = make_receiver(equations, rows, width)
    delayed = bool(equations.delayed)
    move = _make_move(structure, (1.0, *from_means(slots)[:2, 0]) if delayed else correction(slots), width)
    turns, filtered = TURNS[width], structure.filtered
    place = sender * width if filtered else structure.states[sender][2] * width
    kept_filters = structure.kept * P

    @kernel
    def finish(batch, work, weights, short):
        align_stack()
        n, size = weights.regions, batch.gain.size
        groups = size // (n * width)
        started = work.counters[FILLED] >= slots
        slot = (work.counters[POSITION] + (0 if delayed else 1)) % slots * size
        for block in range((n + rows - 1) // rows):
            first = block * rows
            for group in range(groups):
                if started:
                    receive(weights, work, first, work.sent_next, group * n * width, ((), 0))
                table = (short * turns + work.counters[STEP] % turns) * groups + group
                at = table * table_size
                for i in range(first, min(first + rows, n)):
                    here = (group * n + i) * width
                    o, kept = here * states, here * left
                    if regional:
                        at = (table * n + i) * table_size
                    ahead = load(work.middle, kept)
                    missed = ahead - ahead
                    if started:
                        new = load(batch.gain, here) * received(work, i - first, here)
                        store(work.past, slot + here, new)
                        missed = new - ahead
                    move(batch, (o, here), work, at, kept + width, missed, group * P * width)
                    s = load(work.filters, here * kept_filters + place) if filtered else load(batch.state, o + place)
                    s = load(batch.mask, here) * s
                    if delayed:
                        turned = s - load(work.sent_next, here)
                        store(work.first, here, load(work.first, here) + SHARE * turned)
                    store(work.sent, here, s)

    return finish


def _make_move(structure, corrections, width):
    constant = make_constant(structure, width)
    denominator, _, numerator, _ = make_flow(constant)
    load_wide, store_wide, widen, _ = make_wide(structure.populations)
    (load_r, store_r), (load_v, store_v) = make_states(structure, width)
    load_s, store_s = make_synapse_access(structure, width)
    load_rest, store_rest = make_scattered([places[2] * width for places in structure.states])
    _, _, _, move_filters = make_filters(structure, width)
    whole, compensated, filtered = structure.populations * width, width == SINGLE, structure.filtered
    w0, w1, w2 = (float(w) for w in corrections)

    @kernel(forceinline=True)
    def move(batch, where, work, at, kept, missed, watched):
        """Advance the populations to the end of the step, by the moments of their input corrected for the coupling.

        `watch` keeps the largest square of |dz| / Im z, where dz is what the correction of the moments has changed; the
        flow keeps this distance, so that it is taken at the start of the step, where Im z is not 0.

        In single precision the changes of the states are added, with what rounding has left out of the last ones
        (Kahan, doi:10.1145/363707.363723); a rate that falls by more than half is more exact as it is.
        """
        state, (o, here) = batch.state, where
        k, old = work.constants, work.middle
        unit = constant(k, at, COUPLING) * widen(missed)
        a = load_wide(old, kept + A * whole) + w0 * unit
        b = load_wide(old, kept + B * whole) + w1 * unit
        c = load_wide(old, kept + C * whole) + w2 * unit
        re, im = load_wide(old, kept + RE * whole), load_wide(old, kept + IM * whole)
        t, u = denominator(k, at, a, b, c)
        m, y = re * t - im * u, re * u + im * t
        one = 1.0 + m
        square = one * one + y * y
        both = 1.0 / (square * im)  # one division for two
        inverse, stretch = both * im, both * square * square
        f, g = one * inverse, y * inverse  # 1 / (1 + m) = f - i g
        sr, si, dr, di = numerator(k, at, a, b, c, (t, u))
        br, bi = dr + re * sr - im * si, di + im * sr + re * si
        if compensated:
            gr, gi = br - (re * m - im * y), bi - (im * m + re * y)
            gr, gi = gr * f + gi * g, gi * f - gr * g
        br, bi = re + br, im + bi
        end_re, end_im = br * f + bi * g, bi * f - br * g
        zr, zi = end_re - dr, end_im - di
        em, ey = m - load_wide(old, kept + M_RE * whole), y - load_wide(old, kept + M_IM * whole)
        wr, wi = em * f + ey * g, ey * f - em * g
        er, ei = load_wide(old, kept + GUESS * whole) - a - (zr * wr - zi * wi), zr * wi + zi * wr
        error, worst = stretch * stretch * (er * er + ei * ei), load_wide(work.watch, watched)
        store_wide(work.watch, watched, lane_select(error > worst, error, worst))
        rate = constant(k, at, IM_TO_R) * end_im
        angle = wi + rest_of_angle(constant(k, at, WIDTH), a, b)
        turned = constant(k, at, GAIN) * angle
        move_filters(work, at, here, angle, w0 * widen(missed), kept + LEFT * whole)
        if compensated:
            r, v, s = load_r(state, o), load_v(state, o), load_s(batch, work, here, o)
            new, left = _added(r, constant(k, at, IM_TO_R) * gi + load_r(work.rest, o))
            falls = rate + rate < r
            store_r(state, o, lane_select(falls, rate, new))
            store_r(work.rest, o, lane_select(falls, 0.0, left))
            new, left = _added(v, constant(k, at, RE_TO_V) * gr + load_v(work.rest, o))
            store_v(state, o, new)
            store_v(work.rest, o, left)
            change = load_wide(old, kept + END * whole) + turned
            if filtered:
                store_s(batch, work, here, o, s + change)
            else:
                new, left = _added(s, change + load_rest(work.rest, o))
                store_s(batch, work, here, o, new)
                store_rest(work.rest, o, left)
        else:
            store_r(state, o, rate)
            store_v(state, o, constant(k, at, RE_TO_V) * end_re)
            store_s(batch, work, here, o, load_wide(old, kept + END * whole) + turned)

    return move


@kernel(forceinline=True)
def _added(x, change):
    """Return x + change as it is rounded, and what rounding leaves out."""
    new = x + change
    return new, change - (new - x)
