"""Steps along a trajectory that all have about the same error: short in bursts, long between them.

The error of a step is how far its result is from that of two steps of half the size, relative to the size of the states
and of their change.  A step is guessed from the one before, and mended twice by the error that it would have.

Error by halving the step: Hairer, Norsett, Wanner, Solving Ordinary Differential Equations I (1993),
doi:10.1007/978-3-540-78862-1, section II.4.
"""

from ngnmm_core.kernels.isolated import make_isolated
from ngnmm_core.kernels.lanes import lane_exp
from ngnmm_core.kernels.llvm import align_stack, kernel, lane_select, load, make_tuple_access, store
from ngnmm_core.kernels.normal import lane_log
from ngnmm_core.kernels.steppers.luther import ORDER

FIRST = 0.08  # of the longest step: the first one before it is mended
MENDED = 2  # times: a third changes the number of steps by less than a hundredth
CHANGE = 3.0  # at most, each time: the order of the error holds near the step that it was measured with
TINY = 1e-12  # in the unit of a state: states that are zero have no relative error


def make_mesh(derivative, sent, sizes, width):
    """Compiles (at the first call) `run(state, constants, gain, limits, work, h)`.

    Arrays as in `ngnmm_core.kernels.variational`; `gain` [lane]; `limits` [3, lane]: how long to run in ms, the error
    of a step, and the longest step.  The steps go to `h` [step, lane], with zeros after the last one of a lane; `work`
    has (3 states + 1) lanes.
    """
    states, coefficients, drives = sizes
    stages, *_ = make_isolated(derivative, sent, states)
    load_states, store_states = make_tuple_access(states)
    load_coefficients, _ = make_tuple_access(coefficients)
    load_drives, _ = make_tuple_access(drives)
    power, widest = 1.0 / (ORDER + 1), CHANGE ** (ORDER + 1)

    @kernel
    def stepped(x, step, drive, fixed, gain):
        _, end = stages(x, step, drive, fixed, gain)
        return end

    @kernel
    def magnitude(x):
        return lane_select(x < 0.0, -x, x)

    @kernel
    def error(x, whole, halves, work):
        """Return the largest relative error over the states, [lane]."""
        store_states(work, 0, width, x)
        store_states(work, states * width, width, whole)
        store_states(work, 2 * states * width, width, halves)
        largest = load(work, 0) * 0.0
        for k in range(states):
            before, one, two = (
                load(work, k * width),
                load(work, (states + k) * width),
                load(work, (2 * states + k) * width),
            )
            size = magnitude(before) + magnitude(two - before)
            size = lane_select(size > TINY, size, TINY)
            relative = magnitude(one - two) / size
            largest = lane_select(relative <= largest, largest, relative)  # keeps what is not a number
        return largest

    @kernel
    def mended(step, miss, wanted):
        ratio = wanted / (miss + wanted / widest)
        ratio = lane_select(ratio > 1.0 / widest, ratio, 1.0 / widest)  # also where the error is not a number
        return step * lane_exp(power * lane_log(ratio))

    def run(state, constants, gain, limits, work, h):
        align_stack()
        fixed = load_coefficients(constants, 0, width)
        drive = load_drives(constants, coefficients * width, width)
        own, left, wanted, longest = load(gain, 0), load(limits, 0), load(limits, width), load(limits, 2 * width)
        x = load_states(state, 0, width)
        step = longest * FIRST
        for k in range(h.size // width):
            for _ in range(MENDED):
                whole = stepped(x, step, drive, fixed, own)
                half = stepped(x, 0.5 * step, drive, fixed, own)
                step = mended(step, error(x, whole, stepped(half, 0.5 * step, drive, fixed, own), work), wanted)
            step = lane_select(step < longest, step, longest)
            taken = lane_select(step < left, step, left)
            store(h, k * width, taken)
            left = left - taken
            x = stepped(x, taken, drive, fixed, own)
            store(work, 3 * states * width, left)
            open_lanes = 0
            for lane in range(width):
                open_lanes += work[3 * states * width + lane] > 0.0
            if open_lanes == 0:
                break
        store_states(state, 0, width, x)

    return kernel(nogil=True)(run)
