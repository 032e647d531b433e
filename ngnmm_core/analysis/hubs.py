"""Hub scores: how much a virtual lesion of each region changes the network, beyond what another seed changes."""

from dataclasses import replace
from typing import Any, Literal

from pydantic import Field

from ngnmm_core.analysis.contract import Analysis, Options, Variable, status
from ngnmm_core.analysis.fc import FcOptions, check_window
from ngnmm_core.errors import InputError
from ngnmm_core.simulation.lesions import KINDS
from ngnmm_core.simulation.map_settings import MAPS, SURROGATE
from ngnmm_core.simulation.settings_checks import check_settings
from ngnmm_core.storage.flags import Status


class HubsStatus(Status):
    """Outcome of the lesions of a region.

    Without pairs of other regions there is no score; where all unlesioned runs end alike, a score has no z.
    """

    NOT_OSCILLATING, ISOLATED_REGION, NO_OTHER_PAIR, NULL_WITHOUT_SPREAD = 2, 3, 4, 5


class HubsOptions(Options):
    """Options of the hub analysis."""

    at: tuple[dict[str, float], ...] = Field(
        (), description="grid points to analyse, each by some of its coordinates; none: every point of the grid"
    )
    lesion: tuple[Literal["cut", "renormalised"], ...] = Field(
        KINDS,  # type: ignore[arg-type]
        min_length=1,
        description="`cut`: the region's row and column are removed; `renormalised`: the other rows sum to 1 again",
    )
    seeds: int = Field(5, ge=1, le=10_000, description="replicates of every lesion")
    null_seeds: int = Field(20, ge=3, le=10_000, description="replicates without lesion, for the seed-to-seed null")
    signal: Literal["rate", "gamma_envelope"] = Field("gamma_envelope", description="signal of the connectivity")
    lag_ms: float = Field(10.0, gt=0, le=100, description="lag of the information flow (ms)")
    duration_ms: float | None = Field(None, gt=0, description="simulated time (ms); the study's if not given")
    transient_ms: float | None = Field(None, ge=0, description="transient (ms); the study's if not given")


def check(options: HubsOptions, study) -> None:
    """There must be more null seeds than lesion seeds, and `at` must name points of the grid.

    Raises
    ------
    InputError
        For too few null seeds, a list of points, or an `at` that names no point of the grid.
    """
    if options.null_seeds < options.seeds:
        raise InputError(
            f"analyses.hubs.null_seeds: {options.null_seeds} is less than analyses.hubs.seeds = {options.seeds}; "
            "allowed: at least as many"
        )
    if study.listed:
        raise InputError("analyses.hubs: needs a grid, and the study lists points; allowed: grid instead of points")
    for k, point in enumerate(options.at):
        for name, value in point.items():
            key = f"analyses.hubs.at[{k}].{name}"
            if name not in hub_axes(study):
                raise InputError(f"{key}: not an axis of the grid; allowed: {', '.join(hub_axes(study))}")
            values = study.axes[name]
            if value not in values:
                near = min(values, key=lambda v: abs(v - value))
                raise InputError(f"{key}: {value:g} is not on the grid; allowed: a value of the axis, such as {near:g}")
    try:
        simulation = hub_simulation(options, study.simulation)
        check_settings(simulation, study.fastest_rate, study.time_factors)
        check_window(FcOptions(signals=(options.signal,)), simulation)
    except InputError as error:
        line = str(error)
        for name in ("duration_ms", "transient_ms"):
            if getattr(options, name) is not None:
                line = line.replace(f"simulation.{name}", f"analyses.hubs.{name}")
        raise InputError(line) from None


def hub_axes(study: Any) -> tuple[str, ...]:
    """Name the axes of the grid that hubs may be looked for on: no seeds, no stimuli, but maps and their surrogates."""
    of_maps = [name for name in study.axes if study.known_axes[name].part in (MAPS, SURROGATE)]
    return tuple(name for name in study.axes if study.is_of_system(name) or name in of_maps)


def hub_simulation(options: HubsOptions, simulation: Any) -> Any:
    """Put the hub analysis' own times into the study's simulation settings; raw series of lesions are not kept."""
    times = {k: getattr(options, k) for k in ("duration_ms", "transient_ms") if getattr(options, k) is not None}
    return simulation.model_copy(update={**times, "keep_series": False})


def variables(options: HubsOptions) -> tuple[Variable, ...]:
    """List the variables that this analysis writes."""
    dims = ("lesion", "region")
    texts = {
        "hub_score": "change of functional connectivity by a lesion (Frobenius norm)",
        "hub_score_low": "lower end of the 95 % interval of the hub score over seeds",
        "hub_score_high": "upper end of the 95 % interval of the hub score over seeds",
        "hub_zscore": "hub score against the seed-to-seed null",
        "hub_pvalue": "p-value of the hub score, corrected for the number of regions (Holm)",
        "hub_null_mean": "mean distance between unlesioned runs with different seeds",
        "hub_null_std": "standard deviation of that distance",
        "hub_synchrony_change": "change of the other regions' synchrony by a lesion",
        "hub_synchrony_zscore": "change of synchrony against the seed-to-seed null",
        "hub_gamma_change": "relative change of the other regions' gamma power by a lesion",
        "hub_gamma_zscore": "change of gamma power against the seed-to-seed null",
    }
    return (
        *(Variable(name, dims, "1", text) for name, text in texts.items()),
        Variable("hub_stability", ("lesion",), "1", "rank correlation of hub scores between halves of the seeds"),
        Variable("information_flow", ("region",), "1", "transfer entropy to the others (nat), less that of surrogates"),
        Variable("information_flow_pvalue", ("region",), "1", "p-value of it, for all regions together"),
        Variable("dynamical_influence", ("region",), "1", "left eigenvector of the leading mode, largest value 1"),
        Variable("leading_mode", (), "1", "mode of W that grows fastest at the homogeneous state", "int32"),
        replace(status("hubs", HubsStatus), dims=dims),
    )


ANALYSIS = Analysis(
    name="hubs",
    title="Hub scores by virtual lesion",
    needs="lesions",
    options=HubsOptions,
    variables=variables,
    check=check,
    compares_regions=True,
    rests_on_simulations=True,
)
