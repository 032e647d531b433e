"""Recruitment and connectivity in windows, on made-up rates."""

import numpy as np
import pytest

from ngnmm_core.analysis.dynamic_fc import DynamicFcOptions, DynamicFcReducer
from ngnmm_core.analysis.recruitment import RecruitmentOptions, RecruitmentReducer, RecruitmentStatus
from ngnmm_core.connectome import Connectome
from ngnmm_core.simulation.stimuli import Stimulus
from ngnmm_core.streaming.crossings import NEVER, Smoother, Stays


def test_smoothing_of_a_step_is_an_exponential(in_blocks):
    """1 - exp(-t / tau) after a step: half way after tau ln 2."""
    step = np.repeat([0.0, 1.0], [50, 950])[:, None]
    smoother = Smoother(20.0, 0.5)
    smooth = np.concatenate([smoother(block) for block in in_blocks(step)])[:, 0]
    t = 0.5 * (np.arange(1000) - 49)
    np.testing.assert_allclose(smooth, np.where(t > 0, -np.expm1(-t / 20.0), 0.0), atol=1e-12)
    assert 0.5 * (np.argmax(smooth > 0.5) - 49) == pytest.approx(20.0 * np.log(2.0), abs=0.5)


def test_only_a_stay_of_the_minimal_length_counts(in_blocks):
    """Channel 0: a blip of 9 samples, then one of 10; 1: never; 2: under way at the earliest; 3: no threshold."""
    signal = np.zeros((600, 4))
    signal[100:109, 0] = signal[300:310, 0] = signal[0:400, 2] = signal[:, 3] = 1.0
    stays = Stays(np.array([0.5, 0.5, 0.5, np.nan]), 10, np.array([0, 0, 200, 0]))
    for block in in_blocks(signal):
        stays.consume(block)
    np.testing.assert_array_equal(stays.first, [300, NEVER, 200, NEVER])


def test_a_stay_at_the_latest_sample_counts_whatever_its_length(in_blocks):
    """Channel 0: three samples at the end; 1: beyond it; 2: a long one before; 3: a short one before."""
    signal = np.zeros((600, 4))
    signal[398:, 0] = signal[401:, 1] = signal[100:120, 2] = signal[100:105, 3] = 1.0
    stays = Stays(np.full(4, 0.5), 10, np.zeros(4, int), latest=np.full(4, 400))
    for block in in_blocks(signal):
        stays.consume(block)
    np.testing.assert_array_equal(stays.first, [398, NEVER, 100, NEVER])


def reduced_recruitment(reduced, signal, threshold_hz=500.0, onset=10.0, **options):
    """Recruitment of [sample, point, region] rates in kHz, every millisecond, region 0 stimulated."""
    stimulus = Stimulus(name="focal", parameter="I_ext_e", onset_ms=onset, regions=[0])
    W = np.roll(np.eye(signal.shape[2]), 1, axis=0)
    given = RecruitmentOptions(threshold_hz=threshold_hz, smooth_ms=0.0, minimal_ms=20.0, **options)
    return reduced(
        RecruitmentReducer, given, signal, sample_ms=1.0, start_ms=5.0, stimuli=(stimulus,), connectome=Connectome(W)
    )


def test_onsets_order_fraction_and_peak_of_made_up_rates(reduced):
    """Regions of point 0 go up at 20, 40, 40, never; those of point 1 not at all."""
    signal = np.zeros((200, 2, 4))
    for region, sample in enumerate((20, 40, 40)):
        signal[sample:, 0, region] = 0.6 + 0.1 * region
    found = reduced_recruitment(reduced, signal)
    np.testing.assert_array_equal(found["onset_time"][0], [26.0, 46.0, 46.0, np.nan])  # samples end at 6, 7, ... ms
    np.testing.assert_array_equal(found["latency"][0], [16.0, 36.0, 36.0, np.nan])
    np.testing.assert_array_equal(found["recruitment_order"], [[1, 2, 2, -1], [-1, -1, -1, -1]])
    np.testing.assert_allclose(found["recruited_fraction"], [2 / 3, 0.0])
    np.testing.assert_array_equal(found["median_latency"], [36.0, np.nan])  # the focus does not count
    np.testing.assert_allclose(found["peak_rate"][0], [600, 700, 800, 0])
    np.testing.assert_array_equal(found["recruitment_status"], [0, RecruitmentStatus.NOTHING_RECRUITED])


def test_a_region_active_before_the_stimulus_leaves_nothing_defined(reduced):
    signal = np.zeros((200, 1, 4))
    signal[2:, 0, 3] = 1.0  # from 8 ms, and the stimulus comes at 10 ms
    found = reduced_recruitment(reduced, signal)
    assert found["recruitment_status"].tolist() == [RecruitmentStatus.ACTIVE_BEFORE_STIMULUS]
    assert np.isnan(found["onset_time"]).all()
    assert np.isnan(found["recruited_fraction"]).all()
    assert (found["recruitment_order"] == -1).all()


def test_windows_of_connectivity_are_numpy_s(reduced):
    signal = np.random.default_rng(1).standard_normal((430, 3, 5)).cumsum(axis=0) + 1e3
    found = reduced(DynamicFcReducer, DynamicFcOptions(window_ms=100, step_ms=25), signal, sample_ms=0.5)
    edges = np.triu_indices(5, 1)
    assert found["dynamic_fc"].shape == (3, 8 - 3, 10)
    for w in range(5):
        for k in range(3):
            part = signal[50 * w : 50 * w + 200, k]
            np.testing.assert_allclose(found["dynamic_fc"][k, w], np.corrcoef(part.T)[edges], atol=2e-6)


def test_a_region_at_rest_has_no_connectivity(reduced):
    signal = np.random.default_rng(1).standard_normal((400, 1, 3))
    signal[:, 0, 2] = 5.0
    found = reduced(DynamicFcReducer, DynamicFcOptions(window_ms=100, step_ms=50), signal, sample_ms=0.5)
    assert np.isfinite(found["dynamic_fc"][0, :, 0]).all()
    assert np.isnan(found["dynamic_fc"][0, :, 1:]).all()
