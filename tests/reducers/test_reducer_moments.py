"""Running means, deviations and covariances against numpy on the whole series."""

import numpy as np
import pytest

from ngnmm_core.streaming.covariance import Covariance
from ngnmm_core.streaming.moments import Moments
from ngnmm_core.streaming.region_mean import RegionMean


@pytest.mark.parametrize("samples", [1000, 1001, 2])
@pytest.mark.parametrize("offset", [0.0, 1e6])
def test_moments_over_the_window_and_its_halves(in_blocks, samples, offset):
    x = offset + np.random.default_rng(0).standard_normal((samples, 2, 3)) * [1e-3, 1.0, 5.0]
    moments = Moments(samples)
    for block in in_blocks(x):
        moments.consume(block)
    half, rtol = samples // 2, 1e-12 if offset == 0 else 1e-6
    np.testing.assert_allclose(moments.mean, x.mean(axis=0), rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(moments.std, x.std(axis=0), rtol=rtol)
    for k, part in enumerate((x[:half], x[half:])):
        np.testing.assert_allclose(moments.half_stds[k], part.std(axis=0), rtol=rtol, atol=1e-9 * (1 + offset))


def test_a_constant_has_no_deviation_to_speak_of(in_blocks):
    moments = Moments(500)
    for block in in_blocks(np.full((500, 4), -65.4321)):
        moments.consume(block)
    assert moments.std.max() < 1e-13


def test_moments_agree_to_round_off_for_any_blocks(in_blocks):
    x = 3.0 + np.random.default_rng(0).standard_normal((1000, 5))
    results = []
    for sizes in ((1000,), (1,), (64,), (5, 200)):
        moments = Moments(1000)
        for block in in_blocks(x, sizes):
            moments.consume(block)
        results.append((moments.mean, moments.std))
    for other in results[1:]:
        np.testing.assert_allclose(other, results[0], rtol=1e-13)


def test_covariance_gives_the_correlation_of_numpy(in_blocks, lanes_of):
    rng = np.random.default_rng(0)
    mixed = rng.standard_normal((1500, 3, 4)) @ rng.standard_normal((4, 4)) * [1e-4, 1.0, 30.0, 2.0] + [0, 5, -70, 1]
    covariance = Covariance()
    for block in in_blocks(lanes_of(mixed)):
        covariance.consume(block)
    expected = np.stack([np.corrcoef(mixed[:, k].T) for k in range(3)])
    np.testing.assert_allclose(covariance.correlation(3), expected, rtol=0, atol=1e-12)


def test_covariance_of_a_constant_is_nan_and_no_warning(lanes_of):
    x = np.random.default_rng(0).standard_normal((100, 1, 3))
    x[:, 0, 1] = 7.0
    covariance = Covariance()
    covariance.consume(lanes_of(x))
    (correlation,) = covariance.correlation(1)
    assert np.isnan(correlation[1]).all()
    assert np.isfinite(correlation[0, 2])


def test_covariance_bits_do_not_depend_on_the_neighbours(lanes_of):
    x = np.random.default_rng(0).standard_normal((640, 8, 5))
    together = Covariance()
    for start in range(0, 640, 64):
        together.consume(lanes_of(x[start : start + 64]))
    for k in range(8):
        alone = Covariance()
        for start in range(0, 640, 64):
            alone.consume(lanes_of(x[start : start + 64, k : k + 1]))
        np.testing.assert_array_equal(alone.correlation(1)[0], together.correlation(8)[k])


def test_covariance_is_given_empty_blocks_by_filters(lanes_of):
    x = lanes_of(np.random.default_rng(0).standard_normal((100, 1, 3)))
    covariance = Covariance()
    for part in (x[:0], x[:60], x[60:60], x[60:]):
        covariance.consume(part)
    assert covariance.count == 100
    assert covariance.correlation(1).shape == (1, 3, 3)


def test_region_mean_of_intact_networks(lanes_of):
    x = np.random.default_rng(0).standard_normal((20, 8, 5))
    mean = RegionMean(None)
    result = mean(lanes_of(x))
    assert result.shape == (20, 2, 1, 4)
    np.testing.assert_allclose(result[:, :, 0].reshape(20, 8), x.mean(axis=2), rtol=1e-13, atol=1e-15)
    np.testing.assert_allclose(mean.of_points(x[0]), x[0].mean(axis=1))


def test_region_mean_leaves_out_what_is_lesioned(lanes_of):
    x = np.random.default_rng(0).standard_normal((20, 6, 5))  # six points in eight lanes
    included = np.ones((6, 5))
    included[1, 0] = included[4, 3] = 0
    mean = RegionMean(included)
    result = mean(lanes_of(x))[:, :, 0].reshape(20, 8)[:, :6]
    expected = np.average(x, axis=2, weights=np.broadcast_to(included, x.shape))
    np.testing.assert_allclose(result, expected, rtol=1e-13, atol=1e-15)
    np.testing.assert_allclose(mean.of_points(x[0]), expected[0])
