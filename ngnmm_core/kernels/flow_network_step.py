"""The two halves of a step by the exact flow, for a network and for unit perturbations of every region.

The first half ends with what regions are expected to send, the second needs the coupling by it.  Both work on a block
of regions, one in every lane, and leave behind what a perturbation of a region is multiplied by.
"""

from typing import NamedTuple

import numpy as np

from ngnmm_core.kernels.llvm import (
    kernel,
    load,
    make_dot,
    make_ring_access,
    store,
)
from ngnmm_core.kernels.network_tangents import PAST
from ngnmm_core.kernels.steppers.riccati_constants import COUPLING, INPUT, R_TO_IM, V_TO_RE, correction
from ngnmm_core.kernels.steppers.riccati_slopes import OF_END, OF_MOMENTS

KEPT, KEPT_UNIT = 10, 4  # wide lanes that a step's first half leaves to the second, of the state and a perturbation
COUPLINGS = 4  # numbers that the coupling enters a step by: its value at the start and three moments


class FlowTangents(NamedTuple):
    """One network and its perturbations, flat arrays.  The newest past value is the present."""

    state: np.ndarray  # [block of regions, state, lane]
    state_sent: np.ndarray  # [region] what regions are expected to send at the end of the step
    state_past: np.ndarray  # [slot, region] coupling at past steps
    state_kept: np.ndarray  # [KEPT, population, lane] for every block of regions
    units_kept: np.ndarray  # [state or coupling, KEPT_UNIT, population, lane] for every block of regions
    slopes: np.ndarray  # [OF_MOMENTS or OF_END, population, lane]
    unit: np.ndarray  # [state or coupling, lane]
    answers: np.ndarray  # [coupling or end, state, lane]
    sending: np.ndarray  # [block of regions, state or slot, lane] what a perturbation sends at the end of the step
    moving: np.ndarray  # [block of regions, (state, slot or end), state, lane] its states there
    values: np.ndarray  # [group, region, state, lane] perturbations
    sent: np.ndarray  # [group, region, lane]
    sent_next: np.ndarray
    past: np.ndarray  # [slot, group, region, lane]
    products: np.ndarray  # [row, lane]
    constants: np.ndarray  # [block of regions, constant, population, lane]
    gain: np.ndarray  # [region]
    extrapolation: np.ndarray  # [moment or end, slot]
    position: np.ndarray  # [1] the newest slot


def sizes_of(populations: int, states: int) -> dict[str, int]:
    """Lanes of the arrays that belong to a block of regions, or to all of them."""
    return {
        "state_kept": KEPT * populations,
        "units_kept": (states + COUPLINGS) * KEPT_UNIT * populations,
        "slopes": max(OF_MOMENTS, OF_END) * populations,
        "unit": states + COUPLINGS,
        "answers": (COUPLINGS + 1) * states,
        "sending": states + PAST,
        "moving": (states + PAST + 1) * states,
    }


def make_begin(region, states, width):
    """Make `begin(work, block)`: the first half; fills what regions send, and `sending` of their perturbations."""
    load_states, split, sender, whole = region.load_states, region.split, region.sender, region.whole
    starts, predict, received, respond, end_of = (
        region.begin, region.predict, region.received, region.respond, region.end_of,
    )  # fmt: skip
    predict_tangent, respond_tangent = region.predict_tangent, region.respond_tangent
    store_wide, constant, slopes_of_moments = region.store_wide, region.constant, region.slopes_of_moments
    widen = region.widen
    load_past, dot = make_ring_access(PAST), make_dot(PAST)
    table, units, per_sending = region.table, states + COUPLINGS, (states + PAST) * width
    per_block, per_unit = units * KEPT_UNIT * whole, KEPT_UNIT * whole

    @kernel(forceinline=True)
    def begin_state(work, block):
        k, kept, out, at = work.constants[block * table :], block * KEPT * whole, work.state_kept, work.extrapolation
        past = load_past(work.state_past, block * width, work.state_sent.size, work.position[0])
        coupling = (dot(past, at, 0), dot(past, at, PAST), dot(past, at, 2 * PAST))
        r, v, s = load_states(work.state, block * states * width)
        start = starts(k, (r, v, s), past[0])
        Z = (start[0], start[1])
        a, b, c = received(k, coupling, predict(k, start, s))
        expected = (constant(k, 0, INPUT) + a, b, c)
        moments, s0, turned = respond(k, Z, s, expected)
        slopes_of_moments(k, 0, Z, expected, work.slopes)
        store(work.state_sent, block * width, split(end_of(k, s0, turned, expected))[sender])
        a, b, c = received(k, coupling, moments)
        store_wide(out, kept, constant(k, 0, INPUT) + a)
        store_wide(out, kept + whole, b)
        store_wide(out, kept + 2 * whole, c)
        store_wide(out, kept + 3 * whole, start[0])
        store_wide(out, kept + 4 * whole, start[1])
        store_wide(out, kept + 5 * whole, s0)
        store_wide(out, kept + 6 * whole, turned[0])
        store_wide(out, kept + 7 * whole, turned[1])
        store_wide(out, kept + 8 * whole, turned[2])
        store_wide(out, kept + 9 * whole, widen(dot(past, at, 3 * PAST)))
        return start

    @kernel(forceinline=True)
    def begin_unit(work, start, block, j):
        k, out, kept = work.constants[block * table :], work.units_kept, block * per_block + j * per_unit
        dr, dv, ds = load_states(work.unit, 0)
        o = states * width
        newest, coupling = load(work.unit, o), (
            load(work.unit, o + width), load(work.unit, o + 2 * width), load(work.unit, o + 3 * width),
        )  # fmt: skip
        dre, dim, expected = predict_tangent(k, start, (dr, dv, ds), newest)
        moments, s0, end = respond_tangent(k, work.slopes, (dre, dim), ds, received(k, coupling, expected))
        a, b, c = received(k, coupling, moments)
        store_wide(out, kept, a)
        store_wide(out, kept + whole, b)
        store_wide(out, kept + 2 * whole, c)
        store_wide(out, kept + 3 * whole, s0)
        return split(end)[sender]

    @kernel(forceinline=True)
    def begin(work, block):
        start, E, o = begin_state(work, block), work.extrapolation, block * per_sending
        for j in range(units):
            for at in range(units * width):
                work.unit[at] = 1.0 if at // width == j else 0.0
            sent = begin_unit(work, start, block, j)
            if j < states:
                store(work.sending, o + j * width, sent)
            else:
                store(work.answers, (j - states) * width, sent)
        now, m0, m1, m2 = (
            load(work.answers, 0), load(work.answers, width), load(work.answers, 2 * width),
            load(work.answers, 3 * width),
        )  # fmt: skip
        for slot in range(PAST):
            told = m0 * E[slot] + m1 * E[PAST + slot] + m2 * E[2 * PAST + slot]
            store(work.sending, o + (states + slot) * width, told)
        newest = o + states * width
        store(work.sending, newest, load(work.sending, newest) + now)

    return begin


def make_finish(region, states, width):
    """Make `finish(work, block, slot)`: the second half; fills the states, and `moving` of their perturbations."""
    load_states, store_states, whole, widen = region.load_states, region.store_states, region.whole, region.widen
    load_wide, constant, slopes_of_end = region.load_wide, region.constant, region.slopes_of_end
    end_state, end_tangent = region.finish, region.finish_tangent
    table, units, inputs = region.table, states + COUPLINGS, states + PAST + 1
    per_block, per_unit, lanes = units * KEPT_UNIT * whole, KEPT_UNIT * whole, states * width
    w0, w1, w2 = (float(w) for w in correction(PAST))

    @kernel(forceinline=True)
    def finish_state(work, block, slot):
        k, kept, old, n = work.constants[block * table :], block * KEPT * whole, work.state_kept, work.state_sent.size
        missed = widen(load(work.state_past, slot * n + block * width)) - load_wide(old, kept + 9 * whole)
        unit = constant(k, 0, COUPLING) * missed
        a, b, c = load_wide(old, kept), load_wide(old, kept + whole), load_wide(old, kept + 2 * whole)
        final = (a + w0 * unit, b + w1 * unit, c + w2 * unit)
        Z = (load_wide(old, kept + 3 * whole), load_wide(old, kept + 4 * whole))
        turned = (
            load_wide(old, kept + 6 * whole), load_wide(old, kept + 7 * whole), load_wide(old, kept + 8 * whole),
        )  # fmt: skip
        slopes_of_end(k, 0, Z, final, work.slopes)
        s0 = load_wide(old, kept + 5 * whole)
        store_states(work.state, block * lanes, end_state(k, Z, s0, turned, final))

    @kernel(forceinline=True)
    def finish_unit(work, block, j):
        k, old, kept = work.constants[block * table :], work.units_kept, block * per_block + j * per_unit
        dr, dv, _ = load_states(work.unit, 0)
        dZ = (constant(k, 0, V_TO_RE) * dv, constant(k, 0, R_TO_IM) * dr)
        final = (load_wide(old, kept), load_wide(old, kept + whole), load_wide(old, kept + 2 * whole))
        return end_tangent(k, work.slopes, dZ, load_wide(old, kept + 3 * whole), final)

    @kernel(forceinline=True)
    def finish_missed(work, block):
        """Do the same for a unit of what the coupling at the end differs by from the expected one."""
        k = work.constants[block * table :]
        unit = constant(k, 0, COUPLING)
        nothing = unit * 0.0
        end = end_tangent(k, work.slopes, (nothing, nothing), nothing, (w0 * unit, w1 * unit, w2 * unit))
        store_states(work.answers, COUPLINGS * lanes, end)

    @kernel(forceinline=True)
    def finish(work, block, slot):
        E, answers, o = work.extrapolation, work.answers, block * inputs * lanes
        finish_state(work, block, slot)
        for j in range(units):
            for at in range(units * width):
                work.unit[at] = 1.0 if at // width == j else 0.0
            end = finish_unit(work, block, j)
            if j < states:
                store_states(work.moving, o + j * lanes, end)
            else:
                store_states(answers, (j - states) * lanes, end)
        finish_missed(work, block)
        for state in range(states):
            at = state * width
            now, m0, m1, m2, missed = (
                load(answers, at), load(answers, lanes + at), load(answers, 2 * lanes + at),
                load(answers, 3 * lanes + at), load(answers, 4 * lanes + at),
            )  # fmt: skip
            for place in range(PAST):
                told = m0 * E[place] + m1 * E[PAST + place] + m2 * E[2 * PAST + place] - missed * E[3 * PAST + place]
                store(work.moving, o + (states + place) * lanes + at, told)
            newest = o + states * lanes + at
            store(work.moving, newest, load(work.moving, newest) + now)
            store(work.moving, o + (states + PAST) * lanes + at, missed)

    return finish
