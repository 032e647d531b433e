"""Slow amplitude modulation: the spectrum of the amplitude envelope of a band, per region and for the mean field.

The network's mean can be gamma whose amplitude waxes and wanes over hundreds of milliseconds.  The envelope of the
band is demodulated on the way, its spectrum found by Welch's method, and the modulation depth is the standard deviation
of the envelope over its mean: 0 for a steady rhythm, 0.52 for Gaussian noise filtered to the band (Rayleigh).

Spectra: Welch, IEEE Trans. Audio Electroacoust. 15, 70 (1967), doi:10.1109/TAU.1967.1161901.
"""

from typing import Any

import numpy as np
from pydantic import Field

from ngnmm_core.analysis.contract import Analysis, Options, Variable, status
from ngnmm_core.analysis.spectra import check_segment
from ngnmm_core.errors import InputError
from ngnmm_core.simulation.observation import SampledWindow
from ngnmm_core.streaming.activity import SpectralStatus
from ngnmm_core.streaming.decimate import Decimator, decimation_factor
from ngnmm_core.streaming.envelope import GAMMA_HZ, Envelope, check_band
from ngnmm_core.streaming.region_mean import RegionMean
from ngnmm_core.streaming.welch import Welch

KEY = "analyses.amplitude_modulation"
FEWEST = 2  # frequencies of the modulation, 0 included
SMALLEST = 1e-6  # mean amplitudes below this are no rhythm


class AmplitudeModulationOptions(Options):
    """Options of the amplitude modulation."""

    band_hz: tuple[float, float] = Field(GAMMA_HZ, description="band whose amplitude is followed (Hz)")
    segment_ms: float = Field(2000.0, gt=0, description="length of a Welch segment of the envelope (ms)")
    max_hz: float = Field(30.0, gt=0, description="highest frequency of the modulation kept (Hz)")


def check(options: AmplitudeModulationOptions, study) -> None:
    """Check that the band is valid and above the modulation, and that the settled filters leave room for a segment.

    Raises
    ------
    InputError
        For a band, a highest frequency or a segment that does not fit the simulation.
    """
    low, high = options.band_hz
    simulation = study.simulation
    check_band(f"{KEY}.band_hz", options.band_hz, simulation.sample_ms)
    if options.max_hz > (high - low) / 2:
        raise InputError(
            f"{KEY}.max_hz: {options.max_hz:g} Hz is faster than a band of {high - low:g} Hz can be modulated; "
            f"allowed: at most {(high - low) / 2:g}"
        )
    check_segment(f"{KEY}.segment_ms", options.segment_ms, simulation)
    decimator, envelope = _filters(options, simulation.sample_ms)
    settling = len(decimator.taps) * simulation.sample_ms + envelope.settling_ms
    left = simulation.duration_ms - simulation.transient_ms - settling
    if options.segment_ms > left:
        raise InputError(
            f"{KEY}.segment_ms: {options.segment_ms:g} ms is longer than the {left:.0f} ms that the filters leave of "
            "the window; allowed: at most that, or a longer simulation.duration_ms"
        )
    if len(_Follower(options, simulation.sample_ms).welch.frequency) < FEWEST:
        raise InputError(
            f"{KEY}.segment_ms: {options.segment_ms:g} ms resolves no frequencies up to max_hz = {options.max_hz:g}; "
            f"allowed: longer than {1000.0 / options.max_hz:.4g}, or a higher max_hz"
        )


def _filters(options: AmplitudeModulationOptions, sample_ms: float) -> tuple[Decimator, Envelope]:
    segment = round(options.segment_ms / sample_ms)
    factor = decimation_factor(sample_ms, options.band_hz[1], max(segment, 1))
    decimator = Decimator(sample_ms, options.band_hz[1], factor)
    return decimator, Envelope(decimator.sample_ms, *options.band_hz)


class _Follower:
    """The envelope of one stream: its spectrum, and the moments that its depth follows from."""

    def __init__(self, options: AmplitudeModulationOptions, sample_ms: float):
        _, self.envelope = _filters(options, sample_ms)
        decimated_ms = self.envelope.sample_ms
        self.welch = Welch(max(round(options.segment_ms / decimated_ms), 2), decimated_ms, options.max_hz)
        self.count = 0
        self.total: Any = 0.0  # [group, channel, lane] from the first sample on
        self.squares: Any = 0.0

    def consume(self, signal: np.ndarray) -> None:
        """Take in decimated samples [sample, group, channel, lane]."""
        amplitude = self.envelope.push(signal)
        if len(amplitude):
            self.welch.consume(amplitude)
            for sample in amplitude:  # in a fixed order: the bits of a point are its own
                self.total = self.total + sample
                self.squares = self.squares + sample * sample
            self.count += len(amplitude)

    def moments(self, points: int) -> tuple[np.ndarray, np.ndarray]:
        """Mean and standard deviation of the amplitude, [point, channel]."""
        by_point = [
            np.moveaxis(np.asarray(x), -1, 1).reshape(-1, x.shape[1])[:points] for x in (self.total, self.squares)
        ]
        mean = by_point[0] / self.count
        return mean, np.sqrt(np.maximum(by_point[1] / self.count - mean * mean, 0.0))


class AmplitudeModulationReducer:
    """Follows every region and the mean over regions."""

    def __init__(self, options: AmplitudeModulationOptions, window: SampledWindow):
        self.points = window.points
        self.decimator, _ = _filters(options, window.sample_ms)
        self.region_mean = RegionMean(window.included)
        self.regions, self.mean = (_Follower(options, window.sample_ms) for _ in range(2))

    def consume(self, block) -> None:
        """Add the next samples."""
        signal = self.decimator.of(block)
        if len(signal):
            self.regions.consume(signal)
            self.mean.consume(self.region_mean(signal))

    def finish(self, activity) -> dict[str, np.ndarray]:
        """Spectra and depths of the modulation; NaN where there is no rhythm to be modulated."""
        mean, deviation = self.regions.moments(self.points)
        mean_field, mean_field_deviation = (x[:, 0] for x in self.mean.moments(self.points))
        results = {
            "envelope_spectrum": self.regions.welch.density(self.points),
            "mean_envelope_spectrum": self.mean.welch.density(self.points)[:, 0],
            "modulation_depth": _depth(mean, deviation, activity.active),
            "mean_modulation_depth": _depth(mean_field, mean_field_deviation, activity.active.any(axis=1)),
        }
        for values in results.values():
            values[activity.undersampled] = np.nan
        return results | {"amplitude_modulation_status": activity.spectral_status}


def _depth(mean: np.ndarray, deviation: np.ndarray, active: np.ndarray) -> np.ndarray:
    defined = active & (mean > SMALLEST)
    return np.where(defined, deviation / np.where(defined, mean, 1.0), np.nan)


def variables(options: AmplitudeModulationOptions) -> tuple[Variable, ...]:
    """List the variables that this analysis writes."""
    spectrum, depth = "power spectral density of the amplitude", "standard deviation over mean of the amplitude"
    return (
        Variable("envelope_spectrum", ("region", "modulation_frequency"), "Hz-1", spectrum, "float32"),
        Variable("mean_envelope_spectrum", ("modulation_frequency",), "Hz-1", f"{spectrum} of the region mean"),
        Variable("modulation_depth", ("region",), "1", depth),
        Variable("mean_modulation_depth", (), "1", f"{depth} of the region mean"),
        status("amplitude_modulation", SpectralStatus),
    )


def coordinates(options: AmplitudeModulationOptions, window: SampledWindow):
    """Frequencies of the modulation."""
    follower = _Follower(options, window.sample_ms)
    return {"modulation_frequency": (follower.welch.frequency, "Hz", "frequency of the modulation")}


ANALYSIS = Analysis(
    name="amplitude_modulation",
    title="Slow modulation of the amplitude of a band",
    needs="simulation",
    options=AmplitudeModulationOptions,
    variables=variables,
    reducer=AmplitudeModulationReducer,
    coordinates=coordinates,
    check=check,
)
