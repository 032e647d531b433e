"""The step of every point: chosen from the point alone, watched, and never wrong with status ok."""

import numpy as np
import pytest

from ngnmm_core.connectome.connectome import Connectome
from ngnmm_core.errors import InputError
from ngnmm_core.simulation.observation import SimulationStatus
from ngnmm_core.simulation.settings import Simulation
from ngnmm_core.simulation.simulator import Simulator, homogeneous_states
from ngnmm_core.simulation.step_choice import ladder, later_rungs, watch_limits
from ngnmm_core.simulation.stimuli import Stimulus
from ngnmm_core.study.load import make_study

TIMES = {"duration_ms": 160.0, "transient_ms": 60.0}
RING5 = np.roll(np.eye(5), 1, axis=1)  # one-way: synchronous volleys, where a step of 0.1 ms is wrong by its range


class LastStates:
    """Keeps the states of the last sample, [point, region, state]."""

    def __init__(self, options, window):
        self.points = window.points

    def consume(self, block):
        self.states = np.moveaxis(block.states[-1], -1, 1).reshape(-1, *block.states.shape[2:4])[: self.points].copy()

    def finish(self, activity):
        return {"last": self.states}


def simulate(model, W, points, **settings):
    simulator = Simulator(model, Connectome(W), Simulation(**TIMES | settings), [(LastStates, None)])
    return simulator.run(points)


@pytest.fixture(scope="module")
def four(ei, points_of):
    """Points of very different steps, and what they give together."""
    points = points_of(ei, 4, I_ext_e=[15.0, 15.0, 3.0, 15.0], G=[30.0, 5.0, 5.0, 5.0], Delta=[1.0, 1.0, 1.0, 0.1])
    return points, simulate(ei, RING5, points)


def test_steps_follow_from_the_point_and_its_network(ei, four):
    points, together = four
    assert together["simulation_status"].tolist() == [SimulationStatus.OK] * 4
    assert together["step_ms"][2] == 0.1
    assert together["step_ms"][[0, 3]].max() <= 0.0125
    dense = simulate(ei, (np.ones((5, 5)) - np.eye(5)) / 4.0, points.take([0]))
    assert dense["step_ms"][0] > together["step_ms"][0]


@pytest.mark.parametrize("chosen", [[1], [2, 1], [3, 0]])
def test_no_step_and_no_bit_depends_on_other_points(ei, four, chosen):
    points, together = four
    alone = simulate(ei, RING5, points.take(chosen))
    for name, values in alone.items():
        np.testing.assert_array_equal(values, together[name][chosen], err_msg=name)


@pytest.mark.slow
def test_what_is_said_to_be_right_agrees_with_dop853(ei, four, dop853):
    """After 160 ms, in which small perturbations grow by up to 600; the four networks as one of 20 regions."""
    points, together = four
    start = Simulator(ei, Connectome(RING5), Simulation(**TIMES)).initial_states(points)
    parameters = {name: np.repeat(values, 5) for name, values in points.parameters.items()}
    all_regions = np.kron(np.eye(4), RING5)
    expected = dop853(ei, all_regions, parameters, start.reshape(20, 6), np.array([160.0]), rtol=1e-10)[0]
    np.testing.assert_allclose(together["last"], expected.reshape(4, 5, 6), rtol=0, atol=1e-5)


def test_a_step_that_the_user_chooses_is_kept_and_watched(ei, four):
    points, _ = four
    coarse = simulate(ei, RING5, points, dt_ms=0.1)
    np.testing.assert_array_equal(coarse["step_ms"], 0.1)
    assert coarse["simulation_status"].tolist() == [
        SimulationStatus.INACCURATE,
        SimulationStatus.INACCURATE,
        SimulationStatus.OK,
        SimulationStatus.INACCURATE,
    ]
    assert np.isnan(coarse["last"][[0, 1, 3]]).all()
    assert np.isfinite(coarse["last"][2]).all()
    with pytest.raises(InputError, match=r"simulation\.dt_ms: 0\.2 is longer .* at most 0\.1"):
        make_study("s", {"connectome": {"name": "x"}, "simulation": {"dt_ms": 0.2, "method": "riccati"}})


def test_methods_without_a_watch_are_compared_with_half_their_step(ei, four):
    points, _ = four
    result = simulate(ei, RING5, points, method="multirate")
    np.testing.assert_array_equal(result["step_ms"], 0.05)
    assert result["simulation_status"][0] != SimulationStatus.OK
    assert result["simulation_status"][[1, 2]].tolist() == [SimulationStatus.OK, SimulationStatus.OK]
    rk4 = simulate(ei, RING5, points.take([1, 2]), method="rk4")
    np.testing.assert_allclose(rk4["last"], result["last"][[1, 2]], rtol=0, atol=1e-5)


@pytest.mark.slow
def test_strict_steps_are_shorter_and_nearer_to_the_truth(ei, four, dop853):
    points, together = four
    strict = simulate(ei, RING5, points.take([1, 2]), accuracy="strict")
    assert (strict["step_ms"] <= together["step_ms"][[1, 2]]).all()
    assert strict["step_ms"][0] < together["step_ms"][1]
    start = Simulator(ei, Connectome(RING5), Simulation(**TIMES)).initial_states(points.take([1]))
    parameters = {name: float(values[1]) for name, values in points.parameters.items()}
    expected = dop853(ei, RING5, parameters, start[0], np.array([160.0]), rtol=1e-10)[0]
    errors = [np.abs(result - expected).max() for result in (together["last"][1], strict["last"][0])]
    assert errors[1] < 0.2 * errors[0]


def test_a_late_input_that_makes_bursts_steeper_makes_steps_shorter(ei, points_of):
    """The trial sees the first 100 ms alone: the run finds out, and starts again."""
    late = Stimulus(parameter="I_ext_e", amplitude=37.0, onset_ms=120.0, duration_ms=30.0)
    points = points_of(ei, I_ext_e=3.0, G=20.0, Delta=0.3)
    quiet, loud = (simulate(ei, RING5, points, stimuli=s) for s in ((), (late,)))
    assert loud["simulation_status"][0] == SimulationStatus.OK
    assert loud["step_ms"][0] < quiet["step_ms"][0]


def test_no_step_straddles_the_edge_of_a_pulse(ei, points_of):
    pulse = Stimulus(parameter="I_ext_e", amplitude=1.0, onset_ms=10.05, duration_ms=20.0)
    points = points_of(ei, I_ext_e=3.0, G=2.0)
    assert simulate(ei, RING5, points, stimuli=(pulse,))["step_ms"][0] == 0.05
    config = {"connectome": {"name": "x"}, "simulation": {"stimuli": [{"parameter": "I_ext_e", "onset_ms": 10.01}]}}
    with pytest.raises(InputError, match=r"onset_ms: 10\.01 is not a multiple of .*0\.00625"):
        make_study("s", config)


def test_homogeneous_states_of_nearly_identical_neurons(ei, points_of, dop853):
    """Runge-Kutta steps of 0.01 ms blow up at Delta = 0.1."""
    points = points_of(ei, 2, I_ext_e=[15.0, 4.0], G=5.0, Delta=[0.1, 1.0])
    states = homogeneous_states(ei, points.parameters, 1.0)
    assert np.isfinite(states).all()
    parameters = {name: float(values[1]) for name, values in points.parameters.items()}
    expected = dop853(ei, np.ones((1, 1)), parameters, np.array([[s.initial for s in ei.states]]), np.array([2000.0]))
    np.testing.assert_allclose(states[1], expected[0, 0], rtol=0, atol=1e-6)


def test_limits_of_the_watch_follow_the_narrower_population(ei, points_of):
    points = points_of(ei, 6, Delta_e=[1.0, 0.5, 0.1, 0.02, 5.0, 1.0], Delta_i=[1.0, 0.5, 0.1, 0.02, 0.5, 3.0])
    whole = watch_limits(ei, points.parameters, 90, "default")
    np.testing.assert_allclose(whole, [5e-3, 1e-3, 8e-3, 3e-2, 1e-3, 5e-3], rtol=1e-12)
    few = watch_limits(ei, points.parameters, 5, "default")
    assert (few >= whole).all()
    assert (few[[0, 1, 4, 5]] == whole[[0, 1, 4, 5]]).all()
    assert (watch_limits(ei, points.parameters, 5, "strict") < whole / 30.0).all()


def test_the_ladder_divides_the_time_between_samples():
    assert ladder(0.2).steps_ms[:3] == (0.1, 0.05, 0.025)
    assert ladder(0.25).steps_ms[0] == 0.05
    assert ladder(0.08).steps_ms[:2] == (0.08, 0.04)
    steps = ladder(0.2)
    rungs = later_rungs(steps, np.array([0, 0, 0, 6, 2]), np.array([1e-3, 2e-2, 50.0, 1.0, np.nan]), 5e-3)
    assert rungs.tolist() == [0, 1, 2, 6, 3]
