"""Spectra of known signals: frequencies between bins, powers of sines, and what is undefined."""

import numpy as np
import pytest
from scipy import signal as scipy_signal

from ngnmm_core.analysis.spectra import BANDS, SpectraOptions, SpectraReducer, band_power, coordinates, peak_frequency
from ngnmm_core.errors import InputError
from ngnmm_core.study.load import make_study

T = np.arange(30_000) * 0.2 / 1000.0  # s


def sines(*parts, shape=(1, 1)):
    """Sum of sines (hz, amplitude) for [sample, point, region]."""
    x = sum(a * np.sin(2 * np.pi * hz * T + hz) for hz, a in parts)
    return np.broadcast_to(x[:, None, None], (len(T), *shape)).copy()


def frequency_of(window):
    return coordinates(SpectraOptions(), window)["frequency"][0]


@pytest.mark.parametrize("hz", [7.0, 40.0, 40.25, 40.5, 40.77, 72.49, 150.1])
def test_a_sine_between_bins(reduced, hz):
    result = reduced(SpectraReducer, SpectraOptions(), sines((hz, 3.0)))
    assert result["peak_frequency"][0, 0] == pytest.approx(hz, abs=0.03)


@pytest.mark.parametrize(("hz", "band"), [(60.3, "gamma"), (20.0, "beta"), (10.4, "alpha"), (6.0, "theta")])
def test_power_of_a_sine_is_half_its_amplitude_squared(reduced, hz, band):
    options = SpectraOptions()
    result = reduced(SpectraReducer, options, sines((hz, 3.0)))
    power = dict(zip(options.bands, result["band_power"][0, 0], strict=True))
    assert power[band] == pytest.approx(4.5, rel=1e-3)
    assert sum(power.values()) == pytest.approx(4.5, rel=1e-3)
    assert (result["gamma_power"][0, 0] > 4.0) == (band == "gamma")
    np.testing.assert_array_equal(result["gamma_power"][..., None], result["band_power"][..., [4]])


def test_agrees_with_scipy_on_the_full_series(reduced):
    """Welch of the undecimated series, noise with a resonance, in the kept band."""
    rng = np.random.default_rng(0)
    x = scipy_signal.lfilter([1.0], [1.0, -1.98, 0.985], rng.standard_normal((len(T), 2, 2)), axis=0)
    result = reduced(SpectraReducer, SpectraOptions(segment_ms=500.0), x)
    frequency, density = scipy_signal.welch(x, 5000.0, nperseg=2500, axis=0)
    kept = frequency <= 200.0
    assert result["power_spectrum"].shape == (2, 2, kept.sum())
    ratio = result["power_spectrum"] / np.moveaxis(density[kept], 0, -1)
    # decimation takes other samples, so that estimates of single bins differ by less than their own scatter
    assert np.abs(10 * np.log10(ratio)).mean() < 0.2
    assert np.abs(10 * np.log10(ratio.mean(axis=-1))).max() < 0.1
    variance = result["power_spectrum"].sum(axis=-1) * frequency[1]
    np.testing.assert_allclose(variance, density[kept].sum(axis=0) * frequency[1], rtol=0.05)


def test_spectrum_of_the_mean_over_regions(reduced):
    """Opposite phases cancel in the mean and not in the regions."""
    x = sines((50.0, 2.0), shape=(1, 2)) * np.array([1.0, -1.0]) + sines((30.0, 1.0), shape=(1, 2))
    result = reduced(SpectraReducer, SpectraOptions(), x)
    frequency = np.arange(201.0)
    assert band_power(frequency, result["mean_power_spectrum"], 45.0, 55.0)[0] < 1e-12
    assert band_power(frequency, result["mean_power_spectrum"], 25.0, 35.0)[0] == pytest.approx(0.5, rel=1e-3)
    np.testing.assert_allclose(band_power(frequency, result["power_spectrum"], 45.0, 55.0), 2.0, rtol=1e-3)


def test_the_filter_is_divided_out(reduced):
    """White noise has a flat spectrum up to the highest frequency that is kept."""
    x = np.random.default_rng(0).standard_normal((len(T), 4, 20))
    result = reduced(SpectraReducer, SpectraOptions(segment_ms=100.0), x)
    mean = result["power_spectrum"].mean(axis=(0, 1))[2:]  # the lowest bins lose power with the segment's mean
    np.testing.assert_allclose(mean, 2.0 / 5000.0, rtol=0.05)


def test_frequencies_are_those_of_the_segment(window_of):
    window = window_of(1, 1, len(T))
    np.testing.assert_allclose(frequency_of(window), np.arange(0, 201.0), atol=1e-9)


def test_a_region_at_rest_has_no_peak(reduced):
    x = sines((50.0, 1.0), shape=(1, 3)) * [1.0, 1e-9, 0.0]
    peak = reduced(SpectraReducer, SpectraOptions(), x)["peak_frequency"][0]
    assert peak[0] == pytest.approx(50.0, abs=1e-3)
    assert np.isnan(peak[1:]).all()


def test_results_agree_to_the_last_bit_for_any_blocks(reduced):
    x = np.random.default_rng(0).standard_normal((12_000, 2, 2))
    whole = reduced(SpectraReducer, SpectraOptions(), x, sizes=(12_000,))
    for sizes in ((64,), (1, 500)):
        other = reduced(SpectraReducer, SpectraOptions(), x, sizes=sizes)
        for name in whole:
            np.testing.assert_array_equal(other[name], whole[name])


def test_peak_frequency_of_densities_with_known_maximum():
    frequency = np.arange(0.0, 101.0)
    density = np.exp(-0.5 * ((frequency - np.array([[40.3], [99.6], [100.0]])) / 2.0) ** 2)
    peaks = peak_frequency(frequency, density)
    assert peaks[0] == pytest.approx(40.3, abs=1e-9)  # a parabola in the logarithm: exact
    assert peaks[1] == pytest.approx(99.6, abs=0.5)
    assert peaks[2] == 100.0


def test_a_falling_spectrum_has_its_largest_density_at_the_lowest_bin():
    frequency = np.arange(0.0, 101.0)
    falling = np.stack([np.exp(-0.1 * frequency**2), 1.0 / (1.0 + frequency) ** 2])
    np.testing.assert_array_equal(peak_frequency(frequency, falling), 1.0)


def test_bands_hold_their_lower_edge_only():
    frequency, density = np.arange(0.0, 11.0), np.ones(11)
    assert band_power(frequency, density, 2.0, 5.0) == 3.0


@pytest.mark.parametrize("bands", [{"x": (5, 5)}, {"x": (-1, 5)}, {"x": (9, 5)}])
def test_impossible_bands_are_refused(bands):
    with pytest.raises((InputError, ValueError), match="is not a band"):
        SpectraOptions(bands=bands)


# ------------------------------------------------------------------ bands
def band_study(**spectra):
    return make_study("mini", {
        "connectome": {"path": "six.csv"}, "grid": {"G": [2]}, "analyses": {"spectra": spectra},
        "simulation": {"duration_ms": 3000, "transient_ms": 1000},
    })  # fmt: skip


def test_bands_beyond_the_frequencies_that_are_kept_have_their_whole_power(reduced):
    """A tone at 90 Hz: `max_hz: 50` cuts the spectrum, not the power of the gamma band."""
    t = np.arange(15000) * 0.0002
    signal = np.sin(2 * np.pi * 90.0 * t)[:, None, None] * np.ones((1, 1, 2))
    whole, cut = (
        reduced(SpectraReducer, SpectraOptions(segment_ms=1000.0, max_hz=high), signal) for high in (200.0, 50.0)
    )
    assert cut["gamma_power"][0, 0] == pytest.approx(0.5, rel=0.01)
    np.testing.assert_allclose(cut["gamma_power"], whole["gamma_power"], rtol=0.01)
    assert cut["power_spectrum"].shape[-1] == 51
    np.testing.assert_allclose(cut["peak_frequency"], 90.0, atol=0.1)


def test_bands_narrower_than_the_resolution_are_undefined_and_refused_where_they_are_asked_for(reduced):
    t = np.arange(15000) * 0.0002
    signal = np.sin(2 * np.pi * 2.0 * t)[:, None, None] * np.ones((1, 1, 2))
    found = reduced(SpectraReducer, SpectraOptions(segment_ms=200.0), signal)
    power = dict(zip(BANDS, found["band_power"][0, 0], strict=True))
    assert np.isnan(power["delta"])
    assert np.isnan(power["theta"])
    assert np.isfinite([power["alpha"], power["beta"], power["gamma"]]).all()
    with pytest.raises(InputError, match=r"bands.delta: \[1, 4\] Hz is narrower .* 5 Hz; allowed: .* at least 333.3"):
        band_study(segment_ms=200, bands={"delta": [1, 4]})
    band_study(segment_ms=334, bands={"delta": [1, 4]})


def test_a_band_above_half_the_sampling_rate_is_refused():
    with pytest.raises(InputError, match=r"bands.fast: 3000 Hz is above half the sampling rate; allowed: at most 2500"):
        band_study(bands={"fast": [150, 3000]})


@pytest.mark.parametrize(("hz", "expected"), [(40.0, 1), (140.0, 1), (170.0, 0), (12.0, 0)])
def test_points_whose_peak_lies_outside_the_gamma_band_are_marked(reduced, hz, expected):
    t = np.arange(15000) * 0.0002
    signal = np.sin(2 * np.pi * hz * t)[:, None, None] * np.ones((1, 1, 3))
    assert reduced(SpectraReducer, SpectraOptions(), signal)["gamma_peak"][0] == expected


def test_without_a_peak_there_is_no_mark(reduced):
    assert reduced(SpectraReducer, SpectraOptions(), np.zeros((15000, 1, 2)))["gamma_peak"][0] == -1


def test_a_band_holds_its_lower_edge_and_not_its_upper_one():
    """So that bands side by side hold every bin once."""
    frequency, density = np.arange(0.0, 3.0, 0.5), 10.0 ** np.arange(6)
    assert band_power(frequency, density, 0.5, 1.5) == 0.5 * (10 + 100)
    assert band_power(frequency, density, 1.5, 2.5) == 0.5 * (1000 + 10000)
