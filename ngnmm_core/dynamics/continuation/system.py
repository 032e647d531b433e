"""The homogeneous system of a model, x' = f(x; p), as a function of its state and of one or two parameters."""

from collections.abc import Mapping

import numpy as np

from ngnmm_core.dynamics.differentiation import Linearisation, linearise
from ngnmm_core.dynamics.variational import constants_of
from ngnmm_core.models._base import Model
from ngnmm_core.simulation.own_times import state_factors, time_factor

STEP = 1e-3  # of parameter differences, relative; fourth order, so that their error is near round-off
OFFSETS = np.array([-2.0, -1.0, 1.0, 2.0])
WEIGHTS = np.array([1.0, -8.0, 8.0, -1.0]) / 12.0
# the same from zero upwards, for parameters that must not be negative; of third order
UPWARDS = np.array([0.0, 1.0, 2.0, 3.0])
UPWARD_WEIGHTS = np.array([-11.0, 18.0, -9.0, 2.0]) / 6.0
ROUNDING = 1e-12  # how far below zero round-off may put a parameter that must not be negative


class System:
    """A model with all regions alike, and the parameters that are free.

    Parameters
    ----------
    model : Model
    values : mapping of name to float
        Parameters or aliases; the others have the model's defaults.
    row_sum : float
        Row sum of the connectome.
    active : tuple of str
        The free parameters: names or aliases, in the order in which `p` holds them.

    Raises
    ------
    InputError
        For names that the model does not have, and values that it does not allow.
    """

    def __init__(self, model: Model, values: Mapping[str, float], row_sum: float, active: tuple[str, ...]):
        self.model, self.row_sum, self.active = model, float(row_sum), tuple(active)
        for name in self.active:
            model.check("active", name, ())
        model.check_all("values", values)
        self.values = {name: float(value) for name, value in model.resolve(values).items()}
        self.size = len(model.states)
        self.time_factor = float(time_factor(model, self.values))
        self.small = state_factors(model, self.time_factor)  # what counts as small in each state's unit

    def parameters(self, p: np.ndarray) -> dict[str, np.ndarray]:
        """All parameters as arrays [point] for values p [point, free parameter]."""
        arrays = {name: np.full(len(p), value) for name, value in self.values.items()}
        for k, name in enumerate(self.active):
            for target in self.model.targets(name):
                arrays[target] = np.ascontiguousarray(p[:, k])
        return arrays

    def at(self, p: np.ndarray) -> dict[str, float]:
        """All parameters as numbers for one set p [free parameter]."""
        return {name: float(values[0]) for name, values in self.parameters(np.atleast_1d(p)[None]).items()}

    def linearise(self, x: np.ndarray, p: np.ndarray) -> tuple[Linearisation, np.ndarray]:
        """Linearise the model near x [point, state] for p [point, parameter], with Jacobians within the manifold."""
        parameters = self.parameters(p)
        weight = parameters["G"] * self.row_sum
        linear = linearise(self.model, x, parameters, weight)
        return linear, linear.coupled(weight)

    def field(self, x: np.ndarray, p: np.ndarray) -> np.ndarray:
        """Time derivatives [point, state] of states [point, state] at one set p [free parameter]."""
        parameters = self.parameters(np.atleast_1d(p)[None])
        constants = self.model.coefficients(parameters)
        states, drive = tuple(x.T), tuple(parameters[name] for name in self.model.drives)
        coupling = parameters["G"] * self.row_sum * self.model.sent(states, constants)
        slopes = self.model.derivative(states, drive, constants, coupling)
        return np.stack([np.broadcast_to(s, len(x)) for s in slopes], axis=1)

    def allows(self, p: np.ndarray) -> bool:
        """Whether the model allows these values [free parameter]; zero may be met up to round-off."""
        for name, value in zip(self.active, p, strict=True):
            for parameter in map(self.model.parameter, self.model.targets(name)):
                if not parameter.accepts(value + ROUNDING * parameter.non_negative):
                    return False
        return True

    # ------------------------------------------------------------------ derivatives by the parameters
    def stencil(self, p: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return sets [parameter * offset, parameter] around p, and the weights [parameter, offset] of a derivative."""
        shifts, weights = [], []
        for name, value, axis in zip(self.active, p, np.eye(len(p)), strict=True):
            h = self.step(name, value)
            upwards = self.model.parameter(name).non_negative and value < 2.0 * h
            shifts.append(np.outer(UPWARDS if upwards else OFFSETS, h * axis))
            weights.append((UPWARD_WEIGHTS if upwards else WEIGHTS) / h)
        return p + np.concatenate(shifts), np.array(weights)

    def step(self, name: str, value: float) -> float:
        """Length of a difference in one parameter; a positive one stays positive."""
        positive = self.model.parameter(name).positive
        return STEP * (abs(value) if positive and value else max(abs(value), 1.0))

    def evaluate(self, x: np.ndarray, p: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Time derivative f [state] at one state, and f's derivatives by states and free parameters, side by side."""
        sets, weights = self.stencil(p)
        sets = np.vstack([p, sets])
        linear, jacobian = self.linearise(np.broadcast_to(x, (len(sets), len(x))), sets)
        values = linear.derivative[1:].reshape(len(p), len(OFFSETS), -1)
        return linear.derivative[0], np.hstack([jacobian[0], np.einsum("po,pos->sp", weights, values)])

    def constants(self, p: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Collect what the kernels need of a point, and its derivatives with respect to the free parameters.

        Returns
        -------
        values : array (number,)
            Coefficients, drives and the gain of the own feedback.
        slopes : array (parameter, number)
        """
        sets, weights = self.stencil(p)
        parameters = self.parameters(np.vstack([p, sets]))
        table = np.vstack([constants_of(self.model, parameters), parameters["G"] * self.row_sum])
        return table[:, 0].copy(), np.einsum(
            "po,npo->pn", weights, table[:, 1:].reshape(len(table), len(p), len(OFFSETS))
        )
