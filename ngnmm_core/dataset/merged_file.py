"""The results of a study as datasets: assembled from its shards, and opened again."""

import json
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import netCDF4
import numpy as np

from ngnmm_core.analysis import continuation
from ngnmm_core.analysis.fit import signals
from ngnmm_core.analysis.registry import get_analysis
from ngnmm_core.connectome import Connectome
from ngnmm_core.connectome.cohort import Cohort
from ngnmm_core.dataset.coordinates import describe_regions, point_coordinates
from ngnmm_core.dataset.fit_scores import grid_of, point_scores
from ngnmm_core.dataset.merger import Merger
from ngnmm_core.dataset.provenance import package_versions, scientific_config
from ngnmm_core.dataset.shard_files import Source, locate, open_all, open_shards
from ngnmm_core.errors import InputError
from ngnmm_core.points import Kind
from ngnmm_core.recordings.recordings import Recordings
from ngnmm_core.stages.context import context, fingerprint
from ngnmm_core.stages.contract import BRANCHES, SWEEP, Layout, Stage
from ngnmm_core.stages.lesions import hub_layout, hub_points
from ngnmm_core.stages.registry import stages_of
from ngnmm_core.storage.atomic import whole_file
from ngnmm_core.storage.integrity import require_intact
from ngnmm_core.study.connectome_axes import planned_connectome
from ngnmm_core.study.study import Study
from ngnmm_core.sweep.finished import Wanted

if TYPE_CHECKING:
    import xarray as xr

CONVENTIONS = "CF-1.11"
PARTIAL = ".partial.nc"
KEPT_FROM_CONNECTOME = ("title", "atlas", "source", "terms", "citation")


def merge_file(
    study: Study,
    file: str,
    shards: Mapping[str, Sequence[Path]],
    connectome: tuple[Cohort, str],
    output: Path,
    hubs: Path | None = None,
    recordings: Recordings | None = None,
) -> int:
    """Write one merged file of a study: its sweep, its highlights, or its lesions.

    Parameters
    ----------
    file : str
        Which of the files that stages declare, such as `ngnmm_core.stages.contract.SWEEP`.
    shards : mapping of stage to paths
    connectome : (Cohort, str)
        As read, not normalised, and the identity of its source.
    output : Path
        Replaced only when the new file is complete.  If it is called `*.partial.nc`, points may be missing; they hold
        NaN (-1 for whole numbers) then.
    hubs : Path, optional
        Hub scores, to be laid out over the grid of a sweep.
    recordings : Recordings, optional
        That a sweep is scored against.

    Returns
    -------
    int
        Number of missing points, over all stages.

    Raises
    ------
    InputError
        If points are missing and the file is not a partial one, a shard is damaged, or the shards don't fit each other.
    """
    cohort, identity = connectome
    brain = cohort.mean
    stages = [stage for stage in stages_of(study) if stage.file == file]
    layouts = {stage.name: stage.layout(study, len(brain)) for stage in stages}
    contexts = {stage.name: context(study, stage.name, identity) for stage in stages}
    keep, planned = study.config.keep_versions, planned_connectome(study, identity, len(brain))
    located = {
        name: locate(Wanted(layout.points, contexts[name], planned), list(shards.get(name, ())), keep)
        for name, layout in layouts.items()
    }
    _require_whole(output, located)
    with whole_file(output) as temporary:
        merger = Merger(temporary)
        with merger.file, ExitStack() as stack:
            auxiliary = _write_axes(merger, study, file, next(iter(layouts.values()), None))
            listed = file != SWEEP or study.listed
            auxiliary += _write_regions(merger, study, cohort, _choosing(layouts) if listed else None)
            regions = len(brain)
            files = {name: open_shards(stack, s.paths, contexts[name], regions, keep) for name, s in located.items()}
            _write_numbers(merger, [opened[0] for opened in files.values() if opened])
            for stage in stages:
                _write_stage(merger, study, stage, layouts[stage.name], located[stage.name], files[stage.name])
            if hubs:
                _write_hubs(merger, study, hubs, stack)
            if recordings is not None:
                _write_scores(merger, study, recordings)
            codes = {name: contexts[name]["code"] for name, source in located.items() if source.paths}
            attributes = _attributes(study, brain, identity, codes) | _of_shards(located)
            if file == BRANCHES:
                attributes |= continuation.attributes(study)
            merger.file.setncatts(attributes | {"coordinates": " ".join(auxiliary)})
    return sum(source.missing for source in located.values())


def _require_whole(output: Path, located: Mapping[str, Source]) -> None:
    """Refuse what lacks points, but for a partial file; refuse damaged shards."""
    missing = {name: source.missing for name, source in located.items()}
    if any(missing.values()) and not output.name.endswith(PARTIAL):
        worst = max(missing, key=missing.get)
        raise InputError(f"{output}: {missing[worst]} points of stage {worst} are missing; allowed: a complete study")
    require_intact([path for source in located.values() for path in source.paths])


def _of_shards(located: Mapping[str, Source]) -> dict[str, Any]:
    """Tell versions other than today's that shards were computed with, and how many points are missing."""
    told: dict[str, Any] = {}
    if others := {name: source.other_versions for name, source in located.items() if source.other_versions}:
        told["kept_versions"] = json.dumps(others, sort_keys=True)
    if missing := sum(source.missing for source in located.values()):
        told["missing_points"] = missing
    return told


def _write_axes(merger: Merger, study: Study, file: str, layout: Layout) -> list[str]:
    """Write the coordinates of the points; return the names of those that are no dimension."""
    coordinates = point_coordinates(study, file, layout)
    for name, (dims, values, attributes) in coordinates.items():
        merger.small(name, dims, values, attributes)
    return [name for name, (dims, *_) in coordinates.items() if dims != (name,)]


def _choosing(layouts: Mapping[str, Layout]) -> Layout | None:
    """Find a layout whose points choose among connectomes."""
    return next((layout for layout in layouts.values() if layout.points.of(Kind.CONNECTOME)), None)


def _write_regions(merger: Merger, study: Study, cohort: Cohort, layout: Layout | None) -> list[str]:
    """Write what is known of the regions; return the names of the coordinates among it."""
    coordinates, spectrum_of_W = describe_regions(cohort, study, layout)
    for name, (dims, values, attributes) in (coordinates | spectrum_of_W).items():
        merger.small(name, dims, values, attributes)
    return [name for name in coordinates if name != "region"]


def _write_numbers(merger: Merger, files: list[netCDF4.Dataset]) -> None:
    """Write the coordinates of the dimensions that analyses introduce, one file of each stage."""
    names = dict.fromkeys(name for file in files for name in file.dimensions if name in file.variables)
    for name in names:
        merger.numbers(name, [file.variables[name] for file in files if name in file.variables])


def _write_stage(merger: Merger, study: Study, stage: Stage, layout: Layout, source: Source, files) -> None:
    if not files:
        return
    sizes = {name: len(dimension) for name, dimension in files[0].dimensions.items()}
    written = set(files[0].variables)
    for variable in stage.variables(stage.analyses(study)):
        if variable.name in written:
            merger.grid_variable(variable, layout, sizes, source, files)


def _write_hubs(merger: Merger, study: Study, path: Path, stack: ExitStack) -> None:
    """Lays the hub scores of chosen points out over the grid."""
    layout = hub_layout(study)
    (file,) = open_all(stack, [path])
    chosen = hub_points(study)
    shard, row = np.full((2, len(layout.points)), -1)
    shard[chosen], row[chosen] = 0, np.arange(len(chosen))
    names = file.variables["lesion"]
    merger.small("lesion", ("lesion",), names[...], {k: names.getncattr(k) for k in names.ncattrs()})
    sizes = {name: len(dimension) for name, dimension in file.dimensions.items()}
    for variable in get_analysis("hubs").variables(study.options["hubs"]):
        merger.grid_variable(variable, layout, sizes, Source([path], shard, row), [file])


def _write_scores(merger: Merger, study: Study, recordings: Recordings) -> None:
    """Scores every point against recordings, by the connectivity that has been written already."""
    dims, _ = grid_of(study)
    names = [name for name, _, _ in signals(study)]
    merger.small("fit_signal", ("fit_signal",), names, {"units": "1", "long_name": "connectivity that is scored"})
    found = point_scores(study, merger.file.variables, recordings)
    for variable in get_analysis("fit").variables(study.options["fit"]):
        merger.small(variable.name, (*dims, *variable.dims), found[variable.name], variable.attributes)


def _attributes(study: Study, connectome: Connectome, identity: str, codes: dict[str, str]) -> dict[str, Any]:
    config = scientific_config(study, identity)
    attributes = {
        "Conventions": CONVENTIONS,
        "title": f"{study.model.title}: parameter sweep",
        "model": study.model.name,
        "model_doi": study.model.doi,
        "config": json.dumps(config, sort_keys=True),
        "config_hash": fingerprint(config),
        "code_hashes": json.dumps(codes, sort_keys=True),
        "package_versions": package_versions(),
    }
    kept = (key for key in KEPT_FROM_CONNECTOME if key in connectome.about)
    return attributes | {f"connectome_{key}": connectome.about[key] for key in kept}


def open_study(path: str | Path) -> "xr.Dataset":
    """Open the merged dataset of a study, lazily.

    Parameters
    ----------
    path : str or Path
        A `sweep.nc`, or the folder `results/<study>` that holds it.

    Raises
    ------
    InputError
        If there is none; tells what is there instead.
    """
    import xarray as xr

    path = Path(path)
    file = path / SWEEP if path.is_dir() else path
    if not file.is_file():
        partial = file.with_name("sweep.partial.nc")
        hint = f" ({partial} is there, a partial one)" if partial.is_file() else ""
        raise InputError(f"{file}: no such file{hint}; allowed: a merged study (run snakemake first)")
    return xr.open_dataset(file)
