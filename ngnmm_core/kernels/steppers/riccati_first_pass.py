"""The first pass over all regions of a Riccati step, before the product with the connectome.

All populations of a region are worked on together, in wide lanes.  `riccati_second_pass` is the other one.  A region
goes through three parts, each a loop of its own over a few regions: in one loop the instructions of a region are more
than the processor looks ahead, and it would wait for the logarithms of every region instead of working on the next.
"""

from ngnmm_core.kernels.layout import FILLED, STEP
from ngnmm_core.kernels.llvm import align_stack, kernel, load, make_wide, store
from ngnmm_core.kernels.steppers.riccati_constants import (
    COUPLING,
    DAMPING,
    DECAY,
    GAIN,
    HALF_DECAY,
    LAG,
    MOMENT_1,
    MOMENT_2,
    R_TO_IM,
    SPREAD,
    V_TO_RE,
    WIDTH,
)
from ngnmm_core.kernels.steppers.riccati_filters import make_filters, make_synapse_access
from ngnmm_core.kernels.steppers.riccati_flow import (
    SINGLE,
    integrals_for,
    make_flow,
    predicted_moments,
    rest_of_angle,
)
from ngnmm_core.kernels.steppers.riccati_inputs import (
    MOMENTS,
    make_coupling_moments,
    make_drive_moments,
    make_foreseen_moments,
    make_inputs,
)
from ngnmm_core.kernels.steppers.riccati_passes import (
    END,
    FOUND,
    GUESS,
    HANDED,
    IM,
    INTEGRALS,
    LEFT,
    M_IM,
    M_RE,
    RE,
    T_IM,
    T_RE,
    TOGETHER,
    TURNS,
    A,
    B,
    C,
    make_constant,
    make_states,
    slots_of,
)


def make_begin(equations, width):
    """`begin(batch, stimuli, work, weights, short, when)`: all that a step does before the product.

    `short` is 1 in the short steps of the start, else 0.
    """
    structure, slots = equations.structure, slots_of(width, equations.noisy)
    table_size, regional = structure.populations * structure.constants * width, equations.regional
    expect, answer = _make_expect(equations, slots, width), _make_answer(equations, slots, width)
    turn = _make_turn(structure, width)
    waves_at, turns = equations.waves_at, TURNS[width]

    @kernel
    def begin(batch, stimuli, work, weights, short, when):
        align_stack()
        n = weights.regions
        groups = batch.gain.size // (n * width)
        index, start, span = when
        for group in range(groups):
            table = (short * turns + work.counters[STEP] % turns) * groups + group
            for node in range(work.fractions.size):
                waves_at(stimuli, work, (group, groups), (index, start + span * work.fractions[node]), node)
            for first in range(0, n, TOGETHER):
                last = min(first + TOGETHER, n)
                for i in range(first, last):
                    at = (table * n + i if regional else table) * table_size
                    expect(batch, stimuli, work, (group, i, n), at, i - first, short)
                for i in range(first, last):
                    turn(work, group * n + i, i - first)
                for i in range(first, last):
                    at = (table * n + i if regional else table) * table_size
                    answer(batch, work, group * n + i, at, i - first)

    return begin


def _places(structure, width):
    """`kept_at(place)`: what a region leaves to the second pass; `handed_at(number)`: what its parts hand on."""
    P = structure.populations
    left, each = 1 + (LEFT + len(structure.filters)) * P, (HANDED * P + MOMENTS) * width

    @kernel(forceinline=True)
    def kept_at(place):
        return (place * left + 1) * width

    @kernel(forceinline=True)
    def handed_at(number):
        return MOMENTS * P * width + number * each

    return kept_at, handed_at


def _make_expect(equations, slots, width):
    """`expect(batch, stimuli, work, (group, region, regions), at, number, short)`: expected moments, and m."""
    structure, states = equations.structure, equations.states
    filters, whole = len(structure.filters), structure.populations * width
    kept_at, handed_at = _places(structure, width)
    (load_r, _), (load_v, _) = make_states(structure, width)
    load_s, _ = make_synapse_access(structure, width)
    early, filters_guess, _, _ = make_filters(structure, width)
    constant = make_constant(structure, width)
    _, denominator, _, _ = make_flow(constant)
    _, store_wide, _, _ = make_wide(structure.populations)
    start_of, outer, inner, kicks_of = make_inputs(equations, width)
    drive_moments, delayed = make_drive_moments(equations, width), bool(equations.delayed)
    coupling_moments = (make_foreseen_moments if delayed else make_coupling_moments)(slots)

    @kernel(forceinline=True)
    def expect(batch, stimuli, work, where, at, number, short):
        place = where[0] * where[2] + where[1]
        here, kept, handed = place * width, kept_at(place), handed_at(number)
        o, k, out = here * states, work.constants, work.middle
        newest, c0, c1, c2, ahead, surprise = coupling_moments(work, here, batch.gain.size, slots)
        store(out, kept - width, ahead)
        if delayed:
            store(work.second, here, surprise)
        drive_moments(batch, stimuli, work, where)
        r, s = load_r(batch.state, o), load_s(batch, work, here, o)
        re, im = constant(k, at, V_TO_RE) * load_v(batch.state, o), constant(k, at, R_TO_IM) * r
        slope, decay = constant(k, at, SPREAD) - 2.0 * (re * r), constant(k, at, DECAY)
        begun = early(work, at, here, start_of(work, at, newest, s))
        half_bend = (im * im - re * re - begun) * r + re * slope
        d1 = decay * (r - s)
        d2 = decay * (slope - d1)
        guess = predicted_moments(s, d1, d2, decay * (-2.0 * half_bend - d2))
        received = outer(work, at, (c0, c1, c2), kicks_of(batch, work, at, here, short))
        expected = inner(work, at, received, guess)
        a, b, c = filters_guess(work, at, here, (r, slope, -2.0 * half_bend), (newest, c1), expected)
        t, u = denominator(k, at, a, b, c)
        for j in range(MOMENTS):
            store_wide(work.scratch, handed + j * whole, received[j])
        if filters:
            last = handed + HANDED * whole
            store(work.scratch, last, c0)
            store(work.scratch, last + width, c1)
            store(work.scratch, last + 2 * width, c2)
        store_wide(out, kept + RE * whole, re)
        store_wide(out, kept + IM * whole, im)
        store_wide(out, kept + M_RE * whole, re * t - im * u)
        store_wide(out, kept + M_IM * whole, re * u + im * t)
        store_wide(out, kept + GUESS * whole, a)
        store_wide(out, kept + T_RE * whole, t)
        store_wide(out, kept + T_IM * whole, u)
        store_wide(out, kept + B * whole, b)
        store_wide(out, kept + C * whole, c)

    return expect


def _make_turn(structure, width):
    """`turn(work, place, number)`: the integrals K_n and the angle, from m, of the region at a place."""
    whole, integrals = structure.populations * width, integrals_for(width)
    kept_at, handed_at = _places(structure, width)
    load_wide, store_wide, _, _ = make_wide(structure.populations)

    @kernel(forceinline=True)
    def turn(work, place, number):
        kept, first = kept_at(place), handed_at(number) + FOUND * whole
        m, y = load_wide(work.middle, kept + M_RE * whole), load_wide(work.middle, kept + M_IM * whole)
        k1, k2, k3, k4, k5, angle = integrals(m, y)
        pairs = (k1, k2, k3, k4, k5)
        for j in range(INTEGRALS):
            store_wide(work.scratch, first + 2 * j * whole, pairs[j][0])
            store_wide(work.scratch, first + (2 * j + 1) * whole, pairs[j][1])
        store_wide(work.scratch, first + 2 * INTEGRALS * whole, angle)

    return turn


def _make_answer(equations, slots, width):
    """`answer(batch, work, place, at, number)`: synapses by the flow, and with their moments those of the input."""
    structure, states = equations.structure, equations.states
    sender, filters, whole = structure.sender, len(structure.filters), structure.populations * width
    kept_at, handed_at = _places(structure, width)
    delayed = bool(equations.delayed)
    load_wide, store_wide, widen, split = make_wide(structure.populations)
    constant, respond = make_constant(structure, width), _make_respond(structure, width)
    load_s, _ = make_synapse_access(structure, width)
    _, _, filters_respond, _ = make_filters(structure, width)
    _, _, inner, _ = make_inputs(equations, width)

    @kernel(forceinline=True)
    def pair(work, place):
        return load_wide(work.scratch, place), load_wide(work.scratch, place + whole)

    @kernel(forceinline=True)
    def answer(batch, work, place, at, number):
        here, kept, handed = place * width, kept_at(place), handed_at(number)
        first = handed + FOUND * whole
        integrals = (
            pair(work, first), pair(work, first + 2 * whole), pair(work, first + 4 * whole),
            pair(work, first + 6 * whole), pair(work, first + 8 * whole),
            load_wide(work.scratch, first + 2 * INTEGRALS * whole),
        )  # fmt: skip
        s = load_s(batch, work, here, here * states)
        end, m0, m1, m2, angle = respond(work, at, kept, s, integrals)
        if delayed:
            unit = constant(work.constants, at, COUPLING) * widen(load(work.second, here))
            store_wide(work.middle, kept + GUESS * whole, load_wide(work.middle, kept + GUESS * whole) - unit)
        counted = load_wide(work.spikes, place * whole)
        store_wide(work.spikes, place * whole, counted + constant(work.constants, at, DECAY) * m0)
        store(work.sent_next, here, load(batch.mask, here) * split(end)[sender])
        a, b = pair(work, handed)
        a, b, c = inner(work, at, (a, b, load_wide(work.scratch, handed + 2 * whole)), (m0, m1, m2))
        if filters:
            last = handed + HANDED * whole
            coupling = load(work.scratch, last), load(work.scratch, last + width), load(work.scratch, last + 2 * width)
            a, b, c = filters_respond(work, at, here, angle, coupling, (a, b, c), kept + LEFT * whole)
        store_wide(work.middle, kept + A * whole, a)
        store_wide(work.middle, kept + B * whole, b)
        store_wide(work.middle, kept + C * whole, c)
        if delayed:
            store(work.first, here, load(batch.mask, here) * split(m0)[sender])
        elif work.counters[FILLED] < slots:
            mask, size = load(batch.mask, here), batch.gain.size
            store(work.second, here, mask * split(m0)[sender])
            store(work.second, size + here, mask * split(m1)[sender])
            store(work.second, 2 * size + here, mask * split(m2)[sender])

    return answer


def _make_respond(structure, width):
    constant = make_constant(structure, width)
    _, _, _, moments = make_flow(constant)
    load_wide, store_wide, _, _ = make_wide(structure.populations)
    whole, compensated = structure.populations * width, width == SINGLE

    @kernel(forceinline=True)
    def respond(work, at, kept, s, integrals):
        """Compute the synapses' values at the end and their moments by the flow; keep what the second pass needs."""
        k, out = work.constants, work.middle
        a, b = load_wide(out, kept + GUESS * whole), load_wide(out, kept + B * whole)
        T = load_wide(out, kept + T_RE * whole), load_wide(out, kept + T_IM * whole)
        i, gain, decay = constant(k, at, WIDTH), constant(k, at, GAIN), constant(k, at, DECAY)
        turn = integrals[INTEGRALS]
        j0, j1, j2 = moments(T, (a, i), b, integrals)
        lag = constant(k, at, LAG) * (j1 + constant(k, at, HALF_DECAY) * j2)
        m0 = (s + gain * j0 + decay * lag) * constant(k, at, DAMPING)
        m1 = lag - constant(k, at, MOMENT_1) * m0
        m2 = gain * j2 - constant(k, at, MOMENT_2) * m1
        change = gain * turn - decay * m0
        end = s + change
        store_wide(out, kept + END * whole, change if compensated else end)
        return end + gain * rest_of_angle(i, a, b), m0, m1, m2, (j0, j1, j2, turn)

    return respond
