"""Simulations of a model whose time constants are all longer by a factor: the same, in another unit of time."""

import numpy as np
import pytest

from ngnmm_core.connectome.connectome import Connectome
from ngnmm_core.errors import InputError
from ngnmm_core.points import make_points
from ngnmm_core.simulation.engine import Engine
from ngnmm_core.simulation.flow_table import ladder_level
from ngnmm_core.simulation.integrators import get_integrator
from ngnmm_core.simulation.own_times import point_factors, state_factors
from ngnmm_core.simulation.run import Run
from ngnmm_core.simulation.settings import Simulation
from ngnmm_core.simulation.simulator import Simulator
from ngnmm_core.simulation.step_choice import ladder, own_ladder
from ngnmm_core.simulation.trial import Trial
from ngnmm_core.study.load import make_study

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


class Last:
    """Keeps the states of the last sample, [point, region, state]."""

    def __init__(self, options, window):
        self._points = window.points

    def consume(self, block):
        last = np.moveaxis(block.states[-1], -1, 1)
        self._states = last.reshape(-1, *last.shape[2:])[: self._points].copy()

    def finish(self, activity):
        return {"last": self._states}


# of very different steps on a one-way ring, where volleys stay synchronous; the second comes to rest
CHOSEN = {"I_ext_e": np.array([15.0, 3.0, 15.0]), "G": np.array([30.0, 5.0, 5.0]), "Delta": np.ones(3)}
RING5 = np.roll(np.eye(5), 1, axis=1)


def simulated(model, factor, sample_ms=0.2, noise=0.0):
    """Results of points that choose their steps, from random states, in a unit of time."""
    times = {"duration_ms": 400 * sample_ms * factor, "transient_ms": 200 * sample_ms * factor}
    settings = Simulation(**times, sample_ms=sample_ms * factor, noise_sigma=noise * factor**0.5, method="riccati")
    columns = CHOSEN | {
        p.name: np.full(3, p.default * factor) for p in model.parameters if p.unit == "ms" and p.default * factor
    }
    points = make_points(model, {}, columns, 3)
    found = Simulator(model, Connectome(RING5), settings, [(Last, None)]).run(points)
    return found["last"] / state_factors(model, factor), found["step_ms"] / factor, found["simulation_status"]


@pytest.mark.parametrize("sample_ms", [0.2, 0.23])
def test_steps_that_points_choose_are_as_much_longer(ei, sample_ms):
    """Also where no step of the ladder divides the time between samples; starts are drawn in the unit of time, too."""
    states, steps, status = simulated(ei, 1.0, sample_ms)
    assert status.tolist() == [0, 0, 0]
    assert steps[0] < steps[1]
    for factor in (16.0, 1 / 16):
        for one, other in zip(simulated(ei, factor, sample_ms), (states, steps, status), strict=True):
            np.testing.assert_array_equal(one, other)
    others, longer, _ = simulated(ei, 20.0, sample_ms)
    np.testing.assert_allclose(longer, steps, rtol=1e-15)
    np.testing.assert_allclose(others, states, rtol=1e-9, atol=1e-9)


def test_paths_of_noise_are_as_much_longer(ei):
    (states, steps, _), (slow, longer, _) = (simulated(ei, f, noise=0.2) for f in (1.0, 16.0))
    assert np.abs(states - simulated(ei, 1.0)[0]).max() > 1e-3
    np.testing.assert_array_equal(longer, steps)
    np.testing.assert_array_equal(slow, states)


def test_a_step_below_the_end_of_the_ladder_has_a_path_of_its_own():
    """There is room for the halves of seven steps and for quarters of the shortest."""
    assert ladder_level(0.1 / 64) == (0.1, 6)
    assert ladder_level(0.1 / 128) == (0.1 / 128, 0)
    assert ladder_level(0.1, 16.0) == (1.6, 4)
    assert ladder_level(0.1 / 64, 16.0) == (0.1, 6)


def test_a_pulse_that_fits_no_step_of_other_times_has_steps_of_the_default_ones():
    assert own_ladder(0.2, 16.0, [24.0]) == ladder(0.2, 16.0)
    assert own_ladder(0.2, 3.0, [10.05]).steps_ms[0] == 0.2
    assert own_ladder(0.2, 3.0, [10.00625]) == ladder(0.2)
    assert own_ladder(0.2, 0.97, []).steps_ms[0] == 0.05  # a third of a sample is no decimal


def study_of(model, factor, **simulation):
    times = {p.name: p.default * factor for p in model.parameters if p.unit == "ms"}
    settings = {"sample_ms": 3.2, "duration_ms": 3200.0, "method": "riccati"} | simulation
    return make_study(
        "s",
        {"connectome": {"name": "x"}, "model": {"parameters": times}, "simulation": settings, "analyses": ["rates"]},
    )


def test_longest_steps_and_edges_of_pulses_are_checked_in_the_unit_of_time(ei):
    assert study_of(ei, 16.0, dt_ms=1.6).simulation.dt_ms == 1.6
    with pytest.raises(InputError, match=r"dt_ms: 1\.6 is longer .* at most 0\.8,"):
        study_of(ei, 8.0, dt_ms=1.6)
    pulse = {"parameter": "I_ext_e", "amplitude": 1.0, "onset_ms": 0.000390625, "duration_ms": 1.0}
    times = {"sample_ms": 0.0125, "duration_ms": 12.5, "stimuli": [pulse]}
    assert study_of(ei, 1 / 16, **times).simulation.stimuli
    with pytest.raises(InputError, match=r"onset_ms: 0\.000390625 is not a multiple"):
        study_of(ei, 1.0, **times)


def trial_of(model, W, factor, method="rk4", **settings):
    times = {"duration_ms": 1000.0, "transient_ms": 500.0, "sample_ms": 0.25, "dt_ms": 0.125} | settings
    times = {name: value * factor for name, value in times.items()}
    simulation = Simulation(**times, method=method, initial={"sd": 0.0})
    simulator = Simulator(model, Connectome(W), simulation)
    fixed = {name: float(values[0]) for name, values in slowed(model, factor, **MODERATE).items()}
    return Trial(simulator, make_points(model, fixed, {}, 1), simulator.settings.ladder)


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


def by_default(model, factor, method, **settings):
    """States and steps of points in a unit of time, with the steps that a method declares."""
    times = {"duration_ms": 40.0 * factor, "transient_ms": 20.0 * factor, "sample_ms": 0.2 * factor}
    columns = {p.name: np.full(2, p.default * factor) for p in model.parameters if p.unit == "ms"}
    columns |= {"G": np.array([5.0, 3.0]), "I_ext_e": np.array([13.0, 8.0])}
    simulation = Simulation(**times, method=method, initial={"sd": 0.01}, **settings)
    simulator = Simulator(model, Connectome(RING5, tract_length=100.0 * RING5), simulation, [(Last, None)])
    found = simulator.run(make_points(model, {}, columns, 2))
    return found["last"] / state_factors(model, factor), found["step_ms"] / factor, found["simulation_status"]


def noise_of(factor):
    return {"noise_sigma": 0.1 * factor**0.5, "noise_tau_ms": 0.1 * factor}


DECLARED = {
    "rk4": (0.01, lambda factor: {}),
    "multirate": (0.05, lambda factor: {}),
    "multirate, delayed": (None, lambda factor: {"velocity_m_per_s": 10.0 / factor}),
    "heun": (0.01, noise_of),
}


@pytest.mark.parametrize("case", DECLARED)
def test_declared_steps_are_as_much_longer(ei, case):
    """A study gives no `dt_ms`: steps and the shortest correlation time of the noise follow the unit of time."""
    (step_ms, settings), method = DECLARED[case], case.split(",")[0]
    states, steps, status = by_default(ei, 1.0, method, **settings(1.0))
    expected = step_ms or get_integrator(method).usual_step_ms(True)
    assert steps.tolist() == [expected, expected]
    assert status.tolist() == [0, 0]
    for factor in (16.0, 1 / 16):
        for one, other in zip(by_default(ei, factor, method, **settings(factor)), (states, steps, status), strict=True):
            np.testing.assert_array_equal(one, other)
    slow, longer, _ = by_default(ei, 20.0, method, **settings(20.0))
    np.testing.assert_allclose(longer, steps, rtol=1e-15)
    np.testing.assert_allclose(slow, states, rtol=1e-9, atol=1e-9)


def test_a_declared_step_divides_samples_and_is_cut_at_edges():
    settings = Simulation(method="multirate", sample_ms=0.2)
    assert settings.own_ladder(1.0).steps_ms == (0.05,)
    assert settings.own_ladder(16.0).steps_ms == (0.2,)  # 0.8 would skip samples
    assert settings.own_ladder(1.0, [3.0, 4.025]).steps_ms == (0.025,)
    assert settings.own_ladder(0.97).steps_ms == (0.04,)
    assert settings.own_ladder(0.97, [3.025]).steps_ms == (0.025,)  # of the default times: it divides no edge itself
    assert Simulation(method="multirate", sample_ms=0.23).own_ladder(1.0).steps_ms == (0.23 / 5,)
    assert Simulation(method="rk4", dt_ms=0.02, sample_ms=0.2).own_ladder(16.0).steps_ms == (0.02,)


def test_the_shortest_correlation_time_is_that_of_the_longest_time_constants(ei):
    noise = {"method": "heun", "noise_sigma": 0.1, "noise_tau_ms": 0.1}
    assert study_of(ei, 1.0, **noise).simulation.noise_tau_ms == 0.1
    assert study_of(ei, 1 / 16, **noise | {"noise_tau_ms": 0.00625}).simulation.noise_tau_ms == 0.00625
    with pytest.raises(InputError, match=r"noise_tau_ms: 0\.1 is out of range; allowed: .* >= 1\.6"):
        study_of(ei, 16.0, **noise)
