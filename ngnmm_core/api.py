"""For notebooks: simulate parameter points or a whole grid without a workflow, and get a dataset."""

import contextlib
import json
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import ValidationError

from ngnmm_core.analysis.contract import MERGE
from ngnmm_core.compilation.cache_folder import cache_directory
from ngnmm_core.connectome import (
    Connectome,
    ConnectomeSpec,
    build_connectome,
    connectome_of,
    load_connectome,
    load_registry,
    output_name,
)
from ngnmm_core.connectome.arrays import ConnectomeArrays, checked
from ngnmm_core.connectome.build import built_identity
from ngnmm_core.connectome.built import is_whole
from ngnmm_core.connectome.cohort import Cohort, cohort_of
from ngnmm_core.connectome.datasets import as_dataset
from ngnmm_core.connectome.formats import from_frame
from ngnmm_core.dataset.coordinates import describe_regions, point_coordinates
from ngnmm_core.dataset.fit_scores import with_scores
from ngnmm_core.errors import InputError
from ngnmm_core.preflight.checks import check_environment
from ngnmm_core.preflight.connectome_checks import check_on_cohort
from ngnmm_core.preflight.step_trial import check_steps
from ngnmm_core.preflight.unused import check_unused
from ngnmm_core.recordings.load import load_recordings
from ngnmm_core.stages.contract import Stage
from ngnmm_core.stages.registry import STAGES
from ngnmm_core.stages.task import Task
from ngnmm_core.storage.integrity import seal
from ngnmm_core.storage.netcdf import write_netcdf
from ngnmm_core.study.balance import balance_of
from ngnmm_core.study.connectome_axes import nulls_of
from ngnmm_core.study.load import make_study
from ngnmm_core.study.messages import input_error
from ngnmm_core.study.study import Study
from ngnmm_core.sweep.shard import compute

if TYPE_CHECKING:
    import xarray as xr


def get_connectome(source: Any = "hcp-aal2-94") -> "xr.Dataset":
    """Return a connectome with its labels and centres.

    Parameters
    ----------
    source : str, Path, mapping, array, DataFrame, Dataset or Connectome
        A name of the registry, a file of your own, a study's `connectome` key, a matrix of weights (W[i, j]: what i
        receives from j; also a list of lists, a sparse matrix, or a pandas DataFrame whose index and columns name the
        regions), or a dataset with `weights` [region, source_region].

    Returns
    -------
    xarray.Dataset
        See `ngnmm_core.connectome.build_connectome`; of a matrix, the weights and the names of the regions only.

    Raises
    ------
    InputError
        For anything but a square matrix of finite, non-negative weights, or a name or file that is not there.
    """
    import pandas as pd
    import xarray as xr

    if isinstance(source, Connectome):
        return as_dataset(source, dict(source.about))
    if isinstance(source, xr.Dataset):
        weights = connectome_of(source).weights  # without the diagonal
        return source.assign(weights=(("region", "source_region"), weights, source["weights"].attrs))
    if isinstance(source, pd.DataFrame):
        return as_dataset(checked(from_frame(source), "connectome", fewest=1), {})
    if hasattr(source, "toarray"):
        source = source.toarray()
    if isinstance(source, np.ndarray | list | tuple):
        return as_dataset(checked(ConnectomeArrays(source), "connectome", fewest=1), {})  # type: ignore[arg-type]
    return _at_hand(_spec(source))


def _spec(source: Any) -> ConnectomeSpec:
    """Resolve what a name, a path or a study's key `connectome` asks for."""
    if isinstance(source, str | Path):
        text = str(source)
        is_file = isinstance(source, Path) or (text not in load_registry() and ("." in text or Path(text).exists()))
        source = {"path" if is_file else "name": text}
    if not isinstance(source, Mapping):
        raise InputError(f"connectome: {source!r}; allowed: a name, a file, a mapping, a matrix, a frame or a dataset")
    try:
        return ConnectomeSpec.model_validate(dict(source))
    except ValidationError as error:
        raise input_error(error, prefix="connectome", root=ConnectomeSpec) from None


def _at_hand(spec: ConnectomeSpec) -> "xr.Dataset":
    """Get the built connectome: of the workflow whose folder we are in, of this user's cache, or built now and kept.

    What was built from another file, or by other code, is not taken; nor is what can't be read.
    """
    wanted, file = built_identity(spec), f"{output_name(spec)}.nc"
    of_workflow = Path("resources/connectomes")
    places = [of_workflow / file] if Path("Snakefile").is_file() or of_workflow.is_dir() else []
    places.append(cache_directory() / "connectomes" / file)
    for place in places:
        if place.is_file() and is_whole(place):
            found = load_connectome(place)
            if found.attrs.get("built_from") == wanted:
                return found
    built = build_connectome(spec)
    free = next((place for place in places if not place.is_file()), places[-1])
    with contextlib.suppress(InputError, OSError):  # without it, the next call builds it again
        seal(write_netcdf(built, free))
        return load_connectome(free)
    return built


def simulate(
    parameters: Mapping[str, float] | None = None,
    connectome: Any = "hcp-aal2-94",
    grid: Mapping[str, Any] | None = None,
    analyses: Sequence[str] | Mapping[str, Any] = ("rates", "spectra", "fc", "synchrony", "series"),
    **settings: Any,
) -> "xr.Dataset":
    """Simulate one parameter point, or every point of a grid.

    Parameters
    ----------
    parameters : mapping, optional
        Values of the model's parameters where they are not its defaults, e.g. `{"I_ext_e": 13, "G": 5}`.
    connectome
        Anything that `get_connectome` takes; a study's key with `subjects: each` gives an axis `subject`.
    grid : mapping, optional
        Axes as in a study, e.g. `{"G": [2, 5], "seed": [0, 1]}`.
    analyses : sequence or mapping
        Names of analyses, or names with options, as in a study.
    **settings
        `model` (a name, or a Python file of your own), `normalization`, `nulls`, a study's `model.balance` and
        `model.maps` as `balance` and `maps`, and every key of its `simulation`, e.g. `duration_ms=3000`.

    Returns
    -------
    xarray.Dataset
        The variables of a study's result, with the axes of the grid as first dimensions.

    Raises
    ------
    InputError
        For anything that a study file would be refused for.
    """
    model, normalization = settings.pop("model", "ei_ngnmm"), settings.pop("normalization", "row")
    nulls = settings.pop("nulls", None)
    of_model = {key: settings.pop(key) for key in ("balance", "maps") if key in settings}
    key = isinstance(connectome, Mapping) and not hasattr(connectome, "data_vars")  # a dataset is a mapping, too
    of_subjects = key and _spec(connectome).each
    which = "file" if Path(model).suffix == ".py" else "name"
    study = make_study(
        "notebook",
        {
            "connectome": dict(connectome) if of_subjects else {"name": "notebook"},
            "nulls": nulls,
            "model": {which: str(model), "parameters": dict(parameters or {}), **of_model},
            "normalization": normalization,
            "grid": dict(grid or {}),
            "simulation": settings,
            "analyses": list(analyses) if not isinstance(analyses, Mapping) else dict(analyses),
        },
    )
    return run_study(study, get_connectome(_with_sphere(connectome, study)))


def _with_sphere(connectome: Any, study: Study) -> Any:
    """Ask for the places of regions on the cortical sphere as well, where spins of a named connectome want them."""
    if not any(one.spins_connectome for one in study.maps):
        return connectome
    if not isinstance(connectome, str | Path | Mapping) or hasattr(connectome, "data_vars"):
        return connectome
    spec = _spec(connectome)
    registry = load_registry()
    known = bool(spec.name) and spec.name in registry and registry.entry(spec.name).sphere is not None
    return spec.model_dump() | {"sphere": True} if known else connectome


def run_study(study: Study, connectome: "Connectome | xr.Dataset") -> "xr.Dataset":
    """All stages of a study that belong to its sweep, computed in this process.

    Raises
    ------
    InputError
        If the study does not go with the connectome, its analyses do not go with each other, or the integration step
        blows up.
    """
    import xarray as xr

    check_environment()
    cohort = _cohort(study, connectome)
    brain = cohort.mean
    row_sum = check_on_cohort(study, cohort)
    if not study.inherited:  # what a part has from its file may be for others
        check_unused([study])
    _check_kept(study)
    for warning in check_steps(study, len(brain), row_sum):
        logging.warning("%s", warning)
    names = list(dict.fromkeys(analysis.needs for analysis, _ in study.analyses if analysis.needs != MERGE))
    if len(names) > 1 and "continuation" in names:
        raise InputError("analyses.continuation: has diagrams in place of grid points; allowed: a call of its own")
    parts = []
    for name in names:
        if name == "lesions":
            raise InputError("analyses.hubs: takes a workflow; allowed: run it with snakemake")
        parts.append(_run_stage(study, STAGES[name], cohort))
    merged = xr.merge(parts, compat="equals", join="outer", combine_attrs="override").assign_attrs(parts[0].attrs)
    if "fit" not in study.options:
        return merged
    built = None if isinstance(connectome, Connectome) else connectome
    return with_scores(study, merged, load_recordings(study.config.empirical, built, brain.labels))


def _check_kept(study: Study) -> None:
    """Refuse raw series in files, which stand beside shards."""
    if study.simulation.keep_series:
        raise InputError(
            "simulation.keep_series: true writes files beside the shards of a workflow; allowed: false, with analysis "
            "`series` for a dataset"
        )


def run_stage(study: Study, stage: Stage, connectome: "Connectome | xr.Dataset") -> "xr.Dataset":
    """One stage of a study, computed in this process: its variables on the dimensions of the stage's layout."""
    check_environment()
    return _run_stage(study, stage, _cohort(study, connectome))


def _run_stage(study: Study, stage: Stage, cohort: Cohort) -> "xr.Dataset":
    layout = stage.layout(study, len(cohort.mean))
    normalised, analyses = cohort.mean.normalised(study.config.normalization), tuple(stage.analyses(study))
    maps, balance = study.maps, balance_of(study.config)
    task = Task(
        study.model,
        normalised,
        layout.points,
        stage.settings(study),
        analyses,
        cohort=cohort,
        maps=maps,
        balance=balance,
    )
    logging.info("%s: %d points", stage.name, len(layout.points))
    flat = compute(stage.name, task)
    data = {}
    for name, variable in flat.data_vars.items():
        values = variable.values.reshape((*layout.shape, *variable.shape[1:]))
        data[name] = ((*layout.dims, *variable.dims[1:]), values, variable.attrs)
    axes = point_coordinates(study, stage.file, layout)
    coordinates, eigenvalues = describe_regions(cohort, study, layout if study.listed else None)
    about = {name: found for name, found in coordinates.items() if found[0][0] in flat.dims}
    data |= {name: found for name, found in eigenvalues.items() if found[0][-1] in flat.dims}
    attributes = {"model": study.model.name, "parameters": json.dumps({k: float(v) for k, v in study.fixed.items()})}
    shaped = flat.drop_vars(list(flat.data_vars)).assign(data).assign_coords(axes | about)
    return shaped.assign_attrs(attributes)


def _cohort(study: Study, connectome: "Connectome | xr.Dataset") -> Cohort:
    """Take all connectomes that a study asks for from an object or a dataset."""
    brain, nulls = _object(connectome), nulls_of(study.config)
    return Cohort(brain, nulls=nulls) if isinstance(connectome, Connectome) else cohort_of(connectome, brain, nulls)


def _object(connectome: "Connectome | xr.Dataset") -> Connectome:
    return connectome if isinstance(connectome, Connectome) else connectome_of(connectome)
