"""Periodic orbits of the homogeneous system by shooting: Newton's method on the return to the starting point."""

from dataclasses import dataclass

import numpy as np

from ngnmm_core.dual import linearise
from ngnmm_core.model import Model
from ngnmm_core.variational import Variational

DT_MS = 0.01
MOST_ITERATIONS = 12
TOLERANCE = 1e-11


@dataclass(frozen=True)
class Orbit:
    """A periodic orbit.

    Attributes
    ----------
    state : array (state,)
        A point on the orbit.
    period : float
        In ms.
    steps : int
        Runge-Kutta steps per period.
    monodromy : array (state, state)
        Propagator of perturbations within the homogeneous system over one period.
    residual : float
        Distance between the state and its return, relative to its size.
    """

    state: np.ndarray
    period: float
    steps: int
    monodromy: np.ndarray
    residual: float

    @property
    def multipliers(self) -> np.ndarray:
        """Floquet multipliers, by descending modulus; the trivial one, nearest to 1, comes first."""
        values = np.linalg.eigvals(self.monodromy)
        trivial = int(np.argmin(np.abs(values - 1.0)))
        others = np.delete(values, trivial)
        return np.concatenate(([values[trivial]], others[np.argsort(-np.abs(others), kind="stable")]))

    @property
    def stable(self) -> bool:
        """Whether every multiplier but the trivial one lies inside the unit circle."""
        return bool(np.abs(self.multipliers[1]) < 1.0)


def steps_per_period(period: float, dt_ms: float = DT_MS) -> int:
    """Number of steps of at most `dt_ms` in a period."""
    return max(int(np.ceil(period / dt_ms)), 32)


def shoot(model: Model, parameters, weight: float, state: np.ndarray, period: float) -> Orbit | None:
    """The periodic orbit near a state and a period, or None if Newton's method does not find one.

    The phase is fixed by requiring the correction to be orthogonal to the flow at the given state.

    Parameters
    ----------
    parameters : mapping of name to float
    weight : float
        G times the row sum of the connectome.
    state : array (state,)
    period : float
        Guess, in ms.
    """
    variational = Variational(model, parameters, weight)
    arrays = {name: np.full(1, float(value)) for name, value in parameters.items()}
    strength = np.full(1, weight)

    def velocity(x):
        return linearise(model, x[None], arrays, strength).derivative[0]

    x, t = np.array(state, float), float(period)
    size = len(x)
    direction = velocity(x)
    scale = np.abs(x) + np.abs(direction) * period / 10.0 + 1e-6
    system = np.zeros((size + 1, size + 1))
    with np.errstate(all="ignore"):
        for _ in range(MOST_ITERATIONS):
            steps = steps_per_period(t)
            end, (monodromy,) = variational.flow(x, t, steps, [weight])
            miss = end - x
            residual = float(np.max(np.abs(miss) / scale))
            if not np.isfinite(monodromy).all():
                return None
            if residual < TOLERANCE:
                return Orbit(x, t, steps, monodromy, residual)
            system[:size, :size] = monodromy - np.eye(size)
            system[:size, size] = velocity(end)
            system[size, :size] = direction
            try:
                correction = np.linalg.solve(system, np.append(-miss, 0.0))
            except np.linalg.LinAlgError:
                return None
            x, t = x + correction[:size], t + correction[size]
            if not (0.5 * period < t < 1.5 * period) or not np.isfinite(x).all():
                return None
    return Orbit(x, t, steps, monodromy, residual) if residual < 1e3 * TOLERANCE else None
