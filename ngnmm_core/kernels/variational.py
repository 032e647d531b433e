"""A single region under its own feedback, together with small perturbations of it: the variational equations.

Derivatives by dual numbers: Griewank, Walther, Evaluating Derivatives (2008), doi:10.1137/1.9780898717761.
"""

from ngnmm_core.kernels.isolated import make_isolated
from ngnmm_core.kernels.llvm import align_stack, kernel, load, make_tuple_access


def make_variational(derivative, sent, sizes, width):
    """Compiles (at the first call) `integrate(state, tangents, constants, gains, h)`.

    `sizes` are the numbers of states, coefficients and drives.  Flat arrays: `state` [state, lane], `tangents`
    [set, column, state, lane], both overwritten; `constants` [coefficient and then drive, lane]; `gains` [1 + set,
    lane], the gain of the state and then that of each set of tangents; `h` [step, lane], the lengths of the steps in
    ms.  A step of length zero leaves its lane as it is, to the bit: lanes may take different numbers of steps.
    """
    return _make(derivative, sent, sizes, width, 1)


def make_complex_variational(derivative, sent, sizes, width):
    """Do the same for complex gains of the tangents: `tangents` [set, column, part, state, lane], `gains` [1 + 2 set,
    lane], where the real part comes before the imaginary part.
    """
    return _make(derivative, sent, sizes, width, 2)


def _make(derivative, sent, sizes, width, parts):
    states, coefficients, drives = sizes
    stages, real, complex_ = make_isolated(derivative, sent, states)
    propagated = real if parts == 1 else complex_
    load_states, store_states = make_tuple_access(states)
    load_tangent, store_tangent = make_tuple_access(parts * states)
    load_coefficients, _ = make_tuple_access(coefficients)
    load_drives, _ = make_tuple_access(drives)
    load_gains, _ = make_tuple_access(parts)

    def integrate(state, tangents, constants, gains, h):
        align_stack()
        fixed = load_coefficients(constants, 0, width)
        drive = load_drives(constants, coefficients * width, width)
        gain = load(gains, 0)
        sets = (gains.size // width - 1) // parts
        each = parts * states * width
        columns = tangents.size // (sets * each)
        x = load_states(state, 0, width)
        for k in range(h.size // width):
            step = load(h, k * width)
            at, x = stages(x, step, drive, fixed, gain)
            for some in range(sets):
                all_gains = (gain, *load_gains(gains, (1 + some * parts) * width, width))
                for column in range(columns):
                    o = (some * columns + column) * each
                    d = load_tangent(tangents, o, width)
                    store_tangent(tangents, o, width, propagated(at, d, step, drive, fixed, all_gains))
        store_states(state, 0, width, x)

    return kernel(nogil=True)(integrate)
