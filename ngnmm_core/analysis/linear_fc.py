"""Functional connectivity by linear noise theory: what noise around the network's equilibrium gives in the long run.

No simulation is needed, and there is no sampling error: at rest, FC of five simulated minutes is mostly chance.  Where
the network doesn't come to rest, or its rest is unstable, there is no linear FC.

Gardiner, Handbook of Stochastic Methods (2009), section 4.4.
"""

from collections.abc import Mapping
from typing import Literal

import numpy as np
from pydantic import Field

from ngnmm_core.analysis.contract import Analysis, Options, Variable, refuse_unread, status
from ngnmm_core.analysis.maps import Look, Map, as_it_is
from ngnmm_core.errors import InputError, unknown
from ngnmm_core.storage.flags import Status
from ngnmm_core.streaming.haemodynamics import haemodynamics

MOST_FREQUENCIES = 10_000


class LinearFcStatus(Status):
    """Outcome of linear noise theory."""

    NO_EQUILIBRIUM, UNSTABLE, NOT_RESOLVED = 2, 3, 4


class LinearFcOptions(Options):
    """Options of linear noise theory."""

    bands_hz: tuple[tuple[float, float], ...] = Field(
        ((0.01, 0.1),), min_length=1, description="bands (Hz); each gets a connectivity of its own"
    )
    signal: str = Field(
        "rate",
        description="what is correlated: `rate`, the first population's (the observable of models without rates); "
        "`observable`; or a state, such as `s_i`",
    )
    haemodynamics: Literal["none", "balloon"] = Field(
        "none", description="`balloon`: the signal goes through the small-signal response of the Balloon model"
    )
    constants: str | dict[str, float] = Field(
        "friston2003", description="of the Balloon model: `friston2003`, `heinzle2016_3t`, or values by name"
    )
    coherence: bool = Field(False, description="also writes the coherence in every band, `linear_coherence`")
    spectrum_max_hz: float | None = Field(
        None, gt=0, description="also writes the power spectrum of the observable up to here (Hz), `linear_spectrum`"
    )
    spectrum_step_hz: float = Field(1.0, gt=0, description="distance of its frequencies (Hz)")

    @property
    def band_names(self) -> list[str]:
        """The bands as they are called in the results."""
        return [f"{low:g}-{high:g}" for low, high in self.bands_hz]

    @property
    def frequencies_hz(self) -> np.ndarray:
        """Frequencies of the power spectrum (Hz)."""
        if self.spectrum_max_hz is None:
            return np.empty(0)
        count = int(self.spectrum_max_hz / self.spectrum_step_hz + 1e-9)
        return self.spectrum_step_hz * np.arange(1, count + 1)


def check(options: LinearFcOptions, study) -> None:
    """There must be noise, the bands must be some, and the signal one that the model has.

    Raises
    ------
    InputError
        Otherwise, and for haemodynamics that are none.
    """
    key = "analyses.linear_fc"
    for low, high in options.bands_hz:
        if not 0 <= low < high:
            raise InputError(f"{key}.bands_hz: [{low:g}, {high:g}] is not a band; allowed: 0 <= lower < upper")
    if len(set(options.band_names)) < len(options.band_names):
        raise InputError(f"{key}.bands_hz: {', '.join(options.band_names)} repeats a band; allowed: each once")
    check_signal(f"{key}.signal", options.signal, study.model, positive=options.haemodynamics == "balloon")
    haemodynamics(options.constants, f"{key}.constants")
    balloon = options.haemodynamics == "balloon"
    refuse_unread(key, options, ("constants",), balloon, f"{key}.haemodynamics: balloon")
    refuse_unread(key, options, ("spectrum_step_hz",), options.spectrum_max_hz is not None, f"{key}.spectrum_max_hz")
    count = 0.0 if options.spectrum_max_hz is None else options.spectrum_max_hz / options.spectrum_step_hz
    if count >= MOST_FREQUENCIES + 1:
        raise InputError(
            f"{key}.spectrum_step_hz: {options.spectrum_step_hz:g} gives {count:.10g} frequencies; "
            f"allowed: at most {MOST_FREQUENCIES}"
        )
    values = study.axes.get("noise_sigma", [study.simulation.noise_sigma])
    if not min(values) > 0:
        raise InputError(
            f"{key}: simulation.noise_sigma is {min(values):g}, and without noise nothing fluctuates; allowed: > 0"
        )
    if not study.model.noisy_states:
        raise InputError(f"{key}: no state of {study.model.name} takes noise; allowed: a model with noise")


def check_signal(key: str, signal: str, model, positive: bool = False) -> None:
    """Whether a model has the signal that is asked for; one that can't be negative, where it drives the Balloon model.

    Raises
    ------
    InputError
        For another name; lists those that there are.
    """
    allowed = ["rate", "observable", *model.state_names]
    if positive:
        rate = ["rate"] if model.populations[0].rate is not None else []
        allowed = [*rate, *(state.name for state in model.states if state.non_negative)]
    if signal not in allowed:
        raise unknown(key, signal, allowed)


def unit_of(options: LinearFcOptions) -> str:
    """Return the unit of the signal."""
    return "Hz" if options.signal == "rate" and options.haemodynamics == "none" else "1"


def variables(options: LinearFcOptions) -> tuple[Variable, ...]:
    """List the variables that this analysis writes."""
    each = ("fc_band", "edge")
    found = [
        Variable("linear_fc", each, "1", "functional connectivity by linear noise theory", "float32"),
        Variable("linear_amplitude", ("fc_band", "region"), unit_of(options), "standard deviation of the signal"),
        Variable("linear_slowest", (), "ms-1", "growth rate of the slowest perturbation of the network's equilibrium"),
        Variable("linear_equilibria", (), "1", "equilibria with all regions alike (-1 with maps)", "int32"),
    ]
    if options.coherence:
        found.append(Variable("linear_coherence", each, "1", "magnitude-squared coherence in the band", "float32"))
    if options.spectrum_max_hz is not None:
        spectrum = ("region", "linear_frequency")
        found.append(Variable("linear_spectrum", spectrum, "Hz-1", "power spectrum of the observable", "float32"))
    return (*found, status("linear_fc", LinearFcStatus))


def coordinates(options: LinearFcOptions, window) -> Mapping[str, tuple]:
    """Name the bands, and give the frequencies of the spectrum."""
    found: dict[str, tuple] = {"fc_band": (options.band_names, "1", "band of the connectivity (Hz)")}
    if options.spectrum_max_hz is not None:
        found["linear_frequency"] = (options.frequencies_hz, "Hz", "frequency")
    return found


STATUSES = ("linear_fc_status",)
MEAN = Map(
    "linear_fc",
    "linear_fc",
    "mean functional connectivity by linear noise theory",
    "Mean over all pairs of regions of the correlation that **noise around the network's equilibrium** gives in the "
    "long run, one row per band (Hz).",
    lambda values: values.mean("edge"),
    Look("vlag", diverging=True),
    title="mean connectivity by linear theory",
    statuses=STATUSES,
    rows="fc_band",
)
SLOWEST = Map(
    "linear_slowest",
    "linear_slowest",
    "growth rate of the slowest perturbation",
    "How fast the **slowest perturbation** of the network's equilibrium dies out: the closer to zero, the closer to a "
    "bifurcation.",
    as_it_is,
    Look("mako"),
    title="slowest perturbation",
    statuses=STATUSES,
)

ANALYSIS = Analysis(
    name="linear_fc",
    title="Functional connectivity by linear noise theory",
    needs="linear_fc",
    options=LinearFcOptions,
    variables=variables,
    coordinates=coordinates,
    check=check,
    maps=lambda options: (MEAN, SLOWEST),
    compares_regions=True,
)
