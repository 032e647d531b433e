"""Samples that are too far apart for what a signal holds: measured, and spectra get a status instead of numbers."""

import numpy as np
import pytest

from ngnmm_core.api import simulate
from ngnmm_core.streaming.folding import folds

FINE_MS = 0.2
T = np.arange(5000) * FINE_MS / 1000.0


def pulses(width_ms, period_ms=26.3):
    """A train of bumps [sample]: narrow ones have energy at kilohertz."""
    phase = (1000.0 * T) % period_ms - 0.5 * period_ms
    return np.exp(-0.5 * (phase / width_ms) ** 2)


@pytest.mark.parametrize(("width_ms", "expected"), [(0.15, True), (0.3, True), (3.0, False)])
def test_narrow_bursts_fold_when_thinned_to_a_millisecond(width_ms, expected):
    slow = np.sin(2 * np.pi * 9.0 * T)
    assert folds((pulses(width_ms) + 0.1 * slow)[None, None], FINE_MS, 5)[0] == expected


def test_a_band_limited_signal_does_not_fold_and_points_are_told_apart():
    rng = np.random.default_rng(0)
    low = np.sum([np.sin(2 * np.pi * f * T + rng.uniform(0, 6)) / f for f in range(2, 390)], axis=0)
    tone = low + np.sin(2 * np.pi * 993.0 * T)  # lands at 7 Hz when samples are a millisecond apart
    found = folds(np.stack([low, tone])[:, None], FINE_MS, 5)
    np.testing.assert_array_equal(found, [False, True])


def test_spectra_of_bursts_sampled_too_coarsely_have_a_status_and_no_numbers():
    """At (15, 5) bursts last tenths of a ms; the same run with fine samples has no such status."""
    found = {}
    for sample_ms in (0.2, 1.0):
        found[sample_ms] = simulate(
            {"I_ext_e": 15, "G": 5}, connectome=np.ones((3, 3)) - np.eye(3), duration_ms=1800, transient_ms=600,
            sample_ms=sample_ms, analyses={"spectra": {"segment_ms": 500}, "fc": {}, "rates": {}},
        )  # fmt: skip
    words = {s: d.spectra_status.attrs["flag_meanings"].split()[int(d.spectra_status) + 1] for s, d in found.items()}
    assert words == {0.2: "ok", 1.0: "undersampled"}
    coarse = found[1.0]
    assert np.isnan(coarse.band_power).all()
    assert np.isnan(coarse.peak_frequency).all()
    assert np.isnan(coarse.fc).all()
    assert int(coarse.fc_status) == int(coarse.spectra_status)
    # the trajectory is that of the fine run: measuring has not touched it
    np.testing.assert_allclose(coarse.firing_rate, found[0.2].firing_rate, rtol=0.02)
