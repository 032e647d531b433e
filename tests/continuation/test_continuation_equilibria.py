"""All equilibria of a point and their bifurcations: reference, closed forms, two methods against each other."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import scipy

from ngnmm_core.dynamics.continuation.diagram import diagram
from ngnmm_core.dynamics.continuation.equilibria import bifurcations, find_equilibria, follow_equilibrium
from ngnmm_core.dynamics.continuation.plane import bifurcation_curves
from ngnmm_core.dynamics.continuation.system import System
from ngnmm_core.dynamics.equilibrium_branch import HOPF, SADDLE_NODE, EquilibriumSystem
from ngnmm_core.errors import InputError
from ngnmm_core.models import get_model

REFERENCE = json.loads(
    (Path(__file__).parents[1] / "reference" / "homogeneous_system.json").read_text(encoding="utf-8")
)
POINTS = sorted({(e["G"], e["Delta"]) for e in REFERENCE["equilibrium_bifurcations"]})


def expected(G, Delta):
    return [e for e in REFERENCE["equilibrium_bifurcations"] if (e["G"], e["Delta"]) == (G, Delta)]


def assert_agrees(found, entries):
    assert [b.kind for b in found] == [e["type"] for e in entries]
    for b, e in zip(found, entries, strict=True):
        assert b.drive == pytest.approx(e["I_ext_e"], abs=1e-6)
        np.testing.assert_allclose(b.state[:2], [e["r_e"], e["v_e"]], atol=1e-6)
        if e["type"] == HOPF:
            assert b.period == pytest.approx(e["period_ms"], rel=1e-6)
            assert b.criticality == e["criticality"]


@pytest.mark.parametrize(("G", "Delta"), POINTS)
def test_the_explicit_branch_has_the_bifurcations_of_the_reference(ei, G, Delta):
    system = EquilibriumSystem(ei, ei.resolve({"G": G, "Delta": Delta}), G)
    assert_agrees(system.bifurcations(-10.0, 150.0), expected(G, Delta))


@pytest.mark.slow
def test_continuation_without_the_explicit_branch_finds_the_same(ei):
    """Around both folds, Hopf points included."""
    system = System(ei, {"G": 26.0}, 1.0, ("I_ext_e",))
    start = EquilibriumSystem(ei, system.values, 26.0).equilibria(0.0)
    places = follow_equilibrium(system, start.states[0], 0.0, (0.0, 10.0))
    assert places[0].u[-1] == pytest.approx(0.0, abs=1e-12)
    assert places[-1].u[-1] == pytest.approx(10.0, abs=1e-9)
    assert_agrees(bifurcations(places), expected(26.0, 1.0))


def test_continuation_in_another_parameter_meets_the_same_hopf_point(ei):
    """At I_ext_e of the Hopf point at G = 12, a branch in G crosses it at 12."""
    (first, _) = expected(12.0, 1.0)
    system = System(ei, {"I_ext_e": first["I_ext_e"]}, 1.0, ("G",))
    start = find_equilibria(ei, {"I_ext_e": first["I_ext_e"], "G": 10.0})
    places = follow_equilibrium(system, start.states[0], 10.0, (8.0, 14.0))
    (hopf,) = bifurcations(places)
    assert hopf.drive == pytest.approx(12.0, abs=1e-6)
    assert hopf.period == pytest.approx(first["period_ms"], rel=1e-6)


@pytest.mark.parametrize(
    ("name", "values", "parameter", "limits", "expected"),
    [
        ("ei_ngnmm", {"I_ext_e": 10.0, "G": 11.0}, "J_ei", (2.0, 40.0), [10.860665]),
        ("ei_ngnmm", {"I_ext_e": 9.0, "G": 5.0}, "tau_e", (2.0, 40.0), [3.937191, 36.867495]),
        ("jansen_rit", {"G": 20.0, "p": 150.0}, "C1", (50.0, 300.0), [87.080170, 79.075474]),
    ],
)
def test_a_branch_that_is_met_from_several_starts_is_followed_once(name, values, parameter, limits, expected):
    """Its points are far apart and it bends between them, so that the starts lie beside the chords."""
    found = diagram(System(get_model(name), values, 1.0, (parameter,)), limits, doublings=None)
    assert len(found.equilibria) == 1
    np.testing.assert_allclose([b.drive for _, b in found.points], expected, atol=1e-6)


# ------------------------------------------------------------------ one population
def test_folds_of_one_population_are_roots_of_a_quartic():
    """d I_ext / d r = 0: 2 (pi tau)^2 r^4 - tau J r^3 + 2 (Delta / 2 pi tau)^2 = 0."""
    model = get_model("ngnmm_population")
    p = model.resolve({})
    tau, J, spread = p["tau"], p["J"], p["Delta"] / (2 * np.pi * p["tau"])
    r = np.roots([2 * (np.pi * tau) ** 2, -tau * J, 0.0, 0.0, 2 * spread**2])
    r = np.sort(r[np.abs(r.imag) < 1e-12].real)
    current = (np.pi * tau * r) ** 2 - (spread / r) ** 2 - p["eta"] - tau * J * r
    found = EquilibriumSystem(model, p, 0.0).bifurcations(-50.0, 50.0)
    assert [b.kind for b in found] == [SADDLE_NODE] * 2
    np.testing.assert_allclose([b.drive for b in found], current, atol=1e-9)
    np.testing.assert_allclose([b.state[0] for b in found], r, atol=1e-7)


def test_inhibition_with_a_slow_synapse_oscillates_beyond_a_hopf_point():
    """By the Routh-Hurwitz condition of the three equations, a2 a1 = a0, solved for r."""
    model = get_model("ngnmm_population")
    p = model.resolve({"J": -20.0, "tau_s": 5.0})
    tau, J, tau_s = p["tau"], p["J"], p["tau_s"]

    def routh(r):
        v = -p["Delta"] / (2 * np.pi * tau * r)
        a, cross = 2 * v / tau, (2 * r / tau) * (-2 * np.pi**2 * tau * r)
        # (x - a)^2 - cross, times (x + 1/tau_s), minus the loop 2r/tau * J / tau_s
        trace, determinant = -2 * a, a * a - cross
        a2, a1 = trace + 1 / tau_s, determinant + trace / tau_s
        return a2 * a1 - (determinant / tau_s - 2 * r / tau * J / tau_s)

    r = scipy.optimize.brentq(routh, 0.02, 0.06, xtol=1e-15)
    (hopf,) = EquilibriumSystem(model, p, 0.0).bifurcations(-50.0, 200.0)
    assert hopf.kind == HOPF
    assert hopf.state[0] == pytest.approx(r, abs=1e-10)
    assert hopf.criticality == "supercritical"


# ------------------------------------------------------------------ all of them
def test_all_three_equilibria_and_their_stability(ei):
    found = find_equilibria(ei, {"G": 26.0, "I_ext_e": 4.65})
    assert len(found.states) == 3
    assert not found.stable.any()
    np.testing.assert_array_equal(found.unstable_dimensions % 2, [0, 1, 0])
    derivative = System(ei, {"G": 26.0}, 1.0, ("I_ext_e",)).field(found.states, np.array([4.65]))
    np.testing.assert_allclose(derivative, 0.0, atol=1e-12)


@pytest.mark.parametrize("values", [{"G": 26.0, "I_ext_e": 4.65}, {"G": 60.0, "I_ext_e": -20.0}, {"G": 12.0}])
def test_the_search_finds_as_many_as_the_explicit_branch(ei, values):
    known = find_equilibria(ei, values)
    found = find_equilibria(replace(ei, equilibrium_curve=None), values)
    np.testing.assert_allclose(found.states, known.states, rtol=1e-9)
    assert found.types == known.types


def test_types_of_the_classic_bistable_population():
    found = find_equilibria(get_model("ngnmm_population"), {})
    assert found.types == ["stable node", "saddle", "stable node"]


@pytest.mark.parametrize("a", [-1.0, 0.5, 3.0])
def test_equilibria_of_a_cubic(cusp, a):
    roots = np.roots([-1.0, 0.0, a, 0.2])
    roots = np.sort(roots[np.abs(roots.imag) < 1e-9].real)
    found = find_equilibria(cusp, {"a": a, "b": 0.2})
    np.testing.assert_allclose(found.states, np.column_stack([roots, roots]), atol=1e-12)
    np.testing.assert_array_equal(found.stable, a - 3 * roots**2 < 0)


def test_folds_of_a_cubic(cusp):
    system = System(cusp, {"a": 1.5}, 1.0, ("b",))
    places = follow_equilibrium(system, np.array([-1.5, -1.5]), -2.0, (-2.0, 2.0))
    assert [b.kind for b in bifurcations(places)] == [SADDLE_NODE] * 2
    np.testing.assert_allclose([b.drive for b in bifurcations(places)], [2 * 0.5**1.5, -2 * 0.5**1.5], atol=1e-9)


@pytest.mark.parametrize(
    ("values", "rate"),
    [
        ({"I_ext_e": 3.0, "G": 4.0, "Delta": 5e-4}, 7.034e-6),
        ({"I_ext_e": 3.0, "G": 4.0, "Delta": 1e-5}, 1.407e-7),
        ({"I_ext_e": 1e5, "G": 3.0}, 12.62),
        ({"I_ext_e": 1e7, "G": 3.0}, 125.87),
        ({"Delta": 1e-12}, 1e-12 / (2 * np.pi * 8 * 5**0.5)),  # Delta / (2 pi tau sqrt(-eta))
        ({"tau_e": 1e-3}, 73.17),
    ],
)
def test_very_low_and_very_high_rates_are_not_missed(ei, values, rate):
    found = find_equilibria(ei, values)
    assert found.types in (["stable node"], ["stable focus"])
    assert found.states[0, 0] == pytest.approx(rate, rel=1e-3)
    system = System(ei, values, 1.0, ("G",))
    linear, jacobian = system.linearise(found.states, np.full((1, 1), system.values["G"]))
    assert np.max(np.abs(np.linalg.solve(jacobian[0], linear.derivative[0])) / np.abs(found.states[0])) < 1e-9


def test_one_population_at_rest_without_heterogeneity_to_speak_of():
    found = find_equilibria(get_model("ngnmm_population"), {"Delta": 1e-7})
    assert found.types == ["stable node", "saddle", "stable node"]
    assert found.states[0, 0] == pytest.approx(1e-7 / (2 * np.pi * 10 * 5**0.5), rel=1e-3)


def test_both_equilibria_beside_a_fold_are_found(ei):
    """They are nearer to each other than two samples of the explicit branch."""
    (fold, *_) = EquilibriumSystem(ei, ei.resolve({"G": 26.0}), 26.0).bifurcations(4.0, 5.0)
    inside = [len(find_equilibria(ei, {"G": 26.0, "I_ext_e": fold.drive + s * 1e-9}).states) for s in (-1.0, 1.0)]
    assert sorted(inside) == [1, 3]


# ------------------------------------------------------------------ what is refused
REFUSED = {
    "a name": (lambda m: find_equilibria(m, {"Ie": 3.0}), r"parameters\.Ie: unknown 'Ie'"),
    "a free name": (lambda m: System(m, {}, 1.0, ("Gx",)), "active: unknown 'Gx'"),
    "a value": (lambda m: find_equilibria(m, {"Delta": 0.0}), r"parameters\.Delta: 0 is out of range for Delta_e"),
    "a value of a system": (lambda m: System(m, {"G": -1.0}, 1.0, ("I_ext_e",)), r"values\.G: -1 is out of range"),
    "no number": (lambda m: find_equilibria(m, {"I_ext_e": np.nan}), r"parameters\.I_ext_e: nan is out of range"),
    "a forbidden end": (lambda m: diagram(System(m, {}, 1.0, ("Delta",)), (0.0, 6.0)), "limits: 0 is out of range"),
    "no extent": (lambda m: diagram(System(m, {}, 1.0, ("I_ext_e",)), (16.0, 0.0)), r"limits: .* is empty"),
    "an end in the plane": (
        lambda m: bifurcation_curves(System(m, {}, 1.0, ("I_ext_e", "G")), ((0.0, 16.0), (-1.0, 2.0)), [1.0]),
        r"limits\[1\]: -1 is out of range for G",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_the_model_does_not_allow_is_refused(ei, case):
    call, message = REFUSED[case]
    with pytest.raises(InputError, match=f"{message}.*allowed: "):
        call(ei)
