"""Spread of activity from a focus: when each region is recruited, in which order, and how that follows the connectome.

A region counts as recruited from the moment at which its smoothed firing rate rises above a threshold and then stays
above it for a minimal time.  By default the threshold is half way between the rate at rest and that of one active
region among resting ones, both equilibria of the model at the point (`ngnmm_core.dynamics.bistable_range`).
"""

from functools import lru_cache

import numpy as np
from pydantic import Field

from ngnmm_core.analysis.activity_threshold import check_threshold, population_index, threshold_rates
from ngnmm_core.analysis.contract import KHZ, Analysis, Options, Variable, status
from ngnmm_core.analysis.maps import Look, Map, as_it_is
from ngnmm_core.analysis.path_lengths import Distances, distances_from
from ngnmm_core.errors import InputError, unknown
from ngnmm_core.simulation.observation import SampledWindow
from ngnmm_core.simulation.stimuli import Stimulus
from ngnmm_core.simulation.waveforms import Schedule
from ngnmm_core.storage.flags import Status
from ngnmm_core.streaming.crossings import NEVER, Smoother, Stays

MEASURES = ("path_length", "path_steps", "path_tract_length", "focal_weight")
FEWEST_FOR_CORRELATION = 5


class RecruitmentStatus(Status):
    """Outcome of the recruitment."""

    NO_THRESHOLD, ACTIVE_BEFORE_STIMULUS, NOTHING_RECRUITED = 2, 3, 4


class RecruitmentOptions(Options):
    """Options of the recruitment."""

    stimulus: str | None = Field(None, description="name of the focal stimulus; the first one if not given")
    population: str | None = Field(None, description="population whose rate counts; the model's first if not given")
    between: float = Field(
        0.5, gt=0, lt=1, description="threshold between the rates at rest (0) and of one active region (1)"
    )
    threshold_hz: float | None = Field(
        None, gt=0, description="the threshold itself (Hz), for models or points without these two states"
    )
    smooth_ms: float = Field(10.0, ge=0, description="time constant of the first-order smoothing of the rate (ms)")
    minimal_ms: float = Field(50.0, gt=0, description="time that the rate must stay above the threshold (ms)")


def check(options: RecruitmentOptions, study) -> None:
    """There must be a stimulus, within the window, and enough time after its onset.

    Raises
    ------
    InputError
        Without a stimulus, for an unknown one, or for an onset outside the window.
    """
    stimuli, simulation = study.simulation.stimuli, study.simulation
    if not stimuli:
        raise InputError("analyses.recruitment: there is no stimulus; allowed: one in simulation.stimuli")
    names = [s.name for s in stimuli]
    if options.stimulus is not None and options.stimulus not in names:
        raise unknown("analyses.recruitment.stimulus", options.stimulus, names)
    population_index("analyses.recruitment.population", study.model, options.population)
    check_threshold("analyses.recruitment", study, options, options.threshold_hz)
    stimulus = _focal(options, stimuli)
    for onset in study.stimulus_times()[stimulus.name][0]:
        last = simulation.duration_ms - options.minimal_ms
        if not simulation.transient_ms < onset <= last:
            raise InputError(
                f"simulation.stimuli.{stimulus.name}.onset_ms: {onset:g} is outside the window that recruitment looks "
                f"at; allowed: more than transient_ms = {simulation.transient_ms:g}, at most {last:g}"
            )


def _focal(options: RecruitmentOptions, stimuli) -> Stimulus:
    return stimuli[0] if options.stimulus is None else next(s for s in stimuli if s.name == options.stimulus)


class RecruitmentReducer:
    """Watches the smoothed rate of every region."""

    def __init__(self, options: RecruitmentOptions, window: SampledWindow):
        self.options, self.window, self.points = options, window, window.points
        self.population = population_index("analyses.recruitment.population", window.model, options.population)
        stimulus = _focal(options, window.stimuli)
        schedule = Schedule(
            window.stimuli, window.model.drives, window.connectome.labels, window.columns, window.points
        )
        k = window.stimuli.index(stimulus)
        self.stimulus_onset = schedule.values[k]["onset_ms"]
        self.focus = schedule.shape()[:, k] != 0.0  # [point, region]
        self.threshold = threshold_rates(window, self.population, options.between, options.threshold_hz)
        self.smoother = Smoother(options.smooth_ms, window.sample_ms)
        self.stays: Stays | None = None

    def consume(self, block) -> None:
        """Take in the next samples."""
        rate = block.rate(self.population)  # [sample, group, region, lane]
        if self.stays is None:
            self.shape = rate.shape[1:]
            threshold = self._channels(np.repeat(self.threshold[:, None], self.shape[1], axis=1))
            minimal = round(self.options.minimal_ms / self.window.sample_ms)
            self.stays = Stays(threshold, minimal, np.zeros(threshold.shape, np.int64))
            self.peak = np.zeros(threshold.shape)
        smooth = self.smoother(rate)
        self.stays.consume(smooth)
        np.maximum(self.peak, smooth.max(axis=0), out=self.peak)

    def _channels(self, values: np.ndarray) -> np.ndarray:
        """[point, region] as [channel] in the order of the samples; the padding repeats the last point."""
        groups, regions, width = self.shape
        padded = values[np.minimum(np.arange(groups * width), len(values) - 1)]
        return np.ascontiguousarray(padded.reshape(groups, width, regions).transpose(0, 2, 1)).reshape(-1)

    def _by_point(self, flat: np.ndarray) -> np.ndarray:
        array = flat.reshape(self.shape)
        return np.moveaxis(array, -1, 1).reshape(-1, array.shape[1])[: self.points]

    def finish(self, activity) -> dict[str, np.ndarray]:
        """Onsets and what follows from them, [point, region], and a status per point."""
        window = self.window
        first = self._by_point(self.stays.first)
        included = np.ones(first.shape, bool) if window.included is None else window.included > 0
        recruited = (first != NEVER) & included
        onset = np.where(recruited, window.start_ms + (first + 1) * window.sample_ms, np.nan)
        away = included & ~self.focus
        code = np.where((recruited & away).any(axis=1), RecruitmentStatus.OK, RecruitmentStatus.NOTHING_RECRUITED)
        early = (onset < self.stimulus_onset[:, None]).any(axis=1)
        code = np.where(
            early,
            RecruitmentStatus.ACTIVE_BEFORE_STIMULUS,
            np.where(np.isnan(self.threshold), RecruitmentStatus.NO_THRESHOLD, code),
        )
        defined = np.isin(code, (RecruitmentStatus.OK, RecruitmentStatus.NOTHING_RECRUITED))
        onset[~defined] = np.nan
        with np.errstate(invalid="ignore", divide="ignore"):
            fraction = (recruited & away).sum(axis=1) / away.sum(axis=1)
        peak = np.where(included, KHZ * self._by_point(self.peak), np.nan)
        latency = onset - self.stimulus_onset[:, None]
        return {
            "onset_time": onset,
            "latency": latency,
            "recruitment_order": _order(onset),
            "peak_rate": peak,
            "recruited_fraction": np.where(defined, fraction, np.nan),
            "median_latency": _median(np.where(away, latency, np.nan)),
            "recruitment_threshold": KHZ * self.threshold,
            "recruitment_status": code.astype(np.int8),
            **self._structure(np.where(away, latency, np.nan)),
        }

    def _structure(self, latency: np.ndarray) -> dict[str, np.ndarray]:
        """Distances of all regions from the focus, and the rank correlation of the latencies with each of them."""
        found = [self._distances(k) for k in range(self.points)]
        arrays = {
            "path_length": np.stack([d.length for d in found]),
            "path_steps": np.stack([d.steps for d in found]),
            "path_tract_length": np.stack([d.tract_length for d in found]),
            "focal_weight": np.stack([d.weight for d in found]),
        }
        correlation = [[_rank_correlation(latency[k], arrays[m][k]) for m in MEASURES] for k in range(self.points)]
        return {**arrays, "latency_correlation": np.array(correlation).reshape(self.points, len(MEASURES))}

    def _distances(self, k: int) -> Distances:
        window, W = self.window, self.window.connectome.weights
        mask = np.ones(len(W)) if window.included is None else window.included[k]
        gain = np.ones(len(W)) if window.gain is None else window.gain[k]
        lengths = window.connectome.tract_length
        factors = (self.focus[k].tobytes(), mask.tobytes(), gain.tobytes())
        return _cached_distances(W.tobytes(), factors, None if lengths is None else lengths.tobytes())


@lru_cache(maxsize=4096)
def _cached_distances(W: bytes, factors: tuple[bytes, bytes, bytes], lengths: bytes | None) -> Distances:
    """Distances in the network with its lesions; points that differ in other things share them."""
    focus, (mask, gain) = np.frombuffer(factors[0], bool), map(np.frombuffer, factors[1:])
    shape = (len(mask), len(mask))
    effective = gain[:, None] * np.frombuffer(W).reshape(shape) * mask
    tracts = None if lengths is None else np.frombuffer(lengths).reshape(shape)
    return distances_from(effective, np.flatnonzero(focus & (mask > 0)), tracts)


def _median(latency: np.ndarray) -> np.ndarray:
    """Median of every row over what is known of it; NaN if nothing is."""
    known = [row[np.isfinite(row)] for row in latency]
    return np.array([np.median(row) if row.size else np.nan for row in known])


def _order(onset: np.ndarray) -> np.ndarray:
    """Rank of every onset within its point, from 1; equal onsets share the lower one; -1 for regions without."""
    order = np.full(onset.shape, -1, np.int32)
    for k, row in enumerate(onset):
        known = np.flatnonzero(np.isfinite(row))
        order[k, known] = 1 + (row[known][:, None] > row[known][None, :]).sum(axis=1)
    return order


def _rank_correlation(latency: np.ndarray, measure: np.ndarray) -> float:
    """Spearman's correlation over the regions where both are known; NaN for few, or if one does not vary."""
    from scipy.stats import spearmanr

    both = np.isfinite(latency) & np.isfinite(measure)
    x, y = latency[both], measure[both].astype(float)
    if both.sum() < FEWEST_FOR_CORRELATION or np.ptp(x) == 0 or np.ptp(y) == 0:
        return np.nan
    return float(spearmanr(x, y).statistic)


def variables(options: RecruitmentOptions) -> tuple[Variable, ...]:
    """List the variables that this analysis writes."""
    region = ("region",)
    return (
        Variable("onset_time", region, "ms", "time of recruitment since the start of the simulation"),
        Variable("latency", region, "ms", "time of recruitment since the onset of the stimulus"),
        Variable("recruitment_order", region, "1", "rank of recruitment, from 1; equal times share a rank", "int32"),
        Variable("peak_rate", region, "Hz", "largest smoothed firing rate", "float32"),
        Variable("recruited_fraction", (), "1", "share of the regions outside the focus that are recruited"),
        Variable("median_latency", (), "ms", "median latency of the recruited regions outside the focus"),
        Variable("recruitment_threshold", (), "Hz", "firing rate above which a region counts as recruited"),
        Variable("path_length", region, "1", "shortest path from the focus: sum of the inverse weights", "float32"),
        Variable("path_steps", region, "1", "number of connections of that path", "int32"),
        Variable("path_tract_length", region, "mm", "length of the tracts along that path", "float32"),
        Variable("focal_weight", region, "1", "weight of what the region receives from the focus", "float32"),
        Variable("latency_correlation", ("path_measure",), "1", "rank correlation of the latencies with a distance"),
        status("recruitment", RecruitmentStatus),
    )


def coordinates(options: RecruitmentOptions, window: SampledWindow):
    """Name the measures of distance from the focus."""
    return {"path_measure": (list(MEASURES), "1", "measure of the distance from the focus")}


FRACTION = Map(
    "recruited_fraction",
    "recruited_fraction",
    "fraction of the regions recruited",
    "**Fraction recruited**: share of the regions outside the focus whose smoothed firing rate rises above the "
    "threshold and stays there.",
    as_it_is,
    Look("flare", 0.0, 1.0),
    title="fraction recruited",
    statuses=("simulation_status", "recruitment_status"),
    over_regions=False,
)
LATENCY = Map(
    "median_latency",
    "median_latency",
    "median latency",
    "**Median latency**: time from the onset of the stimulus to the recruitment, median over the recruited regions "
    "outside the focus.",
    as_it_is,
    Look("viridis_r", low=0.0),
    statuses=("simulation_status", "recruitment_status"),
    over_regions=False,
)

ANALYSIS = Analysis(
    name="recruitment",
    title="Recruitment of regions by a focal stimulus",
    needs="simulation",
    options=RecruitmentOptions,
    variables=variables,
    reducer=RecruitmentReducer,
    coordinates=coordinates,
    check=check,
    maps=lambda options: (FRACTION, LATENCY),
    compares_regions=True,
)
