"""One region of QIF populations over a step of the exact flow, and small perturbations of it.

The pieces that the kernels of Lyapunov exponents are made of: all populations side by side in wide lanes, tables of
constants at the start of an array.  A perturbation goes through the step's own stages, linearised at the solution: the
moments of the synapses are predicted, found again by the flow, and the flow takes the perturbation to the end.
"""

from ngnmm_core.kernels.llvm import kernel, make_scattered, make_wide
from ngnmm_core.kernels.steppers.riccati_constants import (
    COUPLING,
    DAMPING,
    DECAY,
    GAIN,
    HALF_DECAY,
    IM_TO_R,
    INPUT,
    LAG,
    MOMENT_1,
    MOMENT_2,
    R_TO_IM,
    RE_TO_V,
    SPREAD,
    V_TO_RE,
    WEIGHTS,
    WIDTH,
    Structure,
)
from ngnmm_core.kernels.steppers.riccati_flow import integrals_for, make_flow, predicted_moments, rest_of_angle
from ngnmm_core.kernels.steppers.riccati_slopes import INPUTS, make_slopes


class Region:
    """Compiled pieces for a model's structure; `width` lanes.

    Attributes
    ----------
    load_states, store_states : callable
        `load_states(array, place)`: rates, potentials and synapses of the populations, each a wide lane.
    begin : callable
        `begin(k, (r, v, s), newest)`: what a step starts with, from the present coupling: Re Z, Im Z, h r' and the
        numbers that `predict` and `predict_tangent` need.
    predict, predict_tangent : callable
        Moments of the synapses over the step, expected from the present.
    received : callable
        `received(k, coupling, synapses)`: what coupling and synapses give to a, b, c, three wide lanes.
    respond, respond_tangent : callable
        `respond(k, Z, s, inputs)`: moments of the synapses by the flow, s less what decays in the step, and the angle
        of 1 + m with m; `respond_tangent(k, slopes, dZ, ds, dinputs)`: the same of a perturbation, with s at the end.
    end_of : callable
        `end_of(k, s0, turned, inputs)`: s at the end from what `respond` gives.
    finish, finish_tangent : callable
        `finish(k, Z, s0, turned, inputs)`: states at the end, for inputs that `respond` has mended;
        `finish_tangent(k, slopes, dZ, ds0, dinputs)`: the same of a perturbation.
    """

    def __init__(self, structure: Structure, width: int):
        self.populations, self.sender, self.whole = (
            structure.populations,
            structure.sender,
            structure.populations * width,
        )
        self.sent_place = structure.states[structure.sender][2]
        self.table = structure.populations * structure.constants * width
        wide = make_wide(structure.populations)
        load_wide, store_wide, self.widen, self.split = wide
        whole = self.whole

        @kernel(forceinline=True)
        def constant(array, place, k):
            return load_wide(array, place + k * whole)

        self.load_wide, self.store_wide, self.constant = load_wide, store_wide, constant
        self.load_states, self.store_states = _make_states(structure, width)
        self.added, self.received = _make_received(constant, self.populations, self.widen, self.split)
        self.begin, self.predict, self.predict_tangent = _make_prediction(constant, self.added)
        self.respond, self.end_of, self.finish = _make_solution(constant, width)
        self.respond_tangent, self.finish_tangent = _make_tangent(constant, load_wide, whole)
        self.slopes_of_moments, self.slopes_of_end = make_slopes(constant, store_wide, whole, width)


def _make_states(structure, width):
    (load_r, store_r), (load_v, store_v), (load_s, store_s) = (
        make_scattered([places[k] * width for places in structure.states]) for k in range(3)
    )

    @kernel(forceinline=True)
    def load_states(array, place):
        return load_r(array, place), load_v(array, place), load_s(array, place)

    @kernel(forceinline=True)
    def store_states(array, place, states):
        store_r(array, place, states[0])
        store_v(array, place, states[1])
        store_s(array, place, states[2])

    return load_states, store_states


def _make_received(constant, populations, widen, split):
    @kernel(forceinline=True)
    def added(k, coupling, synapses):
        """Sum what coupling and synapses give to every population."""
        total, sources = constant(k, 0, COUPLING) * widen(coupling), split(synapses)
        for source in range(populations):
            total = total + constant(k, 0, WEIGHTS + source) * widen(sources[source])
        return total

    @kernel(forceinline=True)
    def received(k, coupling, synapses):
        return (
            added(k, coupling[0], synapses[0]),
            added(k, coupling[1], synapses[1]),
            added(k, coupling[2], synapses[2]),
        )

    return added, received


def _make_prediction(constant, added):
    @kernel(forceinline=True)
    def begin(k, states, newest):
        r, v, s = states
        re, im = constant(k, 0, V_TO_RE) * v, constant(k, 0, R_TO_IM) * r
        slope = constant(k, 0, SPREAD) - 2.0 * (re * r)
        bend = im * im - re * re - constant(k, 0, INPUT) - added(k, newest, s)
        return re, im, r, slope, bend

    @kernel(forceinline=True)
    def predict(k, start, s):
        re, _, r, slope, bend = start
        decay = constant(k, 0, DECAY)
        d1 = decay * (r - s)
        d2 = decay * (slope - d1)
        return predicted_moments(s, d1, d2, decay * (-2.0 * (bend * r + re * slope) - d2))

    @kernel(forceinline=True)
    def predict_tangent(k, start, perturbation, newest):
        """Return the perturbations of Re Z and Im Z as well."""
        (re, im, r, slope, bend), (dr, dv, ds) = start, perturbation
        dre, dim = constant(k, 0, V_TO_RE) * dv, constant(k, 0, R_TO_IM) * dr
        decay = constant(k, 0, DECAY)
        dslope = -2.0 * (dre * r + re * dr)
        dbend = 2.0 * (im * dim - re * dre) - added(k, newest, ds)
        d1 = decay * (dr - ds)
        d2 = decay * (dslope - d1)
        d3 = decay * (-2.0 * (dbend * r + bend * dr + dre * slope + re * dslope) - d2)
        return dre, dim, predicted_moments(ds, d1, d2, d3)

    return begin, predict, predict_tangent


def _make_solution(constant, width):
    (denominator, _, numerator, moments), integrals = make_flow(constant), integrals_for(width)

    @kernel(forceinline=True)
    def respond(k, Z, s, inputs):
        (re, im), (a, b, c) = Z, inputs
        t, u = denominator(k, 0, a, b, c)
        i, gain, decay = constant(k, 0, WIDTH), constant(k, 0, GAIN), constant(k, 0, DECAY)
        m, y = re * t - im * u, re * u + im * t
        found = integrals(m, y)
        j0, j1, j2 = moments((t, u), (a, i), b, found)
        lag = constant(k, 0, LAG) * (j1 + constant(k, 0, HALF_DECAY) * j2)
        m0 = (s + gain * j0 + decay * lag) * constant(k, 0, DAMPING)
        m1 = lag - constant(k, 0, MOMENT_1) * m0
        m2 = gain * j2 - constant(k, 0, MOMENT_2) * m1
        return (m0, m1, m2), s - decay * m0, (found[5], m, y)

    @kernel(forceinline=True)
    def end_of(k, s0, turned, inputs):
        rest = rest_of_angle(constant(k, 0, WIDTH), inputs[0], inputs[1])
        return s0 + constant(k, 0, GAIN) * (turned[0] + rest)

    @kernel(forceinline=True)
    def finish(k, Z, s0, turned, inputs):
        (re, im), (a, b, c), (turn, old_m, old_y) = Z, inputs, turned
        t, u = denominator(k, 0, a, b, c)
        m, y = re * t - im * u, re * u + im * t
        one = 1.0 + m
        inverse = 1.0 / (one * one + y * y)
        f, g = one * inverse, y * inverse  # 1 / (1 + m) = f - i g
        sr, si, dr, di = numerator(k, 0, a, b, c, (t, u))
        zr, zi = (re + dr) + re * sr - im * si, (im + di) + im * sr + re * si
        zr, zi = zr * f + zi * g, zi * f - zr * g
        # the angle of 1 + m by how far m is from what it was taken at
        turn = turn + (y - old_y) * f - (m - old_m) * g
        end = s0 + constant(k, 0, GAIN) * (turn + rest_of_angle(constant(k, 0, WIDTH), a, b))
        return constant(k, 0, IM_TO_R) * zi, constant(k, 0, RE_TO_V) * zr, end

    return respond, end_of, finish


def _make_tangent(constant, load_wide, whole):
    @kernel(forceinline=True)
    def row(slopes, number, dZ, dinputs):
        at = number * INPUTS * whole
        both = load_wide(slopes, at) * dZ[0] + load_wide(slopes, at + whole) * dZ[1]
        more = load_wide(slopes, at + 2 * whole) * dinputs[0] + load_wide(slopes, at + 3 * whole) * dinputs[1]
        return both + more + load_wide(slopes, at + 4 * whole) * dinputs[2]

    @kernel(forceinline=True)
    def respond_tangent(k, slopes, dZ, ds, dinputs):
        gain, decay = constant(k, 0, GAIN), constant(k, 0, DECAY)
        j0, j1, j2 = row(slopes, 0, dZ, dinputs), row(slopes, 1, dZ, dinputs), row(slopes, 2, dZ, dinputs)
        lag = constant(k, 0, LAG) * (j1 + constant(k, 0, HALF_DECAY) * j2)
        m0 = (ds + gain * j0 + decay * lag) * constant(k, 0, DAMPING)
        m1 = lag - constant(k, 0, MOMENT_1) * m0
        m2 = gain * j2 - constant(k, 0, MOMENT_2) * m1
        s0 = ds - decay * m0
        return (m0, m1, m2), s0, s0 + gain * row(slopes, 3, dZ, dinputs)

    @kernel(forceinline=True)
    def finish_tangent(k, slopes, dZ, ds0, dinputs):
        dre, dim = row(slopes, 0, dZ, dinputs), row(slopes, 1, dZ, dinputs)
        end = ds0 + constant(k, 0, GAIN) * row(slopes, 2, dZ, dinputs)
        return constant(k, 0, IM_TO_R) * dim, constant(k, 0, RE_TO_V) * dre, end

    return respond_tangent, finish_tangent
