"""The reference numbers: bifurcation points, growth rates and periods, from independent methods (`methods` there)."""

import json
from pathlib import Path

import numpy as np
import pytest

from ngnmm_core.dynamics.attractor import find_attractors
from ngnmm_core.dynamics.dispersion import dispersion
from ngnmm_core.dynamics.equilibria import eigenvalues, newton
from ngnmm_core.dynamics.irregular_attractors import classify
from ngnmm_core.dynamics.period_multiplicity import parents_of
from ngnmm_core.dynamics.periodic_orbits import paths, shoot_many, values_at
from ngnmm_core.dynamics.regimes import CHAOS, IRREGULAR, LIMIT_CYCLE, MULTI_PERIOD, REST
from ngnmm_core.dynamics.variational import Solutions

REFERENCE = json.loads(
    (Path(__file__).parents[1] / "reference" / "homogeneous_system.json").read_text(encoding="utf-8")
)
REGIMES = {"rest": REST, "simple periodic orbit": LIMIT_CYCLE, "period-2 (doubled) orbit": MULTI_PERIOD}


def name(entry):
    return "-".join(str(entry[key]) for key in ("type", "I_ext_e", "G", "Delta") if key in entry)


@pytest.mark.parametrize("entry", REFERENCE["dispersion"], ids=name)
def test_growth_rates_regimes_and_periods(ei, attractor_at, entry):
    attractor, parameters = attractor_at(ei, I_ext_e=entry["I_ext_e"], G=entry["G"])
    assert attractor.regime == REGIMES[entry["regime"]]
    if "period_ms" in entry:
        assert attractor.period == pytest.approx(entry["period_ms"], rel=1e-8)
        assert attractor.orbit.residual < 1e-10
    modes = np.array([float(x) for x in entry["growth_rate"]])
    relation = dispersion(ei, parameters, 1.0, attractor, modes)
    np.testing.assert_allclose(relation.growth_rate, list(entry["growth_rate"].values()), rtol=0, atol=1e-6)


@pytest.mark.parametrize("entry", REFERENCE["equilibrium_bifurcations"], ids=name)
def test_equilibria_change_stability_where_they_should(ei, entry):
    """At a Hopf point a pair crosses with the period given, at a fold a real eigenvalue is zero."""
    values = {"I_ext_e": entry["I_ext_e"], "G": entry["G"], "Delta": entry["Delta"]}
    parameters = {n: np.full(1, float(v)) for n, v in ei.resolve(values).items()}
    r_e, v_e = entry["r_e"], entry["v_e"]
    # the equilibrium of the inhibitory population for this input, by its own two equations
    r_i = np.roots(
        [-(np.pi**2) * 64, -40.0, -5 + 8 * (13 + entry["G"]) * r_e, 0.0, (entry["Delta"] / (16 * np.pi)) ** 2]
    )
    r_i = r_i[(np.abs(r_i.imag) < 1e-12) & (r_i.real > 0)].real.max()
    guess = np.array([[r_e, v_e, r_e, r_i, -entry["Delta"] / (16 * np.pi * r_i), r_i]])
    states, converged = newton(ei, guess, parameters, parameters["G"])
    assert converged.all()
    np.testing.assert_allclose(states[0, :2], [r_e, v_e], atol=2e-4 if entry["type"] == "LP" else 1e-7)
    growth = eigenvalues(ei, states, parameters, parameters["G"], parameters["G"])[0]
    if entry["type"] == "LP":
        assert np.abs(growth).min() < 1e-3
        return
    pair = growth[np.argsort(np.abs(growth.real))[:2]]
    np.testing.assert_allclose(pair.real, 0.0, atol=1e-8)
    np.testing.assert_allclose(2 * np.pi / np.abs(pair.imag), entry["period_ms"], rtol=1e-6)


@pytest.mark.parametrize("entry", [e for e in REFERENCE["cycle_bifurcations"] if e["type"] == "PD"], ids=name)
def test_periods_double_where_they_should(ei, attractor_at, entry):
    """Within 0.005 of the reference on the one side the orbit is simple, on the other it closes after two rounds."""
    sides = [attractor_at(ei, G=entry["G"], I_ext_e=entry["I_ext_e"] + d) for d in (-0.005, 0.005)]
    if sides[0][0].regime == MULTI_PERIOD:
        sides.reverse()
    (simple, _), (doubled, _) = sides
    assert (simple.regime, doubled.regime) == (LIMIT_CYCLE, MULTI_PERIOD)
    assert simple.period == pytest.approx(entry["period_ms"], rel=1e-3)
    assert doubled.period == pytest.approx(2 * entry["period_ms"], rel=2e-3)
    assert (simple.multiplicity, doubled.multiplicity) == (1, 2)
    flip = simple.orbit.multipliers[1]
    assert flip == pytest.approx(-1.0, abs=0.1)


@pytest.mark.parametrize("entry", REFERENCE["lyapunov"], ids=name)
def test_chaos_and_windows_of_order_are_told_apart(ei, attractor_at, entry):
    attractor, parameters = attractor_at(ei, I_ext_e=entry["I_ext_e"], G=entry["G"])
    if entry["regime"] == "chaotic":
        assert attractor.regime == IRREGULAR
        assert np.isnan(attractor.period)
        arrays = {n: np.full(1, v) for n, v in parameters.items()}
        assert classify(ei, arrays, 1.0, [attractor])[0].regime == CHAOS
    else:
        assert attractor.regime in (LIMIT_CYCLE, MULTI_PERIOD)
        leading = np.log(np.abs(attractor.orbit.multipliers[1])) / attractor.period
        error = 3 * entry["standard_error"][1] + 1e-5
        assert leading == pytest.approx(entry["lambda"][1], abs=error)


def test_stability_of_the_first_cycle_ends_at_the_fold_of_cycles(ei, attractor_at):
    """Between the folds at G = 15 both cycles are stable; the rule takes the one reached from the stated start."""
    folds = [e for e in REFERENCE["cycle_bifurcations"] if e["type"] == "LPC" and e["I_ext_e"] > 9]
    low, high = sorted(e["I_ext_e"] for e in folds)
    outside = [attractor_at(ei, G=15.0, I_ext_e=current)[0].period for current in (low - 0.05, high + 0.05)]
    inside = attractor_at(ei, G=15.0, I_ext_e=0.5 * (low + high))[0].period
    assert outside[0] > max(e["period_ms"] for e in folds) - 0.5
    assert outside[1] < min(e["period_ms"] for e in folds) + 0.5
    assert min(np.abs(inside - np.array(outside))) < 1.0


def test_the_attractor_of_a_point_does_not_depend_on_the_batch(ei, points_of, attractor_at):
    currents, couplings = np.array([13.0, 3.0, 12.2, 15.0, 9.5, 6.0, 9.0, 13.0, 9.9]), [5, 5, 12, 9, 12, 20, 15, 0, 15]
    points = points_of(ei, 9, I_ext_e=currents, G=couplings)
    for k, together in enumerate(find_attractors(ei, points.parameters, 1.0)):
        alone, _ = attractor_at(ei, I_ext_e=currents[k], G=couplings[k])
        assert together.regime == alone.regime
        np.testing.assert_array_equal(together.state, alone.state)
        if together.orbit:
            np.testing.assert_array_equal(together.orbit.monodromy, alone.orbit.monodromy)
        np.testing.assert_array_equal(together.period, alone.period)


def test_a_search_for_stable_cycles_leaves_out_those_that_are_clearly_unstable(ei, points_of):
    """Parents of doubled cycles, with leading multipliers of -2.18 and -1.10; the others are the same bit by bit."""
    points = points_of(ei, 2, I_ext_e=[10.1, 8.3], G=[13.3, 10.6])
    solutions = Solutions(ei, points.parameters, points.parameters["G"])
    doubled = [attractor.orbit for attractor in find_attractors(ei, points.parameters, 1.0)]
    parents = [parent for _, parent in parents_of(solutions, doubled)]
    leading = [parent.multipliers[1].real for parent in parents]
    np.testing.assert_allclose(leading, [-2.18, -1.10], atol=0.01)
    both = [*parents, *doubled]
    starts, periods = np.array([orbit.state for orbit in both]), np.array([orbit.period for orbit in both])
    every, some = (shoot_many(solutions.take(np.tile([0, 1], 2)), starts, periods, stable) for stable in (False, True))
    assert [orbit is None for orbit in some] == [True, False, False, False]
    for orbit, same in zip(every[1:], some[1:], strict=True):
        np.testing.assert_array_equal(orbit.monodromy, same.monodromy)
    np.testing.assert_allclose(every[0].monodromy, parents[0].monodromy, rtol=1e-5)


def test_values_along_an_orbit_are_those_of_its_polynomials(ei, attractor_at):
    """In any order, at the ends of pieces and after the last."""
    attractor, parameters = attractor_at(ei, I_ext_e=13.0, G=5.0)
    arrays = {name: np.full(1, float(value)) for name, value in parameters.items()}
    (path,) = paths(Solutions(ei, arrays, arrays["G"]), [attractor.orbit])
    times = np.concatenate([path.x, np.random.default_rng(0).uniform(0.0, attractor.period, 50)])
    np.testing.assert_array_equal(values_at(path, times), path(times))
