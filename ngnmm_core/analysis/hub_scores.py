"""Scores of hubs from simulations with virtual lesions, against the difference that another seed makes.

For the lesion of region k, D_k is the Frobenius norm of the change of functional connectivity over the pairs without k,
between a run with the lesion and the unlesioned run of the same seed; the score is its mean over seeds.  In a chaotic
network two unlesioned runs with different seeds differ as well: the null is D between all pairs of unlesioned seeds,
over the same pairs of regions, and z = (score - mean of null) / (s.d. of null / sqrt(number of lesion seeds)).

Changes of synchrony and gamma power are those of the other regions; their null is the difference of two unlesioned
runs, with mean 0 and sqrt(2) times the spread over seeds.

Virtual lesions of a connectome: Alstott et al., PLoS Comput. Biol. 5, e1000408 (2009),
doi:10.1371/journal.pcbi.1000408. The scores and their nulls are defined here.
"""

from typing import TYPE_CHECKING

import numpy as np

from ngnmm_core.analysis.graph_measures import structural_measures
from ngnmm_core.analysis.hub_statistics import (
    family_pvalue,
    interval,
    resolution,
    split_half,
    upper_pvalue,
    zscore,
)
from ngnmm_core.analysis.hubs import HubsOptions, HubsStatus, variables
from ngnmm_core.simulation.lesions import CUT, KINDS, LESION, NONE, REGION, RENORMALISED, isolated_region

if TYPE_CHECKING:
    import xarray as xr

FEWEST = 3  # regions: of two, no pair is left without the lesioned one
SIGNED = ("hub_synchrony", "hub_gamma")


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


def _others_gamma(power: np.ndarray) -> np.ndarray:
    """Mean gamma power of the other regions, from powers [run, region]."""
    return (power.sum(axis=1, keepdims=True) - power) / (power.shape[1] - 1)


class _Point:
    """All runs at one point: those without lesion, and by kind those with one."""

    def __init__(self, runs: "xr.Dataset", edges):
        self.edges = edges
        self.kind, self.lesioned, self.seed = (runs[name].values for name in (LESION, REGION, "seed"))
        self.connectivity = runs.lesion_fc.values.astype(float)
        power = runs.lesion_gamma_power.values
        self.resolution = {  # what is not above it comes from rounding, wherever it is a spread of the null
            "hub": resolution(np.ones(1, runs.lesion_fc.dtype), self.connectivity.shape[1]),
            "hub_synchrony": resolution(runs.lesion_synchrony.values),
            "hub_gamma": resolution(np.ones(1, power.dtype)),
        }
        self.signed = {
            "hub_synchrony": runs.lesion_synchrony.values,
            "hub_gamma": _others_gamma(power.astype(float)),
        }
        self.diverged = runs.simulation_status.values == HubsStatus.DIVERGED
        self.regions = self.signed["hub_gamma"].shape[1]
        self.unlesioned = np.flatnonzero(self.kind == NONE)
        self.flow, self.surrogates = (
            runs[name].values[self.unlesioned] for name in ("lesion_information", "lesion_information_surrogates")
        )

    def runs_of(self, code: int, region: int) -> tuple[np.ndarray, np.ndarray]:
        """Find the runs with a lesion by rising seed, and for each the unlesioned run of the same seed."""
        mine = np.flatnonzero((self.kind == code) & (self.lesioned == region))
        mine = mine[np.argsort(self.seed[mine], kind="stable")]
        base = {int(self.seed[k]): k for k in self.unlesioned}
        return mine, np.array([base[int(s)] for s in self.seed[mine]])

    def null(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        """Mean and standard deviation [region] of the difference between two unlesioned runs."""
        if name == "hub":
            apart = null_distances(self.connectivity[self.unlesioned], self.edges, self.regions)
            return apart.mean(axis=0), apart.std(axis=0, ddof=1)
        values = self.signed[name][self.unlesioned]
        spread = np.sqrt(2.0) * values.std(axis=0, ddof=1)
        return np.zeros(self.regions), spread if name == "hub_synchrony" else spread / values.mean(axis=0)

    def changes(self, code: int) -> dict[str, np.ndarray]:
        """Compute what every lesion changes, [seed, region]: distances, synchrony, gamma power."""
        columns: dict[str, list] = {"hub": [], **{name: [] for name in SIGNED}}
        for k in range(self.regions):
            mine, base = self.runs_of(code, k)
            away = (self.edges[0] != k) & (self.edges[1] != k)
            moved = self.connectivity[mine][:, away] - self.connectivity[base][:, away]
            columns["hub"].append(np.sqrt((moved**2).sum(axis=1)))
            for name in SIGNED:
                columns[name].append(self.signed[name][mine, k] - self.signed[name][base, k])
            with np.errstate(divide="ignore", invalid="ignore"):
                columns["hub_gamma"][-1] = columns["hub_gamma"][-1] / self.signed["hub_gamma"][base, k]
        return {name: np.stack(values, axis=1) for name, values in columns.items()}


def _lesion_scores(point: _Point, code: int, W: np.ndarray) -> dict[str, np.ndarray]:
    """Everything [region] about one kind of lesion, and the stability of its ranking."""
    changes = point.changes(code)
    emptied = np.array([code == RENORMALISED and isolated_region(W, k) for k in range(point.regions)])
    alone = point.regions < FEWEST
    for values in changes.values():
        values[:, emptied] = np.nan
    if alone:
        changes["hub"][:] = np.nan
    scores, seeds = changes["hub"], len(changes["hub"])
    mean, std = point.null("hub")
    low, high = interval(scores)
    z = zscore(scores, mean, std, point.resolution["hub"])
    result = {
        "hub_score": scores.mean(axis=0), "hub_score_low": low, "hub_score_high": high, "hub_zscore": z,
        "hub_pvalue": upper_pvalue(z, seeds, len(point.unlesioned)),
        "hub_null_mean": np.where(emptied, np.nan, mean), "hub_null_std": np.where(emptied, np.nan, std),
        "hub_stability": np.array(split_half(scores)),
    }  # fmt: skip
    for name in SIGNED:
        result[f"{name}_change"] = changes[name].mean(axis=0)
        result[f"{name}_zscore"] = zscore(changes[name], *point.null(name), point.resolution[name])
    lost = np.array([point.diverged[np.concatenate(point.runs_of(code, k))].any() for k in range(point.regions)])
    code_of = np.where(
        lost, HubsStatus.DIVERGED, np.where(np.isfinite(result["hub_score"]), HubsStatus.OK, HubsStatus.NOT_OSCILLATING)
    )
    unresolved = (code_of == HubsStatus.OK) & ~(std > point.resolution["hub"])
    code_of = np.where(unresolved, HubsStatus.NULL_WITHOUT_SPREAD, code_of)
    code_of = np.where(alone, HubsStatus.NO_OTHER_PAIR, code_of)
    result["hubs_status"] = np.where(emptied, HubsStatus.ISOLATED_REGION, code_of).astype(np.int8)
    return result


def point_scores(runs: "xr.Dataset", options: HubsOptions, W: np.ndarray, edges) -> dict[str, np.ndarray]:
    """Scores [lesion, region] at one point from all its runs, and the information flow [region]."""
    point = _Point(runs, edges)
    kinds = [_lesion_scores(point, CUT + KINDS.index(name), W) for name in options.lesion]
    flow, surrogates = point.flow.mean(axis=0), point.surrogates.mean(axis=0)
    return {name: np.stack([kind[name] for kind in kinds]) for name in kinds[0]} | {
        "information_flow": flow - surrogates.mean(axis=0),
        "information_flow_pvalue": family_pvalue(flow, surrogates),
    }


def hub_scores(
    lesions: "xr.Dataset", options: HubsOptions, W: np.ndarray, weights: np.ndarray, influence: tuple
) -> "xr.Dataset":
    """Hub scores at every point that was lesioned.

    Parameters
    ----------
    lesions : xarray.Dataset
        Merged results of the stage `lesions`, over `run`.
    W, weights : array (region, region)
        The connectome, normalised as it was simulated, and as it is.
    influence : pair of arrays (point, region) and (point,)
        Dynamical influence and leading mode, in the order of the points in `lesions`.

    Returns
    -------
    xarray.Dataset
        Over `hub_point`, `lesion` and `region`, with structural measures beside the scores.
    """
    import xarray as xr

    parameters = [n for n, c in lesions.coords.items() if c.dims == ("run",) and n not in (LESION, REGION, "seed")]
    columns = [lesions[name].values for name in parameters] or [np.zeros(lesions.sizes["run"])]
    points, first, index = np.unique(np.column_stack(columns), axis=0, return_index=True, return_inverse=True)
    order = np.argsort(first)
    edges = (lesions.region_i.values, lesions.region_j.values)
    parts = [point_scores(lesions.isel(run=np.flatnonzero(index.ravel() == k)), options, W, edges) for k in order]
    found = {name: np.stack([part[name] for part in parts]) for name in parts[0]}
    found["dynamical_influence"], found["leading_mode"] = influence
    data = {v.name: (("hub_point", *v.dims), found[v.name], v.attributes) for v in variables(options)}
    coords = {name: ("hub_point", points[order, k], lesions[name].attrs) for k, name in enumerate(parameters)}
    coords["lesion"] = ("lesion", list(options.lesion), {"long_name": "kind of lesion"})
    about = {name: c for name, c in lesions.coords.items() if c.dims == ("region",)}
    attributes = {**lesions.attrs, "lesion_seeds": options.seeds, "null_seeds": options.null_seeds}
    return xr.Dataset({**data, **structural_measures(weights)}, coords={**about, **coords}, attrs=attributes)
