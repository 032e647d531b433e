"""Models whose equilibria, cycles and bifurcations are known in closed form or from the literature."""

import pytest

from ngnmm_core.models._base import COUPLING, Model, Parameter, Population, State


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


def _bautin(x, drive, coefficients, coupling):
    (u, v), (mu,), (b, c, omega, beta) = x, drive, coefficients
    square = u * u + v * v
    growth, turning = mu + b * square + c * square * square, omega + beta * square
    return growth * u - turning * v + coupling, growth * v + turning * u


@pytest.fixture(scope="session")
def bautin():
    """r' = mu r + b r^3 + c r^5, angle' = omega + beta r^2: every cycle is a circle, mu = -b r^2 - c r^4."""
    parameters = {"b": 1.0, "c": -1.0, "omega": 0.4, "beta": 0.1, "mu": -0.1}
    return make_model("bautin", {"u": 0.1, "v": 0.1}, parameters, ("mu",), _bautin)


def _roessler(x, drive, coefficients, coupling):
    (u, v, w), (c,), (a, b) = x, drive, coefficients
    return coupling - v - w, u + a * v, b + w * (u - c)


@pytest.fixture(scope="session")
def roessler():
    """Roessler's system: u' = -v - w, v' = u + a v, w' = b + w (u - c)."""
    return make_model("roessler", {"u": 1.0, "v": 0.1, "w": 0.1}, {"a": 0.2, "b": 0.2, "c": 2.0}, ("c",), _roessler)


def _ring(x, drive, coefficients, coupling):
    (u, v, w, z), (mu,), (omega, nu, apart) = x, drive, coefficients
    inside, square = 1.0 - u * u - v * v, w * w + z * z
    growth = mu * (1.0 + 0.5 * u) - square
    return (
        inside * u - omega * v + coupling,
        inside * v + omega * u,
        (growth + apart) * w - nu * z,
        (growth - apart) * z + nu * w,
    )


@pytest.fixture(scope="session")
def ring():
    """A circle of radius 1 and period 2 pi / omega, with multipliers exp((mu +- sqrt(apart^2 - nu^2)) T) across it.

    A torus is born at mu = 0 if nu > apart; if nu = 0, other circles branch off at mu = -+apart.
    """
    parameters = {"omega": 0.5, "nu": 0.17, "apart": 0.0, "mu": -0.1}
    return make_model("ring", {"u": 1.0, "v": 0.1, "w": 0.1, "z": 0.1}, parameters, ("mu",), _ring)


def _clock(x, drive, coefficients, coupling):
    (u, v), (p,), (pull,) = x, drive, coefficients
    inside, turning = pull * (1.0 - u * u - v * v), p - v
    return inside * u - turning * v + coupling, inside * v + turning * u


@pytest.fixture(scope="session")
def clock():
    """On the unit circle the angle turns with p - sin(angle): period 2 pi / sqrt(p^2 - 1), two equilibria for p < 1."""
    return make_model("clock", {"u": 1.0, "v": 0.1}, {"p": 1.5, "pull": 1.0}, ("p",), _clock)
