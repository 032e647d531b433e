"""Lyapunov exponents of a single region under its own feedback: perturbations orthonormalised at intervals.

Benettin et al., Meccanica 15, 9 (1980), doi:10.1007/BF02128236.
"""

from ngnmm_core.kernels.llvm import advance, align_stack, kernel, lane_sqrt, make_tuple_access, scaled, store
from ngnmm_core.kernels.normal import lane_log
from ngnmm_core.kernels.variational import make_complex_variational, make_variational


def make_lyapunov(derivative, sent, sizes, width):
    """Compiles (at the first call) `run(state, tangents, constants, gains, h, logs)` for one model.

    Arrays as in `ngnmm_core.kernels.variational`, and `logs` as in `make_orthonormalised`.
    """
    return make_orthonormalised(make_variational(derivative, sent, sizes, width), sizes[0], width)


def make_orthonormalised(integrate, states, width):
    """Compiles `run(state, tangents, constants, gains, h, logs)` for any kernel that advances a state and its tangents.

    After each `integrate(state, tangents, constants, gains, h)` the columns of `tangents` [column, state, lane] are
    orthonormalised by the modified Gram-Schmidt method; `logs` [block, column, lane] takes the logarithms of their
    lengths, and its first axis says how many intervals to run.
    """
    load_states, store_states = make_tuple_access(states)

    @kernel(inline="always")
    def dot(a, b):
        total = a[0] * b[0]
        for k in range(1, states):
            total = total + a[k] * b[k]
        return total

    @kernel
    def orthonormalise(tangents, logs, o):
        columns = tangents.size // (states * width)
        for column in range(columns):
            at = column * states * width
            d = load_states(tangents, at, width)
            for earlier in range(column):
                e = load_states(tangents, earlier * states * width, width)
                d = advance(d, -dot(d, e), e)
            length = lane_sqrt(dot(d, d))
            store_states(tangents, at, width, scaled(d, 1.0 / length))
            store(logs, o + column * width, lane_log(length))

    def run(state, tangents, constants, gains, h, logs):
        align_stack()
        per_block = tangents.size // states
        for block in range(logs.size // per_block):
            integrate(state, tangents, constants, gains, h)
            orthonormalise(tangents, logs, block * per_block)

    return kernel(nogil=True)(run)


def make_transverse(derivative, sent, sizes, width):
    """Compiles (at the first call) `run(state, tangents, constants, gains, h, logs)` for one tangent per gain.

    As above, but `tangents` [set, state, lane] are only normalised, each by itself; `logs` [block, set, lane].
    """
    return make_normalised(make_variational(derivative, sent, sizes, width), sizes[0], width)


def make_complex_transverse(derivative, sent, sizes, width):
    """Do the same for complex gains, as in `make_complex_variational`; `tangents` [set, part, state, lane]."""
    return make_normalised(make_complex_variational(derivative, sent, sizes, width), 2 * sizes[0], width)


def make_normalised(integrate, numbers, width):
    """Compiles the same for any kernel that advances a state and tangents of so many `numbers`, normalised only."""
    load_all, store_all = make_tuple_access(numbers)

    @kernel
    def normalise(tangents, logs, o):
        for column in range(tangents.size // (numbers * width)):
            at = column * numbers * width
            d = load_all(tangents, at, width)
            square = d[0] * d[0]
            for k in range(1, numbers):
                square = square + d[k] * d[k]
            length = lane_sqrt(square)
            store_all(tangents, at, width, scaled(d, 1.0 / length))
            store(logs, o + column * width, lane_log(length))

    def run(state, tangents, constants, gains, h, logs):
        align_stack()
        per_block = tangents.size // numbers
        for block in range(logs.size // per_block):
            integrate(state, tangents, constants, gains, h)
            normalise(tangents, logs, block * per_block)

    return kernel(nogil=True)(run)
