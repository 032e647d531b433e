"""Heun's method for additive noise, with the coupling evaluated at both stages.

    a     = x + h f(x) + n
    x_new = x + h/2 (f(x) + f(a)) + n        n: normal increments of variance h b^2

Strong order 1 for additive noise, order 2 without noise.  The increments follow from (seed, region, step) alone.
Kloeden, Platen, Numerical Solution of Stochastic Differential Equations (1992), doi:10.1007/978-3-662-12616-5.
"""

from ngnmm_core.kernels.layout import STEP
from ngnmm_core.kernels.llvm import advance, kernel, load, make_tuple_access, scaled, store
from ngnmm_core.kernels.normal import normal_four, normal_pair
from ngnmm_core.kernels.stage import make_stage


def make_step(equations, rows, width):
    """`step(batch, stimuli, work, weights, dt, when)` for one model: advances `batch.state` by one step of `dt` ms."""
    predict, correct = _make_updates(equations, width)
    predictor = make_stage(equations, rows, width, predict)
    corrector = make_stage(equations, rows, width, correct)

    @kernel
    def step(batch, stimuli, work, weights, dt, when):
        index, begin, span = when
        x, a, s, s_next = batch.state, work.first, work.sent, work.sent_next
        predictor(batch, stimuli, work, weights, (x, a, s, s_next), dt, (index, begin))
        corrector(batch, stimuli, work, weights, (a, x, s_next, s), dt, (index, begin + span))
        work.counters[STEP] += 1

    return step


def _make_updates(equations, width):
    load_all, store_all = make_tuple_access(equations.states)
    noise, count = equations.noise, len(equations.noise)
    normal = normal_pair if count <= 2 else normal_four

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
        normals = normal(batch.seed, group * width, region, work.counters[STEP])
        for j in range(count):
            amplitude = load(batch.amplitude, (group * count + j) * width)
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
        return load_all(out, where[3], width)

    return predict, correct
