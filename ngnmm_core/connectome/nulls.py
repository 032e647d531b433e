"""Null connectomes: random networks that share chosen properties with a connectome.

What a model owes to the wiring itself shows against networks that keep its simpler properties (Vasa and Misic 2022,
Nature Reviews Neuroscience, doi:10.1038/s41583-022-00601-9).  Rewiring that keeps degrees changes nothing in a dense
connectome, so weights are moved over the connections that are there.
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from ngnmm_core.connectome.connectome import Connectome
from ngnmm_core.errors import InputError, unknown

BINS = 10  # of the distance between centres
SYMMETRY = 1e-12  # of the largest weight: differences below it are round-off of an undirected network
ROW_SUMS = 1e-12  # relative error of the row sums that a null is allowed
SAME = 1e-6  # relative difference from the original below which a null is none
MOST_STEPS = 500  # of Newton's method
RIDGE = 1e-13  # of its matrix, whose eigenvalues are between 0 and 2

Draw = Callable[[Connectome, np.random.Generator], Connectome]


def null_connectome(connectome: Connectome, kind: str, number: int, seed: int = 0) -> Connectome:
    """Draw a null connectome.

    | `kind` | the null |
    |---|---|
    | `strengths` | weights permuted over the connections, then scaled until every row sum is the original's |
    | `weights` | weights permuted over the connections |
    | `labels` | regions permuted: the same network, in other places; tract lengths go with the weights |
    | `distance` | weights permuted over the connections of about the same length, in ten bins of equal size |

    A null of an undirected network is undirected.  The nulls of a directed one keep the row sums alone under
    `strengths`: each row is scaled by itself.  Labels, centres and volumes of the regions stay.

    Parameters
    ----------
    connectome : Connectome
        Weights as they were read or normalised; the nulls of raw weights are to be normalised afterwards.
    kind : str
        `strengths`, `weights`, `labels` or `distance`.
    number : int
        Which one, from 1; 0 is the connectome itself.
    seed : int
        Seed of the series of nulls.  The draw depends on `kind`, `number` and `seed` alone: under `labels` all
        subjects of a cohort are permuted alike.

    Returns
    -------
    Connectome

    Raises
    ------
    InputError
        For another kind, for `distance` without centres, and for a null that is no other network than the original.

    Examples
    --------
    >>> chain = Connectome([[0, 1, 0, 4], [1, 0, 2, 0], [0, 2, 0, 3], [4, 0, 3, 0]])
    >>> sorted(null_connectome(chain, "weights", 1).weights.ravel()) == sorted(chain.weights.ravel())
    True
    """
    if kind not in KINDS:
        raise unknown("nulls.kind", kind, KINDS)
    if number == 0:
        return connectome
    null = KINDS[kind](connectome, np.random.default_rng([seed, number]))
    if np.allclose(null.weights, connectome.weights, rtol=SAME, atol=0.0):
        raise InputError(
            f"nulls.kind: {kind}: null {number} is the connectome itself, which leaves no other network of that kind; "
            f"allowed: another kind, or a connectome with more connections or more different weights"
        )
    return null


def is_undirected(weights: np.ndarray) -> bool:
    """Tell whether a matrix is symmetric, to 1e-12 of its largest element."""
    return bool(np.abs(weights - weights.T).max() <= SYMMETRY * np.abs(weights).max())


def _connections(weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Give the indices of the connections of a network: of an undirected one, each pair once."""
    there = (weights > 0) & ~np.eye(len(weights), dtype=bool)
    rows, columns = np.nonzero(np.triu(there) if is_undirected(weights) else there)
    return rows, columns


def _with_values(weights: np.ndarray, place: tuple[np.ndarray, np.ndarray], values: np.ndarray) -> np.ndarray:
    """Build the matrix that has these values on the connections, in both directions in an undirected network."""
    result = np.zeros_like(weights)
    result[place] = values
    if is_undirected(weights):
        result.T[place] = values
    return result


def _permuted(connectome: Connectome, random: np.random.Generator) -> np.ndarray:
    place = _connections(connectome.weights)
    return _with_values(connectome.weights, place, random.permutation(connectome.weights[place]))


def _weights(connectome: Connectome, random: np.random.Generator) -> Connectome:
    return replace(connectome, weights=_permuted(connectome, random))


def _strengths(connectome: Connectome, random: np.random.Generator) -> Connectome:
    sums = connectome.weights.sum(axis=1)
    permuted = _permuted(connectome, random)
    undirected = is_undirected(connectome.weights)
    weights = scale_symmetrically(permuted, sums) if undirected else _scale_rows(permuted, sums)
    return replace(connectome, weights=weights)


def _scale_rows(weights: np.ndarray, sums: np.ndarray) -> np.ndarray:
    found = weights.sum(axis=1)
    return weights * np.divide(sums, found, out=np.zeros_like(sums), where=found > 0)[:, None]


def scale_symmetrically(weights: np.ndarray, sums: np.ndarray) -> np.ndarray:
    """Scale a symmetric matrix on both sides until its rows have given sums.

    The scaled matrix is D A D with a positive diagonal D = exp(x), where x minimises the convex function
    sum_ij A_ij exp(x_i + x_j) / 2 - sum_i s_i x_i; found by Newton's method.  There is such a D whenever any symmetric
    matrix with the same zeros has these sums (Csima and Datta 1972, Linear Algebra and its Applications,
    doi:10.1016/0024-3795(72)90038-3).

    Parameters
    ----------
    weights : array (region, region)
        A; symmetric, not negative.
    sums : array (region,)
        s; positive where the row of A is not empty.

    Returns
    -------
    array (region, region)
        Symmetric, with row sums that are right to 1e-12.

    Raises
    ------
    InputError
        If the sums are not reached.
    """
    used = np.flatnonzero(weights.any(axis=1))
    A, s = weights[np.ix_(used, used)], sums[used]
    x = np.log(s / A.sum(axis=1)) / 2
    for _ in range(MOST_STEPS):
        with np.errstate(all="ignore"):  # where there is no solution, x grows without limit
            scaled = A * np.outer(np.exp(x), np.exp(x))
        found = scaled.sum(axis=1)
        error = np.abs(found / s - 1).max()
        if error <= ROW_SUMS or not np.isfinite(error):
            break
        # In units of the row sums the matrix is well scaled; in a bipartite network it is singular but for the ridge.
        root = np.sqrt(found)
        matrix = scaled / np.outer(root, root) + (1 + RIDGE) * np.eye(len(s))
        step = np.linalg.solve(matrix, (s - found) / root) / root
        x = x + step / max(1.0, np.abs(step).max())
    if not error <= ROW_SUMS:
        raise InputError(
            f"nulls.kind: strengths: the row sums are reached to {error:.1g} only; allowed: weights that can be scaled "
            f"to {ROW_SUMS:g}, or another kind"
        )
    result = np.zeros_like(weights)
    result[np.ix_(used, used)] = scaled
    return result


def _labels(connectome: Connectome, random: np.random.Generator) -> Connectome:
    order = random.permutation(len(connectome))
    pair = np.ix_(order, order)
    lengths = connectome.tract_length
    return replace(
        connectome, weights=connectome.weights[pair], tract_length=None if lengths is None else lengths[pair]
    )


def _distance(connectome: Connectome, random: np.random.Generator) -> Connectome:
    if connectome.centres is None:
        raise InputError(
            "nulls.kind: distance: the connectome has no centres of its regions; allowed: strengths, weights, labels"
        )
    place = _connections(connectome.weights)
    values = connectome.weights[place]
    for held in distance_bins(connectome, place):
        values[held] = random.permutation(values[held])
    return replace(connectome, weights=_with_values(connectome.weights, place, values))


def distance_bins(connectome: Connectome, place: tuple[np.ndarray, np.ndarray] | None = None) -> list[np.ndarray]:
    """Sort the connections into ten bins by the Euclidean distance of the centres, about equally many in each.

    Parameters
    ----------
    connectome : Connectome
        With centres.
    place : (array, array), optional
        Indices of the connections; by default all of them, of an undirected network each pair once.

    Returns
    -------
    list of arrays
        Positions of the connections in `place`, nearest first; ties go by their position.
    """
    rows, columns = _connections(connectome.weights) if place is None else place
    distance = np.linalg.norm(connectome.centres[rows] - connectome.centres[columns], axis=1)
    return np.array_split(np.argsort(distance, kind="stable"), BINS)


KINDS: dict[str, Draw] = {
    "strengths": _strengths,
    "weights": _weights,
    "labels": _labels,
    "distance": _distance,
}
