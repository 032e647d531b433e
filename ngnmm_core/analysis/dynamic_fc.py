"""Functional connectivity in sliding windows, at the points that are looked at in detail (`highlights`).

Connectivity in sliding windows: Hansen et al., NeuroImage 105, 525 (2015), doi:10.1016/j.neuroimage.2014.11.001.
"""

import numpy as np
from pydantic import Field

from ngnmm_core.analysis.contract import Analysis, Options, Variable, status
from ngnmm_core.errors import InputError
from ngnmm_core.section import is_multiple
from ngnmm_core.simulation.observation import SampledWindow
from ngnmm_core.storage.flags import Status
from ngnmm_core.streaming.activity import REST_STD

FEWEST_SAMPLES = 20


class DynamicFcStatus(Status):
    """Outcome of the connectivity in windows."""

    AT_REST = 2


class DynamicFcOptions(Options):
    """Options of the time-varying connectivity."""

    window_ms: float = Field(200.0, gt=0, description="length of a window (ms), a multiple of step_ms")
    step_ms: float = Field(50.0, gt=0, description="from one window to the next (ms), a multiple of sample_ms")


def check(options: DynamicFcOptions, study) -> None:
    """Check that the windows fit the simulation, and that there are points to look at.

    Raises
    ------
    InputError
        Without highlights, or for windows that are no multiples of their steps or do not fit.
    """
    simulation, key = study.simulation, "analyses.dynamic_fc"
    if not study.config.highlights:
        raise InputError(f"{key}: is computed at highlights, and there are none; allowed: at least one highlight")
    if not is_multiple(options.window_ms, options.step_ms):
        raise InputError(
            f"{key}.window_ms: {options.window_ms:g} is not a multiple of step_ms = {options.step_ms:g}; "
            "allowed: a multiple"
        )
    if not is_multiple(options.step_ms, simulation.sample_ms):
        raise InputError(
            f"{key}.step_ms: {options.step_ms:g} is not a multiple of simulation.sample_ms = "
            f"{simulation.sample_ms:g}; allowed: a multiple"
        )
    longest = simulation.duration_ms - simulation.transient_ms
    shortest = FEWEST_SAMPLES * simulation.sample_ms
    if not shortest <= options.window_ms <= longest:
        raise InputError(f"{key}.window_ms: {options.window_ms:g} ms; allowed: from {shortest:g} to {longest:g} ms")


def _steps(options: DynamicFcOptions, window: SampledWindow) -> tuple[int, int, int]:
    """Count the samples per step, the steps per window, and the windows."""
    samples, steps = round(options.step_ms / window.sample_ms), round(options.window_ms / options.step_ms)
    return samples, steps, max(window.samples // samples - steps + 1, 0)


class DynamicFcReducer:
    """Sums, and sums of products, of the first population's rate over every step; windows are made of steps.

    For models without rates in Hz it is the observable, as in `fc`.
    """

    def __init__(self, options: DynamicFcOptions, window: SampledWindow):
        self.options, self.window, self.points = options, window, window.points
        self.each, self.steps, self.windows = _steps(options, window)
        self.has_rate = window.model.populations[0].rate is not None
        self.waiting: list[np.ndarray] = []
        self.held = 0
        self.pivot: np.ndarray | None = None
        self.sums: list[np.ndarray] = []  # per step [point, region]
        self.products: list[np.ndarray] = []  # per step [point, region, region]

    def consume(self, block) -> None:
        """Take in the next samples, and process each step once it is full."""
        rate = block.rate(0) if self.has_rate else block.observable
        by_point = np.moveaxis(rate, -1, 2).reshape(len(rate), -1, rate.shape[2])[:, : self.points]
        self.waiting.append(by_point.copy())
        self.held += len(by_point)
        while self.held >= self.each:
            samples = np.concatenate(self.waiting)
            self._step(samples[: self.each])
            self.waiting, self.held = [samples[self.each :]], len(samples) - self.each

    def _step(self, samples: np.ndarray) -> None:
        if self.pivot is None:
            self.pivot = samples[0].copy()
        parts = [np.ascontiguousarray(samples[:, k] - self.pivot[k]) for k in range(self.points)]
        self.sums.append(np.stack([part.sum(axis=0) for part in parts]))
        self.products.append(np.stack([part.T @ part for part in parts]))

    def finish(self, activity) -> dict[str, np.ndarray]:
        """Correlations [point, window, edge]; NaN for regions that do not vary in a window."""
        regions = self.window.regions
        edges = np.triu_indices(regions, 1)
        fc = np.full((self.points, self.windows, len(edges[0])), np.nan, np.float32)
        count = self.each * self.steps
        for w in range(self.windows):
            total, products = (sum(part[w : w + self.steps]) for part in (self.sums, self.products))
            for k in range(self.points):
                covariance = products[k] / count - np.outer(total[k], total[k]) / count**2  # type: ignore[index]
                deviation = np.sqrt(np.maximum(np.diag(covariance), 0.0))
                deviation = np.where(deviation >= REST_STD, deviation, np.nan)
                fc[k, w] = (covariance / np.outer(deviation, deviation))[edges]
        some = np.isfinite(fc).any(axis=(1, 2))
        with np.errstate(invalid="ignore", divide="ignore"):
            mean = np.nansum(fc, axis=2, dtype=float) / np.isfinite(fc).sum(axis=2)
        return {
            "dynamic_fc": fc,
            "dynamic_fc_mean": mean,
            "dynamic_fc_status": np.where(some, DynamicFcStatus.OK, DynamicFcStatus.AT_REST).astype(np.int8),
        }


def variables(options: DynamicFcOptions) -> tuple[Variable, ...]:
    """List the variables that this analysis writes."""
    meaning = "correlation of the firing rates within a window"
    return (
        Variable("dynamic_fc", ("fc_window", "edge"), "1", meaning, "float32"),
        Variable("dynamic_fc_mean", ("fc_window",), "1", f"mean over pairs of the {meaning}"),
        status("dynamic_fc", DynamicFcStatus),
    )


def coordinates(options: DynamicFcOptions, window: SampledWindow):
    """Give the middles of the windows."""
    samples, steps, windows = _steps(options, window)
    first = window.start_ms + 0.5 * samples * steps * window.sample_ms
    middle = first + np.arange(windows) * samples * window.sample_ms
    return {"fc_window": (np.round(middle, 9), "ms", "middle of the window since the start of the simulation")}


ANALYSIS = Analysis(
    name="dynamic_fc",
    title="Functional connectivity in sliding windows",
    needs="highlights",
    options=DynamicFcOptions,
    variables=variables,
    reducer=DynamicFcReducer,
    coordinates=coordinates,
    check=check,
    compares_regions=True,
)
