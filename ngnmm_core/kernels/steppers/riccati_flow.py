"""The exact flow of a QIF population over a step, and the moments of its synapse, in lanes.

With Z = h (-v / tau + i pi r) and x = t / h the mean field is dZ/dx = -A - Z^2, A = (h / tau)^2 (E(x) - i Delta), a
Riccati equation whose solution over a step is a Moebius map of Z, however large the burst.  E is smooth and enters by
its moments a, b, c: integrals of A over the step with weights 1, x - 1/2 and (x - 1/2)^2 - 1/12.  Only a is complex,
with a constant imaginary part.  The integral of pi r is the angle of the map's denominator, and its moments, which
drive the synapse, follow from the integrals K_n of x^n m / (1 + m x) with m = T Z.  `docs/methods.md` derives all this.

Terms are left out where they are of the order of the step's error, h^6, and small beside it where it was measured: in T
products of b or c with each other and with a, but for the largest.
"""

from ngnmm_core.kernels.complex_logarithm import (
    HALF_LOG_2,
    angle_of,
    angle_of_single,
    half_log_of,
    half_log_of_single,
    reduced_angle,
)
from ngnmm_core.kernels.llvm import kernel, lane_any, lane_select, lane_split_near_one
from ngnmm_core.kernels.steppers.riccati_constants import T_0, T_1, UNRESOLVED, WIDTH

TINY = 1e-30  # of |m|^2, so that a state of 0 divides by something
SMALL = 4e-6  # of |m|^2: below, the recursion of K_n loses digits and its series is used
SMALL_SINGLE = 0.04  # the same in single precision
SINGLE = 16  # lanes in single precision


@kernel(forceinline=True)
def predicted_moments(s, d1, d2, d3):
    """Moments of s over the step from its derivatives at the start times 1, h, h^2, h^3."""
    return (
        s + (0.5 * d1 + (d2 * (1.0 / 6.0) + d3 * (1.0 / 24.0))),
        d1 * (1.0 / 12.0) + (d2 * (1.0 / 24.0) + d3 * (1.0 / 80.0)),
        d2 * (1.0 / 360.0),
    )


def make_flow(constant):
    """`denominator`, `expected_denominator`, `numerator` and `moments` of the populations of a region, in lanes.

    `constant(array, place, k)` loads constant k of a table that starts at `place`.
    """

    @kernel(forceinline=True)
    def denominator(constants, place, p, b, c):
        """T: its real and imaginary part; `p` is the real part of a.  Products of b and c are left out: see above."""
        t = p * (p * (62.0 / 2835.0) + 17.0 / 315.0) + 2.0 / 15.0
        t = p * t + (constant(constants, place, T_1) - (11.0 / 15.0) * b)
        t = p * t + ((constant(constants, place, T_0) + c) - b)
        u = p * (p * (17.0 / 105.0) + 4.0 / 15.0) + (1.0 / 3.0 - (11.0 / 15.0) * b)
        return t, constant(constants, place, WIDTH) * u

    @kernel(forceinline=True)
    def expected_denominator(constants, place, p, b, c):
        """T for moments that are a guess themselves: without the products that are smaller than what they miss."""
        t = p * (17.0 / 315.0) + 2.0 / 15.0
        t = p * t + (constant(constants, place, T_1) - (11.0 / 15.0) * b)
        t = p * t + ((constant(constants, place, T_0) + c) - b)
        return t, constant(constants, place, WIDTH) * (p * (4.0 / 15.0) + 1.0 / 3.0)

    @kernel(forceinline=True)
    def numerator(constants, place, p, b, c, T):
        """S'/C - 1 and D = C'/C, each by its real and imaginary part, from T = S/C by its parts."""
        (t, u), i = T, constant(constants, place, WIDTH)
        w = 2.0 * c - t
        d = p * w + (i * u + (constant(constants, place, UNRESOLVED) - 1.2 * b * b))
        return b * ((2.0 * b - 2.0) - 0.8 * p), (-0.8 * i) * b, d, i * w - p * u

    @kernel(forceinline=True)
    def moments(T, a, b, integrals):
        """Moments of the integral of pi r with weights 1, x - 1/2, ..., from what `integrals` gives.

        T and a are given by their parts.  What c does to the first of them and b to the second is left out: see above.
        """
        (t, u), (p, i) = T, a
        k1, k2, k3, k4, k5, log = integrals
        square = (p * p - i * i) * 0.2  # the real part of a^2 / 5
        j0 = (
            log - k1[1] * t - k1[0] * u
            + k3[1] * (p * (1.0 / 3.0) + square * (5.0 / 3.0) - 2.0 * b) + k4[1] * b - k5[1] * square
            + i * ((k3[0] * (1.0 / 3.0) - 1.0 / 6.0) + p * (k3[0] * (2.0 / 3.0) - (k5[0] * 0.4 + 1.0 / 30.0)))
        )  # fmt: skip
        j1 = (
            0.5 * (k1[1] - k2[1]) + (p * (1.0 / 6.0)) * ((k1[1] - k3[1]) - 2.0 * (k2[1] - k4[1]))
            + i * ((1.0 / 6.0) * ((k1[0] - k3[0]) - 2.0 * (k2[0] - k4[0])) - (p * (1.0 / 90.0) + 1.0 / 24.0))
        )  # fmt: skip
        j2 = (
            0.5 * k2[1] - k1[1] * (1.0 / 6.0) - k3[1] * (1.0 / 3.0)
            + p * ((1.0 / 3.0) * (k2[1] - k4[1] + k5[1]) - k1[1] * (1.0 / 18.0) - k3[1] * (5.0 / 18.0))
            + i * ((1.0 / 3.0) * (k2[0] - k4[0] + k5[0]) - k1[0] * (1.0 / 18.0) - k3[0] * (5.0 / 18.0) - 1.0 / 360.0)
        )  # fmt: skip
        return j0, j1, j2

    return denominator, expected_denominator, numerator, moments


@kernel(forceinline=True)
def rest_of_angle(i, p, b):
    """Compute what the integral of pi r has besides the angle of 1 + m."""
    return i * (0.4 * b - 0.5 - p * (1.0 / 6.0 + p * (1.0 / 15.0)))


def _make_recursion(log_of, turn_of):
    """Make the kernel that finds K_1 to K_5 and the angle of 1 + m; see `half_log_of` and `angle_of` for the two."""

    @kernel(forceinline=True)
    def recursion(m, y, square):
        """K_1 to K_5 as pairs of lanes, by the recursion that divides by m, and the angle of 1 + m."""
        one = 1.0 + m
        mantissa, exponent = lane_split_near_one(one * one + y * y)
        above, below, steep, wide = reduced_angle(one, y)
        # one division for three: 1 / m = g - i f, and the arguments of logarithm and arctangent
        more, size = mantissa + 1.0, lane_select(square > TINY, square, TINY)
        pair = more * below
        inverse = 1.0 / (pair * size)
        both = inverse * size
        g, f = m * (inverse * pair), y * (inverse * pair)
        log = log_of((mantissa - 1.0) * (both * below)) + exponent * HALF_LOG_2
        turn = turn_of(above * (both * more), steep, wide, one)
        a1, b1 = 1.0 - g * log - f * turn, f * log - g * turn
        a2, b2 = 0.5 - g * a1 - f * b1, f * a1 - g * b1
        a3, b3 = 1.0 / 3.0 - g * a2 - f * b2, f * a2 - g * b2
        a4, b4 = 0.25 - g * a3 - f * b3, f * a3 - g * b3
        a5, b5 = 0.2 - g * a4 - f * b4, f * a4 - g * b4
        return (a1, b1), (a2, b2), (a3, b3), (a4, b4), (a5, b5), turn

    return recursion


_recursion = _make_recursion(half_log_of, angle_of)
_recursion_single = _make_recursion(half_log_of_single, angle_of_single)


@kernel(forceinline=True)
def integrals_of(m, y):
    """K_1 to K_5 as pairs of lanes, and the angle of 1 + m."""
    square = m * m + y * y
    (a1, b1), (a2, b2), (a3, b3), (a4, b4), (a5, b5), turn = _recursion(m, y, square)
    small = square < SMALL
    if lane_any(small):
        q, z = m * m - y * y, 2.0 * m * y  # m^2
        a3, b3 = lane_select(small, m * 0.25 - 0.2 * q, a3), lane_select(small, y * 0.25 - 0.2 * z, b3)
        a4, b4 = lane_select(small, m * 0.2 - q * (1.0 / 6.0), a4), lane_select(small, y * 0.2 - z * (1.0 / 6.0), b4)
        a5, b5 = lane_select(small, m * (1.0 / 6.0), a5), lane_select(small, y * (1.0 / 6.0) - z * (1.0 / 7.0), b5)
        c, d = m * q - y * z, m * z + y * q  # m^3
        a2 = lane_select(small, m * (1.0 / 3.0) - 0.25 * q + 0.2 * c, a2)
        b2 = lane_select(small, y * (1.0 / 3.0) - 0.25 * z + 0.2 * d, b2)
        a1 = lane_select(small, m * 0.5 - q * (1.0 / 3.0) + 0.25 * c, a1)
        b1 = lane_select(small, y * 0.5 - z * (1.0 / 3.0) + 0.25 * d, b1)
    return (a1, b1), (a2, b2), (a3, b3), (a4, b4), (a5, b5), turn


@kernel(forceinline=True)
def _times(m, y, a, b):
    """Multiply m + i y by a + i b."""
    return m * a - y * b, m * b + y * a


@kernel(forceinline=True)
def _integrals_single(m, y):
    """Do what `integrals_of` does in single precision, where the recursion loses digits below |m| = 0.2.

    There K_5 is summed up, and the others follow by the recursion in the other direction, which multiplies by m.
    """
    square = m * m + y * y
    (a1, b1), (a2, b2), (a3, b3), (a4, b4), (a5, b5), turn = _recursion_single(m, y, square)
    p, q = _times(m, y, m * (-0.1) + 1.0 / 9.0, y * (-0.1))
    for k in (8.0, 7.0, 6.0):
        p, q = _times(m, y, 1.0 / k - p, -q)
    small = square < SMALL_SINGLE
    a5, b5 = lane_select(small, p, a5), lane_select(small, q, b5)
    p, q = _times(m, y, 0.2 - p, -q)
    a4, b4 = lane_select(small, p, a4), lane_select(small, q, b4)
    p, q = _times(m, y, 0.25 - p, -q)
    a3, b3 = lane_select(small, p, a3), lane_select(small, q, b3)
    p, q = _times(m, y, 1.0 / 3.0 - p, -q)
    a2, b2 = lane_select(small, p, a2), lane_select(small, q, b2)
    p, q = _times(m, y, 0.5 - p, -q)
    a1, b1 = lane_select(small, p, a1), lane_select(small, q, b1)
    return (a1, b1), (a2, b2), (a3, b3), (a4, b4), (a5, b5), turn


def integrals_for(width):
    """Give `integrals(m, y)`: K_1 to K_5 as pairs of lanes and the angle of 1 + m, in lanes of `width` numbers."""
    return _integrals_single if width == SINGLE else integrals_of
