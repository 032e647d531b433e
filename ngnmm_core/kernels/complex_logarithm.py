"""Logarithm of complex numbers in lanes: half the logarithm of the squared modulus, and the angle in (-pi, pi].

Both are reduced to a small argument by one division each, which callers may share among several (`half_log_of`,
`reduced_angle`, `angle_of`).  Polynomials interpolate at Chebyshev nodes; errors stay below 1e-14 in double precision.
Even and odd powers are summed apart, so that half as many sums wait for each other.
"""

import math

from ngnmm_core.kernels.llvm import kernel, lane_abs, lane_select, lane_split_near_one

# (atanh(t) - t) / t^3 and (atan(q) - q) / q^3 as polynomials in the square, for |t| <= 0.172 and |q| <= tan(pi/8)
ATANH = (
    0.3333333333333104, 0.20000000005603252, 0.14285712069162146, 0.11111431140049681, 0.09070096901554592,
    0.0831090857542855,
)  # fmt: skip
ATAN = (
    -0.3333333333333093, 0.19999999997724885, -0.14285713930378505, 0.11111089649208761, -0.09090255952647672,
    0.07681045202292641, -0.06550907304894063, 0.05168834927568634, -0.02723288395358527,
)  # fmt: skip
# the same in single precision, where fewer terms do: errors below 3e-9
ATANH_SINGLE = (0.3333334265957094, 0.19994333210235285, 0.1479255861039794)
ATAN_SINGLE = (
    -0.3333333176116646, 0.19999540483521383, -0.14263955595612887, 0.10743731473684331, -0.06451928165960509,
)  # fmt: skip
TAN_22_5 = math.sqrt(2.0) - 1.0
HALF_LOG_2 = 0.5 * math.log(2.0)
QUARTER, HALF, WHOLE = 0.25 * math.pi, 0.5 * math.pi, math.pi


@kernel(forceinline=True)
def half_log_of(t):
    """Half the logarithm of (1 + t) / (1 - t)."""
    u = t * t
    w = u * u
    series = ((ATANH[5] * w + ATANH[3]) * w + ATANH[1]) * u + ((ATANH[4] * w + ATANH[2]) * w + ATANH[0])
    return t + t * (u * series)


@kernel(forceinline=True)
def half_log_of_single(t):
    """Half the logarithm of (1 + t) / (1 - t), in single precision."""
    u = t * t
    series = u * ATANH_SINGLE[2] + ATANH_SINGLE[1]
    series = series * u + ATANH_SINGLE[0]
    return t + t * (u * series)


@kernel(forceinline=True)
def half_log(square):
    """Half the natural logarithm of normal numbers > 0."""
    m, exponent = lane_split_near_one(square)
    return exponent * HALF_LOG_2 + half_log_of((m - 1.0) / (m + 1.0))


@kernel(forceinline=True)
def reduced_angle(x, y):
    """Numerator and denominator of a tangent of at most 22.5 degrees, and how the angle of x + i y differs: masks.

    y must not be negative.
    """
    a = lane_abs(x)
    steep = a < y
    small, large = lane_select(steep, a, y), lane_select(steep, y, a)
    wide = large * TAN_22_5 < small
    return lane_select(wide, small - large, small), lane_select(wide, small + large, large), steep, wide


@kernel(forceinline=True)
def angle_of(q, steep, wide, x):
    """Return the angle whose reduced tangent is q."""
    u = q * q
    w = u * u
    odd = ((ATAN[7] * w + ATAN[5]) * w + ATAN[3]) * w + ATAN[1]
    series = odd * u + ((((ATAN[8] * w + ATAN[6]) * w + ATAN[4]) * w + ATAN[2]) * w + ATAN[0])
    return _unfolded(q + q * (u * series), steep, wide, x)


@kernel(forceinline=True)
def angle_of_single(q, steep, wide, x):
    """Return the angle whose reduced tangent is q, in single precision."""
    u = q * q
    series = u * ATAN_SINGLE[4] + ATAN_SINGLE[3]
    series = series * u + ATAN_SINGLE[2]
    series = series * u + ATAN_SINGLE[1]
    series = series * u + ATAN_SINGLE[0]
    return _unfolded(q + q * (u * series), steep, wide, x)


@kernel(forceinline=True)
def _unfolded(turned, steep, wide, x):
    """Return the angle that has been reduced to `turned`."""
    turned = lane_select(wide, turned + QUARTER, turned)
    turned = lane_select(steep, HALF - turned, turned)
    return lane_select(x < 0.0, WHOLE - turned, turned)


@kernel(forceinline=True)
def angle(x, y):
    """Compute the angle of x + i y with y >= 0, in [0, pi]."""
    above, below, steep, wide = reduced_angle(x, y)
    return angle_of(above / below, steep, wide, x)
