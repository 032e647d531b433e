"""Branch points of equilibria: exact ones, and those of the two-item memory, published ones among them."""

import itertools
import json
from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import brentq

from ngnmm_core.dynamics.continuation.branching import beside, branch_point
from ngnmm_core.dynamics.continuation.diagram import diagram
from ngnmm_core.dynamics.continuation.equilibria import bifurcations, follow_equilibrium
from ngnmm_core.dynamics.continuation.system import System
from ngnmm_core.models import get_model
from ngnmm_core.models._base import COUPLING, Model, Parameter, Population, State

REFERENCE = json.loads((Path(__file__).parents[1] / "reference" / "family.json").read_text(encoding="utf-8"))
MEMORY = REFERENCE["ngnmm_memory"]
BRANCHES = {
    # x' = f(x - 1, b - 0.3), and the other branch
    "pitchfork": (lambda x, b: x * (b - x * x), lambda b: [-np.sqrt(b), np.sqrt(b)]),
    "transcritical": (lambda x, b: x * (b - x), lambda b: [b]),
}


@pytest.fixture(params=BRANCHES)
def crossing(request):
    """A system whose branches cross at b = 0.3, x = 1; a second state follows x."""
    field, other = BRANCHES[request.param]
    model = Model(
        name=request.param,
        title="Branches that cross",
        doi="",
        states=(State("x", "1", 1.2), State("y", "1", 2.0)),
        parameters=(Parameter("b", 0.5, "1", "input"), COUPLING),
        drives=("b",),
        coefficients=lambda p: (0.3,),
        derivative=lambda x, d, c, k: (field(x[0] - 1.0, d[0] - c[0]) + k, 2.0 * x[0] - x[1]),
        sent=lambda x, c: x[0],
        observable="x",
        populations=(Population("E", "one"),),
        fastest_rate=lambda p: 1.0,
    )
    return System(model, {}, 1.0, ("b",)), other


def test_a_branch_point_is_found_and_the_other_branch_beside_it(crossing):
    system, other = crossing
    places = follow_equilibrium(system, np.array([1.0, 2.0]), 0.1, (-1.0, 1.0))
    found = [branch_point(a, b) for a, b in itertools.pairwise(places)]
    (point,) = [p for p in found if p is not None]
    np.testing.assert_allclose(point.u, [1.0, 2.0, 0.3], atol=1e-9)
    there = beside(point, 0.05)
    assert len(there) == 2
    for x, y, b in there:
        assert abs(x - 1) > 1e-2
        assert min(abs(x - 1 - z) for z in other(b - 0.3)) < 1e-9
        assert y == pytest.approx(2 * x, abs=1e-9)


def test_both_branches_are_in_the_diagram_and_the_point_is_no_fold(crossing):
    system, _ = crossing
    result = diagram(system, (-0.5, 1.0), doublings=None)
    assert len(result.equilibria) == 2
    assert not result.failures
    assert {point.kind for _, point in result.points} == {"BP"}
    assert {number for number, _ in result.points} == {0, 1}
    np.testing.assert_allclose([point.drive for _, point in result.points], 0.3, atol=1e-9)


@pytest.fixture(scope="module")
def memory():
    """All equilibria of the two items over the background input."""
    return diagram(System(get_model("ngnmm_memory"), {}, 1.0, ("I_B",)), (1.0, 4.5), doublings=None)


@pytest.mark.slow
def test_the_published_points_of_the_two_item_memory(memory):
    """Fold, branch point, Hopf, Hopf and fold in I_B, to the digits that are printed."""
    (published,) = [e for e in REFERENCE["published"] if e["what"].startswith("fold, branch point")]
    kinds = ("LP", "BP", "HB", "HB", "LP")
    values = {kind: np.array([b.drive for _, b in memory.points if b.kind == kind]) for kind in set(kinds)}
    for kind, printed, ours in zip(kinds, published["published"], published["ours"], strict=True):
        nearest = values[kind][np.argmin(np.abs(values[kind] - printed))]
        digits = len(f"{printed}".partition(".")[2])
        assert round(nearest, digits) == pytest.approx(printed, abs=1.1 * 10.0**-digits)
        assert nearest == pytest.approx(ours, rel=1e-7)


@pytest.mark.slow
def test_states_with_one_active_item(memory):
    """Folds and Hopf points with their states; every one of them twice, once for each item."""
    model = get_model("ngnmm_memory")
    for entry in MEMORY["one_item_active"]:
        kind = {"fold": "LP", "Hopf": "HB"}[entry["type"]]
        there = [b for _, b in memory.points if b.kind == kind and abs(b.drive - entry["value"]) < 1e-8]
        assert len(there) == 2
        b = max(there, key=lambda b: b.state[0])
        for name, value in entry["states"].items():
            assert b.state[model.state_names.index(name)] == pytest.approx(value, rel=1e-6)
        if kind == "HB":
            assert b.period == pytest.approx(entry["period_ms"], rel=1e-7)
            assert b.criticality == entry["criticality"]


@pytest.mark.slow
def test_branch_points_of_equal_items_in_closed_form(memory):
    """Items that differ by little see H(r_1) - H(r_2) = 0, where H is what each has besides what both share: H' = 0."""
    p = get_model("ngnmm_memory").resolve({})
    tau = p["tau_e"]

    def released(r):
        u = p["U0"] * (1 + p["tau_f"] * r) / (1 + p["U0"] * p["tau_f"] * r)
        return u * r / (1 + p["tau_d"] * u * r)

    def height(r, weight):
        v = -p["Delta"] / (2 * np.pi * tau * r)
        return (np.pi * tau * r) ** 2 - v**2 - tau * weight * released(r)

    def background(r):
        pool = lambda r_0: (
            (np.pi * p["tau_i"] * r_0) ** 2 - (p["Delta"] / (2 * np.pi * p["tau_i"] * r_0)) ** 2
            - p["tau_i"] * (2 * p["J_ie"] * r - p["J_ii"] * r_0)
        )  # fmt: skip
        # the pool and the items have the same I_B
        item = lambda r_0: height(r, p["J_self"] + p["J_cross"]) + tau * p["J_ei"] * r_0
        return item(brentq(lambda r_0: pool(r_0) - item(r_0), 1e-4, 1.0, xtol=1e-15))

    slope = lambda r: (
        height(r * (1 + 1e-5), p["J_self"] - p["J_cross"]) - height(r * (1 - 1e-5), p["J_self"] - p["J_cross"])
    )
    expected = [background(brentq(slope, *ends, xtol=1e-14)) for ends in ((1e-3, 5e-3), (5e-3, 2e-2))]
    found = sorted({round(b.drive, 8) for _, b in memory.points if b.kind == "BP"})
    np.testing.assert_allclose(found, expected, rtol=1e-7)
    assert {number for number, b in memory.points if b.kind == "BP"} == {0, 1}


def test_equal_items_are_stable_below_the_branch_point_only(memory):
    model = get_model("ngnmm_memory")
    equal = next(b for b in memory.equilibria if np.ptp(b.states[:, [0, 4]], axis=1).max() < 1e-6)
    for drive, state, stable in zip(equal.drive, equal.states, equal.stable, strict=True):
        assert stable == (drive < 1.25647), drive
        assert state[model.state_names.index("x_1")] == pytest.approx(state[model.state_names.index("x_2")], rel=1e-5)


@pytest.mark.slow
def test_a_loop_of_equilibria_is_followed_once(memory):
    loop = next(b for b in memory.equilibria if np.ptp(b.states[:, [0, 4]], axis=1).max() > 1e-3)
    np.testing.assert_allclose(loop.states[0], loop.states[-1], rtol=1e-12)
    assert loop.drive[0] == loop.drive[-1]
    places = follow_equilibrium(System(get_model("ngnmm_memory"), {}, 1.0, ("I_B",)), loop.states[3], loop.drive[3],
                                (1.0, 4.5))  # fmt: skip
    assert len(places) < 1.2 * len(loop.drive)
    assert sum(b.kind == "HB" for b in bifurcations(places)) == 4
