"""Floquet exponents of perturbations along the connectome's eigenvectors, around a periodic orbit.

The monodromy matrix is an entire function of Lambda.  It is integrated at a few points only, and interpolated at all
eigenvalues; the number of points grows until the interpolation changes growth rates by less than 1e-10 per ms.  For
real eigenvalues these are Leja points of the interval that they lie in, of which the first ones do for any number; for
complex ones points on a circle around them.

Perturbations along eigenvectors: Pecora, Carroll, Phys. Rev. Lett. 80, 2109 (1998), doi:10.1103/PhysRevLett.80.2109.
Interpolation at Leja points: Reichel, BIT 30, 332 (1990), doi:10.1007/BF02017352.  Coefficients from points on a
circle, by the trapezoidal rule: Trefethen, Weideman, SIAM Rev. 56, 385 (2014), doi:10.1137/130932132.
"""

from collections.abc import Sequence
from functools import cache

import numpy as np

from ngnmm_core.dynamics.exact_propagators import OrbitPropagators
from ngnmm_core.dynamics.periodic_orbits import Orbit
from ngnmm_core.dynamics.small_eigenvalues import eigenvalues_of
from ngnmm_core.dynamics.variational import Solutions
from ngnmm_core.models._base import Model
from ngnmm_core.simulation.own_times import in_units

INTERVAL_NODES = (12, 16, 20, 24, 28, 32, 40, 48, 64, 96)
FLOW_NODES = (20, 28, 40, 64, 96)  # by the exact flow, where a few more cost little beside the step itself
CIRCLE_NODES = (12, 16, 24, 32, 48, 64, 128)  # in the upper half
NEGLIGIBLE = 1e-9  # the last terms, in units of the largest entry: then growth rates are off by 5e-11 at the most


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
    solutions: Solutions,
    coupling: np.ndarray,
    orbits: Sequence[Orbit],
    eigenvalues: np.ndarray,
    exact: bool | None = None,
) -> np.ndarray:
    """Monodromy matrices of many points, array [point, mode, state, state]; `coupling` is G of every point.

    By the exact flow where the model has it and it is right, unless `exact` says otherwise.
    """
    size, units, along = solutions.size, solutions.units, OrbitPropagators(solutions, orbits, exact)
    result = np.empty((len(orbits), len(eigenvalues), size * size), np.result_type(eigenvalues, float))

    def integrate(points: np.ndarray, nodes: np.ndarray) -> np.ndarray:
        matrices = along.matrices(points, coupling[points, None] * nodes)
        return in_units(matrices, units[points, None]).reshape(len(points), len(nodes), -1)

    if np.iscomplexobj(eigenvalues):
        _on_circle(integrate, eigenvalues, result)
    else:
        _on_interval(integrate, eigenvalues, result, FLOW_NODES if along.exact else INTERVAL_NODES)
    return in_units(result.reshape(len(orbits), len(eigenvalues), size, size), 1.0 / units[:, None])


def _on_interval(integrate, eigenvalues: np.ndarray, result: np.ndarray, counts: Sequence[int]) -> None:
    """Newton's interpolation; `integrate(points, nodes)` gives matrices [point, node, entry], `counts` are of nodes."""
    low, high = float(np.min(eigenvalues)), float(np.max(eigenvalues))
    centre, half = 0.5 * (low + high), 0.5 * (high - low) + 1e-9
    nodes, at = leja_points(counts[-1]), (eigenvalues - centre) / half
    basis = np.cumprod(np.concatenate([np.ones((len(at), 1)), 2.0 * (at[:, None] - nodes[:-1])], axis=1), axis=1)
    left = np.arange(len(result))
    values = np.empty((len(left), 0, result.shape[2]))
    for count in counts:
        fresh = integrate(left, centre + half * nodes[values.shape[1] : count])
        values = np.concatenate([values, fresh], axis=1)
        coefficients = np.matmul(_differences(counts[-1])[:count, :count], values)
        terms = np.abs(coefficients).max(axis=2) * np.abs(basis[:, :count]).max(axis=0)
        done = (terms[:, -3:].max(axis=1) < NEGLIGIBLE * np.abs(values).max(axis=(1, 2))) | (count == len(nodes))
        result[left[done]] = np.matmul(basis[:, :count], coefficients[done])
        left, values = left[~done], values[~done]
        if not len(left):
            break


@cache
def _differences(count: int) -> np.ndarray:
    """Divided differences as a matrix: from values at Leja points to coefficients of products of 2 (x - node)."""
    nodes, table = leja_points(count), np.eye(count)
    for k in range(1, count):
        distance = 2.0 * (nodes[k:] - nodes[:-k])
        table[k:] = (table[k:] - table[k - 1 : -1]) / distance[:, None]
    return table


@cache
def leja_points(count: int) -> np.ndarray:
    """Points in [-1, 1], each as far from those before it as possible, in the sense of the product of distances."""
    candidates = np.cos(np.linspace(0.0, np.pi, 4097))
    points, product = [1.0], np.abs(candidates - 1.0)
    while len(points) < count:
        points.append(float(candidates[np.argmax(product)]))
        product *= 2.0 * np.abs(candidates - points[-1])
    return np.array(points)


def _on_circle(integrate, eigenvalues: np.ndarray, result: np.ndarray) -> None:
    """Powers, from the upper half of points on a circle; on the lower half all is conjugate."""
    centre = 0.5 * float(np.min(eigenvalues.real) + np.max(eigenvalues.real))
    radius = float(np.max(np.abs(eigenvalues - centre))) + 1e-9
    left = np.arange(len(result))
    for count in CIRCLE_NODES:
        angles = np.pi * (np.arange(count) + 0.5) / count
        values = integrate(left, centre + radius * np.exp(1j * angles))
        coefficients = np.matmul(np.exp(-1j * np.arange(2 * count)[:, None] * angles) / count, values).real
        terms = np.abs(coefficients).max(axis=2)
        done = (terms[:, -2:].max(axis=1) < NEGLIGIBLE * terms.max(axis=1)) | (count == CIRCLE_NODES[-1])
        basis = ((eigenvalues - centre) / radius)[:, None] ** np.arange(2 * count)
        result[left[done]] = np.matmul(basis, coefficients[done])
        left = left[~done]
        if not len(left):
            break


def exponents(monodromy: np.ndarray, period: float | np.ndarray) -> np.ndarray:
    """Floquet exponents [..., state] in 1/ms, log(multiplier) / period, by descending real part.

    Parameters
    ----------
    monodromy : array (..., state, state)
    period : float, or array that broadcasts to (..., 1)
        In ms.
    """
    multipliers = eigenvalues_of(monodromy)
    with np.errstate(divide="ignore"):
        # apart, as a multiplier of zero (a perturbation lost to rounding) would get an imaginary part that is NaN
        values = np.log(np.abs(multipliers)) / period + 1j * (np.angle(multipliers) / period)
    order = np.argsort(-values.real, axis=-1, kind="stable")
    return np.take_along_axis(values, order, axis=-1)
