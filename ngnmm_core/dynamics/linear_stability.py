"""The equilibrium that a network reaches from its initial state, and how fast perturbations of it die out."""

from collections.abc import Mapping

import numpy as np

from ngnmm_core.dynamics.differentiation import linearise
from ngnmm_core.dynamics.linear_noise import LinearNetwork
from ngnmm_core.models._base import Model
from ngnmm_core.simulation.delays import Delays
from ngnmm_core.simulation.engine import Engine
from ngnmm_core.simulation.integrators import OF_RESTS
from ngnmm_core.simulation.own_times import batches, common_time_factor, in_units, state_factors
from ngnmm_core.simulation.run import Run

# times for the default time constants of a model: see `own_times`
STRETCHES_MS = (250, 250, 500, 1000, 2000, 4000, 8000)  # after each of which a network may have come close to rest
STEPS_MS = (0.05, 0.01)  # the second where the solution ceases to be finite with the first
NEAR = 0.05  # distance, in units of a state's size, at which an equilibrium may be what the network goes to
ARRIVED = 1e-6
TOLERANCE, MOST_ITERATIONS = 1e-12, 50
WHOLE = 150  # unknowns up to which all eigenvalues are computed
KEPT, VECTORS, PRECISION = 6, 80, 1e-9  # of the iteration for the eigenvalues that are farthest to the right


def growth_rate(network: LinearNetwork) -> float:
    """Largest real part of the eigenvalues of the network without delays, 1/ms; negative where it is stable."""
    outer = network.received[:, :, None] * network.sent[:, None, :]
    if network.modes is not None:
        values = network.modes.values
        return float(np.linalg.eigvals(network.jacobian + values[:, None, None] * outer).real.max())
    size = network.jacobian.shape[0] * network.jacobian.shape[1]
    if size > WHOLE:
        found = _rightmost(network, size)
        if found is not None:
            return found
    return float(np.linalg.eigvals(_matrix(network)).real.max())


def _matrix(network: LinearNetwork) -> np.ndarray:
    regions, size = network.jacobian.shape[:2]
    matrix = np.einsum("ia,ij,jb->iajb", network.received, network.W, network.sent)
    matrix[np.arange(regions), :, np.arange(regions), :] += network.jacobian
    return matrix.reshape(regions * size, -1)


def _rightmost(network: LinearNetwork, size: int) -> float | None:
    """Find the largest real part by Arnoldi (ARPACK), whose products cost regions squared; None if not converged."""
    from scipy.sparse.linalg import ArpackError, LinearOperator, eigs

    shape = network.jacobian.shape[:2]

    def product(x: np.ndarray) -> np.ndarray:
        x = x.reshape(shape)
        own = np.matmul(network.jacobian, x[:, :, None])[:, :, 0]
        return (own + network.received * (network.W @ (network.sent * x).sum(axis=1))[:, None]).ravel()

    start = np.random.default_rng(0).standard_normal(size)
    operator = LinearOperator((size, size), matvec=product, dtype=float)
    try:
        values, vectors = eigs(operator, KEPT, which="LR", v0=start, ncv=VECTORS, tol=PRECISION, maxiter=100)
    except ArpackError:
        return None
    k = int(np.argmax(values.real))
    vector = vectors[:, k]
    image = product(vector.real) + 1j * product(vector.imag)
    residual = np.linalg.norm(image - values[k] * vector)
    return float(values[k].real) if residual <= 1e-6 * np.abs(network.jacobian).max() else None


def reached_equilibria(
    model: Model,
    W: np.ndarray,
    parameters: Mapping[str, np.ndarray],
    start: np.ndarray,
    delay_ms: np.ndarray | None = None,
) -> list[np.ndarray | None]:
    """Find the equilibrium [region, state] at which each point's network is about to rest; None where there is none.

    The network is integrated without noise in stretches; after each an equilibrium is looked for by Newton's method
    from the state reached, and taken if the network is close to it and approaching.  Stability is for the caller to
    check.

    Parameters
    ----------
    model : Model
    W : array (region, region)
    parameters : mapping of name to array (point,) or (point, region)
    start : array (point, region, state)
        With delays, also what was before.
    delay_ms : array (region, region), optional
        Conduction delays of what a region (row) receives.
    """
    found: list[np.ndarray | None] = [None] * len(start)
    engine = Engine(model, W, OF_RESTS, delays=None if delay_ms is None else Delays(delay_ms))
    arrays = {name: np.asarray(values, float) for name, values in parameters.items()}
    at = lambda k: {name: values[k] for name, values in arrays.items()}
    units = np.array([common_time_factor(model, at(k)) for k in range(len(start))])
    for batch in batches(np.arange(len(start)), units, engine.batch_size):
        for step in STEPS_MS:
            if not len(batch):
                break
            rests, left = _followed(engine, at(batch), start[batch], step, float(units[batch[0]]))
            for k, rest in zip(batch, rests, strict=True):
                found[k] = rest
            batch = batch[left]
    return found


def _followed(engine, parameters, start, step, unit_ms):
    """Equilibria of a batch, and which points ceased to be finite; `step` in the unit of time."""
    points = len(start)
    found: list[np.ndarray | None] = [None] * points
    run = Run(engine, parameters, start)
    earlier, broken = start, np.zeros(points, bool)
    for length in STRETCHES_MS:
        with np.errstate(over="ignore", invalid="ignore"):
            run.advance(step * unit_ms, round(length / step), 1)
        later = run.by_point(run.states).astype(float)
        broken = ~np.isfinite(later).all(axis=(1, 2))
        for k in range(points):
            if found[k] is None and not broken[k]:
                values = {name: column[k] for name, column in parameters.items()}
                found[k] = _approached(engine.model, engine.W, values, earlier[k], later[k])
        if all(broken[k] or found[k] is not None for k in range(points)):
            break
        earlier = later.copy()
    return found, broken


def _approached(model, W, parameters, earlier, later) -> np.ndarray | None:
    """Find the equilibrium that a network is close to and approaching."""
    small = model.small * state_factors(model, common_time_factor(model, parameters))
    apart = lambda x, y: float(np.max(np.abs(x - y) / (np.abs(y) + small)))
    if not apart(earlier, later) < 2.0 * NEAR:
        return None
    rest = equilibrium_near(model, W, parameters, later)
    if rest is None:
        return None
    distance = apart(later, rest)
    return rest if distance < ARRIVED or (distance < NEAR and distance < apart(earlier, rest)) else None


def equilibrium_near(
    model: Model, W: np.ndarray, parameters: Mapping[str, float | np.ndarray], start: np.ndarray
) -> np.ndarray | None:
    """Find the equilibrium [region, state] that Newton's method reaches from a state; None if it reaches none.

    The states are eliminated region by region, so that the system to solve has one unknown per region.

    Parameters
    ----------
    parameters : mapping of name to float or array (region,)
    """
    x, regions = np.array(start, float), len(W)
    arrays = {name: np.array(np.broadcast_to(value, regions), float) for name, value in parameters.items()}
    units = state_factors(model, common_time_factor(model, arrays))
    for _ in range(MOST_ITERATIONS):
        with np.errstate(all="ignore"):
            step = _newton_step(model, W, arrays, x, units)
        if step is None or not np.isfinite(step).all():
            return None
        x = x + units * step
        if np.max(np.abs(step) / (np.abs(x / units) + 1e-3)) < TOLERANCE:
            return x
    return None


def _newton_step(model, W, arrays, x, units) -> np.ndarray | None:
    """Solve for a step, in units of the states."""
    regions = len(W)
    sent = np.broadcast_to(model.sent(tuple(x.T), model.coefficients(arrays)), regions)
    own = linearise(model, x, arrays, np.zeros(regions), arrays["G"] * (W @ sent))
    if not np.isfinite(own.jacobian).all():
        return None
    received = arrays["G"][:, None] * own.input_gain
    right = -np.stack([own.derivative, received], axis=2) / units[:, None]
    try:
        solved = np.linalg.solve(in_units(own.jacobian, units), right)
        alone, per_input = solved[..., 0], solved[..., 1]  # of a region that others send nothing new
        of_sent = lambda part: np.einsum("ra,ra->r", own.output_gain * units, part)
        inputs = np.linalg.solve(np.eye(regions) - W * of_sent(per_input), W @ of_sent(alone))
    except np.linalg.LinAlgError:
        return None
    return alone + per_input * inputs[:, None]
