"""Points whose bursts are too steep for the usual steps: told with smaller ones, not given up as diverged.

Periods and eigenvalues from DOP853 at a relative tolerance of 1e-12 and Newton's method, or numpy's eigenvalues.
"""

import numpy as np
import pytest

from ngnmm_core import simulate
from ngnmm_core.dynamics.attractor import find_attractors
from ngnmm_core.dynamics.lyapunov_runs import Settings, lyapunov_exponents
from ngnmm_core.dynamics.regimes import LIMIT_CYCLE, MULTI_PERIOD, REST

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
        ({"I_ext_e": 13, "G": 5, "Delta": 0.1}, 77.23371),
    ],
)
def test_cycles_of_steep_bursts(ei, values, period):
    found = attractor_at(ei, **values)
    assert found.regime in (LIMIT_CYCLE, MULTI_PERIOD)
    assert found.orbit.period == pytest.approx(period, abs=2e-6)


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
    """At (13, 5) rates are 1.18e-4 per ms at 0.996 of the row sum, by DOP853 and numpy's eigenvalues."""
    found = simulate({"I_ext_e": 13, "G": 5}, RING2, analyses=["dispersion"]).stable_intervals.values
    np.testing.assert_allclose(found[0], [-1.0, 0.4397], atol=1e-3)
    assert np.isnan(found[1:]).all()


def test_a_stable_neighbourhood_of_the_row_sum_reaches_it():
    found = simulate({"I_ext_e": 20, "G": 2}, RING2, analyses=["dispersion"]).stable_intervals.values
    assert found[np.isfinite(found[:, 1])][-1, 1] == pytest.approx(1.0)


@pytest.mark.parametrize("point", [{"I_ext_e": 7, "G": 3}, {"I_ext_e": 20, "G": 2}, {"I_ext_e": 13, "G": 5}])
def test_a_network_on_a_cycle_has_one_exact_zero_and_dimension_one(point):
    found = simulate(point, RING2, analyses={"network_lyapunov": {"exponents": 4, "duration_ms": 2000}})
    values, errors = found.network_lyapunov_exponent.values, found.network_lyapunov_exponent_error.values
    assert (values[0], errors[0]) == (0.0, 0.0)
    assert (values[1:] < 0).all()
    assert float(found.kaplan_yorke_dimension) == 1.0
