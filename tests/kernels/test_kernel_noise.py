"""Additive noise of Heun's method: its size, and that it is keyed by (seed, region, step) alone."""

import numpy as np
import pytest
from scipy import stats

from ngnmm_core.simulation.engine import Engine
from ngnmm_core.simulation.run import Run

DT = 0.01


def noisy(model, W, points, start, samples, steps=1, sigma=0.3):
    run = Run(Engine(model, W, "heun"), points.parameters, start, noise=(sigma, points.seeds))
    return np.stack([run.by_point(s) for s in run.advance(DT, steps, samples)])


@pytest.fixture(scope="module")
def increments(ei, points_of):
    """Noise of single steps, in units of its stated deviation: [seed, region, (v_e, v_i)], and of the other states."""
    nodes, tau = 12, {"tau_e": 8.0, "tau_i": 4.0}
    start = np.broadcast_to([s.initial for s in ei.states], (8, nodes, 6))
    parts = []
    for first in range(0, 400, 8):
        points = points_of(ei, 8, seed=np.arange(first, first + 8), **tau)
        (with_noise,), (without,) = (noisy(ei, np.zeros((nodes, nodes)), points, start, 1, sigma=s) for s in (0.3, 0.0))
        parts.append(with_noise - without)
    change = np.concatenate(parts)
    return change[..., [1, 4]] / (0.3 * np.sqrt(DT) / np.array([8.0, 4.0])), change[..., [0, 2, 3, 5]]


def test_noise_is_normal_with_the_stated_size(increments):
    noise, _ = increments
    assert stats.kstest(noise.ravel(), "norm").pvalue > 1e-3
    np.testing.assert_allclose(noise.std(axis=(0, 1)), 1.0, atol=4 / np.sqrt(2 * 4800))
    np.testing.assert_allclose(noise.mean(axis=(0, 1)), 0.0, atol=4 / np.sqrt(4800))


def test_noise_of_populations_regions_and_seeds_is_independent(increments):
    noise, _ = increments
    pairs = {
        "populations": (noise[..., 0], noise[..., 1]),
        "regions": (noise[:, 1:], noise[:, :-1]),
        "seeds": (noise[1:], noise[:-1]),
    }
    for name, (a, b) in pairs.items():
        assert abs(np.corrcoef(a.ravel(), b.ravel())[0, 1]) < 4 / np.sqrt(a.size), name
    assert len(np.unique(noise)) == noise.size


def test_noise_enters_the_potentials_only(increments):
    """Within one step the other states feel it through the equations, a hundred times weaker."""
    _, others = increments
    assert np.abs(others).max() < 0.01 * 0.3 * np.sqrt(DT) / 8.0


def test_steps_have_their_own_noise(ei, points_of):
    start = np.broadcast_to([s.initial for s in ei.states], (1, 1, 6))
    path, calm = (
        noisy(ei, np.zeros((1, 1)), points_of(ei, seed=3), start, 2000, sigma=s)[:, 0, 0, 1] for s in (1e-4, 0)
    )
    steps = np.diff(path - calm)
    assert abs(np.corrcoef(steps[1:], steps[:-1])[0, 1]) < 4 / np.sqrt(len(steps))
    assert len(np.unique(steps)) == len(steps)


def test_a_region_keeps_its_noise_when_others_are_added_or_points_stand_beside(ei, directed5, points_of, start_of):
    start = start_of(ei, 1, 5).repeat(4, axis=0)
    points = points_of(ei, 4, I_ext_e=[13, 9, 9, 9], seed=[1, 0, 1, 2])
    together = noisy(ei, directed5, points, start, 5, 50)
    for k in range(4):
        alone = noisy(ei, directed5, points.take([k]), start[[k]], 5, 50)
        np.testing.assert_array_equal(together[:, k], alone[:, 0])
        fewer = noisy(ei, directed5[:2, :2], points.take([k]), start[[k], :2], 5, 50)  # G = 0: uncoupled
        np.testing.assert_array_equal(together[:, k, :2], fewer[:, 0])
    assert (together[-1, 1] != together[-1, 2]).all()  # seeds differ


def test_noise_goes_on_from_block_to_block(ei, directed5, points_of, start_of):
    start, points = start_of(ei, 1, 5), points_of(ei, G=3, seed=2)
    run = Run(Engine(ei, directed5, "heun"), points.parameters, start, noise=(0.3, points.seeds))
    parts = np.concatenate([run.advance(DT, 5, n) for n in (3, 1, 6)])
    whole = noisy(ei, directed5, points, start, 10, 5)
    np.testing.assert_array_equal(np.stack([run.by_point(s) for s in parts]), whole)


def test_points_may_differ_in_the_intensity_of_their_noise(ei, directed5, points_of, start_of):
    """Side by side or alone, with noise and without: the same bits."""
    start, points = start_of(ei, 1, 5).repeat(3, axis=0), points_of(ei, 3, G=3, seed=2)
    sigmas = np.array([0.3, 0.0, 0.1])
    together = noisy(ei, directed5, points, start, 5, 20, sigma=sigmas)
    for k, sigma in enumerate(sigmas):
        alone = noisy(ei, directed5, points.take([k]), start[[k]], 5, 20, sigma=sigma)
        np.testing.assert_array_equal(together[:, k], alone[:, 0])
    assert len(np.unique(together[-1, :, 0, 1])) == 3
