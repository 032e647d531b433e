"""Stability at rest with conduction delays: closed forms, another discretisation, and what simulations do."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.signal import welch
from scipy.special import lambertw

from ngnmm_core import simulate
from ngnmm_core.connectome import spectrum
from ngnmm_core.connectome.connectome import Connectome
from ngnmm_core.dynamics.characteristic import Response, characteristic
from ngnmm_core.dynamics.continuation.equilibria import find_equilibria
from ngnmm_core.dynamics.delayed_modes import leading_roots
from ngnmm_core.dynamics.delayed_rest import growth_of_patterns, homogeneous_rests, network_at
from ngnmm_core.dynamics.delayed_spectrum import delayed_growth_rate, delayed_spectrum
from ngnmm_core.dynamics.linear_noise import LinearNetwork, Noise, covariance_in, linear_network, spectra
from ngnmm_core.dynamics.linear_stability import growth_rate, reached_equilibria
from ngnmm_core.dynamics.root_counts import count_right
from ngnmm_core.errors import InputError
from ngnmm_core.simulation.delay_settings import shared_length
from ngnmm_core.simulation.delays import Delays
from ngnmm_core.simulation.engine import Engine
from ngnmm_core.simulation.run import Run

QUIET, NEAR_ONSET, MOVING = {"I_ext_e": 3.0, "G": 5.0}, {"I_ext_e": 3.0, "G": 12.0}, {"I_ext_e": 8.0, "G": 15.0}


@pytest.fixture(scope="module")
def delay5():
    return np.random.default_rng(3).uniform(2.0, 25.0, (5, 5)) * (1 - np.eye(5))


@pytest.fixture(scope="module")
def delay6():
    return np.random.default_rng(4).uniform(2.0, 25.0, (6, 6)) * (1 - np.eye(6))


@pytest.fixture(scope="module")
def at_rest(ei):
    """`at_rest(W, parameters, delay_ms)`: the linearised network of the E-I node, and its equilibrium."""

    def build(W, given, delay_ms):
        rest = find_equilibria(ei, given).states[0]
        return network_at(ei, W, ei.resolve(given), rest, delay_ms), rest

    return build


def leaky(W, delay_ms, a=0.2, b=1.0):
    """Regions x' = -a x + b sum of W x(t - D)."""
    n, one = len(W), np.ones((len(W), 1))
    return LinearNetwork(W, -a * np.ones((n, 1, 1)), b * one, one, one[:, :, None], one, Noise(1.0), None, delay_ms)


def jacobian_of(rest, given):
    """Derivatives of the E-I node written by hand (docs/models.md): of its own states, and what the input enters."""
    re, ve, _, ri, vi, _ = rest
    J, b = np.zeros((6, 6)), np.zeros(6)
    J[0, [0, 1]] = 2 * ve / 8, 2 * re / 8
    J[1, [0, 1, 2, 5]] = -2 * np.pi**2 * 8 * re, 2 * ve / 8, 5, -13
    J[2, [0, 2]] = 1, -1
    J[3, [3, 4]] = 2 * vi / 8, 2 * ri / 8
    J[4, [2, 3, 4, 5]] = 13, -2 * np.pi**2 * 8 * ri, 2 * vi / 8, -5
    J[5, [3, 5]] = 1 / 5, -1 / 5
    b[[1, 4]] = given["G"]
    return J, b


def collocated(J, b, W, delay_ms, points=26):
    """Eigenvalues of a network's delay equations, all states kept over the longest delay at Chebyshev points."""
    n, size = len(W), len(J)
    longest = 1.001 * delay_ms.max()
    x = np.cos(np.pi * np.arange(points + 1) / points)
    weight = np.where(np.isin(np.arange(points + 1), (0, points)), 0.5, 1.0) * (-1.0) ** np.arange(points + 1)
    slope = weight / weight[:, None] / (x[:, None] - x + np.eye(points + 1))
    slope -= np.diag(slope.sum(axis=1))
    slope *= 2 / longest
    whole = np.kron(slope, np.eye(n * size))
    whole[: n * size] = 0
    whole[: n * size, : n * size] = np.kron(np.eye(n), J)
    for i in range(n):
        for j in range(n):
            if W[i, j]:
                share = weight / (1 - 2 * delay_ms[i, j] / longest - x)
                block = np.zeros((n * size, n * size))
                block[i * size : (i + 1) * size, j * size + 2] = b * W[i, j]
                whole[: n * size] += np.kron(share / share.sum(), block)
    return np.linalg.eigvals(whole)


@pytest.mark.parametrize("delay_ms", [0.5, 6.0, 40.0])
def test_roots_of_leaky_regions_with_one_delay_are_lambert_functions(delay_ms):
    """z = -a + b Lambda exp(-z D), so z = W(b Lambda D exp(a D)) / D - a: the principal branch leads."""
    a, modes = 0.2, np.array([1.0, 0.4, -0.05, -0.9, 0.3 + 0.5j])
    response = Response(np.array([[[-a]]]), np.array([[1.0]]), np.array([[1.0]]))
    expected = lambertw(modes * delay_ms * np.exp(a * delay_ms)) / delay_ms - a
    found = leading_roots(response, modes, delay_ms)
    np.testing.assert_allclose(found.real, expected.real, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(np.abs(found.imag), np.abs(expected.imag), rtol=1e-9, atol=1e-11)
    np.testing.assert_allclose(found[4], expected[4], rtol=1e-10)  # a complex eigenvalue: signed


def test_roots_are_counted_right_of_any_line():
    """Those of one leaky region, all branches of Lambert's function."""
    a, D = 0.2, 30.0
    network = leaky(np.array([[-0.9]]), np.array([[D]]), a)
    roots = np.array([lambertw(-0.9 * D * np.exp(a * D), k) / D - a for k in range(-60, 61)])
    system = characteristic(network)
    for line in (0.2, 0.03, 0.0, -0.02, -0.05):
        (count,) = count_right(system.logarithm(line), np.array([line]), system.highest(line))
        assert count == (roots.real > line).sum()
    assert (roots.real > 0).sum() > 4


def test_double_roots_on_a_ring_are_counted_twice(ring6):
    system = characteristic(leaky(ring6, 20.0 * (ring6 > 0)))
    found = delayed_spectrum(leaky(ring6, 20.0 * (ring6 > 0)))
    modes = np.cos(2 * np.pi * np.arange(6) / 6)
    expected = np.array([lambertw(m * 20 * np.exp(0.2 * 20), k) / 20 - 0.2 for m in modes for k in range(-30, 31)])
    assert found.complete < found.roots.real.min()
    for line in (0.0, found.complete):
        (count,) = count_right(system.logarithm(line), np.array([line]), system.highest(line))
        assert count == (expected.real > line).sum()
    upper = expected[(expected.imag > -1e-9) & (expected.real > found.complete)]
    assert found.multiplicity.sum() == len(upper)
    assert found.multiplicity.max() == 2
    each = np.repeat(found.roots, found.multiplicity)
    np.testing.assert_allclose(np.sort(each.real), np.sort(upper.real), atol=1e-9)


@pytest.mark.parametrize("delay_ms", [0.7, 7.3, 30.0])
def test_along_modes_that_no_coupling_reaches_a_region_is_by_itself(at_rest, delay_ms):
    """On a ring of eight two eigenvalues are 0, but for round-off (6e-17): their growth rate is that of one region."""
    ring = (np.roll(np.eye(8), 1, axis=0) + np.roll(np.eye(8), -1, axis=0)) / 2.0
    network, rest = at_rest(ring, QUIET, delay_ms * (ring > 0))
    modes = np.cos(np.pi / 4.0 * np.array([0, 1, 1, 2, 2, 3, 3, 4]))
    assert 0.0 < np.abs(modes).min() < 1e-15
    roots = leading_roots(characteristic(network).response, modes, delay_ms)
    alone = np.linalg.eigvals(jacobian_of(rest, QUIET)[0]).real.max()
    np.testing.assert_allclose(roots[3:5].real, alone, rtol=1e-10)
    exact = leading_roots(characteristic(network).response, np.where(np.abs(modes) < 1e-15, 0.0, modes), delay_ms)
    np.testing.assert_allclose(roots.real, exact.real, rtol=1e-10)
    np.testing.assert_allclose(np.abs(roots.imag), np.abs(exact.imag), atol=1e-10)


@pytest.mark.parametrize("given", [QUIET, MOVING])
@pytest.mark.parametrize("delay_ms", [0.7, 7.3, 30.0])
def test_equal_delays_on_a_ring_obey_the_analytic_characteristic_equation(ei, at_rest, ring6, given, delay_ms):
    """det(z - A - Lambda exp(-z D) B) = 0 with A and B by hand; the network as a whole has the same leading root."""
    network, rest = at_rest(ring6, given, delay_ms * (ring6 > 0))
    J, b = jacobian_of(rest, given)
    modes = spectrum(ring6).values
    np.testing.assert_allclose(modes, [1.0, 0.5, 0.5, -0.5, -0.5, -1.0], atol=1e-12)
    roots = leading_roots(characteristic(network).response, modes, delay_ms)
    for root, value in zip(roots, modes, strict=True):
        matrix = root * np.eye(6) - J
        matrix[:, 2] -= value * np.exp(-root * delay_ms) * b
        singular = np.linalg.svd(matrix, compute_uv=False)
        assert singular[-1] < 1e-10 * singular[0]
    assert delayed_growth_rate(network) == pytest.approx(roots.real.max(), abs=1e-10)


@pytest.mark.parametrize("given", [QUIET, MOVING])
def test_unequal_delays_agree_with_a_discretisation_of_all_states(at_rest, directed5, delay5, given):
    network, rest = at_rest(directed5[:3, :3], given, delay5[:3, :3])
    found = delayed_spectrum(network)
    values = collocated(*jacobian_of(rest, given), directed5[:3, :3], delay5[:3, :3])
    expected = values[(values.real > found.complete + 1e-4) & (values.imag > -1e-9)]
    assert len(found.roots) == len(expected) >= 3
    for root in found.roots:
        assert np.abs(expected - root).min() < 1e-8


def test_regions_may_differ(population, directed5, delay5):
    """Their own responses: two kinds of regions, one of which hears nothing."""
    parameters = {**population.resolve({"G": 3.0}), "eta": np.array([-5.0, -5.5, -5.0, -5.5, -5.0])}
    parameters["G"] = np.array([3.0, 3.0, 0.0, 3.0, 3.0])
    (rest,) = reached_equilibria(
        population, directed5, {k: np.reshape(v, (1, -1)) for k, v in parameters.items()}, np.full((1, 5, 3), 0.01)
    )
    network = linear_network(population, directed5, parameters, rest, "rate", Noise(1.0))
    assert delayed_growth_rate(replace(network, delay_ms=np.full((5, 5), 1e-9))) == pytest.approx(
        growth_rate(network), abs=1e-7
    )
    found = delayed_spectrum(replace(network, delay_ms=delay5))
    system = characteristic(replace(network, delay_ms=delay5))
    for root in found.roots:
        p = next(iter(system.response.at(np.array([root]))))[0, system.kind]
        singular = np.linalg.svd(np.eye(5) - p[:, None] * system.weights(np.array([root]))[0], compute_uv=False)
        assert singular[-1] < 1e-8 * singular[0]


def test_perturbations_that_others_do_not_hear_of_are_among_the_roots(ring6):
    """Two states per region, the second of its own."""
    J = np.tile(np.diag([-0.5, -0.05]), (6, 1, 1))
    one = np.tile([1.0, 0.0], (6, 1))
    network = LinearNetwork(ring6, J, 0.1 * one, one, one[:, :, None], one, Noise(1.0), None, 5.0 * (ring6 > 0))
    assert delayed_growth_rate(network) == pytest.approx(-0.05, abs=1e-12)
    assert leading_roots(characteristic(network).response, np.array([1.0]), 5.0)[0] == pytest.approx(-0.05)


@pytest.mark.parametrize(("given", "first", "size"), [(QUIET, 50, 1e-2), (MOVING, 80, 1e-8)], ids=["decays", "grows"])
def test_small_perturbations_in_a_delayed_simulation_grow_as_foretold(ei, at_rest, points_of, given, first, size):
    W, delay_ms = np.array([[0.0, 1.0], [1.0, 0.0]]), np.array([[0.0, 2.0], [5.0, 0.0]])
    network, rest = at_rest(W, given, delay_ms)
    leading = delayed_spectrum(network).roots[0]
    start = np.tile(rest, (1, 2, 1)) * (1 + size * np.random.default_rng(0).standard_normal((1, 2, 6)))
    run = Run(Engine(ei, W, "riccati", delays=Delays(delay_ms)), points_of(ei, 1, **given).parameters, start)
    path = np.stack([run.by_point(x)[0, :, 1] - rest[1] for x in run.advance(0.1, 10, first + 20)])
    later = path[first:]
    # u(n + 1) = a u(n) + b u(n - 1) in both regions has the roots exp(z)
    table = np.concatenate([np.stack([u[2:], u[1:-1], u[:-2]], axis=1) for u in later.T])
    a, b = np.linalg.lstsq(table[:, 1:], table[:, 0], rcond=None)[0]
    found = np.log(np.roots([1.0, -a, -b]).astype(complex))
    assert np.abs(found - leading).min() < 3e-3
    assert np.abs(growth_rate(replace(network, delay_ms=None)) - leading.real) > 8e-3  # without delays


def test_patterns_are_counted_to_the_eigenvectors_they_are_closest_to(ei, at_rest, undirected6):
    """With equal delays they are those eigenvectors."""
    network, _ = at_rest(undirected6, MOVING, np.full((6, 6), 9.0))
    modes = spectrum(undirected6)
    whole = growth_of_patterns(network, modes)
    each = leading_roots(characteristic(network).response, modes.values, 9.0)
    known = np.isfinite(whole.growth_rate)
    assert known.sum() >= 3
    np.testing.assert_allclose(whole.growth_rate[known], each.real[known], atol=1e-9)
    np.testing.assert_allclose(whole.frequency[known], 1000 * np.abs(each.imag[known]) / 2 / np.pi, rtol=1e-7)


def test_delays_may_make_rest_unstable_and_stabilise_it(ei, at_rest, undirected6, delay6):
    assert growth_rate(at_rest(undirected6, MOVING, None)[0]) > 0
    rests = homogeneous_rests(ei, {k: np.full(1, float(v)) for k, v in ei.resolve(MOVING).items()}, 1.0)
    np.testing.assert_allclose(rests[0], find_equilibria(ei, MOVING).states[0], rtol=1e-9)
    assert shared_length(undirected6, delay6) is None
    assert shared_length(undirected6, np.full((6, 6), 3.0)) == 3.0


# ------------------------------------------------------------------ linear noise theory
def test_cross_spectra_with_delays_are_those_of_all_states(ei, directed5, delay5, at_rest):
    network, rest = at_rest(directed5, QUIET, delay5)
    network = replace(network, noise=Noise(0.1), entry=network.entry * 0 + np.eye(6)[[1, 4]].T[None] * 0.1 / 8)
    J, b = jacobian_of(rest, QUIET)
    for hz in (3.0, 37.0):
        omega = 2 * np.pi * hz / 1000
        whole = np.kron(np.eye(5), 1j * omega * np.eye(6) - J)
        for i in range(5):
            for j in range(5):
                turned = directed5[i, j] * np.exp(-1j * omega * delay5[i, j])
                whole[6 * i : 6 * i + 6, 6 * j + 2] -= b * turned
        response = np.linalg.inv(whole)
        Q = np.kron(np.eye(5), np.diag([0, 1, 0, 0, 1, 0])) * (0.1 / 8) ** 2
        expected = (2 / 1000 * response @ Q @ response.conj().T)[1::6, 1::6]
        np.testing.assert_allclose(covariance_in(network, hz, 1.0), expected, rtol=1e-9, atol=1e-15)


@pytest.mark.slow
def test_spectra_with_delays_are_those_of_a_long_noisy_simulation(ei, directed5, delay5, at_rest, points_of):
    sigma = 0.002
    _, rest = at_rest(directed5, NEAR_ONSET, delay5)
    network = linear_network(ei, directed5, ei.resolve(NEAR_ONSET), np.tile(rest, (5, 1)), "observable", Noise(sigma))
    delayed = replace(network, delay_ms=delay5)
    assert delayed_growth_rate(delayed) < -0.01
    points = points_of(ei, 8, **NEAR_ONSET, seed=np.arange(8))
    engine = Engine(ei, directed5, "riccati", noisy=True, delays=Delays(delay5))
    run = Run(engine, points.parameters, np.tile(rest, (8, 5, 1)), noise=(np.full(8, sigma), points.seeds))
    run.advance(0.1, 10_000, 1)
    path = np.stack([run.by_point(x)[:, :, 1] for x in run.advance(0.1, 10, 24_000)])
    hz, power = welch(path, fs=1000.0, nperseg=500, axis=0)
    some = (hz >= 4) & (hz <= 80)
    found, expected = power[some].mean(axis=1).T, spectra(delayed, hz[some])
    other = spectra(network, hz[some])
    # 8 runs of 24 s in 750 overlapping windows: 4 % per frequency
    assert np.abs(np.log(found / expected)).mean() < 0.06
    assert np.abs(np.log(found / other)).mean() > 0.1  # without delays


# ------------------------------------------------------------------ stages
@pytest.fixture(scope="module")
def people():
    """Six regions, undirected, with lengths that differ, and the same with one length."""
    rng = np.random.default_rng(0)
    W, L = rng.random((6, 6)), rng.uniform(20, 250, (6, 6))
    W, L = W + W.T, L + L.T
    np.fill_diagonal(W, 0.0)
    return Connectome(W, tract_length=L), Connectome(W, tract_length=np.full((6, 6), 100.0))


ANALYSES = {"msf": {}, "linear_fc": {"spectrum_max_hz": 60, "spectrum_step_hz": 20}}


@pytest.mark.slow
def test_slow_and_fast_tracts_side_by_side(people):
    """An all but infinite velocity gives the numbers without delays; both stages agree on the slowest perturbation."""
    found = simulate(
        {"I_ext_e": 3.0},
        people[0],
        grid={"G": [0.0, 5.0], "velocity_m_per_s": [5.0, 1e7, None]},
        analyses=ANALYSES,
        noise_sigma=0.01,
    )
    assert (found["msf_status"].values == [[2] * 3, [0] * 3]).all()
    assert (found["linear_fc_status"] == 0).all()
    at = found.sel(G=5.0)
    slow, fast, none = (at.isel(velocity_m_per_s=k) for k in range(3))
    known = np.isfinite(fast["msf"].values)
    assert known.sum() >= 5
    np.testing.assert_allclose(fast["msf"].values[known], none["msf"].values[known], atol=1e-6)
    for name in ("linear_fc", "linear_spectrum", "linear_slowest"):
        np.testing.assert_allclose(fast[name], none[name], rtol=1e-4, atol=1e-6)
    for one in (slow, fast):
        assert float(one["msf"].max()) == pytest.approx(float(one["linear_slowest"]), abs=1e-9)
    assert abs(float(slow["linear_slowest"] - none["linear_slowest"])) > 0.03
    assert np.abs(slow["linear_spectrum"] / none["linear_spectrum"] - 1).max() > 3e-3


def test_the_uniform_mode_counts_where_delays_make_it_grow(people):
    analyses = {"msf": {}, "dispersion": {"lambda": {"num": 5}}}
    grid = {"velocity_m_per_s": [5.0, 20.0]}
    found = simulate({"I_ext_e": 3.0, "G": 15.0}, people[1], grid=grid, analyses=analyses)
    growth = found["msf"].values
    assert growth[0, 0] > 0 > growth[1, 0]
    np.testing.assert_array_equal(found["unstable_modes"], (growth > 1e-7).sum(axis=1))
    # Lambda = 1, the row sum, is mode 0
    np.testing.assert_allclose(found["growth_curve"][:, -1], growth[:, 0], atol=1e-10)
    low, high = found["stable_intervals"].values[0, 0]
    assert -1 < low < high < 1
    assert (found["dispersion_status"] == 0).all()


def test_what_delays_make_undefined_is_refused_or_has_a_status(people, ei):
    different, same = people
    with pytest.raises(InputError, match=r"lengths from .* to .* mm, and analyses\.dispersion is for one delay of all"):
        simulate({"I_ext_e": 3.0}, different, grid={"velocity_m_per_s": [5.0]}, analyses=["dispersion"])
    with pytest.raises(InputError, match=r"simulation\.delays: rounded does not reach analyses\.msf; allowed: interp"):
        simulate({"I_ext_e": 3.0}, same, grid={"velocity_m_per_s": [5.0]}, analyses=["msf"], delays="rounded")
    with pytest.raises(InputError, match=r"does not reach analyses\.transverse"):
        simulate({"I_ext_e": 3.0}, same, grid={"velocity_m_per_s": [5.0]}, analyses=["transverse"])
    moving = {"I_ext_e": 13.0, "G": 5.0}
    found = simulate(moving, same, grid={"velocity_m_per_s": [5.0]}, analyses=ANALYSES, noise_sigma=0.01)
    assert found["msf_status"].item() == 0  # one equilibrium, unstable
    assert found["msf"].max() > 0
    assert found["linear_fc_status"].item() == 2  # the network comes to no rest
