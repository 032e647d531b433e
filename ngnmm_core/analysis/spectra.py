"""Power spectra of the observable, band powers and peak frequencies (Welch's method).

Welch, IEEE Trans. Audio Electroacoust. 15, 70 (1967), doi:10.1109/TAU.1967.1161901.
"""

import math
import warnings

import numpy as np
from pydantic import Field, field_validator

from ngnmm_core.analysis.contract import Analysis, Options, Variable, status
from ngnmm_core.analysis.maps import Look, Map, mean_over_regions
from ngnmm_core.errors import InputError
from ngnmm_core.simulation.observation import SampledWindow
from ngnmm_core.streaming.activity import SpectralStatus
from ngnmm_core.streaming.decimate import Decimator, decimation_factor, filter_length
from ngnmm_core.streaming.envelope import GAMMA_HZ
from ngnmm_core.streaming.region_mean import RegionMean
from ngnmm_core.streaming.welch import Welch

BANDS = {"delta": (1.0, 4.0), "theta": (4.0, 8.0), "alpha": (8.0, 13.0), "beta": (13.0, 30.0), "gamma": GAMMA_HZ}
LOWEST_PEAK_HZ = 1.0
GAMMA_PEAK = ("outside_the_band", "in_the_band")
FEWEST = 3  # frequencies, 0 included: a peak is refined by its two neighbours


class SpectraOptions(Options):
    """Options of the spectra."""

    segment_ms: float = Field(1000.0, gt=0, description="length of a Welch segment (ms); its inverse is the resolution")
    max_hz: float = Field(200.0, ge=2 * LOWEST_PEAK_HZ, description="highest frequency kept (Hz)")
    bands: dict[str, tuple[float, float]] = Field(
        BANDS, description="frequency bands [lower, upper] (Hz), lower edge included, upper edge excluded"
    )

    @property
    def highest_hz(self) -> float:
        """The highest frequency that is computed: that of the bands, if it is above `max_hz`."""
        return max(self.max_hz, *(high for _, high in self.bands.values()))

    @field_validator("bands")
    @classmethod
    def _bands_rise(cls, bands):
        if not bands:
            raise InputError("{} has no band; allowed: at least one, such as {gamma: [30, 150]}")
        for name, (low, high) in bands.items():
            if not 0 <= low < high:
                raise InputError(f"{name}: [{low:g}, {high:g}] is not a band; allowed: 0 <= lower < upper")
        return bands


def check(options: SpectraOptions, study) -> None:
    """Check that the window holds a segment, sampling resolves `max_hz`, and segments resolve frequencies below it.

    Raises
    ------
    InputError
        For a segment longer than the window or too short for a frequency, or frequencies above half the sampling rate.
    """
    simulation = study.simulation
    nyquist = 500.0 / simulation.sample_ms
    check_segment("analyses.spectra.segment_ms", options.segment_ms, simulation)
    for key, high in (("max_hz", options.max_hz), *((f"bands.{n}", b[1]) for n, b in options.bands.items())):
        if high > nyquist:
            raise InputError(
                f"analyses.spectra.{key}: {high:g} Hz is above half the sampling rate; "
                f"allowed: at most {nyquist:g} Hz with simulation.sample_ms = {simulation.sample_ms:g}"
            )
    samples = math.ceil(1000.0 * (FEWEST - 1) / options.max_hz / simulation.sample_ms - 1e-9)
    if _segment(options, simulation.sample_ms) < samples:
        shortest = samples * simulation.sample_ms
        raise InputError(
            f"analyses.spectra.segment_ms: {options.segment_ms:g} ms resolves no frequencies below max_hz = "
            f"{options.max_hz:g}; allowed: at least {shortest:g} with simulation.sample_ms = {simulation.sample_ms:g}"
        )
    if "bands" in options.model_fields_set:
        _check_resolution(options, simulation.sample_ms)
    window = simulation.duration_ms - simulation.transient_ms
    factor = _factor(options, simulation.sample_ms)
    filtered = window - filter_length(simulation.sample_ms, options.highest_hz, factor) * simulation.sample_ms
    if options.segment_ms > filtered:
        raise InputError(
            f"analyses.spectra.segment_ms: {options.segment_ms:g} ms is longer than the filtered window of "
            f"{filtered:g} ms; allowed: at most that, or a longer simulation.duration_ms"
        )


def check_segment(key: str, segment_ms: float, simulation) -> None:
    """Check that segments are no longer than the whole window.

    Raises
    ------
    InputError
        If they are.
    """
    window = simulation.duration_ms - simulation.transient_ms
    if segment_ms > window:
        raise InputError(
            f"{key}: {segment_ms:g} ms is longer than the window of {window:g} ms; allowed: less than that, or a "
            "longer simulation.duration_ms"
        )


def _check_resolution(options: SpectraOptions, sample_ms: float) -> None:
    """Refuses bands that the segments don't resolve; those of the default are NaN then."""
    resolution = 1000.0 / (_segment(options, sample_ms) * sample_ms)
    for name, (low, high) in options.bands.items():
        if not resolved(low, high, resolution):
            raise InputError(
                f"analyses.spectra.bands.{name}: [{low:g}, {high:g}] Hz is narrower than what segments of "
                f"{options.segment_ms:g} ms resolve, {resolution:g} Hz; allowed: a wider band, or a segment_ms of at "
                f"least {1000.0 / (high - low):.4g}"
            )


def resolved(low: float, high: float, resolution_hz: float) -> bool:
    """Whether a band is as wide as the distance of two frequencies, so that its power can be told."""
    return high - low >= resolution_hz * (1.0 - 1e-9)


def _segment(options: SpectraOptions, sample_ms: float) -> int:
    return max(round(options.segment_ms / sample_ms), 2)


def _factor(options: SpectraOptions, sample_ms: float) -> int:
    return decimation_factor(sample_ms, options.highest_hz, _segment(options, sample_ms))


def _welch(options: SpectraOptions, sample_ms: float) -> Welch:
    """Build the estimator that makes spectra of the decimated samples."""
    factor = _factor(options, sample_ms)
    return Welch(_segment(options, sample_ms) // factor, sample_ms * factor, options.highest_hz)


class SpectraReducer:
    """Streams the observable of every region, and its mean over regions, through a decimating filter into Welch."""

    def __init__(self, options: SpectraOptions, window: SampledWindow):
        self.options, self.points = options, window.points
        factor = _factor(options, window.sample_ms)
        self.decimator = Decimator(window.sample_ms, options.highest_hz, factor)
        self.regions = _welch(options, window.sample_ms)
        self.region_mean = RegionMean(window.included)
        self.mean = _welch(options, window.sample_ms)

    def consume(self, block) -> None:
        """Add the next samples."""
        signal = self.decimator.of(block)
        if len(signal):
            self.regions.consume(signal)
            self.mean.consume(self.region_mean(signal))

    def finish(self, activity) -> dict[str, np.ndarray]:
        """Densities, band powers and peak frequencies."""
        frequency = self.regions.frequency
        correction = self.decimator.response(frequency) ** 2
        density = self.regions.density(self.points) / correction
        mean_density = self.mean.density(self.points)[:, 0] / correction
        peak = np.where(activity.active, peak_frequency(frequency, density), np.nan)
        shown = slice(0, _shown(frequency, self.options))
        power = {name: band_power(frequency, density, *band) for name, band in self.options.bands.items()}
        results = {
            "power_spectrum": density[..., shown],
            "mean_power_spectrum": mean_density[..., shown],
            "band_power": np.stack(list(power.values()), axis=-1),
            "peak_frequency": peak,
        }
        if "gamma" in power:
            results["gamma_power"] = power["gamma"]
        for values in results.values():
            values[activity.undersampled] = np.nan
        if "gamma" in power:
            results["gamma_peak"] = _where_the_peak_is(results["peak_frequency"], self.options.bands["gamma"])
        return results | {"spectra_status": activity.spectral_status}


def _shown(frequency: np.ndarray, options: SpectraOptions) -> int:
    """Count the frequencies up to `max_hz`; bands may reach further."""
    return int(np.searchsorted(frequency, options.max_hz * (1.0 + 1e-12), side="right"))


def _where_the_peak_is(peak: np.ndarray, band: tuple[float, float]) -> np.ndarray:
    """Whether the median over regions of the peak frequency lies in a band, [point]: 1 if so, -1 if there is none."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # all regions at rest
        median = np.nanmedian(peak, axis=1)
    inside = (median >= band[0]) & (median < band[1])
    return np.where(np.isfinite(median), inside, -1).astype(np.int8)


def band_power(frequency: np.ndarray, density: np.ndarray, low: float, high: float) -> np.ndarray:
    """Integral of the density over [low, high): sum of the bins in the band times their width.

    NaN for a band that is narrower than a bin.
    """
    inside = (frequency >= low) & (frequency < high)
    width = frequency[1] - frequency[0]
    if not resolved(low, high, width):
        return np.full(density.shape[:-1], np.nan)
    # one contiguous sum per point and region, so that its bits depend on nothing else
    return np.ascontiguousarray(density[..., inside]).sum(axis=-1) * width


def peak_frequency(frequency: np.ndarray, density: np.ndarray) -> np.ndarray:
    """Frequency of the largest density from 1 Hz up, refined by a parabola through the logarithm of three bins."""
    first = int(np.searchsorted(frequency, LOWEST_PEAK_HZ))
    k = np.argmax(density[..., first:], axis=-1) + first
    inside = np.clip(k, first + 1, len(frequency) - 2)
    with np.errstate(divide="ignore", invalid="ignore"):
        left, top, right = (
            np.log(np.take_along_axis(density, (inside + shift)[..., None], axis=-1)[..., 0]) for shift in (-1, 0, 1)
        )
        shift = 0.5 * (left - right) / (left - 2.0 * top + right)
    refined = np.where(np.isfinite(shift) & (inside == k), np.clip(shift, -0.5, 0.5), 0.0)
    return frequency[k] + refined * (frequency[1] - frequency[0])


def variables(options: SpectraOptions) -> tuple[Variable, ...]:
    """List the variables that this analysis writes."""
    gamma = (
        Variable("gamma_power", ("region",), "1", "power in the gamma band", "float32"),
        Variable("gamma_peak", (), "1", "whether the median peak frequency lies in the gamma band", "int8", GAMMA_PEAK),
    )
    return (
        Variable("power_spectrum", ("region", "frequency"), "Hz-1", "power spectral density", "float32"),
        Variable("mean_power_spectrum", ("frequency",), "Hz-1", "power spectral density of the region mean", "float32"),
        Variable("band_power", ("region", "band"), "1", "power in a frequency band", "float32"),
        *(gamma if "gamma" in options.bands else ()),
        Variable("peak_frequency", ("region",), "Hz", "frequency of the largest power spectral density"),
        status("spectra", SpectralStatus),
    )


def coordinates(options: SpectraOptions, window: SampledWindow):
    """Frequencies and band names."""
    frequency = _welch(options, window.sample_ms).frequency
    return {
        "frequency": (frequency[: _shown(frequency, options)], "Hz", "frequency"),
        "band": (list(options.bands), "1", "frequency band"),
    }


def maps(options: SpectraOptions) -> tuple[Map, ...]:
    """List the maps drawn over the grid."""
    peak = Map(
        "peak_frequency",
        "peak_frequency",
        "peak frequency, median over regions",
        "**Peak frequency**: frequency at which the power spectral density of a region is largest (1 Hz or more), "
        "median over the regions that oscillate.",
        lambda values: values.median("region"),
        title="peak frequency",
    )
    if "gamma" not in options.bands:
        return (peak,)
    low, high = options.bands["gamma"]
    gamma = Map(
        "gamma_power",
        "gamma_power",
        "gamma power, mean over regions",
        "**Gamma power**: power of the model's observable (for E-I models the mean membrane potential of the "
        f"excitatory population, dimensionless) from {low:g} to {high:g} Hz, mean over regions.\n\nSpectra by the "
        f"method of Welch with segments of {options.segment_ms:g} ms. Zero: oscillating outside the band. At rest it "
        "would be that of round-off.",
        mean_over_regions,
        Look("magma_r", low=0.0),
        title="gamma power",
        doubtful=("gamma_peak", GAMMA_PEAK[0], "peak outside the band"),
        of_motion=True,
    )
    return (gamma, peak)


ANALYSIS = Analysis(
    name="spectra",
    title="Power spectra, band powers and peak frequencies",
    needs="simulation",
    options=SpectraOptions,
    variables=variables,
    reducer=SpectraReducer,
    coordinates=coordinates,
    check=check,
    maps=maps,
)
