"""Standard normal numbers in lanes: Box and Muller's transform of counter-based uniform numbers.

Box, Muller, Ann. Math. Stat. 29, 610 (1958), doi:10.1214/aoms/1177706645.
"""

import math

from ngnmm_core.kernels.llvm import kernel, lane_round, lane_select, lane_split_exponent, lane_sqrt, philox_uniforms

TWO_PI = 2.0 * math.pi
HALF_ROOT = math.sqrt(0.5)
# Taylor coefficients of sin and cos up to pi/4, and of the logarithm by atanh: errors below 1e-15
SIN = tuple((-1.0) ** k / math.factorial(2 * k + 1) for k in range(8))
COS = tuple((-1.0) ** k / math.factorial(2 * k) for k in range(9))
ATANH = tuple(1.0 / (2 * k + 1) for k in range(11))


@kernel(inline="always")
def lane_log(x):
    """Natural logarithm per lane, for normal numbers > 0."""
    m, e = lane_split_exponent(x)
    small = m < HALF_ROOT
    m = lane_select(small, m + m, m)
    e = lane_select(small, e - 1.0, e)
    t = (m - 1.0) / (m + 1.0)
    u = t * t
    series = u * ATANH[10] + ATANH[9]
    series = series * u + ATANH[8]
    series = series * u + ATANH[7]
    series = series * u + ATANH[6]
    series = series * u + ATANH[5]
    series = series * u + ATANH[4]
    series = series * u + ATANH[3]
    series = series * u + ATANH[2]
    series = series * u + ATANH[1]
    series = series * u + ATANH[0]
    return 2.0 * t * series + e * math.log(2.0)


@kernel(inline="always")
def lane_sin_cos_turn(turns):
    """Sine and cosine of 2 pi times a number of turns in [0, 1)."""
    quarter = lane_round(turns * 4.0)
    x = (turns * 4.0 - quarter) * (TWO_PI / 4.0)
    u = x * x
    s = u * SIN[7] + SIN[6]
    s = s * u + SIN[5]
    s = s * u + SIN[4]
    s = s * u + SIN[3]
    s = s * u + SIN[2]
    s = s * u + SIN[1]
    s = (s * u + SIN[0]) * x
    c = u * COS[8] + COS[7]
    c = c * u + COS[6]
    c = c * u + COS[5]
    c = c * u + COS[4]
    c = c * u + COS[3]
    c = c * u + COS[2]
    c = c * u + COS[1]
    c = c * u + COS[0]
    # `quarter` right angles remain, 0 to 4: an odd number swaps sine and cosine, and the signs go around
    odd = (quarter - 2.0) * (quarter - 2.0)
    swap = lane_select(odd < 2.0, odd, 0.0)
    sine, cosine = lane_select(swap > 0.5, c, s), lane_select(swap > 0.5, s, c)
    sine_sign = lane_select(quarter > 3.5, 1.0, lane_select(quarter > 1.5, quarter * 0.0 - 1.0, 1.0))
    cosine_sign = lane_select(quarter > 2.5, 1.0, lane_select(quarter > 0.5, quarter * 0.0 - 1.0, 1.0))
    return sine * sine_sign, cosine * cosine_sign


@kernel(inline="always")
def normal_pair(seeds, offset, region, step):
    """Two lanes of standard normal numbers that depend on (seed, region, step) alone."""
    radius, angle, _, _ = philox_uniforms(seeds, offset, region, step)
    length = lane_sqrt(-2.0 * lane_log(radius))
    sine, cosine = lane_sin_cos_turn(angle)
    return length * cosine, length * sine


@kernel(inline="always")
def normal_four(seeds, offset, region, step):
    """Four lanes of standard normal numbers; the first two are those of `normal_pair`."""
    radius, angle, second_radius, second_angle = philox_uniforms(seeds, offset, region, step)
    length, second_length = lane_sqrt(-2.0 * lane_log(radius)), lane_sqrt(-2.0 * lane_log(second_radius))
    sine, cosine = lane_sin_cos_turn(angle)
    second_sine, second_cosine = lane_sin_cos_turn(second_angle)
    return length * cosine, length * sine, second_length * second_cosine, second_length * second_sine
