"""The waveforms of stimuli at every point, handed to the kernels as a polynomial inside each integration step."""

from collections.abc import Mapping, Sequence

import numpy as np

from ngnmm_core.kernels.functions import WAVEFORM_POWERS as POWERS
from ngnmm_core.simulation.stimuli import Stimulus, timed_values


def waveform(stimulus: Stimulus, values: Mapping[str, np.ndarray], times_ms: np.ndarray) -> np.ndarray:
    """Evaluate the waveform at given times: array [time, point].

    Parameters
    ----------
    values : mapping of field to array (point,)
        See `field_values`.
    times_ms : array (time,)
        From the start of the simulation; never exactly at a jump.
    """
    t = times_ms[:, None] - values["onset_ms"]
    duration = np.where(np.isnan(values["duration_ms"]), np.inf, values["duration_ms"])
    if stimulus.kind == "table":
        shape = np.interp(t.ravel(), stimulus.times_ms, stimulus.values, left=0.0, right=0.0).reshape(t.shape)
        return values["amplitude"] * shape
    on = (t >= 0) & (t < duration)
    if stimulus.kind == "sinusoid":
        phase = 2.0 * np.pi * (values["frequency_hz"] * t / 1000.0 + values["phase_deg"] / 360.0)
        return np.where(on, values["amplitude"] * np.sin(phase), 0.0)
    if stimulus.count > 1:
        number = np.floor(t / stimulus.period_ms)
        on = (t - number * stimulus.period_ms < duration) & (number >= 0) & (number < stimulus.count)
    return np.where(on, values["amplitude"], 0.0)


# Nodes inside a step, none at its ends, where a waveform may jump; and the matrix from values there to powers.
NODES = 0.5 - 0.5 * np.cos(np.pi * (np.arange(POWERS) + 0.5) / POWERS)
TO_POWERS = np.linalg.inv(np.vander(NODES, POWERS, increasing=True))


class Schedule:
    """The stimuli of a batch of points, step by step.

    Parameters
    ----------
    stimuli : sequence of Stimulus
    drives : sequence of str
        Drives of the model.
    labels : sequence of str
        Labels of the regions.
    columns : mapping of name to array (point,)
        Of the points; those count that are numbers of stimuli.
    points : int
    """

    def __init__(self, stimuli: Sequence[Stimulus], drives, labels, columns: Mapping[str, np.ndarray], points: int):
        self.stimuli, self.points = tuple(stimuli), points
        self.values = timed_values(self.stimuli, columns, points)
        self.target = np.array([list(drives).index(s.parameter) for s in self.stimuli], np.int64)
        self.labels = labels

    def shape(self) -> np.ndarray:
        """Weight of every region, [point, stimulus, region]."""
        shape = np.zeros((self.points, len(self.stimuli), len(self.labels)))
        for k, (stimulus, values) in enumerate(zip(self.stimuli, self.values, strict=True)):
            shape[:, k] = stimulus.weights(self.labels)
            single = ~np.isnan(values["region"])
            shape[single, k] = np.arange(len(self.labels)) == values["region"][single, None]
        return shape

    def powers(self, first_step: int, steps: int, dt_ms: float) -> np.ndarray:
        """Coefficients of the waveforms within steps, [point, step, stimulus, power]."""
        result = np.zeros((self.points, steps, len(self.stimuli), POWERS))
        for k, (stimulus, values) in enumerate(zip(self.stimuli, self.values, strict=True)):
            nodes = NODES[:1] if stimulus.kind == "pulse" else NODES  # a pulse is constant inside a step
            times = (first_step + np.arange(steps)[:, None] + nodes).ravel() * dt_ms
            at_nodes = waveform(stimulus, values, times).reshape(steps, len(nodes), self.points)
            if stimulus.kind == "pulse":
                result[:, :, k, 0] = at_nodes[:, 0].T
            else:
                # summed in a fixed order, so that a point's bits do not depend on the number of points
                for node in range(POWERS):
                    result[:, :, k] += at_nodes[:, node].T[:, :, None] * TO_POWERS[:, node]
        return result
