"""The first pass over all regions of a Riccati step, before the product with the connectome; what it leaves behind.

All populations of a region are worked on together, in wide lanes.  `riccati_second_pass` is the other one.
"""

from ngnmm_core.kernels.layout import FILLED, STEP, Nodes, NoiseKind
from ngnmm_core.kernels.llvm import (
    align_stack,
    kernel,
    load,
    make_scattered,
    make_wide,
    store,
)
from ngnmm_core.kernels.steppers import coloured_ladder
from ngnmm_core.kernels.steppers.brownian_ladder import LEVELS
from ngnmm_core.kernels.steppers.riccati_constants import (
    DAMPING,
    DECAY,
    GAIN,
    HALF_DECAY,
    LAG,
    MOMENT_1,
    MOMENT_2,
    R_TO_IM,
    SPREAD,
    V_TO_RE,
    WIDTH,
    extrapolation,
    gauss_nodes,
    rounded_to_single,
)  # fmt: skip
from ngnmm_core.kernels.steppers.riccati_filters import make_filters, make_synapse_access
from ngnmm_core.kernels.steppers.riccati_flow import SINGLE, make_flow, predicted_moments, rest_of_angle
from ngnmm_core.kernels.steppers.riccati_inputs import (
    MOMENTS,
    kept_of_noise,
    make_coupling_moments,
    make_drive_moments,
    make_inputs,
)
from ngnmm_core.kernels.steppers.volley import VOLLEY_PIECES

SLOTS = {8: 8, 16: 5}  # values of the coupling that the polynomial goes through, by lanes
NOISY_SLOTS = 4  # with noise, which leaves the coupling no more than two derivatives
RE, IM, M_RE, M_IM, END, GUESS, A, B, C = range(9)  # what the first pass leaves to the second, for every population
LEFT = 9
QUIET = NoiseKind()
STEP_LENGTHS = 2  # full and short
TURNS = {8: 1, 16: 8}  # roundings of the constants that steps take in turns, by lanes
SHORT = VOLLEY_PIECES


def slots_of(width, noisy) -> int:
    """How many values of the coupling the polynomial goes through."""
    return NOISY_SLOTS if noisy else SLOTS[width]


def nodes(structure, width, noise: NoiseKind = QUIET) -> Nodes:
    """Specify what the step needs besides its states."""
    P = structure.populations
    weights = extrapolation(slots_of(width, noise.noisy))
    return Nodes(
        gauss_nodes()[0],
        rounded_to_single(weights) if width == SINGLE else weights,
        1,
        constants=STEP_LENGTHS * TURNS[width] * P * structure.constants,
        kept=1 + (LEFT + len(structure.filters)) * P,
        filters=structure.kept * P,
        scratch=MOMENTS * P,
        brownian=LEVELS * kept_of_noise(noise.coloured) * P if noise.noisy else 0,
        common=(LEVELS + 1) * 2 * P if noise.shared else 0,
        colour=LEVELS * coloured_ladder.CONSTANTS if noise.coloured else 0,
        watched=P,
    )


def make_constant(structure, width):
    """`constant(array, place, k)`: constant k of all populations, of a table that starts at `place`."""
    load_wide, _, _, _ = make_wide(structure.populations)
    whole = structure.populations * width

    @kernel(forceinline=True)
    def constant(array, place, k):
        return load_wide(array, place + k * whole)

    return constant


def make_states(structure, width):
    """Access to the rates and potentials of a region, each a wide lane: pairs of load and store."""
    return [make_scattered([places[k] * width for places in structure.states]) for k in range(2)]


def make_begin(equations, width):
    """`begin(batch, stimuli, work, weights, short, when)`: all that a step does before the product.

    `short` is 1 in the short steps of the start, else 0.
    """
    structure, states, slots = equations.structure, equations.states, slots_of(width, equations.noisy)
    P, sender, regional = structure.populations, structure.sender, equations.regional
    whole = P * width
    table_size, left = P * structure.constants * width, 1 + (LEFT + len(structure.filters)) * P
    (load_r, _), (load_v, _) = make_states(structure, width)
    load_s, _ = make_synapse_access(structure, width)
    early, filters_guess, filters_respond, _ = make_filters(structure, width)
    load_wide, store_wide, _, split = make_wide(P)
    constant, respond = make_constant(structure, width), _make_respond(structure, width)
    start_of, inputs, kicks_of = make_inputs(equations, width)
    drive_moments, coupling_moments = make_drive_moments(equations, width), make_coupling_moments(slots)
    waves_at, turns = equations.waves_at, TURNS[width]

    @kernel
    def begin(batch, stimuli, work, weights, short, when):
        align_stack()
        n, size, k = weights.regions, batch.gain.size, work.constants
        groups = size // (n * width)
        index, start, span = when
        for group in range(groups):
            table = (short * turns + work.counters[STEP] % turns) * groups + group
            at = table * table_size
            for node in range(work.fractions.size):
                waves_at(stimuli, work, (group, groups), (index, start + span * work.fractions[node]), node)
            for i in range(n):
                here = (group * n + i) * width
                o, kept = here * states, here * left
                if regional:
                    at = (table * n + i) * table_size
                newest, c0, c1, c2, ahead = coupling_moments(work, here, size, slots)
                store(work.middle, kept, ahead)
                drive_moments(batch, stimuli, work, (group, i, n))
                kicks = kicks_of(batch, work, at, here, short)
                r, s = load_r(batch.state, o), load_s(batch, work, here, o)
                re, im = constant(k, at, V_TO_RE) * load_v(batch.state, o), constant(k, at, R_TO_IM) * r
                slope, decay = constant(k, at, SPREAD) - 2.0 * (re * r), constant(k, at, DECAY)
                begun = early(work, at, here, start_of(work, at, newest, s))
                half_bend = (im * im - re * re - begun) * r + re * slope
                d1 = decay * (r - s)
                d2 = decay * (slope - d1)
                guess = predicted_moments(s, d1, d2, decay * (-2.0 * half_bend - d2))
                coupling = (c0, c1, c2)
                expected = inputs(work, at, coupling, guess, kicks)
                expected = filters_guess(work, at, here, (r, slope, -2.0 * half_bend), (newest, c1), expected)
                end, m0, m1, m2, angle = respond(work, at, kept + width, (re, im, s), expected)
                store_wide(work.spikes, here * P, load_wide(work.spikes, here * P) + decay * m0)
                store(work.sent_next, here, load(batch.mask, here) * split(end)[sender])
                a, b, c = inputs(work, at, coupling, (m0, m1, m2), kicks)
                a, b, c = filters_respond(work, at, here, angle, coupling, (a, b, c), kept + width + LEFT * whole)
                store_wide(work.middle, kept + width + A * whole, a)
                store_wide(work.middle, kept + width + B * whole, b)
                store_wide(work.middle, kept + width + C * whole, c)
                if work.counters[FILLED] < slots:
                    mask = load(batch.mask, here)
                    store(work.second, here, mask * split(m0)[sender])
                    store(work.second, size + here, mask * split(m1)[sender])
                    store(work.second, 2 * size + here, mask * split(m2)[sender])

    return begin


def _make_respond(structure, width):
    constant = make_constant(structure, width)
    denominator, _, moments = make_flow(constant, width)
    _, store_wide, _, _ = make_wide(structure.populations)
    whole, compensated = structure.populations * width, width == SINGLE

    @kernel(forceinline=True)
    def respond(work, at, kept, states, inputs):
        """Compute the synapses' values at the end and their moments by the flow; keep what the second pass needs."""
        re, im, s = states
        a, b, c = inputs
        k, out = work.constants, work.middle
        t, u = denominator(k, at, a, b, c)
        m, y = re * t - im * u, re * u + im * t
        i, gain, decay = constant(k, at, WIDTH), constant(k, at, GAIN), constant(k, at, DECAY)
        j0, j1, j2, turn = moments((t, u), (a, i), b, c, m, y)
        lag = constant(k, at, LAG) * (j1 + constant(k, at, HALF_DECAY) * j2)
        m0 = (s + gain * j0 + decay * lag) * constant(k, at, DAMPING)
        m1 = lag - constant(k, at, MOMENT_1) * m0
        m2 = gain * j2 - constant(k, at, MOMENT_2) * m1
        change = gain * turn - decay * m0
        end = s + change
        store_wide(out, kept + RE * whole, re)
        store_wide(out, kept + IM * whole, im)
        store_wide(out, kept + M_RE * whole, m)
        store_wide(out, kept + M_IM * whole, y)
        store_wide(out, kept + END * whole, change if compensated else end)
        store_wide(out, kept + GUESS * whole, a)
        return end + gain * rest_of_angle(i, a, b), m0, m1, m2, (j0, j1, j2, turn)

    return respond
