"""Functional connectivity of time series, its average over subjects, and its edge-specific part.

Edges are the upper triangle, row by row, as in `numpy.triu_indices(regions, 1)`.
"""

from functools import lru_cache

import numpy as np

NO_GLOBAL = 1e-7  # of the mean variance: what rounding to single precision leaves of a global signal that was taken out


def regions_of(edges: int) -> int:
    """Return the number of regions that have this many edges.

    Raises
    ------
    ValueError
        If no number of regions has.
    """
    regions = round((1.0 + np.sqrt(1.0 + 8.0 * edges)) / 2.0)
    if regions * (regions - 1) // 2 != edges:
        raise ValueError(f"{edges} is no number of edges")
    return regions


def edges_of(matrix: np.ndarray) -> np.ndarray:
    """Extract the upper triangle [..., edge] of matrices [..., region, region]."""
    i, j = np.triu_indices(matrix.shape[-1], 1)
    return matrix[..., i, j]


def matrix_of(edges: np.ndarray, diagonal: float = 1.0) -> np.ndarray:
    """Symmetric matrices [..., region, region] from edges [..., edge]."""
    regions = regions_of(edges.shape[-1])
    i, j = np.triu_indices(regions, 1)
    matrix = np.full((*edges.shape[:-1], regions, regions), diagonal)
    matrix[..., i, j] = edges
    matrix[..., j, i] = edges
    return matrix


def correlation_of(covariance: np.ndarray) -> np.ndarray:
    """Correlations from covariances [..., region, region]; NaN where a variance is not positive."""
    variance = np.einsum("...ii->...i", covariance)
    deviation = np.sqrt(np.where(variance > 0, variance, np.nan))
    return covariance / (deviation[..., :, None] * deviation[..., None, :])


def fc_of_series(series: np.ndarray) -> np.ndarray:
    """Pearson correlations [edge] of a series [region, time]."""
    return edges_of(np.corrcoef(np.ascontiguousarray(series, float)))


def mean_fc(fc: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
    """Average of several subjects' connectivity: tanh of the mean of Fisher's z = artanh(r).

    Parameters
    ----------
    fc : array (subject, edge)
    weights : array (..., subject), optional
        Weights that sum to 1; equal ones if not given.

    Returns
    -------
    array (..., edge)
    """
    z = np.arctanh(fc)
    return np.tanh(z.mean(axis=0) if weights is None else weights @ z)


@lru_cache(8)
def _touching(regions: int) -> np.ndarray:
    """Whether an edge touches a region, [edge, region]: 1 or 0."""
    touching = np.zeros((regions * (regions - 1) // 2, regions))
    for end in np.triu_indices(regions, 1):
        touching[np.arange(len(end)), end] = 1.0
    touching.flags.writeable = False
    return touching


def region_effects(edges: np.ndarray) -> np.ndarray:
    """Least-squares effects a [..., region] of x_ij = a_i + a_j over all pairs, for edges [..., edge].

    The normal equations of a complete graph are solved in closed form: with row sums R_i and A = sum_i R_i / (2 (N-1)),
    a_i = (R_i - A) / (N - 2).
    """
    regions = regions_of(edges.shape[-1])
    if regions < 4:
        raise ValueError(f"{regions} regions leave nothing beside effects of regions")
    sums = edges @ _touching(regions)
    total = sums.sum(axis=-1, keepdims=True) / (2.0 * (regions - 1))
    return (sums - total) / (regions - 2)


def edge_specific(edges: np.ndarray) -> np.ndarray:
    """Take one additive effect per region out of edges [..., edge] (least squares) and return what is left."""
    effects = region_effects(edges)
    i, j = np.triu_indices(effects.shape[-1], 1)
    return edges - effects[..., i] - effects[..., j]


def without_global_signal(covariance: np.ndarray) -> np.ndarray:
    """Covariance [..., region, region] after regression of the mean over regions: C - c c^T / (1^T c / N), c = C 1 / N.

    The same as regressing the mean series out of every region's series, as least squares needs second moments alone.
    A mean that is nothing but round-off, as of series without their global signal, is left alone.
    """
    with_global = covariance.mean(axis=-1)
    of_global = with_global.mean(axis=-1)
    there = of_global > NO_GLOBAL * np.einsum("...ii->...i", covariance).mean(axis=-1)
    weight = np.where(there, 1.0 / np.where(there, of_global, 1.0), 0.0)
    return covariance - with_global[..., :, None] * with_global[..., None, :] * weight[..., None, None]


def regressed(fc: np.ndarray, amplitude: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Regress the global signal out of connectivity: FC [..., edge] and s.d. [..., region] of what is left.

    NaN where nothing but round-off is left of a region.

    Parameters
    ----------
    fc : array (..., edge)
    amplitude : array (..., region)
        Standard deviations, in any unit.
    """
    covariance = matrix_of(fc) * amplitude[..., :, None] * amplitude[..., None, :]
    left = without_global_signal(covariance)
    share = np.einsum("...ii->...i", left) / np.square(amplitude)
    with np.errstate(invalid="ignore"):
        correlations = correlation_of(np.where((share > 1e-12)[..., :, None], left, np.nan))
        return edges_of(correlations), amplitude * np.sqrt(np.where(share > 1e-12, share, np.nan))


def fc_without_global_signal(fc: np.ndarray, amplitude: np.ndarray) -> np.ndarray:
    """Compute connectivity [..., edge] after global signal regression, from FC [..., edge] and s.d. [..., region].

    NaN where nothing but round-off is left of a region.
    """
    return regressed(fc, amplitude)[0]


def split_half(series: np.ndarray) -> float:
    """Correlation over edges between the FC of the two halves of a series [region, time]."""
    middle = series.shape[-1] // 2
    first, second = fc_of_series(series[:, :middle]), fc_of_series(series[:, middle : 2 * middle])
    return pearson(first, second)


def full_length_reliability(half: np.ndarray) -> np.ndarray:
    """Reliability of the whole from the correlation r of its halves (Spearman, Brown 1910): 2 r / (1 + r), r > 0."""
    half = np.asarray(half, float)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(half > 0, 2.0 * half / (1.0 + half), np.nan)


def pearson(x: np.ndarray, y: np.ndarray) -> float:
    """Pearson correlation of two vectors; NaN where either doesn't vary beyond round-off or isn't finite."""
    x, y = np.ascontiguousarray(x, float), np.ascontiguousarray(y, float)
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        return np.nan
    dx, dy = x - x.mean(), y - y.mean()
    norms = np.sqrt((dx @ dx) * (dy @ dy))
    flat = max(abs(x).max(), 1e-300) * 1e-12, max(abs(y).max(), 1e-300) * 1e-12
    if abs(dx).max() <= flat[0] or abs(dy).max() <= flat[1]:
        return np.nan
    return float(dx @ dy / norms)
