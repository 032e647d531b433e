"""The result of a study as one dataset: assembled from its shards, and opened again."""

import json
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ngnmm_core.connectome import normalise, spectrum
from ngnmm_core.errors import InputError
from ngnmm_core.merge import Merger, locate, open_all, replace
from ngnmm_core.provenance import package_versions, scientific_config
from ngnmm_core.shard import stage_variables
from ngnmm_core.stages import STAGES, fingerprint
from ngnmm_core.study.study import SEED, Study

if TYPE_CHECKING:
    import xarray as xr

CONVENTIONS = "CF-1.11"
KEPT_FROM_CONNECTOME = ("title", "atlas", "source", "terms", "citation")


def merge_study(
    study: Study,
    shards: Mapping[str, Sequence[Path]],
    connectome: "xr.Dataset",
    identity: str,
    output: Path,
    partial: bool = False,
) -> int:
    """Writes the merged dataset of a study.

    Parameters
    ----------
    shards : mapping of stage to paths
    connectome : xarray.Dataset
        As `ngnmm_core.connectome.load_connectome` gives it.
    identity : str
        The connectome's identity.
    output : Path
        Replaced only when the new file is complete.
    partial : bool
        Whether points may be missing; they hold NaN (-1 for whole numbers) then.

    Returns
    -------
    int
        Number of missing points, over all stages.

    Raises
    ------
    InputError
        If points are missing and `partial` is not set, or the shards don't fit each other.
    """
    located = {stage: locate(study, stage, list(shards[stage])) for stage in study.stages}
    missing = {stage: source.missing for stage, (source, _) in located.items()}
    if any(missing.values()) and not partial:
        stage = max(missing, key=missing.get)
        raise InputError(f"{output}: {missing[stage]} points of stage {stage} are missing; allowed: a complete study")
    output.parent.mkdir(parents=True, exist_ok=True)
    temporary = output.with_name(f".{output.name}.part")
    merger = Merger(temporary)
    try:
        with merger.file, ExitStack() as stack:
            _write_axes(merger, study)
            _write_regions(merger, study, connectome)
            for stage, (source, _) in located.items():
                _write_stage(merger, study, stage, source, open_all(stack, source.paths), len(connectome.region))
            contexts = {stage: context for stage, (_, context) in located.items() if context}
            merger.file.setncatts(_attributes(study, connectome, identity, contexts, sum(missing.values())))
        replace(temporary, output)
    finally:
        temporary.unlink(missing_ok=True)
    return sum(missing.values())


def _write_axes(merger: Merger, study: Study) -> None:
    for name, values in study.axes.items():
        if name == SEED:
            attributes, values = {"units": "1", "long_name": "seed of the replicate"}, values.astype(np.int64)
        else:
            parameter = study.model.parameter(name)
            meaning = (
                parameter.meaning if name == parameter.name else f"{', '.join(study.model.targets(name))} together"
            )
            attributes = {"units": parameter.unit, "long_name": meaning}
        dims = ("point",) if study.listed else (name,)
        merger.small(name, dims, values, attributes)


def _write_regions(merger: Merger, study: Study, connectome: "xr.Dataset") -> None:
    merger.small("region", ("region",), connectome.region.values, {"long_name": "brain region", "units": "1"})
    for name, coordinate in connectome.coords.items():
        if coordinate.dims == ("region",) and name != "region":
            merger.small(name, ("region",), coordinate.values, dict(coordinate.attrs))
    i, j = np.triu_indices(len(connectome.region), 1)
    for name, index in (("region_i", i), ("region_j", j)):
        attributes = {"units": "1", "long_name": f"index of the {'first' if name == 'region_i' else 'second'} region"}
        merger.small(name, ("edge",), index.astype(np.int32), attributes)
    values = spectrum(normalise(connectome.weights, study.config.normalization)).values
    for part in ("real", "imag"):
        attributes = {
            "units": "1",
            "long_name": f"{part}{'inary' if part == 'imag' else ''} part of an eigenvalue of W",
        }
        merger.small(f"eigenvalue_{part}", ("mode",), np.ascontiguousarray(getattr(values, part)), attributes)


def _write_stage(merger: Merger, study: Study, stage: str, source, files, regions: int) -> None:
    kind = STAGES[stage]
    dims, shape = study.dims(kind.of_network), study.shape(kind.of_network)
    if not files:
        return
    first = files[0]
    sizes = {name: len(dimension) for name, dimension in first.dimensions.items()}
    for name in first.dimensions:
        if name in first.variables:
            variable = first.variables[name]
            merger.small(name, (name,), variable[...], {k: variable.getncattr(k) for k in variable.ncattrs()})
    if sizes.get("region", regions) != regions:
        raise InputError(f"{source.paths[0]}: {sizes['region']} regions; allowed: {regions}, as in the connectome")
    for variable in stage_variables(stage, study.analyses_of(stage)):
        if variable.name in first.variables:
            merger.grid_variable(variable, dims, shape, sizes, source, files)


def _attributes(study: Study, connectome: "xr.Dataset", identity: str, contexts, missing: int) -> dict[str, Any]:
    config = scientific_config(study, identity)
    attributes = {
        "Conventions": CONVENTIONS,
        "title": f"{study.model.title}: parameter sweep",
        "model": study.model.name,
        "model_doi": study.model.doi,
        "config": json.dumps(config, sort_keys=True),
        "config_hash": fingerprint(config),
        "code_hashes": json.dumps({stage: context["code"] for stage, context in contexts.items()}, sort_keys=True),
        "package_versions": package_versions(),
        "coordinates": " ".join(_auxiliary(study, connectome)),
    }
    for key in KEPT_FROM_CONNECTOME:
        if key in connectome.attrs:
            attributes[f"connectome_{key}"] = connectome.attrs[key]
    if missing:
        attributes["missing_points"] = missing
    return attributes


def _auxiliary(study: Study, connectome: "xr.Dataset") -> list[str]:
    """Coordinates that are no dimension, so that xarray takes them for coordinates."""
    names = [name for name, c in connectome.coords.items() if c.dims == ("region",) and name != "region"]
    return [*names, "region_i", "region_j", *(study.axes if study.listed else ())]


def open_study(path: str | Path) -> "xr.Dataset":
    """Opens the merged dataset of a study, lazily.

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
    file = path / "sweep.nc" if path.is_dir() else path
    if not file.is_file():
        partial = file.with_name("sweep.partial.nc")
        hint = f"; {partial} is there, a partial one" if partial.is_file() else ""
        raise InputError(f"{file}: no such file{hint}; allowed: a merged study (run snakemake first)")
    return xr.open_dataset(file)
