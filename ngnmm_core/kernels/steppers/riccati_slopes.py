"""Derivatives of the exact flow of a QIF population over a step: what small perturbations of it go through.

The flow takes Z and the moments a, b, c of its input to Z at the end and to the angle and the moments of the integral
of pi r (`ngnmm_core.kernels.steppers.riccati_flow`); only the real part of a varies.  All is polynomials in a, b, c and
functions of m = T Z, so that the derivatives are closed.  Those of the integrals K_n are

    K_n' = (K_{n-1} / m - K_{n-1}') / m,  K_0 = log(1 + m)

upwards in n, and downwards, where m is small and the quotients lose digits, K_{n-1} = m (1 / n - K_n) and
K_{n-1}' = 1 / n - K_n - m K_n' from the series of K_5.  Complex numbers are pairs of (wide) lanes.
"""

from ngnmm_core.kernels.llvm import kernel, lane_select
from ngnmm_core.kernels.steppers.riccati_constants import WIDTH
from ngnmm_core.kernels.steppers.riccati_flow import TINY, integrals_of, make_flow

SMALL = 0.01  # of |m|^2: below, the recursion goes downwards
TERMS = 11  # of the series of K_5
INPUTS = 5  # Re Z, Im Z, a, b, c
OF_MOMENTS, OF_END = 4 * INPUTS, 3 * INPUTS  # derivatives of J0, J1, J2 and the angle; of Re Z, Im Z and the angle


@kernel(forceinline=True)
def _times(x, y):
    return x[0] * y[0] - x[1] * y[1], x[0] * y[1] + x[1] * y[0]


@kernel(forceinline=True)
def _plus(x, y):
    return x[0] + y[0], x[1] + y[1]


@kernel(forceinline=True)
def _scaled(x, factor):
    return x[0] * factor, x[1] * factor


@kernel(forceinline=True)
def _select(condition, x, y):
    return lane_select(condition, x[0], y[0]), lane_select(condition, x[1], y[1])


@kernel(forceinline=True)
def _derivative_upwards(inverse, integral, derivative):
    """K_n' from K_{n-1} and its derivative; `inverse` is 1 / m."""
    difference = _plus(_times(inverse, integral), _scaled(derivative, -1.0))
    return _times(inverse, difference)


@kernel(forceinline=True)
def _downwards(m, n, integral, derivative):
    """K_{n-1} and its derivative from those of K_n."""
    rest = (1.0 / n - integral[0], -integral[1])
    return _times(m, rest), _plus(rest, _scaled(_times(m, derivative), -1.0))


@kernel(forceinline=True)
def _series(m):
    """K_5 and its derivative, for small m."""
    value = (m[0] * 0.0 + 1.0 / (6.0 + TERMS), m[1] * 0.0)
    slope = (m[0] * 0.0 + (1.0 + TERMS) / (6.0 + TERMS), m[1] * 0.0)
    for k in range(TERMS):
        j = TERMS - 1.0 - k
        value = _times(m, _scaled(value, -1.0))
        value = (value[0] + 1.0 / (6.0 + j), value[1])
        slope = _times(m, _scaled(slope, -1.0))
        slope = (slope[0] + (1.0 + j) / (6.0 + j), slope[1])
    return _times(m, value), slope


@kernel(forceinline=True)
def derivatives_of_integrals(m, inverse_end):
    """K_1 to K_5 and their derivatives by m, five pairs each; `inverse_end` is 1 / (1 + m)."""
    size = m[0] * m[0] + m[1] * m[1]
    bounded = 1.0 / lane_select(size > TINY, size, TINY)
    inverse = (m[0] * bounded, -m[1] * bounded)
    k1, k2, k3, k4, k5, _ = integrals_of(m[0], m[1])
    # K_0 / m = 1 - K_1, over m
    d1 = _times(inverse, (1.0 - k1[0] - inverse_end[0], -k1[1] - inverse_end[1]))
    d2 = _derivative_upwards(inverse, k1, d1)
    d3 = _derivative_upwards(inverse, k2, d2)
    d4 = _derivative_upwards(inverse, k3, d3)
    d5 = _derivative_upwards(inverse, k4, d4)
    small = size < SMALL
    s5, e5 = _series(m)
    s4, e4 = _downwards(m, 5.0, s5, e5)
    s3, e3 = _downwards(m, 4.0, s4, e4)
    s2, e2 = _downwards(m, 3.0, s3, e3)
    s1, e1 = _downwards(m, 2.0, s2, e2)
    values = (
        _select(small, s1, k1), _select(small, s2, k2), _select(small, s3, k3), _select(small, s4, k4),
        _select(small, s5, k5),
    )  # fmt: skip
    slopes = (
        _select(small, e1, d1), _select(small, e2, d2), _select(small, e3, d3), _select(small, e4, d4),
        _select(small, e5, d5),
    )  # fmt: skip
    return values, slopes


def make_slopes(constant, store_wide, whole, width):
    """`slopes_of_moments` and `slopes_of_end` of the populations of a region: `(constants, place, Z, inputs, out)`.

    `Z` is a pair of wide lanes, `inputs` the moments a, b, c of the input, a without its constant imaginary part.
    `out` takes `OF_MOMENTS` or `OF_END` wide lanes: for every output its derivatives by `INPUTS`.
    """
    denominator, _, numerator, _ = make_flow(constant)

    @kernel(forceinline=True)
    def slopes_of_denominator(A, b, c):
        square = _times(A, A)
        cube = _times(A, square)
        by_a = (
            1.0 / 3.0 - b * (11.0 / 15.0) + c * (3.0 / 7.0) + A[0] * (4.0 / 15.0 - b * (6.0 / 7.0))
            + square[0] * (17.0 / 105.0) + cube[0] * (248.0 / 2835.0),
            A[1] * (4.0 / 15.0 - b * (6.0 / 7.0)) + square[1] * (17.0 / 105.0) + cube[1] * (248.0 / 2835.0),
        )  # fmt: skip
        by_b = (
            b * (76.0 / 35.0) - 1.0 - A[0] * (11.0 / 15.0) - square[0] * (3.0 / 7.0),
            -A[1] * (11.0 / 15.0) - square[1] * (3.0 / 7.0),
        )
        by_c = (A[0] * (3.0 / 7.0) + 1.0, A[1] * (3.0 / 7.0))
        return by_a, by_b, by_c

    @kernel(forceinline=True)
    def slopes_of_numerator(A, b, c):
        """Of Q by a and b, and of D by a, b and c."""
        square = _times(A, A)
        cube, fourth = _times(A, square), _times(square, square)
        q_a = _plus(
            _scaled(A, 4.0 / 3.0 - b * (172.0 / 35.0)),
            _plus(_scaled(square, 17.0 / 15.0), _plus(_scaled(cube, 248.0 / 315.0), _scaled(fourth, 1382.0 / 2835.0))),
        )
        q_a = (q_a[0] + 1.0 - 2.8 * b, q_a[1])
        q_b = _plus(_scaled(A, -2.8), _scaled(square, -86.0 / 35.0))
        q_b = (q_b[0] + 6.4 * b - 2.0, q_b[1])
        d_a = _plus(
            _scaled(A, b * (22.0 / 15.0) + c * (6.0 / 7.0) - 2.0 / 3.0),
            _plus(
                _scaled(square, b * (9.0 / 7.0) - 0.4),
                _plus(_scaled(cube, -68.0 / 315.0), _scaled(fourth, -310.0 / 2835.0)),
            ),
        )
        d_a = (d_a[0] + b + c - 1.0, d_a[1])
        d_b = _plus(A, _plus(_scaled(square, 11.0 / 15.0), _scaled(cube, 3.0 / 7.0)))
        d_b = (d_b[0] - 2.4 * b, d_b[1])
        return q_a, q_b, d_a, d_b, _plus(A, _scaled(square, 3.0 / 7.0))

    @kernel(forceinline=True)
    def common(constants, place, Z, inputs):
        a, b, c = inputs
        A, T = (a, constant(constants, place, WIDTH)), denominator(constants, place, a, b, c)
        m = _times(T, Z)
        one = 1.0 + m[0]
        size = 1.0 / (one * one + m[1] * m[1])
        return A, T, m, (one * size, -m[1] * size)

    @kernel(forceinline=True)
    def put_imaginary(out, row, by_Z, by_a, by_b, by_c):
        """Store one output that is the imaginary part of something: its derivatives by Re Z, Im Z, a, b, c."""
        at = row * INPUTS * whole
        store_wide(out, at, by_Z[1])
        store_wide(out, at + whole, by_Z[0])
        store_wide(out, at + 2 * whole, by_a)
        store_wide(out, at + 3 * whole, by_b)
        store_wide(out, at + 4 * whole, by_c)

    @kernel(forceinline=True)
    def put_angle(out, row, inverse, T, slopes, Z, A, b):
        """Store the angle of 1 + m and its rest."""
        turn = _times(inverse, Z)
        by_a, by_b, by_c = _times(turn, slopes[0]), _times(turn, slopes[1]), _times(turn, slopes[2])
        a_rest = -A[1] * (1.0 / 6.0 + A[0] * (2.0 / 15.0))
        put_imaginary(out, row, _times(inverse, T), by_a[1] + a_rest, by_b[1] + 0.4 * A[1], by_c[1])

    @kernel(forceinline=True)
    def slopes_of_moments(constants, place, Z, inputs, out):
        A, T, m, inverse = common(constants, place, Z, inputs)
        b, c = inputs[1], inputs[2]
        slopes = slopes_of_denominator(A, b, c)
        (k1, k2, k3, k4, k5), (d1, d2, d3, d4, d5) = derivatives_of_integrals(m, inverse)
        square = _times(A, A)
        weight = _plus(_scaled(A, 1.0 / 3.0), _scaled(square, 1.0 / 3.0))
        weight = (weight[0] - 2.0 * b + 10.0 * c, weight[1])
        last = _scaled(square, -0.2)
        last = (last[0] + 6.0 * c, last[1])
        # J0: by m, then what a, b, c do besides
        by_m = _plus(inverse, _plus(_scaled(_times(d1, T), -1.0), _plus(_times(d3, weight), _times(d5, last))))
        by_m = _plus(by_m, _scaled(d4, b - 15.0 * c))
        by_T = _plus(_times(by_m, Z), _scaled(k1, -1.0))
        more = _plus(_times(k3, (A[0] * (2.0 / 3.0) + 1.0 / 3.0, A[1] * (2.0 / 3.0))), _times(k5, _scaled(A, -0.4)))
        put_imaginary(
            out, 0, _times(by_m, T),
            _times(by_T, slopes[0])[1] + more[1] - A[1] * (1.0 / 30.0),
            _times(by_T, slopes[1])[1] - 2.0 * k3[1] + k4[1],
            _times(by_T, slopes[2])[1] + 10.0 * k3[1] - 15.0 * k4[1] + 6.0 * k5[1],
        )  # fmt: skip
        # J1
        lead = _plus(_plus(d1, _scaled(d3, -1.0)), _plus(_scaled(d2, -2.0), _scaled(d4, 2.0)))
        rest = _plus(_plus(d2, d3), _plus(d5, _plus(_scaled(d1, -0.5), _scaled(d4, -2.5))))
        by_m = _plus(_scaled(_plus(d1, _scaled(d2, -1.0)), 0.5), _plus(_times(A, _scaled(lead, 1.0 / 6.0)),
                                                                       _scaled(rest, b)))  # fmt: skip
        by_T = _times(by_m, Z)
        put_imaginary(
            out, 1, _times(by_m, T),
            _times(by_T, slopes[0])[1] + ((k1[1] - k3[1]) - 2.0 * (k2[1] - k4[1])) * (1.0 / 6.0) - A[1] * (1.0 / 90.0),
            _times(by_T, slopes[1])[1] + (k2[1] + k3[1] + k5[1] - 0.5 * k1[1] - 2.5 * k4[1]),
            _times(by_T, slopes[2])[1],
        )  # fmt: skip
        # J2
        lead = _plus(_plus(d2, d5), _scaled(d4, -1.0))
        lead = _plus(_scaled(lead, 1.0 / 3.0), _plus(_scaled(d1, -1.0 / 18.0), _scaled(d3, -5.0 / 18.0)))
        by_m = _plus(_plus(_scaled(d2, 0.5), _scaled(d1, -1.0 / 6.0)), _plus(_scaled(d3, -1.0 / 3.0), _times(A, lead)))
        by_T = _times(by_m, Z)
        put_imaginary(
            out, 2, _times(by_m, T),
            _times(by_T, slopes[0])[1]
            + (k2[1] - k4[1] + k5[1]) * (1.0 / 3.0) - k1[1] * (1.0 / 18.0) - k3[1] * (5.0 / 18.0),
            _times(by_T, slopes[1])[1],
            _times(by_T, slopes[2])[1],
        )  # fmt: skip
        put_angle(out, 3, inverse, T, slopes, Z, A, b)

    @kernel(forceinline=True)
    def slopes_of_end(constants, place, Z, inputs, out):
        A, T, _, inverse = common(constants, place, Z, inputs)
        a, b, c = inputs
        slopes = slopes_of_denominator(A, b, c)
        q_a, q_b, d_a, d_b, d_c = slopes_of_numerator(A, b, c)
        sr, si, dr, di = numerator(constants, place, a, b, c, T)
        back = _times((dr, di), T)
        qr, qi = 1.0 + (sr - back[0]), si - back[1]
        turn = _times(Z, inverse)
        by_Z = _times((qr, qi), _times(inverse, inverse))
        by_T = _scaled(_times((qr, qi), _times(turn, turn)), -1.0)
        by_a = _plus(_plus(d_a, _times(q_a, turn)), _times(by_T, slopes[0]))
        by_b = _plus(_plus(d_b, _times(q_b, turn)), _times(by_T, slopes[1]))
        by_c = _plus(d_c, _times(by_T, slopes[2]))
        store_wide(out, 0, by_Z[0])
        store_wide(out, whole, -by_Z[1])
        store_wide(out, 2 * whole, by_a[0])
        store_wide(out, 3 * whole, by_b[0])
        store_wide(out, 4 * whole, by_c[0])
        put_imaginary(out, 1, by_Z, by_a[1], by_b[1], by_c[1])
        put_angle(out, 2, inverse, T, slopes, Z, A, b)

    return slopes_of_moments, slopes_of_end
