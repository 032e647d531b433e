"""The dispersion relation of the homogeneous state, i.e. the master stability function.

A perturbation along an eigenvector of W with eigenvalue Lambda obeys the variational equation of the homogeneous
solution with G replaced by Lambda G in the coupling entries of the Jacobian.  Its growth rate is the largest real part
of the eigenvalues of the Jacobian at rest, and of the Floquet exponents on a cycle.
Pecora, Carroll, Phys. Rev. Lett. 80, 2109 (1998), doi:10.1103/PhysRevLett.80.2109.
"""

from dataclasses import dataclass

import numpy as np

from ngnmm_core.analysis.attractor import REST, Attractor
from ngnmm_core.analysis.equilibria import eigenvalues
from ngnmm_core.analysis.floquet import exponents, monodromies
from ngnmm_core.model import Model

NEUTRAL = 1e-7  # growth rates up to this (1/ms) are neither growth nor decay
SAME = 1e-9  # eigenvalues this near to the row sum belong to the homogeneous manifold


@dataclass(frozen=True)
class Dispersion:
    """Growth rate (1/ms) and frequency (Hz) of the leading perturbation, arrays [mode]."""

    growth_rate: np.ndarray
    frequency: np.ndarray


def dispersion(model: Model, parameters, row_sum: float, attractor: Attractor, modes: np.ndarray) -> Dispersion:
    """Growth rates and frequencies along eigenvectors with eigenvalues `modes` of W.

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
    if attractor.regime == REST:
        arrays = {name: np.full(1, float(value)) for name, value in parameters.items()}
        weight = arrays["G"] * row_sum
        feedback = (arrays["G"] * modes)[None]
        values = eigenvalues(model, attractor.state[None], arrays, weight, feedback)[0]
    else:
        matrices = monodromies(model, parameters, parameters["G"], row_sum, attractor.orbit, modes)
        values = exponents(matrices, attractor.orbit.period)
        uniform = np.flatnonzero(np.abs(modes - row_sum) < SAME)
        if len(uniform):
            _drop_trivial(values, int(uniform[0]))
    leading = _leading(values, signed=np.iscomplexobj(modes))
    return Dispersion(leading.real, 1000.0 * leading.imag / (2.0 * np.pi))


def _drop_trivial(values: np.ndarray, mode: int) -> None:
    """Replaces the exponent nearest to zero by one that can't lead."""
    trivial = int(np.argmin(np.abs(values[mode])))
    values[mode, trivial] = -np.inf


def _leading(values: np.ndarray, signed: bool) -> np.ndarray:
    """The value of largest real part per mode; of a conjugate pair the one with positive frequency, unless signed."""
    best = np.argmax(values.real, axis=1)
    leading = values[np.arange(len(values)), best]
    return leading if signed else leading.real + 1j * np.abs(leading.imag)


def unstable(growth_rate: np.ndarray) -> np.ndarray:
    """Which modes grow; the first, the uniform direction, never counts."""
    grows = growth_rate > NEUTRAL
    grows[..., 0] = False
    return grows
