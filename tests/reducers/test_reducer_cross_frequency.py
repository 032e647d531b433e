"""Cross-frequency coupling: closed forms, coupled and uncoupled signals, and what is refused."""

import numpy as np
import pytest
from scipy.signal import welch

from ngnmm_core.analysis.cross_frequency import (
    PHASE_BANDS,
    CrossFrequencyOptions,
    CrossFrequencyReducer,
    CrossFrequencyStatus,
    _factor,
)
from ngnmm_core.analysis.phase_amplitude_coupling import (
    indices,
    modulation,
    needed_ms,
    phase_amplitude,
    phase_bins,
    shifts_for,
)
from ngnmm_core.analysis.rhythm import rhythm, slow_wave
from ngnmm_core.errors import InputError
from ngnmm_core.study.load import load_studies

RATE_HZ, SETTINGS = 500.0, (4.0, 18, 99)
GAMMA = (30.0, 100.0)


def narrow_noise(rng, count, samples, centre_hz, width_hz):
    """Oscillations at `centre_hz` whose phase wanders: their time shifts are unrelated."""
    steps = 2 * np.pi * (centre_hz + width_hz * rng.standard_normal((count, samples)) * np.sqrt(RATE_HZ)) / RATE_HZ
    return np.cumsum(np.where(np.abs(steps) < np.pi, steps, 2 * np.pi * centre_hz / RATE_HZ), axis=1)


def coupled(rng, depth, channels=6, seconds=20.0, slow_hz=6.0):
    """A slow oscillation and gamma whose amplitude is 1 + depth cos(slow phase)."""
    samples = int(seconds * RATE_HZ)
    slow = narrow_noise(rng, channels, samples, slow_hz, 0.3)
    fast = narrow_noise(rng, channels, samples, 60.0, 0.5)
    noise = 0.05 * rng.standard_normal((channels, samples))
    return np.cos(slow) + 0.5 * (1 + depth * np.cos(slow)) * np.cos(fast) + noise


@pytest.mark.parametrize("depth", [0.0, 0.3, 0.9])
def test_index_against_its_closed_form(depth):
    """Uniform phases and amplitude 1 + d cos(phase): the mean over a bin is 1 + d (sin b - sin a) / (b - a)."""
    phase = np.linspace(-np.pi, np.pi, 180_000, endpoint=False) + np.pi / 180_000
    edges = np.linspace(-np.pi, np.pi, 19)
    mean = 1 + depth * np.diff(np.sin(edges)) / np.diff(edges)
    share = mean / mean.sum()
    expected = (np.log(18) + np.sum(share * np.log(share))) / np.log(18)
    bins = phase_bins(np.exp(1j * phase)[None], 18)
    found = indices(bins, 1 + depth * np.cos(phase)[None], np.array([0]), 18)
    assert found[0, 0] == pytest.approx(expected, abs=1e-8)


def test_all_amplitude_in_one_bin_gives_one():
    phase = np.linspace(-np.pi, np.pi, 3600, endpoint=False)
    bins = phase_bins(np.exp(1j * phase)[None], 18)
    assert indices(bins, (bins == 4).astype(float), np.array([0]), 18)[0, 0] == pytest.approx(1.0)


def test_shift_is_a_circular_shift_of_the_amplitude():
    rng = np.random.default_rng(1)
    bins, amplitude = rng.integers(0, 18, (2, 400)), rng.exponential(1.0, (2, 400))
    for shift in (0, 7, 399):
        plain = indices(bins, np.roll(amplitude, shift, axis=1), np.array([0]), 18)
        np.testing.assert_allclose(indices(bins, amplitude, np.array([shift]), 18), plain, rtol=1e-12)


def test_shifts_keep_their_distance():
    shifts = shifts_for(1000, 125, 500)
    assert shifts.min() >= 125
    assert shifts.max() <= 875
    np.testing.assert_array_equal(shifts, shifts_for(1000, 125, 500))


def test_coupled_signals_are_found_and_grow_with_depth():
    weak, strong = (
        phase_amplitude(coupled(np.random.default_rng(3), depth), (4.0, 8.0), GAMMA, RATE_HZ, SETTINGS)
        for depth in (0.3, 0.8)
    )
    assert (strong.pvalue == 1 / 100).all()
    assert (weak.pvalue <= 0.05).all()
    assert (strong.index > 2 * weak.index).all()
    assert (strong.zscore > weak.zscore).all()


def test_the_band_that_carries_the_coupling_is_told():
    series = coupled(np.random.default_rng(4), 0.8, slow_hz=10.0)
    found = {name: phase_amplitude(series, band, GAMMA, RATE_HZ, SETTINGS) for name, band in PHASE_BANDS.items()}
    assert (found["alpha"].pvalue <= 0.05).all()
    assert (found["alpha"].index > 3 * found["theta"].index).all()
    assert (found["alpha"].index > 3 * found["beta"].index).all()


def test_false_alarms_in_families_of_uncoupled_signals():
    """The smallest p-value of a family is below 0.1 in a tenth of families: 40 of them, so 0 to 9 (p < 0.01)."""
    alarms = 0
    for seed in range(40):
        series = coupled(np.random.default_rng(100 + seed), 0.0, channels=3, seconds=8.0)
        alarms += phase_amplitude(series, (4.0, 8.0), GAMMA, RATE_HZ, SETTINGS).pvalue.min() <= 0.1
    assert alarms <= 9


def test_a_periodic_signal_is_not_called_coupled():
    """Shifts by its period change nothing, so surrogates can't tell: the index is there, significance is not."""
    time = np.arange(10_000) / RATE_HZ
    slow = 2 * np.pi * 5.0 * time
    found = phase_amplitude(
        (np.cos(slow) + (1 + 0.5 * np.cos(slow)) * np.cos(8 * slow))[None], (4.0, 8.0), GAMMA, RATE_HZ, SETTINGS
    )
    assert found.index[0] > 0.005
    assert found.pvalue[0] > 0.1


def test_no_slow_power_gives_no_number():
    time = np.arange(5000) / RATE_HZ
    found = phase_amplitude(np.cos(2 * np.pi * 60.0 * time)[None], (4.0, 8.0), GAMMA, RATE_HZ, SETTINGS)
    flat = modulation(np.zeros((1, 100), np.int64), np.ones((1, 100)), np.array([30, 50]), 18)
    assert np.isnan([found.index[0], found.zscore[0], found.pvalue[0], flat.index[0], flat.pvalue[0]]).all()


def test_reducer_gives_what_the_whole_series_gives(reduced):
    """Blocks, decimation and lanes change nothing: from 1 ms samples, not decimated below 500 Hz."""
    rng = np.random.default_rng(5)
    series = np.stack([coupled(rng, d, channels=3, seconds=10.0) for d in (0.8, 0.0)])  # [point, region, sample]
    fine = np.repeat(series, 2, axis=2)
    options = CrossFrequencyOptions(surrogates=99, phase_bands={"theta": (4.0, 8.0)})
    assert _factor(options, 2.0) == 1
    result = reduced(CrossFrequencyReducer, options, np.moveaxis(series, -1, 0), sample_ms=2.0)
    single = series.astype(np.float32).astype(float)
    for k in range(2):
        expected = phase_amplitude(single[k], (4.0, 8.0), GAMMA, RATE_HZ, (4.0, 18, 99))
        np.testing.assert_allclose(result["modulation_index"][k, 0], expected.index, rtol=1e-9)
        np.testing.assert_array_equal(result["modulation_pvalue"][k, 0], expected.pvalue)
        mean = phase_amplitude(series[k].mean(axis=0)[None], (4.0, 8.0), GAMMA, RATE_HZ, (4.0, 18, 99))
        assert result["mean_modulation_index"][k, 0] == pytest.approx(mean.index[0], rel=1e-3)
    coarse = reduced(CrossFrequencyReducer, options, np.moveaxis(fine, -1, 0), sample_ms=1.0)
    assert (coarse["modulation_pvalue"][0] <= 0.05).all()


def test_reducer_keeps_no_more_than_it_was_told(reduced):
    series = np.moveaxis(coupled(np.random.default_rng(6), 0.8, seconds=12.0)[None], -1, 0)
    options = CrossFrequencyOptions(surrogates=19, longest_ms=6000.0, phase_bands={"theta": (4.0, 8.0)})
    long = reduced(CrossFrequencyReducer, options, series, sample_ms=2.0)
    short = reduced(CrossFrequencyReducer, options, series[-3000:], sample_ms=2.0)
    np.testing.assert_array_equal(long["modulation_index"], short["modulation_index"])


@pytest.mark.parametrize("slow_hz", [5.0, 10.0])
@pytest.mark.parametrize("shape", ["narrow", "saw", "sigmoid"])
def test_harmonics_of_a_slow_wave_are_no_coupling(reduced, slow_hz, shape):
    """A slow wave far from a sine, whose 30 to 100 Hz amplitude follows its phase; and the same with a gamma rhythm.

    The index can't tell them apart; without the rhythm there is no significance, with it there is.
    """
    rng = np.random.default_rng(8)
    phase = narrow_noise(rng, 3, 8000, slow_hz, 0.25)
    wave = {
        "narrow": np.exp(8.0 * (np.cos(phase) - 1.0)),
        "saw": (phase / (2 * np.pi)) % 1.0,
        "sigmoid": 1.0 / (1.0 + np.exp(-12.0 * (np.cos(phase) - 0.6))),
    }[shape]
    wave = wave / wave.std(axis=1, keepdims=True) + 0.01 * rng.standard_normal(wave.shape)
    gamma = 0.5 * (1.0 + 0.9 * np.cos(phase)) * np.cos(narrow_noise(rng, 3, 8000, 70.0, 0.5))
    series = np.stack([wave, wave + gamma])  # [point, region, sample]
    options = CrossFrequencyOptions(surrogates=99)
    found = reduced(CrossFrequencyReducer, options, np.moveaxis(series, -1, 0), sample_ms=2.0)
    assert found["cross_frequency_status"].tolist() == [CrossFrequencyStatus.NO_FAST_RHYTHM, 0]
    band = list(PHASE_BANDS).index("theta" if slow_hz < 8 else "alpha")
    assert (found["modulation_index"][0, band] > 0.01).all()
    assert np.isnan(found["modulation_pvalue"][0]).all()
    assert (found["modulation_pvalue"][1, band] <= 0.05).all()
    assert (found["amplitude_rise"][0] < 1.5).all()
    assert (found["amplitude_rise"][1] > 3.0).all()


def test_share_and_rise_of_a_spectrum_that_is_known():
    """Sines of 10 and 60 Hz: the share is that of their powers, and between them there is nothing to rise from."""
    time = np.arange(5000) / RATE_HZ
    series = np.cos(2 * np.pi * 10.0 * time) + 0.1 * np.cos(2 * np.pi * 60.0 * time)
    noise = 0.01 * np.random.default_rng(9).standard_normal(len(time))
    found = rhythm((series + noise)[None], GAMMA, 4.0, RATE_HZ)
    assert found.share[0] == pytest.approx(0.01 / 1.01, rel=0.02)
    assert found.rise[0] > 50.0
    assert slow_wave(*welch(series, RATE_HZ, nperseg=1000), 4.0, 30.0) == 10.0
    assert slow_wave(*welch(np.cos(2 * np.pi * 35.0 * time), RATE_HZ, nperseg=1000), 4.0, 30.0) is None


def test_regions_at_rest_have_no_coupling(reduced):
    series = np.moveaxis(np.stack([coupled(np.random.default_rng(7), 0.8, channels=3)] * 2), -1, 0)
    series[:, 1] = 0.25
    series[:, 0, 2] = -1.0
    options = CrossFrequencyOptions(surrogates=19)
    result = reduced(CrossFrequencyReducer, options, series, sample_ms=2.0)
    assert np.isfinite(result["modulation_index"][0, :, :2]).all()
    assert np.isnan(result["modulation_index"][0, :, 2]).all()
    assert np.isnan(result["modulation_index"][1]).all()
    assert np.isnan(result["mean_modulation_pvalue"][1]).all()
    assert result["cross_frequency_status"][1] == CrossFrequencyStatus.AT_REST


def study(options, **simulation):
    settings = {"duration_ms": 6000, "transient_ms": 1000} | simulation
    return {
        "study": "s", "connectome": {"name": "hcp-aal2-94"}, "grid": {"G": [1]}, "simulation": settings,
        "analyses": {"cross_frequency": options},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("options", "simulation", "words"),
    [
        ({}, {"duration_ms": 4000}, ["simulation.duration_ms", "window of 3000 ms", "theta", "at least 35", "4 Hz"]),
        ({"longest_ms": 2000}, {}, ["longest_ms: 2000", "theta", "at least 3500"]),
        ({"phase_bands": {"fast": [25, 40]}}, {}, ["phase_bands.fast", "[25, 40]", "30 Hz", "below"]),
        ({"phase_bands": {"x": [8, 4]}}, {}, ["phase_bands.x", "[8, 4]", "lower < upper"]),
        ({"phase_bands": {"beta": [13, 30]}, "amplitude_hz": [40, 80]}, {}, ["phase_bands.beta", "up to 20 Hz"]),
        ({"amplitude_hz": [30, 5000]}, {}, ["amplitude_hz", "5000", "2500 Hz"]),
        ({"surrogates": 3}, {}, ["surrogates", "3"]),
    ],
)
def test_what_is_refused(options, simulation, words):
    with pytest.raises(InputError) as caught:
        load_studies(study(options, **simulation))
    for word in words:
        assert word in str(caught.value)


def test_the_length_asked_for_is_enough():
    with pytest.raises(InputError) as caught:
        load_studies(study({}, duration_ms=4000))
    enough = float(str(caught.value).split("duration_ms of at least ")[1])
    load_studies(study({}, duration_ms=enough))
    assert needed_ms(4.0, (30.0, 100.0)) == 3500.0
