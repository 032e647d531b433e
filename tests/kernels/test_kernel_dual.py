"""Derivatives carried along by the arithmetic: duals of lanes in compiled code and duals of arrays in plain Python."""

from operator import lt

import numpy as np
import pytest

from ngnmm_core.dynamics.differentiation import Dual
from ngnmm_core.kernels.functions import exp, select, sqrt

# expressions of one number x, with their derivatives written by hand; y is another number
CASES = {
    "x + x": (lambda x, y: x + x, lambda x, y: 2.0 + 0 * x),
    "x + y": (lambda x, y: x + y, lambda x, y: 1.0 + 0 * x),
    "y + x": (lambda x, y: y + x, lambda x, y: 1.0 + 0 * x),
    "x - x*x": (lambda x, y: x - x * x, lambda x, y: 1.0 - 2.0 * x),
    "x - y": (lambda x, y: x - y, lambda x, y: 1.0 + 0 * x),
    "3 - x": (lambda x, y: 3.0 - x, lambda x, y: -1.0 + 0 * x),
    "-x": (lambda x, y: -x, lambda x, y: -1.0 + 0 * x),
    "x * x * x": (lambda x, y: x * x * x, lambda x, y: 3.0 * x * x),
    "x * y": (lambda x, y: x * y, lambda x, y: y + 0 * x),
    "2.5 * x": (lambda x, y: 2.5 * x, lambda x, y: 2.5 + 0 * x),
    "x / (1 + x*x)": (lambda x, y: x / (1.0 + x * x), lambda x, y: (1 - x * x) / (1 + x * x) ** 2),
    "x / y": (lambda x, y: x / y, lambda x, y: 1.0 / y + 0 * x),
    "y / x": (lambda x, y: y / x, lambda x, y: -y / x**2),
    "1 / x": (lambda x, y: 1.0 / x, lambda x, y: -1.0 / x**2),
    "exp(x*x)": (lambda x, y: exp(x * x), lambda x, y: 2 * x * np.exp(x * x)),
    "sqrt(1 + x*x)": (lambda x, y: sqrt(1.0 + x * x), lambda x, y: x / np.sqrt(1 + x * x)),
    "logistic": (lambda x, y: 5.0 / (1.0 + exp(0.56 * (6.0 - x))), lambda x, y: logistic_slope(x)),
}
CHOICES = {
    "x < y ? x*x : -x": (lambda x, y: select(x < y, x * x, -x), lambda x, y: np.where(x < y, 2 * x, -1.0)),
    "x >= 0 ? x : 0": (lambda x, y: select(x >= 0.0, x, 0.0), lambda x, y: np.where(x >= 0, 1.0, 0.0)),
    "x > y ? y : x*x": (lambda x, y: select(x > y, y, x * x), lambda x, y: np.where(x > y, 0.0, 2 * x)),
    "x <= x*x ? x : 2x": (lambda x, y: select(x <= x * x, x, 2.0 * x), lambda x, y: np.where(x <= x * x, 1.0, 2.0)),
    "0 < x ? x : -x": (lambda x, y: select(lt(0.0, x), x, -x), lambda x, y: np.where(x > 0, 1.0, -1.0)),
}
X = np.array([-2.3, -0.7, 0.31, 1.9, 2.6, 0.52, -1.4])
Y = np.array([0.4, -1.1, 0.3, 2.2, 1.0, -0.6, 5.0])


def logistic_slope(x):
    z = np.exp(0.56 * (6.0 - x))
    return 5.0 * 0.56 * z / (1.0 + z) ** 2


@pytest.mark.parametrize("name", [*CASES, *CHOICES])
def test_lanes_carry_value_and_derivative(duals_on_lanes, name):
    function, slope = (CASES | CHOICES)[name]
    direction = np.array([1.0, 1.0, -0.3, 0.0, 2.0, 1.0, 1.0])
    value, tangent = duals_on_lanes(function, X, direction, Y)
    np.testing.assert_allclose(value, function(X, Y), rtol=1e-14)
    np.testing.assert_allclose(tangent, slope(X, Y) * direction, rtol=1e-13)


@pytest.mark.parametrize("name", ["exp(x*x)", "y / x", "x < y ? x*x : -x"])
def test_single_precision(duals_on_lanes, name):
    function, slope = (CASES | CHOICES)[name]
    value, tangent = duals_on_lanes(function, X.astype(np.float32), 1.0, Y)
    np.testing.assert_allclose(value, function(X, Y), rtol=3e-6)
    np.testing.assert_allclose(tangent, slope(X, Y), rtol=3e-6)


@pytest.mark.parametrize("name", CASES)
def test_arrays_carry_value_and_derivative(name):
    function, slope = CASES[name]
    directions = np.array([1.0, 0.0, -2.5])
    result = function(Dual(X, np.broadcast_to(directions, (len(X), 3))), Y)
    np.testing.assert_allclose(result.value, function(X, Y), rtol=1e-14)
    np.testing.assert_allclose(result.tangent, slope(X, Y)[:, None] * directions, rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize("name", CHOICES)
def test_arrays_carry_derivatives_through_choices(name):
    function, slope = CHOICES[name]
    result = function(Dual(X, np.ones((len(X), 1))), Y)
    np.testing.assert_allclose(result.value, function(X, Y), rtol=1e-14)
    np.testing.assert_allclose(result.tangent[:, 0], slope(X, Y), rtol=1e-13)
