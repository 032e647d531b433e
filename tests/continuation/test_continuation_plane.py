"""Bifurcation curves in two parameters: closed forms, and the reference's cusp, Bogdanov-Takens and cycle points."""

import json
from pathlib import Path

import numpy as np
import pytest
from scipy.interpolate import CubicSpline

from ngnmm_core.dynamics.continuation.branches import follow_cycles
from ngnmm_core.dynamics.continuation.codimension_two import BAUTIN, BOGDANOV_TAKENS, CUSP
from ngnmm_core.dynamics.continuation.diagram import diagram
from ngnmm_core.dynamics.continuation.plane import bifurcation_curves, cycle_curve
from ngnmm_core.dynamics.continuation.special import TORUS
from ngnmm_core.dynamics.continuation.starts import from_orbit
from ngnmm_core.dynamics.continuation.system import System
from ngnmm_core.dynamics.equilibrium_branch import EquilibriumSystem

REFERENCE = json.loads(
    (Path(__file__).parents[1] / "reference" / "homogeneous_system.json").read_text(encoding="utf-8")
)


def of_kind(curves, kind):
    return [c for c in curves if c.kind == kind]


def special(curves, kind):
    return [s.p for c in curves for s in c.special if s.kind == kind]


def test_folds_of_a_cubic_meet_in_a_cusp(cusp):
    """27 b^2 = 4 a^3, with the cusp at the origin; one curve has both folds."""
    curves, failures = bifurcation_curves(System(cusp, {}, 1.0, ("b", "a")), ((-2.0, 2.0), (-1.0, 2.0)), [1.0])
    assert not failures
    (curve,) = curves
    b, a = curve.p.T
    np.testing.assert_allclose(27 * b**2, 4 * a**3, atol=1e-7)
    assert np.isnan(curve.period).all()  # equilibria have no period, whatever their eigenvalues are
    assert b.min() < -1.0
    assert b.max() > 1.0
    (found,) = special(curves, CUSP)
    np.testing.assert_allclose(found, 0.0, atol=1e-6)


@pytest.mark.parametrize(
    ("second", "limits", "q"),
    [
        ("G", (0.0, 30.0), 0.0),
        pytest.param("J_ii", (0.0, 12.0), 5.0, marks=pytest.mark.slow),
        pytest.param("Delta", (0.05, 4.0), 1.0, marks=pytest.mark.slow),
    ],
)
def test_curves_end_on_the_border(ei, second, limits, q):
    """Beyond it the model may have no meaning; the last point is a bifurcation as all others are."""
    ranges = ((0.0, 16.0), limits)
    values = {} if second == "G" else {"G": 12.0}
    curves, failures = bifurcation_curves(System(ei, values, 1.0, ("I_ext_e", second)), ranges, [q], cycles=False)
    assert not failures
    assert curves
    for curve in curves:
        low, high = np.array(ranges).T
        assert (curve.p >= low).all()
        assert (curve.p <= high).all()
        for end, p in zip(curve.end.split(", "), (curve.p[0], curve.p[-1]), strict=True):
            assert (np.isin(p, [low, high])).any() == (end == "border")
    current, other = curves[-1].p[-1]
    parameters = ei.resolve({**values, second: other})
    there = EquilibriumSystem(ei, parameters, parameters["G"]).bifurcations(current - 0.01, current + 0.01)
    assert min(abs(b.drive - current) for b in there) < 1e-7


@pytest.mark.slow
def test_the_fold_of_cycles_ends_where_the_hopf_point_changes_its_criticality(bautin):
    """c = -1: LPC at mu = -b^2 / 4 for b > 0, Hopf at mu = 0, which is degenerate at b = 0."""
    curves, failures = bifurcation_curves(System(bautin, {}, 1.0, ("mu", "b")), ((-0.5, 0.3), (-1.0, 1.4)), [1.0])
    assert not failures
    (hopf,), (fold,) = of_kind(curves, "HB"), of_kind(curves, "LPC")
    np.testing.assert_allclose(hopf.p[:, 0], 0.0, atol=1e-9)
    np.testing.assert_allclose(hopf.period, 2 * np.pi / 0.4, rtol=1e-9)
    (found,) = special(curves, BAUTIN)
    np.testing.assert_allclose(found, 0.0, atol=1e-6)
    mu, b = fold.p.T
    np.testing.assert_allclose(mu, -(b**2) / 4, atol=1e-7)
    np.testing.assert_allclose(fold.period, 2 * np.pi / (0.4 + 0.1 * b / 2), rtol=1e-4)
    assert b.max() > 1.39
    assert BAUTIN in fold.end
    assert b.min() < 0.2


@pytest.fixture(scope="module")
def islands(ei):
    """Curves of the paper's model, met at G = 12 and 15."""
    return bifurcation_curves(System(ei, {}, 1.0, ("I_ext_e", "G")), ((0.0, 16.0), (0.0, 30.0)), [12.0, 15.0])


def nearest(curve, point):
    """Distance of a point from a curve, by a spline along it."""
    s = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(curve.p, axis=0), axis=1))])
    keep = np.append(np.diff(s) > 0, True)
    fine = CubicSpline(s[keep], curve.p[keep])(np.linspace(0.0, s[-1], 20001))
    return np.min(np.linalg.norm(fine - point, axis=1))


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "passing"), [("PD", (10.0, 12.0, 11.0)), ("LPC", (15.0, 14.8))])
def test_curves_of_cycles_pass_through_the_reference(ei, islands, kind, passing):
    """One closed curve has all of them; that its points are exact is seen at one, by a diagram through it."""
    curves, failures = islands
    assert not failures
    (curve,) = of_kind(curves, kind)
    assert curve.end == "closed"
    entries = [e for e in REFERENCE["cycle_bifurcations"] if e["type"] == kind and e["G"] in passing]
    for e in entries:
        assert nearest(curve, [e["I_ext_e"], e["G"]]) < 1e-3
    current, G = curve.p[np.argmin(np.abs(curve.p[:, 1] - passing[-1]))]
    found = diagram(System(ei, {"G": G}, 1.0, ("I_ext_e",)), (0.0, 16.0), doublings=0)
    values = [b.cycle.p[0] for _, branch in found.cycles for b in branch.special if b.kind == kind]
    assert np.min(np.abs(np.array(values) - current)) < 1e-6


@pytest.mark.slow
def test_the_second_doubling_has_curves_of_its_own(ei):
    """They meet the doublings of the doubled branch where a diagram at another coupling has them."""
    window = ((8.0, 13.0), (11.7, 12.3))
    curves, failures = bifurcation_curves(System(ei, {}, 1.0, ("I_ext_e", "G")), window, [12.0], doublings=2)
    assert not failures
    assert [(c.kind, c.doublings) for c in curves] == [("HB", 0), ("PD", 1), ("PD", 1), ("PD", 2), ("PD", 2)]
    found = diagram(System(ei, {"G": 11.8}, 1.0, ("I_ext_e",)), (8.0, 13.0), doublings=1)
    assert [level for level, _ in found.cycles] == [0, 1]
    for level, branch in found.cycles:
        ends = [b.cycle.p[0] for b in branch.special if b.kind == "PD"]
        own = [c.p[np.argsort(c.p[:, 1])] for c in curves if c.kind == "PD" and c.doublings == level + 1]
        there = [float(CubicSpline(p[:, 1], p[:, 0])(11.8)) for p in own]
        np.testing.assert_allclose(np.sort(there), np.sort(ends), atol=1e-6)


@pytest.mark.slow
def test_a_curve_of_torus_bifurcations(ring):
    """mu = 0, whatever the angle at which the pair leaves the unit circle."""
    start = from_orbit(System(ring, {}, 1.0, ("mu",)), np.array([1.0, 0.0, 0.0, 0.0]), 4 * np.pi, -0.1, 0.3)
    (torus,) = follow_cycles(start, (-0.2, 0.13)).special
    limits = ((-0.2, 0.2), (0.1, 0.24))
    curve = cycle_curve(System(ring, {}, 1.0, ("mu", "nu")), TORUS, torus.place, 0.17, limits)
    assert curve.end == "border, border"
    np.testing.assert_allclose(curve.p[:, 0], 0.0, atol=1e-8)
    np.testing.assert_array_equal(np.sort(curve.p[[0, -1], 1]), limits[1])


@pytest.mark.slow
def test_cusp_and_bogdanov_takens_point_are_those_of_the_reference(ei):
    curves, _ = bifurcation_curves(System(ei, {}, 1.0, ("I_ext_e", "G")), ((-50.0, 5.0), (0.0, 130.0)), [27.0], False)
    by_kind = {e["type"]: [e["I_ext_e"], e["G"]] for e in REFERENCE["codim2"]}
    for kind in (CUSP, BOGDANOV_TAKENS):
        found = special(curves, kind)
        assert found
        np.testing.assert_allclose(found[0], by_kind[kind], atol=1e-6)
