"""Criticality of Hopf points: the first Lyapunov coefficient, with derivatives of the vector field by differences.

Kuznetsov, Elements of Applied Bifurcation Theory (2004), doi:10.1007/978-1-4757-3978-7, chapter 5.
"""

from collections.abc import Callable

import numpy as np

Field = Callable[[np.ndarray], np.ndarray]


def first_lyapunov_coefficient(
    field: Field, jacobian: np.ndarray, state: np.ndarray, omega: float, q: np.ndarray
) -> float:
    """First Lyapunov coefficient of a Hopf point; negative if a stable cycle is born.

    Kuznetsov (2004), eq. 5.34, with multilinear forms by central
    differences along their directions.

    Parameters
    ----------
    field : callable
        Time derivatives [point, state] of states [point, state].
    jacobian : array (state, state)
        At the equilibrium.
    state : array (state,)
        The equilibrium.
    omega : float
        Angular frequency, in rad/ms.
    q : array (state,)
        Right eigenvector of i omega.
    """
    values, left = np.linalg.eig(jacobian.T)
    p = left[:, np.argmin(np.abs(values + 1j * omega))]
    q = q / np.linalg.norm(q)
    p = p / np.conj(np.vdot(p, q))
    forms = _Forms(field, state)
    second = np.linalg.solve(jacobian.astype(complex), forms.quadratic(q, q.conj()))
    double = np.linalg.solve(2j * omega * np.eye(len(q)) - jacobian, forms.quadratic(q, q))
    value = (
        np.vdot(p, forms.cubic(q, q, q.conj()))
        - 2.0 * np.vdot(p, forms.quadratic(q, second))
        + np.vdot(p, forms.quadratic(q.conj(), double))
    )
    return float(value.real / (2.0 * omega))


class _Forms:
    """Second and third derivatives of a vector field along complex directions, by central differences."""

    def __init__(self, field: Field, state: np.ndarray, step: float = 1e-3):
        self.field, self.state = field, state
        self.step = step * max(float(np.linalg.norm(state)), 1e-3)

    def _second(self, a: np.ndarray) -> np.ndarray:
        """Second derivative along a real direction, twice."""
        size = np.linalg.norm(a)
        if size == 0:
            return np.zeros_like(a)
        h = self.step / size
        plus, here, minus = self.field(self.state + h * np.outer((1.0, 0.0, -1.0), a))
        return (plus - 2.0 * here + minus) / h**2

    def _third(self, a: np.ndarray) -> np.ndarray:
        """Third derivative along a real direction, three times."""
        size = np.linalg.norm(a)
        if size == 0:
            return np.zeros_like(a)
        h = 10.0 * self.step / size
        far, near, back, farther = self.field(self.state + h * np.outer((2.0, 1.0, -1.0, -2.0), a))
        return (far - 2.0 * near + 2.0 * back - farther) / (2.0 * h**3)

    def quadratic(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """B(a, b), bilinear in complex directions, by polarisation of its values at equal real directions."""

        def real(x, y):
            return 0.25 * (self._second(x + y) - self._second(x - y))

        return real(a.real, b.real) - real(a.imag, b.imag) + 1j * (real(a.real, b.imag) + real(a.imag, b.real))

    def cubic(self, a: np.ndarray, b: np.ndarray, c: np.ndarray) -> np.ndarray:
        """C(a, b, c), trilinear in complex directions."""

        def real(x, y, z):
            total = self._third(x + y + z) - self._third(x + y - z) - self._third(x - y + z) + self._third(x - y - z)
            return total / 24.0

        total = np.zeros(len(a), complex)
        for x, fx in ((a.real, 1.0), (a.imag, 1j)):
            for y, fy in ((b.real, 1.0), (b.imag, 1j)):
                for z, fz in ((c.real, 1.0), (c.imag, 1j)):
                    total += fx * fy * fz * real(x, y, z)
        return total
