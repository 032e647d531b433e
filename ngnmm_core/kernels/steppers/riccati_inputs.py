"""Moments over a step of what enters the QIF populations of a region: coupling, stimuli, synapses; in (wide) lanes."""

from ngnmm_core.kernels.layout import FILLED, LEVEL, POSITION
from ngnmm_core.kernels.llvm import (
    kernel,
    load,
    make_dot,
    make_ring_access,
    make_tuple_access,
    make_wide,
    scaled,
    store,
)
from ngnmm_core.kernels.steppers import coloured_ladder
from ngnmm_core.kernels.steppers.riccati_constants import COUPLING, INPUT, NOISE, UNIT, WEIGHTS, gauss_nodes
from ngnmm_core.kernels.steppers.volley import VOLLEY_PIECES

MOMENTS = 3
# Share of what the last means of a delayed coupling don't let expect that counts as an error.  Its mean is known, so
# this is more than is wrong; it is the sign of a volley that steps follow or don't.  Measured: with the limits of
# `simulation.step_choice` errors after 100 ms stay below 1e-5 of a range, also where all regions fire at once
SURPRISE = 0.01
INCREMENTS = 2  # that are kept of a Brownian path: dB and its moment
FINER = VOLLEY_PIECES.bit_length() - 1  # levels that short steps lie below the full ones


def kept_of_noise(coloured: bool) -> int:
    """How many numbers are kept per population of the path of the noise in a step."""
    return coloured_ladder.NUMBERS if coloured else INCREMENTS


def make_coupling_moments(slots):
    """`coupling_moments(work, here, size, slots)` of a region: the coupling now, its moments, its expected end."""
    load_past, dot = make_ring_access(slots), make_dot(slots)

    @kernel(forceinline=True)
    def coupling_moments(work, here, size, slots):
        position = work.counters[POSITION]
        if work.counters[FILLED] >= slots:
            past = load_past(work.past, here, size, position)
            newest = past[0]
            c0, c1 = dot(past, work.extrapolation, 0), dot(past, work.extrapolation, slots)
            c2, ahead = dot(past, work.extrapolation, 2 * slots), dot(past, work.extrapolation, 3 * slots)
        else:
            newest = load(work.past, position * size + here)
            ahead = newest
            c0, c1, c2 = load(work.first, here), load(work.first, size + here), load(work.first, 2 * size + here)
        return newest, c0, c1, c2, ahead, ahead - ahead

    return coupling_moments


def make_foreseen_moments(slots):
    """`coupling_moments` as above, with conduction delays: from means over this step, as foreseen, and those before.

    What is expected in the place of the end is the mean.  Last comes what its surprise counts for the watch.
    """
    load_past, dot = make_ring_access(slots), make_dot(slots)

    @kernel(forceinline=True)
    def coupling_moments(work, here, size, slots):
        past = load_past(work.past, here, size, work.counters[POSITION])
        c1, c2 = dot(past, work.extrapolation, 0), dot(past, work.extrapolation, slots)
        surprise = SURPRISE * dot(past, work.extrapolation, 3 * slots)
        return dot(past, work.extrapolation, 2 * slots), past[0], c1, c2, past[0], surprise

    return coupling_moments


def make_drive_moments(equations, width):
    """`drive_moments(batch, stimuli, work, (group, region, regions))`: moments of what stimuli add to the drives.

    They go to `scratch` [moment, population, lane].
    """
    structure = equations.structure
    P, drives, targets = structure.populations, equations.drives, structure.drives
    load_drives, _ = make_tuple_access(drives)
    drive_at = equations.drive_at
    weights = tuple(tuple(float(w) for w in row) for row in gauss_nodes()[1])
    nodes = len(weights[0])

    @kernel(forceinline=True)
    def none(batch, stimuli, work, where):
        """Drives are constant."""

    @kernel(forceinline=True)
    def stimulated(batch, stimuli, work, where):
        nothing = scaled(load_drives(batch.drive, where[0] * drives * width, width), 0.0)
        for k in range(MOMENTS * P):
            store(work.scratch, k * width, nothing[0])
        for node in range(nodes):
            drive = drive_at(nothing, stimuli, work, where, node)
            for q in range(P):
                if targets[q] >= 0:
                    for k in range(MOMENTS):
                        at = (k * P + q) * width
                        store(work.scratch, at, load(work.scratch, at) + weights[k][node] * drive[targets[q]])

    return stimulated if equations.stimulated else none


def make_inputs(equations, width):
    """`start`, `outer`, `inner` and `kicks` of the populations, with constants at `at`: their A (its real part).

    `start(work, at, newest, synapses)` is A at the start of the step, from the coupling and the wide lane of synapses;
    `outer(work, at, coupling, kicks)` are the moments over the step of all but the synapses, from those of the coupling
    and of the noise, `kicks(batch, work, at, here, short)`; `inner(work, at, outer, synapses)` adds the synapses.
    """
    P, stimulated, noisy = equations.structure.populations, equations.stimulated, equations.noisy
    load_wide, _, widen, split = make_wide(P)
    whole, kept = P * width, kept_of_noise(equations.kind.coloured) * P

    @kernel(forceinline=True)
    def with_synapses(work, at, received, synapses):
        """Add what the synapses of all populations give to every population."""
        sources = split(synapses)
        for source in range(P):
            received = received + load_wide(work.constants, at + (WEIGHTS + source) * whole) * widen(sources[source])
        return received

    @kernel(forceinline=True)
    def start(work, at, newest, synapses):
        k = work.constants
        a = load_wide(k, at + INPUT * whole) + load_wide(k, at + COUPLING * whole) * widen(newest)
        a = with_synapses(work, at, a, synapses)
        if stimulated:  # the Legendre series of the stimuli at the start
            early = load_wide(work.scratch, 0) - 6.0 * load_wide(work.scratch, whole)
            early = early + 30.0 * load_wide(work.scratch, 2 * whole)
            a = a + load_wide(k, at + UNIT * whole) * early
        return a

    @kernel(forceinline=True)
    def outer(work, at, coupling, kicks):
        k = work.constants
        factor = load_wide(k, at + COUPLING * whole)
        a = load_wide(k, at + INPUT * whole) + factor * widen(coupling[0])
        b, c = factor * widen(coupling[1]), factor * widen(coupling[2])
        if stimulated:
            unit = load_wide(k, at + UNIT * whole)
            a = a + unit * load_wide(work.scratch, 0)
            b = b + unit * load_wide(work.scratch, whole)
            c = c + unit * load_wide(work.scratch, 2 * whole)
        if noisy:
            a, b = a + kicks[0], b + kicks[1]
        return a, b, c

    @kernel(forceinline=True)
    def inner(work, at, outer, synapses):
        return (
            with_synapses(work, at, outer[0], synapses[0]),
            with_synapses(work, at, outer[1], synapses[1]),
            with_synapses(work, at, outer[2], synapses[2]),
        )

    @kernel(forceinline=True)
    def kicks(batch, work, at, here, short):
        amplitude = load_wide(work.constants, at + NOISE * whole)
        if not noisy:
            return amplitude, amplitude
        level = work.counters[LEVEL] + short * FINER
        place = (level * batch.gain.size + here) * kept
        return amplitude * load_wide(work.brownian, place), amplitude * load_wide(work.brownian, place + whole)

    return start, outer, inner, kicks
