"""Small perturbations of a given solution of a single region of QIF populations by the exact flow, for many Lambda.

All that a step does to a perturbation is linear in its states and in what it feels of the coupling, which enters by
seven numbers: the value at the start, three moments that are expected and three that are found.  These are multiples,
by the gain G Lambda, of what its synapse is and will be.  So unit perturbations go through the step once, and give the
matrix of the step for every gain g,

    M(g) = M_0 + g M_1 + g^2 M_2 + g^3 M_3,

with which perturbations are multiplied: a seventh of the operations of taking each of them through the step.

The solution is known at some times, from another method.  There the flow starts anew, and how far it has come from what
is known tells how right its steps are.
"""

from ngnmm_core.kernels.flow_tangents import make_step
from ngnmm_core.kernels.llvm import (
    advance,
    align_stack,
    kernel,
    lane_abs,
    lane_select,
    load,
    make_tuple_access,
    scaled,
    store,
)
from ngnmm_core.kernels.mesh import TINY
from ngnmm_core.kernels.steppers.riccati_any_step import make_constants
from ngnmm_core.kernels.steppers.riccati_region import Region
from ngnmm_core.kernels.steppers.riccati_slopes import OF_END, OF_MOMENTS

MOMENTS = 3
POWERS = 4  # of the gain
COUPLED = 1 + 2 * MOMENTS  # numbers that the coupling enters a step by


def room_of(structure, states: int) -> int:
    """Lanes of room that the kernels need behind the constants of a step of 1 ms."""
    units = states + COUPLED
    slopes = (structure.constants + OF_MOMENTS + OF_END) * structure.populations
    return slopes + 2 * states + units * (states + 2 * MOMENTS) + (POWERS + 2) * states * states


def make_flow_propagator(structure, states, width):
    """Compiles (at the first call) `integrate(path, tangents, constants, gains, h, misses)`.

    Flat arrays as in `ngnmm_core.kernels.variational`, where a step of length zero leaves its lane as it is, and:
    `path` [1 + step, 1 + state, lane], first the state at the start, and after every step 1 and the state that is known
    there, or 0 where the flow goes on by itself; `constants` [constant, population, lane] of a step of 1 ms, and after
    them the room of `room_of`.  The largest difference from what is known, relative to a state and its change in the
    step, goes to `misses` [lane].
    """
    return _make(Region(structure, width), states, width, 1)


def make_complex_flow_propagator(structure, states, width):
    """Do the same for complex gains of the tangents, as in `variational`."""
    return _make(Region(structure, width), states, width, 2)


def _make(region, states, width, parts):
    fill, advance_state, units = make_constants(region), make_step(region), _make_units(region, states, width)
    powers, corrected = _make_powers(states, region.sent_place, width), _make_corrected(states, width)
    apply = _make_real(states, width) if parts == 1 else _make_complex(states, width)
    table, whole = region.table, region.whole
    behind, last = table + OF_MOMENTS * whole, table + (OF_MOMENTS + OF_END) * whole
    column, square = states * width, states * states * width
    ends = (states + COUPLED) * (states + 2 * MOMENTS) * width

    def integrate(path, tangents, constants, gains, h, misses):
        align_stack()
        own = load(gains, 0)
        k = constants[table:]
        state = k[last:]
        unit = state[column:]
        answers = unit[column:]
        matrices = answers[ends:]
        worst = 0.0 * own
        for o in range(0, column, width):
            store(state, o, load(path, width + o))
        for step in range(h.size // width):
            length = load(h, step * width)
            moves = length > 0.0
            fill(constants, length, k)
            for o in range(0, column, width):
                store(unit, o, load(state, o))
            start = advance_state(k, state, own, k[table:], k[behind:])
            worst = corrected(state, unit, path, (step + 1) * (column + width), moves, worst)
            units(k, start, k[table:], k[behind:], unit, answers)
            powers(answers, matrices, moves)
            apply(tangents, matrices, matrices[POWERS * square :], gains)
        store(misses, 0, worst)

    return kernel(nogil=True)(integrate)


def _make_corrected(states, width):
    @kernel
    def corrected(state, before, path, place, moves, worst):
        """Put the state where it is known to be; return the largest difference so far, [lane]."""
        known = load(path, place) > 0.5
        for o in range(0, states * width, width):
            old, new, true = load(before, o), load(state, o), load(path, place + width + o)
            size = lane_abs(true) + lane_abs(true - old)
            miss = lane_abs(new - true) / lane_select(size > TINY, size, TINY)
            miss = lane_select(known, miss, 0.0)
            worst = lane_select(miss <= worst, worst, miss)  # keeps what is not a number
            store(state, o, lane_select(moves, lane_select(known, true, new), old))
        return worst

    return corrected


def _make_units(region, states, width):
    """`units(k, start, moments_at, end_at, unit, answers)`: what unit perturbations lead to.

    `answers` [unit, number, lane]: the states at the end, the moments of the sent synapse that are expected, and those
    that are found.  The units are states, the coupling at the start, its expected moments and its final ones.
    """
    load_states, store_states, split, sender = region.load_states, region.store_states, region.split, region.sender
    predict, received, respond, finish, widen = (
        region.predict_tangent, region.received, region.respond_tangent, region.finish_tangent, region.widen,
    )  # fmt: skip
    each = (states + 2 * MOMENTS) * width

    @kernel(forceinline=True)
    def put(answers, o, synapses):
        store(answers, o, split(synapses[0])[sender])
        store(answers, o + width, split(synapses[1])[sender])
        store(answers, o + 2 * width, split(synapses[2])[sender])

    @kernel
    def units(k, start, moments_at, end_at, unit, answers):
        zero = load(unit, 0) * 0.0
        nothing, one = widen(zero), zero + 1.0
        none, empty = (zero, zero, zero), (nothing, nothing, nothing)
        for j in range(states + 1):
            for i in range(states):
                store(unit, i * width, lane_select(zero + abs(i - j) < 0.5, one, zero))
            dr, dv, ds = load_states(unit, 0)
            newest = lane_select(zero + j > states - 0.5, one, zero)
            dre, dim, expected = predict(k, start, (dr, dv, ds), newest)
            found, s0, _ = respond(k, moments_at, (dre, dim), ds, received(k, none, expected))
            store_states(answers, j * each, finish(k, end_at, (dre, dim), s0, received(k, none, found)))
            put(answers, j * each + states * width, expected)
            put(answers, j * each + (states + MOMENTS) * width, found)
        for i in range(MOMENTS):
            coupling = (
                lane_select(zero + abs(i - 0) < 0.5, one, zero),
                lane_select(zero + abs(i - 1) < 0.5, one, zero),
                lane_select(zero + abs(i - 2) < 0.5, one, zero),
            )
            o = (states + 1 + i) * each
            inputs = received(k, coupling, empty)
            found, s0, _ = respond(k, moments_at, (nothing, nothing), nothing, inputs)
            store_states(answers, o, finish(k, end_at, (nothing, nothing), s0, received(k, none, found)))
            put(answers, o + states * width, empty)
            put(answers, o + (states + MOMENTS) * width, found)
            store_states(answers, o + MOMENTS * each, finish(k, end_at, (nothing, nothing), nothing, inputs))

    return units


def _make_powers(states, sent, width):
    """`powers(answers, matrices, moves)`: M_0 to M_3 [power, column, row, lane]; that of no step is the identity."""
    load_states, store_states = make_tuple_access(states)
    each, column = (states + 2 * MOMENTS) * width, states * width
    newest, expected, final = states * each, (states + 1) * each, (states + 1 + MOMENTS) * each
    square = states * column

    @kernel(forceinline=True)
    def found_by(answers, o, i):
        """Moment i that is found by the moments that a unit at `o` lets expect."""
        total = load(answers, o + column) * load(answers, expected + column + (MOMENTS + i) * width)
        for k in range(1, MOMENTS):
            by = load(answers, expected + k * each + column + (MOMENTS + i) * width)
            total = total + by * load(answers, o + column + k * width)
        return total

    @kernel
    def powers(answers, matrices, moves):
        for j in range(states):
            o = j * each
            one = two = three = scaled(load_states(answers, o, width), 0.0)
            for i in range(MOMENTS):
                told, said = load(answers, o + column + i * width), load(answers, o + column + (MOMENTS + i) * width)
                one = advance(one, told, load_states(answers, expected + i * each, width))
                end = load_states(answers, final + i * each, width)
                one = advance(one, said, end)
                two = advance(two, found_by(answers, o, i), end)
            if j == sent:
                one = advance(one, 1.0, load_states(answers, newest, width))
                for i in range(MOMENTS):
                    told = load(answers, newest + column + i * width)
                    said = load(answers, newest + column + (MOMENTS + i) * width)
                    end = load_states(answers, final + i * each, width)
                    two = advance(advance(two, told, load_states(answers, expected + i * each, width)), said, end)
                    three = advance(three, found_by(answers, newest, i), end)
            at = j * column
            store_states(matrices, at, width, load_states(answers, o, width))
            store_states(matrices, square + at, width, one)
            store_states(matrices, 2 * square + at, width, two)
            store_states(matrices, 3 * square + at, width, three)
        for o in range(0, POWERS * square, width):
            store(matrices, o, lane_select(moves, load(matrices, o), 0.0))
        for o in range(0, square, column + width):
            store(matrices, o, lane_select(moves, load(matrices, o), 1.0))

    return powers


def _make_real(states, width):
    load_states, store_states = make_tuple_access(states)
    column = states * width
    square = states * column

    @kernel
    def apply(tangents, matrices, matrix, gains):
        for some in range(gains.size // width - 1):
            gain = load(gains, (1 + some) * width)
            for o in range(0, square, width):
                value = load(matrices, 2 * square + o) + gain * load(matrices, 3 * square + o)
                value = load(matrices, square + o) + gain * value
                store(matrix, o, load(matrices, o) + gain * value)
            for place in range(some * square, (some + 1) * square, column):
                end = scaled(load_states(matrix, 0, width), load(tangents, place))
                for j in range(1, states):
                    end = advance(end, load(tangents, place + j * width), load_states(matrix, j * column, width))
                store_states(tangents, place, width, end)

    return apply


def _make_complex(states, width):
    load_states, store_states = make_tuple_access(states)
    column = states * width
    square = states * column

    @kernel
    def apply(tangents, matrices, matrix, gains):
        for some in range((gains.size // width - 1) // 2):
            p, q = load(gains, (1 + 2 * some) * width), load(gains, (2 + 2 * some) * width)
            p2, q2 = p * p - q * q, 2.0 * p * q
            p3, q3 = p2 * p - q2 * q, p2 * q + q2 * p
            for o in range(0, square, width):
                one, two, three = (
                    load(matrices, square + o), load(matrices, 2 * square + o), load(matrices, 3 * square + o),
                )  # fmt: skip
                store(matrix, o, load(matrices, o) + p * one + p2 * two + p3 * three)
                store(matrix, square + o, q * one + q2 * two + q3 * three)
            for place in range(2 * some * square, 2 * (some + 1) * square, 2 * column):
                x, y = load(tangents, place), load(tangents, place + column)
                real, imaginary = load_states(matrix, 0, width), load_states(matrix, square, width)
                end, turned = scaled(real, x), scaled(real, y)
                end, turned = advance(end, -y, imaginary), advance(turned, x, imaginary)
                for j in range(1, states):
                    x, y = load(tangents, place + j * width), load(tangents, place + column + j * width)
                    real = load_states(matrix, j * column, width)
                    imaginary = load_states(matrix, square + j * column, width)
                    end, turned = advance(end, x, real), advance(turned, y, real)
                    end, turned = advance(end, -y, imaginary), advance(turned, x, imaginary)
                store_states(tangents, place, width, end)
                store_states(tangents, place + column, width, turned)

    return apply
