"""Exponents, networks and noise of a model in another unit of time are those of the same model."""

import numpy as np
import pytest
from slower_models import EI, RING, WILSON_COWAN, slowed

from ngnmm_core.dynamics.attractor import find_attractors
from ngnmm_core.dynamics.coexistence import coexisting
from ngnmm_core.dynamics.irregular_attractors import classify
from ngnmm_core.dynamics.linear_bands import band_covariance
from ngnmm_core.dynamics.linear_noise import Noise, linear_network, spectra
from ngnmm_core.dynamics.linear_stability import growth_rate, reached_equilibria
from ngnmm_core.dynamics.lyapunov_runs import Settings, lyapunov_exponents, transverse_exponents
from ngnmm_core.dynamics.network_exponents import NetworkSettings, network_exponents
from ngnmm_core.models import get_model
from ngnmm_core.simulation.own_times import state_factors
from ngnmm_core.simulation.simulator import homogeneous_states

BOTH = pytest.mark.parametrize("factor", [16.0, pytest.param(20.0, marks=pytest.mark.slow)])


def arrays_of(name, factor, values):
    """All parameters of some points, arrays, in a unit of time."""
    points = [slowed(get_model(name), factor, **one) for one in values]
    return {key: np.array([p[key] for p in points], float) for key in points[0]}


def alike(before, after, exact):
    """Compare to the bit for a factor of 2 to the 4th, else to 1e-9."""
    if exact:
        np.testing.assert_array_equal(after, before)
    else:
        np.testing.assert_allclose(after, before, rtol=1e-9, atol=1e-12)


@BOTH
@pytest.mark.slow
def test_exponents_of_chaos(ei, factor):
    """A chaotic point beside one of another unit of time and a cycle, each as if it were alone."""
    values = [{"I_ext_e": 10.5, "G": 12.0}, {"I_ext_e": 13.0, "G": 5.0}]
    factors = np.array([1.0, factor, factor])
    arrays = {
        name: np.concatenate(
            [arrays_of("ei_ngnmm", 1.0, values[:1])[name], arrays_of("ei_ngnmm", factor, values)[name]]
        )
        for name in arrays_of("ei_ngnmm", 1.0, values)
    }
    states = (ei.nominal * state_factors(ei, factors)).T
    gains = np.stack([arrays["G"]] * 2)
    found = lyapunov_exponents(ei, arrays, gains, states, Settings(3, 4000.0 * factor, 200.0))
    longer = lyapunov_exponents(
        ei, {n: v[:1] for n, v in arrays.items()}, gains[:, :1], states[:, :1], Settings(3, 4000.0, 200.0)
    )
    exact = factor == 16.0
    alike(longer.values[:, 0], factor * found.values[:, 1], exact)
    alike(longer.errors[:, 0], factor * found.errors[:, 1], exact)
    alike(longer.states[:, 0], found.states[:, 1] / state_factors(ei, factor), exact)
    assert found.accurate.all()
    assert longer.values[0, 0] > 5e-3  # chaos
    assert abs(found.values[0, 2]) < 1e-3 / factor  # the cycle
    across = [
        transverse_exponents(
            ei, arrays_of("ei_ngnmm", f, values[:1]), np.array([[12.0], [4.0]]),
            (ei.nominal * state_factors(ei, f))[:, None], Settings(1, 500.0 * f, 200.0),
        ).values for f in (1.0, factor)
    ]  # fmt: skip
    alike(across[0], factor * across[1], exact)


@BOTH
@pytest.mark.parametrize(("I_ext_e", "G"), [(10.0, 12.0), (3.0, 5.0), (5.6, 0.0)])
@pytest.mark.slow
def test_exponents_of_a_network(ei, factor, I_ext_e, G):
    """One that moves, one that comes to rest, and one that is long on its way to rest."""

    def exponents(f):
        p = slowed(ei, f, I_ext_e=I_ext_e, G=G)
        state = (ei.nominal + 0.1 * np.random.default_rng(1).random((3, 6))) * state_factors(ei, f)
        return network_exponents(ei, RING, p, state, NetworkSettings(2, 160.0 * f, 100.0 * f, None, 10.0 * f))

    before, after = exponents(1.0), exponents(factor)
    alike(before.values, factor * after.values, factor == 16.0)
    alike(before.errors, factor * after.errors, factor == 16.0)
    assert (after.accurate, after.zero) == (before.accurate, before.zero)
    assert after.dt_ms == factor * before.dt_ms


@BOTH
@pytest.mark.parametrize("name", ["ei_ngnmm", "wilson_cowan"])
def test_noise_around_the_rest_of_a_network(factor, name):
    model, W = get_model(name), np.random.default_rng(2).random((4, 4))
    values = {"I_ext_e": 3.0, "G": 5.0} if name == "ei_ngnmm" else {"P": 0.2, "G": 0.3}

    def results(f):
        arrays = arrays_of(name, f, [values, values])
        start = np.tile(model.nominal * state_factors(model, f), (2, 4, 1))
        rests = reached_equilibria(model, W, arrays, start)
        p = {key: float(column[0]) for key, column in arrays.items()}
        network = linear_network(model, W, p, rests[0], "observable", Noise(0.1 * np.sqrt(f), 0.2, 5.0 * f))
        band = band_covariance(network, (0.0, 40.0 / f))
        unit = state_factors(model, f)[model.observable_index]
        return (
            rests[0] / state_factors(model, f),
            growth_rate(network) * f,
            band.covariance / unit**2,
            band.coherence,
            spectra(network, np.array([2.0, 30.0]) / f) / unit**2 / f,
        )

    exact = factor == 16.0
    for before, after in zip(results(1.0), results(factor), strict=True):
        if exact and not isinstance(before, float):
            np.testing.assert_allclose(after, before, rtol=1e-13)  # square roots of 16 and of time are not all exact
        else:
            alike(before, after, exact)


@BOTH
@pytest.mark.slow
def test_states_that_networks_start_from(factor):
    for name, values in (("ei_ngnmm", EI), ("wilson_cowan", WILSON_COWAN)):
        model = get_model(name)
        before, after = (homogeneous_states(model, arrays_of(name, f, values), 1.0) for f in (1.0, factor))
        alike(before, after / state_factors(model, factor), factor == 16.0)


@pytest.mark.slow
@BOTH
def test_coexisting_attractors(factor):
    """Jansen and Rit's node beside the alpha cycle, and Wilson and Cowan's two states."""
    for name, values in (("jansen_rit", {"p": 100.0, "G": 0.0}), ("wilson_cowan", {"P": 0.9, "G": 0.8})):
        model = get_model(name)
        before, after = (coexisting(model, arrays_of(name, f, [values]), 1.0, 2)[0] for f in (1.0, factor))
        assert (after.unresolved, after.diverged) == (before.unresolved, before.diverged)
        assert len(after.attractors) == len(before.attractors)
        for one, other in zip(before.attractors, after.attractors, strict=True):
            alike(one.state, other.state / state_factors(model, factor), factor == 16.0)


@BOTH
def test_the_class_of_an_irregular_attractor(ei, factor):
    regimes = []
    for f in (1.0, factor):
        arrays = arrays_of("ei_ngnmm", f, [{"I_ext_e": 10.5, "G": 12.0}])
        regimes.append(classify(ei, arrays, 1.0, find_attractors(ei, arrays, 1.0))[0])
    assert regimes[0].regime == regimes[1].regime
    if factor == 16.0:  # chaos makes any rounding large
        alike(regimes[0].state, regimes[1].state / state_factors(ei, factor), exact=True)
