"""What a subject's own connectome adds over those of others: a part of `fit.nc`."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from ngnmm_core.connectome.cohort import SUBJECT
from ngnmm_core.recordings.scores import best_point

if TYPE_CHECKING:
    from ngnmm_core.products.fit_results import FitResults


def own_connectomes(results: "FitResults", words: Mapping[str, str]) -> dict[str, tuple]:
    """Compare every recorded subject's own connectome with those of others, each at its best point for that subject.

    Parameters
    ----------
    results : FitResults
    words : mapping of str to str
        What each kind of score is.

    Returns
    -------
    dict of str to tuple
        By name dimensions, values and text: `own_minus_others_KIND` (subject, fit_signal); NaN for subjects without a
        connectome of their own, empty without an axis of subjects.
    """
    subjects = list(results.recordings.subjects)
    if SUBJECT not in results.axes or not subjects:
        return {}
    labels, found = results.connectomes, {}
    for kind, text in words.items():
        gain = np.full((len(subjects), len(results.names)), np.nan)
        for s, name in enumerate(results.names):
            alone = results.scores[name].alone(kind)
            for k, subject in enumerate(subjects):
                best = [_of_connectome(results, alone[:, k], c, kind) for c in range(len(labels))]
                if subject in labels and len(labels) > 1:
                    own = labels.index(subject)
                    gain[k, s] = best[own] - np.nanmean(np.delete(best, own))
        about = f"own connectome minus others': {text}"
        found[f"own_minus_others_{kind}"] = (("subject", "fit_signal"), gain, about)
    return found


def _of_connectome(results: "FitResults", scores: np.ndarray, number: int, kind: str) -> float:
    """Find the best score on one subject's connectome."""
    values = np.unique(results.axes[SUBJECT])
    on_it = np.flatnonzero(results.axes[SUBJECT] == values[number])
    here = scores[np.intersect1d(results.true_points, on_it)]
    k = best_point(here, kind)
    return here[k] if k >= 0 else np.nan


def best_of_connectomes(results: "FitResults", kind: str) -> dict[str, tuple]:
    """Find the best point on the connectome of every subject of a cohort.

    Parameters
    ----------
    results : FitResults
    kind : str
        Score by which it is the best.

    Returns
    -------
    dict of str to tuple
        Dimensions, values and text of `connectome_best_point` (connectome, fit_signal, axis); empty without a cohort.
    """
    if not results.connectomes:
        return {}
    values = np.full((len(results.connectomes), len(results.names), len(results.axes)), np.nan)
    columns = np.column_stack(list(results.axes.values()))
    for c, number in enumerate(np.unique(results.axes[SUBJECT])):
        here = np.intersect1d(results.true_points, np.flatnonzero(results.axes[SUBJECT] == number))
        for s, name in enumerate(results.names):
            k = best_point(results.scores[name].of_group(kind)[here, 0], kind)
            values[c, s] = columns[here[k]] if k >= 0 else np.nan
    text = f"values of the axes at the best point on a subject's connectome, by {kind}"
    return {"connectome_best_point": (("connectome", "fit_signal", "axis"), values, text)}
