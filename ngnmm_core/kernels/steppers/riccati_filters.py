"""Further filters of the rates of QIF populations in a Riccati step: several synapses, adaptation; in wide lanes.

A filter, tau s' = gain r + drive c - s, is treated as the synapse of `riccati_first_pass`: it follows from the moments
of the integral of r, which the flow gives, and from those of the coupling c.

Where regions send a rate, which is as fast as a burst, and synapses filter what is received, a filter of the sent rate
is sent in its place: filters and sums over regions commute.  With x the rate filtered by tau_0 (0 at the start) and
C = G sum_j W_kj x_j, a synapse tau s' = J r + Gamma G sum_j W_kj r_j - s is

    s = y + Gamma (tau_0 / tau) C,    tau y' = J r + Gamma (1 - tau_0 / tau) C - y,    y(0) = s(0).
"""

from ngnmm_core.kernels.layout import POSITION
from ngnmm_core.kernels.llvm import kernel, load, make_scattered, make_wide, store
from ngnmm_core.kernels.steppers.riccati_constants import (
    F_COUPLING,
    F_DAMPING,
    F_DECAY,
    F_DRIVE,
    F_GAIN,
    F_HALF_DECAY,
    F_LAG,
    F_MOMENT_1,
    F_MOMENT_2,
    F_RATE,
    F_SHARED,
    F_WEIGHTS,
)
from ngnmm_core.kernels.steppers.riccati_flow import predicted_moments


def make_synapse_access(structure, width):
    """`load_synapse(batch, work, here, o)` and `store_synapse(batch, work, here, o, value)` of a region."""
    load_wide, store_wide, _, _ = make_wide(structure.populations)
    load_s, store_s = make_scattered([places[2] * width for places in structure.states])
    filtered, kept = structure.filtered, structure.kept * structure.populations

    @kernel(forceinline=True)
    def load_synapse(batch, work, here, o):
        return load_wide(work.filters, here * kept) if filtered else load_s(batch.state, o)

    @kernel(forceinline=True)
    def store_synapse(batch, work, here, o, value):
        if filtered:
            store_wide(work.filters, here * kept, value)
        else:
            store_s(batch.state, o, value)

    return load_synapse, store_synapse


def make_filters(structure, width):
    """`early`, `guess`, `respond` and `move` of the filters of a region: see each."""
    P, slots = structure.populations, len(structure.filters)
    load_wide, store_wide, widen, split = make_wide(P)
    whole, kept, first = P * width, structure.kept * P, structure.filtered * P * width
    places = tuple(structure.filter_constants(j) * whole for j in range(slots)) or (0,)

    @kernel(forceinline=True)
    def constant(k, at, j, number):
        return load_wide(k, at + places[j] + number * whole)

    @kernel(forceinline=True)
    def mixed(k, at, j, values):
        """Sum what the values of a slot's filters give to every population."""
        sources = split(values)
        total = constant(k, at, j, F_WEIGHTS) * widen(sources[0])
        for source in range(1, P):
            total = total + constant(k, at, j, F_WEIGHTS + source) * widen(sources[source])
        return total

    @kernel(forceinline=True)
    def early(work, at, here, a):
        """Add to A at the start of the step."""
        for j in range(slots):
            a = a + mixed(work.constants, at, j, load_wide(work.filters, here * kept + first + j * whole))
        return a

    @kernel(forceinline=True)
    def guess(work, at, here, rate, coupling, inputs):
        """Add to the moments of A by what the derivatives of the rate, `rate`, and of the coupling let expect."""
        (a, b, c), (r, r1, r2), (newest, c1) = inputs, rate, coupling
        for j in range(slots):
            k, s = work.constants, load_wide(work.filters, here * kept + first + j * whole)
            decay, gain, drive = constant(k, at, j, F_DECAY), constant(k, at, j, F_RATE), constant(k, at, j, F_COUPLING)
            d1 = decay * (gain * r + drive * widen(newest) - s)
            d2 = decay * (gain * r1 + drive * widen(12.0 * c1) - d1)
            m0, m1, m2 = predicted_moments(s, d1, d2, decay * (gain * r2 - d2))
            a, b, c = a + mixed(k, at, j, m0), b + mixed(k, at, j, m1), c + mixed(k, at, j, m2)
        return a, b, c

    @kernel(forceinline=True)
    def respond(work, at, here, angle, coupling, inputs, end):
        """Add to the moments of A by the moments of the angle; keep the filters' values after the step at `end`.

        Moments of the integral of c follow from those of c.
        """
        (a, b, c), (j0, j1, j2, turn) = inputs, angle
        c0, c1, c2 = widen(coupling[0]), widen(coupling[1]), widen(coupling[2])
        q0, q1, q2 = 0.5 * c0 - c1, c0 * (1.0 / 12.0) - 0.5 * c2, c1 * (1.0 / 30.0)
        for j in range(slots):
            k, s = work.constants, load_wide(work.filters, here * kept + first + j * whole)
            decay, gain, drive = constant(k, at, j, F_DECAY), constant(k, at, j, F_GAIN), constant(k, at, j, F_DRIVE)
            late = gain * j2 + drive * q2
            lag = constant(k, at, j, F_LAG) * (gain * j1 + drive * q1 + constant(k, at, j, F_HALF_DECAY) * late)
            m0 = (s + (gain * j0 + drive * q0) + decay * lag) * constant(k, at, j, F_DAMPING)
            m1 = lag - constant(k, at, j, F_MOMENT_1) * m0
            m2 = late - constant(k, at, j, F_MOMENT_2) * m1
            store_wide(work.middle, end + j * whole, (s - decay * m0) + (gain * turn + drive * c0))
            a, b, c = a + mixed(k, at, j, m0), b + mixed(k, at, j, m1), c + mixed(k, at, j, m2)
        return a, b, c

    @kernel(forceinline=True)
    def move(work, at, here, turned, missed, end):
        """Advance the filters by the angle that is `turned` besides, and a coupling that has `missed` so much."""
        for j in range(slots):
            k = work.constants
            more = constant(k, at, j, F_GAIN) * turned + constant(k, at, j, F_DRIVE) * missed
            store_wide(work.filters, here * kept + first + j * whole, load_wide(work.middle, end + j * whole) + more)

    return early, guess, respond, move


def make_publish(structure, states, width, regional):
    """`publish(batch, work, weights)`: write filters, and the coupling that enters them, to the states."""
    P, slots = structure.populations, len(structure.filters)
    whole, kept, first = P * width, structure.kept * P, structure.filtered * P * width
    table_size = whole * structure.constants
    shared = tuple((structure.filter_constants(j) + F_SHARED) * whole for j in range(slots)) or (0,)
    targets = structure.filters or ((-1,) * P,)

    @kernel
    def publish(batch, work, weights):
        n, size = weights.regions, batch.gain.size
        now = work.counters[POSITION] * size
        for group in range(size // (n * width)):
            at = group * table_size
            for i in range(n):
                here = (group * n + i) * width
                if regional:
                    at = (group * n + i) * table_size
                coupling = load(work.past, now + here)
                for j in range(slots):
                    for q in range(P):
                        if targets[j][q] >= 0:
                            value = load(work.filters, here * kept + first + j * whole + q * width)
                            factor = load(work.constants, at + shared[j] + q * width)
                            place = here * states + targets[j][q] * width
                            store(batch.state, place, value + factor * coupling)

    return publish
