"""Streaming power spectral density against scipy."""

import numpy as np
import pytest
from scipy import signal as scipy_signal

from ngnmm_core.streaming.welch import Welch


def noise(samples, points=3, regions=2):
    return np.random.default_rng(0).standard_normal((samples, points, regions)).cumsum(axis=0)


@pytest.mark.parametrize("segment", [200, 201, 64])
@pytest.mark.parametrize("samples", [1000, 1111])
def test_agrees_with_scipy(in_blocks, lanes_of, segment, samples):
    x, welch = noise(samples), Welch(segment, 1.0, 1e9)
    for block in in_blocks(lanes_of(x)):
        welch.consume(block)
    options = {"fs": 1000.0, "window": "hann", "nperseg": segment, "noverlap": segment // 2, "detrend": "constant"}
    frequency, density = scipy_signal.welch(x, axis=0, **options)
    np.testing.assert_allclose(welch.frequency, frequency, rtol=1e-15)
    scale = density.max(axis=0)
    np.testing.assert_allclose(welch.density(3) / scale.T[..., None].swapaxes(0, 1).reshape(3, 2, 1),
                               np.moveaxis(density / scale, 0, -1), rtol=1e-10, atol=1e-15)  # fmt: skip


def test_highest_frequency_is_kept(lanes_of):
    whole, part = Welch(500, 0.2, 1e9), Welch(500, 0.2, 200.0)
    x = lanes_of(noise(2000))
    whole.consume(x)
    part.consume(x)
    assert part.frequency[-1] == 200.0
    np.testing.assert_array_equal(part.density(3), whole.density(3)[..., : len(part.frequency)])


def test_bits_do_not_depend_on_the_blocks(in_blocks, lanes_of):
    x = lanes_of(noise(3000))
    results = []
    for sizes in ((3000,), (1,), (64,), (199, 1, 500)):
        welch = Welch(400, 0.2, 2000.0)
        for block in in_blocks(x, sizes):
            welch.consume(block)
        results.append(welch.density(3))
    for other in results[1:]:
        np.testing.assert_array_equal(other, results[0])


def test_bits_do_not_depend_on_the_neighbours(lanes_of):
    x = noise(3000)
    together, alone = Welch(400, 0.2, 2000.0), Welch(400, 0.2, 2000.0)
    together.consume(lanes_of(x))
    alone.consume(lanes_of(x[:, 2:]))
    np.testing.assert_array_equal(together.density(3)[2], alone.density(1)[0])


def test_the_integral_of_the_density_is_the_variance(lanes_of):
    x = np.random.default_rng(1).standard_normal((40000, 1, 1))
    welch = Welch(1000, 0.5, 1e9)
    welch.consume(lanes_of(x))
    assert welch.density(1).sum() * welch.frequency[1] == pytest.approx(x.var(), rel=0.01)
