"""The branch of equilibria in one drive, and its saddle-node and Hopf points with their criticality.

The branch is explicit in one coordinate of the state (`Model.equilibrium_curve`), so it needs no continuation: it is
sampled, folds and all, and every change of sign of a test function is refined to round-off.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import scipy

from ngnmm_core.dual import linearise
from ngnmm_core.errors import InputError
from ngnmm_core.model import Model

SAMPLES = 4000
SADDLE_NODE, HOPF = "LP", "HB"


@dataclass(frozen=True)
class Branch:
    """Equilibria along a branch, arrays over [point] and [point, state]."""

    coordinate: np.ndarray
    drive: np.ndarray
    states: np.ndarray
    eigenvalues: np.ndarray

    @property
    def stable(self) -> np.ndarray:
        """Whether every eigenvalue has a negative real part, [point]."""
        return self.eigenvalues.real.max(axis=1) < 0

    @property
    def unstable_dimensions(self) -> np.ndarray:
        """Number of eigenvalues with a positive real part, [point]."""
        return (self.eigenvalues.real > 0).sum(axis=1)


@dataclass(frozen=True)
class EquilibriumBifurcation:
    """A saddle-node (LP) or Hopf (HB) point; period in ms and first Lyapunov coefficient for the latter."""

    kind: str
    coordinate: float
    drive: float
    state: np.ndarray
    period: float = np.nan
    lyapunov_coefficient: float = np.nan

    @property
    def criticality(self) -> str:
        """`supercritical` (a stable cycle is born) or `subcritical`; empty for a saddle-node."""
        if self.kind != HOPF:
            return ""
        return "supercritical" if self.lyapunov_coefficient < 0 else "subcritical"


class EquilibriumSystem:
    """The equilibria of a model with all parameters given but one drive.

    Parameters
    ----------
    model : Model
        One with an `equilibrium_curve`.
    parameters : mapping of name to float
    weight : float
        G times the row sum of the connectome.
    """

    def __init__(self, model: Model, parameters: Mapping[str, float], weight: float):
        if model.equilibrium_curve is None:
            raise InputError(f"model.name: {model.name} declares no equilibrium_curve; allowed: a model that does")
        self.model, self.parameters, self.weight = model, dict(parameters), float(weight)
        self.curve = model.equilibrium_curve

    def at(self, u: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """States [point, state] and drive [point] at coordinates u."""
        u = np.atleast_1d(np.asarray(u, float))
        states, drive = self.curve.points(u, self.parameters, self.weight)
        return np.stack([np.broadcast_to(s, u.shape) for s in states], axis=1), np.broadcast_to(drive, u.shape)

    def arrays(self, drive: np.ndarray) -> dict[str, np.ndarray]:
        """All parameters as arrays, with the drive."""
        arrays = {name: np.full(len(drive), float(value)) for name, value in self.parameters.items()}
        return arrays | {self.curve.drive: np.asarray(drive, float)}

    def jacobian(self, u: np.ndarray) -> np.ndarray:
        """Jacobians [point, state, state] of the homogeneous system at coordinates u."""
        states, drive = self.at(u)
        weight = np.full(len(drive), self.weight)
        return linearise(self.model, states, self.arrays(drive), weight).coupled(weight)

    def field(self, states: np.ndarray, drive: float) -> np.ndarray:
        """Time derivative of states [point, state] at one value of the drive."""
        weight = np.full(len(states), self.weight)
        return linearise(self.model, states, self.arrays(np.full(len(states), drive)), weight).derivative

    def samples(self) -> np.ndarray:
        """Coordinates that sample the whole branch."""
        if self.curve.low > 0:
            return np.geomspace(self.curve.low, self.curve.high, SAMPLES)
        return np.linspace(self.curve.low, self.curve.high, SAMPLES)

    # -------------------------------------------------------------- points of the branch
    def branch(self, low: float, high: float, u: np.ndarray | None = None) -> Branch:
        """The part of the branch with the drive in [low, high]."""
        u = self.samples() if u is None else u
        states, drive = self.at(u)
        inside = (drive >= low) & (drive <= high)
        u, states, drive = u[inside], states[inside], drive[inside]
        return Branch(u, drive, states, np.linalg.eigvals(self.jacobian(u)).astype(complex))

    def equilibria(self, drive: float) -> Branch:
        """All equilibria at one value of the drive, by rising coordinate."""
        u = self.samples()
        difference = self.at(u)[1] - drive
        roots = [
            scipy.optimize.brentq(lambda x: self.at(x)[1][0] - drive, u[k], u[k + 1], xtol=1e-15, rtol=1e-14)
            for k in np.flatnonzero(np.sign(difference[:-1]) != np.sign(difference[1:]))
        ]
        return self.branch(-np.inf, np.inf, np.array(roots))

    # -------------------------------------------------------------- bifurcations
    def fold_test(self, u: np.ndarray) -> np.ndarray:
        """Changes sign at a fold of the branch: the determinant of the Jacobian."""
        return np.linalg.det(self.jacobian(u))

    def hopf_test(self, u: np.ndarray) -> np.ndarray:
        """Changes sign at a Hopf point (and at a neutral saddle): the product of all sums of two eigenvalues."""
        values = np.linalg.eigvals(self.jacobian(u)).astype(complex)
        i, j = np.triu_indices(values.shape[1], 1)
        return np.prod(values[:, i] + values[:, j], axis=1).real

    def bifurcations(self, low: float, high: float) -> list[EquilibriumBifurcation]:
        """All saddle-node and Hopf points with the drive in [low, high], in the order of the branch."""
        u = self.samples()
        found = [self._fold(x) for x in _roots(self.fold_test, u)]
        found += [self._hopf(x) for x in _roots(self.hopf_test, u)]
        inside = [b for b in found if b is not None and low <= b.drive <= high]
        return sorted(inside, key=lambda b: b.coordinate)

    def _fold(self, u: float) -> EquilibriumBifurcation:
        states, drive = self.at(u)
        return EquilibriumBifurcation(SADDLE_NODE, u, float(drive[0]), states[0])

    def _hopf(self, u: float) -> EquilibriumBifurcation | None:
        """The Hopf point at u, or None if two real eigenvalues of opposite sign made the test vanish."""
        values, right = np.linalg.eig(self.jacobian(u)[0])
        k = int(np.argmin(np.abs(values.real) + np.where(values.imag > 0, 0.0, np.inf)))
        if not values[k].imag > 0 or abs(values[k].real) > 1e-6 * abs(values[k]):
            return None
        states, drive = self.at(u)
        coefficient = self.first_lyapunov_coefficient(states[0], float(drive[0]), values[k].imag, right[:, k])
        return EquilibriumBifurcation(HOPF, u, float(drive[0]), states[0], 2.0 * np.pi / values[k].imag, coefficient)

    def first_lyapunov_coefficient(self, state: np.ndarray, drive: float, omega: float, q: np.ndarray) -> float:
        """First Lyapunov coefficient of a Hopf point; negative if a stable cycle is born.

        Kuznetsov, Elements of Applied Bifurcation Theory (2004), eq. 5.34, with multilinear forms by central
        differences along their directions.
        """
        weight = np.full(1, self.weight)
        jacobian = linearise(self.model, state[None], self.arrays(np.full(1, drive)), weight).coupled(weight)[0]
        values, left = np.linalg.eig(jacobian.T)
        p = left[:, np.argmin(np.abs(values + 1j * omega))]
        q = q / np.linalg.norm(q)
        p = p / np.conj(np.vdot(p, q))
        forms = _Forms(lambda x: self.field(x, drive), state)
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

    def __init__(self, field, state: np.ndarray, step: float = 1e-3):
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


def _roots(test, u: np.ndarray) -> list[float]:
    """Where a test function changes sign between samples, refined."""
    values = test(u)
    places = np.flatnonzero(np.isfinite(values[:-1] * values[1:]) & (np.sign(values[:-1]) != np.sign(values[1:])))
    return [scipy.optimize.brentq(lambda x: test(x)[0], u[k], u[k + 1], xtol=1e-15, rtol=1e-13) for k in places]
