"""Conduction delays of the points of a study: lengths, velocities side by side, steps that are too long."""

import numpy as np
import pytest
from delayed_networks import REGIONS, UNEQUAL, W

from ngnmm_core.api import simulate
from ngnmm_core.connectome.connectome import Connectome
from ngnmm_core.errors import InputError
from ngnmm_core.preflight.calibration import measure
from ngnmm_core.preflight.connectome_checks import check_connectome
from ngnmm_core.simulation.delay_settings import lengths_mm
from ngnmm_core.simulation.observation import SimulationStatus
from ngnmm_core.simulation.settings import Simulation
from ngnmm_core.simulation.simulator import Simulator
from ngnmm_core.study.load import make_study

INPUT, G = 8.0, 15.0


@pytest.fixture(scope="module")
def network():
    lengths = 10.0 * UNEQUAL
    return Connectome(W, tract_length=lengths)


def test_velocities_side_by_side_or_alone_give_the_same_bits_and_infinity_is_none(ei, network, points_of):
    settings = Simulation(duration_ms=40.0, transient_ms=20.0)
    points = points_of(ei, 4, I_ext_e=INPUT, G=G, velocity_m_per_s=[5.0, np.inf, 10.0, 5.0], seed=[0, 0, 0, 1])
    simulator = Simulator(ei, network, settings, [])
    together = simulator.run(points)
    states = []
    for k in range(4):
        run = simulator.start(points.take(np.array([k])))
        run.advance(0.1, 400, 1)
        states.append(run.by_point(run.states)[0].copy())
        alone = simulator.run(points.take(np.array([k])))
        for name, values in together.items():
            np.testing.assert_array_equal(values[k], alone[name][0], err_msg=name)
    pair = simulator.start(points.take(np.array([0, 3])))
    pair.advance(0.1, 400, 1)
    np.testing.assert_array_equal(pair.by_point(pair.states), [states[0], states[3]])
    none = Simulator(ei, Connectome(W), settings, []).start(points_of(ei, 1, I_ext_e=INPUT, G=G))
    none.advance(0.1, 400, 1)
    np.testing.assert_array_equal(none.by_point(none.states)[0], states[1])
    assert np.abs(states[0] - states[2]).max() > 1e-3


def test_connections_without_a_length_are_refused_or_get_that_of_a_straight_line(network):
    lacking = np.array(network.tract_length)
    lacking[0, 1], lacking[2, 3] = np.nan, 0.0
    centres = np.arange(15.0).reshape(5, 3)
    with pytest.raises(
        InputError, match=r"^simulation\.velocity_m_per_s: 2 of 20 connections have no length, such as 1 to 0;"
    ):
        lengths_mm(Connectome(W, tract_length=lacking), "refuse")
    with pytest.raises(InputError, match="no centres; allowed"):
        lengths_mm(Connectome(W, tract_length=lacking), "euclidean")
    with pytest.raises(InputError, match="centres of 1 and 0 are no distance apart"):
        lengths_mm(Connectome(W, tract_length=lacking, centres=np.ones((5, 3))), "euclidean")
    found = lengths_mm(Connectome(W, tract_length=lacking, centres=centres), "euclidean")
    assert found[0, 1] == pytest.approx(np.sqrt(27.0))
    assert found[1, 0] == lacking[1, 0]  # lengths belong to (target, source)
    lonely = np.where(np.arange(25).reshape(5, 5) == 1, 0.0, W)  # no connection, no length needed
    only = np.array(network.tract_length)
    only[0, 1] = np.nan
    assert lengths_mm(Connectome(lonely, tract_length=only), "refuse")[0, 1] == 0.0


def test_an_entry_of_the_registry_without_lengths_is_refused_before_it_is_fetched(tmp_path):
    study = lambda name, **given: make_study("s", {
        "study": "s",
        "connectome": {"name": name},
        "grid": {"G": [2.0], "velocity_m_per_s": [10, None]},
        "simulation": {"duration_ms": 200, "transient_ms": 100, **given},
        "analyses": ["rates"],
    })  # fmt: skip
    none = tmp_path / "none.nc"
    begin = r"^simulation\.velocity_m_per_s: the connectome comes without tract lengths"
    with pytest.raises(InputError, match=begin + "; .*missing_lengths: euclidean"):
        check_connectome(study("aal90-sc2017"), none, 90)
    check_connectome(study("aal90-sc2017", missing_lengths="euclidean"), none, 90)
    for missing in ("refuse", "euclidean"):
        with pytest.raises(InputError, match=begin + " and centres; "):
            check_connectome(study("schaefer-1000", missing_lengths=missing), none, 1000)
    check_connectome(study("dk-84"), none, 84)


def test_rates_of_a_machine_are_measured_with_delays():
    """On a made-up network, which must have lengths."""
    study = make_study("s", {
        "study": "s",
        "connectome": {"path": "made_up.csv"},
        "grid": {"G": [2.0], "velocity_m_per_s": [10, None]},
        "simulation": {"duration_ms": 200, "transient_ms": 100},
        "analyses": ["rates"],
    })  # fmt: skip
    rates = measure(study, "simulation", 5)
    assert rates.transient > 0


@pytest.mark.slow
def test_a_step_that_is_too_long_for_bursts_that_come_together_has_a_status():
    """With equal delays regions burst at once: 0.1 ms is off by 6 % of the range there, and no number comes out."""
    together = Connectome(W, tract_length=73.0 * (1 - np.eye(REGIONS)))
    settings = {"duration_ms": 200.0, "transient_ms": 50.0, "velocity_m_per_s": 10.0, "analyses": ["rates"]}
    fixed = simulate({"I_ext_e": INPUT, "G": G}, together, dt_ms=0.1, **settings)
    assert fixed["simulation_status"].item() == SimulationStatus.INACCURATE
    assert np.isnan(fixed["firing_rate"]).all()
    own = simulate({"I_ext_e": INPUT, "G": G}, together, **settings)
    assert own["simulation_status"].item() == 0
    assert own["step_ms"].item() < 0.1
    assert np.isfinite(own["firing_rate"]).all()
