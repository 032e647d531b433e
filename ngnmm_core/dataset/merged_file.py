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
from ngnmm_core.connectome.cohort import NULL, SUBJECT, Cohort
from ngnmm_core.connectome.datasets import anatomy
from ngnmm_core.connectome.eigenmodes import spectrum
from ngnmm_core.connectome.planned import PlannedConnectome
from ngnmm_core.dataset.fit_scores import grid_of, point_scores
from ngnmm_core.dataset.merger import Merger
from ngnmm_core.dataset.provenance import package_versions, scientific_config
from ngnmm_core.dataset.shard_files import Source, locate, open_all, open_shards
from ngnmm_core.errors import InputError
from ngnmm_core.points import SEED, Kind
from ngnmm_core.recordings.recordings import Recordings
from ngnmm_core.stages.context import context, fingerprint
from ngnmm_core.stages.contract import BRANCHES, SWEEP, Layout, Stage
from ngnmm_core.stages.lesions import hub_layout, hub_points
from ngnmm_core.stages.registry import stages_of
from ngnmm_core.storage.atomic import whole_file
from ngnmm_core.storage.integrity import require_intact
from ngnmm_core.study.connectome_axes import planned_connectome, subject_columns
from ngnmm_core.study.study import Study
from ngnmm_core.sweep.finished import Wanted

if TYPE_CHECKING:
    import xarray as xr

CONVENTIONS = "CF-1.11"
PARTIAL = ".partial.nc"
KEPT_FROM_CONNECTOME = ("title", "atlas", "source", "terms", "citation")
OF_STAGES = {  # columns that stages add to the axes
    "curves": "0: a diagram over one parameter; 1: curves in two parameters, at no one value of the second",
    "lesion": "kind of lesion (0 none, 1 cut, 2 renormalised)",
    "lesioned_region": "index of the lesioned region",
}


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
        Which of the files of `ngnmm_core.stages.registry`.
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
    keep, planned = study.config.keep_versions, _planned(study, identity, len(brain))
    located = {
        name: locate(Wanted(layout.points, contexts[name], planned), list(shards.get(name, ())), keep)
        for name, layout in layouts.items()
    }
    missing = {name: source.missing for name, source in located.items()}
    if any(missing.values()) and not output.name.endswith(PARTIAL):
        worst = max(missing, key=missing.get)
        raise InputError(f"{output}: {missing[worst]} points of stage {worst} are missing; allowed: a complete study")
    require_intact([path for source in located.values() for path in source.paths])
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
            attributes = _attributes(study, brain, identity, codes)
            if others := {name: source.other_versions for name, source in located.items() if source.other_versions}:
                attributes["kept_versions"] = json.dumps(others, sort_keys=True)
            if file == BRANCHES:
                attributes |= continuation.attributes(study)
            if any(missing.values()):
                attributes["missing_points"] = sum(missing.values())
            merger.file.setncatts(attributes | {"coordinates": " ".join(auxiliary)})
    return sum(missing.values())


def _planned(study: Study, identity: str, regions: int) -> PlannedConnectome:
    return planned_connectome(study, identity, regions)


def point_coordinates(study: Study, file: str, layout: Layout) -> dict[str, tuple]:
    """Return the coordinates of the points in a merged file, as (dims, values, attributes)."""
    if file == SWEEP:
        columns = dict(study.axes)
    else:
        named = dict.fromkeys((*study.axes, *(key for h in study.config.highlights for key in h)))
        columns = {n: layout.points.columns[study.model.targets(n)[0]] for n in named if n in study.model.axis_names}
        columns |= {n: v for n, v in layout.points.columns.items() if layout.points.kinds[n] != Kind.PARAMETER}
    if file == BRANCHES:
        columns = continuation.columns(study, columns)
    dense = file == SWEEP and not study.listed
    found = {
        name: ((name,) if dense else layout.dims, *_described(study, name, values)) for name, values in columns.items()
    }
    about = subject_columns(study.config) if dense else {}
    return found | {n: ((SUBJECT,), values, {"long_name": f"{n} of the subject"}) for n, values in about.items()}


def _write_axes(merger: Merger, study: Study, file: str, layout: Layout) -> list[str]:
    """Write the coordinates of the points; return the names of those that are no dimension."""
    coordinates = point_coordinates(study, file, layout)
    for name, (dims, values, attributes) in coordinates.items():
        merger.small(name, dims, values, attributes)
    return [name for name, (dims, *_) in coordinates.items() if dims != (name,)]


def _described(study: Study, name: str, values: np.ndarray) -> tuple[np.ndarray, dict[str, Any]]:
    """Give the values of a coordinate in the type that they are stored in, and its attributes."""
    if name == SUBJECT and study.subjects:
        names = np.array([study.subjects[float(value)] for value in values], dtype=object)
        return names, {"long_name": "subject whose connectome it is"}
    if name in OF_STAGES:
        return values.astype(np.int32), {"units": "1", "long_name": OF_STAGES[name]}
    axis = study.known_axes[name]
    return values.astype(np.int64) if name in (SEED, NULL) else values, {"units": axis.unit, "long_name": axis.meaning}


def _choosing(layouts: Mapping[str, Layout]) -> Layout | None:
    """Find a layout whose points choose among connectomes."""
    return next((layout for layout in layouts.values() if layout.points.of(Kind.CONNECTOME)), None)


def _write_regions(merger: Merger, study: Study, cohort: Cohort, layout: Layout | None) -> list[str]:
    """Write what is known of the regions; return the names of the coordinates among it."""
    coordinates, spectrum_of_W = describe_regions(cohort, study, layout)
    for name, (dims, values, attributes) in (coordinates | spectrum_of_W).items():
        merger.small(name, dims, values, attributes)
    return [name for name in coordinates if name != "region"]


def describe_regions(
    cohort: Cohort, study: Study, layout: Layout | None = None
) -> tuple[dict[str, tuple], dict[str, tuple]]:
    """Give what every result says of the regions: coordinates, eigenvalues of W, as (dims, values, attributes).

    There are eigenvalues of every subject and of every null connectome, where these are axes of a grid; with a
    `layout`, of the connectome of each of its points.
    """
    connectome = cohort.mean
    labels = np.array(connectome.labels, dtype=object)
    coordinates = {"region": (("region",), labels, {"long_name": "brain region"})}
    coordinates |= {name: ((dim,), values, about) for name, (dim, values, about) in anatomy(connectome).items()}
    pairs = np.triu_indices(len(connectome), 1)
    for name, index, which in zip(("region_i", "region_j"), pairs, ("first", "second"), strict=True):
        attributes = {"units": "1", "long_name": f"index of the {which} region of a pair"}
        coordinates[name] = (("edge",), index.astype(np.int32), attributes)
    dims, values = _eigenvalues(cohort, study, layout)
    eigenvalues = {
        name: ((*dims, "mode"), np.array(part), {"units": "1", "long_name": f"{word} part of an eigenvalue of W"})
        for name, part, word in (
            ("eigenvalue_real", values.real, "real"),
            ("eigenvalue_imag", values.imag, "imaginary"),
        )
    }
    return coordinates, eigenvalues


def _eigenvalues(cohort: Cohort, study: Study, layout: Layout | None) -> tuple[tuple[str, ...], np.ndarray]:
    """Compute the eigenvalues of all connectomes, and the dimensions that tell them apart."""
    if layout is not None:
        dims, shape, columns = layout.dims, layout.shape, layout.points.of(Kind.CONNECTOME)
    else:
        names = () if study.listed else (n for n in study.axes if study.known_axes[n].kind == Kind.CONNECTOME)
        axes = {name: study.axes[name] for name in names}
        dims, shape = tuple(axes), tuple(map(len, axes.values()))
        mesh = np.meshgrid(*axes.values(), indexing="ij") if axes else []
        columns = {name: values.ravel() for name, values in zip(axes, mesh, strict=True)}
    of = lambda chosen: spectrum(cohort.at(**chosen).normalised(study.config.normalization).weights).values
    if not columns:
        return (), of({})
    rows, index = np.unique(np.column_stack(list(columns.values())), axis=0, return_inverse=True)
    found = np.array([of(dict(zip(columns, map(float, row), strict=True))) for row in rows])
    return dims, found[index.ravel()].reshape(*shape, -1)


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
