"""Steps along a trajectory that are short where the region is fast: short in bursts, long between them.

The step is `share / rate`, where rate^2 = max |J_ij J_ji| over the entries of the Jacobian J: the rate of a single
state on the diagonal, of an oscillation between two states off it, whatever the states' units.
"""

from ngnmm_core.kernels.dual import dual, make_seed
from ngnmm_core.kernels.inline import inlined
from ngnmm_core.kernels.isolated import make_isolated
from ngnmm_core.kernels.llvm import align_stack, kernel, lane_select, lane_sqrt, load, make_tuple_access, store


def make_mesh(derivative, sent, sizes, width):
    """Compiles (at the first call) `run(state, constants, gain, limits, work, h)`.

    Arrays as in `ngnmm_core.kernels.variational`; `gain` [lane]; `limits` [3, lane]: how long to run in ms, the share,
    and the longest step.  The steps go to `h` [step, lane], with zeros after the last one of a lane; `work` has
    (2 states^2 + 1) lanes, the first states^2 of which hold the identity matrix.
    """
    states, coefficients, drives = sizes
    stages, *_ = make_isolated(derivative, sent, states)
    derivative, sent = inlined(derivative), inlined(sent)
    seed, tangents_of = make_seed(states)
    load_states, store_states = make_tuple_access(states)
    load_coefficients, _ = make_tuple_access(coefficients)
    load_drives, _ = make_tuple_access(drives)

    @kernel
    def jacobian(x, drive, fixed, gain, work):
        for k in range(states):
            pair = seed(x, load_states(work, k * states * width, width))
            signal = sent(pair, fixed)
            coupling = dual(gain * signal.value, gain * signal.tangent)
            column = tangents_of(derivative(pair, drive, fixed, coupling))
            store_states(work, (states + k) * states * width, width, column)

    @kernel
    def fastest(work):
        largest = load(work, states * states * width) * 0.0
        first = states * states
        for i in range(states):
            for j in range(i + 1):
                one = load(work, (first + i * states + j) * width) * load(work, (first + j * states + i) * width)
                one = lane_select(one < 0.0, -one, one)
                largest = lane_select(one > largest, one, largest)
        return lane_sqrt(largest)

    def run(state, constants, gain, limits, work, h):
        align_stack()
        fixed = load_coefficients(constants, 0, width)
        drive = load_drives(constants, coefficients * width, width)
        own, left, share, longest = load(gain, 0), load(limits, 0), load(limits, width), load(limits, 2 * width)
        x = load_states(state, 0, width)
        for k in range(h.size // width):
            jacobian(x, drive, fixed, own, work)
            step = share / fastest(work)
            step = lane_select(step < longest, step, longest)
            step = lane_select(step < left, step, left)
            store(h, k * width, step)
            left = left - step
            _, x = stages(x, step, drive, fixed, own)
            store(work, 2 * states * states * width, left)
            open_lanes = 0
            for lane in range(width):
                open_lanes += work[2 * states * states * width + lane] > 0.0
            if open_lanes == 0:
                break
        store_states(state, 0, width, x)

    return kernel(nogil=True)(run)
