"""A group's best point scored on single subjects that nothing was tuned on: a part of `fit.nc`."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from ngnmm_core.recordings.connectivity import mean_fc
from ngnmm_core.recordings.fcd import ks_distance
from ngnmm_core.recordings.scores import Scorer, Signal, best_point

if TYPE_CHECKING:
    from ngnmm_core.products.fit_results import FitResults

DIMS = ("individual", "fit_signal")
DYNAMICS = "fcd_ks"


def individual_scores(results: "FitResults", words: Mapping[str, str]) -> dict[str, tuple]:
    """Score single subjects that the recordings have beside a group.

    Parameters
    ----------
    results : FitResults
    words : mapping of str to str
        What each kind of score is.

    Returns
    -------
    dict of str to tuple
        By name dimensions, values and text; empty where there are no such subjects.  For every kind `individual_KIND`,
        of the point that is best for the group, and `individual_ceiling_KIND`, of the group's own connectivity: no
        model of the group can be expected to do better.
    """
    names = results.names
    targets = [results.targets[name].individuals for name in names]
    if None in targets:
        return {}
    found: dict[str, tuple] = {}
    for kind, text in words.items():
        of_model = np.stack([_of_model(results, name, kind) for name in names], axis=1)
        of_group = np.stack([_of_group(results, name, kind) for name in names], axis=1)
        found[f"individual_{kind}"] = (DIMS, of_model, f"single subjects, point chosen on the group: {text}")
        found[f"individual_ceiling_{kind}"] = (DIMS, of_group, f"single subjects, the group itself: {text}")
    for name, values in (("reliability", "reliability"), ("surrogate_fcd_ks", "surrogate_ks")):
        stacked = np.stack([getattr(target, values) for target in targets], axis=1)
        found[f"individual_{name}"] = (DIMS, stacked, f"single subjects: {TEXTS[name]}")
    return found


TEXTS = {
    "reliability": "correlation of FC between halves of a recording",
    "surrogate_fcd_ks": "distance of the FCD from that of surrogates",
}


def _of_model(results: "FitResults", name: str, kind: str) -> np.ndarray:
    """Scores [individual] of the point of the grid that is best for the group."""
    few = results.targets[name].individuals
    chosen = best_point(results.scores[name].of_group(kind)[results.true_points, 0], kind)
    if chosen < 0:
        return np.full(len(few), np.nan)
    at = np.unravel_index(int(results.true_points[chosen]), results.grid[1])
    return Scorer(few, np.eye(len(few))).score(kind, results.readers[name].at(at))


def _of_group(results: "FitResults", name: str, kind: str) -> np.ndarray:
    """Scores [individual] of the group's own connectivity, or of its dynamics."""
    target = results.targets[name]
    few = target.individuals
    if kind == DYNAMICS:
        return np.array([ks_distance(own, target.fcd) for own in few.fcd])
    return Scorer(few, np.eye(len(few))).score(kind, Signal(mean_fc(target.fc)))
