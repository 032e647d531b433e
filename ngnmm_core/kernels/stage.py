"""One stage of a method that evaluates the coupling at every stage: the pass over all regions of rk4 and heun."""

from ngnmm_core.kernels.llvm import align_stack, kernel, load, make_tuple_access, store
from ngnmm_core.kernels.region_parameters import make_region_parameters
from ngnmm_core.kernels.steppers.history import make_receiver


def make_stage(equations, rows, width, update):
    """`stage(batch, stimuli, work, weights, buffers, h, when)`: slopes at one buffer of states, update of another.

    `buffers` are (states to evaluate at, states to write, what these regions send, what the new ones send).
    `update(batch, work, where, out, values, slope, h)` writes the new states of one region to `out` and returns them;
    `where` is (group, region, position in [group, region, lane], position in the states).
    """
    receive, received = make_receiver(equations, rows, width, rows * equations.states)
    load_states, _ = make_tuple_access(equations.states)
    shared, of_region = make_region_parameters(equations, width)
    derivative, sent, drive_at, waves_at = equations.derivative, equations.sent, equations.drive_at, equations.waves_at
    states = equations.states

    @kernel
    def stage(batch, stimuli, work, weights, buffers, h, when):
        align_stack()
        source, out, signal, signal_next = buffers
        n = weights.regions
        groups = batch.gain.size // (n * width)
        for block in range((n + rows - 1) // rows):
            first = block * rows
            last = min(first + rows, n)
            for group in range(groups):
                ahead = (group * n + first) * states * width
                receive(weights, work, first, signal, group * n * width, ((source, batch.state, out), ahead))
                together = shared(batch, group, n)
                waves_at(stimuli, work, (group, groups), when, 0)
                for i in range(first, last):
                    here = (group * n + i) * width
                    o = here * states
                    constants, base = of_region(batch, group * n + i, together)
                    coupling = load(batch.gain, here) * received(work, i - first, here)
                    drive = drive_at(base, stimuli, work, (group, i, n), 0)
                    values = load_states(source, o, width)
                    slope = derivative(values, drive, constants, coupling)
                    new = update(batch, work, (group, i, here, o), out, values, slope, h)
                    store(signal_next, here, load(batch.mask, here) * sent(new, constants))

    return stage
