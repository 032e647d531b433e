"""The amplitude envelope of a band, against signals whose envelope is known and against the Hilbert transform."""

import numpy as np
import pytest
from scipy import signal as scipy_signal

from ngnmm_core.streaming.envelope import Envelope

SAMPLE_MS = 1.0
T = np.arange(8000) * SAMPLE_MS / 1000.0


def envelope_of(x, low=30.0, high=100.0, sizes=(8000,)):
    envelope, start, parts = Envelope(SAMPLE_MS, low, high), 0, []
    for k in range(len(x)):
        size = sizes[k % len(sizes)]
        if start < len(x):
            parts.append(envelope.push(x[start : start + size]))
        start += size
    return np.concatenate(parts)


def compared(reference, result, start=300, most=60):
    """Both from `start` on, the reference at the delay of the filter: the one at which it fits best."""
    ours = result[start - len(reference) :]
    candidates = [reference[start - d : len(reference) - d] for d in range(most)]
    return ours, min(candidates, key=lambda c: np.square(c - ours).sum())


@pytest.mark.parametrize("carrier", [45.0, 60.0, 85.0])
def test_an_amplitude_modulated_sine(carrier):
    true = 1.5 + np.cos(2 * np.pi * 3.0 * T)
    result = envelope_of((true * np.sin(2 * np.pi * carrier * T + 0.3))[:, None])[:, 0]
    ours, expected = compared(true, result)
    np.testing.assert_allclose(ours, expected, atol=0.06)
    assert np.corrcoef(ours, expected)[0, 1] > 0.9995


def test_a_steady_sine_has_its_amplitude_and_other_bands_none():
    def mean_of(hz, low=30.0, high=100.0):
        return envelope_of(2.5 * np.sin(2 * np.pi * hz * T)[:, None], low, high).mean()

    assert mean_of(65.0) == pytest.approx(2.5, rel=0.002)
    assert mean_of(10.0, 8.0, 13.0) == pytest.approx(2.5, rel=0.002)
    assert mean_of(65.0, 8.0, 13.0) < 0.001
    assert mean_of(5.0) < 0.13 * 2.5  # 25 Hz below the band: 18 dB down
    assert mean_of(200.0) < 0.01 * 2.5
    assert mean_of(100.0) == pytest.approx(2.5 / np.sqrt(2), rel=0.03)  # 3 dB at the edge


def test_agrees_with_the_hilbert_transform_of_the_band():
    """For noise in the middle of the band, where the edges of the two filters don't matter."""
    sections = scipy_signal.butter(4, (45.0, 85.0), "bandpass", fs=1000.0, output="sos")
    band = scipy_signal.sosfiltfilt(sections, np.random.default_rng(0).standard_normal(len(T)))
    ours, hilbert = compared(np.abs(scipy_signal.hilbert(band)), envelope_of(band[:, None])[:, 0])
    assert np.corrcoef(ours, hilbert)[0, 1] > 0.99
    assert ours.mean() == pytest.approx(hilbert.mean(), rel=0.02)


def test_bits_do_not_depend_on_the_blocks():
    x = np.random.default_rng(1).standard_normal((8000, 3))
    whole = envelope_of(x)
    for sizes in ((1, 7, 64), (500, 3)):
        np.testing.assert_array_equal(envelope_of(x, sizes=sizes), whole)


def test_channels_keep_their_places():
    x = np.sin(2 * np.pi * 65.0 * T)[:, None, None] * np.array([[1.0, 2.0], [3.0, 4.0]])
    np.testing.assert_allclose(envelope_of(x)[100:].mean(axis=0), [[1.0, 2.0], [3.0, 4.0]], rtol=0.002)


def test_the_start_is_left_out_until_the_filter_has_settled():
    result = envelope_of(2.5 * np.sin(2 * np.pi * 65.0 * T)[:, None])
    np.testing.assert_allclose(result, 2.5, rtol=0.02)


def test_filters_before_it_give_empty_blocks():
    envelope = Envelope(SAMPLE_MS, 30.0, 100.0)
    assert envelope.push(np.zeros((0, 3))).shape == (0, 3)
    assert len(envelope.push(np.ones((envelope.settling + 50, 3)))) == 50
