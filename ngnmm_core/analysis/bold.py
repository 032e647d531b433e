"""BOLD signal of the simulated network: functional connectivity, its dynamics, and how reliable both are.

Neural activity is averaged over short times and drives a Balloon model per region (`ngnmm_core.streaming.balloon`): the
spikes counted while integrating, or else samples.  Volumes are kept for these numbers alone.  Friston, Harrison, Penny,
NeuroImage 19, 1273 (2003), doi:10.1016/S1053-8119(03)00202-7.
"""

from typing import Any, Literal

import numpy as np
from pydantic import Field

from ngnmm_core.analysis.contract import Analysis, Options, Variable, status
from ngnmm_core.analysis.linear_fc import check_signal
from ngnmm_core.analysis.maps import NETWORK, Look, Map, as_it_is
from ngnmm_core.errors import InputError
from ngnmm_core.recordings.connectivity import fc_of_series, split_half
from ngnmm_core.recordings.fcd import FEWEST_WINDOWS, fcd_quantiles, levels, window_volumes, windows
from ngnmm_core.recordings.preprocessing import check_band, clean
from ngnmm_core.recordings.settings import FEWEST_VOLUMES
from ngnmm_core.section import Section, is_multiple
from ngnmm_core.simulation.observation import SampledWindow
from ngnmm_core.simulation.spike_counts import rate_state
from ngnmm_core.storage.flags import Status
from ngnmm_core.streaming.balloon import DRIFT, STEP_MS, Balloon
from ngnmm_core.streaming.haemodynamics import haemodynamics

FLAT = 1e-9  # s.d. of BOLD below which there is nothing but round-off and the end of the transient
LARGEST = 1e30  # of BOLD that is kept; what has diverged would overflow in single precision


class BoldStatus(Status):
    """Outcome of the simulated BOLD signal."""

    AT_REST, DRIFTING, OUT_OF_RANGE = 2, 3, 4


class FcdOptions(Section):
    """Options of the dynamics of connectivity."""

    window_s: float = Field(60.0, gt=0, description="length of the sliding windows (s)")
    step_s: float = Field(10.0, gt=0, description="from one window to the next (s)")


class BoldOptions(Options):
    """Options of the BOLD signal."""

    signal: str = Field(
        "rate", description="activity that drives it: `rate`, the first population's; or a state that can't be negative"
    )
    haemodynamics: Literal["balloon"] = Field("balloon", description="the Balloon-Windkessel model")
    constants: str | dict[str, float] = Field(
        "friston2003", description="`friston2003`, `heinzle2016_3t`, or values by name (kappa, gamma in 1/s, tau in s)"
    )
    tr_ms: float = Field(720.0, gt=0, description="time between volumes (ms), a multiple of 10")
    discard_s: float = Field(
        20.0,
        gt=0,
        le=1e6,
        description="time after the transient over which the mean activity is taken (s); as much again is dropped "
        "while the response settles",
    )
    band_hz: tuple[float, float] | None = Field(
        None, description="band (Hz); if not given, that of `empirical`, and all frequencies without it"
    )
    global_signal: Literal["keep", "regress"] | None = Field(
        None,
        description="whether the mean over regions is regressed out; if not given, as `empirical` says, else `keep`",
    )
    keep: bool = Field(False, description="also writes the volumes, `bold`")
    fcd: FcdOptions | None = Field(None, description="dynamics of connectivity in sliding windows; null: not computed")


def adapt(options: BoldOptions, config) -> BoldOptions:
    """Take band and global signal from the recordings that the simulation is compared with.

    Raises
    ------
    InputError
        If the options ask for others.
    """
    recordings = config.empirical
    if recordings is None:
        return options.model_copy(update={"global_signal": options.global_signal or "keep"})
    for name in ("band_hz", "global_signal"):
        given, theirs = getattr(options, name), getattr(recordings, name)
        if given is not None and given != theirs:
            raise InputError(
                f"analyses.bold.{name}: {given} beside empirical.{name}: {theirs}; allowed: the same, or none"
            )
    return options.model_copy(update={"band_hz": recordings.band_hz, "global_signal": recordings.global_signal})


def check(options: BoldOptions, study) -> None:
    """Check that times fit each other, and that the window is long enough.

    Raises
    ------
    InputError
        Otherwise, and for a signal or constants that there are not.
    """
    key, simulation = "analyses.bold", study.simulation
    check_signal(f"{key}.signal", options.signal, study.model, positive=True)
    haemodynamics(options.constants, f"{key}.constants")
    if not is_multiple(STEP_MS, simulation.sample_ms):
        raise InputError(
            f"{key}: simulation.sample_ms = {simulation.sample_ms:g} does not divide {STEP_MS:g} ms, over which "
            "activity is averaged; allowed: a divisor"
        )
    for name, value in (("tr_ms", options.tr_ms), ("discard_s", 1000.0 * options.discard_s)):
        if not is_multiple(value, STEP_MS):
            raise InputError(f"{key}.{name}: {value:g} ms is no multiple of {STEP_MS:g} ms; allowed: a multiple")
    window_ms = simulation.duration_ms - simulation.transient_ms
    volumes = Balloon.count(window_ms, options.tr_ms, 1000.0 * options.discard_s)
    if volumes < FEWEST_VOLUMES:
        needed = simulation.transient_ms + 2000.0 * options.discard_s + FEWEST_VOLUMES * options.tr_ms
        raise InputError(
            f"simulation.duration_ms: {simulation.duration_ms:g} gives {volumes} volumes; allowed: at least "
            f"{needed:g} ms, for {FEWEST_VOLUMES} volumes of {options.tr_ms:g} ms after twice discard_s = "
            f"{options.discard_s:g} s"
        )
    tr_s = options.tr_ms / 1000.0
    if options.band_hz is not None:
        check_band(f"{key}.band_hz", options.band_hz, tr_s)
    if options.fcd is not None:
        _check_fcd(f"{key}.fcd", options.fcd, tr_s, volumes)


def _check_fcd(key: str, options: FcdOptions, tr_s: float, volumes: int) -> None:
    if options.window_s <= tr_s:
        raise InputError(
            f"{key}.window_s: {options.window_s:g} s is no longer than a TR; allowed: more than {tr_s:g} s"
        )
    length, step = window_volumes(options.window_s, options.step_s, tr_s)
    if windows(volumes, length, step) < FEWEST_WINDOWS:
        raise InputError(
            f"{key}.window_s: fewer than {FEWEST_WINDOWS} windows of {options.window_s:g} s in {volumes * tr_s:g} s; "
            "allowed: shorter windows or steps, or a longer simulation"
        )


class BoldReducer:
    """One Balloon per region and point."""

    def __init__(self, options: BoldOptions, window: SampledWindow):
        self.options, self.window = options, window
        self.tr_s = options.tr_ms / 1000.0
        self.state, self.counted = None, None
        if options.signal != "rate":
            self.state = window.model.state_names.index(options.signal)
        else:
            self.counted = rate_state(window.model, window.model.populations[0])
        constants = haemodynamics(options.constants)
        self.balloon = Balloon(constants, window.sample_ms, options.tr_ms, 1000.0 * options.discard_s)

    def consume(self, block) -> None:
        """Take in the next samples, or the spikes in the time of so many."""
        if self.counted in block.counted:
            spikes = block.spikes(self.counted)
            self.balloon.push(spikes, block.samples // len(spikes))
        else:
            self.balloon.push(block.rate(0) if self.state is None else block.states[:, :, :, self.state])

    def finish(self, activity) -> dict[str, np.ndarray]:
        """Compute connectivity and what tells how far to trust it, one array [point, ...] per variable."""
        volumes = _volumes(self.options, self.window)
        series = np.full((self.window.points, self.window.regions, volumes), np.nan)
        drift = np.zeros(series.shape[:2])
        if self.balloon.volumes:  # a trial of a few samples gives none
            by_point = lambda a: np.moveaxis(a, -1, 1).reshape(-1, a.shape[1])[: self.window.points]
            for k, volume in enumerate(self.balloon.volumes[:volumes]):
                series[:, :, k] = by_point(volume)
            drift = by_point(self.balloon.drift)
        rows = [self._at_point(series[k], drift[k], activity.active[k]) for k in range(len(series))]
        return {name: np.stack([row[name] for row in rows]) for name in rows[0]}

    def _at_point(self, series: np.ndarray, drift: np.ndarray, active: np.ndarray) -> dict[str, np.ndarray]:
        options, regions = self.options, len(series)
        result: dict[str, Any] = {
            "bold_fc": np.full(regions * (regions - 1) // 2, np.nan, np.float32),
            "bold_amplitude": np.full(regions, np.nan),
            "bold_mean_fc": np.nan,
            "bold_reliability": np.nan,
            "bold_fcd": np.full(len(levels()), np.nan),
            "bold": np.where(np.abs(series) < LARGEST, series, np.nan).astype(np.float32),
        }
        if not np.isfinite(series).all():
            return result | {"bold_status": np.int8(BoldStatus.OUT_OF_RANGE)}
        cleaned = clean(series, self.tr_s, options.band_hz, options.global_signal == "regress")
        amplitude = cleaned.std(axis=1)
        if not (active.all() and (amplitude > FLAT).all()):
            return result | {"bold_status": np.int8(BoldStatus.AT_REST)}
        fc = fc_of_series(cleaned)
        result |= {"bold_fc": fc.astype(np.float32), "bold_amplitude": amplitude, "bold_mean_fc": fc.mean()}
        result["bold_reliability"] = split_half(cleaned)
        if options.fcd is not None:
            result["bold_fcd"] = fcd_quantiles(
                cleaned, *window_volumes(options.fcd.window_s, options.fcd.step_s, self.tr_s)
            )
        code = BoldStatus.DRIFTING if np.abs(drift).max() > DRIFT else BoldStatus.OK
        return result | {"bold_status": np.int8(code)}


def _volumes(options: BoldOptions, window: SampledWindow) -> int:
    return Balloon.count(window.samples * window.sample_ms, options.tr_ms, 1000.0 * options.discard_s)


def variables(options: BoldOptions) -> tuple[Variable, ...]:
    """List the variables that this analysis writes."""
    found = [
        Variable("bold_fc", ("edge",), "1", "functional connectivity of BOLD", "float32"),
        Variable("bold_mean_fc", (), "1", "mean functional connectivity of BOLD"),
        Variable("bold_amplitude", ("region",), "1", "standard deviation of BOLD, relative signal"),
        Variable("bold_reliability", (), "1", "correlation between the connectivity of both halves"),
    ]
    if options.fcd is not None:
        text = "quantiles of the correlation between connectivity in sliding windows"
        found.append(Variable("bold_fcd", ("quantile",), "1", text))
    if options.keep:
        found.append(Variable("bold", ("region", "time"), "1", "BOLD, relative signal", "float32"))
    return (*found, status("bold", BoldStatus))


def coordinates(options: BoldOptions, window: SampledWindow):
    """Levels of the quantiles, and the times of the volumes."""
    found = {}
    if options.fcd is not None:
        found["quantile"] = (levels(), "1", "level of the quantile")
    if options.keep:
        first = window.start_ms / 1000.0 + 2.0 * options.discard_s
        times = first + options.tr_ms / 1000.0 * np.arange(1, _volumes(options, window) + 1)
        found["time"] = (np.round(times, 9), "s", "time since the start of the simulation")
    return found


MEAN = Map(
    "bold_mean_fc",
    "bold_mean_fc",
    "mean functional connectivity of BOLD",
    "Mean over all pairs of regions of the correlation of **simulated BOLD**.\n\nDots mark points where the "
    "mean activity drifts.",
    as_it_is,
    Look("vlag", diverging=True),
    title="mean connectivity of BOLD",
    statuses=(*NETWORK, "bold_status"),
    doubtful=("bold_status", "drifting", "mean activity drifts"),
)
RELIABILITY = Map(
    "bold_reliability",
    "bold_reliability",
    "split-half reliability of BOLD connectivity",
    "Correlation between the connectivity of **both halves of a simulation**: where it is low, the simulation is too "
    "short for its connectivity to say anything.",
    as_it_is,
    Look("viridis", 0.0, 1.0),
    title="reliability of BOLD connectivity",
    statuses=(*NETWORK, "bold_status"),
)

ANALYSIS = Analysis(
    name="bold",
    title="BOLD signal and its functional connectivity",
    needs="simulation",
    options=BoldOptions,
    variables=variables,
    reducer=BoldReducer,
    coordinates=coordinates,
    check=check,
    adapt=adapt,
    maps=lambda options: (MEAN, RELIABILITY),
    compares_regions=True,
)
