"""What the weights alone say of each region: strength, eigenvector centrality, betweenness.

Eigenvector centrality: Bonacich, J. Math. Sociol. 2, 113 (1972), doi:10.1080/0022250X.1972.9989806.  Betweenness:
Freeman, Sociometry 40, 35 (1977), doi:10.2307/3033543; Brandes, J. Math. Sociol. 25, 163 (2001),
doi:10.1080/0022250X.2001.9990249.
"""

import random

import numpy as np

SAME = 1e-9  # relative: eigenvalues, by the largest modulus, or lengths of paths that are nearer than this are one
DEFECTIVE = 1e7  # condition of the eigenvectors above which some of them are one and the same but for rounding
SCATTERED = 1e-4  # of the largest modulus: what rounding may make of one eigenvalue where that is so
MOST_SOURCES = 200  # of shortest paths; larger networks are sampled


def structural_measures(weights: np.ndarray) -> dict[str, tuple]:
    """Measures of every region, as variables of a dataset, from weights [target, source] as they are."""
    strength = 0.5 * (weights.sum(axis=0) + weights.sum(axis=1))
    leading = eigenvector_centrality(weights)
    texts = {
        "strength": "strength: mean of the weights in and out, summed",
        "eigenvector_centrality": "eigenvector centrality, largest value 1",
        "betweenness": "betweenness: share of the shortest paths, of length 1/weight, that run through the region",
    }
    columns = (strength, leading, betweenness(weights))
    return {
        name: ("region", column, {"units": "1", "long_name": text})
        for (name, text), column in zip(texts.items(), columns, strict=True)
    }


def eigenvector_centrality(weights: np.ndarray) -> np.ndarray:
    """Compute the leading eigenvector of the weights, scaled to a largest value of 1.

    Where several components of a network have the leading eigenvalue, there is no one eigenvector.  Taken is the one
    that repeated multiplication of equal values leads to: their projection on the space of the leading eigenvectors.
    NaN in networks without cycles, whose eigenvalues are all zero.
    """
    projector = leading_projector(weights)
    if projector is None:
        return np.full(len(weights), np.nan)
    found = np.abs((projector @ np.ones(len(weights))).real)
    return found / found.max()


def leading_projector(weights: np.ndarray, value: complex | None = None) -> np.ndarray | None:
    """Compute the projector on the eigenvectors of an eigenvalue, along all others; None if all eigenvalues are zero.

    Where the eigenvalue has fewer eigenvectors than its multiplicity, as where one part of a network drives another
    with the same eigenvalue, it is what comes to dominate that projector under repeated multiplication.

    Parameters
    ----------
    value : complex, optional
        The eigenvalue, to within rounding; without it, the one of largest real part.
    """
    values, vectors = np.linalg.eig(weights)
    largest = np.abs(values).max()
    if value is None:
        value = values[np.argmax(values.real)]
        # Without cycles all are zero, which rounding makes up to the power 1/N of its size.
        if largest == 0 or _is_acyclic(weights):
            return None
    if np.linalg.cond(vectors, 1) > DEFECTIVE:
        return _dominating(weights, value, SCATTERED * largest)
    chosen = np.abs(values - value) <= max(SAME * largest, np.abs(values - value).min() * (1 + SAME))
    inverse = np.linalg.pinv(vectors)
    return vectors[:, chosen] @ inverse[chosen]


def _dominating(weights: np.ndarray, value: complex, near: float) -> np.ndarray:
    """Compute the same without eigenvectors, of which a defective matrix has too few, from an ordered Schur form.

    The projector P on the invariant subspace of the eigenvalues near `value`, or the highest power of W - value within
    it that does not vanish: Golub, Van Loan, Matrix Computations (2013), section 7.1.
    """
    from scipy.linalg import schur, solve_sylvester

    T, Z, size = schur(weights.astype(complex), output="complex", sort=lambda each: abs(each - value) <= near)  # type: ignore[call-overload]
    own, rest = T[:size, :size], T[size:, size:]
    across = np.zeros((size, len(T) - size), complex)
    if across.size:
        across = solve_sylvester(own, -rest, T[:size, size:])
    left, right = Z[:, :size], (Z @ np.vstack([np.eye(size), across.conj().T])).conj().T
    step = own - np.trace(own) / size * np.eye(size)
    found = np.eye(size)
    for _ in range(size - 1):
        further = step @ found
        if np.abs(further).max() <= near * np.abs(found).max():
            break
        found = further
    return left @ found @ right


def _is_acyclic(weights: np.ndarray) -> bool:
    """Whether no path along the links returns to where it began."""
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import connected_components

    linked = weights != 0
    parts, _ = connected_components(csr_array(linked), directed=True, connection="strong")
    return parts == len(weights) and not np.diagonal(linked).any()


def betweenness(weights: np.ndarray) -> np.ndarray:
    """Share of the shortest paths between the others that run through each region; a link's length is 1/weight.

    Paths whose lengths are equal but for rounding are all counted: no share depends on the unit of the weights.
    """
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import dijkstra

    regions = len(weights)
    if regions < 3:
        return np.zeros(regions)
    lengths = np.full((regions, regions), np.inf)  # [from, to]
    np.divide(1.0, weights.T, out=lengths, where=(weights.T > 0) & ~np.eye(regions, dtype=bool))
    sources = list(range(regions))
    if regions > MOST_SOURCES:
        sources = random.Random(0).sample(sources, MOST_SOURCES)
    links = np.isfinite(lengths)
    graph = csr_array((lengths[links], np.nonzero(links)), shape=lengths.shape)
    total = np.zeros(regions)
    for source, distances in zip(sources, dijkstra(graph, indices=sources), strict=True):
        total += _dependencies(lengths, distances, source)
    asked = len(sources) - np.isin(np.arange(regions), sources)  # no path from a region runs through itself
    return total / (asked * (regions - 2))


def _dependencies(lengths: np.ndarray, distances: np.ndarray, source: int) -> np.ndarray:
    """Sum, over all targets, the share of the shortest paths from a source that run through each region (Brandes)."""
    near = np.where(np.isfinite(distances), distances, -np.inf)
    with np.errstate(invalid="ignore"):
        ends = np.abs(near[:, None] + lengths - near) <= SAME * near
    ends &= near[:, None] < near  # [from, to]: links that shortest paths may end with
    order = np.argsort(near, kind="stable")[np.count_nonzero(near < 0) + 1 :]  # reached, the source left out
    paths, found = np.zeros(len(near)), np.zeros(len(near))
    paths[source] = 1.0
    for region in order:
        paths[region] = paths[ends[:, region]].sum()
    for region in order[::-1]:
        before = ends[:, region]
        found[before] += paths[before] / paths[region] * (1.0 + found[region])
    found[source] = 0.0
    return found
