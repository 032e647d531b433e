"""Branches of cycles and their bifurcations: closed forms, Roessler's doublings, and the reference numbers."""

import json
from pathlib import Path

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from ngnmm_core.dynamics.attractor import find_attractors
from ngnmm_core.dynamics.continuation.branches import BORDER, follow_cycles
from ngnmm_core.dynamics.continuation.diagram import diagram
from ngnmm_core.dynamics.continuation.segments import integrate
from ngnmm_core.dynamics.continuation.special import BRANCHING, DOUBLING, FOLD, HOMOCLINIC, ON_SADDLE_NODE, TORUS
from ngnmm_core.dynamics.continuation.starts import at_doubling, from_orbit
from ngnmm_core.dynamics.continuation.system import System
from ngnmm_core.models import get_model
from ngnmm_core.points import make_points

REFERENCE = json.loads(
    (Path(__file__).parents[1] / "reference" / "homogeneous_system.json").read_text(encoding="utf-8")
)


def points(branch, *kinds):
    return [b for b in branch.special if b.kind in kinds]


# ------------------------------------------------------------------ the flow
def test_derivatives_of_segments_are_those_of_their_ends(ei):
    """By the state and by two parameters, against central differences."""
    system = System(ei, {}, 1.0, ("G", "Delta"))
    starts = np.array([s.initial for s in ei.states]) * np.linspace(0.5, 1.5, 8)[:, None]
    p, durations = np.array([12.0, 0.9]), np.linspace(0.5, 4.0, 8)
    flow = integrate(system, starts, p, durations, 400)
    for k in range(2):
        shift = 1e-4 * np.eye(2)[k]
        ends = [integrate(system, starts, p + s * shift, durations, 400).ends for s in (1, -1)]
        np.testing.assert_allclose(flow.slopes[:, :, k], (ends[0] - ends[1]) / 2e-4, rtol=1e-5, atol=1e-7)
    for k in range(6):
        shift = 1e-5 * np.eye(6)[k]
        ends = [integrate(system, starts + s * shift, p, durations, 400).ends for s in (1, -1)]
        np.testing.assert_allclose(flow.propagators[:, :, k], (ends[0] - ends[1]) / 2e-5, rtol=1e-5, atol=1e-6)


# ------------------------------------------------------------------ closed forms
@pytest.mark.slow
def test_circles_of_the_hopf_normal_form(bautin):
    """Supercritical, b = -1, c = 0: radius sqrt(mu), period 2 pi / (omega + beta mu), multiplier exp(-2 mu T)."""
    system = System(bautin, {"b": -1.0, "c": 0.0}, 1.0, ("mu",))
    result = diagram(system, (-0.5, 1.0))
    ((_, branch),) = result.cycles
    assert branch.end == BORDER
    assert result.hopfs[0].drive == pytest.approx(0.0, abs=1e-9)
    assert not branch.special
    mu = np.array([s.p[0] for s in branch.samples])
    assert mu[-1] == pytest.approx(1.0, abs=1e-9)
    period = 2 * np.pi / (0.4 + 0.1 * mu)
    np.testing.assert_allclose([s.period for s in branch.samples], period, rtol=1e-8)
    np.testing.assert_allclose([s.greatest[0] for s in branch.samples], np.sqrt(mu), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose([s.least[1] for s in branch.samples], -np.sqrt(mu), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose([s.mean for s in branch.samples], np.zeros((len(mu), 2)), atol=1e-6)
    np.testing.assert_allclose([s.multipliers[0].real for s in branch.samples], np.exp(-2 * mu * period), atol=1e-6)


@pytest.mark.slow
def test_the_fold_of_cycles_behind_a_subcritical_hopf_point(bautin):
    """b = 1, c = -1: the fold is at r^2 = 1/2, mu = -1/4; cycles are stable beyond it."""
    result = diagram(System(bautin, {}, 1.0, ("mu",)), (-0.5, 0.5))
    ((_, branch),) = result.cycles
    (fold,) = branch.special
    assert fold.kind == FOLD
    assert fold.cycle.p[0] == pytest.approx(-0.25, abs=1e-8)
    assert fold.cycle.period == pytest.approx(2 * np.pi / 0.45, rel=1e-4)
    for s in branch.samples:
        square = s.greatest[0] ** 2
        assert s.p[0] == pytest.approx(-square + square**2, abs=1e-5)
        if abs(square - 0.5) > 1e-3:
            assert s.stable == (square > 0.5)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("values", "expected"),
    [({"nu": 0.17}, {0.0: TORUS}), ({"nu": 0.0, "apart": 0.05}, {-0.05: BRANCHING, 0.05: BRANCHING})],
)
def test_multipliers_that_pass_the_unit_circle_in_pairs_or_at_one(ring, values, expected):
    """The product of two real ones passes 1 as well, at mu = 0, where nothing happens."""
    start = from_orbit(System(ring, values, 1.0, ("mu",)), np.array([1.0, 0.0, 0.0, 0.0]), 4 * np.pi, -0.1, 0.3)
    branch = follow_cycles(start, (-0.2, 0.13))
    assert branch.end == BORDER
    assert [b.kind for b in branch.special] == list(expected.values())
    for b, mu in zip(branch.special, expected, strict=True):
        assert b.cycle.p[0] == pytest.approx(mu, abs=1e-8)
        assert b.cycle.period == pytest.approx(4 * np.pi, rel=1e-9)


def flip_multiplier(c, state, period):
    """The multiplier nearest to -1 of Roessler's orbit, by another integrator."""

    def slope(t, z):
        u, v, w = z[:3]
        J = np.array([[0, -1, -1], [1, 0.2, 0], [w, 0, u - c]])
        return np.concatenate([[-v - w, u + 0.2 * v, 0.2 + w * (u - c)], (J @ z[3:].reshape(3, 3)).ravel()])

    start = np.concatenate([state, np.eye(3).ravel()])
    end = solve_ivp(slope, (0, period), start, "DOP853", rtol=1e-12, atol=1e-14).y[:, -1]
    np.testing.assert_allclose(end[:3], state, atol=1e-7)
    values = np.linalg.eigvals(end[3:].reshape(3, 3))
    return values[np.argmin(np.abs(values + 1))]


@pytest.mark.slow
def test_doublings_of_roessler(roessler):
    """At a = b = 0.2 the period doubles at c = 2.832, 3.837, ... (e.g. Strogatz 1994, section 12.3)."""
    slope = lambda t, z: [-z[1] - z[2], z[0] + 0.2 * z[1], 0.2 + z[2] * (z[0] - 2.5)]
    crossing = lambda t, z: z[1]
    crossing.direction = 1.0
    run = solve_ivp(slope, (0, 600), [2.0, 0.0, 0.1], "DOP853", events=crossing, rtol=1e-10, atol=1e-12)
    start = from_orbit(
        System(roessler, {}, 1.0, ("c",)), run.y_events[0][-1], run.t_events[0][-1] - run.t_events[0][-2], 2.5, 2.0
    )
    simple = follow_cycles(start, (2.0, 4.0))
    parents = points(simple, DOUBLING)
    doubled = follow_cycles(at_doubling(parents[0].place), (2.0, 4.0), parents=parents)
    first, second = parents[0], points(doubled, DOUBLING)[0]
    assert first.cycle.p[0] == pytest.approx(2.832, abs=2e-3)
    assert second.cycle.p[0] == pytest.approx(3.837, abs=3e-3)
    assert second.cycle.period == pytest.approx(2 * first.cycle.period, rel=0.03)
    for point in (first, second):
        state = point.place.u[:3]
        assert flip_multiplier(point.cycle.p[0], state, point.cycle.period) == pytest.approx(-1.0, abs=1e-5)


@pytest.mark.slow
def test_nothing_is_made_of_round_off_where_a_cycle_is_born():
    """A multiplier leaves 1 by less than the digits of the test functions there."""
    found = diagram(System(get_model("jansen_rit"), {"G": 20.0}, 1.0, ("p",)), (-50.0, 400.0))
    ((_, branch),) = found.cycles
    assert found.hopfs[0].drive == pytest.approx(381.82301872, abs=1e-7)
    assert [b.kind for b in branch.special] == [ON_SADDLE_NODE]


def test_a_branch_of_cycles_ends_on_the_border_of_what_is_allowed(ei):
    """At J_ii = 0, without a step to negative weights."""
    found = diagram(System(ei, {"G": 12.0, "I_ext_e": 13.0}, 1.0, ("J_ii",)), (0.0, 12.0), doublings=0)
    assert not found.failures
    ((_, branch),) = found.cycles
    assert branch.end == BORDER
    assert branch.samples[-1].p[0] == 0.0
    assert min(s.p[0] for s in branch.samples) == 0.0


# ------------------------------------------------------------------ the reference
@pytest.mark.parametrize("G", [12.0, *(pytest.param(G, marks=pytest.mark.slow) for G in (10.0, 15.0))])
def test_bifurcations_of_cycles_are_where_the_reference_has_them(ei, G):
    entries = [e for e in REFERENCE["cycle_bifurcations"] if e["G"] == G]
    result = diagram(System(ei, {"G": G}, 1.0, ("I_ext_e",)), (0.0, 16.0), doublings=0)
    ((_, branch),) = result.cycles
    found = points(branch, DOUBLING, FOLD)
    assert [b.kind for b in found] == [e["type"] for e in entries]
    for b, e in zip(found, entries, strict=True):
        assert b.cycle.p[0] == pytest.approx(e["I_ext_e"], abs=1e-6)
        assert b.cycle.period == pytest.approx(e["period_ms"], rel=1e-6)
    last = result.hopfs[-1]
    assert branch.hopf is last
    assert branch.samples[-1].period == pytest.approx(last.period, rel=1e-5)


@pytest.mark.slow
def test_the_period_doubles_again_and_again(ei):
    """The islands at G = 12: a branch between two doublings carries the next two; they shrink by Feigenbaum's 4.67."""
    result = diagram(System(ei, {"G": 12.0}, 1.0, ("I_ext_e",)), (0.0, 16.0), doublings=4)
    assert [level for level, _ in result.cycles] == [0, 1, 2, 3, 4]
    assert not result.failures
    pairs = [points(branch, DOUBLING) for _, branch in result.cycles]
    for which in (0, 1):
        gaps = np.diff([pair[which].cycle.p[0] for pair in pairs])
        assert gaps[2] / gaps[3] == pytest.approx(4.67, abs=0.2)
    for (first, last), (_, child) in zip(pairs[:-1], result.cycles[1:], strict=True):
        assert child.end == DOUBLING
        assert child.doubling is last
        assert child.samples[0].period == pytest.approx(2 * first.cycle.period, rel=1e-4)
        assert child.samples[-1].p[0] == pytest.approx(last.cycle.p[0], rel=1e-3)


@pytest.mark.parametrize(
    ("G", "between", "samples"),
    [(9.312, (11.0, 11.15), 0), pytest.param(14.943, (10.1, 10.25), 1, marks=pytest.mark.slow)],
)
def test_two_doublings_in_one_step_do_not_cancel(ei, G, between, samples):
    """At the edges of the islands, where the orbit has twice the period over less than a step or two."""
    result = diagram(System(ei, {"G": G}, 1.0, ("I_ext_e",)), (0.0, 16.0), doublings=0)
    ((_, branch),) = result.cycles
    first, last = points(branch, DOUBLING)
    assert between[0] < first.cycle.p[0] < last.cycle.p[0] < between[1]
    width = last.cycle.p[0] - first.cycle.p[0]
    between_them = [s for s in branch.samples if first.cycle.p[0] < s.p[0] < last.cycle.p[0]]
    assert len(between_them) == samples
    current = first.cycle.p[0] + width * np.array([-0.5, 0.5, 1.5])
    parameters = make_points(ei, {}, {"I_ext_e": current, "G": np.full(3, G)}, 3).parameters
    simulated = find_attractors(ei, parameters, 1.0)
    assert [a.multiplicity for a in simulated] == [1, 2, 1]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("G", "limits", "expected"),
    [(30.5, (2.5, 16.0), 3.5295), (32.0, (1.5, 16.0), 2.0837), (35.0, (-3.0, 1.235), -1.1009)],
)
def test_cycles_that_end_at_a_homoclinic_orbit(ei, G, limits, expected):
    """To the four decimals of the reference: the period grows without limit while the current converges."""
    system = System(ei, {"G": G}, 1.0, ("I_ext_e",))
    result = diagram(system, limits, doublings=0)
    ends = [branch.special[-1] for _, branch in result.cycles if branch.end == HOMOCLINIC]
    assert any(end.cycle.p[0] == pytest.approx(expected, abs=1e-4) and end.cycle.period > 150 for end in ends)


@pytest.mark.slow  # with kernels of its own
def test_a_cycle_ends_on_a_saddle_node_in_closed_form(clock):
    """It is no neighbour of a Hopf point: only the attractor at the upper end leads to it."""
    result = diagram(System(clock, {}, 1.0, ("p",)), (0.6, 2.0), doublings=0)
    assert not result.hopfs
    assert [fold.drive for fold in result.folds] == pytest.approx([1.0], abs=1e-8)
    ((_, branch),) = result.cycles
    p, period = np.array([s.p[0] for s in branch.samples]), np.array([s.period for s in branch.samples])
    assert p[0] == 2.0
    np.testing.assert_allclose(period, 2 * np.pi / np.sqrt(p * p - 1), rtol=1e-6)
    assert branch.end == ON_SADDLE_NODE
    (end,) = branch.special
    assert end.kind == "SNIC"
    assert end.cycle.p[0] == pytest.approx(1.0, abs=1e-8)
    assert end.cycle.period == np.inf


@pytest.mark.slow
def test_the_slow_cycle_of_jansen_rit_ends_on_a_saddle_node():
    """At p = 113.586 (Grimbert and Faugeras 2006: 113.58), not in a homoclinic orbit at 114.06."""
    result = diagram(System(get_model("jansen_rit"), {}, 1.0, ("p",)), (110.0, 120.0), doublings=0)
    ends = {branch.end: branch.special[-1] for _, branch in result.cycles if branch.special}
    assert list(ends) == [ON_SADDLE_NODE]
    assert ends[ON_SADDLE_NODE].cycle.p[0] == pytest.approx(113.58627, abs=1e-4)
    assert any(branch.end == "border" for _, branch in result.cycles), "and there is the alpha cycle"


@pytest.mark.slow
def test_cycles_without_a_hopf_point_in_the_range(ei):
    """At G = 12 over [8, 12] there is no bifurcation of equilibria, but one cycle with two doublings on it."""
    result = diagram(System(ei, {"G": 12.0}, 1.0, ("I_ext_e",)), (8.0, 12.0), doublings=0)
    assert result.points == []
    ((_, branch),) = result.cycles
    assert (branch.samples[0].p[0], branch.samples[-1].p[0]) == (8.0, 12.0)
    found = [(point.kind, float(point.cycle.p[0])) for point in branch.special]
    assert [kind for kind, _ in found] == ["PD", "PD"]
    np.testing.assert_allclose([p for _, p in found], [9.1787, 11.5289], atol=1e-4)
    assert result.failures == []
