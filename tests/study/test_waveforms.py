"""Waveforms of stimuli at given times, by their definition."""

import numpy as np
import pytest

from ngnmm_core.simulation.stimuli import Stimulus
from ngnmm_core.simulation.waveforms import waveform


def at(stimulus, *times):
    values = {
        "amplitude": np.array([3.0]),
        "onset_ms": np.array([50.0]),
        "duration_ms": np.array([np.nan if stimulus.duration_ms is None else stimulus.duration_ms]),
        "frequency_hz": np.array([stimulus.frequency_hz]),
        "phase_deg": np.array([stimulus.phase_deg]),
    }
    return waveform(stimulus, values, np.array(times))[:, 0].tolist()


@pytest.mark.parametrize("duration", [1.0, 20.0, 1000.0])
def test_a_pulse_lasts_as_long_as_it_is_said_to(duration):
    pulse = Stimulus(parameter="I_ext_e", duration_ms=duration)
    end = 50.0 + duration
    assert at(pulse, 50 - 1e-6, 50 + 1e-6, end - 1e-6, end + 1e-6, end + 0.01 * duration) == [0, 3, 3, 0, 0]


def test_a_pulse_without_a_duration_lasts_to_the_end():
    assert at(Stimulus(parameter="I_ext_e"), 49.0, 51.0, 1e6) == [0, 3, 3]


def test_every_pulse_of_a_train_lasts_as_long_and_there_are_as_many_as_asked():
    train = Stimulus(parameter="I_ext_e", duration_ms=4.0, period_ms=10.0, count=3)
    for k in range(3):
        start, end = 50.0 + 10.0 * k, 54.0 + 10.0 * k
        assert at(train, start + 1e-6, end - 1e-6, end + 1e-6, end + 0.04) == [3, 3, 0, 0]
    assert at(train, 80.0 + 1e-6, 83.0) == [0, 0]


def test_a_sinusoid_ends_with_its_duration():
    wave = Stimulus(parameter="I_ext_e", kind="sinusoid", duration_ms=100.0, frequency_hz=10.0, phase_deg=90.0)
    found = at(wave, 50.0 + 1e-9, 100.0, 150.0 - 1e-9, 150.0 + 1e-9, 151.0)
    assert found == pytest.approx([3.0, -3.0, 3.0, 0.0, 0.0])
