"""What can be seen to fail before any job starts: bad matrices, analyses that don't fit, long steps, a full disk."""

import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
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
from ngnmm_core.preflight.cost import disk_bytes, size_text, variable_bytes
from ngnmm_core.preflight.reach import check_reach
from ngnmm_core.preflight.step_trial import check_steps
from ngnmm_core.recordings.held_out import check_held_out, check_scores
from ngnmm_core.recordings.load import load_recordings
from ngnmm_core.recordings.preprocessing import check_band
from ngnmm_core.recordings.targets import check_windows, windows_in
from ngnmm_core.simulation.delay_settings import check_stated_lengths, lengths_mm
from ngnmm_core.simulation.lesions import AXIS as RESECTION
from ngnmm_core.simulation.regional import RegionalMaps
from ngnmm_core.simulation.stimuli import check_indices
from ngnmm_core.stages.delays import equal_length
from ngnmm_core.stages.registry import STAGES, stages_of, starts_network
from ngnmm_core.storage.atomic import WRITABLE
from ngnmm_core.streaming.recorded_envelopes import check_envelopes
from ngnmm_core.study.connectome_axes import nulls_of
from ngnmm_core.study.maps import check_stated_maps
from ngnmm_core.study.optimisation import search_corners
from ngnmm_core.study.study import Study

SPARE = 1.05  # of the estimated need that must be free
GRID = "simulation"  # the stage of the grid
LARGE_BYTES = 10e9  # of matrices between regions, above which a warning is due


def check_study(study: Study, built: Path | None, regions: int, results: Path) -> list[str]:
    """Refuses a study that is bound to fail; gives warnings of what it will do badly.

    `built` is the file of its connectome, which need not be there.

    Raises
    ------
    InputError
        In one line: the key, what was found, and what is allowed.
    """
    row_sum = check_connectome(study, built, regions)
    check_recordings(study, built)
    check_disk(study, regions, results)
    return [*large_matrices(study, regions), *([] if row_sum is None else check_steps(study, regions, row_sum))]


def large_matrices(study: Study, regions: int) -> list[str]:
    """Warn, in one line, of a sweep whose matrices of connectivity take more than 10 GB."""
    if GRID not in {stage.name for stage in stages_of(study)}:
        return []
    points = len(STAGES[GRID].layout(study, regions).points)
    each, sizes = variable_bytes(study, GRID, regions), {}
    for analysis, options in STAGES[GRID].analyses(study):
        matrices = [v.name for v in analysis.variables(options) if "edge" in v.dims]
        sizes[analysis.name] = 2.0 * points * sum(each[matrix] for matrix in matrices)  # in shards and merged
    name = max(sizes, key=sizes.__getitem__, default="")
    if not name or sizes[name] < LARGE_BYTES:
        return []
    whole = disk_bytes(study, GRID, regions)
    return [
        f"warning: analyses.{name}: matrices of {points} points take {size_text(sizes[name])} of "
        f"{size_text(whole)} on disk; without `{name}` the sweep takes {size_text(whole - sizes[name])}, and a second "
        "study can compute it on a coarser grid"
    ]


def check_recordings(study: Study, built: Path | None) -> None:
    """Refuses recordings that can't be compared with the model: files of a user's own, and those of a built connectome.

    Where the connectome has not been fetched yet, regions are looked for when the shards are merged.

    Raises
    ------
    InputError
        As `load_recordings`, `find_targets`, `check_envelopes`, `check_held_out` and `check_scores`.
    """
    settings, options = study.config.empirical, study.options.get("fit")
    there = built is not None and built.is_file()
    if settings is None or not (there or settings.path):
        return
    recordings = load_recordings(settings, load_connectome(built) if there else None)
    if recordings.runs:
        scored = options is not None and "linear_fc" in options.of
        for band in study.options["linear_fc"].bands_hz if scored else ():
            check_band("analyses.linear_fc.bands_hz", band, recordings.tr_s)
        if settings.band_hz is not None:
            check_band("empirical.band_hz", settings.band_hz, recordings.tr_s)
    dynamics = study.options["bold"].fcd if options is not None and "bold" in options.of else None
    if dynamics is not None and recordings.group_fcd is not None:
        check_windows((dynamics.window_s, dynamics.step_s), recordings.group_fcd)
    if dynamics is not None and recordings.runs:
        windows_in((dynamics.window_s, dynamics.step_s), recordings)
    if options is not None and "fc" in options.of:
        check_envelopes(recordings, study.options["fc"].band_hz)
    if options is not None:
        check_held_out(options.hold_out, recordings)
        check_scores(recordings, _wanted_scores(study))


def _wanted_scores(study: Study) -> dict[str, Sequence[str]]:
    """Kinds of score by the key that asks for them; those that stand where nothing was said are not among them."""
    given, search = study.config.analyses["fit"], study.config.optimise
    said = given.get("scores") if isinstance(given, Mapping) else None
    wanted = {"analyses.fit.scores": said or (), "analyses.fit.best_by": (study.options["fit"].best_by,)}
    return wanted | ({"optimise.score": (search.score,)} if search else {})


def check_connectome(study: Study, built: Path | None, regions: int) -> float | None:
    """Refuses a connectome that can't be used as the study wants to; gives the largest row sum, if it is known.

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
        arrays = read_cohort(spec) if spec.is_cohort else read_spec(spec)
        common = {"labels": arrays.labels, "hemisphere": arrays.hemisphere}
        each = [_with_places(replace(own, **common), arrays) for own in arrays.each or ()] if study.subjects else []
        subjects = {float(k): connectome_from(own) for k, own in enumerate(each)}
        cohort = Cohort(connectome_from(arrays), subjects, nulls_of(study.config))
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
    """Refuses what does not go with this connectome (not normalised); gives the largest row sum of W.

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
    """Refuses what makes no sense with one region alone.

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
    """Whether the regions of stimuli and lesions are there; the indices alone where the labels are not known yet."""
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


def check_disk(study: Study, regions: int, results: Path) -> None:
    """Refuses a study whose results don't fit on the disk.

    Raises
    ------
    InputError
        Naming the space that is needed and the space that is there.
    """
    needed = sum(disk_bytes(study, stage.name, regions) for stage in stages_of(study))
    existing = next(p for p in (results, *results.absolute().parents) if p.exists())
    held = sum(f.stat().st_size for f in (results / study.name).rglob("*") if f.is_file())
    free = shutil.disk_usage(existing).free
    if needed * SPARE - held > free:
        raise InputError(
            f"grid: {study.size()} points need about {size_text(needed)} in {results}; allowed: at most "
            f"{size_text(free + held)}, what is free"
        )


def check_environment() -> None:
    """Refuses an environment in which no kernel can be compiled.

    Raises
    ------
    InputError
        Naming the variable.
    """
    given = os.environ.get("NUMBA_DISABLE_JIT", "").strip()
    if given not in ("", "0"):
        raise InputError(f"NUMBA_DISABLE_JIT: is {given}, which turns the compiler off; allowed: unset, or 0")


def check_writable(results: Path) -> None:
    """Refuses a folder of results that can't be written to; a file that is removed at once is the only sure sign.

    Raises
    ------
    InputError
        Naming the folder and what the system says.
    """
    try:
        results.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=results, prefix=".writable."):
            pass
    except OSError as error:
        raise InputError(f"{results}: can't be written ({error.strerror}); {WRITABLE}") from None
