"""The branch of equilibria in one drive, and its saddle-node and Hopf points with their criticality.

The branch is explicit in one coordinate of the state (`Model.equilibrium_curve`), so it needs no continuation: it is
sampled, folds and all, and every change of sign of a test function is refined to round-off.  A coordinate that is
positive may vary over many orders of magnitude; where folds can be, near its nominal value, it is sampled most densely.

Test functions and criticality: Kuznetsov, Elements of Applied Bifurcation Theory (2004), doi:10.1007/978-1-4757-3978-7.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import scipy

from ngnmm_core.dynamics.differentiation import linearise
from ngnmm_core.dynamics.hopf import first_lyapunov_coefficient
from ngnmm_core.errors import InputError
from ngnmm_core.models._base import Model
from ngnmm_core.simulation.own_times import in_units, state_factors, time_factor

SAMPLES = 5000
DENSE_DECADES = 2.0  # of a positive coordinate around its nominal value, beyond which samples become sparse
RELATIVE = 1e-15  # precision of a coordinate
NEAREST = 1e-8  # of the distance of samples: how well the place is found where a branch turns
SADDLE_NODE, HOPF, BRANCH_POINT = "LP", "HB", "BP"


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

    @property
    def types(self) -> list[str]:
        """What kind of equilibrium each is: `stable node`, `stable focus`, `saddle`, `unstable node`, ... [point].

        Node or focus is told by the eigenvalue that is slowest: real, or one of a complex pair.  A saddle has growing
        and decaying directions; a `saddle-focus` has a complex pair nearest to the imaginary axis.
        """
        words = []
        for values in self.eigenvalues:
            growing = int((values.real > 0).sum())
            turns = values[np.argmin(np.abs(values.real))].imag != 0
            if 0 < growing < len(values):
                words.append("saddle-focus" if turns else "saddle")
            else:
                words.append(("unstable " if growing else "stable ") + ("focus" if turns else "node"))
        return words


@dataclass(frozen=True)
class EquilibriumBifurcation:
    """A saddle-node (LP), Hopf (HB) or branch point (BP); period in ms and first Lyapunov coefficient of the second."""

    kind: str
    coordinate: float
    drive: float
    state: np.ndarray
    period: float = np.nan
    lyapunov_coefficient: float = np.nan

    @property
    def criticality(self) -> str:
        """`supercritical` (a stable cycle is born) or `subcritical`; empty for what is no Hopf point."""
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
        self.units = state_factors(model, float(time_factor(model, self.parameters)))

    def at(self, u: float | np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """States [point, state] and drive [point] at coordinates u."""
        u = np.atleast_1d(np.asarray(u, float))
        states, drive = self.curve.points(u, self.parameters, self.weight)
        return np.stack([np.broadcast_to(s, u.shape) for s in states], axis=1), np.broadcast_to(drive, u.shape)

    def arrays(self, drive: np.ndarray) -> dict[str, np.ndarray]:
        """All parameters as arrays, with the drive."""
        arrays = {name: np.full(len(drive), float(value)) for name, value in self.parameters.items()}
        return arrays | {self.curve.drive: np.asarray(drive, float)}

    def jacobian(self, u: float | np.ndarray) -> np.ndarray:
        """Jacobians [point, state, state] of the homogeneous system at coordinates u.

        So far out that a sigmoid's exponential overflows they are those where it last does not: it is flat there.
        """
        found = self._linearised(u)
        broken = ~np.isfinite(found).all(axis=(1, 2))
        if broken.any():
            found[broken] = self._linearised(np.clip(np.atleast_1d(u)[broken], *self._representable))
        return found

    def _linearised(self, u: float | np.ndarray) -> np.ndarray:
        states, drive = self.at(u)
        weight = np.full(len(drive), self.weight)
        with np.errstate(over="ignore", invalid="ignore"):
            return linearise(self.model, states, self.arrays(drive), weight).coupled(weight)

    @cached_property
    def _representable(self) -> tuple[float, float]:
        """First and last sample with a Jacobian that floating-point numbers can hold."""
        u = self.samples()
        some = u[np.isfinite(self._linearised(u)).all(axis=(1, 2))]
        return float(some[0]), float(some[-1])

    def field(self, states: np.ndarray, drive: float) -> np.ndarray:
        """Time derivative of states [point, state] at one value of the drive."""
        weight = np.full(len(states), self.weight)
        return linearise(self.model, states, self.arrays(np.full(len(states), drive)), weight).derivative

    def samples(self) -> np.ndarray:
        """Coordinates that sample the whole branch: the model's own, `_spread` for a positive one, or even ones."""
        if self.curve.samples is not None:
            return np.asarray(self.curve.samples(self.parameters, self.weight), float)
        low, high = self.curve.low, self.curve.high
        if low > 0:
            k = self.model.state_names.index(self.curve.coordinate)
            declared = self.model.units[k]
            return self.units[k] * _spread(low / declared, high / declared, float(self.model.nominal[k]))
        return np.linspace(low, high, SAMPLES)

    # -------------------------------------------------------------- points of the branch
    def branch(self, low: float, high: float) -> Branch:
        """Return the part of the branch with the drive in [low, high], its ends on the borders included."""
        u = self.samples()
        drive = self.at(u)[1]
        inside = u[(drive > low) & (drive < high)]
        ends = [(x, limit) for limit in (low, high) if np.isfinite(limit) for x in self._with_drive(limit)]
        found = self._points(np.concatenate([inside, [x for x, _ in ends]]))
        found.drive[len(inside) :] = [limit for _, limit in ends]  # to the bit
        order = np.argsort(found.coordinate, kind="stable")
        return Branch(*(getattr(found, name)[order] for name in ("coordinate", "drive", "states", "eigenvalues")))

    def equilibria(self, drive: float) -> Branch:
        """All equilibria at one value of the drive, by rising coordinate."""
        return self._points(np.array(self._with_drive(drive)))

    def _points(self, u: np.ndarray) -> Branch:
        states, drive = self.at(u)
        return Branch(u, np.array(drive), states, self._eigenvalues(u))

    def _with_drive(self, drive: float) -> list[float]:
        """Coordinates with one value of the drive."""
        difference = lambda u: self.at(u)[1] - drive
        u = self.samples()
        values = difference(u)
        beyond = _passed(difference, u, values)
        if len(beyond):
            order = np.argsort(np.concatenate([u, beyond]))
            u = np.concatenate([u, beyond])[order]
            values = np.concatenate([values, difference(beyond)])[order]
        return _roots(difference, u, values)

    def _eigenvalues(self, u: np.ndarray) -> np.ndarray:
        return np.linalg.eigvals(in_units(self.jacobian(u), self.units)).astype(complex)

    # -------------------------------------------------------------- bifurcations
    def fold_test(self, u: np.ndarray) -> np.ndarray:
        """Return the determinant of the Jacobian, which changes sign at a fold of the branch."""
        return np.linalg.det(in_units(self.jacobian(u), self.units))

    def hopf_test(self, u: np.ndarray) -> np.ndarray:
        """Return the product of all sums of two eigenvalues: it changes sign at Hopf points (and neutral saddles)."""
        values = self._eigenvalues(u)
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
        """Return the Hopf point at u, or None if two real eigenvalues of opposite sign made the test vanish."""
        values, right = np.linalg.eig(in_units(self.jacobian(u)[0], self.units))
        right = right * self.units[:, None]
        k = int(np.argmin(np.abs(values.real) + np.where(values.imag > 0, 0.0, np.inf)))
        if not values[k].imag > 0 or abs(values[k].real) > 1e-6 * abs(values[k]):
            return None
        states, drive = self.at(u)
        field = lambda x: self.field(x, float(drive[0]))
        coefficient = first_lyapunov_coefficient(field, self.jacobian(u)[0], states[0], values[k].imag, right[:, k])
        return EquilibriumBifurcation(HOPF, u, float(drive[0]), states[0], 2.0 * np.pi / values[k].imag, coefficient)


def _spread(low: float, high: float, centre: float) -> np.ndarray:
    """Coordinates from `low` to `high`, dense around `centre`, with ever less of them per order of magnitude."""
    ends = np.arcsinh(np.log10(np.array([low, high]) / centre) / DENSE_DECADES)
    u = centre * 10.0 ** (DENSE_DECADES * np.sinh(np.linspace(*ends, SAMPLES)))  # type: ignore[call-overload]
    return np.concatenate([[low], u[1:-1], [high]])


def _passed(function, u: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Where a function of one sign at three neighbours has the other one in between: two roots, as near a fold.

    Between evenly spaced samples a parabola falls below the least of three by an eighth of its distance to the greatest
    at the most; looking where that distance would do leaves out the flat parts, where every rounding is a minimum.
    """
    a, b, c = np.abs(values[:-2]), np.abs(values[1:-1]), np.abs(values[2:])
    sign = np.sign(values)
    one_sign = (sign[:-2] == sign[1:-1]) & (sign[1:-1] == sign[2:])
    found = []
    for k in np.flatnonzero(one_sign & (b <= a) & (b <= c) & (b <= np.maximum(a, c) - b)):
        options = {"xatol": NEAREST * (u[k + 2] - u[k])}
        height = lambda x, k=k: sign[k + 1] * function(x)[0]
        best = scipy.optimize.minimize_scalar(height, bounds=(u[k], u[k + 2]), method="bounded", options=options)  # type: ignore[call-overload]
        found += [best.x] if best.fun < 0 else []
    return np.array(found)


def _roots(test, u: np.ndarray, values: np.ndarray | None = None) -> list[float]:
    """Where a test function changes sign between samples, refined; `values` are those at the samples, if known."""
    with np.errstate(over="ignore", invalid="ignore"):
        values = test(u) if values is None else values
        known = np.isfinite(values[:-1] * values[1:])
    places = np.flatnonzero(known & (np.sign(values[:-1]) != np.sign(values[1:])))
    return [_root(test, u[k], u[k + 1]) for k in places]


def _root(test, low: float, high: float) -> float:
    tolerance = RELATIVE * max(abs(low), abs(high))
    return scipy.optimize.brentq(lambda x: test(x)[0], low, high, xtol=tolerance, rtol=1e-14)
