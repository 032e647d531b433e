"""Points whose bursts are too steep for the usual steps: told with smaller ones, not given up as diverged.

Periods and eigenvalues from DOP853 at a relative tolerance of 1e-12 and Newton's method, or numpy's eigenvalues.
"""

from dataclasses import replace

import numpy as np
import pytest

from ngnmm_core import simulate
from ngnmm_core.analysis.msf import MsfStatus
from ngnmm_core.dynamics.attractor import find_attractors
from ngnmm_core.dynamics.dispersion import dispersion, dispersions
from ngnmm_core.dynamics.lyapunov_runs import Settings, lyapunov_exponents
from ngnmm_core.dynamics.regimes import LIMIT_CYCLE, MULTI_PERIOD, REST
from ngnmm_core.stages import msf

RING2 = np.array([[0.0, 1.0], [1.0, 0.0]])


def attractor_at(model, **values):
    (found,) = find_attractors(model, {n: np.full(1, float(v)) for n, v in model.resolve(values).items()}, 1.0)
    return found


@pytest.mark.parametrize(
    ("values", "period"),
    [
        ({"I_ext_e": 12, "G": 5, "Delta": 0.2}, 16.411077),
        ({"I_ext_e": 12, "G": 0, "Delta": 0.2}, 17.655021),
        ({"I_ext_e": 8, "G": 20, "Delta": 0.5}, 35.798923),
        ({"I_ext_e": 13, "G": 5, "Delta": 0.1}, 15.446742),  # 77.23371 is five times that
    ],
)
def test_cycles_of_steep_bursts(ei, values, period):
    found = attractor_at(ei, **values)
    assert found.regime in (LIMIT_CYCLE, MULTI_PERIOD)
    assert found.orbit.period == pytest.approx(period, abs=2e-6)


@pytest.mark.parametrize(
    ("Delta", "current", "G", "period", "rate"),
    [  # shortest period by returns, and the exponent after the trivial one, on the manifold: both by DOP853
        (0.5, 7.0, 20.0, 38.838078, -0.09772190),
        (1.0, 47.5, 7.5, 4.636148, -0.00202563),
        (0.447, 10.29, 13.14, 30.473970, -0.07727240),
        (0.22, 6.36, 25.86, 47.145507, -0.13814293),
        (0.28, 9.6, 19.1, 31.140140, -0.00312938),
    ],
)
def test_own_period_and_growth_rates_of_steep_bursts(ei, Delta, current, G, period, rate):
    """Multiples of the period, and rates off by 0.001 to 0.008 per ms, with meshes along the guess alone."""
    values = ei.resolve({"Delta": Delta, "I_ext_e": current, "G": G})
    found = attractor_at(ei, **values)
    assert found.regime == LIMIT_CYCLE
    assert found.period == pytest.approx(period, abs=2e-6)
    assert found.orbit.trivial_error < 1e-6
    relation = dispersion(ei, values, 1.0, found, np.array([1.0]))
    assert relation.growth_rate[0] == pytest.approx(rate, abs=1e-7)


def test_multipliers_smaller_than_round_off(ei):
    """One perturbation carried through 64 pieces of the cycle for some rounds by DOP853, at Lambda = 1 without its part
    along the flow: multipliers of 5e-13 and 1e-14 beside matrices with entries of 100.
    """
    values = ei.resolve({"Delta": 0.278077, "I_ext_e": 3.104536, "G": 26.18307})
    relation = dispersion(ei, values, 1.0, attractor_at(ei, **values), np.array([1.0, -0.5]))
    np.testing.assert_allclose(relation.growth_rate, [-0.2167978, -0.1697167], atol=3e-7)


def test_a_cycle_whose_trivial_multiplier_is_not_one_has_no_growth_rates(ei):
    values = ei.resolve({"I_ext_e": 13.0, "G": 5.0})
    found = attractor_at(ei, **values)
    spoilt = replace(found, orbit=replace(found.orbit, monodromy=found.orbit.monodromy * (1.0 + 1e-4)))
    assert found.orbit.accurate
    assert not spoilt.orbit.accurate
    arrays = {name: np.full(2, float(value)) for name, value in values.items()}
    relation = dispersions(ei, arrays, 1.0, [found, spoilt], np.array([1.0, 0.0]))
    assert np.isfinite(relation.growth_rate[0]).all()
    assert np.isnan(relation.growth_rate[1]).all()
    results = msf._results([found, spoilt], relation, np.zeros(2, bool), np.ones(2))
    assert results["msf_status"].tolist() == [MsfStatus.OK, MsfStatus.INACCURATE]


@pytest.mark.parametrize("values", [{"I_ext_e": 60, "G": 20}, {"I_ext_e": 30, "G": 20, "Delta": 0.5}])
def test_rest_under_strong_drive(ei, values):
    assert attractor_at(ei, **values).regime == REST


def test_all_of_its_analyses_know_such_a_point():
    point = {"I_ext_e": 12, "G": 5, "Delta": 0.2}
    found = simulate(point, RING2, analyses=["msf", "lyapunov", "multistability", "dispersion"])
    for name in ("msf_status", "lyapunov_status", "multistability_status", "dispersion_status"):
        assert int(found[name]) == 0, name
    assert np.isfinite(found.msf).all()
    assert int(found.attractor_count) >= 1


def test_what_is_not_finite_is_none(ei):
    assert attractor_at(ei, I_ext_e=1e12) is None


def test_exponents_with_smaller_steps_where_the_usual_ones_blow_up(ei):
    """One case blows up with 0.05 ms: its exponents are those of Floquet; the other case is what it is alone."""
    values = {n: np.full(2, float(v)) for n, v in ei.resolve({"I_ext_e": 12.0, "G": 5.0}).items()}
    for name in ("Delta_e", "Delta_i"):
        values[name] = np.array([0.2, 1.0])
    attractors = [attractor_at(ei, I_ext_e=12, G=5, Delta=d) for d in (0.2, 1.0)]
    states = np.stack([a.state for a in attractors], axis=1)
    gains = np.stack([values["G"], values["G"]])
    run = lyapunov_exponents(ei, values, gains, states, Settings(6, 2000.0, 200.0))
    alone = lyapunov_exponents(
        ei, {n: v[1:] for n, v in values.items()}, gains[:, 1:], states[:, 1:], Settings(6, 2000.0, 200.0)
    )
    assert np.isfinite(run.values).all()
    np.testing.assert_array_equal(run.values[:, 1], alone.values[:, 0])
    exact = np.log(np.abs(attractors[0].orbit.multipliers[:2])) / attractors[0].period
    np.testing.assert_allclose(run.values[:2, 0], exact, atol=3e-3)


def test_no_stable_interval_where_the_curve_only_touches_zero_at_the_row_sum():
    """At (13, 5) rates are 1.18e-4 per ms at 0.996 of the row sum, and zero at 0.43970383: DOP853 and numpy."""
    found = simulate({"I_ext_e": 13, "G": 5}, RING2, analyses=["dispersion"]).stable_intervals.values
    np.testing.assert_allclose(found[0], [-1.0, 0.43970383], rtol=0, atol=3e-7)
    assert np.isnan(found[1:]).all()


def test_a_stable_neighbourhood_of_the_row_sum_reaches_it():
    found = simulate({"I_ext_e": 20, "G": 2}, RING2, analyses=["dispersion"]).stable_intervals.values
    assert found[np.isfinite(found[:, 1])][-1, 1] == pytest.approx(1.0)


@pytest.mark.parametrize("point", [{"I_ext_e": 7, "G": 3}, {"I_ext_e": 20, "G": 2}, {"I_ext_e": 13, "G": 5}])
def test_a_network_on_a_cycle_has_one_exact_zero_and_dimension_one(point):
    found = simulate(point, RING2, analyses={"network_lyapunov": {"exponents": 4, "duration_ms": 2000}})
    values, errors = found.network_lyapunov_exponent.values, found.network_lyapunov_exponent_error.values
    assert int(found.network_lyapunov_status) == 0
    assert abs(values[0]) < 3 * errors[0] + 1 / 2000
    assert (values[1:] < 0).all()
    assert float(found.kaplan_yorke_dimension) == 1.0
