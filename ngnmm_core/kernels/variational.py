"""A single region under its own feedback, together with small perturbations of it: the variational equations, by RK4.

The region receives `gain * sent(x)`; a perturbation along an eigenvector of the connectome receives
`tangent_gain * (d sent / d x) dx`, with tangent_gain = G * Lambda.  Lanes hold what the caller wants side by side:
different Lambda at one parameter point, or different points.
"""

from ngnmm_core.kernels.dual import dual, make_seed
from ngnmm_core.kernels.inline import inlined
from ngnmm_core.kernels.llvm import advance, kernel, load, make_tuple_access


def make_variational(derivative, sent, sizes, width):
    """Compiles (at the first call) `integrate(state, tangents, constants, gains, h, steps)`.

    `sizes` are the numbers of states, coefficients and drives.  Flat arrays: `state` [state, lane], `tangents`
    [column, state, lane], both overwritten; `constants` [coefficient and then drive, lane]; `gains` [2, lane], the
    gain of the state and that of the tangents; `h` [lane], the step in ms.
    """
    states, coefficients, drives = sizes
    derivative, sent = inlined(derivative), inlined(sent)
    load_states, store_states = make_tuple_access(states)
    load_coefficients, _ = make_tuple_access(coefficients)
    load_drives, _ = make_tuple_access(drives)
    seed, tangents_of = make_seed(states)

    @kernel(inline="always")
    def slope(x, drive, constants, gain):
        return derivative(x, drive, constants, gain * sent(x, constants))

    @kernel(inline="always")
    def tangent_slope(x, dx, drive, constants, gain, tangent_gain):
        pair = seed(x, dx)
        signal = sent(pair, constants)
        coupling = dual(gain * signal.value, tangent_gain * signal.tangent)
        return tangents_of(derivative(pair, drive, constants, coupling))

    def integrate(state, tangents, constants, gains, h, steps):
        fixed = load_coefficients(constants, 0, width)
        drive = load_drives(constants, coefficients * width, width)
        gain, tangent_gain = load(gains, 0), load(gains, width)
        step = load(h, 0)
        half, third, sixth = step * 0.5, step * (1.0 / 3.0), step * (1.0 / 6.0)
        columns = tangents.size // (states * width)
        x = load_states(state, 0, width)
        for _ in range(steps):
            k1 = slope(x, drive, fixed, gain)
            a = advance(x, half, k1)
            k2 = slope(a, drive, fixed, gain)
            b = advance(x, half, k2)
            k3 = slope(b, drive, fixed, gain)
            c = advance(x, step, k3)
            k4 = slope(c, drive, fixed, gain)
            for column in range(columns):
                o = column * states * width
                d = load_states(tangents, o, width)
                g1 = tangent_slope(x, d, drive, fixed, gain, tangent_gain)
                g2 = tangent_slope(a, advance(d, half, g1), drive, fixed, gain, tangent_gain)
                g3 = tangent_slope(b, advance(d, half, g2), drive, fixed, gain, tangent_gain)
                g4 = tangent_slope(c, advance(d, step, g3), drive, fixed, gain, tangent_gain)
                d = advance(advance(advance(advance(d, sixth, g1), third, g2), third, g3), sixth, g4)
                store_states(tangents, o, width, d)
            x = advance(advance(advance(advance(x, sixth, k1), third, k2), third, k3), sixth, k4)
        store_states(state, 0, width, x)

    return kernel(nogil=True)(integrate)
