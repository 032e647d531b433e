"""From merged lesion runs to hub scores; apart from `ngnmm_core.dataset.assemble`, as it computes growth rates."""

from pathlib import Path

import xarray as xr

from ngnmm_core.analysis.hub_scores import hub_scores
from ngnmm_core.analysis.hub_table import hub_table
from ngnmm_core.connectome import connectome_of, load_connectome
from ngnmm_core.dataset.assemble import load_resolved
from ngnmm_core.products.dynamical_influence import dynamical_influence
from ngnmm_core.stages.lesions import hub_points
from ngnmm_core.stages.task import Task
from ngnmm_core.storage.atomic import write_atomically
from ngnmm_core.storage.csv_tables import csv_text
from ngnmm_core.storage.netcdf import write_netcdf


def score_hubs(study_path: Path, lesions: Path, connectome_path: Path, output: Path, table: Path) -> None:
    """Write the hub scores that follow from the lesions of a study, as a dataset and as a ranked table."""
    study, connectome = load_resolved(study_path), connectome_of(load_connectome(connectome_path))
    normalised = connectome.normalised(study.config.normalization)
    points = study.points(False).take(hub_points(study))
    influence = dynamical_influence(Task(study.model, normalised, points, {}, ()))
    with xr.open_dataset(lesions) as runs:
        scores = hub_scores(runs.load(), study.options["hubs"], normalised.weights, connectome.weights, influence)
    write_netcdf(scores, output)
    write_atomically(table, csv_text(hub_table(scores)))
