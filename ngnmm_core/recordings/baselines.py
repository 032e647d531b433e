"""Scores without a model: what anatomy alone, or a table of region sizes, reaches.

The linear model is x' = -x + a V x + noise at zero frequency, covariance (1 - a V)^-1 (1 - a V)^-T, its one parameter
chosen for the best score: Galan, PLoS ONE 3, e2148 (2008), doi:10.1371/journal.pone.0002148.
"""

from collections.abc import Mapping

import numpy as np

from ngnmm_core.recordings.connectivity import correlation_of, edge_specific, edges_of, pearson

NAMES = ("sc", "log_sc", "sqrt_sc", "distance", "strength", "size", "linear_row", "linear_eigenvalue")
SMALLEST_WEIGHT = 1e-6  # added before the logarithm
ALPHAS = tuple(round(0.05 * k, 2) for k in range(1, 20))  # of the linear model
OF_REGIONS = ("strength", "size")  # additive effects of regions: nothing edge-specific is in them


def baselines(weights: np.ndarray, centres=None, volumes=None) -> dict[str, np.ndarray]:
    """Predictions [candidate, edge] of connectivity by name; several candidates for the linear models.

    Parameters
    ----------
    weights : array (region, region)
        Structural weights, not normalised.
    centres : array (region, 3), optional
        Centres of the regions (mm).
    volumes : array (region,), optional
        Sizes of the regions.
    """
    both = (weights + weights.T) / 2.0
    i, j = np.triu_indices(len(weights), 1)
    found = {
        "sc": edges_of(both)[None],
        "log_sc": np.log10(edges_of(both) + SMALLEST_WEIGHT)[None],
        "sqrt_sc": np.sqrt(edges_of(both))[None],
    }
    if centres is not None:
        found["distance"] = -np.linalg.norm(centres[i] - centres[j], axis=1)[None]
    strength = both.sum(axis=1)
    for name, values in (("strength", strength), ("size", volumes)):
        if values is not None and (np.asarray(values) > 0).all():
            found[name] = (np.log(values[i]) + np.log(values[j]))[None]
    rows = weights.sum(axis=1)
    if (rows > 0).all():
        found["linear_row"] = linear_fc(weights / rows[:, None])
    largest = np.abs(np.linalg.eigvals(weights)).max()
    if largest > 0:
        found["linear_eigenvalue"] = linear_fc(weights / largest)
    return found


def linear_fc(V: np.ndarray, alphas=ALPHAS) -> np.ndarray:
    """Compute connectivity [candidate, edge] of the linear model on weights V for several values of its parameter."""
    found = []
    for a in alphas:
        response = np.linalg.inv(np.eye(len(V)) - a * V)
        found.append(edges_of(correlation_of(response @ response.T)))
    return np.array(found)


def baseline_scores(predictions: Mapping[str, np.ndarray], fc: np.ndarray, gsr_fc: np.ndarray) -> dict[str, np.ndarray]:
    """Give the best score of every baseline, each kind of score tuned on its own.

    Parameters
    ----------
    predictions : mapping of str to array (candidate, edge)
        As of `baselines`.
    fc, gsr_fc : array (edge,)
        Mean connectivity, and that after global signal regression; the predictions are compared with it as they are.

    Returns
    -------
    dict of str to array (baseline,)
        `baseline_r`, `baseline_edge_r`, `baseline_gsr_r`, in the order of `NAMES`; NaN where the data for one are
        missing, and where the baseline has no edge-specific part.
    """
    out = {name: np.full(len(NAMES), np.nan) for name in ("baseline_r", "baseline_edge_r", "baseline_gsr_r")}
    for k, name in enumerate(NAMES):
        if name not in predictions:
            continue
        each = predictions[name]
        out["baseline_r"][k] = _best(pearson(p, fc) for p in each)
        out["baseline_gsr_r"][k] = _best(pearson(p, gsr_fc) for p in each)
        if name not in OF_REGIONS:
            of_edges = edge_specific(fc)
            out["baseline_edge_r"][k] = _best(pearson(edge_specific(p), of_edges) for p in each)
    return out


def _best(scores) -> float:
    finite = [score for score in scores if np.isfinite(score)]
    return max(finite) if finite else np.nan
