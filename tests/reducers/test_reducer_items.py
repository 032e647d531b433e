"""The criteria of a memory of items on made-up rates, where every outcome is known."""

from types import SimpleNamespace

import numpy as np
import pytest

from ngnmm_core.analysis.item_memory import (
    CONFUSED,
    CORRECT_REJECTION,
    FALSE_ALARM,
    HELD,
    LOST,
    SILENT,
    ItemMemoryOptions,
    ItemMemoryReducer,
    ItemMemoryStatus,
)
from ngnmm_core.connectome import Connectome
from ngnmm_core.models import get_model
from ngnmm_core.simulation.observation import SampledWindow
from ngnmm_core.simulation.stimuli import Stimulus

CUE = Stimulus(name="cue", parameter="I_S_2", onset_ms=50, duration_ms=20, regions=[0, 1])
PROBE = Stimulus(name="probe", parameter="I_S", after="cue", onset_ms=100, duration_ms=30)
FROM, END, PROBED, LAST = 45, 65, 165, 195  # samples: the first of cue, delay, probe and rest; 5 ms are left out
LOW, HIGH, REGIONS, SAMPLES = 0.002, 0.02, 3, 240
EVEN, UNEVEN = (SAMPLES,), (1, 7, 64, 3, 130, 2)


def judged(rates, sizes=UNEVEN, stimuli=(CUE, PROBE), **more):
    """What the analysis makes of rates [item, sample, point, region] in kHz, every millisecond."""
    points = rates.shape[2]
    window = SampledWindow(
        get_model("ngnmm_memory"), REGIONS, SAMPLES, 1.0, {"G": np.zeros(points)}, start_ms=5.0, stimuli=stimuli,
        connectome=Connectome(np.zeros((REGIONS, REGIONS))), **more,
    )  # fmt: skip
    options = ItemMemoryOptions(probe="probe" if len(stimuli) > 1 else None)
    reducer, start = ItemMemoryReducer(options, window), 0
    padded = np.full((2, SAMPLES, 8, REGIONS), 9.0)  # lanes without a point hold other numbers
    padded[:, :, :points] = rates
    while start < SAMPLES:
        for size in sizes:
            part = padded[:, start : start + size].reshape(2, -1, 2, 4, REGIONS).swapaxes(3, 4)
            if part.shape[1]:
                reducer.consume(SimpleNamespace(rate=lambda k, part=part: part[k]))
            start += size
    return reducer.finish(None)


def trials(count):
    """Rates of trials in which nothing is ever active."""
    return np.full((2, SAMPLES, count, REGIONS), LOW)


@pytest.mark.parametrize("sizes", [EVEN, UNEVEN])
def test_what_becomes_of_the_cued_item(sizes):
    """0 held; 1 silent; 2 lost; 3, 4 the other item in delay and probe; 5 both are held; 6 active before."""
    rates = trials(7)
    rates[1, FROM:END, :, :2] = HIGH
    rates[1, END:, 0, :2] = HIGH
    rates[1, PROBED + 10 : PROBED + 12, 1, :2] = HIGH
    rates[0, END + 50 : PROBED, 3, :2] = HIGH
    rates[0, PROBED + 3, 4, :2] = HIGH
    rates[:, END:, 5, :2] = HIGH
    rates[0, : FROM + 1, 6, :2] = HIGH
    found = judged(rates, sizes)
    np.testing.assert_array_equal(found["item_outcome"], [HELD, SILENT, LOST, CONFUSED, CONFUSED, CONFUSED, -1])
    np.testing.assert_array_equal(found["item_memory_status"], [0, 0, 0, 0, 0, 0, ItemMemoryStatus.ACTIVE_BEFORE_CUE])
    np.testing.assert_array_equal(found["held_item"], [1, -1, -1, 0, -1, -1, -1])
    np.testing.assert_array_equal(found["recalled_item"], [1, 1, -1, -1, 0, -1, -1])
    np.testing.assert_array_equal(found["cued_item"], 1)
    np.testing.assert_allclose(found["loaded_rate"][0], [2.0, 20.0])
    np.testing.assert_allclose(found["held_rate"][[0, 1, 3]], [[2.0, 20.0], [2.0, 2.0], [20.0, 2.0]])
    np.testing.assert_allclose(found["recalled_rate"][[1, 4]], [[2.0, 20.0], [20.0, 2.0]])
    np.testing.assert_allclose(found["delay_length"], 100.0)


def test_only_what_is_within_an_epoch_counts_in_it():
    """The highest rate from the sample after the onset to the one at the end; the delay ends with the onset."""
    rates = trials(4)
    for k, sample in enumerate((PROBED - 1, PROBED, LAST - 1, LAST)):
        rates[1, sample, k, :2] = HIGH
    found = judged(rates)
    np.testing.assert_array_equal(found["item_outcome"], [HELD, SILENT, SILENT, LOST])
    np.testing.assert_allclose(found["recalled_rate"][:, 1], [2.0, 20.0, 20.0, 2.0])
    np.testing.assert_allclose(found["loaded_rate"], 2.0)


def test_at_least_half_of_the_cued_regions_must_be_active_and_others_do_not_count():
    rates = trials(3)
    rates[1, END:, 0, 0] = HIGH  # one of two cued regions
    rates[1, END:, 1, 2] = HIGH  # none of them
    rates[1, END:, 2, :2] = HIGH
    found = judged(rates)
    np.testing.assert_array_equal(found["item_outcome"], [HELD, LOST, HELD])
    np.testing.assert_allclose(found["held_rate"][:, 1], [11.0, 2.0, 20.0])


def test_without_a_cue_nothing_must_be_active():
    rates = trials(3)
    rates[0, PROBED - 1, 1, :2] = HIGH
    rates[:, PROBED + 5, 2, :2] = HIGH
    found = judged(rates, columns={"cue.amplitude": np.zeros(3)})
    np.testing.assert_array_equal(found["item_outcome"], [CORRECT_REJECTION, FALSE_ALARM, FALSE_ALARM])
    np.testing.assert_array_equal(found["cued_item"], -1)


def test_without_a_probe_the_delay_lasts_to_the_end():
    rates = trials(2)
    rates[1, END:, 0, :2] = HIGH
    rates[1, END:-1, 1, :2] = HIGH
    found = judged(rates, stimuli=(CUE,))
    np.testing.assert_array_equal(found["item_outcome"], [HELD, LOST])
    assert np.isnan(found["recalled_rate"]).all()
    np.testing.assert_allclose(found["delay_length"], 175.0)
