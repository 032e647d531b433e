"""Single points of the homogeneous system, and a model whose equilibria, cycles and growth rates are known exactly."""

import numpy as np
import pytest

from ngnmm_core.dynamics.attractor import find_attractors
from ngnmm_core.models._base import COUPLING, Model, Parameter, Population, State


@pytest.fixture(scope="session")
def attractor_at():
    """`attractor_at(model, row_sum=1.0, **values)`: the attractor of one point, found once, and all its parameters."""
    known = {}

    def find(model, row_sum=1.0, **values):
        parameters = {name: float(value) for name, value in model.resolve(values).items()}
        key = (model, row_sum, *parameters.values())
        if key not in known:
            arrays = {name: np.full(1, value) for name, value in parameters.items()}
            known[key] = find_attractors(model, arrays, row_sum)[0]
        return known[key], parameters

    return find


def _coefficients(p):
    return p["mu"], p["omega"], p["a"]


def _derivative(states, drive, coefficients, coupling):
    x, y, z = states
    (b,) = drive
    mu, omega, a = coefficients
    growth = mu - (x * x + y * y)
    return growth * x - omega * y, growth * y + omega * x, b - a * z + coupling


@pytest.fixture(scope="session")
def circle():
    """x, y: a cycle of radius sqrt(mu) and exponents 0, -2 mu, or a focus at 0; z: linear, b - a z + what is received.

    A perturbation that feels the feedback f = G Lambda has the exponents of x, y and, for z, f - a.
    """
    return Model(
        name="circle",
        title="Circle with a linear messenger",
        doi="",
        states=(State("x", "1", 0.3), State("y", "1", 0.0), State("z", "1", 0.1)),
        parameters=(
            Parameter("mu", 0.25, "ms-1", "growth rate near the centre"),
            Parameter("omega", 0.4, "rad ms-1", "angular frequency"),
            Parameter("a", 0.3, "ms-1", "decay rate"),
            Parameter("b", 0.06, "ms-1", "input"),
            COUPLING,
        ),
        drives=("b",),
        fastest_rate=lambda p: 1.0,
        coefficients=_coefficients,
        derivative=_derivative,
        sent=lambda states, coefficients: states[2],
        observable="x",
        populations=(Population("P", "one", rate=lambda states, c: states[0]),),
    )
