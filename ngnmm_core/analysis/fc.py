"""Functional connectivity: Pearson correlation between regions of the rate and of the band-limited amplitude envelope.

In the desynchronised gamma regime the phases of regions are unrelated and the correlation of raw signals is near zero;
amplitude envelope correlation, as used for MEG, shows the coupling that is left.

Amplitude envelope correlation: Brookes et al., NeuroImage 56, 1082 (2011), doi:10.1016/j.neuroimage.2011.02.054.  For
recordings by M/EEG, whose sensors share what they see at the same moment, there is the orthogonalised one as well:
`ngnmm_core.streaming.orthogonalised`.
"""

from typing import Any, Literal

import numpy as np
from pydantic import Field

from ngnmm_core.analysis.contract import Analysis, Options, Variable, refuse_unread, status
from ngnmm_core.analysis.maps import Look, Map
from ngnmm_core.errors import InputError
from ngnmm_core.simulation.observation import SampledWindow
from ngnmm_core.streaming.activity import SpectralStatus
from ngnmm_core.streaming.covariance import Covariance
from ngnmm_core.streaming.decimate import Decimator, decimation_factor, filter_length
from ngnmm_core.streaming.envelope import ATTENUATION_DB, GAMMA_HZ, Envelope, check_band
from ngnmm_core.streaming.orthogonalised import OrthogonalisedCovariance

EVERY_MS = 1.0
FEWEST_SAMPLES = 100
FEWEST_OF_ENVELOPE = 10
TOGETHER = 256  # decimated samples that go through the filters of an envelope at once
LEAKAGE = 10.0 ** (-ATTENUATION_DB / 20.0)  # of a signal outside of the band, which its envelope may show


class FcStatus(SpectralStatus):
    """Outcome: unresolved where a signal varies by no more than rounding makes it, or its filter lets through."""

    UNRESOLVED = 6


class FcOptions(Options):
    """Options of the functional connectivity."""

    signals: tuple[Literal["rate", "gamma_envelope", "orthogonalised_envelope"], ...] = Field(
        ("rate", "gamma_envelope"),
        min_length=1,
        description="what is correlated; `rate` is the first population's, or the observable of models without rates; "
        "`orthogonalised_envelope` leaves out what two regions share at the same moment, as for M/EEG",
    )
    band_hz: tuple[float, float] = Field(GAMMA_HZ, description="band of the envelopes (Hz)")


def check(options: FcOptions, study) -> None:
    """Check that the band of envelopes is below half the sampling rate, and the window long enough for the filter.

    Raises
    ------
    InputError
        For a band that is none, or a signal named twice.
    """
    simulation = study.simulation
    if of_envelopes(options):
        check_band("analyses.fc.band_hz", options.band_hz, simulation.sample_ms)
    if len(set(options.signals)) < len(options.signals):
        raise InputError(f"analyses.fc.signals: {list(options.signals)} repeats a signal; allowed: each once")
    envelopes = any(signal != "rate" for signal in options.signals)
    refuse_unread("analyses.fc", options, ("band_hz",), envelopes, "an envelope among analyses.fc.signals")
    check_window(options, simulation)


def check_window(options: FcOptions, simulation) -> None:
    """Check that the window is long enough for the filters of the envelope to settle, and for some samples more.

    Raises
    ------
    InputError
        For a window that is too short.
    """
    window = simulation.duration_ms - simulation.transient_ms
    shortest = FEWEST_SAMPLES * EVERY_MS
    if of_envelopes(options):
        low, high = options.band_hz
        factor = _factor(simulation.sample_ms, high)
        envelope = Envelope(simulation.sample_ms * factor, low, high)
        settled = filter_length(simulation.sample_ms, high, factor) * simulation.sample_ms + envelope.settling_ms
        shortest = max(shortest, float(np.ceil(settled + FEWEST_OF_ENVELOPE * envelope.sample_ms)))
    if window < shortest:
        raise InputError(
            f"simulation.duration_ms: a window of {window:g} ms is too short for fc of {', '.join(options.signals)}; "
            f"allowed: at least {shortest:g} ms after the transient"
        )


def of_envelopes(options: FcOptions) -> bool:
    """Whether any of the signals is that of a frequency band."""
    return any(name != "rate" for name in options.signals)


def _factor(sample_ms: float, high_hz: float) -> int:
    return decimation_factor(sample_ms, high_hz, max(round(EVERY_MS / sample_ms), 1))


class RateSignal:
    """The first population's rate, every millisecond: a correlation at lag zero is not biased by thinning.

    For models without rates in Hz it is the observable, which is an activity there.
    """

    accumulator = Covariance

    def __init__(self, options: FcOptions, window: SampledWindow):
        self.has_rate = window.model.populations[0].rate is not None
        self.step = max(round(EVERY_MS / window.sample_ms), 1)
        self.sample_ms = self.step * window.sample_ms
        self.position = 0

    def push(self, block) -> np.ndarray:
        """Give the thinned samples of a block."""
        first = -self.position % self.step
        self.position += block.samples
        return block.rate(0, self.step, first) if self.has_rate else block.observable[first :: self.step]


class EnvelopeSignal:
    """The amplitude of the observable in a band."""

    accumulator = Covariance

    def __init__(self, options: FcOptions, window: SampledWindow):
        low, high = options.band_hz
        self.decimator = Decimator(window.sample_ms, high, _factor(window.sample_ms, high))
        self.envelope = Envelope(self.decimator.sample_ms, low, high)
        self.sample_ms = self.envelope.sample_ms
        self._left = window.samples
        self._waiting: list[np.ndarray] = []

    def push(self, block) -> np.ndarray:
        """Give the envelope at the samples that are due."""
        return self.envelope.push(self.due(block))

    def due(self, block) -> np.ndarray:
        """Give the decimated samples once enough are waiting, or the window ends.

        The filters of the envelope reach so far back that their samples leave the cache: the more of its values are
        made in one pass over them the better.
        """
        self._waiting.append(self.decimator.of(block))
        self._left -= block.samples
        if self._left > 0 and sum(map(len, self._waiting)) < TOGETHER:
            return self._waiting[0][:0]
        due = np.concatenate(self._waiting)
        self._waiting.clear()
        return due


class AnalyticSignal:
    """The analytic signal of the observable in a band, for envelopes that are orthogonalised pair by pair."""

    accumulator = OrthogonalisedCovariance

    def __init__(self, options: FcOptions, window: SampledWindow):
        self._of_band = EnvelopeSignal(options, window)
        self.sample_ms = self._of_band.sample_ms

    def push(self, block) -> tuple[np.ndarray, np.ndarray]:
        """Give the real and the imaginary part at the next samples."""
        band = self._of_band
        return band.envelope.analytic(band.due(block))


SIGNALS: dict[str, Any] = {
    "rate": RateSignal,
    "gamma_envelope": EnvelopeSignal,
    "orthogonalised_envelope": AnalyticSignal,
}
SIGNAL_TEXTS = {
    "rate": "firing rate",
    "gamma_envelope": "gamma envelope",
    "orthogonalised_envelope": "orthogonalised gamma envelope",
}


class FcReducer:
    """One covariance per signal."""

    def __init__(self, options: FcOptions, window: SampledWindow):
        self.points, self.of_envelopes = window.points, of_envelopes(options)
        self.names, self.edges = options.signals, np.triu_indices(window.regions, 1)
        self.signals = [SIGNALS[name](options, window) for name in options.signals]
        self.covariances = [signal.accumulator() for signal in self.signals]

    def consume(self, block) -> None:
        """Add the next samples."""
        for signal, covariance in zip(self.signals, self.covariances, strict=True):
            covariance.consume(signal.push(block))

    def finish(self, activity) -> dict[str, np.ndarray]:
        """Correlations [point, signal, edge]; NaN for pairs with a region that is not active."""
        i, j = self.edges
        defined = activity.active[:, i] & activity.active[:, j]
        least = np.maximum(activity.rounding, LEAKAGE * activity.std)
        nothing = np.full((self.points, len(i)), np.nan)  # a window too short for the filters
        correlations = [
            c.correlation(self.points, 0.0 if name == "rate" else least)[:, i, j] if c.count else nothing
            for name, c in zip(self.names, self.covariances, strict=True)
        ]
        fc = np.stack([np.where(defined, c, np.nan) for c in correlations], axis=1)
        status = activity.spectral_status if self.of_envelopes else activity.status
        unresolved = (np.isnan(fc) & defined[:, None]).any(axis=(1, 2)) & (status == FcStatus.OK)
        if self.of_envelopes:
            fc[activity.undersampled] = np.nan
        return {"fc": fc, "fc_status": np.where(unresolved, FcStatus.UNRESOLVED, status).astype(np.int8)}


def variables(options: FcOptions) -> tuple[Variable, ...]:
    """List the variables that this analysis writes."""
    return (
        Variable("fc", ("signal", "edge"), "1", "functional connectivity (Pearson correlation)", "float32"),
        status("fc", FcStatus),
    )


def coordinates(options: FcOptions, window: SampledWindow):
    """Signals by name."""
    return {"signal": (list(options.signals), "1", "signal that is correlated")}


CORRELATION = Look("vlag", -1.0, 1.0, diverging=True)


def maps(options: FcOptions) -> tuple[Map, ...]:
    """List the maps drawn over the grid."""
    signals = " and ".join(SIGNAL_TEXTS[name] for name in options.signals)
    low, high = options.band_hz
    mean = Map(
        "fc",
        "fc",
        "mean functional connectivity",
        f"**Mean functional connectivity**: Pearson correlation between regions, mean over all pairs, of {signals}.\n\n"
        f"The envelope is the amplitude between {low:g} and {high:g} Hz. Where phases of regions are unrelated, the "
        "rates hardly correlate even if the regions are coupled; the envelopes show what is left.",
        lambda values: values.mean("edge"),
        CORRELATION,
        rows="signal",
    )
    return (mean,)


ANALYSIS = Analysis(
    name="fc",
    title="Functional connectivity",
    needs="simulation",
    options=FcOptions,
    variables=variables,
    reducer=FcReducer,
    coordinates=coordinates,
    check=check,
    maps=maps,
    compares_regions=True,
)
