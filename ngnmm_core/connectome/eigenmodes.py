"""Eigenvalues and eigenvectors of a connectome, in a fixed order and with a fixed phase."""

import warnings
from dataclasses import dataclass

import numpy as np

# Relative to the largest element: how far D^(1/2) W D^(-1/2) may be from symmetric to be taken as symmetric.
SYMMETRY_TOLERANCE = 1e-12
# Relative to the largest modulus: imaginary parts below are round-off; eigenvalues closer than this are degenerate.
REAL_TOLERANCE = 1e-12
DEGENERATE_TOLERANCE = 1e-9
# Condition of the eigenvectors from which on W counts as defective: their inverse has lost half of the digits.
DEFECTIVE_CONDITION = 1e8


class SpectrumWarning(UserWarning):
    """The eigenvectors are not unique, or there are too few of them."""


@dataclass(frozen=True)
class Spectrum:
    """Eigenvalues of W by descending real, then imaginary part, with their eigenvectors as columns.

    Attributes
    ----------
    values : array (mode,)
        float64 if the spectrum is real, else complex128.
    right : array (region, mode)
        `W @ right = right * values`; each of norm 1, its component of largest modulus real and positive (the first
        of those that are equal to within 1e-6).
    left : array (region, mode)
        `left.conj().T @ W = values[:, None] * left.conj().T`, and `left.conj().T @ right` is the identity.
    symmetric : bool
        W is similar to a symmetric matrix by a positive diagonal, as the row-normalised matrix of an undirected
        network is.
    degenerate : array (mode,) of bool
        The eigenvalue is repeated (to 1e-9 of the largest modulus): its eigenvectors are one basis of many.
    defective : bool
        The eigenvectors don't span the space, to half of the digits.  The eigenvalues still hold (to fewer digits);
        `left` is then a pseudo-inverse and should not be relied on.
    """

    values: np.ndarray
    right: np.ndarray
    left: np.ndarray
    symmetric: bool
    degenerate: np.ndarray
    defective: bool


def spectrum(W) -> Spectrum:
    """Eigenvalues and both sets of eigenvectors of W.

    If there is a positive diagonal D with D W symmetric (undirected networks, also after row normalisation), the
    eigenvalues are those of the symmetric matrix D^(1/2) W D^(-1/2): exactly real, with eigenvectors even where they
    are repeated.  "Symmetric" means to 1e-12 of the largest element, which moves an eigenvalue by at most N/2 times as
    much.  Otherwise the general solver is used, and if no imaginary part exceeds 1e-12 of the largest modulus, all are
    set to zero.

    Parameters
    ----------
    W : array (region, source_region)
        Real weights, normalised or not.

    Warns
    -----
    SpectrumWarning
        If eigenvalues are repeated in a W that is not symmetric in this sense, or W is defective.
    """
    W = np.array(W, dtype=np.float64, order="C")
    scale = _symmetrising_scale(W)
    values, right, left, defective = _general_modes(W) if scale is None else _symmetric_modes(W, scale)
    degenerate = _repeated(values)
    if defective:
        message = "W is defective or nearly so: its eigenvalues hold, its eigenvectors do not span the space"
        warnings.warn(message, SpectrumWarning, stacklevel=2)
    elif degenerate.any() and scale is None:
        message = f"{degenerate.sum()} eigenvalues of W are repeated: their eigenvectors are one basis of many"
        warnings.warn(message, SpectrumWarning, stacklevel=2)
    return Spectrum(values, right, left, scale is not None, degenerate, defective)


def _symmetric_modes(W: np.ndarray, scale: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, bool]:
    """Eigenvalues, right and left eigenvectors, and whether W is defective, by way of the similar symmetric matrix."""
    S = W * scale[:, None] / scale[None, :]
    values, vectors = np.linalg.eigh((S + S.T) / 2)
    values, vectors = values[::-1], vectors[:, ::-1]
    right, factors = _fixed_phase(vectors / scale[:, None])
    return values, right, vectors * scale[:, None] / factors, False


def _general_modes(W: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, bool]:
    """Eigenvalues, right and left eigenvectors, and whether W is defective, for any real W."""
    values, right = np.linalg.eig(W)
    order = np.lexsort((-values.imag, -values.real))
    values, right = values[order], right[:, order]
    if np.abs(values.imag).max() <= REAL_TOLERANCE * np.abs(values).max():
        values, right = _made_real(values, right)
    right, _ = _fixed_phase(right)
    # Written so that a condition of NaN counts as defective too.
    defective = not np.linalg.cond(right) < DEFECTIVE_CONDITION
    inverse = np.linalg.pinv(right) if defective else np.linalg.inv(right)
    return values, right, inverse.conj().T, defective


def _symmetrising_scale(W: np.ndarray) -> np.ndarray | None:
    """Positive d such that diag(d) W diag(1/d) is symmetric to `SYMMETRY_TOLERANCE`, or None.

    On an edge d_i^2 W_ij = d_j^2 W_ji must hold, so a spanning tree of the network fixes d up to a factor per
    component, and the remaining edges decide.
    """
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import breadth_first_order

    if np.any((W != 0) != (W.T != 0)) or np.any(W * W.T < 0):
        return None
    count = len(W)
    logarithm = np.full(count, np.nan)
    links = csr_array(W != 0)
    for start in range(count):
        if not np.isnan(logarithm[start]):
            continue
        order, parent = breadth_first_order(links, start, directed=False)
        logarithm[start] = 0.0
        for i in order[1:]:
            j = parent[i]
            logarithm[i] = logarithm[j] + 0.5 * np.log(W[j, i] / W[i, j])
        logarithm[order] -= logarithm[order].mean()
    scale = np.exp(logarithm)
    if not (np.isfinite(scale).all() and (scale > 0).all()):
        return None
    S = W * scale[:, None] / scale[None, :]
    return scale if np.abs(S - S.T).max() <= SYMMETRY_TOLERANCE * np.abs(S).max() else None


def _made_real(values: np.ndarray, vectors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Real eigenvalues and eigenvectors from ones whose imaginary parts are round-off.

    A pair of eigenvalues that round-off made conjugate has conjugate vectors; their real and imaginary part span the
    same plane.
    """
    if not np.iscomplexobj(values):
        return values, vectors
    real = vectors.real.copy()
    for k in np.flatnonzero(values.imag < 0):
        real[:, k] = vectors[:, k].imag
    return values.real.copy(), real


def _fixed_phase(vectors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Scale vectors to norm 1 with the component of largest modulus real and positive; return the factors as well."""
    modulus = np.abs(vectors)
    # The first of those nearly largest: among equal components round-off would otherwise choose.
    first = np.argmax(modulus >= (1 - 1e-6) * modulus.max(axis=0), axis=0)
    chosen = vectors[first, np.arange(vectors.shape[1])]
    factors = np.abs(chosen) / chosen / np.linalg.norm(vectors, axis=0)
    fixed = vectors * factors
    # Divided out, not only rotated: the component's imaginary part is then exactly zero.
    if np.iscomplexobj(fixed):
        fixed[first, np.arange(vectors.shape[1])] = np.abs(fixed[first, np.arange(vectors.shape[1])])
    return fixed, factors


def _repeated(values: np.ndarray) -> np.ndarray:
    """Which eigenvalues have another one within `DEGENERATE_TOLERANCE` of the largest modulus."""
    distance = np.abs(values[:, None] - values[None, :])
    np.fill_diagonal(distance, np.inf)
    return distance.min(axis=1) <= DEGENERATE_TOLERANCE * np.abs(values).max()
