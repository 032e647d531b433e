"""Maps a function of a region's states over samples: firing rates, order parameters and other observables."""

from ngnmm_core.kernels.inline import inlined
from ngnmm_core.kernels.llvm import kernel, make_tuple_access, store


def make_observer(function, states: int, coefficients: int, width: int, regional: bool = False):
    """`observe(samples, constants, regions, out)` for a plain `function(states, coefficients)`.

    `samples` is flat [sample, group, region, state, lane], `constants` [group, coefficient, lane],
    `out` [sample, group, region, lane].  If `regional`, `constants` are [group, region, coefficient, lane].
    """
    load_states, _ = make_tuple_access(states)
    load_coefficients, _ = make_tuple_access(coefficients)
    evaluate = inlined(function)

    def observe(samples, constants, regions, out):
        groups = constants.size // (coefficients * width)
        if regional:
            groups //= regions
        for sample in range(out.size // (groups * regions * width)):
            for group in range(groups):
                fixed = load_coefficients(constants, group * coefficients * width, width)
                first = (sample * groups + group) * regions
                for here in range(first, first + regions):
                    if regional:
                        place = group * regions + here - first
                        fixed = load_coefficients(constants, place * coefficients * width, width)
                    store(out, here * width, evaluate(load_states(samples, here * states * width, width), fixed))

    return kernel(nogil=True)(observe)
