"""Cross-frequency coupling: the modulation index of slow phases with the gamma amplitude, and its significance.

The observable is low-passed and decimated while the network is integrated; at most its last `longest_ms` are kept.
Methods: `ngnmm_core.analysis.phase_amplitude_coupling`, and `ngnmm_core.analysis.rhythm` for whether the amplitude band
holds a rhythm: harmonics of a slow wave follow its phase by its shape alone, and have no significance.

Modulation index: Tort et al., J. Neurophysiol. 104, 1195 (2010), doi:10.1152/jn.00106.2010.  Harmonics as spurious
coupling: Aru et al., Curr. Opin. Neurobiol. 31, 51 (2015), doi:10.1016/j.conb.2014.08.002.
"""

import numpy as np
from pydantic import Field

from ngnmm_core.analysis.contract import Analysis, Options, Variable, status
from ngnmm_core.errors import InputError
from ngnmm_core.simulation.observation import SampledWindow
from ngnmm_core.storage.flags import Status
from ngnmm_core.streaming.activity import NetworkRegime
from ngnmm_core.streaming.decimate import Decimator, decimation_factor, filter_length
from ngnmm_core.streaming.envelope import check_band
from ngnmm_core.streaming.region_mean import RegionMean

PHASE_BANDS = {"theta": (4.0, 8.0), "alpha": (8.0, 13.0), "beta": (13.0, 30.0)}
MEASURES = ("modulation_index", "modulation_zscore", "modulation_pvalue", "amplitude_rise", "amplitude_share")
OF_BAND = 3  # the first of these depend on the phase band
KEY = "analyses.cross_frequency"


class CrossFrequencyStatus(Status):
    """Outcome of cross-frequency coupling."""

    AT_REST, STILL_SETTLING, NO_FAST_RHYTHM, UNDERSAMPLED = 2, 3, 4, 5


class CrossFrequencyOptions(Options):
    """Options of the cross-frequency coupling."""

    phase_bands: dict[str, tuple[float, float]] = Field(
        PHASE_BANDS, min_length=1, description="bands whose phase is taken (Hz)"
    )
    amplitude_hz: tuple[float, float] = Field((30.0, 100.0), description="band whose amplitude is taken (Hz)")
    bins: int = Field(18, ge=4, le=90, description="bins of the phase")
    surrogates: int = Field(200, ge=19, le=100_000, description="time-shifted surrogates")
    least_rise: float = Field(
        2.0, ge=1, description="by how much the smoothed spectrum must rise again in the amplitude band for a rhythm"
    )
    least_share: float = Field(
        1e-3, ge=0, lt=1, description="share of the variance that the amplitude band must hold for a rhythm"
    )
    longest_ms: float = Field(
        60000.0, gt=0, description="longest signal that is analysed, from the end (ms): bounds the memory"
    )

    @property
    def lowest_hz(self) -> float:
        """The lowest frequency of all phase bands."""
        return min(low for low, _ in self.phase_bands.values())


def check(options: CrossFrequencyOptions, study) -> None:
    """Bands must be bands, in order, resolved by the sampling; the signal long enough for the slowest phase.

    Raises
    ------
    InputError
        For a band that is none or does not fit the other, or a signal that is too short.
    """
    check_band(f"{KEY}.amplitude_hz", options.amplitude_hz, study.simulation.sample_ms)
    for name, band in options.phase_bands.items():
        _check_phase_band(f"{KEY}.phase_bands.{name}", band, options.amplitude_hz)
    _check_length(options, study.simulation)


def _check_phase_band(key: str, band: tuple[float, float], amplitude_hz: tuple[float, float]) -> None:
    low, high = amplitude_hz
    if not 0 < band[0] < band[1]:
        raise InputError(f"{key}: [{band[0]:g}, {band[1]:g}] is not a band; allowed: 0 < lower < upper")
    if band[1] > low:
        raise InputError(
            f"{key}: [{band[0]:g}, {band[1]:g}] Hz reaches above the lower edge of amplitude_hz, {low:g} Hz; "
            "allowed: a phase band below the amplitude band"
        )
    if 2.0 * band[1] > high - low:
        raise InputError(
            f"{key}: an amplitude_hz of [{low:g}, {high:g}] is too narrow to follow {band[1]:g} Hz; "
            f"allowed: phases up to {0.5 * (high - low):g} Hz, half the width of amplitude_hz"
        )


def _check_length(options: CrossFrequencyOptions, simulation) -> None:
    from ngnmm_core.analysis.phase_amplitude_coupling import needed_ms

    name = min(options.phase_bands, key=lambda n: options.phase_bands[n][0])
    needed = needed_ms(options.lowest_hz, options.amplitude_hz)
    if options.longest_ms < needed:
        raise InputError(
            f"{KEY}.longest_ms: {options.longest_ms:g} ms is too short for the phase band {name} from "
            f"{options.lowest_hz:g} Hz; allowed: at least {needed:g}"
        )
    factor = _factor(options, simulation.sample_ms)
    lost = (filter_length(simulation.sample_ms, options.amplitude_hz[1], factor) + factor) * simulation.sample_ms
    window = simulation.duration_ms - simulation.transient_ms
    if window < needed + lost:
        shortest = np.ceil(simulation.transient_ms + needed + lost)
        raise InputError(
            f"simulation.duration_ms: a window of {window:g} ms after the transient is too short for the phase band "
            f"{name} of {KEY}, from {options.lowest_hz:g} Hz; allowed: a window of at least {needed + lost:.0f} ms, "
            f"duration_ms of at least {shortest:g}"
        )


def _factor(options: CrossFrequencyOptions, sample_ms: float) -> int:
    """How many samples become one: the largest number that leaves the amplitude band alone."""
    limit = max(int(1000.0 / sample_ms / (5.0 * options.amplitude_hz[1])), 1)
    return decimation_factor(sample_ms, options.amplitude_hz[1], limit)


class CrossFrequencyReducer:
    """Keeps the end of the decimated observable of every region and of their mean."""

    def __init__(self, options: CrossFrequencyOptions, window: SampledWindow):
        self.options, self.points = options, window.points
        self.decimator = Decimator(window.sample_ms, options.amplitude_hz[1], _factor(options, window.sample_ms))
        self.region_mean = RegionMean(window.included)
        self.longest = round(options.longest_ms / self.decimator.sample_ms)
        self.kept: list[np.ndarray] = []
        self.count = 0

    def consume(self, block) -> None:
        """Keep the next samples, and drop the oldest that are no longer needed."""
        signal = self.decimator.of(block)
        if not len(signal):
            return
        self.kept.append(np.concatenate([signal, self.region_mean(signal)], axis=2).astype(np.float32))
        self.count += len(signal)
        while self.count - len(self.kept[0]) >= self.longest:
            self.count -= len(self.kept.pop(0))

    def finish(self, activity) -> dict[str, np.ndarray]:
        """Index, z-score and p-value [point, phase band, region], and of the mean over regions [point, phase band]."""
        series = np.concatenate(self.kept)[-self.longest :]  # [sample, group, region and mean, lane]
        by_point = series.transpose(1, 3, 2, 0).reshape(-1, series.shape[2], len(series))[: self.points]
        found = np.full((len(MEASURES), self.points, len(self.options.phase_bands), by_point.shape[1]), np.nan)
        for k in range(self.points):
            shown = np.append(activity.active[k], activity.active[k].any()) & ~activity.undersampled[k]
            if shown.any():
                found[:, k][:, :, shown] = self._point(by_point[k][shown].astype(float))
        results = {}
        for row, name in enumerate(MEASURES):
            values = found[row] if row < OF_BAND else found[row][:, 0]
            results |= {name: values[..., :-1].copy(), f"mean_{name}": values[..., -1].copy()}
        regime = activity.regime
        code = np.where(
            np.isfinite(found[OF_BAND - 1]).any(axis=(1, 2)),
            CrossFrequencyStatus.OK,
            CrossFrequencyStatus.NO_FAST_RHYTHM,
        )
        code = np.where(activity.undersampled, CrossFrequencyStatus.UNDERSAMPLED, code)
        code = np.where(
            regime == NetworkRegime.REST,
            CrossFrequencyStatus.AT_REST,
            np.where(regime == NetworkRegime.STILL_SETTLING, CrossFrequencyStatus.STILL_SETTLING, code),
        )
        return results | {"cross_frequency_status": code.astype(np.int8)}

    def _point(self, series: np.ndarray) -> np.ndarray:
        """Measure series [channel, sample]: array (measure, phase band, channel); the last channel is the mean."""
        from ngnmm_core.analysis.phase_amplitude_coupling import phase_amplitude
        from ngnmm_core.analysis.rhythm import rhythm

        options, rate = self.options, 1000.0 / self.decimator.sample_ms
        settings = (options.lowest_hz, options.bins, options.surrogates)
        result = np.empty((len(MEASURES), len(options.phase_bands), len(series)))
        fast = rhythm(series, options.amplitude_hz, options.lowest_hz, rate)
        result[OF_BAND:] = np.stack([fast.rise, fast.share])[:, None]
        harmonics = (fast.rise < options.least_rise) | (fast.share < options.least_share)
        for row, band in enumerate(options.phase_bands.values()):
            # regions are one family of tests, the mean field another
            for family in (slice(0, -1), slice(-1, None)):
                found = phase_amplitude(series[family], band, options.amplitude_hz, rate, settings)
                result[:OF_BAND, row, family] = found.index, found.zscore, found.pvalue
        result[1:OF_BAND, :, harmonics] = np.nan
        return result


def variables(options: CrossFrequencyOptions) -> tuple[Variable, ...]:
    """List the variables that this analysis writes."""
    low, high = options.amplitude_hz
    what = f"modulation of the {low:g} to {high:g} Hz amplitude by the phase of a slow band"
    texts = {
        "modulation_index": f"{what}: modulation index",
        "modulation_zscore": f"{what}: z-score against time-shifted surrogates",
        "modulation_pvalue": f"{what}: p-value against time-shifted surrogates, for all regions together",
    }
    regions = [Variable(n, ("phase_band", "region"), "1", t, "float32") for n, t in texts.items()]
    mean = [Variable(f"mean_{n}", ("phase_band",), "1", f"mean over regions, {t}") for n, t in texts.items()]
    rise = f"by how much the smoothed spectrum rises again from {low:g} to {high:g} Hz"
    share = f"share of the variance from {low:g} to {high:g} Hz"
    fast = [Variable(f"amplitude_{n}", ("region",), "1", t, "float32") for n, t in (("rise", rise), ("share", share))]
    fast += [
        Variable(f"mean_amplitude_{n}", (), "1", f"mean over regions, {t}")
        for n, t in (("rise", rise), ("share", share))
    ]
    return (
        *regions,
        *mean,
        *fast,
        status("cross_frequency", CrossFrequencyStatus),
    )


def coordinates(options: CrossFrequencyOptions, window: SampledWindow):
    """Phase bands by name."""
    return {"phase_band": (list(options.phase_bands), "1", "band whose phase is taken")}


ANALYSIS = Analysis(
    name="cross_frequency",
    title="Cross-frequency coupling",
    needs="simulation",
    options=CrossFrequencyOptions,
    variables=variables,
    reducer=CrossFrequencyReducer,
    coordinates=coordinates,
    check=check,
)
