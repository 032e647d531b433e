"""Synchrony between regions: its two limits, a known mixture, lesions, and when it is not defined."""

import numpy as np
import pytest

from ngnmm_core.analysis.synchrony import SynchronyOptions, SynchronyReducer, SynchronyStatus
from ngnmm_core.storage.flags import Status

SAMPLES, REGIONS = 4000, 20
RNG = np.random.default_rng(0)
COMMON = np.sin(2 * np.pi * np.arange(SAMPLES) / 100.0)[:, None]


def synchrony(reduced, *points, **more):
    result = reduced(SynchronyReducer, SynchronyOptions(), np.stack(points, axis=1), **more)
    return result["synchrony"], result["synchrony_status"]


def test_identical_regions_are_fully_synchronous(reduced):
    value, status = synchrony(reduced, np.repeat(COMMON, REGIONS, axis=1))
    assert value[0] == pytest.approx(1.0, abs=1e-12)
    assert status[0] == Status.OK


def test_independent_regions_have_one_over_n(reduced):
    value, status = synchrony(reduced, RNG.standard_normal((SAMPLES, REGIONS)))
    assert value[0] == pytest.approx(1.0 / REGIONS, rel=0.1)
    assert status[0] == Status.OK


def test_splay_phases_cancel(reduced):
    phases = 2 * np.pi * np.arange(REGIONS) / REGIONS
    value, _ = synchrony(reduced, np.sin(2 * np.pi * np.arange(SAMPLES)[:, None] / 100.0 + phases))
    assert value[0] < 1e-12


def test_a_common_part_counts_by_its_variance(reduced):
    """x_i = c + n_i, variances C and n: (C + n/N) / (C + n)."""
    x = np.sqrt(2) * COMMON + np.sqrt(3) * RNG.standard_normal((SAMPLES, REGIONS))
    value, _ = synchrony(reduced, x)
    assert value[0] == pytest.approx((1 + 3 / REGIONS) / (1 + 3), rel=0.05)


def test_agrees_with_the_definition(reduced):
    x = RNG.standard_normal((SAMPLES, REGIONS)) @ RNG.standard_normal((REGIONS, REGIONS)) + 50.0
    value, _ = synchrony(reduced, x)
    assert value[0] == pytest.approx(x.mean(axis=1).var() / x.var(axis=0).mean(), rel=1e-10)


def test_a_lesioned_region_does_not_count(reduced):
    x = np.repeat(COMMON, 4, axis=1) * [1.0, -1.0, 1.0, 1.0]
    included = np.array([[1.0, 1, 1, 1], [1, 0, 1, 1]])
    value, _ = synchrony(reduced, x, x, included=included)
    np.testing.assert_allclose(value, [0.25, 1.0], rtol=1e-12)


def test_rest_and_settling_have_none(reduced):
    ringing = np.exp(-np.arange(SAMPLES) / 500.0)[:, None] * np.repeat(COMMON, 3, axis=1)
    rest = np.full((SAMPLES, 3), -1.5) + 5e-14 * RNG.standard_normal((SAMPLES, 1))
    value, status = synchrony(reduced, rest, ringing, np.repeat(COMMON, 3, axis=1))
    assert np.isnan(value[:2]).all()
    assert value[2] == pytest.approx(1.0)
    assert status.tolist() == [SynchronyStatus.AT_REST, SynchronyStatus.STILL_SETTLING, Status.OK]


def test_halves_that_disagree_are_told(reduced):
    """Measured: 0.058 over 1-3 s and 0.009 later."""
    x = RNG.standard_normal((SAMPLES, REGIONS))
    x[: SAMPLES // 2] = 0.7 * x[: SAMPLES // 2] + COMMON[: SAMPLES // 2]
    value, status = synchrony(reduced, x)
    assert status[0] == SynchronyStatus.NOT_STATIONARY
    assert np.isfinite(value[0])


def halves(first, second):
    """Regions that share the parts `first` and `second` of their variance in the halves of the window."""
    rng = np.random.default_rng(5)
    share = np.repeat([first, second], SAMPLES // 2)[:, None]
    return np.sqrt(share) * COMMON * np.sqrt(2) + np.sqrt(1 - share) * rng.standard_normal((SAMPLES, 200))


@pytest.mark.parametrize(
    ("first", "second", "drifts"),
    [(0.001, 0.01, False), (0.5, 0.6, False), (0.02, 0.3, True)],
    ids=["another multiple of next to nothing", "another value of the same order", "both"],
)
def test_a_window_drifts_where_both_ratio_and_difference_of_its_halves_are_large(reduced, first, second, drifts):
    value, status = synchrony(reduced, halves(first, second))
    low, high = first + (1 - first) / 200, second + (1 - second) / 200  # of 200 regions
    assert low < value[0] < high
    assert ((high > 2 * low), (high - low > 0.02)) == {0.01: (True, False), 0.6: (False, True), 0.3: (True, True)}[
        second
    ]
    assert (status[0] == SynchronyStatus.NOT_STATIONARY) == drifts
