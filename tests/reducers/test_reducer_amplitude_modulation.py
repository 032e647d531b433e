"""Amplitude modulation of known signals."""

import numpy as np
import pytest

from ngnmm_core.analysis.amplitude_modulation import (
    AmplitudeModulationOptions,
    AmplitudeModulationReducer,
    check,
    coordinates,
)
from ngnmm_core.errors import InputError
from ngnmm_core.study.load import make_study

T = np.arange(60_000) * 0.2 / 1000.0  # s


def carrier(depth, hz=4.0, points=1, regions=2):
    """A carrier at 65 Hz, the middle of the band, whose amplitude of 2 is modulated with the given depth."""
    signal = 2.0 * (1.0 + depth * np.cos(2 * np.pi * hz * T)) * np.cos(2 * np.pi * 65.0 * T)
    return np.broadcast_to(signal[:, None, None], (len(T), points, regions)).copy()


@pytest.mark.parametrize("depth", [0.0, 0.1, 0.8])
def test_the_depth_of_a_modulated_carrier(reduced, depth):
    result = reduced(AmplitudeModulationReducer, AmplitudeModulationOptions(), carrier(depth))
    np.testing.assert_allclose(result["modulation_depth"], depth / np.sqrt(2.0), rtol=0.01, atol=2e-3)
    np.testing.assert_allclose(result["mean_modulation_depth"], depth / np.sqrt(2.0), rtol=0.01, atol=2e-3)


def test_the_spectrum_of_the_envelope_peaks_at_the_modulation(reduced, window_of):
    result = reduced(AmplitudeModulationReducer, AmplitudeModulationOptions(), carrier(0.5, 4.0))
    frequency = coordinates(AmplitudeModulationOptions(), window_of(1, 2, len(T)))["modulation_frequency"][0]
    spectrum = result["mean_envelope_spectrum"][0]
    assert len(frequency) == len(spectrum)
    assert frequency[np.argmax(spectrum)] == pytest.approx(4.0)
    # a cosine of amplitude 2 * 0.5 has half its square as power
    assert np.sum(spectrum) * (frequency[1] - frequency[0]) == pytest.approx(0.5, rel=0.02)
    assert frequency[-1] <= 30.0


def test_noise_in_the_band_has_the_depth_of_a_rayleigh_distribution(reduced):
    noise = np.random.default_rng(1).standard_normal((len(T), 1, 3))
    result = reduced(AmplitudeModulationReducer, AmplitudeModulationOptions(), noise)
    np.testing.assert_allclose(result["modulation_depth"], np.sqrt(4.0 / np.pi - 1.0), atol=0.05)


def test_regions_out_of_phase_cancel_in_the_mean_field(reduced):
    signal = carrier(0.5)
    signal[:, :, 1] *= -1.0
    result = reduced(AmplitudeModulationReducer, AmplitudeModulationOptions(), signal)
    assert np.isfinite(result["modulation_depth"]).all()
    assert np.isnan(result["mean_modulation_depth"]).all()


def test_what_rests_is_not_modulated(reduced):
    result = reduced(AmplitudeModulationReducer, AmplitudeModulationOptions(), np.full((len(T), 1, 2), -0.7))
    assert np.isnan(result["modulation_depth"]).all()
    assert np.isnan(result["mean_modulation_depth"]).all()


@pytest.mark.parametrize(
    ("options", "key"),
    [
        ({"band_hz": [100.0, 30.0]}, "band_hz"),
        ({"max_hz": 70.0}, "max_hz"),
        ({"segment_ms": 6000.0}, "segment_ms"),
    ],
)
def test_what_is_refused(options, key):
    study = make_study("s", {"connectome": {"name": "x"}, "simulation": {"duration_ms": 6000, "transient_ms": 1000}})
    with pytest.raises(InputError, match=f"analyses.amplitude_modulation.{key}"):
        check(AmplitudeModulationOptions(**options), study)
