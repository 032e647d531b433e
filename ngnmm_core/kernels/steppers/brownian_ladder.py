"""Brownian paths that do not depend on the step: increments and first moments, halved on demand.

Of a path B over an interval of length h a step needs the increment dB and the moment M, the integral of (x - 1/2) dB
with x from 0 to 1: independent normal numbers of variance h and h / 12.  Those of the longest interval are drawn; those
of its halves follow from them and two new numbers, by the conditional distribution of a Gaussian:

    D = dB_2 - dB_1 = 3 M + e,    S = M_1 + M_2 = 2 M - D / 2,    R = M_1 - M_2        var e = h / 4,  var R = h / 12

All numbers follow from (seed, region, level, number of the interval), so a path is the same with every step of the
ladder.  What all regions have in common is a path of its own, in the place of one more region; as all this is linear,
it is enough to mix the numbers.

Levy's construction, with the moment carried along; moments of a Wiener process in a step: Kloeden, Platen
(1992), doi:10.1007/978-3-662-12616-5, section 10.4.
"""

import math

from ngnmm_core.kernels.layout import LEVEL, STEP
from ngnmm_core.kernels.llvm import kernel, load, make_wide, store
from ngnmm_core.kernels.normal import normal_four

LEVELS = 9  # of the ladder: seven steps, and quarters of the shortest
TAG = 56  # bits of the counter below the level
TWELFTH, HALF = math.sqrt(1.0 / 12.0), math.sqrt(0.5)


EVERYWHERE = 2**32 - 1  # in the place of a region: the path that all of them share


def make_numbers(populations, width, shared):
    """`numbers(batch, work, group, region, counter, slot)`: two independent wide lanes of standard normal numbers.

    With `shared` noise they are mixed from the region's own and those that `common(batch, work, group, counter, slot)`
    has kept in a slot of `work.common` [slot, number, population, lane] for all regions.
    """
    load_wide, store_wide, widen, _ = make_wide(populations)
    whole = populations * width

    @kernel(forceinline=True)
    def pair(batch, work, group, region, counter):
        z = normal_four(batch.seed, group * width, region, counter)
        for q in range(populations):
            store(work.scratch, q * width, z[q])
            store(work.scratch, whole + q * width, z[populations + q])
        return load_wide(work.scratch, 0), load_wide(work.scratch, whole)

    @kernel
    def common(batch, work, group, counter, slot):
        first, second = pair(batch, work, group, EVERYWHERE, counter)
        store_wide(work.common, slot * 2 * whole, first)
        store_wide(work.common, (slot * 2 + 1) * whole, second)

    @kernel(forceinline=True)
    def mixed(batch, work, group, region, counter, slot):
        first, second = pair(batch, work, group, region, counter)
        own = widen(load(batch.mixture, group * 2 * width))
        share = widen(load(batch.mixture, (group * 2 + 1) * width))
        first = own * first + share * load_wide(work.common, slot * 2 * whole)
        second = own * second + share * load_wide(work.common, (slot * 2 + 1) * whole)
        return first, second

    @kernel(forceinline=True)
    def alone(batch, work, group, region, counter, slot):
        return pair(batch, work, group, region, counter)

    @kernel(forceinline=True)
    def nothing(batch, work, group, counter, slot):
        """Regions have nothing in common."""

    return (mixed, common) if shared else (alone, nothing)


def make_draw(populations, width, shared):
    """`draw(batch, work, n, finer, piece, fresh)`: increments and moments of this step for all regions.

    They are kept in `brownian` [level, group, region, (dB, M), population, lane], in units of the root of the longest
    interval; the level of the step holds what it needs.  `finer` are the levels that short steps lie below the full
    ones, `piece` is the number of the short step in the full one; `fresh` says that nothing is kept from before.
    """
    load_wide, store_wide, _, _ = make_wide(populations)
    numbers, common = make_numbers(populations, width, shared)
    whole = populations * width

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
            for j in range(lowest, level + 1):
                common(batch, work, group, counter_of(index >> (level - j), j), j)
            for i in range(n):
                here = (group * n + i) * 2 * whole
                root = HALF**lowest
                for j in range(lowest, level + 1):
                    interval = index >> (level - j)
                    at = j * size + here
                    if j == 0:
                        first, second = numbers(batch, work, group, i, interval | (1 << TAG), j)
                        store_wide(work.brownian, at, first)
                        store_wide(work.brownian, at + whole, TWELFTH * second)
                    else:
                        first, second = numbers(batch, work, group, i, (interval >> 1) | ((j + 1) << TAG), j)
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


@kernel
def counter_of(interval, level):
    """Give the number of the draw for an interval: both halves of one are drawn together."""
    return (interval >> (1 if level > 0 else 0)) | ((level + 1) << TAG)
