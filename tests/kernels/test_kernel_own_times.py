"""Simulations of a model whose time constants are all longer by a factor: the same, in another unit of time."""

import numpy as np
import pytest

from ngnmm_core.connectome.connectome import Connectome
from ngnmm_core.points import make_points
from ngnmm_core.simulation.engine import Engine, Run
from ngnmm_core.simulation.own_times import point_factors, state_factors
from ngnmm_core.simulation.settings import Simulation
from ngnmm_core.simulation.simulator import Simulator
from ngnmm_core.simulation.trial import Trial

POINT, MODERATE = {"I_ext_e": 13.0, "G": 5.0}, {"I_ext_e": 8.0, "G": 3.0}
DT_MS = {"rk4": 0.01, "multirate": 0.05, "riccati": 0.1}


def slowed(model, factor, **values):
    """All parameters at one point, [1], with every time constant multiplied, and every rate divided."""
    p, powers = model.resolve(values), {"ms": factor, "Hz": 1.0 / factor}
    return {q.name: np.array([p[q.name] * powers.get(q.unit, 1.0)]) for q in model.parameters}


def states_of(model, W, method, factor):
    units = state_factors(model, factor)
    start = np.array([s.initial for s in model.states]) + 0.02 * np.random.default_rng(1).random(
        (1, len(W), len(units))
    )
    run = Run(Engine(model, W, method), slowed(model, factor, **POINT), start * units)
    dt_ms, steps = DT_MS[method] * factor, round(30.0 / DT_MS[method])
    return run.by_point(run.advance(dt_ms, steps, 1)[0]) / units


@pytest.mark.parametrize("method", DT_MS)
def test_steps_in_another_unit_of_time(ei, directed5, method):
    """30 ms hold the first volley, whose steps are a quarter, and what follows; 20 is no power of two."""
    before = states_of(ei, directed5, method, 1.0)
    assert np.ptp(before[..., 2]) > 1e-3
    np.testing.assert_array_equal(states_of(ei, directed5, method, 16.0), before)
    np.testing.assert_array_equal(states_of(ei, directed5, method, 1 / 16), before)
    np.testing.assert_allclose(states_of(ei, directed5, method, 20.0), before, rtol=1e-9, atol=1e-9)


def trial_of(model, W, factor, method="rk4", **settings):
    times = {"duration_ms": 1000.0, "transient_ms": 500.0, "sample_ms": 0.25, "dt_ms": 0.125} | settings
    times = {name: value * factor for name, value in times.items()}
    simulation = Simulation(**times, method=method, initial={"sd": 0.0})
    simulator = Simulator(model, Connectome(W), simulation)
    fixed = {name: float(values[0]) for name, values in slowed(model, factor, **MODERATE).items()}
    return Trial(simulator, make_points(model, fixed, {}, 1))


def test_a_trial_lasts_as_much_longer_as_the_time_constants(ei, directed5):
    """So what is wrong after 100 ms, and not after 6, is found wrong."""
    found = {factor: trial_of(ei, directed5, factor)._differences() for factor in (1.0, 16.0, 20.0)}
    assert 1e-4 < found[1.0][0] < np.inf
    np.testing.assert_array_equal(found[16.0], found[1.0])
    np.testing.assert_allclose(found[20.0], found[1.0], rtol=1e-4)  # a difference of states that agree to 1e-9


def test_points_of_other_times_are_computed_apart(ei, directed5):
    """The length of the first volley belongs to a point: its neighbours must not change it."""
    columns = {"G": [5.0, 5.0, 5.0]} | {
        p.name: p.default * np.array([1.0, 16.0, 1.0]) for p in ei.parameters if p.unit == "ms"
    }
    points = make_points(ei, {"I_ext_e": 13.0}, {name: np.array(values) for name, values in columns.items()}, 3)
    simulator = Simulator(
        ei, Connectome(directed5), Simulation(duration_ms=30.0, transient_ms=10.0, method="multirate")
    )
    batches = list(simulator.batches(points, np.arange(3), simulator.kinds(points)))
    assert [list(places) for places in batches] == [[0, 2], [1]]


def test_the_factor_of_a_point_is_what_its_regions_share(ei):
    slow = slowed(ei, 4.0, **POINT)
    by_region = {name: np.broadcast_to(values[:, None], (1, 3)) for name, values in slow.items()}
    np.testing.assert_array_equal(point_factors(ei, by_region), [4.0])
    name = next(p.name for p in ei.parameters if p.unit == "ms")
    by_region[name] = by_region[name] * np.array([1.0, 0.5, 2.0])  # 4, 2 and 8 times as long: twice in all regions
    np.testing.assert_array_equal(point_factors(ei, by_region), [2.0])
    by_region[name] = by_region[name] * np.array([1.0, 0.25, 1.0])  # one is shorter than the default
    np.testing.assert_array_equal(point_factors(ei, by_region), [1.0])
