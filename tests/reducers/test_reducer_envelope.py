"""The amplitude envelope of a band, against signals whose envelope is known and against the Hilbert transform."""

import numpy as np
import pytest
from scipy import signal as scipy_signal

from ngnmm_core.streaming.envelope import Envelope
from ngnmm_core.streaming.orthogonalised import OrthogonalisedCovariance

SAMPLE_MS = 1.0
T = np.arange(12000) * SAMPLE_MS / 1000.0
BAND = (30.0, 100.0)


def envelope_of(x, low=BAND[0], high=BAND[1], sizes=(12000,)):
    envelope, start, parts = Envelope(SAMPLE_MS, low, high), 0, []
    for k in range(len(x)):
        size = sizes[k % len(sizes)]
        if start < len(x):
            parts.append(envelope.push(x[start : start + size]))
        start += size
    return np.concatenate(parts)


def at_its_times(reference, result, band=BAND):
    """A signal at the times of the envelope's values: the middle of what the filter sees, and every n-th after it."""
    envelope = Envelope(SAMPLE_MS, *band)
    step = round(envelope.sample_ms / SAMPLE_MS)
    first = round((envelope.settling_ms / SAMPLE_MS - 1) / 2)
    return reference[first::step][: len(result)]


@pytest.mark.parametrize("carrier", [45.0, 60.0, 85.0])
def test_an_amplitude_modulated_sine(carrier):
    true = 1.5 + np.cos(2 * np.pi * 3.0 * T)
    result = envelope_of((true * np.sin(2 * np.pi * carrier * T + 0.3))[:, None])[:, 0]
    np.testing.assert_allclose(result, at_its_times(true, result), atol=2e-3)


@pytest.mark.parametrize(("low", "high"), [(30.0, 150.0), (8.0, 13.0), (60.0, 200.0), (13.0, 30.0)])
def test_the_band_passes_and_60_db_beyond_it_do_not(low, high):
    """Without an offset, or beside one that is a thousand times larger than what leaks."""

    def amplitude(hz, offset=0.0):
        return envelope_of(offset + np.sin(2 * np.pi * hz * T)[:, None], low, high).max()

    for hz, gain in ((low, 0.5), (1.2 * low, 1.0), (0.5 * (low + high), 1.0), (high, 0.5)):
        assert amplitude(hz) == pytest.approx(gain, abs=0.005)
    for hz in (0.1 * low, 0.5 * low, 0.8 * low, 1.2 * high, 1.5 * high):
        assert amplitude(hz) < 1e-3
    assert amplitude(0.5 * (low + high), offset=300.0) == pytest.approx(1.0, abs=0.005)
    assert amplitude(0.05 * low, offset=300.0) < 1e-3


def test_agrees_with_the_hilbert_transform_of_the_filtered_signal():
    """A random walk about 50: its spectrum falls steeply, and most of it lies below the band."""
    x = np.random.default_rng(0).standard_normal(len(T)).cumsum() * 0.1 + 50.0
    taps = scipy_signal.firwin(401, BAND, fs=1000.0, pass_zero=False, window=("kaiser", 7.0))
    band = scipy_signal.convolve(x - x.mean(), taps, mode="same")
    result = envelope_of(x[:, None])[:, 0]
    hilbert = at_its_times(np.abs(scipy_signal.hilbert(band)), result)
    inner = slice(300, -300)
    assert np.corrcoef(result[inner], hilbert[inner])[0, 1] > 0.99
    assert result[inner].mean() == pytest.approx(hilbert[inner].mean(), rel=0.02)


def test_the_depth_of_filtered_noise_is_that_of_a_rayleigh_distribution():
    x = 100.0 + np.random.default_rng(3).standard_normal((len(T), 40))
    amplitude = envelope_of(x)
    assert (amplitude.std(axis=0) / amplitude.mean(axis=0)).mean() == pytest.approx(np.sqrt(4 / np.pi - 1), abs=0.01)


def test_bits_do_not_depend_on_the_blocks():
    x = np.random.default_rng(1).standard_normal((4000, 3))
    whole = envelope_of(x)
    for sizes in ((1, 7, 64), (500, 3)):
        np.testing.assert_array_equal(envelope_of(x, sizes=sizes), whole)


def test_channels_keep_their_places():
    x = np.sin(2 * np.pi * 65.0 * T)[:, None, None] * np.array([[1.0, 2.0], [3.0, 4.0]])
    np.testing.assert_allclose(envelope_of(x).mean(axis=0), [[1.0, 2.0], [3.0, 4.0]], rtol=0.002)


def test_filters_before_it_give_empty_blocks():
    envelope = Envelope(SAMPLE_MS, *BAND)
    assert envelope.push(np.zeros((0, 3))).shape == (0, 3)
    needed = round(envelope.settling_ms / SAMPLE_MS)
    assert len(envelope.push(np.ones((needed - 1, 3)))) == 0
    assert len(envelope.push(np.ones((1, 3)))) == 1


# ------------------------------------------------------------------ orthogonalised envelopes
def orthogonalised(analytic):
    """By the formulae of Hipp et al. (2012), pair by pair, of analytic signals [region, sample]."""
    regions = len(analytic)
    found = np.full((regions, regions), np.nan)
    for i in range(regions):
        for j in range(regions):
            if i != j:
                part = np.abs((analytic[j] * np.conj(analytic[i]) / np.abs(analytic[i])).imag)
                found[i, j] = np.corrcoef(np.abs(analytic[i]), part)[0, 1]
    return 0.5 * (found + found.T)


def sums_of(analytic, sizes=(100, 1, 250)):
    """The streamed correlation of analytic signals [point, region, sample], two lanes."""
    covariance, start, k = OrthogonalisedCovariance(), 0, 0
    lanes = analytic.transpose(2, 1, 0)[:, None]  # [sample, group, region, lane]
    while start < len(lanes):
        part = lanes[start : start + sizes[k % len(sizes)]]
        covariance.consume((part.real.copy(), part.imag.copy()))
        start, k = start + len(part), k + 1
    return covariance.correlation(len(analytic))


def test_orthogonalised_envelopes_follow_the_published_formulae():
    rng = np.random.default_rng(5)
    analytic = rng.standard_normal((2, 4, 2000)) + 1j * rng.standard_normal((2, 4, 2000))
    analytic[:, 1] += 0.5 * analytic[:, 0]
    found = sums_of(analytic)
    for point in range(2):
        expected = orthogonalised(analytic[point])
        away = ~np.eye(4, dtype=bool)
        np.testing.assert_allclose(found[point][away], expected[away], rtol=0, atol=1e-10)


def test_what_is_shared_at_the_same_moment_is_left_out():
    """Independent sources seen by both sensors: plain envelopes correlate, orthogonalised ones do not."""
    rng = np.random.default_rng(6)
    sources = rng.standard_normal((2, 20000)) + 1j * rng.standard_normal((2, 20000))
    mixed = np.array([[1.0, 0.4], [0.4, 1.0]]) @ sources
    assert np.corrcoef(np.abs(mixed))[0, 1] > 0.25
    assert abs(sums_of(mixed[None])[0, 0, 1]) < 0.03


def test_a_common_modulation_of_different_phases_is_kept():
    rng = np.random.default_rng(7)
    slow = np.exp(0.8 * np.convolve(rng.standard_normal(20400), np.ones(400) / 20.0, "valid")[:20000])
    sources = (rng.standard_normal((2, 20000)) + 1j * rng.standard_normal((2, 20000))) * slow
    assert sums_of(sources[None])[0, 0, 1] > 0.3
