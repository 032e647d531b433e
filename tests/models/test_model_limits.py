"""Known limits of the models: reductions to each other, the classic bistable population, the order parameter."""

import numpy as np
import pytest

from ngnmm_core.dynamics.equilibria import eigenvalues, newton
from ngnmm_core.kernels.functions import sqrt
from ngnmm_core.models._qif import kuramoto_modulus


def derivative(model, x, values, coupling=0.0):
    p = model.resolve(values)
    return np.array(model.derivative(tuple(x), tuple(p[n] for n in model.drives), model.coefficients(p), coupling))


STATE = np.array([0.07, -0.6, 0.05, 0.11, 0.4, 0.09])


def test_without_cross_weights_the_excitatory_population_is_the_single_one(ei, population):
    both = derivative(ei, STATE, {"J_ei": 0, "J_ee": 7, "tau_e": 9, "tau_se": 3, "eta_e": -4, "I_ext_e": 2}, 0.3)
    one = derivative(population, STATE[:3], {"J": 7, "tau": 9, "tau_s": 3, "eta": -4, "I_ext": 2}, 0.3)
    np.testing.assert_allclose(both[:3], one, rtol=1e-14)


def test_without_cross_weights_the_inhibitory_population_is_a_single_one_that_inhibits_itself(ei, population):
    both = derivative(ei, STATE, {"J_ie": 0, "J_ii": 7, "tau_i": 9, "tau_si": 3, "eta_i": -4, "I_ext_i": 2}, 0.3)
    one = derivative(population, STATE[3:], {"J": -7, "tau": 9, "tau_s": 3, "eta": -4, "I_ext": 2}, 0.3)
    np.testing.assert_allclose(both[3:], one, rtol=1e-14)


def test_two_equal_populations_act_like_one_with_the_difference_of_the_weights(ei, population):
    equal = {"tau_se": 4, "tau_si": 4, "J_ee": 9, "J_ie": 9, "J_ei": 2.5, "J_ii": 2.5, "I_ext_e": 1, "I_ext_i": 1}
    both = derivative(ei, np.tile(STATE[:3], 2), equal, 0.2)
    one = derivative(population, STATE[:3], {"J": 6.5, "tau": 8, "tau_s": 4, "I_ext": 1}, 0.2)
    np.testing.assert_allclose(both, np.tile(one, 2), rtol=1e-14)


def test_coupling_acts_as_recurrent_excitation_on_the_homogeneous_manifold(ei):
    coupled = derivative(ei, STATE, {"G": 4}, coupling=4 * STATE[2])
    np.testing.assert_allclose(coupled, derivative(ei, STATE, {"J_ee": 9, "J_ie": 17}), rtol=1e-14)


@pytest.mark.parametrize("tau", [1.0, 10.0])
def test_the_classic_point_has_a_low_a_middle_and_a_high_state(population, tau):
    """Delta = 1, eta = -5, J = 15: with R = tau r, v = -Delta / (2 pi R), a quartic in R is left."""
    quartic = [-(np.pi**2), 15.0, -5.0, 0.0, 1.0 / (4.0 * np.pi**2)]
    roots = np.roots(quartic)
    R = np.sort(roots[(np.abs(roots.imag) < 1e-12) & (roots.real > 0)].real)
    assert len(R) == 3
    expected = np.stack([R / tau, -1.0 / (2.0 * np.pi * R), R / tau], axis=1)

    grid = np.array([(r / tau, v, r / tau) for r in np.geomspace(0.02, 2.0, 25) for v in (-3.0, -1.0, -0.3, -0.05)])
    arrays = {n: np.full(len(grid), v) for n, v in population.resolve({"tau": tau}).items()}
    states, converged = newton(population, grid, arrays, np.zeros(len(grid)))
    found = np.unique(states[converged & (states[:, 0] > 0)].round(9), axis=0)
    np.testing.assert_allclose(found, expected, atol=2e-9)

    three = {n: v[:3] for n, v in arrays.items()}
    growth = eigenvalues(population, expected, three, np.zeros(3), np.zeros(3)).real.max(axis=1)
    assert list(growth < 0) == [True, False, True]


def test_both_stable_states_are_reached(population, points_of, integrate):
    """The basin is chosen by the initial rate; a region of the network stays where it is without coupling."""
    start = np.array([[[0.01, -2.0, 0.01], [0.15, 0.0, 0.15]]])
    (end,) = integrate(population, np.zeros((2, 2)), points_of(population), start, 0.02, samples=1, steps=25000)
    low, high = end[0]
    assert 1000 * low[0] < 10.0  # Hz
    assert 1000 * high[0] > 80.0
    np.testing.assert_allclose(low[1], -1.0 / (2 * np.pi * 10 * low[0]), rtol=1e-9)
    np.testing.assert_allclose(high[1], -1.0 / (2 * np.pi * 10 * high[0]), rtol=1e-9)


def test_order_parameter_against_the_complex_formula():
    rng = np.random.default_rng(0)
    r, v, tau = rng.exponential(0.1, 500), rng.normal(0, 2, 500), rng.uniform(1, 20, 500)
    w = np.pi * tau * r + 1j * v
    Z = (1 - w.conjugate()) / (1 + w.conjugate())
    np.testing.assert_allclose(kuramoto_modulus(r, v, 1 / tau), np.abs(Z), rtol=1e-13)
    assert kuramoto_modulus(0.1, 0.0, np.pi * 0.1) == 0.0  # w = 1: asynchrony
    assert kuramoto_modulus(0.0, 3.0, 0.1) == 1.0  # nobody fires: all at one phase


@pytest.mark.parametrize("name", ["ei", "population"])
def test_populations_report_rate_and_order_parameter(name, request):
    model = request.getfixturevalue(name)
    p = model.resolve({"tau_e": 6.0, "tau_i": 11.0} if name == "ei" else {"tau": 6.0})
    taus, x = [p[s.noise] for s in model.states if s.noise], STATE[: len(model.states)]
    for k, (population, tau) in enumerate(zip(model.populations, taus, strict=True)):
        r, v = x[3 * k], x[3 * k + 1]
        assert population.rate(x, model.coefficients(p)) == r
        w = np.pi * tau * r - 1j * v
        assert population.kuramoto(x, model.coefficients(p)) == pytest.approx(abs((1 - w) / (1 + w)), rel=1e-13)


def test_square_root_of_a_number_is_a_number():
    assert sqrt(2.25) == 1.5
