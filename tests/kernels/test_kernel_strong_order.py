"""Heun's method with noise: its strong order, and the Ornstein-Uhlenbeck process in closed form."""

import numpy as np
import pytest

from ngnmm_core.kernels.lanes import aligned
from ngnmm_core.kernels.llvm import kernel, store
from ngnmm_core.kernels.normal import normal_four, normal_pair
from ngnmm_core.simulation.engine import Engine
from ngnmm_core.simulation.run import Run

SPAN_MS, SIGMA, SEEDS, FINE = 0.96, 0.4, 96, 64


@pytest.fixture(scope="module")
def normals():
    """`normals(seeds, regions, steps)`: the generator's numbers [step, seed, region, noisy state]."""

    @kernel(nogil=True)
    def draw(seeds, region, step, out):
        for lane in range(0, seeds.size, 8):
            pair = normal_pair(seeds, lane, region, step)
            store(out, lane, pair[0])
            store(out, seeds.size + lane, pair[1])

    def numbers(seeds, regions, steps):
        flat, out = np.ascontiguousarray(seeds, np.int64), aligned(2 * len(seeds))
        result = np.empty((steps, len(seeds), regions, 2))
        for step in range(steps):
            for region in range(regions):
                draw(flat, region, step, out)
                result[step, :, region] = out.reshape(2, -1).T
        return result

    return numbers


@pytest.mark.slow
def test_four_numbers_begin_with_the_pair_and_are_normal_and_independent(normals):
    """So that a model with more noisy states, or fewer, has the same noise on the first two."""

    @kernel(nogil=True)
    def draw(seeds, step, out):
        for lane in range(0, seeds.size, 8):
            four = normal_four(seeds, lane, 0, step)
            for k in range(4):
                store(out, k * seeds.size + lane, four[k])

    seeds, out = np.arange(4096), aligned(4 * 4096)
    draw(seeds, 5, out)
    found = out.reshape(4, -1)
    np.testing.assert_array_equal(found[:2].T, normals(seeds, 1, 6)[5, :, 0])
    np.testing.assert_allclose(found.mean(axis=1), 0.0, atol=0.06)  # standard error 0.016
    np.testing.assert_allclose(np.cov(found), np.eye(4), atol=0.08)
    np.testing.assert_allclose((found**4).mean(axis=1), 3.0, atol=0.6)  # standard error 0.15


def bridged(increments, h, rng):
    """Increments of steps FINE times as short, which add up to the given ones (a Brownian bridge)."""
    small = rng.standard_normal((len(increments), FINE, *increments.shape[1:])) * np.sqrt(h / FINE)
    small += (increments - small.sum(axis=1))[:, None] / FINE
    return small.reshape(-1, *increments.shape[1:])


def solved(model, W, parameters, start, increments, h):
    """The same equations by Heun's method in numpy along given increments of (v_e, v_i), all seeds at once."""
    constants, drive = model.coefficients(parameters), tuple(parameters[n] for n in model.drives)

    def slope(x):
        coupling = parameters["G"] * (x[..., 2] @ W.T)
        return np.stack(model.derivative(tuple(np.moveaxis(x, -1, 0)), drive, constants, coupling), axis=-1)

    x, kick = start.copy(), np.zeros_like(start)
    for pair in increments:
        kick[..., [1, 4]] = SIGMA * pair / 8.0
        first = slope(x)
        x = x + 0.5 * h * (first + slope(x + h * first + kick)) + kick
    return x


def test_the_strong_order_is_the_one_that_the_stepper_declares(ei, directed5, points_of, start_of, normals):
    """Each step size has its own path: the exact one is refined from the very increments that the kernel took."""
    rng, errors, sizes = np.random.default_rng(0), [], np.array([0.02, 0.04, 0.08])
    W, seeds = directed5[:2, :2] / directed5[:2, :2].sum(axis=1, keepdims=True), np.arange(SEEDS)
    start = np.broadcast_to(start_of(ei, 1, 2), (SEEDS, 2, 6))
    points = points_of(ei, SEEDS, I_ext_e=8, G=4, Delta=3, seed=seeds)
    for h in sizes:
        steps = round(SPAN_MS / h)
        run = Run(Engine(ei, W, "heun"), points.parameters, start, noise=(SIGMA, points.seeds))
        run.advance(h, steps, 1)
        small = bridged(normals(seeds, 2, steps) * np.sqrt(h), h, rng)
        exact = solved(ei, W, ei.resolve({"I_ext_e": 8, "G": 4, "Delta": 3}), start, small, h / FINE)
        errors.append(np.sqrt(np.mean((run.by_point(run.states) - exact) ** 2)))
    order = np.polyfit(np.log(sizes), np.log(errors), 1)[0]
    assert order == pytest.approx(1.0, abs=0.15)


def test_two_steps_with_the_kernels_own_numbers_are_reproduced(ei, directed5, points_of, start_of, normals):
    """The reference above takes the same steps as the kernel when it is given the same increments."""
    W, seeds, h = directed5[:2, :2], np.arange(8), 0.02
    start = np.broadcast_to(start_of(ei, 1, 2), (8, 2, 6))
    points = points_of(ei, 8, I_ext_e=8, G=4, seed=seeds)
    run = Run(Engine(ei, W, "heun"), points.parameters, start, noise=(SIGMA, points.seeds))
    run.advance(h, 2, 1)
    expected = solved(ei, W, ei.resolve({"I_ext_e": 8, "G": 4}), start, normals(seeds, 2, 2) * np.sqrt(h), h)
    np.testing.assert_allclose(run.by_point(run.states), expected, rtol=1e-12, atol=1e-13)


def test_an_ornstein_uhlenbeck_process_has_its_closed_form(linear_node, points_of):
    """Mean I, variance sigma^2 / (2 tau), autocorrelation exp(-t / tau); 8 x 40 processes, 2000 ms."""
    tau, sigma, h = 10.0, 0.7, 0.1
    points = points_of(linear_node, 8, I=1.5, tau=tau, seed=np.arange(8))
    start = np.full((8, 40, 1), 1.5)
    run = Run(Engine(linear_node, np.zeros((40, 40)), "heun"), points.parameters, start, noise=(sigma, points.seeds))
    run.advance(h, 1000, 1)
    x = np.stack([run.by_point(s)[..., 0] for s in run.advance(h, 50, 400)]) - 1.5  # every 5 ms
    independent = x.size * (1 - np.exp(-5.0 / tau)) / (1 + np.exp(-5.0 / tau))  # as many numbers as tell the mean
    variance = sigma**2 / (2 * tau)
    assert abs(x.mean()) < 4 * np.sqrt(variance / independent)
    assert x.var() == pytest.approx(variance, rel=4 * np.sqrt(2 / independent))
    for lag in (1, 2, 4):
        correlation = np.mean(x[lag:] * x[:-lag]) / x.var()
        assert correlation == pytest.approx(np.exp(-5.0 * lag / tau), abs=4 / np.sqrt(independent))
