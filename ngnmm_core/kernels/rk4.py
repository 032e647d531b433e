"""The classical fourth-order Runge-Kutta step, with the coupling evaluated at every stage."""

from ngnmm_core.kernels.llvm import advance, kernel, load, make_row_products, make_tuple_access, scaled, store

ORDER = 4


def make_step(equations, rows, width):
    """`step(batch, stimuli, work, weights, dt, index)` for one model: advances `batch.state` by one step of `dt` ms.

    `equations` are the model's compiled functions and sizes (`ngnmm_core.kernels.drivers.Equations`).
    """
    halfway, again, end, combine = (_make_stage(k, equations, rows, width) for k in range(4))

    @kernel
    def step(batch, stimuli, work, weights, dt, index):
        x, a, b, c = batch.state, work.first, work.second, work.third
        s, s_next = work.sent, work.sent_next
        halfway(batch, stimuli, work, weights, (x, a, s, s_next), 0.5 * dt, (index, 0.0))
        again(batch, stimuli, work, weights, (a, b, s_next, s), 0.5 * dt, (index, 0.5))
        end(batch, stimuli, work, weights, (b, c, s, s_next), dt, (index, 0.5))
        combine(batch, stimuli, work, weights, (c, x, s_next, s), dt / 6.0, (index, 1.0))

    return step


def _make_update(stage, size):
    """What a stage writes.  The last one combines the stage values a, b, c instead of summing slopes on the way:
    x + h/6 (k1 + 2 k2 + 2 k3 + k4) = (a + 2 b + c - x) / 3 + h/6 k4, which halves the writes to memory.
    """
    load_all, _ = make_tuple_access(size)

    @kernel(inline="always")
    def euler_from_start(batch, work, o, width, source, slope, h):
        return advance(load_all(batch.state, o, width), h, slope)

    @kernel(inline="always")
    def combination(batch, work, o, width, source, slope, h):
        x, a, b = load_all(batch.state, o, width), load_all(work.first, o, width), load_all(work.second, o, width)
        third = advance(advance(advance(source, 2.0, b), 1.0, a), -1.0, x)
        return advance(scaled(third, 1.0 / 3.0), h, slope)

    return combination if stage == 3 else euler_from_start


def _make_stage(stage, equations, rows, width):
    row_products = make_row_products(rows)
    load_states, store_states = make_tuple_access(equations.states)
    load_coefficients, _ = make_tuple_access(equations.coefficients)
    derivative, sent, drive_at, waves_at = equations.derivative, equations.sent, equations.drive_at, equations.waves_at
    update = _make_update(stage, equations.states)
    states, coefficients = equations.states, equations.coefficients

    @kernel
    def run(batch, stimuli, work, weights, buffers, h, when):
        source, out, signal, signal_next = buffers
        n = weights.regions
        groups = batch.gain.size // (n * width)
        for block in range((n + rows - 1) // rows):
            first = block * rows
            last = min(first + rows, n)
            for group in range(groups):
                row_products(weights.packed, first * n, signal, group * n * width, n, work.products)
                constants = load_coefficients(batch.coefficients, group * coefficients * width, width)
                waves_at(stimuli, work, group, groups, when)
                for i in range(first, last):
                    here = (group * n + i) * width
                    o = here * states
                    coupling = load(batch.gain, here) * load(work.products, (i - first) * width)
                    drive = drive_at(batch, stimuli, work, group, i, n)
                    values = load_states(source, o, width)
                    slope = derivative(values, drive, constants, coupling)
                    new = update(batch, work, o, width, values, slope, h)
                    store_states(out, o, width, new)
                    store(signal_next, here, load(batch.mask, here) * sent(new, constants))

    return run
