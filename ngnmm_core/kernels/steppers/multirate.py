"""A multirate method: the coupling is evaluated once per step and extrapolated, each region is integrated on its own.

What a region receives is a sum over many synapses and smooth on the scale of the step, while the region itself has
bursts that are a hundred times faster.  So the coupling inside a step is the polynomial through its values at the
start of this and the steps before, and every region takes `substeps` steps of Luther's sixth-order method with
it.  The first values are collected with Runge-Kutta steps of a sixteenth of the size.

The first volley takes steps of a quarter of the size (`volley`).

In single precision the change over a step is summed up by itself, and what rounding leaves out of the new state is
added to the next change (Kahan's compensated summation, doi:10.1145/363707.363723).

With conduction delays what a region has sent is kept, with its means over steps, so the mean of the coupling over a
step is known before it is taken: the polynomial has this mean and those of the steps before, and every start has a
past.  What is sent in the step itself, by regions that are nearer than that, is extrapolated (`history`).

A jump of the input between two steps needs no new start: two synapses and a rate lie between it and the coupling, whose
second derivative is still continuous (measured: an error of 1e-9 after a jump of 5 in I_ext_e).

Multirate methods: Gear, Wells, BIT 24, 484 (1984), doi:10.1007/BF01934907.  Luther's method: Math. Comp. 22, 434
(1968), doi:10.1090/S0025-5718-68-99876-1.
"""

import numpy as np

from ngnmm_core.kernels.layout import FILLED, POSITION, STEP, SUBSTEPS
from ngnmm_core.kernels.llvm import (
    advance,
    align_stack,
    kernel,
    load,
    make_dot,
    make_ring_access,
    make_row_products,
    make_tuple_access,
    store,
)
from ngnmm_core.kernels.region_parameters import make_region_parameters
from ngnmm_core.kernels.spikes import make_tally
from ngnmm_core.kernels.steppers import luther, rk4
from ngnmm_core.kernels.steppers.delayed_coupling import make_coupling
from ngnmm_core.kernels.steppers.history import make_receiver
from ngnmm_core.kernels.steppers.riccati_constants import mean_moments
from ngnmm_core.kernels.steppers.volley import VOLLEY_PIECES, make_volleys, publish_nothing

# Values of the coupling that the polynomial goes through, by lanes: in single precision (16) its weights must be small,
# or they amplify the rounding errors.
PAST = {8: 8, 16: 5}
SINGLE = 16  # lanes in single precision, where states are summed up with what rounding has left out of them
STARTING_STEPS = 16  # Runge-Kutta steps in a step of the start
INNER = len(luther.INNER)


def fractions(substeps: int) -> np.ndarray:
    """Nodes of a step at which coupling and drives are needed: the start, then the inner nodes of every substep."""
    inner = (np.arange(substeps)[:, None] + luther.INNER) / substeps
    return np.concatenate(([0.0], inner.ravel()))


def slots_of(width: int) -> int:
    """How many values of the coupling, or means with delays, the polynomial goes through."""
    return PAST[width]


def extrapolation(substeps: int, past: int) -> np.ndarray:
    """Weights [node, past] of the coupling's values at 0, -1, -2, ... steps for its value at the nodes."""
    nodes = fractions(substeps)
    times = -np.arange(past, dtype=float)
    weights = np.ones((len(nodes), past))
    for j in range(past):
        for k in range(past):
            if k != j:
                weights[:, j] *= (nodes - times[k]) / (times[j] - times[k])
    return weights


def from_means(substeps: int, past: int) -> np.ndarray:
    """Weights [node, past] of the coupling's means over this step and the steps before for its value at the nodes."""
    values = np.vander(fractions(substeps), past, increasing=True)
    return values @ np.linalg.inv(mean_moments(past))


def make_step(equations, rows, width):
    """`step(batch, stimuli, work, weights, dt, index)` for one model: advances `batch.state` by one step of `dt` ms."""
    if equations.delayed:
        return _make_delayed_step(equations, rows, width)
    extrapolated, starting = _make_extrapolated(equations, rows, width), rk4.make_step(equations, rows, width)
    remember = _make_remember(equations, rows, width)
    slots = slots_of(width)

    @kernel
    def piece(batch, stimuli, work, weights, dt, when, short):
        counters = work.counters
        if counters[FILLED] < slots - 1:
            remember(batch, work, weights)
            index, begin, span = when
            span /= STARTING_STEPS
            for k in range(STARTING_STEPS):
                starting(batch, stimuli, work, weights, dt / STARTING_STEPS, (index, begin + k * span, span))
            counters[FILLED] += 1
        else:
            extrapolated(batch, stimuli, work, weights, dt, when)
            for o in range(0, work.sent.size, width):
                store(work.sent, o, load(work.sent_next, o))
        counters[POSITION] = (counters[POSITION] + 1) % slots

    return make_volleys(piece, publish_nothing)


def _make_delayed_step(equations, rows, width):
    run, slots = _make_extrapolated(equations, rows, width), slots_of(width)
    interpolated = equations.delayed > 1
    fill, restart, next_coupling, keep, thin, settle = make_coupling(width, equations.delayed, slots, before=1)

    @kernel
    def piece(batch, stimuli, work, weights, dt, when, short):
        counters = work.counters
        if counters[FILLED] == 0:
            if counters[STEP] == 0:
                fill(work, weights)
            else:
                thin(work, weights, VOLLEY_PIECES)
            restart(batch, work, weights, short)
            counters[FILLED] = slots
        next_coupling(work, weights, short, work.sent, work.sent)
        run(batch, stimuli, work, weights, dt, when)
        keep(work, weights, work.sent_next, work.first)
        if interpolated and counters[STEP] == 0 and when[1] + when[2] == 1.0 and short:
            settle(work, weights)

    return make_volleys(piece, publish_nothing)


def _make_remember(equations, rows, width):
    """Make the kernel that evaluates the coupling now and keeps it at the current position of the past."""
    row_products = make_row_products(rows)

    @kernel
    def remember(batch, work, weights):
        n = weights.regions
        groups = batch.gain.size // (n * width)
        slot = work.counters[POSITION] * batch.gain.size
        for block in range((n + rows - 1) // rows):
            first = block * rows
            for group in range(groups):
                row_products(weights.packed, first * n, work.sent, group * n * width, n, work.products, (), 0)
                for i in range(first, min(first + rows, n)):
                    here = (group * n + i) * width
                    store(work.past, slot + here, load(batch.gain, here) * load(work.products, (i - first) * width))

    return remember


def _make_extrapolated(equations, rows, width):
    receive, received = make_receiver(equations, rows, width)
    load_states, store_states = make_tuple_access(equations.states)
    shared, of_region = make_region_parameters(equations, width)
    delayed = bool(equations.delayed)
    slots = slots_of(width)
    load_past = make_ring_access(slots)
    extrapolate = make_dot(slots)
    compensated = width == SINGLE
    local_step = luther.make_local_step(equations.derivative)
    sending_step = luther.make_sending_step(equations.derivative, equations.sent)
    sent, drive_at, waves_at = equations.sent, equations.drive_at, equations.waves_at
    states = equations.states
    tally, each = make_tally(equations.counted, width), len(equations.counted)

    @kernel
    def run(batch, stimuli, work, weights, dt, when):
        align_stack()
        index, begin, span = when
        n, size = weights.regions, batch.gain.size
        groups = size // (n * width)
        position, substeps = work.counters[POSITION], work.counters[SUBSTEPS]
        h = dt / substeps
        for block in range((n + rows - 1) // rows):
            first = block * rows
            last = min(first + rows, n)
            for group in range(groups):
                receive(weights, work, first, work.sent, group * n * width, ((), 0))
                together = shared(batch, group, n)
                for node in range(work.fractions.size):
                    waves_at(stimuli, work, (group, groups), (index, begin + span * work.fractions[node]), node)
                for i in range(first, last):
                    here = (group * n + i) * width
                    o = here * states
                    constants, base = of_region(batch, group * n + i, together)
                    newest = load(batch.gain, here) * received(work, i - first, here)
                    store(work.past, position * size + here, newest)
                    past = load_past(work.past, here, size, position)
                    x = load_states(batch.state, o, width)
                    begun, change = x, load_states(work.rest, o, width) if compensated else x
                    coupling, drive = newest, drive_at(base, stimuli, work, (group, i, n), 0)
                    mean = newest - newest
                    if delayed:  # the newest of the past is the mean over the step
                        coupling = extrapolate(past, work.extrapolation, 0)
                    for k in range(substeps):
                        node, before = 1 + k * INNER, x
                        couplings = (
                            coupling,
                            extrapolate(past, work.extrapolation, node * slots),
                            extrapolate(past, work.extrapolation, (node + 1) * slots),
                            extrapolate(past, work.extrapolation, (node + 2) * slots),
                            extrapolate(past, work.extrapolation, (node + 3) * slots),
                            extrapolate(past, work.extrapolation, (node + 4) * slots),
                        )
                        inputs = (
                            drive,
                            drive_at(base, stimuli, work, (group, i, n), node),
                            drive_at(base, stimuli, work, (group, i, n), node + 1),
                            drive_at(base, stimuli, work, (group, i, n), node + 2),
                            drive_at(base, stimuli, work, (group, i, n), node + 3),
                            drive_at(base, stimuli, work, (group, i, n), node + 4),
                        )
                        new = change if compensated else x
                        if delayed:
                            new, part = sending_step(x, new, h, constants, inputs, couplings)
                            mean = mean + part
                        else:
                            new = local_step(x, new, h, constants, inputs, couplings)
                        if compensated:
                            change, new = new, advance(begun, 1.0, new)
                        x = new
                        tally(work.spikes, here * each, 0.5 * h, before, x)
                        coupling, drive = couplings[INNER], inputs[INNER]
                    store_states(batch.state, o, width, x)
                    if compensated:
                        left_out = advance(change, -1.0, advance(x, -1.0, begun))
                        store_states(work.rest, o, width, left_out)
                    store(work.sent_next, here, load(batch.mask, here) * sent(x, constants))
                    if delayed:
                        store(work.first, here, load(batch.mask, here) * ((1.0 / substeps) * mean))

    return run
