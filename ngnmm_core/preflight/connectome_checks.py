"""Checks of connectomes before a run: their rows, regions, maps and lengths, of every subject and its nulls."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from ngnmm_core.connectome import (
    Connectome,
    connectome_from,
    connectome_of,
    load_connectome,
    load_registry,
    read_spec,
)
from ngnmm_core.connectome.arrays import ConnectomeArrays
from ngnmm_core.connectome.cohort import Cohort, cohort_of
from ngnmm_core.connectome.cohort_files import read_cohort
from ngnmm_core.connectome.nulls import null_connectome
from ngnmm_core.errors import InputError
from ngnmm_core.preflight.reach import check_reach
from ngnmm_core.simulation.delay_settings import check_stated_lengths, lengths_mm
from ngnmm_core.simulation.lesions import AXIS as RESECTION
from ngnmm_core.simulation.regional import RegionalMaps
from ngnmm_core.simulation.stimuli import check_indices
from ngnmm_core.stages.delays import equal_length
from ngnmm_core.stages.registry import STAGES, starts_network
from ngnmm_core.study.connectome_axes import nulls_of
from ngnmm_core.study.maps import check_stated_maps
from ngnmm_core.study.optimisation import search_corners
from ngnmm_core.study.study import Study


def check_connectome(study: Study, built: Path | None, regions: int) -> float | None:
    """Refuse a connectome that can't be used as the study wants to; gives the largest row sum, if it is known.

    A file of the user's own is read; one of the registry is looked at if it has been built already (its job checks it
    otherwise; `regions`, their number, is known).

    Raises
    ------
    InputError
        For a file that is not a matrix of weights, a zero row under row normalisation, an analysis of the homogeneous
        state where the rows don't sum to the same, or a stimulus to a region that is not there.
    """
    check_reach(study)
    check_alone(study, regions)
    spec = study.config.connectome
    if spec.name is None:
        cohort = _cohort_of_files(study)
    elif built is not None and built.is_file():
        dataset = load_connectome(built)
        cohort = cohort_of(dataset, connectome_of(dataset, str(built)), nulls_of(study.config))
    else:
        _check_regions(study, None, regions)
        entry = load_registry().entry(spec.name)
        check_stated_maps(study.maps, spec.name, entry)
        if study.delayed:
            check_stated_lengths(entry, study.simulation.missing_lengths)
        return 1.0 if study.config.normalization == "row" else None
    return check_on_cohort(study, cohort)


def _cohort_of_files(study: Study) -> Cohort:
    """Read the files that the study names; its points need the subjects one by one only if they have that axis."""
    spec = study.config.connectome
    arrays = read_cohort(spec) if spec.is_cohort else read_spec(spec)
    common = {"labels": arrays.labels, "hemisphere": arrays.hemisphere}
    each = [_with_places(replace(own, **common), arrays) for own in arrays.each or ()] if study.subjects else []
    subjects = {float(k): connectome_from(own) for k, own in enumerate(each)}
    return Cohort(connectome_from(arrays), subjects, nulls_of(study.config))


def _with_places(own: ConnectomeArrays, cohort: ConnectomeArrays) -> ConnectomeArrays:
    """Give a subject the centres and volumes of the cohort where it has none."""
    return replace(
        own,
        centres=cohort.centres if own.centres is None else own.centres,
        volume=cohort.volume if own.volume is None else own.volume,
    )


def check_on_cohort(study: Study, cohort: Cohort) -> float:
    """Refuse what does not go with one of the connectomes, or a null of it; gives the largest row sum of W.

    Raises
    ------
    InputError
        As `check_connectome`.
    """
    single = not study.subjects
    each = [cohort.mean] if single or not cohort.subjects else list(cohort.subjects.values())
    largest = max(check_on_connectome(study, connectome) for connectome in each)
    if study.config.nulls is not None:
        kind, seed = study.config.nulls.kind, study.config.nulls.seed
        nulls = [null_connectome(connectome, kind, 1, seed) for connectome in each]
        largest = max(largest, *(check_on_connectome(study, null) for null in nulls))
    return largest


def check_on_connectome(study: Study, connectome: Connectome) -> float:
    """Refuse what does not go with this connectome (not normalised); gives the largest row sum of W.

    Raises
    ------
    InputError
        As `check_connectome`.
    """
    check_reach(study)
    check_alone(study, len(connectome))
    _check_regions(study, connectome.labels, len(connectome))
    normalised = connectome.normalised(study.config.normalization)
    if study.maps:
        maps = RegionalMaps(study.maps, connectome, study.model)
        maps.check(study.points())
        if study.config.highlights:
            maps.check(study.points_at(study.config.highlights))
        if study.config.optimise is not None:
            maps.check(study.points_at(search_corners(study)))
    sharded = [(analysis, options) for analysis, options in study.analyses if analysis.needs in STAGES]
    homogeneous = [a.name for a, options in sharded if STAGES[a.needs].needs_equal_rows(options)]
    if homogeneous:
        normalised.row_sum(f"analyses.{homogeneous[0]}")
    elif starts_network(study) and study.simulation.initial.start == "homogeneous":
        normalised.row_sum("simulation.initial.from: homogeneous")
    if study.delayed:
        found = lengths_mm(connectome, study.simulation.missing_lengths)
        if "dispersion" in study.options:
            equal_length(connectome, found)
    return float(normalised.weights.sum(axis=1).max())


def check_alone(study: Study, regions: int) -> None:
    """Refuse what makes no sense with one region alone.

    Raises
    ------
    InputError
        For a normalisation of weights that are not there, or an analysis that compares regions.
    """
    if study.config.nulls is not None and regions == 1:
        raise InputError("nulls: the connectome has one region; allowed: a network")
    if regions > 1:
        return
    if study.config.normalization != "none":
        raise InputError(
            f"normalization: {study.config.normalization}: the connectome has one region, which receives nothing; "
            "allowed: none"
        )
    for analysis, _ in study.analyses:
        if analysis.compares_regions:
            raise InputError(
                f"analyses.{analysis.name}: the connectome has one region; allowed: analyses of single regions"
            )


def _check_regions(study: Study, labels: Sequence[str] | None, regions: int) -> None:
    """Check that the regions of stimuli and lesions are there; the indices alone where the labels are not known yet."""
    for region in study.axes.get(RESECTION, ()):
        if region >= regions:
            raise InputError(f"grid.{RESECTION}: there is no region {region:g}; allowed: at most {regions - 1}")
    if labels is not None:
        study.simulation.resection.indices(labels)
    for stimulus in study.simulation.stimuli if study.simulates else ():
        name = f"{stimulus.name}.region"
        asked = [h[name] for h in study.config.highlights if name in h]
        indices = [float(value) for value in (*study.axes.get(name, ()), *asked)]
        check_indices(stimulus, indices, regions)
        if labels is not None:
            stimulus.weights(labels)
