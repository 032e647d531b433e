"""Runs one shard: from its definition and the connectome to a netCDF file with the results of its points."""

import json
import logging
import shutil
from contextlib import nullcontext, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ngnmm_core.analysis.registry import get_analysis, own_analysis
from ngnmm_core.compilation.own_files import OwnFile, find_file, read_file
from ngnmm_core.connectome import connectome_of
from ngnmm_core.connectome.built_file import read_built
from ngnmm_core.connectome.cohort import SUBJECT, Cohort, cohort_of
from ngnmm_core.errors import InputError
from ngnmm_core.models import get_model, own_model
from ngnmm_core.preflight.calibration import calibrate
from ngnmm_core.simulation.map_settings import MAPS, with_surrogates
from ngnmm_core.simulation.series_file import SeriesFile, series_path
from ngnmm_core.stages.context import compiled_name
from ngnmm_core.stages.contract import BALANCE
from ngnmm_core.stages.registry import STAGES
from ngnmm_core.stages.results import as_dataset, as_variables
from ngnmm_core.stages.task import Task
from ngnmm_core.storage.integrity import seal
from ngnmm_core.storage.netcdf import Variables, write_variables
from ngnmm_core.study.study import Study
from ngnmm_core.sweep.identity import SURROGATES, definition_points, read_definition, shard_name

if TYPE_CHECKING:
    import xarray as xr


def make_task(definition: dict[str, Any], cohort: Cohort) -> Task:
    """Build the work that a definition describes."""
    context = definition["context"]
    own = {place: _own_file(place, path, context) for place, path in definition.get("files", {}).items()}
    model = own_model(own["model"]) if "model" in own else get_model(context["model"])
    analyses = []
    for name, options in context["analyses"].items():
        file = own.get(f"analyses.{name}")
        analysis = get_analysis(name) if file is None else own_analysis(file)
        analyses.append((analysis, analysis.options.model_validate(options)))
    normalised = cohort.mean.normalised(context["normalization"])
    maps = with_surrogates(context.get(MAPS, ()), definition.get(SURROGATES, {}))
    points = definition_points(definition)
    regional: dict[str, Any] = {"maps": maps, "balance": context.get(BALANCE)}
    return Task(model, normalised, points, context["settings"], tuple(analyses), cohort=cohort, **regional)


def _own_file(place: str, path: str, context: dict[str, Any]) -> OwnFile:
    """Read a file of the user's own, if it still is what the job was planned with."""
    key = f"{place}.file"
    file = read_file(key, find_file(key, path, None), "MODEL" if place == "model" else "ANALYSIS")
    if file.source != context["sources"][place]:
        raise InputError(f"{key}: {path}: changed since the run was planned; allowed: run the workflow again")
    return file


def run_shard(definition_path: str | Path, connectome_path: str | Path, output: str | Path) -> None:
    """Compute a shard and write it and its checksum; what exists is replaced only when the new file is complete."""
    definition, task = load_task(definition_path, connectome_path)
    scratch = Path(output).with_suffix(".work")
    task = replace(task, series=series_path(output), scratch=scratch)
    stage = definition["context"]["stage"]
    logging.info("%s: %d points of %s on %d regions", stage, len(task.points), task.model.name, len(task.connectome))
    about = {"context": json.dumps(definition["context"], sort_keys=True), "shard": shard_name(definition["ids"])}
    written = write_variables(compute_variables(stage, task), about, output)
    seal(written, [task.series] if task.keeps_series else [])
    shutil.rmtree(scratch, ignore_errors=True)


def compute(stage: str, task: Task) -> "xr.Dataset":
    """Compute the results of a task as a dataset over `point`."""
    return as_dataset(compute_variables(stage, task))


def compute_variables(stage: str, task: Task) -> Variables:
    """Compute the results of a task as variables over `point`."""
    kind = STAGES[stage]
    results: dict[str, np.ndarray] = {}
    with _series_file(task) as file:
        for index, part in task.parts():
            recorded = part if file is None else replace(part, record=file.of(index))
            for name, values in kind.run(recorded).items():
                if name not in results:
                    results[name] = np.empty((len(task.points), *values.shape[1:]), values.dtype)
                results[name][index] = values
    coordinates = kind.coordinates(part.analyses, kind.window(part))
    return as_variables(results, kind.variables(task.analyses), coordinates)


def _series_file(task: Task) -> "SeriesFile | nullcontext[None]":
    """Open the file of raw series of all connectomes that a task's points are on, if they are asked for."""
    if not task.keeps_series:
        return nullcontext()
    names = {SUBJECT: task.cohort.names} if task.cohort is not None and task.cohort.names else {}
    return SeriesFile(task.series, task.model, task.connectome.labels, task.points, names)


def load_task(definition_path: str | Path, connectome_path: str | Path) -> tuple[dict[str, Any], Task]:
    """Load a shard's definition and the work that it describes.

    Raises
    ------
    InputError
        If there is no such definition, or it is damaged.
    """
    definition_path = Path(definition_path)
    if not definition_path.is_file():
        raise InputError(f"{definition_path}: no such shard; allowed: one that the workflow has planned (run it again)")
    definition, dataset = read_definition(definition_path), read_built(connectome_path)
    nulls = definition.get("nulls")
    cohort = cohort_of(dataset, connectome_of(dataset, str(connectome_path)), nulls and (nulls["kind"], nulls["seed"]))
    return definition, make_task(definition, cohort)


def definition_for(marker: Path) -> Path:
    """Find a shard beside the marker of compiled kernels whose job calls them.

    Raises
    ------
    InputError
        If there is none.
    """
    for path in sorted(marker.parent.glob("*.json")):
        with suppress(ValueError, KeyError):  # of a damaged one, or one of another version
            if compiled_name(read_definition(path)["context"]) == marker.name:
                return path
    raise InputError(
        f"{marker.parent}: no shard calls these kernels; allowed: what the workflow has planned (run it again)"
    )


def warm_up(definition_path: str | Path, connectome_path: str | Path) -> None:
    """Compiles what a shard's job calls into the kernel cache."""
    definition, task = load_task(definition_path, connectome_path)
    STAGES[definition["context"]["stage"]].warm(task)


def calibrate_for(study: Study, definition_path: str | Path, connectome_path: str | Path) -> None:
    """Measures how long a point of a shard's stage takes on this machine, once its kernels are compiled."""
    definition, task = load_task(definition_path, connectome_path)
    stage = definition["context"]["stage"]
    logging.info("rates: %s", calibrate(study, stage, len(task.connectome)))
