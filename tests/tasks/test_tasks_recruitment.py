"""Recruitment: the distances against networkx, order on a chain, lesions that stop it."""

import networkx as nx
import numpy as np
import pytest
from scipy.integrate import solve_ivp

from ngnmm_core.analysis.path_lengths import distances_from
from ngnmm_core.analysis.recruitment import RecruitmentStatus
from ngnmm_core.api import get_connectome, run_study
from ngnmm_core.errors import InputError
from ngnmm_core.study.load import make_study

FOCAL = {"name": "focal", "parameter": "I_ext", "onset_ms": 100, "duration_ms": 50, "amplitude": 8.0, "regions": [0]}
SIMULATION = {
    "duration_ms": 900, "transient_ms": 50, "sample_ms": 0.5, "stimuli": [FOCAL],
    "initial": {"from": "homogeneous", "sd": 0.0},
}  # fmt: skip


# ------------------------------------------------------------------ distances
@pytest.mark.parametrize("focus", [[0], [2, 7]])
def test_distances_are_those_of_networkx(focus):
    rng = np.random.default_rng(3)
    W = rng.uniform(0.05, 1.0, (12, 12)) * (rng.uniform(size=(12, 12)) < 0.25)
    W[:, 5] = 0.0
    W[5] = 0.0  # a region that nothing leads to
    np.fill_diagonal(W, 0.0)
    tracts = rng.uniform(10, 100, (12, 12))
    graph = nx.DiGraph()
    graph.add_nodes_from(range(12))
    graph.add_weighted_edges_from((j, i, 1.0 / W[i, j]) for i, j in zip(*np.nonzero(W), strict=True))
    lengths, paths = nx.multi_source_dijkstra(graph, set(focus))
    found = distances_from(W, np.array(focus), tracts)
    for k in range(12):
        if k in lengths:
            steps = list(zip(paths[k][:-1], paths[k][1:], strict=True))
            assert found.length[k] == pytest.approx(lengths[k], rel=1e-12)
            assert found.steps[k] == len(steps)
            assert found.tract_length[k] == pytest.approx(sum(tracts[i, j] for j, i in steps), rel=1e-12)
        else:
            assert np.isnan(found.length[k])
            assert found.steps[k] == -1
    assert not np.isfinite(found.length[5])


# ------------------------------------------------------------------ spread
def chain(regions):
    """Each region listens to its neighbours on a line."""
    return np.eye(regions, k=1) + np.eye(regions, k=-1)


def spread_on(W, **changes):
    """A spread of one population per region, held 0.1 below its saddle-node."""
    config = {
        "connectome": {"name": "made_up"},
        "model": {"name": "ngnmm_population", "operating_point": {"margin": 0.1}},
        "grid": {"G": [3.0]},
        "simulation": SIMULATION,
        "analyses": {"recruitment": {}},
    }
    return run_study(make_study("spread", {**config, **changes}), get_connectome(W))


@pytest.mark.parametrize("focus", [0, 3])
def test_on_a_chain_the_order_is_that_of_the_distance(focus):
    found = spread_on(chain(7), grid={"G": [3.0], "focal.region": [focus]})
    order, away = found.recruitment_order.values.ravel(), np.abs(np.arange(7) - focus)
    assert float(found.recruited_fraction.item()) == 1.0
    for nearer in range(7):
        for farther in range(7):
            if away[nearer] < away[farther]:
                assert order[nearer] < order[farther]
    np.testing.assert_array_equal(found.path_steps.values.ravel(), away)
    assert float(found.latency_correlation.sel(path_measure="path_steps").item()) > 0.97


def test_onsets_are_those_of_another_solver(population):
    """The time at which the unsmoothed rate of DOP853 goes through the threshold for good, within a sample."""
    W = chain(4) / chain(4).sum(axis=1, keepdims=True)
    found = spread_on(chain(4), analyses={"recruitment": {"smooth_ms": 0.0}, "bistability": {}})
    parameters = population.resolve({"G": 3.0, "I_ext": float(found.drive.item())})
    rate = found.rest_rate.item() / 1000.0
    rest = np.array([rate, -1.0 / (2.0 * np.pi * 10.0 * rate), rate])
    during = solved(population, W, parameters, np.tile(rest, (4, 1)), 8.0, np.arange(0.0, 50.1, 0.5))
    after = solved(population, W, parameters, during[-1], 0.0, np.arange(0.5, 700.0, 0.5))
    rates = 1000.0 * np.concatenate([during, after])[:, :, 0]
    for region in range(4):
        below = np.flatnonzero(rates[:, region] < found.recruitment_threshold.item())
        onset = 100.0 + 0.5 * (below[-1] + 1)
        assert found.onset_time.values.ravel()[region] == pytest.approx(onset, abs=0.51)


def solved(model, W, parameters, start, amplitude, times):
    """States [time, region, state] with a constant input to region 0, by scipy's DOP853."""
    constants, extra = model.coefficients(parameters), np.eye(len(W))[0] * amplitude

    def slope(t, flat):
        x = flat.reshape(start.shape).T
        coupling = parameters["G"] * (W @ x[2])
        return np.stack(model.derivative(tuple(x), (parameters["I_ext"] + extra,), constants, coupling), -1).ravel()

    span = (0.0, times[-1])
    out = solve_ivp(slope, span, start.ravel(), "DOP853", times, rtol=1e-11, atol=1e-13)
    return out.y.T.reshape(len(times), *start.shape)


def test_a_resection_on_the_way_stops_the_spread():
    """Without region 3 of a chain only what lies before it is recruited; the result is one of the smaller network."""
    found = spread_on(chain(6), grid={"G": [3.0], "resection.region": [-1, 3]})
    recruited = np.isfinite(found.onset_time.values[0])
    np.testing.assert_array_equal(recruited[0], [True] * 6)
    np.testing.assert_array_equal(recruited[1], [True, True, True, False, False, False])
    np.testing.assert_allclose(found.recruited_fraction[0], [1.0, 0.5])
    assert np.isnan(found.path_length.values[0, 1, 4])
    labelled = spread_on(chain(6), simulation={**SIMULATION, "resection": {"regions": ["region_4"]}})
    np.testing.assert_array_equal(labelled.onset_time.values[0], found.onset_time.values[0, 1])


def test_without_a_stimulus_strong_enough_nothing_is_recruited():
    found = spread_on(chain(4), grid={"G": [3.0], "focal.amplitude": [0.0, 8.0]})
    np.testing.assert_array_equal(found.recruitment_status[0], [RecruitmentStatus.NOTHING_RECRUITED, 0])
    assert found.recruited_fraction.values[0].tolist() == [0.0, 1.0]


def test_without_two_states_there_is_no_threshold_unless_one_is_given():
    model = {"name": "ngnmm_population", "parameters": {"Delta": 5.0}}
    found = spread_on(chain(4), model=model)
    assert found.recruitment_status.item() == RecruitmentStatus.NO_THRESHOLD
    assert np.isnan(found.onset_time).all()
    assert np.isnan(found.recruited_fraction).all()
    given = spread_on(chain(4), model=model, analyses={"recruitment": {"threshold_hz": 1000.0}})
    assert given.recruitment_status.item() == RecruitmentStatus.NOTHING_RECRUITED


@pytest.mark.parametrize(
    ("simulation", "options", "key"),
    [
        ({"stimuli": []}, {}, "analyses.recruitment: there is no stimulus"),
        ({}, {"stimulus": "fokal"}, "analyses.recruitment.stimulus: unknown 'fokal' (did you mean 'focal'?)"),
        ({}, {"population": "I"}, "analyses.recruitment.population: unknown 'I'"),
        ({"stimuli": [{**FOCAL, "onset_ms": 20}]}, {}, "simulation.stimuli.focal.onset_ms: 20 is outside"),
        ({"stimuli": [{**FOCAL, "onset_ms": 1000}]}, {}, "simulation.stimuli.focal.onset_ms: 1000 is outside"),
        ({"resection": {"regions": ["region_9"]}}, {}, "simulation.resection.regions: unknown 'region_9'"),
    ],
)
def test_bad_input_is_refused_in_one_line(simulation, options, key):
    with pytest.raises(InputError) as refusal:
        spread_on(chain(4), simulation={**SIMULATION, **simulation}, analyses={"recruitment": options})
    assert str(refusal.value).startswith(key)
    assert "\n" not in str(refusal.value)
