"""How far every region is from a focus: along the strongest connections, in steps, and in millimetres.

Shortest paths: Dijkstra, Numer. Math. 1, 269 (1959), doi:10.1007/BF01386390.
"""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Distances:
    """Distances from a focus, each an array (region,); NaN (-1 for steps) where there is no way or no such number.

    Attributes
    ----------
    length
        Sum of 1 / weight along the path where that is least.
    steps
        Number of connections of that path.
    tract_length
        Sum of the tracts' lengths along it, mm.
    weight
        Summed weight of the direct connections from the focus.
    """

    length: np.ndarray
    steps: np.ndarray
    tract_length: np.ndarray
    weight: np.ndarray


def distances_from(W: np.ndarray, focus: np.ndarray, tract_length: np.ndarray | None = None) -> Distances:
    """Shortest paths from the regions of a focus to all others.

    Parameters
    ----------
    W : array (region, region)
        W[i, j] is the weight of what i receives from j: a connection leads from j to i.
    focus : array of int
        Indices of regions.
    tract_length : array (region, region), optional
        In mm.
    """
    from scipy.sparse import csr_matrix
    from scipy.sparse.csgraph import dijkstra

    focus = np.asarray(focus, int)
    blank = np.full(len(W), np.nan)
    if len(focus) == 0:
        return Distances(blank, np.full(len(W), -1, np.int32), blank.copy(), blank.copy())
    source, target = np.nonzero(W.T)
    cost = csr_matrix((1.0 / W.T[source, target], (source, target)), shape=W.shape)
    length, before, _ = dijkstra(cost, indices=focus, min_only=True, return_predecessors=True)
    steps, tracts = _along(length, before, tract_length)
    weight = W[:, focus].sum(axis=1)
    weight[focus] = np.nan
    return Distances(np.where(np.isfinite(length), length, np.nan), steps, tracts, weight)


def _along(length: np.ndarray, before: np.ndarray, tract_length: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    """Sum steps and tract lengths along the paths that the predecessors describe."""
    steps, tracts = np.full(len(length), -1, np.int32), np.full(len(length), np.nan)
    for region in np.argsort(length, kind="stable"):
        if not np.isfinite(length[region]):
            break
        origin = before[region]
        if origin < 0:
            steps[region], tracts[region] = 0, 0.0 if tract_length is not None else np.nan
        else:
            steps[region] = steps[origin] + 1
            if tract_length is not None:
                tracts[region] = tracts[origin] + tract_length[region, origin]
    return steps, tracts
