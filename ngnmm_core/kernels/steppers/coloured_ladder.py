"""Coloured noise on the ladder of steps: values and integrals of Ornstein-Uhlenbeck paths, halved on demand.

As in `brownian_ladder`, the numbers of the longest interval are drawn and those of its halves follow from them and two
new numbers, so a path is the same with every step of the ladder.  Given its values L and R at the ends of an interval
and its integral I, the process inside does not depend on what lies outside; so

    value in the middle, integral over the first half = linear in (L, R, I) + two normal numbers

with the weights of `ngnmm_core.simulation.noise`, which are exact.  A step needs I, and the first moment, for which the
expectation m (R - L) given L, R and I is taken: what is left of it has a variance of h^3 / (720 tau^2).
"""

from ngnmm_core.kernels.layout import LEVEL, STEP
from ngnmm_core.kernels.llvm import kernel, load, make_wide
from ngnmm_core.kernels.steppers.brownian_ladder import LEVELS, counter_of, make_numbers

CONSTANTS, DEVIATION, MOMENT = 11, 9, 10  # of a level, and the places of the last two
NUMBERS = 4  # that are kept: the integral, the moment, the values at the start and at the end
FIRST = LEVELS  # in the place of a level: the numbers of the value at the start of the simulation


def make_draw(populations, width, shared):
    """`draw(batch, work, n, finer, piece, fresh)`: integrals and moments of this step for all regions.

    They are kept in `brownian` [level, group, region, (I, M, L, R), population, lane], in units of `longest_ms` to the
    powers 1/2 and -1/2; all levels are needed from step to step.  `finer` and `piece` are as in `brownian_ladder`.
    """
    load_wide, store_wide, widen, _ = make_wide(populations)
    numbers, common = make_numbers(populations, width, shared)
    whole = populations * width

    @kernel(forceinline=True)
    def constant(work, group, level, k):
        return widen(load(work.colour, ((group * LEVELS + level) * CONSTANTS + k) * width))

    @kernel(forceinline=True)
    def longest(batch, work, where, at, counter, begins):
        """Values and integral over a whole interval of the ladder, from its start."""
        group, region = where
        first, second = numbers(batch, work, group, region, counter, 0)
        left = load_wide(work.brownian, at + 3 * whole)
        if begins:
            start, _ = numbers(batch, work, group, region, counter_of(0, FIRST), FIRST)
            left = constant(work, group, 0, DEVIATION) * start
        right = constant(work, group, 0, 0) * left + constant(work, group, 0, 2) * first
        integral = constant(work, group, 0, 1) * left + constant(work, group, 0, 3) * first
        return left, right, integral + constant(work, group, 0, 4) * second

    @kernel(forceinline=True)
    def half(batch, work, where, above, level, interval):
        """Values and integral over the first or second half of what is kept at `above`."""
        group, region = where
        first, second = numbers(batch, work, group, region, counter_of(interval, level), level)
        whole_integral = load_wide(work.brownian, above)
        left, right = load_wide(work.brownian, above + 2 * whole), load_wide(work.brownian, above + 3 * whole)
        middle = constant(work, group, level, 0) * left + constant(work, group, level, 1) * right
        middle = middle + constant(work, group, level, 2) * whole_integral + constant(work, group, level, 6) * first
        integral = constant(work, group, level, 3) * left + constant(work, group, level, 4) * right
        integral = integral + constant(work, group, level, 5) * whole_integral
        integral = integral + constant(work, group, level, 7) * first + constant(work, group, level, 8) * second
        if interval % 2 == 1:
            return middle, right, whole_integral - integral
        return left, middle, integral

    @kernel
    def draw(batch, work, n, finer, piece, fresh):
        level = work.counters[LEVEL] + finer
        index = (work.counters[STEP] << finer) + piece
        size = batch.gain.size // width * NUMBERS * whole
        lowest, number = level, index
        while lowest > 0 and number % 2 == 0:
            number >>= 1
            lowest -= 1
        for group in range(batch.gain.size // (n * width)):
            for j in range(lowest, level + 1):
                common(batch, work, group, counter_of(index >> (level - j), j), j)
            if index == 0:
                common(batch, work, group, counter_of(0, FIRST), FIRST)
            for i in range(n):
                for j in range(lowest, level + 1):
                    interval = index >> (level - j)
                    at = j * size + (group * n + i) * NUMBERS * whole
                    if j == 0:
                        counter = counter_of(interval, 0)
                        left, right, integral = longest(batch, work, (group, i), at, counter, index == 0)
                    else:
                        left, right, integral = half(batch, work, (group, i), at - size, j, interval)
                    store_wide(work.brownian, at, integral)
                    store_wide(work.brownian, at + whole, constant(work, group, j, MOMENT) * (right - left))
                    store_wide(work.brownian, at + 2 * whole, left)
                    store_wide(work.brownian, at + 3 * whole, right)

    return draw
