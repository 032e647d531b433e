"""Noise of the exact flow: paths that do not depend on the step, and the strong order along them."""

import numpy as np
import pytest
from scipy import stats

from ngnmm_core.connectome.connectome import Connectome
from ngnmm_core.kernels.integrators import riccati
from ngnmm_core.simulation.engine import Engine
from ngnmm_core.simulation.run import Run
from ngnmm_core.simulation.settings import Simulation
from ngnmm_core.simulation.simulator import Simulator

W2 = np.array([[0.0, 1.0], [1.0, 0.0]])
LEVELS = {0.1: 0, 0.05: 1, 0.025: 2, 0.0125: 3}


def run_of(model, W, points, start, sigma):
    sigmas = np.broadcast_to(sigma, len(points))
    return Run(Engine(model, W, "riccati", noisy=True), points.parameters, start, noise=(sigmas, points.seeds))


@pytest.fixture(scope="module")
def paths(ei, points_of, start_of):
    """`paths(step)`: (dB, M) of every step after the first 20 ms, [step, region, (dB, M), population, seed]."""
    points, start = points_of(ei, 8, seed=np.arange(8)), np.broadcast_to(start_of(ei, 1, 2), (8, 2, 6))

    def read(step_ms, count):
        run = run_of(ei, W2, points, start, 0.1)
        run.advance(step_ms, round(20.0 / step_ms), 1)
        found = []
        for _ in range(count):
            run.advance(step_ms, 1, 1)
            levels = run.work.brownian.reshape(9, 2, 2, 2, 8)  # one group
            found.append(levels[LEVELS[step_ms]].copy())
        return np.stack(found)

    return read


@pytest.mark.slow
def test_halves_of_a_step_add_up_to_it(paths):
    """Increments add, and the moment about the middle follows from those of the halves."""
    whole, halves = paths(0.1, 40), paths(0.05, 80)
    first, second = halves[::2], halves[1::2]
    np.testing.assert_allclose(first[:, :, 0] + second[:, :, 0], whole[:, :, 0], rtol=0, atol=1e-14)
    moment = 0.5 * (first[:, :, 1] + second[:, :, 1]) + 0.25 * (second[:, :, 0] - first[:, :, 0])
    np.testing.assert_allclose(moment, whole[:, :, 1], rtol=0, atol=1e-14)


@pytest.mark.parametrize("step_ms", [0.1, 0.025])
def test_increments_and_moments_are_normal_and_independent(paths, step_ms):
    numbers = paths(step_ms, 400)  # [step, region, (dB, M), population, seed]
    h = step_ms / 0.1
    columns = np.moveaxis(numbers, 4, 1).reshape(-1, 8) / np.tile(np.repeat([h, h / 12], 2) ** 0.5, 2)
    n = len(columns)
    assert stats.kstest(columns.ravel(), "norm").pvalue > 1e-3
    np.testing.assert_allclose(np.cov(columns.T), np.eye(8), atol=5 / np.sqrt(n))
    successive = np.mean(numbers[1:] * numbers[:-1]) / np.mean(numbers**2)
    assert abs(successive) < 5 / np.sqrt(numbers.size)


def test_the_strong_order_is_the_one_that_the_integrator_declares(ei, points_of, start_of):
    """Along one path for all steps, against a step 32 times as short as the longest."""
    seeds = np.arange(64)
    start = np.broadcast_to(start_of(ei, 1, 2), (8, 2, 6))
    errors, steps = [], np.array([0.1, 0.05, 0.025])
    for first in range(0, 64, 8):
        points = points_of(ei, 8, I_ext_e=8.0, G=4.0, Delta=3.0, seed=seeds[first : first + 8])
        ends = []
        for h in (*steps, 0.003125):
            run = run_of(ei, W2, points, start, 0.4)
            run.advance(h, round(30.0 / h), 1)
            ends.append(run.by_point(run.states).copy())
        errors.append([np.mean((end - ends[-1]) ** 2) for end in ends[:-1]])
    order = np.polyfit(np.log(steps), 0.5 * np.log(np.mean(errors, axis=0)), 1)[0]
    assert riccati.INTEGRATOR.strong_order - 0.2 < order < riccati.INTEGRATOR.strong_order + 0.7


def test_the_path_is_solved_as_heun_solves_it(ei, points_of, start_of, paths):
    """The same increments, refined, in the equations written out: the noise has its stated size and enters v."""
    step, tau, sigma, fine = 0.0125, 8.0, 0.4, 16
    points, start = (
        points_of(ei, 8, I_ext_e=8.0, G=4.0, seed=np.arange(8)),
        np.broadcast_to(start_of(ei, 1, 2), (8, 2, 6)),
    )
    quiet = run_of(ei, W2, points, start, 0.0)
    quiet.advance(step, round(20.0 / step), 1)
    begin = run_of(ei, W2, points, start, sigma)
    begin.advance(step, round(20.0 / step), 1)
    x = begin.by_point(begin.states).copy()  # [seed, region, state]
    increments = paths(step, 80) * np.sqrt(0.1)
    begin.advance(step, 80, 1)
    after = begin.by_point(begin.states)
    parameters = ei.resolve({"I_ext_e": 8.0, "G": 4.0})
    constants, drive = ei.coefficients(parameters), (8.0, 0.0)

    def slope(x):
        coupling = 4.0 * (x[..., 2] @ W2.T)
        return np.stack(ei.derivative(tuple(np.moveaxis(x, -1, 0)), drive, constants, coupling), axis=-1)

    h = step / fine
    for dB in np.repeat(increments[:, :, 0] / fine, fine, axis=0):  # [region, population, seed]
        kick = np.zeros_like(x)
        kick[..., [1, 4]] = sigma / tau * np.moveaxis(dB, -1, 0)
        first = slope(x)
        x = x + 0.5 * h * (first + slope(x + h * first + kick)) + kick
    np.testing.assert_allclose(after, x, rtol=0, atol=2e-4)
    assert np.abs(after - quiet.by_point(quiet.states)).max() > 0.05


def test_a_path_goes_on_from_call_to_call_and_from_a_snapshot(ei, directed5, points_of, start_of):
    points, start = points_of(ei, I_ext_e=8.0, G=4.0, seed=3), start_of(ei, 1, 5)
    whole, parts = (run_of(ei, directed5, points, start, 0.2) for _ in range(2))
    expected, start_of_path = whole.advance(0.025, 40, 40), parts.snapshot()
    parts.advance(0.025, 7, 1)
    parts.restore(start_of_path)
    found = [parts.advance(0.025, 40, n) for n in (3, 20)]
    snapshot = parts.snapshot()
    parts.advance(0.025, 7, 1)
    parts.restore(snapshot)
    np.testing.assert_array_equal(np.concatenate([*found, parts.advance(0.025, 40, 17)]), expected)


def test_noise_is_the_default_methods_too_and_mixes_with_quiet_points(ei, directed5, points_of):
    """Bits of points without noise beside such with it are those that they have alone."""
    settings = Simulation(duration_ms=60.0, transient_ms=20.0)
    points = points_of(ei, 3, I_ext_e=8.0, G=4.0, noise_sigma=[0.0, 0.1, 0.1], seed=[0, 0, 1])
    simulator = Simulator(ei, Connectome(directed5), settings, [])
    assert simulator.engine.method == "riccati"
    runs = [simulator.start(points.take([k])) for k in range(3)]
    assert [run.engine.noisy for run in runs] == [False, True, True]
    batches = list(simulator.batches(points, np.arange(3), simulator.kinds(points)))
    assert [batch.tolist() for batch in batches] == [[0], [1, 2]]
