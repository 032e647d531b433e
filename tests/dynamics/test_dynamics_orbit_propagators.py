"""Perturbations along known orbits by the exact flow: their order and accuracy, and when Luther's method is taken."""

from dataclasses import replace

import numpy as np
import pytest

from ngnmm_core.dynamics import exact_propagators
from ngnmm_core.dynamics.attractor import find_attractors
from ngnmm_core.dynamics.exact_propagators import MISS, PARTS, OrbitPropagators, in_lanes
from ngnmm_core.dynamics.floquet import exponents, monodromies_of
from ngnmm_core.dynamics.variational import Solutions
from ngnmm_core.models import get_model

EIGHT = np.arange(8)
LUTHER = len(PARTS)
SHARES = np.array([1.0, 0.4, -0.7])


@pytest.fixture(scope="module")
def cycles(ei):
    """Orbits of 11 points, some of them steep: solutions, orbits and G."""
    Delta = np.array([1.0, 1.0, 1.0, 1.0, 1.0, 2.0, 0.5, 0.2, 0.1, 0.1, 0.05])
    current = np.array([13.0, 12.2, 9.5, 15.0, 7.0, 13.0, 13.0, 12.0, 8.0, 13.0, 10.0])
    G = np.array([5.0, 12.0, 12.0, 25.0, 20.0, 6.0, 5.0, 4.0, 5.0, 3.0, 5.0])
    arrays = {n: np.full(len(G), float(v)) for n, v in ei.resolve({}).items()}
    arrays |= {"Delta_e": Delta, "Delta_i": Delta, "I_ext_e": current, "G": G}
    found = find_attractors(ei, arrays, 1.0)
    some = np.array([k for k, a in enumerate(found) if a is not None and a.orbit is not None and a.orbit.accurate])
    assert len(some) >= 9
    solutions = Solutions(ei, {n: v[some] for n, v in arrays.items()}, G[some])
    return solutions, [found[k].orbit for k in some], G[some]


def errors_of(found, expected):
    return np.abs(found - expected).max(axis=(2, 3)) / np.abs(expected).max(axis=(2, 3))


def unequal(model, **values):
    """Eight points with unequal constants."""
    base = {name: np.full(8, float(v)) for name, v in model.resolve(values).items()}
    for k, name in enumerate(p.name for p in model.parameters if p.positive):
        base[name] = base[name] * (1.0 + 0.03 * ((EIGHT + k) % 5))
    return base


EI = ("ei_ngnmm", {"I_ext_e": 10, "G": 11}, 0.1)


@pytest.mark.parametrize(
    ("name", "values", "h", "factors"),
    [(*EI, SHARES), (*EI, SHARES * np.exp(0.7j)), ("ngnmm_population", {"G": 2.0}, 0.4, SHARES)],
    ids=["real", "complex", "one population"],
)
def test_matrices_along_a_path_converge_with_the_order_of_the_flow(name, values, h, factors):
    """Unequal constants, 10 ms along states that Luther's method gives with steps of 0.00125 ms."""
    model = get_model(name)
    arrays = unequal(model, **values)
    solutions = Solutions(model, arrays, arrays["G"])
    start = solutions.sample(np.tile(model.nominal, (8, 1)) * (1.0 + 0.05 * EIGHT[:, None]), 0.005, 40000, 1)[1]
    feedback = arrays["G"][:, None] * factors
    fine = np.full(8000, 0.00125)
    every = np.array(solutions.steps(start, [fine] * 8))
    expected = solutions.propagate(start, [fine] * 8, feedback)[1]
    along, errors = OrbitPropagators(solutions, [None] * 8, True), []
    for parts in (1, 2, 4):
        steps, path = in_lanes(every[:, :: round(h / 0.00125)], [np.full(round(10 / h), h)] * 8, [parts] * 8)
        found, misses = along.eight(EIGHT, steps, path, feedback)
        errors.append([errors_of(found, expected).max(), misses.max()])
    coarse, middle, short = np.array(errors)
    assert (coarse < [1e-6, 1e-5]).all()
    assert (coarse > 1e-10).all()  # else there is nothing to measure
    rounding = np.array([1e-11, 1e-10])
    assert (middle < coarse / 2**4.5 + rounding).all()
    assert (short < middle / 2**4.5 + rounding).all()


def test_growth_rates_by_the_flow_are_those_of_shorter_steps(cycles):
    """Against Luther's method with a quarter of the steps; with those of the orbit it is up to 5e-7 per ms off."""
    solutions, orbits, G = cycles
    modes = np.linspace(0.99, -1.0, 30)
    finer = [replace(o, mesh=np.repeat(o.mesh / 4, 4)) for o in orbits]
    matrices = monodromies_of(solutions, G, orbits, modes), monodromies_of(solutions, G, finer, modes, False)
    periods = np.array([o.period for o in orbits])[:, None, None]
    found, expected = (exponents(m, periods)[..., 0].real for m in matrices)
    assert np.abs(found - expected).max() < 1e-7
    assert errors_of(*matrices).max() < 5e-6


@pytest.mark.parametrize("turn", [1.0, np.exp(0.7j)], ids=["real", "complex"])
def test_orbits_take_the_flow_and_points_do_not_depend_on_one_another(cycles, turn):
    solutions, orbits, G = cycles
    every, feedback = np.arange(len(orbits)), G[:, None] * SHARES * turn
    along = OrbitPropagators(solutions, orbits)
    together = along.matrices(every, feedback)
    assert (along.level[:5] == 0).all()
    assert (along.level < LUTHER).all()
    for k in (0, 4, len(orbits) - 1):
        alone = OrbitPropagators(solutions.take(np.array([k])), [orbits[k]])
        np.testing.assert_array_equal(alone.matrices(np.zeros(1, int), feedback[[k]])[0], together[k])
        np.testing.assert_array_equal(along.matrices(np.array([k]), feedback[[k], ::-1])[0], together[k, ::-1])


def test_steps_that_miss_the_orbit_are_halved(cycles, monkeypatch):
    solutions, orbits, G = cycles
    every, feedback = np.arange(len(orbits)), G[:, None] * SHARES
    whole = OrbitPropagators(solutions, orbits).matrices(every, feedback)
    monkeypatch.setattr(exact_propagators, "MISS", 0.02 * MISS)
    along = OrbitPropagators(solutions, orbits)
    shorter = along.matrices(every, feedback)
    assert (along.level > 0).any()
    assert set(along.level) & {1, 2}
    assert 0.0 < errors_of(shorter, whole).max() < 3e-6


def spoilt(orbits, kind):
    """Orbits that are wrong: the steps too long, the state off the cycle, or the matrix another one."""
    if kind == "steps":
        return [replace(o, mesh=np.full(len(o.mesh) // 6, o.period / (len(o.mesh) // 6))) for o in orbits]
    if kind == "state":
        return [replace(o, state=o.state * 1.01) for o in orbits]
    return [replace(o, monodromy=o.monodromy * (1.0 + 2e-5)) for o in orbits]


@pytest.mark.parametrize("kind", ["steps", "state", "matrix"])
def test_orbits_that_the_flow_does_not_confirm_are_left_to_luthers_method(cycles, kind):
    solutions, orbits, G = cycles
    wrong, every, feedback = spoilt(orbits, kind), np.arange(len(orbits)), G[:, None] * SHARES
    along = OrbitPropagators(solutions, wrong)
    found = along.matrices(every, feedback)
    assert (along.level == LUTHER).all()
    states, meshes = np.array([o.state for o in wrong]), [o.mesh for o in wrong]
    np.testing.assert_array_equal(found, solutions.propagate(states, meshes, feedback)[1])


def test_a_flow_that_is_wrong_for_one_lambda_only_is_not_taken(cycles, monkeypatch):
    """The one farthest from the homogeneous system is held to Luther's method."""
    solutions, orbits, G = cycles
    every, feedback = np.arange(len(orbits)), G[:, None] * SHARES
    right = OrbitPropagators.eight

    def wrong(self, points, h, path, feedback):
        matrices, misses = right(self, points, h, path, feedback)
        matrices[:, -1] *= 1.0 + 1e-5
        return matrices, misses

    monkeypatch.setattr(OrbitPropagators, "eight", wrong)
    along = OrbitPropagators(solutions, orbits)
    along.matrices(every, feedback)
    assert (along.level == LUTHER).all()


def test_models_without_the_flow_take_luthers_method():
    model = get_model("jansen_rit")
    arrays = {n: np.full(1, float(v)) for n, v in model.resolve({}).items()}
    assert OrbitPropagators(Solutions(model, arrays, np.ones(1)), [None]).level == [LUTHER]
