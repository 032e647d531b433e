"""Scores of hubs from simulations with virtual lesions, against the difference that another seed makes.

For the lesion of region k, D_k is the Frobenius norm of the change of functional connectivity over the pairs without k,
between a run with the lesion and the unlesioned run of the same seed; the score is its mean over seeds.  In a chaotic
network two unlesioned runs with different seeds differ as well: the null is D between all pairs of unlesioned seeds,
over the same pairs of regions, and z = (score - mean of null) / (s.d. of null / sqrt(number of lesion seeds)).
"""

from typing import TYPE_CHECKING

import numpy as np

from ngnmm_core.analysis.hubs import EMPTIED_ROW, NOT_OSCILLATING, OK, HubsOptions, variables
from ngnmm_core.lesions import CUT, KINDS, LESION, NONE, REGION, RENORMALISED, emptied_row

if TYPE_CHECKING:
    import xarray as xr


def distances(changes: np.ndarray, edges: tuple[np.ndarray, np.ndarray], regions: int) -> np.ndarray:
    """Frobenius norms of changes of connectivity over the pairs without each region.

    Parameters
    ----------
    changes : array (run, edge)
    edges : pair of arrays (edge,)
        Indices of the two regions of each pair.

    Returns
    -------
    array (run, region)
    """
    squares = changes.astype(float) ** 2
    result = np.empty((len(changes), regions))
    for k in range(regions):
        result[:, k] = np.sqrt(squares[:, (edges[0] != k) & (edges[1] != k)].sum(axis=1))
    return result


def null_distances(connectivity: np.ndarray, edges, regions: int) -> np.ndarray:
    """Distances between all pairs of unlesioned runs [seed, edge]: array (pair of seeds, region)."""
    first, second = np.triu_indices(len(connectivity), 1)
    return distances(connectivity[first] - connectivity[second], edges, regions)


def _point_scores(runs: "xr.Dataset", options: HubsOptions, W: np.ndarray, edges) -> dict[str, np.ndarray]:
    """Scores [lesion, region] at one point from all its runs."""
    regions = len(W)
    kind, lesioned, seed = (runs[name].values for name in (LESION, REGION, "seed"))
    connectivity, synchrony = runs.lesion_fc.values, runs.lesion_synchrony.values
    unlesioned = np.flatnonzero(kind == NONE)
    base = {int(seed[k]): k for k in unlesioned}
    null = null_distances(connectivity[unlesioned], edges, regions)
    shape = (len(options.lesion), regions)
    names = ("hub_score", "hub_null_mean", "hub_null_std", "hub_zscore", "hub_synchrony_change")
    result = {name: np.full(shape, np.nan) for name in names}
    result["hubs_status"] = np.full(shape, OK, np.int8)
    mean, std = null.mean(axis=0), null.std(axis=0, ddof=1)
    for row, name in enumerate(options.lesion):
        code = CUT + KINDS.index(name)
        for k in range(regions):
            if code == RENORMALISED and emptied_row(W, k):
                result["hubs_status"][row, k] = EMPTIED_ROW
                continue
            mine = np.flatnonzero((kind == code) & (lesioned == k))
            partner = np.array([base[int(s)] for s in seed[mine]])
            away = (edges[0] != k) & (edges[1] != k)
            change = connectivity[mine][:, away].astype(float) - connectivity[partner][:, away]
            score = np.sqrt((change**2).sum(axis=1)).mean()
            result["hub_score"][row, k], result["hub_null_mean"][row, k] = score, mean[k]
            result["hub_null_std"][row, k] = std[k]
            with np.errstate(divide="ignore", invalid="ignore"):
                result["hub_zscore"][row, k] = (score - mean[k]) / (std[k] / np.sqrt(len(mine)))
            result["hub_synchrony_change"][row, k] = (synchrony[mine] - synchrony[partner]).mean()
            if not np.isfinite(score):
                result["hubs_status"][row, k] = NOT_OSCILLATING
    return result


def hub_scores(lesions: "xr.Dataset", options: HubsOptions, W: np.ndarray, weights: np.ndarray) -> "xr.Dataset":
    """Hub scores at every point that was lesioned.

    Parameters
    ----------
    lesions : xarray.Dataset
        Merged results of the stage `lesions`, over `run`.
    W, weights : array (region, region)
        The connectome, normalised as it was simulated, and as it is.

    Returns
    -------
    xarray.Dataset
        Over `hub_point`, `lesion` and `region`, with structural centralities beside the scores.
    """
    import xarray as xr

    parameters = [n for n, c in lesions.coords.items() if c.dims == ("run",) and n not in (LESION, REGION, "seed")]
    table = (
        np.column_stack([lesions[name].values for name in parameters])
        if parameters
        else np.zeros((lesions.sizes["run"], 1))
    )
    points, first, index = np.unique(table, axis=0, return_index=True, return_inverse=True)
    order = np.argsort(first)
    edges = (lesions.region_i.values, lesions.region_j.values)
    parts = [_point_scores(lesions.isel(run=np.flatnonzero(index.ravel() == k)), options, W, edges) for k in order]
    known = {v.name: v for v in variables(options)}
    data = {
        name: (("hub_point", "lesion", "region"), np.stack([part[name] for part in parts]), known[name].attributes)
        for name in parts[0]
    }
    coords = {name: ("hub_point", points[order, k], lesions[name].attrs) for k, name in enumerate(parameters)}
    coords["lesion"] = ("lesion", list(options.lesion), {"long_name": "kind of lesion"})
    about = {name: c for name, c in lesions.coords.items() if c.dims == ("region",)}
    return xr.Dataset({**data, **_structure(weights)}, coords={**about, **coords}, attrs=lesions.attrs)


def _structure(weights: np.ndarray) -> dict[str, tuple]:
    """Strength and eigenvector centrality of every region, from the weights as they are."""
    strength = 0.5 * (weights.sum(axis=0) + weights.sum(axis=1))
    values, vectors = np.linalg.eig(weights)
    leading = np.abs(vectors[:, np.argmax(values.real)].real)
    return {
        "strength": (
            "region",
            strength,
            {"units": "1", "long_name": "strength: mean of the weights in and out, summed"},
        ),
        "eigenvector_centrality": (
            "region",
            leading / leading.max(),
            {"units": "1", "long_name": "eigenvector centrality, largest value 1"},
        ),
    }
