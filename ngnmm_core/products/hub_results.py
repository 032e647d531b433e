"""From merged lesion runs to hub scores; apart from `ngnmm_core.dataset.assemble`, as it computes growth rates."""

from pathlib import Path

import numpy as np
import xarray as xr

from ngnmm_core.analysis.hub_scores import hub_scores
from ngnmm_core.analysis.hub_table import hub_table
from ngnmm_core.connectome import connectome_of, load_connectome
from ngnmm_core.connectome.cohort import SUBJECT, Cohort, cohort_of
from ngnmm_core.dataset.assemble import load_resolved
from ngnmm_core.points import Kind
from ngnmm_core.products.dynamical_influence import dynamical_influence
from ngnmm_core.stages.lesions import hub_layout, hub_points
from ngnmm_core.stages.task import Task
from ngnmm_core.storage.atomic import write_atomically
from ngnmm_core.storage.csv_tables import csv_text
from ngnmm_core.storage.netcdf import write_netcdf
from ngnmm_core.study.balance import balance_of
from ngnmm_core.study.connectome_axes import nulls_of
from ngnmm_core.study.study import Study


def _scores(study: Study, part: Task, cohort: Cohort, runs: xr.Dataset) -> xr.Dataset:
    """Score the hubs of one connectome from the runs on it."""
    chosen = {name: float(values[0]) for name, values in part.points.of(Kind.CONNECTOME).items()}
    shown = {name: study.subjects[value] if name == SUBJECT else int(value) for name, value in chosen.items()}
    mine = np.ones(runs.sizes["run"], bool)
    for name, value in shown.items():
        mine &= runs[name].values == value
    influence = dynamical_influence(part)
    weights = cohort.at(**chosen).weights
    own = runs.isel(run=np.flatnonzero(mine)).drop_vars(list(shown))
    scores = hub_scores(own, study.options["hubs"], part.connectome.weights, weights, influence)
    count = scores.sizes["hub_point"]
    about = {name: ("hub_point", np.full(count, value), runs[name].attrs) for name, value in shown.items()}
    return scores.assign_coords(about)


def score_hubs(study_path: Path, lesions: Path, connectome_path: Path, output: Path, table: Path) -> None:
    """Write the hub scores that follow from the lesions of a study, as a dataset and as a ranked table."""
    study, dataset = load_resolved(study_path), load_connectome(connectome_path)
    cohort = cohort_of(dataset, connectome_of(dataset), nulls_of(study.config))
    normalised = cohort.mean.normalised(study.config.normalization)
    points = hub_layout(study).points.take(hub_points(study))
    maps, balance = study.maps, balance_of(study.config)
    task = Task(study.model, normalised, points, {}, (), cohort=cohort, maps=maps, balance=balance)
    with xr.open_dataset(lesions) as merged:
        runs = merged.load()
        parts = [_scores(study, part, cohort, runs) for _, part in task.parts()]  # in the order of the points
    scores = parts[0] if len(parts) == 1 else xr.concat(parts, "hub_point", data_vars="all", coords="minimal")
    write_netcdf(scores, output)
    write_atomically(table, csv_text(hub_table(scores)))
