"""Maps a function of a region's states over samples: firing rates, order parameters and other observables.

Sums over samples are taken as the values are made, which are then never written.
"""

from ngnmm_core.kernels.inline import inlined
from ngnmm_core.kernels.llvm import kernel, load, make_tuple_access, store

TILE = 16  # regions at once, whose sums stay in the fastest cache


def make_observer(function, states: int, coefficients: int, width: int, regional: bool = False):
    """`observe(samples, step, constants, regions, out)` for a plain `function(states, coefficients)`.

    `samples` is flat [sample, group, region, state, lane], of which every `step`-th is looked at, `constants`
    [group, coefficient, lane], `out` [sample, group, region, lane].  If `regional`, `constants` are
    [group, region, coefficient, lane].
    """
    load_states, _ = make_tuple_access(states)
    load_coefficients, _ = make_tuple_access(coefficients)
    evaluate = inlined(function)

    def observe(samples, step, constants, regions, out):
        groups = constants.size // (coefficients * width)
        if regional:
            groups //= regions
        for sample in range(out.size // (groups * regions * width)):
            for group in range(groups):
                fixed = load_coefficients(constants, group * coefficients * width, width)
                for region in range(group * regions, (group + 1) * regions):
                    if regional:
                        fixed = load_coefficients(constants, region * coefficients * width, width)
                    there = sample * step * groups * regions + region
                    here = sample * groups * regions + region
                    store(out, here * width, evaluate(load_states(samples, there * states * width, width), fixed))

    return kernel(nogil=True)(observe)


def make_sums(functions: tuple, states: int, coefficients: int, width: int, regional: bool = False):
    """`add(samples, constants, regions, pivot, total, squares)` for plain `functions(states, coefficients)`.

    Adds the deviations of their values from `pivot`, and the squares of these, in the order of the samples; the last
    three are flat [group, region, function, lane] of float64, which the samples must be as well.
    """
    load_states, _ = make_tuple_access(states)
    load_coefficients, _ = make_tuple_access(coefficients)
    add_all, count = _adding(functions, width), len(functions)

    def add(samples, constants, regions, pivot, total, squares):
        every = pivot.size // (count * width)  # region of every group
        for first in range(0, every, regions):
            fixed = load_coefficients(constants, first // regions * coefficients * width, width)
            for tile in range(first, first + regions, TILE):
                for sample in range(samples.size // (every * states * width)):
                    for region in range(tile, min(tile + TILE, first + regions)):
                        if regional:
                            fixed = load_coefficients(constants, region * coefficients * width, width)
                        here = load_states(samples, (sample * every + region) * states * width, width)
                        add_all(here, fixed, pivot, total, squares, region * count * width)

    return kernel(nogil=True)(add)


def _adding(functions: tuple, width: int):
    """Give a function that adds the values of all `functions` at one sample of one region, from a place on."""
    evaluate = inlined(functions[0])

    def add_first(states, fixed, pivot, total, squares, place):
        deviation = evaluate(states, fixed) - load(pivot, place)
        store(total, place, load(total, place) + deviation)
        store(squares, place, load(squares, place) + deviation * deviation)

    add_first = kernel(inline="always")(add_first)
    if len(functions) == 1:
        return add_first
    add_others = _adding(functions[1:], width)

    def add_all(states, fixed, pivot, total, squares, place):
        add_first(states, fixed, pivot, total, squares, place)
        add_others(states, fixed, pivot, total, squares, place + width)

    return kernel(inline="always")(add_all)
