"""A network that comes to rest: its equilibrium, and its Lyapunov exponents without a run.

They are the real parts of the Jacobian's eigenvalues, exact where a run of any length gives estimates.
"""

from collections.abc import Mapping

import numpy as np

from ngnmm_core.dynamics.differentiation import linearise
from ngnmm_core.models._base import Model

MOST_ITERATIONS = 30
TOLERANCE = 1e-12
NEAR = 0.05  # distance, in units of a state's size, at which an equilibrium may be what the network goes to
MOST_UNKNOWNS = 2500  # of a Jacobian that is solved as a whole: beyond, a job has not the memory


def resting_exponents(
    model: Model, W: np.ndarray, parameters: Mapping[str, float | np.ndarray], earlier: np.ndarray, later: np.ndarray
) -> np.ndarray | None:
    """All exponents (1/ms) of a network that comes to rest, the largest first; None if it isn't about to.

    The equilibrium must be stable in every direction, and the network close to it and approaching.  It is looked for
    where the two states are close to each other.

    Parameters
    ----------
    W : array (region, region)
    parameters : mapping of name to float or array (region,)
    earlier, later : array (region, state)
        Two states of one solution.
    """
    if not distance(model, earlier, later) < 2.0 * NEAR:
        return None
    rest = network_equilibrium(model, W, parameters, later)
    if rest is None:
        return None
    before, after = (distance(model, x, rest) for x in (earlier, later))
    return stable_rates(model, W, parameters, rest) if after < NEAR and after <= max(before, TOLERANCE) else None


def distance(model: Model, x: np.ndarray, y: np.ndarray) -> float:
    """Largest difference of states [region, state], in units of the sizes of `y`."""
    return float(np.max(np.abs(x - y) / (np.abs(y) + model.small)))


def stable_rates(
    model: Model, W: np.ndarray, parameters: Mapping[str, float | np.ndarray], rest: np.ndarray
) -> np.ndarray | None:
    """Real parts (1/ms) of the Jacobian's eigenvalues at an equilibrium, the largest first; None if it is unstable."""
    rates = np.linalg.eigvals(network_jacobian(model, W, parameters, rest)[1]).real
    return -np.sort(-rates) if rates.max() < 0 else None


def network_equilibrium(
    model: Model, W: np.ndarray, parameters: Mapping[str, float | np.ndarray], start: np.ndarray
) -> np.ndarray | None:
    """Find the equilibrium [region, state] that Newton's method reaches from a state.

    None if it reaches none, and for a network of too many unknowns.
    """
    if start.size > MOST_UNKNOWNS:
        return None
    x = np.array(start, float)
    with np.errstate(all="ignore"):
        for _ in range(MOST_ITERATIONS):
            slope, jacobian = network_jacobian(model, W, parameters, x)
            if not np.isfinite(jacobian).all():
                return None
            try:
                step = np.linalg.solve(jacobian, -slope).reshape(x.shape)
            except np.linalg.LinAlgError:
                return None
            x = x + step
            if np.max(np.abs(step) / (np.abs(x) + 1e-3)) < TOLERANCE:
                return x
    return None


def network_jacobian(
    model: Model, W: np.ndarray, parameters: Mapping[str, float | np.ndarray], states: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Time derivative [region * state] of a network and its Jacobian [region * state, region * state], in 1/ms."""
    regions, size = states.shape
    arrays = {name: np.full(regions, value, float) for name, value in parameters.items()}
    sent = np.broadcast_to(model.sent(tuple(states.T), model.coefficients(arrays)), regions)
    own = linearise(model, states, arrays, np.zeros(regions), arrays["G"] * (W @ sent))
    jacobian = np.einsum("ia,ij,jb->iajb", arrays["G"][:, None] * own.input_gain, W, own.output_gain)
    jacobian[np.arange(regions), :, np.arange(regions), :] += own.jacobian
    return own.derivative.ravel(), jacobian.reshape(regions * size, -1)
