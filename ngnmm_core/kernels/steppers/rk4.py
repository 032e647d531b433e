"""The classical fourth-order Runge-Kutta step, with the coupling evaluated at every stage.

Hairer, Norsett, Wanner, Solving Ordinary Differential Equations I (1993), doi:10.1007/978-3-540-78862-1, section II.1.
"""

from ngnmm_core.kernels.layout import STEP
from ngnmm_core.kernels.llvm import advance, kernel, make_tuple_access, scaled
from ngnmm_core.kernels.spikes import make_tally
from ngnmm_core.kernels.stage import make_stage
from ngnmm_core.kernels.steppers.history import SETTLED, make_gather, make_ring, make_settle

START, MIDDLE, END = range(3)  # lists of what is read of the past


def make_step(equations, rows, width):
    """`step(batch, stimuli, work, weights, dt, when)` for one model: advances `batch.state` by one step of `dt` ms.

    `equations` are the model's compiled functions and sizes (`ngnmm_core.kernels.drivers.Equations`).  `when` says
    where in the waveforms of the stimuli the step lies: (index of the waveform's step, fraction at the start, fraction
    that the step takes).
    """
    euler, combination = _make_updates(equations.states, equations.counted, width)
    intermediate = make_stage(equations, rows, width, euler)
    final = make_stage(equations, rows, width, combination)

    @kernel
    def step(batch, stimuli, work, weights, dt, when):
        index, begin, span = when
        x, a, b, c = batch.state, work.first, work.second, work.third
        s, s_next = work.sent, work.sent_next
        intermediate(batch, stimuli, work, weights, (x, a, s, s_next), 0.5 * dt, (index, begin))
        intermediate(batch, stimuli, work, weights, (a, b, s_next, s), 0.5 * dt, (index, begin + 0.5 * span))
        intermediate(batch, stimuli, work, weights, (b, c, s, s_next), dt, (index, begin + 0.5 * span))
        final(batch, stimuli, work, weights, (c, x, s_next, s), dt / 6.0, (index, begin + span))

    gather, _ = make_gather(width, max(equations.delayed, 1))
    (fill, push, _), settle = make_ring(width), make_settle(width)

    @kernel
    def delayed(batch, stimuli, work, weights, dt, when):
        index, begin, span = when
        x, a, b, c = batch.state, work.first, work.second, work.third
        s, s_next, counters = work.sent, work.sent_next, work.counters
        if counters[STEP] == 0:
            fill(work, weights)
        gather(work, weights, START, 0)
        intermediate(batch, stimuli, work, weights, (x, a, s, s_next), 0.5 * dt, (index, begin))
        gather(work, weights, MIDDLE, 0)
        intermediate(batch, stimuli, work, weights, (a, b, s_next, s), 0.5 * dt, (index, begin + 0.5 * span))
        intermediate(batch, stimuli, work, weights, (b, c, s, s_next), dt, (index, begin + 0.5 * span))
        gather(work, weights, END, 0)
        final(batch, stimuli, work, weights, (c, x, s_next, s), dt / 6.0, (index, begin + span))
        push(work, weights, s, s)
        counters[STEP] += 1
        if counters[STEP] == SETTLED:
            settle(work, weights)

    return delayed if equations.delayed else step


def _make_updates(size, counted, width):
    """Make the stage updates.  The last one combines the stage values a, b, c instead of summing slopes on the way:
    x + h/6 (k1 + 2 k2 + 2 k3 + k4) = (a + 2 b + c - x) / 3 + h/6 k4, which halves the writes to memory.
    """
    load_all, store_all = make_tuple_access(size)
    tally, each = make_tally(counted, width), len(counted)

    @kernel(inline="always")
    def euler(batch, work, where, out, values, slope, h):
        new = advance(load_all(batch.state, where[3], width), h, slope)
        store_all(out, where[3], width, new)
        return new

    @kernel(inline="always")
    def combination(batch, work, where, out, values, slope, h):
        o = where[3]
        x, a, b = load_all(batch.state, o, width), load_all(work.first, o, width), load_all(work.second, o, width)
        third = advance(advance(advance(values, 2.0, b), 1.0, a), -1.0, x)
        new = advance(scaled(third, 1.0 / 3.0), h, slope)
        tally(work.spikes, where[2] * each, 3.0 * h, x, new)
        store_all(out, o, width, new)
        return new

    return euler, combination
