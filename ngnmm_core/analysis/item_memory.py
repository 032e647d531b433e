"""Working memory of several items: populations of one region, of which a cue loads one and a probe reads it out.

An item is a population with a drive of its own, such as those of `ngnmm_memory`.  The cue is a stimulus of one of these
drives, and its item the cued one; the probe is any later stimulus: a weak one that reaches all items alike (I_S there)
wakes the one that the network remembers.  A cue of amplitude 0 is a trial without one.

An item is active while at least half of the regions of the cue have a rate above the threshold.  It is *held* if it is
active at the end of the delay.  If it is not, but the probe makes it active, the memory was *silent*: in the synapses,
as facilitation outlasts activity.  Otherwise it is lost.  If another item is active at the end of the delay or during
the probe, the two are confused.

Mongillo, Barak, Tsodyks, Science 319, 1543 (2008), doi:10.1126/science.1150769; Taher, Torcini, Olmi, PLoS Comput.
Biol. 16, e1008533 (2020), doi:10.1371/journal.pcbi.1008533.
"""

import numpy as np
from pydantic import Field

from ngnmm_core.analysis.contract import KHZ, Analysis, Options, Variable, status
from ngnmm_core.analysis.maps import Look, Map, as_it_is
from ngnmm_core.analysis.memory_protocol import check_epochs
from ngnmm_core.errors import InputError, twice, unknown
from ngnmm_core.simulation.observation import SampledWindow
from ngnmm_core.simulation.stimuli import end_of
from ngnmm_core.simulation.waveforms import Schedule
from ngnmm_core.storage.flags import Status
from ngnmm_core.streaming.crossings import Smoother

KEY = "analyses.item_memory"
OUTCOMES = ("held", "silent", "lost", "confused", "correct_rejection", "false_alarm")
HELD, SILENT, LOST, CONFUSED, CORRECT_REJECTION, FALSE_ALARM = range(len(OUTCOMES))
MAJORITY = 0.5


class ItemMemoryStatus(Status):
    """Outcome of the trials."""

    ACTIVE_BEFORE_CUE = 2


class ItemMemoryOptions(Options):
    """Options of the memory of items."""

    items: list[str] = Field(
        ["item_1", "item_2"], min_length=2, description="populations that are the items, each with a drive of its own"
    )
    cue: str = Field("cue", description="name of the stimulus that loads an item, by the drive of that item")
    probe: str | None = Field(
        "probe", description="name of the stimulus that reads the memory out; null: the delay lasts to the end"
    )
    threshold_hz: float = Field(7.0, gt=0, description="rate (Hz) above which a region counts as active")
    smooth_ms: float = Field(0.0, ge=0, description="time constant of the first-order smoothing of the rate (ms)")
    minimal_ms: float = Field(50.0, gt=0, description="the shortest delay (ms)")


def _drives(model, items) -> list[str]:
    """Look up the drive of every item.

    Raises
    ------
    InputError
        For items that are no populations of the model with a rate and a drive of their own, or occur twice.
    """
    known = {p.name: p.drive for p in model.populations if p.drive is not None and p.rate is not None}
    for name in items:
        if not known:
            raise InputError(f"{KEY}: no population of {model.name} has a drive of its own; allowed: ngnmm_memory")
        if name not in known:
            raise unknown(f"{KEY}.items", name, known)
    if repeated := twice(items):
        raise InputError(f"{KEY}.items: '{repeated}' occurs twice; allowed: every item once")
    return [known[name] for name in items]


def check(options: ItemMemoryOptions, study) -> None:
    """Check that the items exist, that the cue loads one of them, and that the epochs are in order.

    Raises
    ------
    InputError
        Naming the key, the value found and what is allowed.
    """
    drives = _drives(study.model, options.items)
    check_epochs(KEY, options, study)
    cue = next(s for s in study.simulation.stimuli if s.name == options.cue)
    if cue.parameter not in drives:
        raise unknown(f"simulation.stimuli.{cue.name}.parameter", cue.parameter, drives)


class ItemMemoryReducer:
    """Follows the smoothed rate of every item, at the ends of the epochs and at its highest in cue and probe."""

    def __init__(self, options: ItemMemoryOptions, window: SampledWindow):
        self.options, self.window, self.points = options, window, window.points
        names = [p.name for p in window.model.populations]
        self.populations = [names.index(item) for item in options.items]
        self._schedule(_drives(window.model, options.items))
        shape = (len(self.populations), self.points, window.regions)
        self.smoothers = [Smoother(options.smooth_ms, window.sample_ms) for _ in self.populations]
        self.before, self.end = np.full(shape, np.nan), np.full(shape, np.nan)
        self.loaded, self.recalled = np.full(shape, -np.inf), np.full(shape, -np.inf)
        self.position = 0

    def _schedule(self, drives: list[str]) -> None:
        """Find the samples of the epochs [point], the cued item, and the regions of the cue [point, region]."""
        window, options = self.window, self.options
        schedule = Schedule(
            window.stimuli, window.model.drives, window.connectome.labels, window.columns, window.points
        )
        names = [s.name for s in window.stimuli]
        cue, values = names.index(options.cue), schedule.values[names.index(options.cue)]
        included = True if window.included is None else window.included > 0
        self.regions = (schedule.shape()[:, cue] != 0) & included
        self.cued = np.where(values["amplitude"] != 0, drives.index(window.stimuli[cue].parameter), -1)
        self.cue = values["onset_ms"], end_of(window.stimuli[cue], values)
        last = np.full(self.points, window.start_ms + window.samples * window.sample_ms)
        self.probe = last, np.full(self.points, np.nan)
        if options.probe is not None:
            probe = names.index(options.probe)
            values = schedule.values[probe]
            self.probe = values["onset_ms"], end_of(window.stimuli[probe], values)
        self.spans = [tuple(self._sample(t) for t in span) for span in (self.cue, self.probe)]

    def _sample(self, times: np.ndarray) -> np.ndarray:
        """Index of the last sample at or before times, [point]; -1 for none."""
        window = self.window
        index = np.floor((times - window.start_ms) / window.sample_ms + 1e-6) - 1
        return np.where(np.isfinite(times), np.minimum(index, window.samples - 1), -1).astype(np.int64)

    def consume(self, block) -> None:
        """Take in the next samples."""
        for k, population in enumerate(self.populations):
            rate = block.rate(population)  # [sample, group, region, lane]
            smooth = self.smoothers[k](rate).reshape(rate.shape)
            by_point = np.moveaxis(smooth, -1, 2).reshape(len(smooth), -1, rate.shape[2])
            for point in range(self.points):
                self._take(k, point, by_point[:, point])
        self.position += len(smooth)

    def _take(self, item: int, point: int, rate: np.ndarray) -> None:
        """Take in the next samples [sample, region] of an item at one point."""
        within = lambda index: 0 <= index - self.position < len(rate)
        for samples, kept in ((self.spans[0][0], self.before), (self.spans[1][0], self.end)):
            if within(samples[point]):
                kept[item, point] = rate[samples[point] - self.position]
        for (first, last), highest in zip(self.spans, (self.loaded, self.recalled), strict=True):
            ends = np.clip(np.array([first[point], last[point]]) + 1 - self.position, 0, len(rate))
            if ends[0] < ends[1]:
                np.maximum(highest[item, point], rate[ends[0] : ends[1]].max(axis=0), out=highest[item, point])

    def finish(self, activity) -> dict[str, np.ndarray]:
        """Rates of the items in the epochs [point, item], which of them is active, and the outcome [point]."""
        end, recalled = self._active(self.end), self._active(self.recalled)
        code = np.where(self._active(self.before).any(axis=1), ItemMemoryStatus.ACTIVE_BEFORE_CUE, ItemMemoryStatus.OK)
        code = np.where(self.regions.any(axis=1), code, ItemMemoryStatus.ACTIVE_BEFORE_CUE)
        outcome = np.where(code == ItemMemoryStatus.OK, self._outcome(end, recalled), -1)
        return {
            "loaded_rate": self._mean(self.loaded),
            "held_rate": self._mean(self.end),
            "recalled_rate": self._mean(self.recalled),
            "cued_item": self.cued.astype(np.int8),
            "held_item": _only(end),
            "recalled_item": _only(recalled),
            "item_outcome": outcome.astype(np.int8),
            "delay_length": self.probe[0] - self.cue[1],
            "item_memory_status": code.astype(np.int8),
        }

    def _active(self, rates: np.ndarray) -> np.ndarray:
        """Whether at least half of the regions of the cue are active, [point, item]."""
        above = (KHZ * rates > self.options.threshold_hz) & self.regions
        return (above.sum(axis=2) >= MAJORITY * np.maximum(self.regions.sum(axis=1), 1)).T

    def _mean(self, rates: np.ndarray) -> np.ndarray:
        """Mean over the regions of the cue, [point, item], in Hz; NaN for an epoch that there is not."""
        means = [
            [row[where].mean() if where.any() else np.nan for row in rates[:, k]]
            for k, where in enumerate(self.regions)
        ]
        return np.where(np.isfinite(means), KHZ * np.array(means), np.nan)

    def _outcome(self, end: np.ndarray, recalled: np.ndarray) -> np.ndarray:
        item = np.arange(end.shape[1]) == self.cued[:, None]
        others = ((end | recalled) & ~item).any(axis=1)
        held, woken = (end & item).any(axis=1), (recalled & item).any(axis=1)
        with_cue = np.where(others, CONFUSED, np.where(held, HELD, np.where(woken, SILENT, LOST)))
        return np.where(self.cued >= 0, with_cue, np.where(others, FALSE_ALARM, CORRECT_REJECTION))


def _only(active: np.ndarray) -> np.ndarray:
    """Index of the one item that is active, [point]; -1 for none, and for several."""
    return np.where(active.sum(axis=1) == 1, active.argmax(axis=1), -1).astype(np.int8)


def variables(options: ItemMemoryOptions) -> tuple[Variable, ...]:
    """List the variables that this analysis writes."""
    item, flags = ("item",), tuple(options.items)
    where = "mean over the regions of the cue"
    return (
        Variable("loaded_rate", item, "Hz", f"highest smoothed rate of the item during the cue, {where}"),
        Variable("held_rate", item, "Hz", f"smoothed rate of the item at the end of the delay, {where}"),
        Variable("recalled_rate", item, "Hz", f"highest smoothed rate of the item during the probe, {where}"),
        Variable("cued_item", (), "1", "item that the cue loads", "int8", flags=flags),
        Variable("held_item", (), "1", "the only item that is active at the end of the delay", "int8", flags=flags),
        Variable("recalled_item", (), "1", "the only item that is active during the probe", "int8", flags=flags),
        Variable("item_outcome", (), "1", "outcome of the trial", "int8", flags=OUTCOMES),
        Variable("delay_length", (), "ms", "from the end of the cue to the onset of the probe, or to the end"),
        status("item_memory", ItemMemoryStatus),
    )


def _map(name: str, words: str, caption: str) -> Map:
    """Declare the map of a rate, with a row of panels per item."""
    return Map(
        name, name, words, caption, as_it_is, Look("mako_r", low=0.0), rows="item", statuses=("item_memory_status",)
    )


def maps(options: ItemMemoryOptions) -> tuple[Map, ...]:
    """List the maps drawn over the grid."""
    held = _map("held_rate", "rate after the delay", "**Rate of each item** at the end of the delay.")
    recalled = "**Highest rate of each item** during the probe, which reaches all of them alike."
    return (held, *([_map("recalled_rate", "highest rate in the probe", recalled)] if options.probe else []))


def coordinates(options: ItemMemoryOptions, window):
    """Name the items."""
    return {"item": (list(options.items), "1", "item of the memory")}


ANALYSIS = Analysis(
    name="item_memory",
    title="Working memory of several items in one region",
    needs="simulation",
    options=ItemMemoryOptions,
    variables=variables,
    reducer=ItemMemoryReducer,
    coordinates=coordinates,
    check=check,
    maps=maps,
)
