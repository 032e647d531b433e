"""Floquet exponents of perturbations along the connectome's eigenvectors, around a periodic orbit.

The monodromy matrix is an entire function of Lambda.  It is integrated at a few points only, and interpolated at all
eigenvalues; the number of points grows until the interpolation is exact to round-off.  For real eigenvalues these are
Chebyshev points of the interval that they lie in, for complex ones points on a circle around them.
"""

from collections.abc import Sequence

import numpy as np

from ngnmm_core.analysis.orbits import Orbit
from ngnmm_core.model import Model
from ngnmm_core.variational import Solutions

NODES = (12, 16, 24, 32, 48, 64, 128, 256)
NEGLIGIBLE = 1e-12


def monodromies(model: Model, parameters, coupling: float, row_sum: float, orbit: Orbit, eigenvalues: np.ndarray):
    """Monodromy matrices for perturbations along eigenvectors of W, at one point.

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
    arrays = {name: np.full(1, float(value)) for name, value in parameters.items()}
    solutions = Solutions(model, arrays, np.full(1, float(coupling * row_sum)))
    return monodromies_of(solutions, np.full(1, float(coupling)), [orbit], eigenvalues)[0]


def monodromies_of(
    solutions: Solutions, coupling: np.ndarray, orbits: Sequence[Orbit], eigenvalues: np.ndarray
) -> np.ndarray:
    """Monodromy matrices of many points, array [point, mode, state, state]; `coupling` is G of every point."""
    size = solutions.size
    result = np.empty((len(orbits), len(eigenvalues), size * size), np.result_type(eigenvalues, float))
    nodes_on = _circle if np.iscomplexobj(eigenvalues) else _interval
    left = np.arange(len(orbits))
    for count in NODES:
        if not len(left):
            break
        nodes, series, basis = nodes_on(eigenvalues, count)
        some, feedback = solutions.take(left), coupling[left, None] * nodes
        states = np.array([orbits[k].state for k in left])
        matrices = some.propagate(states, [orbits[k].mesh for k in left], feedback)[1].reshape(
            len(left), len(nodes), -1
        )
        coefficients = series(matrices)
        terms = np.abs(coefficients).max(axis=2)
        done = (terms[:, -2:].max(axis=1) < NEGLIGIBLE * terms.max(axis=1)) | (count == NODES[-1])
        result[left[done]] = np.matmul(basis, coefficients[done])
        left = left[~done]
    return result.reshape(len(orbits), len(eigenvalues), size, size)


def _interval(eigenvalues: np.ndarray, count: int):
    """Chebyshev points; what takes values there to coefficients; the polynomials at the eigenvalues."""
    low, high = float(np.min(eigenvalues)), float(np.max(eigenvalues))
    centre, half = 0.5 * (low + high), 0.5 * (high - low) + 1e-9
    angles = np.pi * (np.arange(count) + 0.5) / count
    series = 2.0 / count * np.cos(np.arange(count)[:, None] * angles)
    series[0] *= 0.5
    basis = np.polynomial.chebyshev.chebvander((eigenvalues - centre) / half, count - 1)
    return centre + half * np.cos(angles), lambda values: np.matmul(series, values), basis


def _circle(eigenvalues: np.ndarray, count: int):
    """The same for the upper half of `2 count` points on a circle, and powers; on the lower half all is conjugate."""
    centre = 0.5 * float(np.min(eigenvalues.real) + np.max(eigenvalues.real))
    radius = float(np.max(np.abs(eigenvalues - centre))) + 1e-9
    angles = np.pi * (np.arange(count) + 0.5) / count
    series = np.exp(-1j * np.arange(2 * count)[:, None] * angles) / count
    basis = ((eigenvalues - centre) / radius)[:, None] ** np.arange(2 * count)
    return centre + radius * np.exp(1j * angles), lambda values: np.matmul(series, values).real, basis


def exponents(monodromy: np.ndarray, period: float | np.ndarray) -> np.ndarray:
    """Floquet exponents [..., state] in 1/ms, log(multiplier) / period, by descending real part.

    Parameters
    ----------
    monodromy : array (..., state, state)
    period : float, or array that broadcasts to (..., 1)
        In ms.
    """
    multipliers = np.linalg.eigvals(monodromy).astype(complex)
    with np.errstate(divide="ignore"):
        values = np.log(multipliers) / period
    order = np.argsort(-values.real, axis=-1, kind="stable")
    return np.take_along_axis(values, order, axis=-1)
