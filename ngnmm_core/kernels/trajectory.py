"""Trajectories of a single region under its own feedback, eight points side by side."""

from ngnmm_core.kernels.isolated import make_isolated
from ngnmm_core.kernels.llvm import align_stack, kernel, load, make_tuple_access


def make_trajectory(derivative, sent, sizes, width):
    """Compiles (at the first call) `run(state, constants, gain, h, every, samples)`.

    Arrays as in `ngnmm_core.kernels.variational`; `gain` [lane].  The state is overwritten, and its value after every
    `every` steps goes to `samples` [sample, state, lane], whose first axis says how many to take.  `h` holds one step
    [lane], or the steps of every sample [sample, lane].
    """
    states, coefficients, drives = sizes
    stages, *_ = make_isolated(derivative, sent, states)
    load_states, store_states = make_tuple_access(states)
    load_coefficients, _ = make_tuple_access(coefficients)
    load_drives, _ = make_tuple_access(drives)

    def run(state, constants, gain, h, every, samples):
        align_stack()
        fixed = load_coefficients(constants, 0, width)
        drive = load_drives(constants, coefficients * width, width)
        own, step = load(gain, 0), load(h, 0)
        one = h.size == width
        x = load_states(state, 0, width)
        for sample in range(samples.size // (states * width)):
            if not one:
                step = load(h, sample * width)
            for _ in range(every):
                _, x = stages(x, step, drive, fixed, own)
            store_states(samples, sample * states * width, width, x)
        store_states(state, 0, width, x)

    return kernel(nogil=True)(run)
