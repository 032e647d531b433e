"""Models whose equilibria, cycles and bifurcations are known in closed form or from the literature."""

import pytest

from ngnmm_core.model import COUPLING, Model, Parameter, Population, State


def make_model(name, states, parameters, drives, derivative):
    """A small model; `states` and `parameters` map names to initial values and defaults."""
    return Model(
        name=name,
        title=name,
        doi="",
        states=tuple(State(n, "1", v) for n, v in states.items()),
        parameters=(*(Parameter(n, v, "1", n) for n, v in parameters.items()), COUPLING),
        drives=drives,
        coefficients=lambda p: tuple(p[n] for n in parameters if n not in drives),
        derivative=derivative,
        sent=lambda x, coefficients: x[0],
        observable=next(iter(states)),
        populations=(Population("P", "one", rate=lambda x, c: x[0]),),
        fastest_rate=lambda p: 1.0,
    )


def _cusp(x, drive, coefficients, coupling):
    (u, v), (b,), (a,) = x, drive, coefficients
    return b + a * u - u * u * u + coupling, u - v


@pytest.fixture(scope="session")
def cusp():
    """u' = b + a u - u^3, v' = u - v: folds at b = -+2 (a / 3)^1.5, a cusp at (0, 0)."""
    return make_model("cusp", {"u": 0.2, "v": 0.1}, {"a": 1.0, "b": 0.1}, ("b",), _cusp)
