"""Functional connectivity of rates and of amplitude envelopes."""

import numpy as np
import pytest

from ngnmm_core.analysis.fc import FcOptions, FcReducer

SAMPLES = 30_000  # 6 s
T = np.arange(SAMPLES) * 0.2 / 1000.0
RNG = np.random.default_rng(0)


def slow_noise(*shape):
    """Noise below about 5 Hz, of deviation 1."""
    frequency = np.fft.rfftfreq(SAMPLES, 0.2e-3)
    spectrum = np.fft.rfft(RNG.standard_normal((SAMPLES, *shape)), axis=0)
    x = np.fft.irfft(spectrum * (frequency < 5.0).reshape(-1, *[1] * len(shape)), SAMPLES, axis=0)
    return x / x.std(axis=0)


def modulated(amplitude, carriers):
    """Gamma at other frequencies and phases in every region, so that raw signals don't correlate."""
    phases = RNG.uniform(0, 2 * np.pi, len(carriers))
    return amplitude * np.sin(2 * np.pi * T[:, None] * carriers + phases)


def fc(reduced, x, signals=("rate", "gamma_envelope"), sizes=(64,), **more):
    x = x[:, None] if x.ndim == 2 else x
    return reduced(FcReducer, FcOptions(signals=signals), x, sizes=sizes, **more)["fc"]


def test_fc_of_the_rate_is_the_correlation_of_samples_one_ms_apart(reduced):
    x = slow_noise(4) @ RNG.standard_normal((4, 4)) + 10.0
    result = fc(reduced, x, ("rate",))[0, 0]
    expected = np.corrcoef(x[::5].T)[np.triu_indices(4, 1)]
    np.testing.assert_allclose(result, expected, rtol=1e-10)
    np.testing.assert_allclose(result, np.corrcoef(x.T)[np.triu_indices(4, 1)], atol=1e-3)


def test_envelopes_show_what_raw_signals_hide(reduced):
    common, own = 2.0 + 0.5 * slow_noise(1), 2.0 + 0.5 * slow_noise(3)
    x = modulated(np.hstack([common, common, own]), np.array([48.0, 61.0, 55.0, 66.0, 71.0]))
    rate, envelope = fc(reduced, x)[0]
    pairs = list(zip(*np.triu_indices(5, 1), strict=True))
    assert np.abs(rate).max() < 0.05
    assert envelope[pairs.index((0, 1))] > 0.98
    seen = np.hstack([common, common, own])[950:-950]  # by the middle of the filter, which is 0.38 s long
    expected = np.corrcoef(seen.T)[np.triu_indices(5, 1)]
    np.testing.assert_allclose(envelope, expected, atol=0.03)


def test_edges_are_the_upper_triangle_row_by_row(reduced):
    base = slow_noise(3)
    x = np.hstack([base[:, :1], base[:, 1:2], base[:, 2:], base[:, 1:2]])  # regions 1 and 3 are the same
    result = fc(reduced, x, ("rate",))[0, 0]
    assert np.argmax(result) == [(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)].index((1, 3))
    assert result.max() == pytest.approx(1.0, abs=1e-12)


def test_a_region_at_rest_has_no_fc(reduced):
    rest = np.full((SAMPLES, 1), -1.5) + 5e-14 * RNG.standard_normal((SAMPLES, 1))
    moving = modulated(2.0 + 0.5 * slow_noise(2), np.array([48.0, 61.0]))
    result = fc(reduced, np.hstack([rest, moving, rest]))[0]
    defined = np.isfinite(result)
    assert defined.tolist() == 2 * [[False, False, False, True, False, False]]


def test_points_have_their_own_fc(reduced):
    x = np.stack([slow_noise(3) for _ in range(4)], axis=1)
    together = fc(reduced, x, ("rate",))
    for k in range(4):
        np.testing.assert_array_equal(together[k], fc(reduced, x[:, k], ("rate",))[0])


def test_blocks_matter_to_round_off_only(reduced):
    x = slow_noise(2, 3)
    whole, parts = (fc(reduced, x, sizes=sizes) for sizes in ((SAMPLES,), (640, 1280)))
    np.testing.assert_allclose(parts, whole, rtol=0, atol=1e-12)


@pytest.mark.parametrize(("samples", "sample_ms"), [(2561, 0.2), (12_800, 0.05)])
def test_blocks_of_64_samples_for_any_window(reduced, samples, sample_ms):
    """The last block may be shorter than the decimation, and the first ones shorter than the filter."""
    carriers = np.array([48.0, 61.0]) * sample_ms / 0.2
    x = modulated(2.0 + 0.5 * slow_noise(2), carriers)[:samples]
    result = fc(reduced, x, ("gamma_envelope",), sample_ms=sample_ms)
    assert np.isfinite(result).all()
