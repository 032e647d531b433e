"""The spectrum of the network, where it is known: on the homogeneous manifold, as a sum, and after an interruption."""

import numpy as np
import pytest

from ngnmm_core.analysis.lyapunov import ExponentStatus
from ngnmm_core.api import simulate
from ngnmm_core.connectome import spectrum
from ngnmm_core.dynamics import network_exponents as module
from ngnmm_core.dynamics.attractor import find_attractors
from ngnmm_core.dynamics.dispersion import dispersion
from ngnmm_core.dynamics.equilibria import eigenvalues
from ngnmm_core.dynamics.floquet import exponents, monodromies
from ngnmm_core.dynamics.network_equilibrium import network_equilibrium, network_jacobian, resting_exponents
from ngnmm_core.dynamics.network_exponents import FLOW_LONGEST_MS, NetworkSettings, network_exponents
from ngnmm_core.dynamics.network_tangent_growth import NetworkTangentGrowth
from ngnmm_core.simulation.initial_states import perturbed

RING = np.roll(np.eye(6), 1, axis=1) * 0.5 + np.roll(np.eye(6), -1, axis=1) * 0.5
SIZE = 36


def homogeneous(attractor):
    return np.tile(attractor.state, (6, 1))


def test_at_rest_the_exponents_are_those_of_the_jacobian(ei, attractor_at):
    """All 36, at a homogeneous equilibrium that is stable in every direction of the ring."""
    attractor, parameters = attractor_at(ei, I_ext_e=3.0, G=5.0)
    one = {n: np.full(1, v) for n, v in parameters.items()}
    modes = spectrum(RING).values
    expected = eigenvalues(ei, attractor.state[None], one, one["G"], 5.0 * modes[None])[0].real.ravel()
    assert expected.max() < 0
    start = perturbed(ei, homogeneous(attractor)[None], np.array([0]), 0.1)[0]
    found = network_exponents(ei, RING, parameters, start, NetworkSettings(SIZE, transient_ms=500.0))
    np.testing.assert_allclose(found.values, -np.sort(-expected), atol=1e-8)
    assert found.errors.max() == 0


def test_the_run_gives_the_exponents_of_a_network_at_rest(ei, attractor_at, monkeypatch):
    attractor, parameters = attractor_at(ei, I_ext_e=3.0, G=5.0)
    settings = NetworkSettings(SIZE, duration_ms=2000.0, transient_ms=500.0)
    exact = network_exponents(ei, RING, parameters, homogeneous(attractor), settings)
    monkeypatch.setattr(module, "resting_exponents", lambda *args: None)
    monkeypatch.setattr(module, "exponents_of_approached_rest", lambda *args: None)
    found = network_exponents(ei, RING, parameters, homogeneous(attractor), settings)
    np.testing.assert_allclose(found.values, exact.values, atol=2e-3)
    assert found.errors.max() < 5e-3


def test_the_jacobian_of_a_network_is_the_finite_difference(ei):
    """Directed weights, and every region in another state."""
    rng = np.random.default_rng(2)
    W, states = rng.uniform(0, 1, (4, 4)), rng.uniform(0.1, 0.6, (4, 6))
    parameters = {n: float(v) for n, v in ei.resolve({"I_ext_e": 8.0, "G": 3.0}).items()}
    arrays = {n: np.full(4, v) for n, v in parameters.items()}

    def slope(flat):
        x = tuple(flat.reshape(4, 6).T)
        c = ei.coefficients(arrays)
        coupling = 3.0 * W @ ei.sent(x, c)
        return np.stack(ei.derivative(x, tuple(arrays[d] for d in ei.drives), c, coupling), axis=1).ravel()

    value, jacobian = network_jacobian(ei, W, parameters, states)
    np.testing.assert_allclose(value, slope(states.ravel()), rtol=1e-12)
    h = 1e-6 * np.eye(24)
    differences = [(slope(states.ravel() + d) - slope(states.ravel() - d)) / 2e-6 for d in h]
    np.testing.assert_allclose(jacobian, np.transpose(differences), atol=1e-7)


def test_a_network_that_oscillates_or_leaves_an_unstable_rest_is_not_at_rest(ei, attractor_at):
    attractor, parameters = attractor_at(ei, I_ext_e=13.0, G=1.0)
    path = [perturbed(ei, homogeneous(attractor)[None], np.array([k]), 0.01)[0] for k in (0, 1)]
    assert resting_exponents(ei, RING, parameters, *path) is None
    unstable = network_equilibrium(ei, RING, parameters, np.tile([0.15, -0.3, 0.15, 0.15, -0.3, 0.15], (6, 1)))
    assert unstable is not None
    assert resting_exponents(ei, RING, parameters, unstable, unstable) is None


def test_on_a_cycle_the_exponents_are_those_of_floquet(ei, attractor_at):
    attractor, parameters = attractor_at(ei, I_ext_e=13.0, G=1.0)
    modes = spectrum(RING).values
    matrices = monodromies(ei, parameters, 1.0, 1.0, attractor.orbit, modes)
    expected = -np.sort(-exponents(matrices, attractor.period).real[:, :3].ravel())[:10]
    growth = dispersion(ei, parameters, 1.0, attractor, modes).growth_rate
    stable = growth[1:].max() < 0
    assert stable  # else the network would leave the manifold
    settings = NetworkSettings(10, duration_ms=4000.0, transient_ms=1000.0)
    found = network_exponents(ei, RING, parameters, homogeneous(attractor), settings)
    np.testing.assert_allclose(found.values, expected, atol=1.5e-3)


def test_the_sum_of_all_exponents_is_the_mean_divergence(ei, integrate, points_of):
    """Two sums over the same chaotic solution: logarithms of volumes, and the trace of the Jacobian."""
    parameters = {n: float(v) for n, v in ei.resolve({"I_ext_e": 10.0, "G": 11.0}).items()}
    state = perturbed(ei, np.tile(ei.nominal, (1, 6, 1)), np.array([0]), 0.01)[0]
    found = network_exponents(ei, RING, parameters, state, NetworkSettings(SIZE, 1000.0, 500.0))
    path = integrate(ei, RING, points_of(ei, I_ext_e=10, G=11), state[None], 0.01, 15000, 10)[5000:, 0]
    # trace of one region: 2 (v_e / tau_e) twice, -1 / tau_se, and the same for I; the coupling has no diagonal
    trace = np.mean(4 * path[..., 1] / 8 + 4 * path[..., 4] / 8, axis=0).sum() - 6 * (1.0 + 1.0 / 5.0)
    assert found.values.sum() == pytest.approx(trace, rel=0.02)


@pytest.mark.slow
def test_steps_of_another_length_give_the_same_exponents(ei):
    """Those of 0.01 ms against those that are chosen, within the errors."""
    parameters = {n: float(v) for n, v in ei.resolve({"I_ext_e": 10.0, "G": 11.0}).items()}
    state = perturbed(ei, np.tile(ei.nominal, (1, 6, 1)), np.array([0]), 0.01)[0]
    coarse, fine = (
        network_exponents(ei, RING, parameters, state, NetworkSettings(4, 3000.0, 300.0, dt)) for dt in (None, 0.01)
    )
    assert coarse.dt_ms > fine.dt_ms
    difference = np.abs(coarse.values - fine.values)
    np.testing.assert_array_less(difference, 3.5 * np.hypot(coarse.errors, fine.errors))


@pytest.mark.slow
def test_a_large_network_has_the_floquet_exponents_of_its_cycle_with_long_steps(ei):
    """Twenty regions, all alike: what all exponents have in common is the part of a cycle that a run ends with."""
    W = (np.ones((20, 20)) - np.eye(20)) / 19
    arrays = {n: np.full(1, float(v)) for n, v in ei.resolve({"I_ext_e": 8.0, "G": 3.0}).items()}
    attractor = find_attractors(ei, arrays, 1.0)[0]
    parameters = {n: float(v[0]) for n, v in arrays.items()}
    growth = dispersion(ei, parameters, 1.0, attractor, np.array([1.0, -1 / 19])).growth_rate
    state = perturbed(ei, np.tile(attractor.state, (1, 20, 1)), np.array([0]), 1e-3)[0]
    found = network_exponents(ei, W, parameters, state, NetworkSettings(4, 3000.0, 500.0))
    assert found.dt_ms == FLOW_LONGEST_MS
    assert found.accurate
    assert found.zero
    np.testing.assert_allclose(found.values[1:] - found.values[0], growth[1], rtol=0.02)


def test_longer_steps_to_begin_with_leave_the_shortest_one_where_it_was():
    steps = NetworkSettings(1).ladder(FLOW_LONGEST_MS, 0.1)
    assert (steps[0], steps[1], steps[-1]) == (0.2, 0.1, 0.1 / 64)
    assert NetworkSettings(1).ladder(0.05, 0.05)[-1] == 0.05 / 64
    assert NetworkSettings(1, dt_ms=0.03).ladder(FLOW_LONGEST_MS, 0.1) == [0.03]


def test_the_solution_is_the_engines(ei, integrate, points_of):
    parameters = {n: float(v) for n, v in ei.resolve({"I_ext_e": 13.0, "G": 5.0}).items()}
    state = perturbed(ei, np.tile(ei.nominal, (1, 6, 1)), np.array([3]), 0.01)[0]
    start = integrate(ei, RING, points_of(ei, I_ext_e=13, G=5), state[None], 0.005, 1, 40000)[0, 0]
    run = NetworkTangentGrowth(ei, RING, parameters, start, 3, 0.05)
    for _ in range(40):
        run.advance(100)
    other = run.state  # 200 ms later, on the same attractor: the start costs a phase, so compare by where it goes on
    path = integrate(ei, RING, points_of(ei, I_ext_e=13, G=5), other[None], 0.005, 20, 1000)[:, 0]
    again = []
    for _ in range(20):
        run.advance(100)
        again.append(run.state)
    np.testing.assert_allclose(again, path, atol=2e-5 * np.ptp(path, axis=0).max())


@pytest.mark.slow
def test_a_run_that_was_killed_goes_on_with_the_same_bits(ei, tmp_path, monkeypatch):
    parameters = {n: float(v) for n, v in ei.resolve({"I_ext_e": 10.0, "G": 11.0}).items()}
    state = perturbed(ei, np.tile(ei.nominal, (1, 6, 1)), np.array([0]), 0.01)[0]
    settings = NetworkSettings(9, 320.0, 50.0)
    whole = network_exponents(ei, RING, parameters, state, settings)
    saved, count = module.keep_arrays, [0]

    def dies(path, arrays):
        saved(path, arrays)
        count[0] += 1
        if count[0] == 5:
            raise KeyboardInterrupt

    path = tmp_path / "state.npz"
    with monkeypatch.context() as patch:
        patch.setattr(module, "keep_arrays", dies)
        with pytest.raises(KeyboardInterrupt):
            network_exponents(ei, RING, parameters, state, settings, path)
    steps = []
    advance = NetworkTangentGrowth.advance
    counted = lambda self, n: (steps.append(self.count), advance(self, n))[1]
    monkeypatch.setattr(NetworkTangentGrowth, "advance", counted)
    resumed = network_exponents(ei, RING, parameters, state, settings, path)
    assert steps.count(9) == 11 * settings.intervals(20.0)  # not the transient, nor the first five blocks
    np.testing.assert_array_equal(resumed.values, whole.values)
    np.testing.assert_array_equal(resumed.errors, whole.errors)
    path.write_bytes(b"damaged")
    again = network_exponents(ei, RING, parameters, state, settings, path)
    np.testing.assert_array_equal(again.values, whole.values)


def test_as_an_analysis(ring6):
    options = {"exponents": 40, "duration_ms": 200, "transient_ms": 20}
    dataset = simulate(
        connectome=ring6, grid={"I_ext_e": [10.0, 1e12], "G": [11.0], "seed": [0, 1]},
        analyses={"network_lyapunov": options},
    )  # fmt: skip
    found = dataset.network_lyapunov_exponent
    assert found.dims[-1] == "exponent"
    chaotic = found.sel(I_ext_e=10.0, G=11.0)
    assert chaotic.isel(exponent=slice(0, 36)).notnull().all()
    assert chaotic.isel(exponent=slice(36, None)).isnull().all()  # 36 states have 36 exponents
    assert (chaotic.sel(seed=0, exponent=1) != chaotic.sel(seed=1, exponent=1)).all()
    assert (np.diff(chaotic.isel(exponent=slice(0, 36))) <= 0).all()
    assert (dataset.kaplan_yorke_dimension.sel(I_ext_e=10.0) > 2).all()
    assert dataset.network_lyapunov_status.sel(G=11.0).values.tolist() == [[0, 0], [1, 1]]
    assert found.sel(I_ext_e=1e12).isnull().all()


def test_beside_the_exponents_of_the_homogeneous_system_in_other_numbers(ring6):
    """As in a merged file, those that were not asked for are missing."""
    analyses = {"lyapunov": {"exponents": 3}, "network_lyapunov": {"exponents": 2, "duration_ms": 100}}
    dataset = simulate(connectome=ring6, grid={"I_ext_e": [3.0], "G": [5.0]}, analyses=analyses)
    assert dataset.exponent.values.tolist() == [1, 2, 3]
    for name, known in (("homogeneous_lyapunov_exponent", 3), ("network_lyapunov_exponent", 2)):
        assert np.isfinite(dataset[name].squeeze().values).tolist() == [k < known for k in range(3)]


ONE_WAY = np.roll(np.eye(5), 1, axis=1)


@pytest.mark.slow
def test_a_ring_whose_exponents_need_shorter_steps_than_its_trajectory():
    """At (10, 12) 0.05 ms gives -0.045 for the exponent that is zero; the next ones are about -0.188 at 0.0125 ms."""
    options = {"exponents": 4, "duration_ms": 3000}
    found = simulate({"I_ext_e": 10, "G": 12}, ONE_WAY, analyses={"network_lyapunov": options})
    values, errors = found.network_lyapunov_exponent.values, found.network_lyapunov_exponent_error.values
    assert int(found.network_lyapunov_status) == ExponentStatus.OK
    assert abs(values[0]) < 3 * errors[0] + 1 / 3000
    assert errors[0] > 0  # what the run gave, and not what it should have given
    np.testing.assert_allclose(values[1:], -0.188, atol=0.004)
    assert float(found.kaplan_yorke_dimension) == 1.0


def test_a_step_of_the_users_that_is_too_long_is_told():
    options = {"exponents": 2, "duration_ms": 1000, "dt_ms": 0.05}
    found = simulate({"I_ext_e": 10, "G": 12}, ONE_WAY, analyses={"network_lyapunov": options})
    assert int(found.network_lyapunov_status) == ExponentStatus.INACCURATE
    shorter = {**options, "dt_ms": 0.0125}
    found = simulate({"I_ext_e": 10, "G": 12}, ONE_WAY, analyses={"network_lyapunov": shorter})
    assert int(found.network_lyapunov_status) == ExponentStatus.OK


def test_a_network_that_moves_without_a_zero_exponent_is_told(ring6, monkeypatch):
    """The zero of a run on a cycle is moved away, as a fault in the integration would do it."""
    block_mean = module.block_mean
    monkeypatch.setattr(module, "block_mean", lambda means: (block_mean(means)[0] - 0.05, block_mean(means)[1]))
    options = {"exponents": 3, "duration_ms": 500}
    found = simulate({"I_ext_e": 13, "G": 1}, ring6, analyses={"network_lyapunov": options})
    assert int(found.network_lyapunov_status) == ExponentStatus.NO_ZERO


def test_a_slow_approach_to_rest_ends_there(ei):
    """Uncoupled regions 0.013 below their Hopf point: exponents of one region's Jacobian, each three times, exactly."""
    W = (np.ones((3, 3)) - np.eye(3)) / 2
    options = {"exponents": 9, "duration_ms": 1000}
    found = simulate({"I_ext_e": 5.98, "G": 0}, W, analyses={"network_lyapunov": options}, initial={"sd": 0.5})
    attractor = find_attractors(ei, {n: np.full(1, float(v)) for n, v in ei.resolve({"I_ext_e": 5.98}).items()}, 1.0)
    one = {n: np.full(1, float(v)) for n, v in ei.resolve({"I_ext_e": 5.98}).items()}
    nothing = np.zeros(1)
    expected = -np.sort(-eigenvalues(ei, attractor[0].state[None], one, nothing, nothing)[0].real)
    assert expected[0] == pytest.approx(-7.3e-4, abs=1e-5)
    np.testing.assert_allclose(found.network_lyapunov_exponent.values, np.repeat(expected, 3)[:9], atol=1e-9)
    assert (found.network_lyapunov_exponent_error == 0).all()
    assert float(found.kaplan_yorke_dimension) == 0.0
