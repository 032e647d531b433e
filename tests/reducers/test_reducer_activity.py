"""Which regions count as active: the rule that keeps noise over noise out of the results."""

import numpy as np
import pytest

from ngnmm_core.streaming.activity import Activity, ActivityStatus, NetworkRegime

T = np.arange(2000) * 0.2  # ms
OSCILLATION = np.sin(2 * np.pi * T / 20.0)
ROUND_OFF = 5e-14 * np.random.default_rng(0).standard_normal(len(T))


def watch(lanes_of, in_blocks, *regions_of_points, noisy=False):
    x = np.stack([np.stack(regions, axis=-1) for regions in regions_of_points], axis=1)
    activity = Activity(len(T), len(regions_of_points), noisy)
    for block in in_blocks(lanes_of(x)):
        activity.consume(block)
    return activity


def test_rest_is_no_activity(lanes_of, in_blocks):
    """Measured at (3, 5): v_e has s.d. 5e-14 and a naive mean correlation of exactly 1."""
    activity = watch(lanes_of, in_blocks, (-1.5 + ROUND_OFF, -1.5 + ROUND_OFF))
    assert not activity.active.any()
    assert activity.regime == [NetworkRegime.REST]
    assert NetworkRegime.meanings()[activity.regime[0]] == "rest"


def test_a_steady_oscillation_is_active(lanes_of, in_blocks):
    activity = watch(lanes_of, in_blocks, (OSCILLATION, 1e-3 * OSCILLATION + 5))
    assert activity.active.all()
    assert activity.regime == [NetworkRegime.OSCILLATING]
    np.testing.assert_allclose(activity.std, [[OSCILLATION.std(), 1e-3 * OSCILLATION.std()]], rtol=1e-12)


@pytest.mark.parametrize(("decay_ms", "active"), [(50.0, False), (200.0, False), (1000.0, True)])
def test_what_falls_by_more_than_half_between_the_halves_is_still_settling(lanes_of, in_blocks, decay_ms, active):
    """Over a window of 400 ms: half of it is a factor exp(-200 / decay_ms)."""
    ringing = np.exp(-T / decay_ms) * OSCILLATION
    activity = watch(lanes_of, in_blocks, (ringing, ringing))
    assert activity.active.tolist() == [[active, active]]
    assert activity.regime == [NetworkRegime.OSCILLATING if active else NetworkRegime.STILL_SETTLING]


def test_growth_is_activity(lanes_of, in_blocks):
    assert watch(lanes_of, in_blocks, (np.exp(T / 100) * OSCILLATION,)).active.all()


@pytest.mark.parametrize(("amplitude", "active"), [(1.2e-6, False), (1.6e-6, True)])
def test_the_threshold_is_a_deviation_of_1e_6(lanes_of, in_blocks, amplitude, active):
    assert watch(lanes_of, in_blocks, (amplitude * OSCILLATION,)).active[0, 0] == active


def test_points_and_regions_are_told_apart(lanes_of, in_blocks):
    ringing = np.exp(-T / 30) * OSCILLATION
    activity = watch(
        lanes_of,
        in_blocks,
        (ROUND_OFF, OSCILLATION, ringing),
        (ROUND_OFF, ROUND_OFF, ROUND_OFF),
        (ROUND_OFF, ringing, ringing),
        (OSCILLATION, OSCILLATION, OSCILLATION),
        (ringing, ROUND_OFF, ROUND_OFF),
    )
    assert activity.active.tolist() == [[False, True, False], [False] * 3, [False] * 3, [True] * 3, [False] * 3]
    assert activity.regime.tolist() == [
        NetworkRegime.OSCILLATING,
        NetworkRegime.REST,
        NetworkRegime.STILL_SETTLING,
        NetworkRegime.OSCILLATING,
        NetworkRegime.STILL_SETTLING,
    ]
    outcomes = ActivityStatus.meanings()
    assert [outcomes[code] for code in activity.status.tolist()] == [
        "some_regions_inactive",
        "at_rest",
        "still_settling",
        "ok",
        "still_settling",
    ]


def test_with_noise_every_region_is_active_that_moves_by_more_than_rounding(lanes_of, in_blocks):
    moved = 1e-8 * np.random.default_rng(4).standard_normal(len(T))
    activity = watch(lanes_of, in_blocks, (moved, ROUND_OFF, np.full(len(T), np.nan)), noisy=True)
    assert activity.active.tolist() == [[True, False, False]]
    assert activity.regime == [NetworkRegime.OSCILLATING]
