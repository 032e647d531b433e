"""The dispersion relation of the homogeneous state, i.e. the master stability function.

A perturbation along an eigenvector of W with eigenvalue Lambda obeys the variational equation of the homogeneous
solution with G replaced by Lambda G in the coupling entries of the Jacobian.  Its growth rate is the largest real part
of the eigenvalues of the Jacobian at rest, and of the Floquet exponents on a cycle.  Where round-off hides a multiplier
in the monodromy matrix, it comes from a product of segments instead.
Pecora, Carroll, Phys. Rev. Lett. 80, 2109 (1998), doi:10.1103/PhysRevLett.80.2109.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ngnmm_core.dynamics.attractor import Attractor
from ngnmm_core.dynamics.contracting_cycles import leading_exponents
from ngnmm_core.dynamics.equilibria import eigenvalues
from ngnmm_core.dynamics.floquet import exponents, monodromies_of
from ngnmm_core.dynamics.regimes import REST
from ngnmm_core.dynamics.variational import Solutions
from ngnmm_core.models._base import Model
from ngnmm_core.simulation.own_times import in_units

NEUTRAL = 1e-7  # growth rates up to this (1/ms, for a model's default times) are neither growth nor decay
SAME = 1e-9  # eigenvalues this near to the row sum belong to the homogeneous manifold
RESOLVED = 1e-7  # multipliers below this, in units of the largest entry of any mode, may be off by more than 1e-7
CHUNK = 1024  # points whose matrices are in memory together


@dataclass(frozen=True)
class Dispersion:
    """Growth rate (1/ms) and frequency (Hz) of the leading perturbation, arrays [..., mode]."""

    growth_rate: np.ndarray
    frequency: np.ndarray


def dispersion(model: Model, parameters, row_sum: float, attractor: Attractor, modes: np.ndarray) -> Dispersion:
    """Growth rates and frequencies along eigenvectors with eigenvalues `modes` of W, at one point.

    On a cycle the trivial exponent, zero, of the first mode whose eigenvalue is the row sum is left out.

    Parameters
    ----------
    parameters : mapping of name to float
    row_sum : float
        Row sum of W.
    attractor : Attractor
        An equilibrium or a cycle.
    modes : array (mode,), real or complex
    """
    arrays = {name: np.full(1, float(value)) for name, value in parameters.items()}
    relation = dispersions(model, arrays, row_sum, [attractor], modes)
    return Dispersion(relation.growth_rate[0], relation.frequency[0])


def dispersions(
    model: Model,
    parameters: Mapping[str, np.ndarray],
    row_sum: float,
    attractors: Sequence[Attractor | None],
    modes: np.ndarray,
) -> Dispersion:
    """Compute `dispersion` at many points, arrays [point, mode].

    NaN where the attractor is no equilibrium and no cycle, and for a cycle that is not accurate (`Orbit.accurate`).

    Parameters
    ----------
    parameters : mapping of name to array (point,)
    """
    rate = np.full((len(attractors), len(modes)), np.nan)
    frequency = rate.copy()
    resting = [k for k, a in enumerate(attractors) if a is not None and a.regime == REST]
    cycling = [k for k, a in enumerate(attractors) if a is not None and a.orbit is not None and a.orbit.accurate]
    for points, growth in ((resting, _at_rest), (cycling, _on_cycles)):
        for start in range(0, len(points), CHUNK):
            index = np.array(points[start : start + CHUNK])
            some = {name: np.asarray(values, float)[index] for name, values in parameters.items()}
            values = growth(model, some, row_sum, [attractors[k] for k in index], modes)
            leading = _leading(values, signed=np.imag(modes) != 0)
            rate[index], frequency[index] = leading.real, 1000.0 * leading.imag / (2.0 * np.pi)
    return Dispersion(rate, frequency)


def _at_rest(model: Model, parameters, row_sum: float, attractors: Sequence[Attractor], modes) -> np.ndarray:
    """Eigenvalues [point, mode, state]."""
    states = np.array([a.state for a in attractors])
    coupling = parameters["G"]
    return eigenvalues(model, states, parameters, coupling * row_sum, coupling[:, None] * modes)


def _on_cycles(model: Model, parameters, row_sum: float, attractors: Sequence[Attractor], modes) -> np.ndarray:
    """Floquet exponents [point, mode, state]."""
    coupling = parameters["G"]
    solutions, orbits = Solutions(model, parameters, coupling * row_sum), [a.orbit for a in attractors]
    matrices = in_units(monodromies_of(solutions, coupling, orbits, modes), solutions.units[:, None])
    periods = np.array([orbit.period for orbit in orbits])
    values = exponents(matrices, periods[:, None, None])
    uniform = np.flatnonzero(np.abs(modes - row_sum) < SAME)[:1]
    if len(uniform):
        # the exponent nearest to zero is the trivial one: it gets a value that can't lead
        of_first = values[:, uniform[0]]
        of_first[np.arange(len(values)), np.argmin(np.abs(of_first), axis=1)] = -np.inf
    with np.errstate(divide="ignore"):
        least = np.log(RESOLVED * np.abs(matrices).max(axis=(1, 2, 3))) / periods
    hidden = values.real.max(axis=2) < least[:, None]
    for k in np.flatnonzero(hidden.any(axis=1)):
        some = np.flatnonzero(hidden[k])
        values[k, some] = -np.inf
        one = solutions.take(np.array([k]))
        values[k, some, 0] = leading_exponents(one, orbits[k], coupling[k] * modes[some], np.isin(some, uniform))
    return values


def _leading(values: np.ndarray, signed: np.ndarray) -> np.ndarray:
    """Pick the value of largest real part per mode; of a conjugate pair the one with positive frequency, unless signed.

    The values of a mode with a real eigenvalue come in conjugate pairs, whose order is a matter of rounding; those of a
    complex one (`signed`) don't, and the sign says in which sense the pattern rotates.
    """
    best = np.argmax(values.real, axis=-1)
    leading = np.take_along_axis(values, best[..., None], axis=-1)[..., 0]
    return np.where(signed, leading, leading.real + 1j * np.abs(leading.imag))


def unstable(growth_rate: np.ndarray) -> np.ndarray:
    """Which modes grow; the first, the uniform direction, never counts."""
    grows = growth_rate > NEUTRAL
    grows[..., 0] = False
    return grows
