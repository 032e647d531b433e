"""From merged lesion runs to hub scores; apart from `ngnmm_core.dataset.assemble`, as it computes growth rates."""

from pathlib import Path

import xarray as xr

from ngnmm_core.analysis.hub_scores import hub_scores
from ngnmm_core.analysis.hub_table import hub_table
from ngnmm_core.connectome import load_connectome, normalise
from ngnmm_core.dataset.assemble import load_resolved
from ngnmm_core.products.dynamical_influence import dynamical_influence
from ngnmm_core.stages.layouts import hub_points
from ngnmm_core.stages.task import Task
from ngnmm_core.storage.atomic import write_atomically
from ngnmm_core.storage.netcdf import write_netcdf


def score_hubs(study_path: Path, lesions: Path, connectome_path: Path, output: Path, table: Path) -> None:
    """Writes the hub scores that follow from the lesions of a study, as a dataset and as a ranked table."""
    study, connectome = load_resolved(study_path), load_connectome(connectome_path)
    W = normalise(connectome.weights, study.config.normalization)
    points = study.points(False).take(hub_points(study))
    labels = tuple(str(name) for name in connectome.region.values)
    influence = dynamical_influence(Task(study.model, W, labels, points, {}, ()))
    with xr.open_dataset(lesions) as runs:
        scores = hub_scores(runs.load(), study.options["hubs"], W, connectome.weights.values, influence)
    write_netcdf(scores, output)
    write_atomically(table, hub_table(scores).to_csv(index=False, float_format="%.6g"))
