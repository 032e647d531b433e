"""Noise that regions share and coloured noise, by both stochastic methods: moments, correlations, spectra, paths."""

import numpy as np
import pytest

from ngnmm_core.connectome.connectome import Connectome
from ngnmm_core.dynamics.linear_noise import Noise, linear_network, spectra
from ngnmm_core.simulation.engine import Engine
from ngnmm_core.simulation.run import Run
from ngnmm_core.simulation.settings import Simulation
from ngnmm_core.simulation.simulator import Simulator

SHARE, TAU_MS = 0.3, 5.0
LEVELS = {0.1: 0, 0.05: 1, 0.025: 2, 0.0125: 3}
W2 = np.array([[0.0, 1.0], [1.0, 0.0]])


def run_of(model, W, points, start, noise, method="riccati"):
    sigma, common, tau_ms = noise
    kind = {"shared": bool(np.any(np.asarray(common) > 0)), "coloured": bool(np.any(np.asarray(tau_ms) > 0))}
    engine = Engine(model, W, method, noisy=method == "riccati", **kind)
    return Run(engine, points.parameters, start, noise=(np.full(len(points), sigma), points.seeds, common, tau_ms))


@pytest.fixture(scope="module")
def paths(ei, points_of, start_of):
    """`paths(step, count, common, tau_ms)`: what the exact flow takes, [step, region, number, population, seed]."""

    def read(step_ms, count, common=SHARE, tau_ms=TAU_MS, first_seed=0, regions=3):
        points = points_of(ei, 8, seed=np.arange(first_seed, first_seed + 8))
        start = np.broadcast_to(start_of(ei, 1, regions), (8, regions, 6))
        run = run_of(ei, np.zeros((regions, regions)), points, start, (0.1, common, tau_ms))
        run.advance(step_ms, round(20.0 / step_ms), 1)
        found = []
        for _ in range(count):
            run.advance(step_ms, 1, 1)
            levels = run.work.brownian.reshape(9, regions, -1, 2, 8)  # one group
            found.append(levels[LEVELS[step_ms]].copy())
        return np.stack(found)

    return read


@pytest.mark.slow
def test_coloured_paths_are_the_same_with_every_step(paths):
    """Values agree at common times, integrals over halves add up to the integral over the whole."""
    whole, halves, eighths = paths(0.1, 40), paths(0.05, 80), paths(0.0125, 320)
    for parts, count in ((halves, 2), (eighths, 8)):
        np.testing.assert_allclose(parts[count - 1 :: count, :, 3], whole[:, :, 3], rtol=0, atol=1e-12)
        added = parts[:, :, 0].reshape(40, count, *parts[:, :, 0].shape[1:]).sum(axis=1)
        np.testing.assert_allclose(added, whole[:, :, 0], rtol=0, atol=1e-13)
    np.testing.assert_array_equal(whole[1:, :, 2], whole[:-1, :, 3])


@pytest.mark.parametrize("step_ms", [0.1, 0.0125])
@pytest.mark.slow
def test_coloured_noise_has_its_closed_forms(paths, step_ms):
    """Variance 1 / (2 tau), autocorrelation exp(-t / tau), variance T - tau (1 - exp(-T / tau)) of the integral."""
    tau = 0.4
    found = np.concatenate([paths(step_ms, 800, 1e-3, tau, first, 8) for first in range(0, 32, 8)], axis=-1)
    values, integrals = found[:, :, 3] / np.sqrt(0.1), found[:, :, 0] * np.sqrt(0.1)
    span = 800 * step_ms
    independent = found[0, 0, 0].size * 8 * max(span / (2 * tau), 1.0)
    assert values.var() == pytest.approx(1 / (2 * tau), rel=5 * np.sqrt(2 / independent))
    for lag in (1, 4, 16):
        correlation = np.mean(values[lag:] * values[:-lag]) * 2 * tau
        assert correlation == pytest.approx(np.exp(-lag * step_ms / tau), abs=5 / np.sqrt(independent))
    length = 16
    T = length * step_ms
    summed = integrals.reshape(-1, length, *integrals.shape[1:]).sum(axis=1)
    assert summed.var() == pytest.approx(T - tau * (1 - np.exp(-T / tau)), rel=5 * np.sqrt(2 / independent))


@pytest.mark.parametrize("tau_ms", [0.0, TAU_MS])
@pytest.mark.slow
def test_regions_share_the_stated_part_of_the_variance_per_population(paths, tau_ms):
    """Correlations of increments: SHARE between regions of a population, 0 between populations and seeds."""
    found = np.concatenate([paths(0.1, 400, SHARE, tau_ms, first) for first in range(0, 64, 8)], axis=-1)
    kept = found[:, :, 0] if tau_ms == 0 else found[:, :, 3] - np.exp(-0.1 / tau_ms) * found[:, :, 2]  # innovations
    columns = kept.transpose(0, 3, 1, 2).reshape(-1, 6)  # (region, population) after [step, seed]
    expected = np.kron(SHARE * np.ones((3, 3)) + (1 - SHARE) * np.eye(3), np.eye(2))
    np.testing.assert_allclose(np.corrcoef(columns.T), expected, atol=5 / np.sqrt(len(columns)))
    variance = 1.0 if tau_ms == 0 else 0.1 * (1 - np.exp(-0.2 / tau_ms)) / (2 * tau_ms)
    np.testing.assert_allclose(columns.var(axis=0), variance, rtol=5 * np.sqrt(2 / len(columns)))
    seeds = np.corrcoef(kept.reshape(-1, kept.shape[-1]).T) - np.eye(kept.shape[-1])
    assert np.abs(seeds).max() < 6 / np.sqrt(kept[..., 0].size / 3)  # two regions tell less than two numbers


@pytest.mark.parametrize("method", ["riccati", "heun"])
@pytest.mark.parametrize("tau_ms", [0.0, TAU_MS])
@pytest.mark.slow
def test_with_all_noise_in_common_equal_regions_do_the_same(ei, points_of, method, tau_ms):
    start = np.broadcast_to([s.initial for s in ei.states], (8, 2, 6))
    points = points_of(ei, 8, I_ext_e=8.0, G=4.0, seed=np.arange(8))
    run = run_of(ei, W2, points, start, (0.3, 1.0, tau_ms), method)
    run.advance(0.0125, 2000, 1)
    end = run.by_point(run.states)
    np.testing.assert_array_equal(end[:, 0], end[:, 1])
    assert len(np.unique(end[:, 0, 1])) == 8


@pytest.mark.slow  # two kernels each
@pytest.mark.parametrize("method", ["riccati", "heun"])
def test_nothing_in_common_has_the_bits_of_noise_that_is_not_shared(ei, directed5, points_of, start_of, method):
    """A point keeps its numbers beside one that shares its noise."""
    start, points = start_of(ei, 1, 5).repeat(2, axis=0), points_of(ei, 2, I_ext_e=8.0, G=4.0, seed=[3, 3])
    beside = run_of(ei, directed5, points, start, (0.2, np.array([0.0, 0.4]), 0.0), method)
    alone = run_of(ei, directed5, points.take([0]), start[:1], (0.2, 0.0, 0.0), method)
    found, expected = (run.advance(0.0125, 100, 20) for run in (beside, alone))
    np.testing.assert_array_equal(found[..., 0], expected[..., 0])
    assert (found[..., 1] != found[..., 0]).any()


@pytest.mark.slow
def test_the_strong_order_with_coloured_noise_is_two(ei, points_of, start_of):
    """Along one path for all steps, against a step 32 times as short as the longest."""
    start, steps = np.broadcast_to(start_of(ei, 1, 2), (8, 2, 6)), np.array([0.1, 0.05, 0.025])
    errors = []
    for first in range(0, 32, 8):
        points = points_of(ei, 8, I_ext_e=8.0, G=4.0, Delta=3.0, seed=np.arange(first, first + 8))
        ends = []
        for h in (*steps, 0.003125):
            run = run_of(ei, W2, points, start, (0.4, SHARE, 0.5))
            run.advance(h, round(30.0 / h), 1)
            ends.append(run.by_point(run.states).copy())
        errors.append([np.mean((end - ends[-1]) ** 2) for end in ends[:-1]])
    order = np.polyfit(np.log(steps), 0.5 * np.log(np.mean(errors, axis=0)), 1)[0]
    assert 1.8 < order < 2.7


@pytest.mark.slow
def test_a_node_under_coloured_noise_has_its_closed_form(linear_node, points_of):
    """tau x' = -x + noise of correlation time tau_n: variance sigma^2 / (2 (tau + tau_n)), share in common kept."""
    tau, tau_n, sigma = 10.0, 20.0, 0.7
    points = points_of(linear_node, 8, tau=tau, seed=np.arange(8))
    run = run_of(linear_node, np.zeros((40, 40)), points, np.zeros((8, 40, 1)), (sigma, SHARE, tau_n), "heun")
    run.advance(0.1, 2000, 1)
    x = np.stack([run.by_point(s)[..., 0] for s in run.advance(0.1, 200, 500)])  # [sample, point, region], every 20 ms
    independent = 8 * 500 * 20.0 / (2 * (tau + tau_n))  # of what regions have in common, at least
    assert x.var() == pytest.approx(sigma**2 / (2 * (tau + tau_n)), rel=4 * np.sqrt(2 / independent))
    between = np.cov(x.reshape(-1, 40).T)[np.triu_indices(40, 1)].mean() / x.var()
    assert between == pytest.approx(SHARE, abs=4 / np.sqrt(independent))


@pytest.mark.slow
def test_spectrum_of_the_model_under_coloured_noise_is_that_of_linear_theory(ei, points_of):
    """At rest: mean power in bands below and above the corner of the noise, 8 runs of 8 s."""
    tau_ms, parameters = 8.0, ei.resolve({"I_ext_e": 1.0, "G": 3.0})
    points = points_of(ei, 8, I_ext_e=1.0, G=3.0, seed=np.arange(8))
    quiet = run_of(ei, W2, points, np.full((8, 2, 6), 0.01), (0.0, 0.0, 0.0))
    quiet.advance(0.1, 5000, 1)
    rest = quiet.by_point(quiet.states).copy()
    run = run_of(ei, W2, points, rest, (0.01, SHARE, tau_ms))
    run.advance(0.1, 2000, 1)
    v = np.stack([run.by_point(s)[..., 1] for s in run.advance(0.1, 10, 8000)])
    power = np.abs(np.fft.rfft(v - v.mean(axis=0), axis=0)) ** 2 * 2.0 / (8000 * 1000.0)
    frequency = np.fft.rfftfreq(8000, 1e-3)
    network = linear_network(ei, W2, parameters, rest[0], "observable", Noise(0.01, SHARE, tau_ms))
    for low, high in ((2.0, 12.0), (20.0, 50.0), (60.0, 120.0)):
        inside = (frequency >= low) & (frequency < high)
        expected = spectra(network, frequency[inside][::8])[0].mean()
        found = power[inside].mean()
        assert found == pytest.approx(expected, rel=4.0 / np.sqrt(8 * inside.sum()) + 0.01), (low, high)


@pytest.mark.parametrize(("method", "dt"), [("riccati", 0.025), pytest.param("heun", 0.01, marks=pytest.mark.slow)])
def test_a_coloured_path_goes_on_from_call_to_call_and_from_a_snapshot(ei, directed5, points_of, start_of, method, dt):
    points, start = points_of(ei, I_ext_e=8.0, G=4.0, seed=3), start_of(ei, 1, 5)
    whole, parts = (run_of(ei, directed5, points, start, (0.2, SHARE, TAU_MS), method) for _ in range(2))
    expected = whole.advance(dt, 40, 40)
    found = [parts.advance(dt, 40, n) for n in (3, 20)]
    snapshot = parts.snapshot()
    parts.advance(dt, 7, 1)
    parts.restore(snapshot)
    np.testing.assert_array_equal(np.concatenate([*found, parts.advance(dt, 40, 17)]), expected)


@pytest.mark.slow
def test_points_with_noise_of_other_kinds_are_not_computed_side_by_side(ei, directed5, points_of):
    settings = Simulation(duration_ms=60.0, transient_ms=20.0, noise_sigma=0.1)
    points = points_of(ei, 5, G=4.0, noise_tau_ms=[0.0, 5.0, 0.0, 9.0, 0.0], noise_common=[0, 0, 0.2, 0, 0])
    simulator = Simulator(ei, Connectome(directed5), settings, [])
    batches = [batch.tolist() for batch in simulator.batches(points, np.arange(5), simulator.kinds(points))]
    assert sorted(batches) == [[0, 4], [1, 3], [2]]
    kinds = [simulator.start(points.take(np.array(batch))).engine.kind for batch in sorted(batches)]
    assert [tuple(map(bool, kind)) for kind in kinds] == [
        (True, False, False),
        (True, False, True),
        (True, True, False),
    ]
    together = simulator.run(points)
    for k in range(5):
        alone = simulator.run(points.take([k]))
        for name, values in together.items():
            np.testing.assert_array_equal(values[k], alone[name][0], err_msg=name)
