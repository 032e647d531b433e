"""Studies with balanced inhibition: rates of simulations, statuses, linear theory, cohorts, and what is refused."""

import numpy as np
import pytest

from ngnmm_core import simulate
from ngnmm_core.analysis.balance import BalanceStatus
from ngnmm_core.study.load import load_studies

WEIGHTS = np.random.default_rng(2).uniform(0.1, 1.0, (6, 6)) * (1 - np.eye(6))
SETTINGS = {"duration_ms": 400, "transient_ms": 300, "dt_ms": 0.05, "method": "rk4"}


def run(parameters, analyses=("rates",), connectome=WEIGHTS, **more):
    return simulate(parameters, connectome, analyses=list(analyses), **{**SETTINGS, **more})


@pytest.fixture(scope="module")
def heterogeneous():
    return run({"I_ext_e": 5, "G": 1}, ("rates", "linear_fc"), balance={"target_rate_hz": 15}, normalization="max",
               noise_sigma=1e-6, method="heun")  # fmt: skip


def test_simulations_rest_with_the_rate(heterogeneous):
    assert heterogeneous["balance_status"] == BalanceStatus.OK
    rates = heterogeneous["firing_rate"].sel(population="E").values
    np.testing.assert_allclose(rates, 15, atol=0.01)
    assert np.ptp(heterogeneous["balanced_parameter"].values) > 1
    inhibitory = heterogeneous["firing_rate"].sel(population="I").values
    assert np.ptp(inhibitory) > 0.1


def test_rows_that_sum_to_the_same_need_the_same(ei):
    found = run({"I_ext_e": 5, "G": 5}, balance={"target_rate_hz": 15})
    np.testing.assert_allclose(found["balanced_parameter"], 32.39, atol=0.005)
    np.testing.assert_allclose(found["firing_rate"].sel(population="E"), 15, atol=0.01)
    plain = run({"I_ext_e": 5, "G": 5, "J_ei": float(found["balanced_parameter"][0])})
    np.testing.assert_allclose(found["firing_rate"], plain["firing_rate"], rtol=1e-5)


def test_what_can_not_be_balanced_has_a_status_and_no_rates():
    found = run({"G": 1}, grid={"I_ext_e": [-20, 5]}, balance={"target_rate_hz": 15}, normalization="max")
    assert list(found["balance_status"].values) == [BalanceStatus.OUT_OF_RANGE, BalanceStatus.OK]
    assert (found["balanced_parameter"][0] < 0).all()
    assert np.isnan(found["firing_rate"][0]).all()
    exact = run({"G": 1}, grid={"I_ext_e": [-20, 5]}, balance={"target_rate_hz": 15}, normalization="max",
                method="riccati", dt_ms=None)  # fmt: skip
    assert exact["step_ms"][0] == exact["step_ms"][1]  # nothing is tried again with finer steps
    alone = run({"I_ext_e": 5, "G": 1}, balance={"target_rate_hz": 15}, normalization="max")
    np.testing.assert_array_equal(found["firing_rate"][1], alone["firing_rate"])
    loud = run({"I_ext_e": 5, "G": 5}, balance={"target_rate_hz": 30})
    assert loud["balance_status"] == BalanceStatus.UNSTABLE
    assert np.ptp(loud["firing_rate"].sel(population="E").values) >= 0
    none = run({"G": 1}, model="jansen_rit", balance={"target_rate_hz": 10, "parameter": "C4"})
    assert none["balance_status"] == BalanceStatus.NO_SOLUTION


def test_linear_theory_and_exponents_see_the_same_equilibrium(heterogeneous):
    growth = float(heterogeneous["balance_growth_rate"])
    assert float(heterogeneous["linear_slowest"]) == pytest.approx(growth, abs=1e-8)
    analyses = {"network_lyapunov": {"exponents": 1}}
    balance = {"target_rate_hz": 15}
    found = simulate({"I_ext_e": 5, "G": 1}, WEIGHTS, analyses=analyses, balance=balance, normalization="max")
    assert float(found["network_lyapunov_exponent"][0]) == pytest.approx(growth, abs=1e-8)


def test_every_subject_and_null_is_balanced_by_itself(tmp_path):
    for seed in range(2):
        weights = np.random.default_rng(seed).uniform(0.1, 1.0, (6, 6)) * (1 - np.eye(6))
        np.savez(tmp_path / f"sub-{seed}.npz", weights=weights)
    more = {"balance": {"target_rate_hz": 15}, "normalization": "max"}
    found = run({"I_ext_e": 5, "G": 1}, connectome={"path": str(tmp_path / "*.npz")},
                nulls={"kind": "weights", "count": 1}, **more)  # fmt: skip
    assert found["balanced_parameter"].dims == ("subject", "null", "region")
    np.testing.assert_allclose(found["firing_rate"].sel(population="E"), 15, atol=0.01)
    alone = run({"I_ext_e": 5, "G": 1}, connectome=str(tmp_path / "sub-1.npz"), **more)
    np.testing.assert_array_equal(found["balanced_parameter"].sel(subject="sub-1", null=0), alone["balanced_parameter"])


def study_of(balance, **changes):
    model = {"name": "ei_ngnmm", "balance": balance, **changes.pop("model", {})}
    config = {"connectome": {"name": "hcp-aal2-94"}, "model": model, "grid": {"G": [5]}, "analyses": {"rates": {}}}
    return load_studies({**config, **changes})["study"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"balance": {"target_rate_hz": 0}}, ["model.balance.target_rate_hz", "0"]),
        ({"balance": {"parameter": "J_ei"}}, ["model.balance.target_rate_hz"]),
        ({"balance": {"target_rate_hz": 5, "parameter": "J_ie_"}}, ["model.balance.parameter", "'J_ie_'", "J_ie"]),
        ({"balance": {"target_rate_hz": 5, "parameter": "G"}}, ["model.balance.parameter", "'G'"]),
        ({"balance": {"target_rate_hz": 5}, "grid": {"J_ei": [5]}}, ["model.balance.parameter", "grid.J_ei"]),
        ({"balance": {"target_rate_hz": 5}, "model": {"parameters": {"J_ei": 5}}}, ["model.parameters.J_ei"]),
        ({"balance": {"target_rate_hz": 5}, "model": {"name": "wilson_cowan"}}, ["wilson_cowan", "rate"]),
        (
            {
                "balance": {"target_rate_hz": 5},
                "model": {"maps": [{"name": "m", "of": "y", "parameter": "J_ei", "scale": 0.1}]},
            },
            ["model.balance.parameter", "map"],
        ),
    ],
)
def test_what_is_refused(changes, words, refused):
    refused(lambda: study_of(**changes), *words)


def test_what_rests_on_regions_that_are_alike_is_refused(refused):
    settings = {"balance": {"target_rate_hz": 15}}
    refused(lambda: run({"G": 5}, ("msf",), **settings), "model.balance.parameter", "analyses.msf", "linear_fc")
    refused(lambda: run({"G": 5}, ("balance",)), "analyses.balance", "model.balance")
