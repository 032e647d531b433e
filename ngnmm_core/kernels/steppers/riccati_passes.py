"""The two passes over all regions of a Riccati step: before the product with the connectome, and after it.

All populations of a region are worked on together, in wide lanes.
"""

from ngnmm_core.kernels.layout import FILLED, POSITION, STEP, Nodes, NoiseKind
from ngnmm_core.kernels.llvm import (
    align_stack,
    kernel,
    lane_select,
    load,
    make_scattered,
    make_wide,
    store,
)
from ngnmm_core.kernels.steppers import coloured_ladder
from ngnmm_core.kernels.steppers.brownian_ladder import LEVELS
from ngnmm_core.kernels.steppers.history import make_receiver
from ngnmm_core.kernels.steppers.riccati_constants import (
    COUPLING,
    DAMPING,
    DECAY,
    GAIN,
    HALF_DECAY,
    IM_TO_R,
    LAG,
    MOMENT_1,
    MOMENT_2,
    R_TO_IM,
    RE_TO_V,
    SPREAD,
    V_TO_RE,
    WIDTH,
    correction,
    extrapolation,
    gauss_nodes,
    rounded_to_single,
)  # fmt: skip
from ngnmm_core.kernels.steppers.riccati_filters import make_filters, make_synapse_access
from ngnmm_core.kernels.steppers.riccati_flow import SINGLE, make_flow, predicted_moments, rest_of_angle
from ngnmm_core.kernels.steppers.riccati_inputs import (
    MOMENTS,
    kept_of_noise,
    make_coupling_moments,
    make_drive_moments,
    make_inputs,
)
from ngnmm_core.kernels.steppers.volley import VOLLEY_PIECES

SLOTS = {8: 8, 16: 5}  # values of the coupling that the polynomial goes through, by lanes
NOISY_SLOTS = 4  # with noise, which leaves the coupling no more than two derivatives
RE, IM, M_RE, M_IM, END, GUESS, A, B, C = range(9)  # what the first pass leaves to the second, for every population
LEFT = 9
QUIET = NoiseKind()
STEP_LENGTHS = 2  # full and short
TURNS = {8: 1, 16: 8}  # roundings of the constants that steps take in turns, by lanes
SHORT = VOLLEY_PIECES


def slots_of(width, noisy) -> int:
    """How many values of the coupling the polynomial goes through."""
    return NOISY_SLOTS if noisy else SLOTS[width]


def nodes(structure, width, noise: NoiseKind = QUIET) -> Nodes:
    """Specify what the step needs besides its states."""
    P = structure.populations
    weights = extrapolation(slots_of(width, noise.noisy))
    return Nodes(
        gauss_nodes()[0],
        rounded_to_single(weights) if width == SINGLE else weights,
        1,
        constants=STEP_LENGTHS * TURNS[width] * P * structure.constants,
        kept=1 + (LEFT + len(structure.filters)) * P,
        filters=structure.kept * P,
        scratch=MOMENTS * P,
        brownian=LEVELS * kept_of_noise(noise.coloured) * P if noise.noisy else 0,
        common=(LEVELS + 1) * 2 * P if noise.shared else 0,
        colour=LEVELS * coloured_ladder.CONSTANTS if noise.coloured else 0,
        watched=P,
    )


def _make_constant(structure, width):
    """`constant(array, place, k)`: constant k of all populations, of a table that starts at `place`."""
    load_wide, _, _, _ = make_wide(structure.populations)
    whole = structure.populations * width

    @kernel(forceinline=True)
    def constant(array, place, k):
        return load_wide(array, place + k * whole)

    return constant


def _make_states(structure, width):
    """Access to the rates and potentials of a region, each a wide lane: pairs of load and store."""
    return [make_scattered([places[k] * width for places in structure.states]) for k in range(2)]


def make_begin(equations, width):
    """`begin(batch, stimuli, work, weights, short, when)`: all that a step does before the product.

    `short` is 1 in the short steps of the start, else 0.
    """
    structure, states, slots = equations.structure, equations.states, slots_of(width, equations.noisy)
    P, sender, regional = structure.populations, structure.sender, equations.regional
    whole = P * width
    table_size, left = P * structure.constants * width, 1 + (LEFT + len(structure.filters)) * P
    (load_r, _), (load_v, _) = _make_states(structure, width)
    load_s, _ = make_synapse_access(structure, width)
    early, filters_guess, filters_respond, _ = make_filters(structure, width)
    _, store_wide, _, split = make_wide(P)
    constant, respond = _make_constant(structure, width), _make_respond(structure, width)
    start_of, inputs, kicks_of = make_inputs(equations, width)
    drive_moments, coupling_moments = make_drive_moments(equations, width), make_coupling_moments(slots)
    waves_at, turns = equations.waves_at, TURNS[width]

    @kernel
    def begin(batch, stimuli, work, weights, short, when):
        align_stack()
        n, size, k = weights.regions, batch.gain.size, work.constants
        groups = size // (n * width)
        index, start, span = when
        for group in range(groups):
            table = (short * turns + work.counters[STEP] % turns) * groups + group
            at = table * table_size
            for node in range(work.fractions.size):
                waves_at(stimuli, work, (group, groups), (index, start + span * work.fractions[node]), node)
            for i in range(n):
                here = (group * n + i) * width
                o, kept = here * states, here * left
                if regional:
                    at = (table * n + i) * table_size
                newest, c0, c1, c2, ahead = coupling_moments(work, here, size, slots)
                store(work.middle, kept, ahead)
                drive_moments(batch, stimuli, work, (group, i, n))
                kicks = kicks_of(batch, work, at, here, short)
                r, s = load_r(batch.state, o), load_s(batch, work, here, o)
                re, im = constant(k, at, V_TO_RE) * load_v(batch.state, o), constant(k, at, R_TO_IM) * r
                slope, decay = constant(k, at, SPREAD) - 2.0 * (re * r), constant(k, at, DECAY)
                begun = early(work, at, here, start_of(work, at, newest, s))
                half_bend = (im * im - re * re - begun) * r + re * slope
                d1 = decay * (r - s)
                d2 = decay * (slope - d1)
                guess = predicted_moments(s, d1, d2, decay * (-2.0 * half_bend - d2))
                coupling = (c0, c1, c2)
                expected = inputs(work, at, coupling, guess, kicks)
                expected = filters_guess(work, at, here, (r, slope, -2.0 * half_bend), (newest, c1), expected)
                end, m0, m1, m2, angle = respond(work, at, kept + width, (re, im, s), expected)
                store(work.sent_next, here, load(batch.mask, here) * split(end)[sender])
                a, b, c = inputs(work, at, coupling, (m0, m1, m2), kicks)
                a, b, c = filters_respond(work, at, here, angle, coupling, (a, b, c), kept + width + LEFT * whole)
                store_wide(work.middle, kept + width + A * whole, a)
                store_wide(work.middle, kept + width + B * whole, b)
                store_wide(work.middle, kept + width + C * whole, c)
                if work.counters[FILLED] < slots:
                    mask = load(batch.mask, here)
                    store(work.second, here, mask * split(m0)[sender])
                    store(work.second, size + here, mask * split(m1)[sender])
                    store(work.second, 2 * size + here, mask * split(m2)[sender])

    return begin


def _make_respond(structure, width):
    constant = _make_constant(structure, width)
    denominator, _, moments = make_flow(constant, width)
    _, store_wide, _, _ = make_wide(structure.populations)
    whole, compensated = structure.populations * width, width == SINGLE

    @kernel(forceinline=True)
    def respond(work, at, kept, states, inputs):
        """Compute the synapses' values at the end and their moments by the flow; keep what the second pass needs."""
        re, im, s = states
        a, b, c = inputs
        k, out = work.constants, work.middle
        t, u = denominator(k, at, a, b, c)
        m, y = re * t - im * u, re * u + im * t
        i, gain, decay = constant(k, at, WIDTH), constant(k, at, GAIN), constant(k, at, DECAY)
        j0, j1, j2, turn = moments((t, u), (a, i), b, c, m, y)
        lag = constant(k, at, LAG) * (j1 + constant(k, at, HALF_DECAY) * j2)
        m0 = (s + gain * j0 + decay * lag) * constant(k, at, DAMPING)
        m1 = lag - constant(k, at, MOMENT_1) * m0
        m2 = gain * j2 - constant(k, at, MOMENT_2) * m1
        change = gain * turn - decay * m0
        end = s + change
        store_wide(out, kept + RE * whole, re)
        store_wide(out, kept + IM * whole, im)
        store_wide(out, kept + M_RE * whole, m)
        store_wide(out, kept + M_IM * whole, y)
        store_wide(out, kept + END * whole, change if compensated else end)
        store_wide(out, kept + GUESS * whole, a)
        return end + gain * rest_of_angle(i, a, b), m0, m1, m2, (j0, j1, j2, turn)

    return respond


def make_finish(equations, rows, width):
    """`finish(batch, work, weights, short)`: the product, and all that a step does after it."""
    structure, states, slots = equations.structure, equations.states, slots_of(width, equations.noisy)
    P, sender, regional = structure.populations, structure.sender, equations.regional
    table_size, left = P * structure.constants * width, 1 + (LEFT + len(structure.filters)) * P
    receive, received = make_receiver(equations, rows, width)
    move = _make_move(structure, slots, width)
    turns, filtered = TURNS[width], structure.filtered
    place = sender * width if filtered else structure.states[sender][2] * width
    kept_filters = structure.kept * P

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
                    store(work.sent, here, load(batch.mask, here) * s)

    return finish


def _make_move(structure, slots, width):
    constant = _make_constant(structure, width)
    denominator, numerator, _ = make_flow(constant, width)
    load_wide, store_wide, widen, _ = make_wide(structure.populations)
    (load_r, store_r), (load_v, store_v) = _make_states(structure, width)
    load_s, store_s = make_synapse_access(structure, width)
    load_rest, store_rest = make_scattered([places[2] * width for places in structure.states])
    _, _, _, move_filters = make_filters(structure, width)
    whole, compensated, filtered = structure.populations * width, width == SINGLE, structure.filtered
    w0, w1, w2 = (float(w) for w in correction(slots))

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
        qr, qi, dr, di = numerator(k, at, a, b, c)
        if compensated:
            gr, gi = re * (qr - m) - im * (qi - y), re * (qi - y) + im * (qr - m)
            gr, gi = gr * f + gi * g, gi * f - gr * g
        qr = 1.0 + qr
        zr, zi = re * qr - im * qi, re * qi + im * qr
        zr, zi = zr * f + zi * g, zi * f - zr * g
        em, ey = m - load_wide(old, kept + M_RE * whole), y - load_wide(old, kept + M_IM * whole)
        wr, wi = em * f + ey * g, ey * f - em * g
        er, ei = load_wide(old, kept + GUESS * whole) - a - (zr * wr - zi * wi), zr * wi + zi * wr
        error, worst = stretch * stretch * (er * er + ei * ei), load_wide(work.watch, watched)
        store_wide(work.watch, watched, lane_select(error > worst, error, worst))
        rate = constant(k, at, IM_TO_R) * (di + zi)
        angle = wi + rest_of_angle(constant(k, at, WIDTH), a, b)
        turned = constant(k, at, GAIN) * angle
        move_filters(work, at, here, angle, w0 * widen(missed), kept + LEFT * whole)
        if compensated:
            r, v, s = load_r(state, o), load_v(state, o), load_s(batch, work, here, o)
            new, left = _added(r, constant(k, at, IM_TO_R) * (di + gi) + load_r(work.rest, o))
            falls = rate + rate < r
            store_r(state, o, lane_select(falls, rate, new))
            store_r(work.rest, o, lane_select(falls, 0.0, left))
            new, left = _added(v, constant(k, at, RE_TO_V) * (dr + gr) + load_v(work.rest, o))
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
            store_v(state, o, constant(k, at, RE_TO_V) * (dr + zr))
            store_s(batch, work, here, o, load_wide(old, kept + END * whole) + turned)

    return move


@kernel(forceinline=True)
def _added(x, change):
    """Return x + change as it is rounded, and what rounding leaves out."""
    new = x + change
    return new, change - (new - x)
