"""Linear noise theory against the full state space, closed forms, Lyapunov's equation and simulations."""

import numpy as np
import pytest
from scipy.integrate import trapezoid
from scipy.linalg import solve_continuous_lyapunov

from ngnmm_core.connectome import spectrum
from ngnmm_core.dynamics.continuation.equilibria import find_equilibria
from ngnmm_core.dynamics.linear_bands import band_covariance
from ngnmm_core.dynamics.linear_noise import Noise, covariance_in, linear_network, spectra
from ngnmm_core.dynamics.linear_stability import equilibrium_near, growth_rate, reached_equilibria
from ngnmm_core.dynamics.network_equilibrium import network_jacobian

FOLD = 21.66  # of ngnmm_population at eta = -6, rows normalised


def correlation(covariance):
    deviation = np.sqrt(np.diag(covariance))
    return covariance / np.outer(deviation, deviation)


@pytest.fixture(scope="module")
def uneven():
    """Six regions, directed, with rows that sum to different values."""
    W = np.random.default_rng(5).uniform(0.0, 0.4, (6, 6))
    np.fill_diagonal(W, 0.0)
    return W


@pytest.fixture(scope="module")
def rest_of_ei(ei, uneven):
    """Parameters and equilibrium of the excitatory-inhibitory network on `uneven`."""
    parameters = ei.resolve({"I_ext_e": 3.0, "G": 2.0})
    start = np.tile([s.initial for s in ei.states], (6, 1))
    (rest,) = reached_equilibria(ei, uneven, {k: np.array([v]) for k, v in parameters.items()}, start[None])
    return parameters, rest


def in_full(model, W, parameters, rest, noise, frequency_hz):
    """Cross-spectrum of all states, two-sided per 1/ms, by the full Jacobian."""
    A = network_jacobian(model, W, parameters, rest)[1]
    size, regions = len(model.states), len(W)
    taus = model.noise_time_constants({k: np.array([float(v)]) for k, v in parameters.items()})[0]
    Q = np.zeros_like(A)
    shared = (1 - noise.common) * np.eye(regions) + noise.common
    for k, state in enumerate(model.noisy_states):
        index = np.arange(regions) * size + state
        Q[np.ix_(index, index)] = (noise.sigma / taus[k]) ** 2 * shared
    omega = 2 * np.pi * frequency_hz / 1000
    response = np.linalg.inv(1j * omega * np.eye(len(A)) - A)
    return response @ Q @ response.conj().T / (1 + (omega * noise.tau_ms) ** 2)


@pytest.mark.parametrize("noise", [Noise(0.3), Noise(0.3, common=0.2), Noise(0.2, common=1.0, tau_ms=20.0)])
@pytest.mark.parametrize("frequency_hz", [0.0, 0.05, 9.0, 40.0])
def test_elimination_of_states_is_exact(ei, uneven, rest_of_ei, noise, frequency_hz):
    parameters, rest = rest_of_ei
    full = 2.0 / 1000 * in_full(ei, uneven, parameters, rest, noise, frequency_hz)
    for signal, state, unit in (("rate", 0, 1000.0), ("observable", 1, 1.0), ("s_i", 5, 1.0)):
        found = covariance_in(linear_network(ei, uneven, parameters, rest, signal, noise), frequency_hz, 1.0)
        np.testing.assert_allclose(found, unit**2 * full[state::6, state::6], rtol=1e-9, atol=1e-16)


@pytest.mark.parametrize("common", [0.0, 0.3])
@pytest.mark.parametrize("network", ["undirected6", "directed5"])
def test_sum_over_modes_is_the_dense_solution(ei, request, network, common):
    W = request.getfixturevalue(network)
    parameters = ei.resolve({"I_ext_e": 3.0, "G": 4.0})
    rest = np.tile(find_equilibria(ei, {"I_ext_e": 3.0, "G": 4.0}).states[0], (len(W), 1))
    dense, modes = (linear_network(ei, W, parameters, rest, "rate", Noise(0.1, common), m) for m in (None, spectrum(W)))
    for band in ((0.01, 0.1), (8.0, 60.0)):
        one, other = (correlation(band_covariance(network, band).covariance) for network in (dense, modes))
        np.testing.assert_allclose(one, other, atol=1e-10)
    assert growth_rate(dense) == pytest.approx(growth_rate(modes), rel=1e-9)


def test_noise_in_one_variable_at_zero_frequency_is_the_linear_model(population, undirected6):
    G = 0.9 * FOLD
    rest = find_equilibria(population, {"eta": -6.0, "G": G}).states[0]
    parameters = population.resolve({"eta": -6.0, "G": G})
    network = linear_network(population, undirected6, parameters, np.tile(rest, (6, 1)), "rate", Noise(1.0))
    a = network.responses(np.zeros(1))[0][0, 0].real
    assert 0 < a <= 1
    response = np.linalg.inv(np.eye(6) - a * undirected6)
    found = correlation(covariance_in(network, 0.0, 1.0).real)
    np.testing.assert_allclose(found, correlation(response @ response.T), atol=1e-12)


def test_variance_over_all_frequencies_solves_lyapunovs_equation(ei, uneven, rest_of_ei):
    parameters, rest = rest_of_ei
    noise = Noise(0.3, common=0.1)
    A = network_jacobian(ei, uneven, parameters, rest)[1]
    Q = np.zeros_like(A)
    for state in ei.noisy_states:
        index = np.arange(6) * 6 + state
        Q[np.ix_(index, index)] = (0.3 / 8.0) ** 2 * (0.9 * np.eye(6) + 0.1)
    expected = solve_continuous_lyapunov(A, -Q)[1::6, 1::6]
    network = linear_network(ei, uneven, parameters, rest, "observable", noise)
    found = band_covariance(network, (0.0, 1e6))
    assert found.converged
    np.testing.assert_allclose(found.covariance, expected, rtol=1e-4, atol=1e-6 * np.diag(expected).max())


def test_narrow_peak_near_a_hopf_point_is_found(ei):
    W = np.array([[0.0, 1.0], [1.0, 0.0]])
    values = {"I_ext_e": 5.95, "G": 0.0}
    (rest,) = find_equilibria(ei, values).states
    parameters = ei.resolve(values)
    network = linear_network(ei, W, parameters, np.tile(rest, (2, 1)), "observable", Noise(0.1), spectrum(W))
    fine = np.linspace(1.0, 200.0, 200001)
    assert -0.02 < growth_rate(network) < 0
    spectrum_fine = spectra(network, fine[::20])[0]
    band = band_covariance(network, (1.0, 200.0))
    assert band.converged
    assert band.covariance[0, 0] == pytest.approx(trapezoid(spectrum_fine, fine[::20]), rel=1e-5)


def test_one_common_noise_and_equal_regions_give_a_correlation_of_one(ei, undirected6):
    parameters = ei.resolve({"I_ext_e": 3.0, "G": 4.0})
    rest = np.tile(find_equilibria(ei, {"I_ext_e": 3.0, "G": 4.0}).states[0], (6, 1))
    for modes in (None, spectrum(undirected6)):
        network = linear_network(ei, undirected6, parameters, rest, "rate", Noise(0.1, common=1.0), modes)
        np.testing.assert_allclose(correlation(band_covariance(network, (0.01, 0.1)).covariance), 1.0, atol=1e-9)
        np.testing.assert_allclose(band_covariance(network, (0.01, 0.1)).coherence, 1.0, atol=1e-9)


def test_delays_turn_phases(population):
    from dataclasses import replace

    W = np.array([[0.0, 0.0], [1.0, 0.0]])  # region 1 hears region 0
    rest = equilibrium_near(population, W, population.resolve({"G": 0.3}), np.tile([0.01, -2.0, 0.01], (2, 1)))
    network = linear_network(population, W, population.resolve({"G": 0.3}), rest, "rate", Noise(1.0))
    delayed = replace(network, delay_ms=np.array([[0.0, 0.0], [12.5, 0.0]]))
    f = 20.0
    plain, late = (covariance_in(n, f, 1.0) for n in (network, delayed))
    np.testing.assert_allclose(np.diag(late), np.diag(plain), rtol=1e-12)
    # S_10 is the transfer from 0 to 1 times the power of 0: later by 12.5 ms
    assert late[1, 0] / plain[1, 0] == pytest.approx(np.exp(-2j * np.pi * f * 0.0125), rel=1e-9)
    none = replace(network, delay_ms=np.zeros((2, 2)))
    assert (covariance_in(none, f, 1.0) == plain).all()


def test_equilibrium_solves_the_equations_and_is_the_one_reached(ei, uneven, rest_of_ei, dop853):
    parameters, rest = rest_of_ei
    slope = network_jacobian(ei, uneven, parameters, rest)[0]
    assert np.abs(slope).max() < 1e-13
    start = np.tile([s.initial for s in ei.states], (6, 1))
    end = dop853(ei, uneven, parameters, start, [0.0, 400.0])[-1]
    np.testing.assert_allclose(rest, end, rtol=1e-6)


def test_oscillating_network_reaches_no_equilibrium(ei, undirected6):
    values = {k: np.array([v, v]) for k, v in ei.resolve({"G": 0.0}).items()} | {"I_ext_e": np.array([3.0, 13.0])}
    start = np.tile([s.initial for s in ei.states], (2, 6, 1)) * 1.01
    rest, cycle = reached_equilibria(ei, undirected6, values, start)
    assert rest is not None
    assert cycle is None


def test_growth_rate_of_many_regions_is_the_largest_eigenvalue(ei):
    W = np.random.default_rng(1).uniform(0, 1 / 30, (60, 60))
    parameters = ei.resolve({"I_ext_e": 3.0, "G": 2.0})
    rest = equilibrium_near(ei, W, parameters, np.tile([s.initial for s in ei.states], (60, 1)))
    network = linear_network(ei, W, parameters, rest, "rate", Noise(1.0))
    expected = np.linalg.eigvals(network_jacobian(ei, W, parameters, rest)[1]).real.max()
    assert growth_rate(network) == pytest.approx(expected, rel=1e-7)


def test_parameters_may_differ_between_regions(population, undirected6):
    eta = np.linspace(-6.0, -5.5, 6)
    parameters = {**population.resolve({"G": 1.0}), "eta": eta}
    rest = equilibrium_near(population, undirected6, parameters, np.tile([0.01, -2.0, 0.01], (6, 1)))
    # the equations, written by hand
    r, v, s = rest.T
    tau, J = 10.0, 15.0
    np.testing.assert_allclose(1.0 / (np.pi * tau) + 2 * r * v, 0.0, atol=1e-13)
    drive = v**2 + eta - (np.pi * tau * r) ** 2 + tau * (J * s + undirected6 @ s)
    np.testing.assert_allclose(drive, 0.0, atol=1e-11)
    assert np.ptp(r) > 1e-4
    network = linear_network(population, undirected6, parameters, rest, "rate", Noise(1.0))
    assert growth_rate(network) < 0
    assert np.ptp(band_covariance(network, (0.01, 0.1)).amplitude) > 0
