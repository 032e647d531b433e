"""Equilibria, cycles and growth rates of a model whose answers are formulas (see `circle` in conftest.py)."""

import numpy as np
import pytest
from scipy.linalg import expm

from ngnmm_core.dynamics.attractor import Attractor
from ngnmm_core.dynamics.continuation.special import Sample
from ngnmm_core.dynamics.dispersion import dispersion, unstable
from ngnmm_core.dynamics.equilibria import eigenvalues, newton
from ngnmm_core.dynamics.floquet import exponents
from ngnmm_core.dynamics.period_multiplicity import shortest
from ngnmm_core.dynamics.periodic_orbits import Orbit, shoot_many
from ngnmm_core.dynamics.regimes import LIMIT_CYCLE, REST
from ngnmm_core.dynamics.stability_intervals import refined, stable_intervals
from ngnmm_core.dynamics.variational import Solutions, Variational
from ngnmm_core.stages.continuation_table import unstable_directions


def arrays(model, count=1, **values):
    return {name: np.full(count, float(value)) for name, value in model.resolve(values).items()}


def shoot(model, weight, state, period, **values):
    """The periodic orbit near a state and a period, of one point."""
    solutions = Solutions(model, arrays(model, **values), np.full(1, weight))
    (orbit,) = shoot_many(solutions, np.array([state]), np.full(1, period))
    return orbit


def test_newton_finds_the_equilibrium_and_its_eigenvalues(circle):
    parameters, weight = arrays(circle, 2, mu=-0.1), np.array([0.0, 0.2])
    states, converged = newton(circle, np.full((2, 3), 0.05), parameters, weight)
    assert converged.all()
    np.testing.assert_allclose(states, [[0, 0, 0.06 / 0.3], [0, 0, 0.06 / (0.3 - 0.2)]], atol=1e-15)
    values = eigenvalues(circle, states, parameters, weight, weight)
    for k in range(2):
        expected = [-0.1 + 0.4j, -0.1 - 0.4j, weight[k] - 0.3]
        np.testing.assert_allclose(np.sort_complex(values[k]), np.sort_complex(expected), atol=1e-14)


def test_newton_says_which_points_did_not_converge(circle):
    start = np.array([[0.05, 0.05, 0.05], [np.nan, 0.0, 0.0], [0.0, np.inf, 0.0]])
    states, converged = newton(circle, start, arrays(circle, 3, mu=-0.1), np.zeros(3))
    assert converged.tolist() == [True, False, False]
    np.testing.assert_allclose(states[0], [0, 0, 0.2], atol=1e-15)


def test_newton_finds_nothing_where_there_is_no_equilibrium(circle):
    """A feedback of exactly a: z' = b everywhere."""
    _, converged = newton(circle, np.full((2, 3), 0.05), arrays(circle, 2, mu=-0.1), np.array([0.3, 0.0]))
    assert converged.tolist() == [False, True]


def test_shooting_finds_the_circle(circle):
    orbit = shoot(circle, 0.1, [0.52, 0.03, 0.2], 16.1)
    assert orbit.period == pytest.approx(2 * np.pi / 0.4, rel=1e-9)
    assert np.hypot(*orbit.state[:2]) == pytest.approx(0.5, rel=1e-8)  # 5e-10 in each of some forty steps
    assert orbit.state[2] == pytest.approx(0.06 / 0.2, abs=1e-9)
    expected = [1.0, np.exp(-0.2 * orbit.period), np.exp(-0.5 * orbit.period)]
    np.testing.assert_allclose(orbit.multipliers, expected, rtol=1e-6, atol=1e-12)
    assert orbit.stable


def test_shooting_finds_unstable_cycles_too(circle):
    orbit = shoot(circle, 0.35, [0.51, 0.0, -1.2], 15.7)
    assert orbit.multipliers[1] == pytest.approx(np.exp(0.05 * orbit.period), rel=1e-7)
    assert not orbit.stable


@pytest.mark.parametrize("rounds", [2, 5, 7, 17, 31, 100])
def test_a_multiple_of_a_period_is_told(circle, rounds):
    orbit = shoot(circle, 0.1, [0.5, 0.0, 0.3], rounds * 2 * np.pi / 0.4)
    assert orbit.period == pytest.approx(rounds * 2 * np.pi / 0.4, rel=1e-9)
    (own,) = shortest(Solutions(circle, arrays(circle), np.full(1, 0.1)), [orbit])
    assert own.period == pytest.approx(2 * np.pi / 0.4, rel=1e-9)


@pytest.mark.parametrize("modulus", [0.9, 1.1])
@pytest.mark.parametrize("angle", [0.0, 0.5, 1.0, 2.0, 3.0, np.pi])
def test_stability_is_that_of_the_modulus_of_multipliers(modulus, angle):
    """Not of their real part: 1.1 exp(2i) grows, and so does -1.1."""
    matrix = np.zeros((3, 3))
    matrix[:2, :2] = modulus * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    matrix[2, 2] = 1.0
    orbit = Orbit(np.zeros(3), 10.0, np.ones(10), matrix, 0.0)
    assert orbit.stable == (modulus < 1)
    others = orbit.multipliers[1:]
    blank = np.zeros(3)
    kept = Sample(np.zeros(1), 10.0, blank, blank, blank, others)
    assert kept.stable == (modulus < 1)
    assert unstable_directions(kept) == (0 if modulus < 1 else 2)
    rates = exponents(matrix, 10.0).real
    assert rates.max() == pytest.approx(max(0.0, np.log(modulus) / 10.0), abs=1e-12)


def test_shooting_gives_up_where_there_is_no_cycle(circle):
    assert shoot(circle, 0.0, [0.5, 0.0, 0.2], 15.7, mu=-0.2) is None


def test_the_attractor_is_recognised(circle, attractor_at):
    cycle, _ = attractor_at(circle, G=0.1)
    assert cycle.regime == LIMIT_CYCLE
    assert cycle.period == pytest.approx(2 * np.pi / 0.4, rel=1e-9)
    rest, _ = attractor_at(circle, mu=-0.05)
    assert rest.regime == REST
    assert np.isnan(rest.period)
    np.testing.assert_allclose(rest.state, [0, 0, 0.2], atol=1e-12)


def test_the_propagator_of_a_linear_state_is_an_exponential(circle):
    """More values of feedback than lanes: every one gets its own propagator."""
    feedback = np.linspace(-0.5, 0.5, 19)
    variational = Variational(circle, circle.resolve({"mu": -0.1}), 0.1)
    end, propagators = variational.flow(np.array([0.0, 0.0, 1.0]), 7.0, 700, feedback)
    centre, other = 0.06 / 0.2, np.zeros((2, 1))
    assert end[2] == pytest.approx(centre + (1.0 - centre) * np.exp(-0.2 * 7.0), rel=1e-10)
    rotation = np.array([[-0.1, -0.4], [0.4, -0.1]])
    for f, propagator in zip(feedback, propagators, strict=True):
        expected = np.block([[expm(7.0 * rotation), other], [other.T, np.exp(7.0 * (f - 0.3)) * np.ones((1, 1))]])
        np.testing.assert_allclose(propagator, expected, rtol=1e-9, atol=1e-12)


MODES = np.array([1.0, 0.9, 0.7 + 0.2j, 0.7 - 0.2j, 1.5j, -1.5j, -1.0])


@pytest.mark.parametrize("row_sum", [1.0, 2.0])
def test_growth_rates_on_the_cycle(circle, attractor_at, row_sum):
    """exponents 0, -2 mu, G Lambda - a; the zero is left out along the uniform direction only."""
    G, frequency = 0.25 / row_sum, 0.4 / (2 * np.pi)
    attractor, parameters = attractor_at(circle, row_sum, G=G)
    relation = dispersion(circle, parameters, row_sum, attractor, row_sum * MODES)
    exponents = 0.25 * MODES - 0.3
    expected = np.where(exponents.real > 0, exponents, 0.0)  # with the neutral direction along the cycle
    expected[0] = 0.25 - 0.3  # the trivial exponent is left out, the next one is that of z: -0.05 > -2 mu
    np.testing.assert_allclose(relation.growth_rate, expected.real, atol=1e-9)
    imaginary = relation.frequency / 1000.0
    np.testing.assert_allclose((imaginary - expected.imag / (2 * np.pi) + 0.5 * frequency) % frequency, 0.5 * frequency,
                               atol=1e-8)  # fmt: skip


def test_growth_rates_of_a_cycle_that_contracts_by_a_hundred_powers_of_ten(circle):
    """mu = 10, a = 9: the exponents beside the trivial one are -20 and G - a; the period is 15.7 ms."""
    parameters = circle.resolve({"mu": 10.0, "a": 9.0, "G": 1.0})
    orbit = shoot(circle, 1.0, [3.1, 0.0, 0.007], 15.7, mu=10.0, a=9.0)
    relation = dispersion(circle, parameters, 1.0, Attractor(LIMIT_CYCLE, orbit.state, orbit), np.array([1.0, 0.3]))
    np.testing.assert_allclose(relation.growth_rate, [-8.0, 0.0], atol=2e-6)


@pytest.mark.parametrize("num", [3, 9, 40])
def test_stable_intervals_end_where_they_do(circle, attractor_at, num):
    """At rest G Lambda - a is the exponent of z: the interval ends at Lambda = 0.3 / 0.25."""
    attractor, parameters = attractor_at(circle, mu=-0.2, G=0.25)
    rate = lambda x: dispersion(circle, parameters, 1.0, attractor, x).growth_rate
    axis = np.linspace(-1.0, 3.0, num)
    (found,) = stable_intervals(*refined(axis, rate(axis), rate))
    np.testing.assert_allclose(found, [-1.0, 1.2], atol=1e-6)


@pytest.mark.parametrize("strength", [1.0, 2.0])
def test_growth_rates_at_rest(circle, attractor_at, strength):
    attractor, parameters = attractor_at(circle, mu=-0.2, G=0.25)
    modes = MODES * strength
    modes[0] = 1.0
    relation = dispersion(circle, parameters, 1.0, attractor, modes)
    z = 0.25 * modes - 0.3
    of_z = z.real > -0.2
    np.testing.assert_allclose(relation.growth_rate, np.where(of_z, z.real, -0.2), atol=1e-12)
    np.testing.assert_allclose(relation.frequency[of_z], 1000 * z.imag[of_z] / (2 * np.pi), atol=1e-9)
    np.testing.assert_allclose(np.abs(relation.frequency[~of_z]), 1000 * 0.4 / (2 * np.pi), atol=1e-9)


def test_unstable_means_more_than_neutral_and_never_the_uniform_mode():
    grows = unstable(np.array([[0.1, 0.1, 1e-7, 1.1e-7, -0.1], [-0.1, 0.0, 0.0, 0.0, 1e-3]]))
    assert grows.tolist() == [[False, True, False, True, False], [False, False, False, False, True]]
