"""What can be seen to fail before any job starts: connectomes and recordings that don't fit, a full disk."""

import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from ngnmm_core.connectome import load_connectome
from ngnmm_core.errors import InputError
from ngnmm_core.preflight.connectome_checks import check_connectome
from ngnmm_core.preflight.cost import disk_bytes, size_text, variable_bytes
from ngnmm_core.preflight.step_trial import check_steps
from ngnmm_core.recordings.held_out import check_held_out, check_scores
from ngnmm_core.recordings.load import load_recordings
from ngnmm_core.recordings.preprocessing import check_band
from ngnmm_core.recordings.targets import check_windows, windows_in
from ngnmm_core.stages.registry import STAGES, stages_of
from ngnmm_core.storage.atomic import WRITABLE
from ngnmm_core.streaming.recorded_envelopes import check_envelopes
from ngnmm_core.study.study import Study

SPARE = 1.05  # of the estimated need that must be free
GRID = "simulation"  # the stage of the grid
LARGE_BYTES = 10e9  # of matrices between regions, above which a warning is due


def check_study(study: Study, built: Path | None, regions: int, results: Path) -> list[str]:
    """Refuse a study that is bound to fail; gives warnings of what it will do badly.

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
    """Refuse recordings that can't be compared with the model: files of a user's own, and those of a built connectome.

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


def check_disk(study: Study, regions: int, results: Path) -> None:
    """Refuse a study whose results don't fit on the disk.

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
    """Refuse an environment in which no kernel can be compiled.

    Raises
    ------
    InputError
        Naming the variable.
    """
    given = os.environ.get("NUMBA_DISABLE_JIT", "").strip()
    if given not in ("", "0"):
        raise InputError(f"NUMBA_DISABLE_JIT: is {given}, which turns the compiler off; allowed: unset, or 0")


def check_writable(results: Path) -> None:
    """Refuse a folder of results that can't be written to; a file that is removed at once is the only sure sign.

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
