"""Working memory in a delayed match-to-sample task: is the cue held through the delay, and is the probe matched to it?

A trial has a fixation, a cue, a delay and a probe.  Cue and probe are stimuli of the study; fixation is what comes
before the cue, and the delay what lies between the end of the cue and the onset of the probe.  The regions that the cue
acts on are the item; a cue of amplitude 0 is a trial without one.  A region counts as active while its smoothed firing
rate is above the threshold of `recruitment`: half way between rest and one active region among resting ones.

The item is held as long as at least half of its regions are active; once they have not been for a minimal time it is
lost, and does not come back with activity that noise ignites.  It is told from others if few of the other regions are
active at the end of the delay.  Without a cue the regions of the item must not be active then.  At the end of the probe
the answer is "match" if at least half of the probed regions have rates above the threshold that holds under the probe:
half way between what the probe makes of a resting and of an active region.  It is right if cue and probe were at the
same regions ("match") or not ("no match").

Active states that outlast a stimulus as memory: Schmidt, Avitabile, Montbrio, Roxin, PLoS Comput. Biol. 14, e1006430
(2018), doi:10.1371/journal.pcbi.1006430, for populations of this kind.
"""

from typing import Any

import numpy as np
from pydantic import Field

from ngnmm_core.analysis.activity_threshold import input_threshold_rates, population_index, threshold_rates
from ngnmm_core.analysis.contract import KHZ, Analysis, Options, Variable, status
from ngnmm_core.analysis.memory_protocol import check_protocol
from ngnmm_core.simulation.observation import SampledWindow
from ngnmm_core.simulation.stimuli import end_of
from ngnmm_core.simulation.waveforms import Schedule
from ngnmm_core.storage.flags import Status
from ngnmm_core.streaming.crossings import NEVER, Smoother, Stays

OUTCOMES = ("hit", "miss", "unspecific", "correct_rejection", "false_alarm")
HIT, MISS, UNSPECIFIC, CORRECT_REJECTION, FALSE_ALARM = range(len(OUTCOMES))
ANSWERS = ("no_match", "match")
EVENTS = ("cue_onset", "cue_end", "probe_onset", "probe_end")
MAJORITY = 0.5


class MemoryStatus(Status):
    """Outcome of the trials."""

    NO_THRESHOLD, ACTIVE_BEFORE_CUE = 2, 3


class MemoryOptions(Options):
    """Options of the working memory."""

    cue: str = Field("cue", description="name of the stimulus that is the cue")
    probe: str | None = Field(
        "probe", description="name of the stimulus that is the probe; null: the delay lasts to the end"
    )
    population: str | None = Field(None, description="population whose rate counts; the model's first if not given")
    between: float = Field(
        0.5, gt=0, lt=1, description="thresholds between the rates at rest (0) and of one active region (1)"
    )
    threshold_hz: float | None = Field(
        None, gt=0, description="both thresholds (Hz), for models or points without these two states"
    )
    smooth_ms: float = Field(10.0, ge=0, description="time constant of the first-order smoothing of the rate (ms)")
    minimal_ms: float = Field(
        50.0, gt=0, description="time (ms) that the item must be gone to be lost; the shortest delay"
    )
    most_others: float = Field(
        0.1, ge=0, le=1, description="share of the regions outside the item that may be active at the end of the delay"
    )


class MemoryReducer:
    """Watches the smoothed rate of every region, and reads it at the ends of the epochs."""

    def __init__(self, options: MemoryOptions, window: SampledWindow):
        self.options, self.window, self.points = options, window, window.points
        self.population = population_index("analyses.memory.population", window.model, options.population)
        self._schedule(options, window)
        self.threshold = threshold_rates(window, self.population, options.between, options.threshold_hz)
        self.smoother = Smoother(options.smooth_ms, window.sample_ms)
        read = ("cue_onset", "probe_onset", "probe_end")
        self.samples = {event: self._sample(self.times[event]) for event in read}
        self.read = {event: np.full((self.points, window.regions), np.nan) for event in read}
        self.position = 0
        self.stays: Any = None  # made when the first samples tell their shape

    def _schedule(self, options: MemoryOptions, window: SampledWindow) -> None:
        """Find the times of the events [point], regions of cue and probe [point, region], and amplitudes [point]."""
        schedule = Schedule(
            window.stimuli, window.model.drives, window.connectome.labels, window.columns, window.points
        )
        names, shape = [s.name for s in window.stimuli], schedule.shape()
        included = np.ones(shape.shape[::2], bool) if window.included is None else window.included > 0
        end = np.full(self.points, window.start_ms + window.samples * window.sample_ms)
        cue = names.index(options.cue)
        self.times = {
            "cue_onset": schedule.values[cue]["onset_ms"],
            "cue_end": end_of(window.stimuli[cue], schedule.values[cue]),
            "probe_onset": end,
            "probe_end": np.full(self.points, np.nan),
        }
        self.cued, self.included = (shape[:, cue] != 0) & included, included
        self.cue_given = schedule.values[cue]["amplitude"] != 0
        self.probe_weights = np.zeros(included.shape)
        if options.probe is not None:
            probe = names.index(options.probe)
            values = schedule.values[probe]
            self.times |= {"probe_onset": values["onset_ms"], "probe_end": end_of(window.stimuli[probe], values)}
            self.probe_weights = np.where(included, shape[:, probe] * values["amplitude"][:, None], 0.0)
        self.probed = self.probe_weights != 0

    def _sample(self, times: np.ndarray) -> np.ndarray:
        """Index of the last sample at or before times, [point]; -1 for none."""
        window = self.window
        index = np.floor((times - window.start_ms) / window.sample_ms + 1e-6) - 1
        return np.where(np.isfinite(times), np.minimum(index, window.samples - 1), -1).astype(np.int64)

    def consume(self, block) -> None:
        """Take in the next samples."""
        rate = block.rate(self.population)  # [sample, group, region, lane]
        if self.stays is None:
            self._start(rate.shape)
        smooth = self.smoother(rate).reshape(rate.shape)
        share = ((smooth > self.lane_threshold) & self.lane_cued).sum(axis=2) / self.lane_count
        self.stays.consume(np.ascontiguousarray(share.reshape(len(share), -1)))
        for event, samples in self.samples.items():
            here = np.flatnonzero((samples >= self.position) & (samples < self.position + len(smooth)))
            if here.size:
                width = rate.shape[3]
                self.read[event][here] = smooth[samples[here] - self.position, here // width, :, here % width]
        self.position += len(smooth)

    def _start(self, shape: tuple[int, ...]) -> None:
        """Lays out per lane what is known per point; the padding repeats the last point."""
        _, groups, _, width = shape
        index = np.minimum(np.arange(groups * width), self.points - 1)

        def lanes(values: np.ndarray) -> np.ndarray:
            """[point, region] as [group, region, lane]."""
            return np.ascontiguousarray(values[index].reshape(groups, width, -1).transpose(0, 2, 1))

        self.lane_threshold = lanes(self.threshold[:, None])
        self.lane_cued = lanes(self.cued)
        self.lane_count = np.maximum(self.lane_cued.sum(axis=1), 1)
        minimal = round(self.options.minimal_ms / self.window.sample_ms)
        earliest = self._sample(self.times["cue_end"]) + 1
        half, latest = np.full(len(index), MAJORITY), self.samples["probe_onset"][index]
        self.stays = Stays(half, minimal, earliest[index], above=False, latest=latest)

    def finish(self, activity) -> dict[str, np.ndarray]:
        """Outcomes of the trials, [point], and what they were decided from."""
        threshold, others = self.threshold[:, None], self.included & ~self.cued
        rates = self.read
        held, other = (_share(rates["probe_onset"] > threshold, where) for where in (self.cued, others))
        before = _share(rates["cue_onset"] > threshold, self.cued) >= MAJORITY
        code = np.where(
            np.isnan(self.threshold),
            MemoryStatus.NO_THRESHOLD,
            np.where(before, MemoryStatus.ACTIVE_BEFORE_CUE, MemoryStatus.OK),
        )
        code = np.where(self.cued.any(axis=1), code, MemoryStatus.NO_THRESHOLD)
        defined = code == MemoryStatus.OK
        loss = self._losses()
        outcome = np.where(defined, self._outcome(np.isnan(loss), held >= MAJORITY, other), -1)
        loss[~(defined & self.cue_given)] = np.nan
        return {
            "delay_outcome": outcome.astype(np.int8),
            "loss_time": loss,
            "delay_duration": self.times["probe_onset"] - self.times["cue_end"],
            "cued_active_fraction": np.where(defined, held, np.nan),
            "other_active_fraction": np.where(defined, other, np.nan),
            "cued_rate": KHZ * _mean(rates["probe_onset"], self.cued),
            "other_rate": KHZ * _mean(rates["probe_onset"], others),
            "activity_threshold": KHZ * self.threshold,
            **self._answers(defined),
            "is_cued": (self.cued & self.cue_given[:, None]).astype(np.int8),
            "is_probed": self.probed.astype(np.int8),
            "event_time": np.stack([self.times[event] for event in EVENTS], axis=1),
            "memory_status": code.astype(np.int8),
        }

    def _outcome(self, held: np.ndarray, active: np.ndarray, other: np.ndarray) -> np.ndarray:
        """From whether the item was held, whether its regions are active at the end, and the share of others active."""
        spread = np.nan_to_num(other) > self.options.most_others
        with_cue = np.where(held, np.where(spread, UNSPECIFIC, HIT), MISS)
        return np.where(self.cue_given, with_cue, np.where(active | spread, FALSE_ALARM, CORRECT_REJECTION))

    def _losses(self) -> np.ndarray:
        """Time from the end of the cue to the loss of the item, [point]; NaN if it is held."""
        window, first = self.window, self.stays.first[: self.points]
        at = window.start_ms + (first + 1) * window.sample_ms
        return np.where(first == NEVER, np.nan, at - self.times["cue_end"])

    def _answers(self, defined: np.ndarray) -> dict[str, np.ndarray]:
        """Give the answer to the probe and the right one; undefined without a probe, or where it decides alone."""
        thresholds = self._probe_thresholds()
        above = self.read["probe_end"] > thresholds
        known = defined & self.probed.any(axis=1) & np.isfinite(np.where(self.probed, thresholds, 0.0)).all(axis=1)
        item = self.cued & self.cue_given[:, None]
        same, apart = (item == self.probed).all(axis=1), ~(item & self.probed).any(axis=1)
        right = np.where(same, 1, np.where(apart, 0, -1))
        answer = np.where(known, _share(above, self.probed) >= MAJORITY, -1)
        return {
            "right_answer": np.where(self.probed.any(axis=1), right, -1).astype(np.int8),
            "answer": answer.astype(np.int8),
            "probed_rate": KHZ * _mean(self.read["probe_end"], self.probed),
            "answer_threshold": KHZ * _mean(thresholds, self.probed),
        }

    def _probe_thresholds(self) -> np.ndarray:
        """Compute the threshold under the probe, [point, region]; NaN for regions that are not probed."""
        thresholds = np.full(self.probed.shape, np.nan)
        weights = np.where(self.probed, self.probe_weights, np.nan)
        while np.isfinite(weights).any():
            some = np.nanmax(np.where(np.isfinite(weights), weights, -np.inf), axis=1)
            amplitudes = np.where(np.isfinite(some), some, 0.0)
            found = input_threshold_rates(
                self.window, self.population, self.options.between, self.options.threshold_hz, amplitudes
            )
            here = weights == some[:, None]
            thresholds = np.where(here, found[:, None], thresholds)
            weights[here] = np.nan
        return thresholds


def _share(true: np.ndarray, where: np.ndarray) -> np.ndarray:
    """Share of some regions of every point for which something is true, [point]; NaN for none."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return (true & where).sum(axis=1) / where.sum(axis=1)


def _mean(values: np.ndarray, where: np.ndarray) -> np.ndarray:
    """Mean over some regions of every point, [point]; NaN for none."""
    return np.array([row[chosen].mean() if chosen.any() else np.nan for row, chosen in zip(values, where, strict=True)])


def variables(options: MemoryOptions) -> tuple[Variable, ...]:
    """List the variables that this analysis writes."""
    region = ("region",)
    return (
        Variable("delay_outcome", (), "1", "outcome of the trial at the end of the delay", "int8", flags=OUTCOMES),
        Variable("loss_time", (), "ms", "time from the end of the cue to the loss of the item; missing if it is held"),
        Variable("delay_duration", (), "ms", "length of the delay"),
        Variable("cued_active_fraction", (), "1", "share of the cued regions active after the delay", "float32"),
        Variable("other_active_fraction", (), "1", "share of the others active after the delay", "float32"),
        Variable("cued_rate", (), "Hz", "mean smoothed rate of the cued regions after the delay", "float32"),
        Variable("other_rate", (), "Hz", "mean smoothed rate of the others after the delay", "float32"),
        Variable("activity_threshold", (), "Hz", "firing rate above which a region counts as active"),
        Variable("right_answer", (), "1", "whether cue and probe match", "int8", flags=ANSWERS),
        Variable("answer", (), "1", "answer of the trial at the end of the probe", "int8", flags=ANSWERS),
        Variable("probed_rate", (), "Hz", "mean smoothed rate of the probed regions after the probe", "float32"),
        Variable("answer_threshold", (), "Hz", "firing rate above which a probed region speaks for a match"),
        Variable("is_cued", region, "1", "1 for the regions of a cue that is given", "int8"),
        Variable("is_probed", region, "1", "1 for the regions of the probe", "int8"),
        Variable("event_time", ("event",), "ms", "time of an event since the start of the simulation"),
        status("memory", MemoryStatus),
    )


def coordinates(options: MemoryOptions, window: SampledWindow):
    """Name the events of a trial."""
    return {"event": (list(EVENTS), "1", "event of a trial")}


ANALYSIS = Analysis(
    name="memory",
    title="Working memory in a delayed match-to-sample task",
    needs="simulation",
    options=MemoryOptions,
    variables=variables,
    reducer=MemoryReducer,
    coordinates=coordinates,
    check=check_protocol,
)
