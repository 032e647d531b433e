"""Invariant 1: a point's bits depend on the point alone, not on what is computed beside it."""

import numpy as np
import pytest

import ngnmm_core.simulation.engine
from ngnmm_core.simulation.engine import Engine

CURRENTS = np.linspace(3.0, 15.0, 8)
COUPLINGS = np.linspace(0.0, 12.0, 8)


@pytest.fixture(scope="module", params=["rk4", "multirate", "riccati"])
def eight(ei, directed5, points_of, start_of, integrate, request):
    """`run(chosen)`, which integrates some of eight different points together, and what it gives for all of them."""
    points, start = points_of(ei, 8, I_ext_e=CURRENTS, G=COUPLINGS), start_of(ei, 8, 5)

    def run(chosen):
        return integrate(ei, directed5, points.take(chosen), start[chosen], 0.05, 8, 40, method=request.param)

    return run, run(np.arange(8))


def test_a_point_alone(eight):
    run, together = eight
    for k in range(8):
        np.testing.assert_array_equal(run(np.array([k]))[:, 0], together[:, k])


@pytest.mark.parametrize("seed", [0, 1])
def test_any_order_and_any_fill_of_the_batch(eight, seed):
    run, together = eight
    chosen = np.random.default_rng(seed).permutation(8)[: 5 + seed]
    np.testing.assert_array_equal(run(chosen), together[:, chosen])


def test_several_lane_vectors_that_share_the_weights(eight, monkeypatch):
    """Large matrices are streamed past two groups at once; here the threshold is lowered instead."""
    run, together = eight
    monkeypatch.setattr(ngnmm_core.simulation.engine, "L2_BYTES", 0)
    chosen = np.resize(np.array([3, 0, 6, 7, 1, 2, 5, 4, 4, 0]), 27)
    np.testing.assert_array_equal(run(chosen), together[:, chosen])


def test_batch_size_follows_the_size_of_the_matrix(ei):
    sizes = [Engine(ei, np.zeros((n, n))).batch_size for n in (90, 256, 257, 1000)]
    assert sizes == [8, 8, 16, 16]
    assert Engine(ei, np.zeros((90, 90)), dtype="float32").batch_size == 16


@pytest.mark.parametrize("method", ["rk4", "multirate"])
@pytest.mark.parametrize("kind", ["step", "input", "state"])
def test_a_point_that_blows_up_leaves_the_others_alone(ei, directed5, points_of, start_of, integrate, kind, method):
    dt = 0.4 if kind == "step" else 0.05  # 0.4 ms is too long for the bursts of some of the points
    currents, start = CURRENTS.copy(), start_of(ei, 8, 5)
    if kind == "input":
        currents[4] = 1e9
    if kind == "state":
        start[4, 2] = 1e200
    points = points_of(ei, 8, I_ext_e=currents, G=COUPLINGS)
    together = integrate(ei, directed5, points, start, dt, 40, 5, method=method)
    finite = np.isfinite(together[-1]).all(axis=(1, 2))
    assert 0 < finite.sum() < 8
    for k in np.flatnonzero(finite):
        alone = integrate(ei, directed5, points.take([k]), start[[k]], dt, 40, 5, method=method)
        np.testing.assert_array_equal(alone[:, 0], together[:, k])
