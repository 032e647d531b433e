"""Inhibition that balances: the parameter of every region at which the network rests with a given excitatory rate.

Feedback inhibition control, Deco, Ponce-Alvarez, Hagmann, Romani, Mantini, Corbetta, J. Neurosci. 34, 7886 (2014),
doi:10.1523/JNEUROSCI.5068-13.2014, who tune by simulations.  Here it is solved for: with all excitatory rates given, so
is what regions send, and every region is left with one equation in one unknown.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from ngnmm_core.dynamics.differentiation import linearise
from ngnmm_core.dynamics.linear_noise import Noise, linear_network
from ngnmm_core.dynamics.linear_stability import growth_rate
from ngnmm_core.models._base import Model

HZ = 1000.0  # per 1/ms
REACH = np.logspace(-4.0, 6.0, 121)  # distances from the declared value, in units of it, at which a root is bracketed
MOST_ITERATIONS, TOLERANCE = 30, 1e-12
RATE_ERROR = 1e-8  # relative: what a solution is allowed
MOST_ROOTS, MOST_STEPS = 4, 200
SMALLEST = 1e-14  # relative width of a bracket
PASSES = 1e-6  # relative to the drive: what is left of it at a root that is one
STEP = 1e-6  # relative, of differences with respect to the parameter

Parameters = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Balance:
    """What balances a network.

    Attributes
    ----------
    value : array (region,)
        The parameter; NaN where no value gives the rate.
    states : array (region, state)
        The equilibrium; NaN if any region has no value.
    growth_rate : float
        Largest real part of the eigenvalues there, 1/ms; negative where it is stable.
    """

    value: np.ndarray
    states: np.ndarray
    growth_rate: float

    @property
    def found(self) -> bool:
        """Whether all regions have a value."""
        return bool(np.isfinite(self.states).all())


def balance(
    model: Model, W: np.ndarray, parameters: Parameters, name: str, target_hz: float, stability: bool = True
) -> Balance:
    """Solve for a parameter per region so that the first population fires at a rate in all regions.

    Every region is solved by itself first, as if all sent the same; Newton's method on the whole network then takes
    account of what the parameter does to the signal that regions send (nothing, in most models).  Of several values the
    one nearest to the declared one is taken, of those that the parameter may have if there are any.

    Parameters
    ----------
    model : Model
        With an `equilibrium_curve` and a rate of its first population.
    W : array (region, region)
        Normalised weights.
    parameters : mapping of name to array (region,)
        With the declared value of the one that is solved for.
    name : str
        The parameter; not G.
    target_hz : float
        Rate of the first population, in Hz.
    stability : bool
        Whether to compute the growth rate; NaN otherwise.
    """
    weight = parameters["G"] * W.sum(axis=1)
    table = np.column_stack([*parameters.values(), weight])
    _, first, same = np.unique(table, axis=0, return_index=True, return_inverse=True)  # regions that differ
    regions = _Regions(model, {n: v[first] for n, v in parameters.items()}, weight[first], name, target_hz / HZ)
    with np.errstate(all="ignore"):
        value = regions.solve()
        states = regions.states(value)[same.ravel()]
    value = value[same.ravel()]
    nothing = Balance(np.full(len(W), np.nan), np.full(states.shape, np.nan), np.nan)
    if not np.isfinite(value).all():
        return replace(nothing, value=value)
    solved = _whole(model, W, parameters, name, target_hz / HZ, (value, states))
    if solved is None:
        return nothing
    value, states = solved
    if not stability:
        return Balance(value, states, np.nan)
    here = {**parameters, name: value}
    return Balance(value, states, growth_rate(linear_network(model, W, here, states, "observable", Noise(0.0))))


@dataclass(frozen=True)
class _Regions:
    """All regions, each by itself under the input of others that fire as it does."""

    model: Model
    parameters: Parameters
    weight: np.ndarray
    name: str
    target: float

    def solve(self) -> np.ndarray:
        """Find the values at which the drive that sustains the rate is the drive there is; NaN where there is none."""
        declared = self.parameters[self.name]
        reach = np.concatenate([-REACH[::-1], [0.0], REACH])
        grid = declared[:, None] + reach * np.maximum(np.abs(declared), 1.0)[:, None]
        missing = self.missing(grid.T).T
        signs = np.sign(missing)
        crossed = np.isfinite(missing[:, :-1] * missing[:, 1:]) & (signs[:, :-1] * signs[:, 1:] <= 0)
        refused = np.vectorize(self.model.parameter(self.name).refusal, otypes=[object])(grid).astype(bool)
        far = np.abs(0.5 * (grid[:, :-1] + grid[:, 1:]) - declared[:, None])
        order = np.lexsort([far, refused[:, :-1] & refused[:, 1:], ~crossed], axis=1)
        value, rows = np.full(len(grid), np.nan), np.arange(len(grid))
        for rank in range(MOST_ROOTS):
            k = order[:, rank]
            if not (np.isnan(value) & crossed[rows, k]).any():
                break
            root = _root(self.missing, grid[rows, k], grid[rows, k + 1])
            scale = 1.0 + np.abs(self.parameters[self.model.equilibrium_curve.drive]) + np.abs(root)
            found = crossed[rows, k] & (np.abs(self.missing(root)) <= PASSES * scale)  # it does not jump over zero
            value = np.where(np.isnan(value) & found, root, value)
        return value

    def missing(self, value: np.ndarray) -> np.ndarray:
        """Drive that sustains the rate with values of the parameter, minus the drive there is; values [..., region]."""
        curve = self.model.equilibrium_curve
        return self._points(value)[1] - {**self.parameters, self.name: value}[curve.drive]

    def states(self, value: np.ndarray) -> np.ndarray:
        """Give the equilibria [region, state] with values of the parameter."""
        return np.stack([np.broadcast_to(x, value.shape) for x in self._points(value)[0]], axis=1)

    def _points(self, value: np.ndarray):
        """Give the states, and the drive that sustains them, where the first population has the rate."""
        here = {**self.parameters, self.name: value}
        curve, constants = self.model.equilibrium_curve, self.model.coefficients(here)
        points = lambda u: curve.points(u, here, self.weight)
        excess = lambda u: self.model.populations[0].rate(points(u)[0], constants) - self.target
        u = np.full(value.shape, self.target)
        if (excess(u) != 0.0).any():  # mostly the coordinate is the rate
            u = _root(excess, np.full(value.shape, curve.low), np.full(value.shape, curve.high))
        return points(u)


def _root(function: Callable[[np.ndarray], np.ndarray], low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Find roots in brackets by the Illinois method; NaN where the signs at the ends are equal.

    Dowell and Jarratt, BIT 11, 168 (1971), doi:10.1007/BF01934364.
    """
    at_low, at_high = function(low), function(high)
    bracket = np.isfinite(at_low * at_high) & (np.sign(at_low) * np.sign(at_high) <= 0)
    root, done = np.where(at_low == 0, low, high), ~bracket | (at_low == 0) | (at_high == 0)
    for k in range(MOST_STEPS):
        slope = np.where(done, 1.0, at_high - at_low)
        # a bisection from time to time, for functions that jump
        proposed = high - at_high * (high - low) / slope if k % 8 != 7 else 0.5 * (low + high)
        root = np.where(done, root, proposed)
        value = function(root)
        crossed = np.sign(value) * np.sign(at_high) < 0
        low, at_low = np.where(crossed, high, low), np.where(crossed, at_high, 0.5 * at_low)
        high, at_high = root, value
        done |= (value == 0) | (np.abs(high - low) <= SMALLEST * np.abs(high))
        if done.all():
            break
    return np.where(bracket, root, np.nan)


def _whole(model, W, parameters, name, target, start):
    """Newton's method on states and parameter of all regions together; None where it does not converge.

    Regions act on each other through one number each; the rest is eliminated region by region.
    """
    value, x = np.array(start[0]), np.array(start[1])
    for _ in range(MOST_ITERATIONS):
        with np.errstate(all="ignore"):
            step = _newton_step(model, W, {**parameters, name: value}, name, target, x)
        if step is None or not np.isfinite(step).all():
            return None
        x, value = x + step[:, :-1], value + step[:, -1]
        scale = np.column_stack([np.abs(x) + 1e-3, np.abs(value) + 1e-3])
        if (np.abs(step) <= TOLERANCE * scale).all():
            break
    constants = model.coefficients({**parameters, name: value})
    error = np.abs(model.populations[0].rate(tuple(x.T), constants) - target) / target
    slope = _slopes(model, W, {**parameters, name: value}, x)[0].derivative
    scale = np.abs(x).max(axis=1) + 1e-3
    at_rest = (np.abs(slope).max(axis=1) <= 1e-9 * scale).all()
    return (value, x) if error.max() <= RATE_ERROR and at_rest else None


def _slopes(model, W, parameters, x):
    """Linearise every region under what it receives, and give what all send."""
    regions = len(x)
    sent = np.broadcast_to(model.sent(tuple(x.T), model.coefficients(parameters)), regions)
    return linearise(model, x, parameters, np.zeros(regions), parameters["G"] * (W @ sent)), sent


def _newton_step(model, W, parameters, name, target, x):
    regions, size = x.shape
    own, sent = _slopes(model, W, parameters, x)
    rate_of = lambda states, p: np.broadcast_to(
        model.populations[0].rate(tuple(states.T), model.coefficients(p)), regions
    )
    change = STEP * (np.abs(parameters[name]) + 1e-3)
    ahead = {**parameters, name: parameters[name] + change}
    other, other_sent = _slopes(model, W, ahead, x)
    inputs = parameters["G"][:, None] * own.input_gain
    of_inputs = inputs * (W @ (other_sent - sent))[:, None]  # counted apart, through the others
    matrix = np.zeros((regions, size + 1, size + 1))
    matrix[:, :size, :size] = own.jacobian
    matrix[:, :size, size] = (other.derivative - own.derivative - of_inputs) / change[:, None]
    matrix[:, size, :size] = _rate_slope(model, x, parameters, rate_of)
    matrix[:, size, size] = (rate_of(x, ahead) - rate_of(x, parameters)) / change
    left = np.column_stack([own.derivative, rate_of(x, parameters) - target])
    output = np.column_stack([own.output_gain, (other_sent - sent) / change])
    received = np.column_stack([inputs, np.zeros(regions)])
    try:
        solved = np.linalg.solve(matrix, -np.stack([left, received], axis=2))
        alone, per_input = solved[..., 0], solved[..., 1]
        of_sent = lambda part: np.einsum("ra,ra->r", output, part)
        coupled = np.linalg.solve(np.eye(regions) - W * of_sent(per_input), W @ of_sent(alone))
    except np.linalg.LinAlgError:
        return None
    return alone + per_input * coupled[:, None]


def _rate_slope(model, x, parameters, rate_of) -> np.ndarray:
    """Slope [region, state] of the rate, by differences."""
    found = np.empty_like(x)
    for k in range(x.shape[1]):
        change = STEP * (np.abs(x[:, k]) + 1e-3)
        moved = x.copy()
        moved[:, k] += change
        found[:, k] = (rate_of(moved, parameters) - rate_of(x, parameters)) / change
    return found
