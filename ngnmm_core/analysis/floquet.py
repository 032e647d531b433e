"""Floquet exponents of perturbations along the connectome's eigenvectors, around a periodic orbit.

The monodromy matrix is an entire function of Lambda.  It is integrated at Chebyshev points only, and interpolated at
all eigenvalues, real or complex; the number of points grows until the interpolation is exact to round-off.
"""

import numpy as np

from ngnmm_core.analysis.orbits import Orbit
from ngnmm_core.model import Model
from ngnmm_core.variational import Variational

FEWEST_NODES, MOST_NODES = 16, 256
NEGLIGIBLE = 1e-12


def monodromies(model: Model, parameters, coupling: float, row_sum: float, orbit: Orbit, eigenvalues: np.ndarray):
    """Monodromy matrices for perturbations along eigenvectors of W.

    Parameters
    ----------
    parameters : mapping of name to float
    coupling : float
        G.
    row_sum : float
        Row sum of W, equal for all rows.
    eigenvalues : array (mode,), real or complex
        Lambda.

    Returns
    -------
    array (mode, state, state), complex if the eigenvalues are
    """
    variational = Variational(model, parameters, coupling * row_sum)
    low, high = float(np.min(eigenvalues.real)), float(np.max(eigenvalues.real))
    # complex eigenvalues: the interval is widened so that they lie where the interpolation converges
    reach = float(np.max(np.abs(eigenvalues.imag))) if np.iscomplexobj(eigenvalues) else 0.0
    centre, half = 0.5 * (low + high), 0.5 * (high - low) + reach + 1e-9
    count = FEWEST_NODES
    while True:
        nodes = np.cos(np.pi * (np.arange(count) + 0.5) / count)
        matrices = variational.flow(orbit.state, orbit.period, orbit.steps, coupling * (centre + half * nodes))[1]
        series = np.polynomial.chebyshev.chebfit(nodes, matrices.reshape(count, -1), count - 1)
        tail = np.abs(series[-2:]).max() / np.abs(series).max()
        if tail < NEGLIGIBLE or count >= MOST_NODES:
            break
        count *= 2
    values = np.polynomial.chebyshev.chebval((eigenvalues - centre) / half, series)
    return np.moveaxis(values.reshape(*matrices.shape[1:], -1), -1, 0)


def exponents(monodromy: np.ndarray, period: float) -> np.ndarray:
    """Floquet exponents [..., state] in 1/ms, log(multiplier) / period, by descending real part."""
    multipliers = np.linalg.eigvals(monodromy).astype(complex)
    with np.errstate(divide="ignore"):
        values = np.log(multipliers) / period
    order = np.argsort(-values.real, axis=-1, kind="stable")
    return np.take_along_axis(values, order, axis=-1)
