"""What is said of an attractor must hold for a simulation that starts on it."""

import numpy as np
import pytest

from ngnmm_core.dynamics.differentiation import linearise
from ngnmm_core.dynamics.poincare_returns import find_returns
from ngnmm_core.dynamics.regimes import LIMIT_CYCLE, MULTI_PERIOD, REST


def path_from(ei, attractor, points_of, integrate, values, duration, samples):
    """States [sample, state] of the homogeneous system, the start included."""
    steps = max(1, round(duration / samples / 0.005))
    start = attractor.state[None, None]
    path = integrate(ei, [[1.0]], points_of(ei, **values), start, duration / samples / steps, samples, steps)
    return np.concatenate([attractor.state[None], path[:, 0, 0]])


@pytest.mark.parametrize("values", [{"I_ext_e": 15.0, "G": 9.0}, {"I_ext_e": 3.0, "G": 5.0, "Delta": 0.8}])
def test_at_rest_nothing_moves(ei, attractor_at, points_of, integrate, values):
    attractor, parameters = attractor_at(ei, **values)
    assert attractor.regime == REST
    path = path_from(ei, attractor, points_of, integrate, values, 100.0, 10)
    np.testing.assert_allclose(path, np.broadcast_to(attractor.state, path.shape), atol=1e-12)
    arrays = {n: np.full(1, v) for n, v in parameters.items()}
    assert np.abs(linearise(ei, attractor.state[None], arrays, arrays["G"]).derivative).max() < 1e-13


@pytest.mark.parametrize(
    ("values", "regime"),
    [
        ({"I_ext_e": 13.0, "G": 5.0}, LIMIT_CYCLE),
        ({"I_ext_e": 12.0, "G": 2.0, "Delta": 0.8}, LIMIT_CYCLE),
        ({"I_ext_e": 9.5, "G": 12.0}, MULTI_PERIOD),
        ({"I_ext_e": 10.2, "G": 13.0}, MULTI_PERIOD),
    ],
)
def test_a_cycle_closes_after_its_period_and_not_before(ei, attractor_at, points_of, integrate, values, regime):
    attractor, _ = attractor_at(ei, **values)
    assert attractor.regime == regime
    path = path_from(ei, attractor, points_of, integrate, values, attractor.period, 60)
    extent = np.ptp(path, axis=0)
    assert np.max(np.abs(path[-1] - path[0]) / extent) < 1e-6
    earlier = np.max(np.abs(path[1:-1] - path[0]) / extent, axis=1)
    assert earlier[10:-10].min() > (0.01 if regime == MULTI_PERIOD else 0.1)


@pytest.mark.parametrize(
    ("values", "period"),
    [
        ({"I_ext_e": 4.5, "G": 18.5}, 39.0583256),
        ({"I_ext_e": 2.85, "G": 25.0}, 47.8622387),
        ({"I_ext_e": 5.6, "G": 26.3}, 42.2553504),
        ({"I_ext_e": 12.2, "G": 13.3, "Delta": 0.8}, 16.8633250),
    ],
)
def test_the_period_is_the_smallest(ei, attractor_at, points_of, integrate, values, period):
    attractor, _ = attractor_at(ei, **values)
    path = path_from(ei, attractor, points_of, integrate, values, period, 60)
    np.testing.assert_allclose(path[-1], path[0], atol=1e-5 * np.ptp(path, axis=0).max())  # so the cycle closes here
    assert attractor.period == pytest.approx(period, rel=1e-6)


def test_crossings_of_the_middle_are_found_between_samples():
    t = np.arange(0, 100, 0.1)
    signal = 3.0 + np.sin(2 * np.pi * (t - 4.123) / 20.0)
    samples = np.ascontiguousarray(signal[None, :, None, None])  # one group, one state, one lane
    crossings = find_returns(samples, 1, 0, 1).crossings(0) * 0.1
    np.testing.assert_allclose(crossings, 4.123 + 20.0 * np.arange(5), atol=2e-3)


def test_what_blows_up_has_no_attractor(ei, attractor_at):
    attractor, _ = attractor_at(ei, I_ext_e=1e12)
    assert attractor is None


def test_the_population_model_has_attractors_too(population, attractor_at):
    """The classic bistable point from the nominal state: the low one (see tests/models)."""
    attractor, _ = attractor_at(population)
    assert attractor.regime == REST
    r, v, s = attractor.state
    assert 1000 * r < 10.0
    assert r == pytest.approx(s, rel=1e-12)
    assert v == pytest.approx(-1.0 / (2 * np.pi * 10.0 * r), rel=1e-12)
