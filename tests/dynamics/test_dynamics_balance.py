"""Balanced inhibition: measured values, and equilibria checked by the equations themselves."""

import numpy as np
import pytest

from ngnmm_core.dynamics.balance import balance
from ngnmm_core.models import get_model

REGIONS = 12


def parameters_of(model, **values):
    whole = model.resolve(values)
    return {name: np.array(np.broadcast_to(value, REGIONS), float) for name, value in whole.items()}


def slope(model, W, parameters, states):
    """Time derivative [region, state] of the network, from the model's right-hand side alone."""
    constants, x = model.coefficients(parameters), tuple(states.T)
    received = parameters["G"] * (W @ model.sent(x, constants))
    drive = tuple(parameters[name] for name in model.drives)
    return np.stack(np.broadcast_arrays(*model.derivative(x, drive, constants, received)), axis=1)


@pytest.fixture(scope="module")
def weights():
    return np.random.default_rng(0).uniform(0.1, 1.0, (REGIONS, REGIONS)) * (1 - np.eye(REGIONS))


@pytest.mark.parametrize(("target_hz", "value", "growth"), [(15, 32.39, -0.109), (4, 346.1, None), (30, None, 0.0144)])
def test_measured_values_with_equal_rows(weights, ei, target_hz, value, growth):
    rows = weights / weights.sum(axis=1, keepdims=True)
    found = balance(ei, rows, parameters_of(ei, I_ext_e=5, G=5), "J_ei", target_hz)
    np.testing.assert_allclose(found.value, found.value[0], rtol=1e-9)
    if value is not None:
        assert found.value[0] == pytest.approx(value, abs=0.05)
    if growth is not None:
        assert found.growth_rate == pytest.approx(growth, abs=5e-4)
    assert (found.growth_rate < 0) == (target_hz < 30)


CASES = {
    "ei_ngnmm": ("J_ei", 15.0, {"I_ext_e": 5.0, "G": 1.0}, "tau_e"),
    "ei_ngnmm_adaptation": ("J_ei", 8.0, {"I_ext_e": 8.0, "G": 0.5}, "eta_e"),
    "ei_ngnmm_synapses": ("J_ei", 3.0, {"G": 0.5}, "Delta_e"),
    "jansen_rit": ("C4", 3.0, {"G": 0.5}, "C1"),
    "ngnmm_stp": ("U0", 10.0, {"G": 0.1, "I_ext": 0.5}, "eta"),  # what a region sends depends on the parameter itself
}


@pytest.mark.parametrize("name", CASES)
def test_every_region_rests_with_the_rate(weights, name):
    model, (solved, target_hz, given, mapped) = get_model(name), CASES[name]
    parameters = parameters_of(model, **given)
    parameters[mapped] = parameters[mapped] * (1 + 0.05 * np.random.default_rng(1).standard_normal(REGIONS))
    found = balance(model, weights / weights.max(), parameters, solved, target_hz)
    assert found.found
    assert np.ptp(found.value) > 1e-3 * np.abs(found.value).max()
    here = {**parameters, solved: found.value}
    rate = model.populations[0].rate(tuple(found.states.T), model.coefficients(here))
    np.testing.assert_allclose(rate * 1000, target_hz, rtol=1e-8)
    assert np.abs(slope(model, weights / weights.max(), here, found.states)).max() < 1e-9


def test_the_growth_rate_is_that_of_the_jacobian_by_differences(weights, ei):
    parameters = parameters_of(ei, I_ext_e=5.0, G=1.0)
    found = balance(ei, weights / weights.max(), parameters, "J_ei", 15.0)
    here = {**parameters, "J_ei": found.value}
    flow = lambda x: slope(ei, weights / weights.max(), here, x.reshape(found.states.shape)).ravel()
    x, step = found.states.ravel(), 1e-6
    jacobian = np.stack([(flow(x + step * e) - flow(x - step * e)) / (2 * step) for e in np.eye(len(x))], axis=1)
    assert found.growth_rate == pytest.approx(np.linalg.eigvals(jacobian).real.max(), abs=1e-7)


def test_a_single_region_is_the_closed_form(ei):
    """One region without coupling: J_ei from its equation of v_e, with the inhibitory rate from that of v_i."""
    p = ei.resolve({"I_ext_e": 5.0, "J_ii": 0.0})
    r = 0.015
    v = -p["Delta_e"] / (2 * np.pi * p["tau_e"] * r)
    drive = p["eta_i"] + p["I_ext_i"] + p["tau_i"] * p["J_ie"] * r
    # (Delta / (2 pi tau r_i))^2 - (pi tau r_i)^2 + drive = 0, a quadratic equation in r_i^2
    a, b = p["Delta_i"] / (2 * np.pi * p["tau_i"]), np.pi * p["tau_i"]
    r_i = np.sqrt((drive + np.sqrt(drive**2 + 4 * a**2 * b**2)) / (2 * b**2))
    received = v**2 + p["eta_e"] - (np.pi * p["tau_e"] * r) ** 2 + p["I_ext_e"] + p["tau_e"] * p["J_ee"] * r
    found = balance(ei, np.zeros((1, 1)), {n: np.array([float(v)]) for n, v in p.items()}, "J_ei", 15.0)
    assert found.value[0] == pytest.approx(received / (p["tau_e"] * r_i), rel=1e-9)


def test_values_that_there_are_not(weights, ei):
    low = balance(ei, weights / weights.max(), parameters_of(ei, I_ext_e=-20.0, G=0.1), "J_ei", 15.0)
    assert (low.value < 0).all()  # inhibition would have to excite
    model = get_model("jansen_rit")
    assert not balance(model, weights, parameters_of(model), "C4", 10.0).found  # no rate above 2 e0 = 5 Hz
