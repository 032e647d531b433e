"""The key `optimise` of a study: a search for the parameters that agree best with recordings."""

from itertools import product
from typing import Literal

from pydantic import Field

from ngnmm_core.errors import InputError
from ngnmm_core.points import Kind
from ngnmm_core.section import Section

WITHIN = 0.3819660113  # of the way between two bounds: no whole number
POPULATION = 8  # the lanes of double precision: as many points are simulated side by side


class Step(Section):
    """One step of the search."""

    of: Literal["linear_fc", "bold"] = Field(description="analysis whose connectivity is scored")
    evaluations: int = Field(ge=POPULATION, le=100_000, description="points that are tried; whole generations")


class Optimise(Section):
    """A search by CMA-ES, in steps: a cheap score first, then simulations from where it ended."""

    parameters: dict[str, tuple[float, float]] = Field(
        min_length=2, description="bounds [low, high] of every parameter that is searched, at least two; axes or not"
    )
    score: Literal["r", "edge_r", "gsr_r", "rmse", "fcd_ks"] = Field("edge_r", description="what is made best")
    steps: tuple[Step, ...] = Field(min_length=1, description="analyses and numbers of points, in turn")
    band: int = Field(0, ge=0, description="number of the band of `linear_fc` that is scored, from 0")
    population: int = Field(
        POPULATION, ge=POPULATION, description="points of a generation; a multiple of 8, which run side by side"
    )
    seed: int = Field(0, ge=0, le=2**32 - 1, description="of the search; simulations have the study's first seed")


def targets_of(name: str, study) -> tuple[str, ...]:
    """Give the parameters of the model that a name sets; none for what is no parameter."""
    return tuple(study.model.targets(name)) if name in study.model.axis_names else ()


def _check_bounds(key: str, name: str, bounds: tuple[float, float], names) -> None:
    """Whether something may be searched between bounds: a number with values in between."""
    low, high = bounds
    names.check(key, name, bounds)
    axis = names.axes[name]
    if axis.kind in (Kind.SEED, Kind.CONNECTOME) or not low < high:
        article = {Kind.SEED: "a seed", Kind.CONNECTOME: f"a {name}"}.get(axis.kind)
        found = f"{article} can't be searched" if article else f"[{low:g}, {high:g}] are no bounds"
        raise InputError(f"{key}: {found}; allowed: [low, high] of a parameter, low < high")
    try:
        axis.check(key, low + WITHIN * (high - low))
    except InputError:
        raise InputError(
            f"{key}: {name} has no values between {low:g} and {high:g}; allowed: what varies continuously"
        ) from None


def search_corners(study) -> list[dict[str, float]]:
    """Combine the bounds of all that maps and their scales depend on: what holds there holds in between."""
    mapped = {target for one in study.maps for target in study.model.targets(one.parameter)}
    scales = {one.axes[0] for one in study.maps}
    bounds = {
        name: ends
        for name, ends in study.config.optimise.parameters.items()
        if name in scales or mapped.intersection(targets_of(name, study))
    }
    return [dict(zip(bounds, corner, strict=True)) for corner in product(*bounds.values())]


def check_optimise(settings: Optimise, study, names) -> None:
    """Whether a search goes with its study.

    Parameters
    ----------
    settings : Optimise
    study : Study
    names : Names
        What may be set at a point.

    Raises
    ------
    InputError
        For parameters that there are not, bounds that are none, or steps whose analysis the study doesn't ask for.
    """
    key = "optimise"
    if "fit" not in study.options:
        raise InputError(f"{key}: needs scores; allowed: with analyses.fit")
    for name, (low, high) in settings.parameters.items():
        _check_bounds(f"{key}.parameters.{name}", name, (low, high), names)
        if name in study.fixed:
            raise InputError(f"{key}.parameters.{name}: also in model.parameters; allowed: one of the two")
        if study.config.model.balance is not None and study.config.model.balance.parameter in targets_of(name, study):
            raise InputError(f"{key}.parameters.{name}: also model.balance.parameter; allowed: one of the two")
    if settings.population % POPULATION:
        raise InputError(f"{key}.population: {settings.population}; allowed: a multiple of {POPULATION}")
    if settings.band and not any(step.of == "linear_fc" for step in settings.steps):
        raise InputError(f"{key}.band: {settings.band} without a step of linear_fc; allowed: 0, or with one")
    for k, step in enumerate(settings.steps):
        if step.of not in study.options:
            raise InputError(
                f"{key}.steps[{k}].of: {step.of} is not among the analyses; allowed: one that is asked for"
            )
        if settings.score == "fcd_ks" and (step.of != "bold" or study.options["bold"].fcd is None):
            raise InputError(
                f"{key}.score: fcd_ks needs bold with fcd in every step; allowed: with it, or another score"
            )
        if step.evaluations % settings.population:
            raise InputError(
                f"{key}.steps[{k}].evaluations: {step.evaluations} is no multiple of the population "
                f"{settings.population}; allowed: a multiple"
            )
        if step.of == "linear_fc" and settings.band >= len(study.options["linear_fc"].bands_hz):
            raise InputError(
                f"{key}.band: {settings.band}; allowed: 0 to {len(study.options['linear_fc'].bands_hz) - 1}"
            )
