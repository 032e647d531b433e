"""Heun's method for additive noise, with the coupling evaluated at both stages.

    a     = x + h f(x) + n
    x_new = x + h/2 (f(x) + f(a)) + n        n: normal increments of variance h b^2

Strong order 1 for additive noise, order 2 without noise.  The increments follow from (seed, region, step) alone.  Of
coloured noise n is the integral over the step, which is drawn exactly together with the value at its end; the strong
order is then 2.

Kloeden, Platen, Numerical Solution of Stochastic Differential Equations (1992), doi:10.1007/978-3-662-12616-5; exact
steps of coloured noise: Gillespie, Phys. Rev. E 54, 2084 (1996), doi:10.1103/PhysRevE.54.2084.
"""

from ngnmm_core.kernels.layout import ONE_NODE, STEP, NoiseKind
from ngnmm_core.kernels.llvm import advance, kernel, load, make_tuple_access, scaled, store
from ngnmm_core.kernels.normal import normal_four, normal_pair
from ngnmm_core.kernels.spikes import make_tally
from ngnmm_core.kernels.stage import make_stage
from ngnmm_core.kernels.steppers.brownian_ladder import EVERYWHERE, LEVELS, TAG
from ngnmm_core.kernels.steppers.coloured_ladder import CONSTANTS, DEVIATION
from ngnmm_core.kernels.steppers.history import make_gather, make_ring

START, END = range(2)  # lists of what is read of the past
INCREMENT, INTEGRAL, FIRST = range(3)  # what a draw is for: the second and the third of coloured noise only


def nodes(noisy_states: int, kind: NoiseKind):
    """Specify what the step needs besides its states."""
    if not (kind.shared or kind.coloured):
        return ONE_NODE
    colour = LEVELS * CONSTANTS if kind.coloured else 0
    return ONE_NODE._replace(common=3 * noisy_states, colour=colour, coloured=noisy_states if colour else 0)


def make_step(equations, rows, width):
    """`step(batch, stimuli, work, weights, dt, when)` for one model: advances `batch.state` by one step of `dt` ms."""
    predict, correct = _make_updates(equations, width)
    predictor = make_stage(equations, rows, width, predict)
    corrector = make_stage(equations, rows, width, correct)
    draw = _make_draw(equations, width)

    @kernel
    def step(batch, stimuli, work, weights, dt, when):
        index, begin, span = when
        x, a, s, s_next = batch.state, work.first, work.sent, work.sent_next
        draw(batch, work, weights.regions)
        predictor(batch, stimuli, work, weights, (x, a, s, s_next), dt, (index, begin))
        corrector(batch, stimuli, work, weights, (a, x, s_next, s), dt, (index, begin + span))
        work.counters[STEP] += 1

    gather, _ = make_gather(width, max(equations.delayed, 1))
    fill, push, _ = make_ring(width)

    @kernel
    def delayed(batch, stimuli, work, weights, dt, when):
        index, begin, span = when
        x, a, s, s_next = batch.state, work.first, work.sent, work.sent_next
        if work.counters[STEP] == 0:
            fill(work, weights)
        draw(batch, work, weights.regions)
        gather(work, weights, START, 0)
        predictor(batch, stimuli, work, weights, (x, a, s, s_next), dt, (index, begin))
        gather(work, weights, END, 0)
        corrector(batch, stimuli, work, weights, (a, x, s_next, s), dt, (index, begin + span))
        push(work, weights, s, s)
        work.counters[STEP] += 1

    return delayed if equations.delayed else step


def _make_draw(equations, width):
    """`draw(batch, work, n)`: the increments of a step for all regions where they are shared or coloured."""
    kind, count, regional = equations.kind, len(equations.noise), equations.regional
    coloured, purposes = kind.coloured, 3 if kind.coloured else 1

    @kernel
    def nothing(batch, work, n):
        """Every region draws its own in the predictor."""

    @kernel(forceinline=True)
    def constant(work, group, k):
        return load(work.colour, (group * LEVELS * CONSTANTS + k) * width)

    @kernel
    def keep_common(batch, work, group):
        for purpose in range(purposes):
            z = normal_four(batch.seed, group * width, EVERYWHERE, work.counters[STEP] | (purpose << TAG))
            for j in range(count):
                store(work.common, (purpose * count + j) * width, z[j])

    @kernel(forceinline=True)
    def mix(batch, work, group, purpose, j, z):
        own, share = load(batch.mixture, 2 * group * width), load(batch.mixture, (2 * group + 1) * width)
        return own * z + share * load(work.common, (purpose * count + j) * width)

    @kernel(forceinline=True)
    def colour(batch, work, group, j, z, place):
        """Integral over the step, in units of its root; the value at its end is kept."""
        first, second = mix(batch, work, group, INCREMENT, j, z[0]), mix(batch, work, group, INTEGRAL, j, z[1])
        value = load(work.coloured, place)
        if work.counters[STEP] == 0:
            value = constant(work, group, DEVIATION) * mix(batch, work, group, FIRST, j, z[2])
        store(work.coloured, place, constant(work, group, 0) * value + constant(work, group, 2) * first)
        integral = constant(work, group, 1) * value + constant(work, group, 3) * first
        return integral + constant(work, group, 4) * second

    @kernel
    def draw(batch, work, n):
        step = work.counters[STEP]
        for group in range(batch.gain.size // (n * width)):
            keep_common(batch, work, group)
            for i in range(n):
                z = normal_four(batch.seed, group * width, i, step)
                for j in range(count):
                    place = ((group * n + i) * count + j) * width
                    store(work.noise, place, mix(batch, work, group, INCREMENT, j, z[j]))
                if coloured:
                    second = normal_four(batch.seed, group * width, i, step | (INTEGRAL << TAG))
                    start = normal_four(batch.seed, group * width, i, step | (FIRST << TAG))
                    for j in range(count):
                        place = ((group * n + i) * count + j) * width
                        store(work.noise, place, colour(batch, work, group, j, (z[j], second[j], start[j]), place))
                for j in range(count):
                    place = ((group * n + i) * count + j) * width
                    at = place if regional else (group * count + j) * width
                    amplitude = load(batch.amplitude, at)
                    store(work.noise, place, amplitude * load(work.noise, place))

    return draw if kind.shared or coloured else nothing


def _make_updates(equations, width):
    load_all, store_all = make_tuple_access(equations.states)
    noise, count, regional = equations.noise, len(equations.noise), equations.regional
    normal = normal_pair if count <= 2 else normal_four
    drawn = equations.kind.shared or equations.kind.coloured
    tally, each = make_tally(equations.counted, width), len(equations.counted)

    @kernel(inline="always")
    def add(work, where, out, share):
        """Add a share of the increments of a region to its noisy states."""
        for j in range(count):
            place = where[3] + noise[j] * width
            increment = load(work.noise, where[2] * count + j * width)
            store(out, place, load(out, place) + share * increment)

    @kernel(inline="always")
    def predict(batch, work, where, out, values, slope, h):
        group, region, here, o = where
        if not drawn:
            normals = normal(batch.seed, group * width, region, work.counters[STEP])
            for j in range(count):
                at = here * count if regional else group * count * width
                amplitude = load(batch.amplitude, at + j * width)
                store(work.noise, here * count + j * width, amplitude * normals[j])
        store_all(out, o, width, advance(values, h, slope))
        add(work, where, out, 1.0)
        return load_all(out, o, width)

    @kernel(inline="always")
    def correct(batch, work, where, out, values, slope, h):
        # (x + a + h k2) / 2 is x + h/2 (k1 + k2) + n/2: the other half of the increments is still to come
        x = load_all(batch.state, where[3], width)
        store_all(out, where[3], width, scaled(advance(advance(values, 1.0, x), h, slope), 0.5))
        add(work, where, out, 0.5)
        new = load_all(out, where[3], width)
        tally(work.spikes, where[2] * each, 0.5 * h, x, new)
        return new

    return predict, correct
