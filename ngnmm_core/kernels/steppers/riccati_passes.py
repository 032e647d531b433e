"""The two passes over all regions of a Riccati step: before the product with the connectome, and after it."""

from ngnmm_core.kernels.layout import FILLED, POSITION, Nodes
from ngnmm_core.kernels.llvm import align_stack, kernel, lane_select, load, make_row_products, store
from ngnmm_core.kernels.steppers.multirate import VOLLEY_PIECES
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
    V_TO_RE,
    WEIGHTS,
    WIDTH,
    correction,
    extrapolation,
    gauss_nodes,
)  # fmt: skip
from ngnmm_core.kernels.steppers.riccati_flow import make_flow, predicted_moments, rest_of_angle
from ngnmm_core.kernels.steppers.riccati_inputs import (
    MOMENTS,
    make_coupling_moments,
    make_drive_moments,
    make_inputs,
)

SLOTS = {8: 8, 16: 5}  # values of the coupling that the polynomial goes through, by lanes
RE, IM, M_RE, M_IM, END, GUESS, A, B, C = range(9)  # what the first pass leaves to the second, for every population
LEFT = 9
STEP_LENGTHS = 2  # full and short
SHORT = VOLLEY_PIECES


def nodes(structure, width) -> Nodes:
    """What the step needs besides its states."""
    P = structure.populations
    return Nodes(
        gauss_nodes()[0],
        extrapolation(SLOTS[width]),
        1,
        constants=STEP_LENGTHS * P * structure.constants,
        kept=1 + LEFT * P,
        scratch=3 * P * MOMENTS,
    )


def make_begin(equations, width):
    """`begin(batch, stimuli, work, weights, short, when)`: all that a step does before the product.

    `short` is 1 in the short steps of the start, else 0.
    """
    structure, states, slots = equations.structure, equations.states, SLOTS[width]
    P, count, places, sender = structure.populations, structure.constants, structure.states, structure.sender
    predict, respond = _make_predict(structure, width), _make_respond(structure, width)
    inputs = make_inputs(structure, equations.stimulated, width)
    drive_moments, coupling_moments = make_drive_moments(equations, width), make_coupling_moments(slots)
    waves_at = equations.waves_at
    left = 1 + LEFT * P

    @kernel
    def begin(batch, stimuli, work, weights, short, when):
        align_stack()
        n, size = weights.regions, batch.gain.size
        groups = size // (n * width)
        index, start, span = when
        for group in range(groups):
            table = (short * groups + group) * P * count * width
            for node in range(work.fractions.size):
                waves_at(stimuli, work, (group, groups), (index, start + span * work.fractions[node]), node)
            for i in range(n):
                here = (group * n + i) * width
                o, kept = here * states, here * left
                newest, c0, c1, c2, ahead = coupling_moments(work, here, size, slots)
                store(work.middle, kept, ahead)
                drive_moments(batch, stimuli, work, (group, i, n))
                for q in range(P):
                    predict(batch.state, o, work, table + q * count * width, q, newest)
                for q in range(P):
                    at = table + q * count * width
                    a, b, c = inputs(work, at, q, (c0, c1, c2), 0)
                    s = load(batch.state, o + places[q][2] * width)
                    re = load(work.constants, at + V_TO_RE * width) * load(batch.state, o + places[q][1] * width)
                    im = load(work.constants, at + R_TO_IM * width) * load(batch.state, o + places[q][0] * width)
                    end = respond(work, at, kept + (1 + LEFT * q) * width, q, (re, im, s), (a, b, c))
                    if q == sender:
                        store(work.sent_next, here, load(batch.mask, here) * end)
                for q in range(P):
                    a, b, c = inputs(work, table + q * count * width, q, (c0, c1, c2), P)
                    at = kept + (1 + LEFT * q) * width
                    store(work.middle, at + A * width, a)
                    store(work.middle, at + B * width, b)
                    store(work.middle, at + C * width, c)
                if work.counters[FILLED] < slots:
                    for k in range(MOMENTS):
                        moment = load(work.scratch, ((P + sender) * MOMENTS + k) * width)
                        store(work.second, k * size + here, load(batch.mask, here) * moment)

    return begin


def _make_predict(structure, width):
    P, places = structure.populations, structure.states

    @kernel(forceinline=True)
    def predict(state, o, work, at, q, newest):
        """Moments of a synapse from three derivatives at the start of the step."""
        k = work.constants
        r, v = load(state, o + places[q][0] * width), load(state, o + places[q][1] * width)
        s = load(state, o + places[q][2] * width)
        re, im, decay = (
            load(k, at + V_TO_RE * width) * v,
            load(k, at + R_TO_IM * width) * r,
            load(k, at + DECAY * width),
        )
        a = load(k, at + INPUT * width) + load(k, at + COUPLING * width) * newest
        for source in range(P):
            a = a + load(k, at + (WEIGHTS + source) * width) * load(state, o + places[source][2] * width)
        slope = load(k, at + SPREAD * width) - 2.0 * (re * r)
        half_bend = (im * im - re * re - a) * r + re * slope
        d1 = decay * (r - s)
        d2 = decay * (slope - d1)
        d3 = decay * (-2.0 * half_bend - d2)
        m0, m1, m2 = predicted_moments(s, d1, d2, d3)
        store(work.scratch, q * MOMENTS * width, m0)
        store(work.scratch, (q * MOMENTS + 1) * width, m1)
        store(work.scratch, (q * MOMENTS + 2) * width, m2)

    return predict


def _make_respond(structure, width):
    P = structure.populations
    denominator, _, moments = make_flow(width)

    @kernel(forceinline=True)
    def respond(work, at, kept, q, states, inputs):
        """Moments of a synapse by the flow, and its value at the end; what the second pass needs is kept."""
        re, im, s = states
        a, b, c = inputs
        k, out = work.constants, work.middle
        t, u = denominator(k, at, a, b, c)
        m, y = re * t - im * u, re * u + im * t
        i, gain, decay = load(k, at + WIDTH * width), load(k, at + GAIN * width), load(k, at + DECAY * width)
        j0, j1, j2, turn = moments((t, u), (a, i), b, c, m, y)
        lag = load(k, at + LAG * width) * (j1 + load(k, at + HALF_DECAY * width) * j2)
        m0 = (s + gain * j0 + decay * lag) * load(k, at + DAMPING * width)
        m1 = lag - load(k, at + MOMENT_1 * width) * m0
        m2 = gain * j2 - load(k, at + MOMENT_2 * width) * m1
        end = s - decay * m0 + gain * turn
        store(work.scratch, (P + q) * MOMENTS * width, m0)
        store(work.scratch, ((P + q) * MOMENTS + 1) * width, m1)
        store(work.scratch, ((P + q) * MOMENTS + 2) * width, m2)
        store(out, kept + RE * width, re)
        store(out, kept + IM * width, im)
        store(out, kept + M_RE * width, m)
        store(out, kept + M_IM * width, y)
        store(out, kept + END * width, end)
        store(out, kept + GUESS * width, a)
        return end + gain * rest_of_angle(i, a, b)

    return respond


def make_finish(equations, rows, width):
    """`finish(batch, work, weights, short)`: the product, and all that a step does after it."""
    structure, states, slots = equations.structure, equations.states, SLOTS[width]
    P, count, places, sender = structure.populations, structure.constants, structure.states, structure.sender
    row_products = make_row_products(rows)
    move = _make_move(structure, slots, width)
    left = 1 + LEFT * P

    @kernel
    def finish(batch, work, weights, short):
        align_stack()
        n, size = weights.regions, batch.gain.size
        groups = size // (n * width)
        started = work.counters[FILLED] >= slots
        slot = (work.counters[POSITION] + 1) % slots * size
        for block in range((n + rows - 1) // rows):
            first = block * rows
            for group in range(groups):
                if started:
                    row_products(weights.packed, first * n, work.sent_next, group * n * width, n, work.products, (), 0)
                table = (short * groups + group) * P * count * width
                for i in range(first, min(first + rows, n)):
                    here = (group * n + i) * width
                    o, kept = here * states, here * left
                    ahead = load(work.middle, kept)
                    missed = ahead - ahead
                    if started:
                        new = load(batch.gain, here) * load(work.products, (i - first) * width)
                        store(work.past, slot + here, new)
                        missed = new - ahead
                    for q in range(P):
                        move(
                            batch.state,
                            o,
                            work,
                            table + q * count * width,
                            kept + (1 + LEFT * q) * width,
                            q,
                            missed,
                            group * width,
                        )
                    s = load(batch.state, o + places[sender][2] * width)
                    store(work.sent, here, load(batch.mask, here) * s)

    return finish


def _make_move(structure, slots, width):
    places = structure.states
    denominator, numerator, _ = make_flow(width)
    w0, w1, w2 = (float(w) for w in correction(slots))

    @kernel(forceinline=True)
    def move(state, o, work, at, kept, q, missed, watched):
        """One population to the end of the step, by the moments of its input corrected for the coupling."""
        k, old = work.constants, work.middle
        unit = load(k, at + COUPLING * width) * missed
        a = load(old, kept + A * width) + w0 * unit
        b = load(old, kept + B * width) + w1 * unit
        c = load(old, kept + C * width) + w2 * unit
        re, im = load(old, kept + RE * width), load(old, kept + IM * width)
        t, u = denominator(k, at, a, b, c)
        m, y = re * t - im * u, re * u + im * t
        one = 1.0 + m
        square = one * one + y * y
        both = 1.0 / (square * im)  # one division for two
        inverse, stretch = both * im, both * square * square
        f, g = one * inverse, y * inverse  # 1 / (1 + m) = f - i g
        qr, qi, dr, di = numerator(k, at, a, b, c)
        zr, zi = re * qr - im * qi, re * qi + im * qr
        em, ey = m - load(old, kept + M_RE * width), y - load(old, kept + M_IM * width)
        moved = load(old, kept + GUESS * width) - a
        wr, wi = em * f + ey * g, ey * f - em * g
        qr, qi = zr * f + zi * g, zi * f - zr * g
        er, ei = moved - (qr * wr - qi * wi), qr * wi + qi * wr
        error = stretch * stretch * (er * er + ei * ei)
        worst = load(work.watch, watched)
        store(work.watch, watched, lane_select(error > worst, error, worst))
        turned = ey * f - em * g + rest_of_angle(load(k, at + WIDTH * width), a, b)
        store(state, o + places[q][0] * width, load(k, at + IM_TO_R * width) * (di + (zi * f - zr * g)))
        store(state, o + places[q][1] * width, load(k, at + RE_TO_V * width) * (dr + (zr * f + zi * g)))
        end = load(old, kept + END * width) + load(k, at + GAIN * width) * turned
        store(state, o + places[q][2] * width, end)

    return move
