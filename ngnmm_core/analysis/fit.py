"""Scores of a model against recordings at every point, with a bootstrap over subjects.

Computed when the shards are merged, from the connectivity that other analyses have written: other recordings, or
others of their options, run no simulation again.  What is read off the whole grid (scores held out by subject, the
best point and its confidence set), ceilings, baselines and null connectomes go to `fit.nc`.
"""

from typing import Literal

from pydantic import Field

from ngnmm_core.analysis.contract import MERGE, Analysis, Options, Variable, status
from ngnmm_core.analysis.maps import Look, Map, as_it_is
from ngnmm_core.errors import InputError, twice
from ngnmm_core.storage.flags import Status

MEANINGS = {
    "r": "correlation with the mean connectivity of the subjects",
    "edge_r": "the same without additive effects of regions, in model and recordings",
    "gsr_r": "correlation after regression of the global signal in both",
    "rmse": "root mean square difference from the mean connectivity of the subjects",
    "fcd_ks": "Kolmogorov-Smirnov distance of the dynamics of connectivity",
}
SOURCES = ("linear_fc", "bold")  # scored where nothing is said
ENVELOPES = ("gamma_envelope", "orthogonalised_envelope")  # signals of `fc` that recordings by M/EEG have too
LEAST_RELIABILITY = 0.5  # of a simulation's connectivity, below which scores are hatched


class FitStatus(Status):
    """Outcome of the scores."""

    SOME_SIGNALS_UNDEFINED, NO_CONNECTIVITY = 2, 3


class FitOptions(Options):
    """Options of the scores."""

    of: tuple[Literal["linear_fc", "bold", "fc"], ...] | None = Field(
        None,
        description="analyses whose connectivity is scored; if not given, linear_fc and bold where the study has them. "
        "`fc`: its envelopes, against those of recordings by M/EEG in the same band",
    )
    scores: tuple[Literal["r", "edge_r", "gsr_r", "rmse", "fcd_ks"], ...] | None = Field(
        None, description="which scores; if not given, all that there are data for"
    )
    hold_out: Literal["subject", "group"] | None = Field(
        None,
        description="`subject`: points are also chosen on the mean of all subjects but one, and scored on that one; "
        "`group`: chosen on a group's FC, and scored on that of another group",
    )
    best_by: Literal["r", "edge_r", "gsr_r", "rmse"] = Field(
        "edge_r", description="score by which the best point and its confidence set are chosen"
    )
    bootstrap: int = Field(1000, ge=0, le=100_000, description="draws of subjects, for limits of 95 %; 0 gives none")
    seed: int = Field(0, ge=0, description="of the draws")


def adapt(options: FitOptions, config) -> FitOptions:
    """Names the analyses and the scores, where the study leaves them out."""
    of: tuple[str, ...] = options.of or tuple(name for name in SOURCES if name in config.analyses)
    scores: tuple[str, ...] | None = options.scores
    if scores is None:
        bold = config.analyses.get("bold") or {}
        dynamics = "bold" in of and (bold.get("fcd") if isinstance(bold, dict) else bold.fcd) is not None
        scores = tuple(name for name in MEANINGS if name != "fcd_ks" or dynamics)
    return options.model_copy(update={"of": of, "scores": scores})


def check(options: FitOptions, study) -> None:
    """There must be recordings, and something to score.

    Raises
    ------
    InputError
        Otherwise.
    """
    key = "analyses.fit"
    if study.config.empirical is None:
        raise InputError(f"{key}: there are no recordings to compare with; allowed: with the key `empirical`")
    if not options.of:
        raise InputError(f"{key}: nothing to score; allowed: with analyses.linear_fc, analyses.bold, or fit.of: [fc]")
    for name in options.of:
        if name not in study.options:
            raise InputError(
                f"{key}.of: {name} is not among the analyses; allowed: {' or '.join((*SOURCES, 'fc'))}, if asked for"
            )
    if "fc" in options.of:
        _check_envelopes(options, study)
    for field in ("of", "scores"):
        values = getattr(options, field)
        if not values or twice(values):
            raise InputError(f"{key}.{field}: {list(values)}; allowed: at least one, each once")
    if "fcd_ks" in options.scores and ("bold" not in options.of or study.options["bold"].fcd is None):
        raise InputError(f"{key}.scores: fcd_ks needs analyses.bold.fcd; allowed: with it, or other scores")


def _check_envelopes(options: FitOptions, study) -> None:
    """Envelopes must be asked for, and recordings not be cleaned as BOLD is."""
    key, signals, empirical = "analyses.fit.of: fc", study.options["fc"].signals, study.config.empirical
    if not set(ENVELOPES) & set(signals):
        raise InputError(f"{key}: analyses.fc.signals: {list(signals)}; allowed: with {' or '.join(ENVELOPES)}")
    if "bold" in options.of:
        raise InputError(f"{key} beside bold; allowed: one of the two, recordings are by M/EEG or BOLD")
    if empirical.band_hz is not None:
        raise InputError(
            f"{key}: empirical.band_hz: {list(empirical.band_hz)}; allowed: the band in analyses.fc.band_hz"
        )
    if empirical.global_signal == "regress":
        raise InputError(f"{key}: empirical.global_signal: regress; allowed: keep, envelopes have no global signal")


def signals(study) -> list[tuple[str, str, int | None]]:
    """List what is scored: the name of each signal, its analysis, and the number of its band."""
    found = []
    for name in study.options["fit"].of:
        if name == "fc":
            found += [(f"fc:{s}", name, k) for k, s in enumerate(study.options["fc"].signals) if s in ENVELOPES]
            continue
        bands = study.options[name].band_names if name == "linear_fc" else []
        several = len(bands) > 1
        found += [(f"{name}:{band}" if several else name, name, k) for k, band in enumerate(bands)]
        found += [] if bands else [(name, name, None)]
    return found


def variables(options: FitOptions) -> tuple[Variable, ...]:
    """List the variables that are written at every point."""
    found = []
    for kind in options.scores or MEANINGS:
        found.append(Variable(f"fit_{kind}", ("fit_signal",), "1", MEANINGS[kind]))
        if options.bootstrap:
            for end, text in (("low", "2.5"), ("high", "97.5")):
                found.append(
                    Variable(f"fit_{kind}_{end}", ("fit_signal",), "1", f"{text} % of {MEANINGS[kind]}, over subjects")
                )
    if "r" in (options.scores or MEANINGS):
        text = "correlation that an endless simulation may be expected to reach"
        found.append(Variable("fit_noise_limit", ("fit_signal",), "1", text))
    text = "reliability of the model's connectivity, from that of both halves; 1 without sampling error"
    found.append(Variable("fit_reliability", ("fit_signal",), "1", text))
    return (*found, status("fit", FitStatus))


UNRELIABLE = ("fit_reliability", LEAST_RELIABILITY, f"reliability below {LEAST_RELIABILITY:g}")
HATCHED = "\n\nHatched (hollow along lines): simulations whose connectivity is not reliable."
FIT_R = Map(
    "fit_r",
    "fit_r",
    "correlation with recordings",
    "Correlation over pairs of regions between the model's functional connectivity and the **mean of the recorded "
    "subjects**, one row per signal. Region sizes alone can reach high values: the ladder of scores has them."
    + HATCHED,
    as_it_is,
    Look("vlag", diverging=True),
    statuses=("fit_status",),
    rows="fit_signal",
    doubtful=UNRELIABLE,
)
FIT_EDGE_R = Map(
    "fit_edge_r",
    "fit_edge_r",
    "edge-specific correlation with recordings",
    "The same correlation after **one additive effect per region** has been taken out of model and recordings: sizes "
    "and strengths of regions explain nothing of it." + HATCHED,
    as_it_is,
    Look("vlag", diverging=True),
    statuses=("fit_status",),
    rows="fit_signal",
    doubtful=UNRELIABLE,
)


def maps(options: FitOptions) -> tuple[Map, ...]:
    """List the maps drawn over the grid: those of the scores that are asked for."""
    scores = options.scores or MEANINGS
    return tuple(drawn for kind, drawn in (("r", FIT_R), ("edge_r", FIT_EDGE_R)) if kind in scores)


ANALYSIS = Analysis(
    name="fit",
    title="Agreement with recordings",
    needs=MERGE,
    options=FitOptions,
    variables=variables,
    check=check,
    adapt=adapt,
    maps=maps,
    compares_regions=True,
)
