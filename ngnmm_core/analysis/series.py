"""The end of every region's time series of the observable, as it is."""

import numpy as np
from pydantic import Field

from ngnmm_core.analysis.contract import KHZ, Analysis, Options, Variable, status
from ngnmm_core.errors import InputError
from ngnmm_core.simulation.observation import SampledWindow
from ngnmm_core.storage.flags import Status

LAST_MS = 2000.0


class SeriesOptions(Options):
    """Options of the series."""

    last_ms: float | None = Field(
        None,
        gt=0,
        description="length of the series, counted from the end (ms); 2000, or the window if that is shorter",
    )
    rate: bool = Field(False, description="keeps the firing rates of the populations too")


def check(options: SeriesOptions, study) -> None:
    """Check that the window is at least as long as the series.

    Raises
    ------
    InputError
        For a series that is longer than the window, or holds no sample.
    """
    window = study.simulation.duration_ms - study.simulation.transient_ms
    if options.last_ms is not None and options.last_ms > window:
        raise InputError(
            f"analyses.series.last_ms: {options.last_ms:g} ms is longer than the window of {window:g} ms; "
            "allowed: at most that"
        )
    if options.last_ms is not None and options.last_ms < study.simulation.sample_ms:
        raise InputError(
            f"analyses.series.last_ms: {options.last_ms:g} ms holds no sample; allowed: at least "
            f"simulation.sample_ms = {study.simulation.sample_ms:g}"
        )


def _samples(options: SeriesOptions, window: SampledWindow) -> int:
    return min(round((options.last_ms or LAST_MS) / window.sample_ms), window.samples)


class SeriesReducer:
    """Keeps the last samples."""

    def __init__(self, options: SeriesOptions, window: SampledWindow):
        self.first = window.samples - _samples(options, window)
        self.points = window.points
        self.position = 0
        self.kept: list[np.ndarray] = []
        self.populations = window.model.populations if options.rate else ()
        self.rates: list[np.ndarray] = []

    def consume(self, block) -> None:
        """Keep what belongs to the end of the window."""
        skip = max(self.first - self.position, 0)
        if skip < block.samples:
            self.kept.append(block.observable[skip:].astype(np.float32))
            if self.populations:
                shape = block.observable[skip:].shape
                blank = np.full(shape, np.nan, np.float32)
                each = [KHZ * block.rate(k)[skip:] if p.rate else blank for k, p in enumerate(self.populations)]
                self.rates.append(np.stack(each, axis=3).astype(np.float32))
        self.position += block.samples

    def finish(self, activity) -> dict[str, np.ndarray]:
        """Series [point, region, time]."""
        series = np.concatenate(self.kept)  # [sample, group, region, lane]
        by_point = series.transpose(1, 3, 2, 0).reshape(-1, series.shape[2], len(series))
        found = {
            "observable_series": np.ascontiguousarray(by_point[: self.points]),
            "series_status": np.full(self.points, Status.OK, np.int8),
        }
        if self.populations:
            rates = np.concatenate(self.rates)  # [sample, group, region, population, lane]
            by_point = rates.transpose(1, 4, 3, 2, 0).reshape(-1, *rates.shape[3:1:-1], len(rates))
            found["rate_series"] = np.ascontiguousarray(by_point[: self.points])
        return found


def variables(options: SeriesOptions) -> tuple[Variable, ...]:
    """List the variables that this analysis writes."""
    rates = Variable("rate_series", ("population", "region", "time"), "Hz", "time series of the firing rate", "float32")
    return (
        Variable("observable_series", ("region", "time"), "1", "time series of the observable", "float32"),
        *([rates] if options.rate else []),
        status("series"),
    )


def coordinates(options: SeriesOptions, window: SampledWindow):
    """Time since the start of the simulation's analysed window."""
    count = _samples(options, window)
    time = window.sample_ms * np.arange(window.samples - count + 1, window.samples + 1)
    found: dict[str, tuple] = {"time": (np.round(time, 9), "ms", "time since the end of the transient")}
    if options.rate:
        found["population"] = ([p.name for p in window.model.populations], "1", "population of neurons")
    return found


ANALYSIS = Analysis(
    name="series",
    title="Time series",
    needs="simulation",
    options=SeriesOptions,
    variables=variables,
    reducer=SeriesReducer,
    coordinates=coordinates,
    check=check,
)
