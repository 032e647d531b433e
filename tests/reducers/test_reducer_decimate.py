"""The low-pass filter before decimation, against a direct convolution and its own specification."""

import numpy as np
import pytest
from scipy import signal as scipy_signal

from ngnmm_core.streaming.decimate import OVERSAMPLING, Decimator, decimation_factor, filter_length, low_pass
from ngnmm_core.streaming.history import History


def test_agrees_with_direct_convolution(in_blocks):
    x = np.random.default_rng(0).standard_normal((3000, 2, 3))
    decimator = Decimator(0.2, 200.0, 5)
    taps = scipy_signal.firwin(len(decimator.taps), 500.0, window=("kaiser", scipy_signal.kaiser_beta(100)), fs=5000.0)
    np.testing.assert_allclose(decimator.taps, taps, rtol=1e-12)
    result = np.concatenate([decimator.push(block) for block in in_blocks(x)])
    expected = scipy_signal.convolve(x, taps[:, None, None], mode="valid")[::5]
    assert len(result) == len(expected) == Decimator(0.2, 200.0, 5).outputs(3000)
    np.testing.assert_allclose(result, expected, rtol=0, atol=1e-14)
    filtered = scipy_signal.upfirdn(taps, x, down=1, axis=0)[len(taps) - 1 : 3000 : 5]
    np.testing.assert_allclose(result, filtered, rtol=0, atol=1e-14)


def test_bits_do_not_depend_on_the_blocks(in_blocks):
    x = np.random.default_rng(0).standard_normal((2000, 4))
    results = []
    for sizes in ((2000,), (1,), (64,), (333, 5)):
        decimator = Decimator(0.2, 200.0, 5)
        results.append(np.concatenate([decimator.push(block) for block in in_blocks(x, sizes)]))
    for other in results[1:]:
        np.testing.assert_array_equal(other, results[0])


@pytest.mark.parametrize("regions", [3, 8, 20])
def test_filters_that_share_their_samples_give_the_bits_of_each_alone(in_blocks, regions):
    x = np.random.default_rng(0).standard_normal((3000, 2, regions))
    makers = (lambda: Decimator(0.2, 200.0, 5), lambda: Decimator(0.2, 50.0, 20))
    alone = [np.concatenate([one.push(x[:1500]), one.push(x[1500:])]) for one in (make() for make in makers)]
    history, together, parts = History(), [make() for make in makers], []
    seen = []
    for block in in_blocks(x):
        seen.append(history.append(block))
        parts.append([one.read(history, block.shape[1:]) for one in together])
    for found, expected in zip(zip(*parts, strict=True), alone, strict=True):
        np.testing.assert_array_equal(np.concatenate(found), expected)
    np.testing.assert_array_equal(np.concatenate(seen), x)  # who keeps a block sees it as it was
    with pytest.raises(ValueError, match="no longer there"):
        history.since(0)


@pytest.mark.parametrize(("sample_ms", "max_hz", "factor"), [(0.2, 200.0, 5), (0.2, 100.0, 10), (0.02, 200.0, 50)])
def test_what_would_fold_into_the_band_is_a_hundred_decibels_down(sample_ms, max_hz, factor):
    decimator, rate = Decimator(sample_ms, max_hz, factor), 1000.0 / sample_ms
    new_rate = rate / factor
    folded = np.linspace(new_rate - max_hz, rate / 2, 5000)
    assert 20 * np.log10(decimator.response(folded).max()) < -98.5
    kept = decimator.response(np.linspace(0, max_hz, 1000))
    assert np.abs(20 * np.log10(kept)).max() < 0.01
    assert decimator.response(np.zeros(1))[0] == pytest.approx(1.0, abs=1e-12)


def test_the_response_is_what_happens_to_a_sine():
    t = np.arange(20000) * 0.2
    for hz in (30.0, 190.0, 420.0, 480.0):
        decimator = Decimator(0.2, 200.0, 5)
        y = decimator.push(np.cos(2 * np.pi * hz * t / 1000)[:, None])[:, 0]
        times = np.arange(len(y)) + (len(decimator.taps) - 1) / 10.0  # in new samples; the delay of the filter
        amplitude = 2 * np.abs(np.mean(y * np.exp(-2j * np.pi * hz * times / 1000)))
        assert amplitude == pytest.approx(decimator.response(np.array([hz]))[0], abs=2e-3)


def test_the_response_agrees_with_scipy():
    decimator = Decimator(0.2, 200.0, 5)
    _, expected = scipy_signal.freqz(decimator.taps, worN=[10.0, 333.3, 499.0], fs=5000.0)
    np.testing.assert_allclose(decimator.response(np.array([10.0, 333.3, 499.0])), np.abs(expected), rtol=1e-9)


def test_factor_one_changes_nothing():
    x = np.random.default_rng(0).standard_normal((10, 3))
    decimator = Decimator(1.0, 200.0, 1)
    np.testing.assert_array_equal(decimator.push(x), x)
    np.testing.assert_array_equal(decimator.response(np.array([0.0, 100.0])), [1.0, 1.0])
    assert decimator.outputs(10) == 10
    assert filter_length(1.0, 200.0, 1) == 1


@pytest.mark.parametrize(
    ("sample_ms", "max_hz", "divides", "factor"),
    [(0.2, 200.0, 5000, 5), (0.2, 200.0, 5004, 4), (0.2, 200.0, 4999, 1), (0.02, 200.0, 50000, 50), (1.0, 200.0, 9, 1)],
)
def test_the_factor_divides_the_segment_and_leaves_the_band_oversampled(sample_ms, max_hz, divides, factor):
    assert decimation_factor(sample_ms, max_hz, divides) == factor
    assert divides % factor == 0
    assert factor == 1 or 1000.0 / sample_ms / factor >= OVERSAMPLING * max_hz
    assert len(low_pass(sample_ms, max_hz, factor)) % 2 == 1
