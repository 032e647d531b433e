"""Moments over a step of what enters a QIF population: coupling, stimuli, synapses; in lanes."""

from ngnmm_core.kernels.layout import FILLED, POSITION
from ngnmm_core.kernels.llvm import kernel, load, make_dot, make_ring_access, make_tuple_access, scaled, store
from ngnmm_core.kernels.steppers.riccati_constants import COUPLING, INPUT, UNIT, WEIGHTS, gauss_nodes

MOMENTS = 3


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
        return newest, c0, c1, c2, ahead

    return coupling_moments


def make_drive_moments(equations, width):
    """`drive_moments(batch, stimuli, work, (group, region, regions))`: moments of what stimuli add to the drives.

    They go to `scratch`, behind those of the synapses.
    """
    structure = equations.structure
    P, drives, targets = structure.populations, equations.drives, structure.drives
    load_drives, _ = make_tuple_access(drives)
    drive_at = equations.drive_at
    weights = tuple(tuple(float(w) for w in row) for row in gauss_nodes()[1])
    nodes, first = len(weights[0]), 2 * P * MOMENTS

    @kernel(forceinline=True)
    def none(batch, stimuli, work, where):
        """Drives are constant."""

    @kernel(forceinline=True)
    def stimulated(batch, stimuli, work, where):
        nothing = scaled(load_drives(batch.drive, where[0] * drives * width, width), 0.0)
        for q in range(P):
            for k in range(MOMENTS):
                store(work.scratch, (first + q * MOMENTS + k) * width, nothing[0])
        for node in range(nodes):
            drive = drive_at(nothing, stimuli, work, where, node)
            for q in range(P):
                if targets[q] >= 0:
                    for k in range(MOMENTS):
                        at = (first + q * MOMENTS + k) * width
                        store(work.scratch, at, load(work.scratch, at) + weights[k][node] * drive[targets[q]])

    return stimulated if equations.stimulated else none


def make_inputs(structure, stimulated, width):
    """`inputs(work, at, q, coupling, first)`: moments of A (its real part) for a population, constants at `at`.

    `coupling` are the moments of the coupling; those of the synapses stand in `scratch` from population `first` on.
    """
    P = structure.populations
    drive = 2 * P * MOMENTS

    @kernel(forceinline=True)
    def inputs(work, at, q, coupling, first):
        k = work.constants
        unit = load(k, at + COUPLING * width)
        a = load(k, at + INPUT * width) + unit * coupling[0]
        b, c = unit * coupling[1], unit * coupling[2]
        for source in range(P):
            weight, moment = load(k, at + (WEIGHTS + source) * width), (first + source) * MOMENTS * width
            a = a + weight * load(work.scratch, moment)
            b = b + weight * load(work.scratch, moment + width)
            c = c + weight * load(work.scratch, moment + 2 * width)
        if stimulated:
            unit, moment = load(k, at + UNIT * width), (drive + q * MOMENTS) * width
            a = a + unit * load(work.scratch, moment)
            b = b + unit * load(work.scratch, moment + width)
            c = c + unit * load(work.scratch, moment + 2 * width)
        return a, b, c

    return inputs
