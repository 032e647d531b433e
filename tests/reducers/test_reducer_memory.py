"""The criteria of working memory on made-up rates, where every answer is known."""

import numpy as np
import pytest

from ngnmm_core.analysis.memory import (
    CORRECT_REJECTION,
    FALSE_ALARM,
    HIT,
    MISS,
    UNSPECIFIC,
    MemoryOptions,
    MemoryReducer,
    MemoryStatus,
)
from ngnmm_core.connectome import Connectome
from ngnmm_core.simulation.stimuli import Stimulus

CUE = {"parameter": "I_ext_e", "onset_ms": 50, "duration_ms": 20, "regions": [0, 1]}
PROBE = {"parameter": "I_ext_e", "after": "cue", "onset_ms": 100, "duration_ms": 30, "regions": [0, 1]}
LOW, HIGH = 0.1, 0.9
REGIONS = 12
FROM, END, PROBED, LAST = 45, 65, 165, 195  # samples: the first of cue, delay, probe and rest; 5 ms are left out


def trials(count=1):
    """[sample, point, region] rates of trials in which the item (regions 0 and 1) is held to the end."""
    signal = np.full((240, count, REGIONS), LOW)
    signal[FROM:, :, :2] = HIGH
    return signal


def judged(reduced, signal, cue=None, probe=None, options=None, **extras):
    """What the analysis makes of rates in kHz, every millisecond."""
    stimuli = (Stimulus(name="cue", **(CUE | (cue or {}))), Stimulus(name="probe", **(PROBE | (probe or {}))))
    given = MemoryOptions(threshold_hz=500.0, smooth_ms=0.0, minimal_ms=20.0, **(options or {}))
    about = {"stimuli": stimuli, "connectome": Connectome(np.zeros((REGIONS, REGIONS)))}
    columns = {name.replace("__", "."): np.array(values, float) for name, values in extras.items()}
    return reduced(MemoryReducer, given, signal, sample_ms=1.0, start_ms=5.0, columns=columns, **about)


def test_hits_misses_and_what_is_neither(reduced):
    """0: held; 1: lost; 2: lost and lit again; 3: a short gap; 4: half is held; 5: all others too; 6: not loaded."""
    signal = trials(7)
    signal[END + 40 :, 1, :2] = LOW
    signal[END + 40 : END + 60, 2, :2] = LOW
    signal[END + 40 : END + 59, 3, :2] = LOW
    signal[END + 10 :, 4, 1] = LOW
    signal[END + 90 :, 5, 2:] = HIGH
    signal[END:, 6, :2] = LOW
    found = judged(reduced, signal)
    np.testing.assert_array_equal(found["delay_outcome"], [HIT, MISS, MISS, HIT, HIT, UNSPECIFIC, MISS])
    np.testing.assert_array_equal(found["loss_time"], [np.nan, 41, 41, np.nan, np.nan, np.nan, 1])
    np.testing.assert_allclose(found["cued_active_fraction"], [1, 0, 1, 1, 0.5, 1, 0])
    np.testing.assert_allclose(found["other_active_fraction"], [0, 0, 0, 0, 0, 1, 0])
    np.testing.assert_allclose(found["cued_rate"], [900, 100, 900, 900, 500, 900, 100])
    assert (found["delay_duration"] == 100).all()
    assert (found["memory_status"] == 0).all()


def test_the_times_of_the_epochs_decide(reduced):
    """Activity that ends one sample before the end of the delay is lost; one that ends with it is held."""
    signal = trials(3)
    for k, last in enumerate((PROBED - 2, PROBED - 1, PROBED)):
        signal[last + 1 :, k, :2] = LOW
    found = judged(reduced, signal)
    np.testing.assert_array_equal(found["delay_outcome"], [MISS, HIT, HIT])
    np.testing.assert_array_equal(found["loss_time"], [100, np.nan, np.nan])
    np.testing.assert_array_equal(found["event_time"][0], [50, 70, 170, 200])


def test_without_a_cue_nothing_must_be_active_at_the_end(reduced):
    """0: silence; 1: the regions of the item; 2: others; 3: activity that is over."""
    signal = np.full((240, 4, REGIONS), LOW)
    signal[END + 50 :, 1, :2] = HIGH
    signal[END + 50 :, 2, 4:] = HIGH
    signal[END + 20 : END + 60, 3, :2] = HIGH
    found = judged(reduced, signal, cue__amplitude=[0, 0, 0, 0])
    np.testing.assert_array_equal(
        found["delay_outcome"], [CORRECT_REJECTION, FALSE_ALARM, FALSE_ALARM, CORRECT_REJECTION]
    )
    assert np.isnan(found["loss_time"]).all()
    assert (found["is_cued"] == 0).all()
    assert (found["right_answer"] == 0).all()


def test_a_trial_with_activity_before_the_cue_does_not_count(reduced):
    signal = trials()
    signal[FROM - 5 :, 0, :2] = HIGH
    found = judged(reduced, signal)
    assert found["memory_status"].tolist() == [MemoryStatus.ACTIVE_BEFORE_CUE]
    assert found["delay_outcome"].tolist() == found["answer"].tolist() == [-1]
    assert np.isnan(found["loss_time"]).all()


def test_answers_to_probes(reduced):
    """At the item, held or lost; at another region, silent or active; at both one of the item and another."""
    signal = trials(5)
    signal[END + 40 :, 1, :2] = LOW
    signal[PROBED + 10 :, 3, 7] = HIGH
    match = judged(reduced, signal[:, :2])
    np.testing.assert_array_equal(match["right_answer"], [1, 1])
    np.testing.assert_array_equal(match["answer"], [1, 0])
    np.testing.assert_allclose(match["probed_rate"], [900, 100])
    other = judged(reduced, signal[:, 2:4], probe={"regions": [7]})
    np.testing.assert_array_equal(other["right_answer"], [0, 0])
    np.testing.assert_array_equal(other["answer"], [0, 1])
    partly = judged(reduced, signal[:, 4:], probe={"regions": [1, 7]})
    assert partly["right_answer"].tolist() == [-1]
    assert partly["answer"].tolist() == [1]
    none = judged(reduced, signal[:, :1], probe__amplitude=[0])
    assert none["answer"].tolist() == none["right_answer"].tolist() == [-1]


def test_times_of_cues_move_what_comes_after(reduced):
    """With cues of 20 and 40 ms, activity that ends 100 ms after the cue is held in both."""
    signal = trials(2)
    signal[PROBED:, 0, :2] = LOW
    signal[PROBED + 20 :, 1, :2] = LOW
    found = judged(reduced, signal, cue__duration_ms=[20, 40])
    np.testing.assert_array_equal(found["delay_outcome"], [HIT, HIT])
    np.testing.assert_array_equal(found["event_time"][1], [50, 90, 190, 220])
    earlier = judged(reduced, signal, cue__duration_ms=[40, 40])
    np.testing.assert_array_equal(earlier["delay_outcome"], [MISS, HIT])
    np.testing.assert_array_equal(earlier["loss_time"], [81, np.nan])


def test_without_a_probe_the_delay_lasts_to_the_end(reduced):
    signal = trials(2)
    signal[-1, 1, :2] = LOW
    found = judged(reduced, signal, options={"probe": None})
    np.testing.assert_array_equal(found["delay_outcome"], [HIT, MISS])
    assert (found["delay_duration"] == 240 + 5 - 70).all()
    assert found["answer"].tolist() == [-1, -1]


@pytest.mark.parametrize(("share", "outcome"), [(0.1, UNSPECIFIC), (0.25, HIT)])
def test_how_many_others_may_be_active_is_an_option(reduced, share, outcome):
    signal = trials()
    signal[END:, 0, 2:4] = HIGH  # 2 of 10
    found = judged(reduced, signal, options={"most_others": share})
    assert found["delay_outcome"].tolist() == [outcome]
