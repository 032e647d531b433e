"""Segments of one orbit side by side in lanes, with their derivatives by the state and by parameters, by RK4.

Multiple shooting cuts an orbit into segments.  Each lane integrates one of them, with its own length of step; so the
steps follow the orbit through bursts and rests although every segment takes the same number of them.
"""

from ngnmm_core.kernels.differentiation import dual, make_seed
from ngnmm_core.kernels.inline import inlined
from ngnmm_core.kernels.llvm import advance, align_stack, kernel, load, make_tuple_access


def make_segments(derivative, sent, sizes, width):
    """Compiles (at the first call) `integrate(state, tangents, path, constants, slopes, h, steps)`.

    `sizes` are the numbers of states, coefficients and drives.  Flat arrays: `state` [group, state, lane] and
    `tangents` [group, column, state, lane], both overwritten, where the first columns, as many as there are states,
    are derivatives by the state, and the others by parameters; `path` [group, step, state, lane] takes the state
    before every step, unless it is empty; `constants` [coefficient, then drive, then gain; lane]; `slopes`
    [parameter, as `constants`, lane] the derivatives of the constants; `h` [group, lane], the steps in ms.
    """
    states, coefficients, drives = sizes
    derivative, sent = inlined(derivative), inlined(sent)
    load_states, store_states = make_tuple_access(states)
    load_coefficients, _ = make_tuple_access(coefficients)
    load_drives, _ = make_tuple_access(drives)
    seed, tangents_of = make_seed(states)
    seed_coefficients, _ = make_seed(coefficients)
    seed_drives, _ = make_seed(drives)
    numbers = coefficients + drives + 1

    # Slopes are functions of their own: twelve copies of a model with exponentials take half a minute to compile.

    @kernel
    def slope(x, drive, constants, gain):
        return derivative(x, drive, constants, gain * sent(x, constants))

    @kernel
    def tangent_slope(x, dx, drive, constants, gain):
        pair = seed(x, dx)
        return tangents_of(derivative(pair, drive, constants, gain * sent(pair, constants)))

    @kernel(inline="always")
    def stages(x, step, drive, fixed, gain):
        half, third, sixth = step * 0.5, step * (1.0 / 3.0), step * (1.0 / 6.0)
        k1 = slope(x, drive, fixed, gain)
        a = advance(x, half, k1)
        k2 = slope(a, drive, fixed, gain)
        b = advance(x, half, k2)
        k3 = slope(b, drive, fixed, gain)
        c = advance(x, step, k3)
        k4 = slope(c, drive, fixed, gain)
        return a, b, c, advance(advance(advance(advance(x, sixth, k1), third, k2), third, k3), sixth, k4)

    def integrate(state, tangents, path, constants, slopes, h, steps):
        align_stack()
        fixed = load_coefficients(constants, 0, width)
        drive = load_drives(constants, coefficients * width, width)
        gain = load(constants, (coefficients + drives) * width)
        groups = h.size // width
        size = states * width
        columns = tangents.size // (groups * size)
        keep = path.size > 0
        for group in range(groups):
            step = load(h, group * width)
            half, third, sixth = step * 0.5, step * (1.0 / 3.0), step * (1.0 / 6.0)
            x = load_states(state, group * size, width)
            for k in range(steps):
                if keep:
                    store_states(path, (group * steps + k) * size, width, x)
                a, b, c, after = stages(x, step, drive, fixed, gain)
                for column in range(columns):
                    o = (group * columns + column) * size
                    d = load_states(tangents, o, width)
                    if column < states:
                        g1 = tangent_slope(x, d, drive, fixed, gain)
                        g2 = tangent_slope(a, advance(d, half, g1), drive, fixed, gain)
                        g3 = tangent_slope(b, advance(d, half, g2), drive, fixed, gain)
                        g4 = tangent_slope(c, advance(d, step, g3), drive, fixed, gain)
                        d = advance(advance(advance(advance(d, sixth, g1), third, g2), third, g3), sixth, g4)
                    else:
                        p = (column - states) * numbers * width
                        moving = seed_coefficients(fixed, load_coefficients(slopes, p, width))
                        driven = seed_drives(drive, load_drives(slopes, p + coefficients * width, width))
                        coupled = dual(gain, load(slopes, p + (coefficients + drives) * width))
                        g1 = tangent_slope(x, d, driven, moving, coupled)
                        g2 = tangent_slope(a, advance(d, half, g1), driven, moving, coupled)
                        g3 = tangent_slope(b, advance(d, half, g2), driven, moving, coupled)
                        g4 = tangent_slope(c, advance(d, step, g3), driven, moving, coupled)
                        d = advance(advance(advance(advance(d, sixth, g1), third, g2), third, g3), sixth, g4)
                    store_states(tangents, o, width, d)
                x = after
            store_states(state, group * size, width, x)

    return kernel(nogil=True)(integrate)
