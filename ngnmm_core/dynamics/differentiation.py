"""Exact derivatives of a model's functions by forward-mode differentiation on numpy arrays.

A `Dual` carries a value [point] and its derivatives [point, direction]; the model's plain arithmetic, run on duals
instead of numbers, gives Jacobians that are exact to round-off, for many points at once.  The lanes of the compiled
kernels have their own kind (`ngnmm_core.kernels.differentiation`).

Griewank, Walther, Evaluating Derivatives (2008), doi:10.1137/1.9780898717761.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from ngnmm_core.kernels.functions import exp
from ngnmm_core.models._base import Model


class Dual:
    """A value [point] with derivatives [point, direction]."""

    __array_priority__ = 1000  # numpy must leave `array * dual` to us

    def __init__(self, value, tangent):
        self.value, self.tangent = value, tangent

    def _with(self, other):
        return (other.value, other.tangent) if isinstance(other, Dual) else (other, None)

    def __add__(self, other):
        value, tangent = self._with(other)
        return Dual(self.value + value, self.tangent if tangent is None else self.tangent + tangent)

    __radd__ = __add__

    def __neg__(self):
        return Dual(-self.value, -self.tangent)

    def __sub__(self, other):
        return self + (-other)

    def __rsub__(self, other):
        return -self + other

    def __mul__(self, other):
        value, tangent = self._with(other)
        change = _scale(value, self.tangent)
        return Dual(self.value * value, change if tangent is None else change + _scale(self.value, tangent))

    __rmul__ = __mul__

    def __truediv__(self, other):
        value, tangent = self._with(other)
        quotient = self.value / value
        change = self.tangent if tangent is None else self.tangent - _scale(quotient, tangent)
        return Dual(quotient, _scale(1.0 / value, change))

    def __rtruediv__(self, other):
        quotient = other / self.value
        return Dual(quotient, _scale(-quotient / self.value, self.tangent))

    def __lt__(self, other):
        return self.value < self._with(other)[0]

    def __le__(self, other):
        return self.value <= self._with(other)[0]

    def __gt__(self, other):
        return self.value > self._with(other)[0]

    def __ge__(self, other):
        return self.value >= self._with(other)[0]

    def exp(self):
        """Exponential."""
        value = exp(np.asarray(self.value))
        return Dual(value, _scale(value, self.tangent))

    def sqrt(self):
        """Square root."""
        value = np.sqrt(self.value)
        return Dual(value, _scale(0.5 / value, self.tangent))

    @staticmethod
    def select(condition, if_true, if_false) -> "Dual":
        """`if_true` where the condition holds, else `if_false`; either may be a plain number."""
        tangents = [x.tangent for x in (if_true, if_false) if isinstance(x, Dual)]
        blank = np.zeros_like(tangents[0])
        values, slopes = zip(
            *((x.value, x.tangent) if isinstance(x, Dual) else (x, blank) for x in (if_true, if_false)), strict=True
        )
        condition = np.asarray(condition)
        return Dual(np.where(condition, *values), np.where(condition[..., None], *slopes))


def _scale(factor, tangent):
    return np.asarray(factor)[..., None] * tangent


class Linearisation(NamedTuple):
    """The model near states [point, state]: x' = derivative, and how it reacts to small changes.

    `jacobian` [point, state, state] at constant coupling input, `input_gain` [point, state] = d x' / d coupling,
    `output_gain` [point, state] = d sent / d x.  With weight w on itself a region has the Jacobian
    `jacobian + w * input_gain output_gain^T`.
    """

    derivative: np.ndarray
    jacobian: np.ndarray
    input_gain: np.ndarray
    output_gain: np.ndarray

    def coupled(self, weight: np.ndarray) -> np.ndarray:
        """`jacobian + weight * input_gain output_gain^T` for weights [point, ...]: array [point, ..., state, state]."""
        outer = self.input_gain[:, :, None] * self.output_gain[:, None, :]
        extra = weight.ndim - 1
        expand = (slice(None), *(None,) * extra)
        return self.jacobian[expand] + weight[..., None, None] * outer[expand]


def linearise(
    model: Model, states: np.ndarray, parameters: Mapping[str, np.ndarray], weight, background=0.0
) -> Linearisation:
    """Linearises isolated regions that receive `weight * sent(own state) + background` as coupling.

    Parameters
    ----------
    states : array (point, state)
    parameters : mapping of name to array (point,)
    weight : array (point,)
        G times the row sum of the connectome.
    background : float or array (point,)
        Constant coupling input, from regions that are held at rest.
    """
    points, size = states.shape
    directions = np.eye(size + 1)
    x = tuple(Dual(states[:, k], np.broadcast_to(directions[k], (points, size + 1))) for k in range(size))
    constants = model.coefficients(parameters)
    drive = tuple(parameters[name] for name in model.drives)
    sent = _as_dual(model.sent(x, constants), points, size + 1)
    coupling = Dual(weight * sent.value + background, np.broadcast_to(directions[size], (points, size + 1)))
    slopes = [_as_dual(s, points, size + 1) for s in model.derivative(x, drive, constants, coupling)]
    table = np.stack([s.tangent for s in slopes], axis=1)
    value = np.stack([s.value for s in slopes], axis=1)
    return Linearisation(value, table[:, :, :size], table[:, :, size], sent.tangent[:, :size])


def _as_dual(x, points: int, directions: int) -> Dual:
    if isinstance(x, Dual):
        shape = (points, directions)
        return Dual(np.broadcast_to(x.value, points), np.broadcast_to(x.tangent, shape))
    return Dual(np.broadcast_to(np.asarray(x, float), points), np.zeros((points, directions)))
