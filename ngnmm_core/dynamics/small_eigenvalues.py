"""Eigenvalues of many small matrices at once: see `ngnmm_core.kernels.small_eigenvalues`."""

from functools import cache

import numpy as np

from ngnmm_core.compilation.kernel_cache import compiled_by
from ngnmm_core.kernels.lanes import aligned, lane_width
from ngnmm_core.kernels.small_eigenvalues import WORK, make_small_eigenvalues

WIDTH = lane_width(np.float64)
LARGEST = 12  # rows; larger matrices are LAPACK's


@cache
def _kernel():
    return compiled_by(make_small_eigenvalues, WIDTH, name="small_eigenvalues")


def eigenvalues_of(matrices: np.ndarray) -> np.ndarray:
    """Find the eigenvalues of matrices [..., n, n], complex array [..., n] in no particular order.

    Those of a real matrix come in exact conjugate pairs.  What is found for a matrix does not depend on the others.

    Parameters
    ----------
    matrices : array (..., n, n), real or complex
        Complex ones, and larger ones than 12 by 12, are given to LAPACK.

    Raises
    ------
    numpy.linalg.LinAlgError
        If a number is not finite.
    """
    matrices = np.asarray(matrices)
    size = matrices.shape[-1]
    if np.iscomplexobj(matrices) or size < 2 or size > LARGEST:
        return np.linalg.eigvals(matrices).astype(complex)
    if not np.isfinite(matrices).all():
        raise np.linalg.LinAlgError("a matrix has an entry that is not finite")
    flat = matrices.reshape(-1, size * size)
    groups = -(-len(flat) // WIDTH)
    padded = np.zeros((groups * WIDTH, size * size))
    padded[: len(flat)] = flat
    lanes = aligned(padded.size)
    lanes[:] = np.swapaxes(padded.reshape(groups, WIDTH, size * size), 1, 2).ravel()
    ends, missed = aligned(2 * groups * size * WIDTH), aligned(groups * WIDTH)
    half = len(ends) // 2
    _kernel()(lanes, size, ends[:half], ends[half:], missed, aligned(WORK * WIDTH))
    real, imaginary = np.swapaxes(ends.reshape(2, groups, size, WIDTH), 2, 3).reshape(2, -1, size)[:, : len(flat)]
    found = real + 1j * imaginary
    for k in np.flatnonzero(missed[: len(flat)]):
        found[k] = np.linalg.eigvals(flat[k].reshape(size, size))
    return found.reshape(matrices.shape[:-1])
