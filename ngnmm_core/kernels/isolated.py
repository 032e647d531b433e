"""A single region under its own feedback: one step of Luther's method for its states and for small perturbations.

The region receives `gain * sent(x)`.  A perturbation along an eigenvector of the connectome receives
`tangent_gain * (d sent / d x) dx`, with tangent_gain = G * Lambda.  Lanes hold what the caller wants side by side:
different points, or different Lambda at one point.  The step is a lane, too: slopes are multiplied by it at once, and
the method takes a step of length one.

Luther, Math. Comp. 22, 434 (1968), doi:10.1090/S0025-5718-68-99876-1.
"""

from ngnmm_core.kernels.differentiation import dual, make_seed
from ngnmm_core.kernels.inline import inlined
from ngnmm_core.kernels.llvm import combine, kernel, scaled
from ngnmm_core.kernels.steppers.luther import A3, A4, A5, A6, A7, B


def make_isolated(derivative, sent, states):
    """`(stages, propagated, complex_propagated)` for one model with that many states.

    `stages(x, h, drive, constants, gain)` gives the states at which the method evaluates slopes, seven tuples of lanes,
    and the state after the step.  `propagated(stages, d, h, drive, constants, (gain, tangent_gain))` is the
    perturbation d after that step: exactly the derivative of the step along d if tangent_gain = gain.  The complex one
    takes the real part of d and then its imaginary part in one tuple, and (gain, real part, imaginary part).
    """
    derivative, sent = inlined(derivative), inlined(sent)
    seed, tangents_of = make_seed(states)

    # Slopes are functions of their own: seven copies of a model with exponentials would take a minute to compile.

    @kernel
    def change(x, h, drive, constants, gain):
        return scaled(derivative(x, drive, constants, gain * sent(x, constants)), h)

    @kernel(inline="always")
    def stages(x, h, drive, constants, gain):
        k1 = change(x, h, drive, constants, gain)
        x2 = combine(x, 1.0, (1.0,), (k1,))
        k2 = change(x2, h, drive, constants, gain)
        x3 = combine(x, 1.0, A3, (k1, k2))
        k3 = change(x3, h, drive, constants, gain)
        x4 = combine(x, 1.0, A4, (k1, k2, k3))
        k4 = change(x4, h, drive, constants, gain)
        x5 = combine(x, 1.0, A5, (k1, k2, k3, k4))
        k5 = change(x5, h, drive, constants, gain)
        x6 = combine(x, 1.0, A6, (k1, k2, k3, k4, k5))
        k6 = change(x6, h, drive, constants, gain)
        x7 = combine(x, 1.0, A7, (k1, k2, k3, k4, k5, k6))
        k7 = change(x7, h, drive, constants, gain)
        return (x, x2, x3, x4, x5, x6, x7), combine(x, 1.0, B, (k1, k3, k5, k6, k7))

    @kernel
    def real_change(x, d, h, drive, constants, gains):
        pair = seed(x, d)
        signal = sent(pair, constants)
        coupling = dual(gains[0] * signal.value, gains[1] * signal.tangent)
        return scaled(tangents_of(derivative(pair, drive, constants, coupling)), h)

    @kernel
    def complex_change(x, d, h, drive, constants, gains):
        gain, real, imaginary = gains
        one, other = seed(x, d[:states]), seed(x, d[states:])
        signal, turned = sent(one, constants), sent(other, constants)
        coupling = dual(gain * signal.value, real * signal.tangent - imaginary * turned.tangent)
        turned_coupling = dual(gain * signal.value, real * turned.tangent + imaginary * signal.tangent)
        change = tangents_of(derivative(one, drive, constants, coupling))
        return scaled(change + tangents_of(derivative(other, drive, constants, turned_coupling)), h)

    return stages, make_propagated(real_change), make_propagated(complex_change)


def make_propagated(tangent_change):
    """Make the function that takes a step of the perturbation alone, along the stages of the state."""

    @kernel(inline="always")
    def propagated(at, d, h, drive, constants, gains):
        g1 = tangent_change(at[0], d, h, drive, constants, gains)
        g2 = tangent_change(at[1], combine(d, 1.0, (1.0,), (g1,)), h, drive, constants, gains)
        g3 = tangent_change(at[2], combine(d, 1.0, A3, (g1, g2)), h, drive, constants, gains)
        g4 = tangent_change(at[3], combine(d, 1.0, A4, (g1, g2, g3)), h, drive, constants, gains)
        g5 = tangent_change(at[4], combine(d, 1.0, A5, (g1, g2, g3, g4)), h, drive, constants, gains)
        g6 = tangent_change(at[5], combine(d, 1.0, A6, (g1, g2, g3, g4, g5)), h, drive, constants, gains)
        g7 = tangent_change(at[6], combine(d, 1.0, A7, (g1, g2, g3, g4, g5, g6)), h, drive, constants, gains)
        return combine(d, 1.0, B, (g1, g3, g5, g6, g7))

    return propagated
