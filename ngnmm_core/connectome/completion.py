"""Fills up matrices of undirected networks of which a file holds one half."""

import warnings

import numpy as np

from ngnmm_core.connectome.arrays import ConnectomeArrays, ConnectomeWarning

FEWEST = 3  # regions; of two, one that sends to the other is as likely


def complete(arrays: ConnectomeArrays, what: str, directed: bool) -> None:
    """Completes weights and tract lengths that fill one triangle alone, in place, and says so.

    An empty triangle holds zeros or NaN.  A list of edges counts as half of an undirected network if each pair stands
    in one direction only and no path along the edges returns to where it began, as in any list that names each pair
    once, the earlier region first.

    Parameters
    ----------
    arrays : ConnectomeArrays
        As read, not yet checked.
    what : str
        The key and file to name in messages.
    directed : bool
        Leave the weights as they are: the study says that they are those of a directed network.

    Warns
    -----
    ConnectomeWarning
        If the weights were completed.
    """
    weights = _square(arrays.weights)
    if weights is not None and len(weights) >= FEWEST and not directed:
        half = ("edges" if _is_acyclic(weights) else "") if arrays.edges else _half(weights)
        if half:
            note = f"only one triangle of the weights is filled ({half}); the other one was filled up from it"
            if half == "edges":
                note = "each pair of regions is listed once; the other direction was filled up from it"
            warnings.warn(f"{what}: {note} (directed: true leaves them as they are)", ConnectomeWarning, stacklevel=1)
            arrays.notes.append(note)
            arrays.weights = weights = _mirrored(weights)
    lengths = _square(arrays.tract_length)
    if weights is None or lengths is None or lengths.shape != weights.shape:
        return
    needed = (np.nan_to_num(weights) > 0) & ~np.eye(len(weights), dtype=bool)
    if (needed.any() and _half(lengths, needed)) or (arrays.edges and _needs(lengths, needed)):
        arrays.tract_length = _mirrored(lengths)
        arrays.notes.append("only one triangle of the tract lengths is filled; the other one was filled up from it")


def _square(values) -> np.ndarray | None:
    """Copy `values` to float64; None for what is no square matrix of numbers (which is refused elsewhere)."""
    if values is None or np.iscomplexobj(values):
        return None
    try:
        matrix = np.array(values, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        return None
    return matrix if matrix.ndim == 2 and matrix.shape[0] == matrix.shape[1] > 1 else None


def _half(matrix: np.ndarray, needed: np.ndarray | None = None) -> str:
    """`upper` or `lower`, if that triangle alone is filled (and the empty one is needed); else an empty string."""
    below = np.tri(len(matrix), k=-1, dtype=bool)
    for name, empty in (("upper", below), ("lower", below.T)):
        blank = np.isnan(matrix[empty]) | (matrix[empty] == 0)
        filled = np.isfinite(matrix[empty.T]) & (matrix[empty.T] != 0)
        if blank.all() and filled.any() and (needed is None or needed[empty].any()):
            return name
    return ""


def _needs(lengths: np.ndarray, needed: np.ndarray) -> bool:
    """Whether connected pairs have a length in the other direction only."""
    return bool((needed & np.isnan(lengths) & np.isfinite(lengths.T)).any())


def _is_acyclic(weights: np.ndarray) -> bool:
    """Whether edges run one way only, and no path along them returns."""
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import connected_components

    linked = np.nan_to_num(weights) != 0
    np.fill_diagonal(linked, False)
    if not linked.any() or (linked & linked.T).any():
        return False
    # Without a way back, every region is a strongly connected component of its own.
    return connected_components(csr_array(linked), directed=True, connection="strong")[0] == len(weights)


def _mirrored(matrix: np.ndarray) -> np.ndarray:
    """Fill the empty entries of a matrix with those of the other triangle."""
    empty = np.isnan(matrix) | (matrix == 0)
    return np.where(empty, matrix.T, matrix)
