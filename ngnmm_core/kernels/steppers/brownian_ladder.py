"""Brownian paths that do not depend on the step: increments and first moments, halved on demand.

Of a path B over an interval of length h a step needs the increment dB and the moment M, the integral of (x - 1/2) dB
with x from 0 to 1: independent normal numbers of variance h and h / 12.  Those of the longest interval are drawn; those
of its halves follow from them and two new numbers, by the conditional distribution of a Gaussian:

    D = dB_2 - dB_1 = 3 M + e,    S = M_1 + M_2 = 2 M - D / 2,    R = M_1 - M_2        var e = h / 4,  var R = h / 12

All numbers follow from (seed, region, level, number of the interval), so a path is the same with every step of the
ladder.  Levy's construction, with the moment carried along; moments of a Wiener process in a step: Kloeden, Platen
(1992), doi:10.1007/978-3-662-12616-5, section 10.4.
"""

import math

from ngnmm_core.kernels.layout import LEVEL, STEP
from ngnmm_core.kernels.llvm import kernel, make_wide, store
from ngnmm_core.kernels.normal import normal_four

LEVELS = 9  # of the ladder: seven steps, and quarters of the shortest
TAG = 56  # bits of the counter below the level
TWELFTH, HALF = math.sqrt(1.0 / 12.0), math.sqrt(0.5)


def make_draw(populations, width):
    """`draw(batch, work, n, finer, piece, fresh)`: increments and moments of this step for all regions.

    They are kept in `brownian` [level, group, region, (dB, M), population, lane], in units of the root of the longest
    interval; the level of the step holds what it needs.  `finer` are the levels that short steps lie below the full
    ones, `piece` is the number of the short step in the full one; `fresh` says that nothing is kept from before.
    """
    load_wide, store_wide, _, _ = make_wide(populations)
    whole = populations * width

    @kernel(forceinline=True)
    def numbers(batch, work, group, region, counter):
        """Two independent wide lanes of standard normal numbers."""
        z = normal_four(batch.seed, group * width, region, counter)
        for q in range(populations):
            store(work.scratch, q * width, z[q])
            store(work.scratch, whole + q * width, z[populations + q])
        return load_wide(work.scratch, 0), load_wide(work.scratch, whole)

    @kernel
    def draw(batch, work, n, finer, piece, fresh):
        level = work.counters[LEVEL] + finer
        index = (work.counters[STEP] << finer) + piece
        size = batch.gain.size // width * 2 * whole
        lowest, number = level, index
        while lowest > 0 and (fresh or number % 2 == 0):
            number >>= 1
            lowest -= 1
        for group in range(batch.gain.size // (n * width)):
            for i in range(n):
                here = (group * n + i) * 2 * whole
                root = HALF**lowest
                for j in range(lowest, level + 1):
                    interval = index >> (level - j)
                    at = j * size + here
                    if j == 0:
                        first, second = numbers(batch, work, group, i, interval | (1 << TAG))
                        store_wide(work.brownian, at, first)
                        store_wide(work.brownian, at + whole, TWELFTH * second)
                    else:
                        first, second = numbers(batch, work, group, i, (interval >> 1) | ((j + 1) << TAG))
                        above = at - size
                        dB, M = load_wide(work.brownian, above), load_wide(work.brownian, above + whole)
                        root_above = root / HALF
                        D = 3.0 * M + (0.5 * root_above) * first
                        S, R = 2.0 * M - 0.5 * D, (TWELFTH * root_above) * second
                        sign = 2.0 * (interval & 1) - 1.0
                        store_wide(work.brownian, at, 0.5 * (dB + sign * D))
                        store_wide(work.brownian, at + whole, 0.5 * (S - sign * R))
                    root *= HALF

    return draw
