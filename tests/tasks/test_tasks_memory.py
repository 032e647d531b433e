"""Working memory from the study to the rates: against another solver, the saddle-node points, and known statistics."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.stats import norm

from ngnmm_core.analysis.memory import CORRECT_REJECTION, HIT, MISS, MemoryStatus
from ngnmm_core.analysis.memory_trials import half_life, summarise, survival, table, wilson
from ngnmm_core.api import get_connectome, run_study
from ngnmm_core.dynamics.bistable_range import bistable_range, rest_and_active, under_input
from ngnmm_core.study.load import load_studies, make_study
from ngnmm_core.study.yaml_files import read_yaml

CUE = {"name": "cue", "parameter": "I_ext", "onset_ms": 100, "duration_ms": 100, "amplitude": 6}
PROBE = {"name": "probe", "parameter": "I_ext", "after": "cue", "onset_ms": 500, "duration_ms": 60, "amplitude": 0.5}
SIMULATION = {
    "duration_ms": 800, "transient_ms": 50, "sample_ms": 1, "method": "heun", "dt_ms": 0.05,
    "initial": {"from": "homogeneous", "sd": 0}, "stimuli": [CUE, PROBE],
}  # fmt: skip
ALONE = {
    "connectome": {"name": "single"},
    "normalization": "none",
    "model": {"name": "ngnmm_population", "operating_point": {"position": 0.5, "of": "region"}},
    "simulation": SIMULATION,
    "analyses": {"memory": {}},
}


def study_of(simulation=None, stimuli=None, **keys):
    """The study of one population, changed; `stimuli` lays keys over cue and probe."""
    changed = [{**s, **(stimuli or {}).get(s["name"], {})} for s in (CUE, PROBE)]
    return make_study(
        "memory", {**ALONE, **keys, "simulation": {**SIMULATION, "stimuli": changed, **(simulation or {})}}
    )


def found_in(**keys):
    """What a study of one population gives."""
    return run_study(study_of(**keys), get_connectome("single"))


def seeds(count):
    return {"start": 0, "stop": count - 1, "step": 1}


# ------------------------------------------------------------------ without noise
def holds(population, drive, amplitude, duration):
    """Whether DOP853 finds the population active 500 ms after a cue that finds it at rest."""
    parameters = {name: float(value) for name, value in population.resolve({"I_ext": drive}).items()}
    constants, (x, _) = population.coefficients(parameters), rest_and_active(population, parameters, 0.0)
    for length, current in ((duration, drive + amplitude), (500.0, drive)):
        slope = lambda t, x, i=current: population.derivative(tuple(x), (i,), constants, 0.0)
        x = solve_ivp(slope, (0.0, length), x, "DOP853", rtol=1e-10, atol=1e-12).y[:, -1]
    return x[0] > 0.06


def test_which_cues_are_loaded_is_what_another_solver_finds(population):
    """For every amplitude and duration; without noise trials are all alike, and stronger or longer cues load better."""
    grid = {"cue.amplitude": [0.5, 1, 1.35, 1.7, 2, 3], "cue.duration_ms": [25, 60, 200], "seed": [0, 1]}
    analyses = {"memory": {}, "bistability": {"of": "region"}}
    found = found_in(grid=grid, analyses=analyses, simulation={"duration_ms": 900})
    drive = float(found.drive)
    held = [[holds(population, drive, a, d) for d in grid["cue.duration_ms"]] for a in grid["cue.amplitude"]]
    assert 0 < np.sum(held) < np.size(held)
    np.testing.assert_array_equal(found.delay_outcome[..., 0] == HIT, held)
    for name in ("delay_outcome", "cued_rate", "answer", "probed_rate"):
        np.testing.assert_array_equal(found[name][..., 0], found[name][..., 1])
    np.testing.assert_array_equal(found.answer[..., 0] == 1, held)
    assert (np.diff(np.array(held, int), axis=0) >= 0).all()
    assert (np.diff(np.array(held, int), axis=1) >= 0).all()


@pytest.mark.parametrize("Delta", [0.6, 1.4])
def test_memory_ends_at_the_saddle_node_points(population, Delta):
    """Just inside the bistable range both states persist; below it the item is lost, above it there is no rest."""
    parameters = {name: float(value) for name, value in population.resolve({"Delta": Delta}).items()}
    ends = bistable_range(population, parameters, 0.0)
    drives = [ends.low - 0.03, ends.low + 0.03, ends.high - 0.03, ends.high + 0.03]
    found = found_in(
        model={"name": "ngnmm_population", "parameters": {"Delta": Delta}},
        grid={"I_ext": drives, "cue.amplitude": [0, 6]},
        analyses={"memory": {"threshold_hz": 50.0}},
        simulation={"duration_ms": 2000},
        stimuli={"probe": {"onset_ms": 1500}},
    )
    np.testing.assert_array_equal(
        found.delay_outcome, [[CORRECT_REJECTION, MISS], [CORRECT_REJECTION, HIT], [CORRECT_REJECTION, HIT], [-1, -1]]
    )
    assert (found.memory_status[3] == MemoryStatus.ACTIVE_BEFORE_CUE).all()
    outside = found_in(
        model={"name": "ngnmm_population", "parameters": {"Delta": Delta}}, grid={"I_ext": [drives[0], drives[3]]}
    )
    assert (outside.memory_status == MemoryStatus.NO_THRESHOLD).all()
    assert (outside.delay_outcome == -1).all()


# ------------------------------------------------------------------ the threshold under the probe
def test_states_under_a_probe_are_where_another_solver_ends(population):
    parameters = {name: float(value) for name, value in population.resolve({"G": 2.0, "I_ext": 0.4}).items()}
    constants, weight = population.coefficients(parameters), 1.3
    at_rest, active = rest_and_active(population, parameters, weight)
    coupling = weight * at_rest[2]  # from the others, which stay at rest
    for start, expected in zip((at_rest, active), under_input(population, parameters, weight, 0.5), strict=True):
        slope = lambda t, x: population.derivative(tuple(x), (0.9,), constants, coupling)
        end = solve_ivp(slope, (0.0, 3000.0), start, "DOP853", rtol=1e-11, atol=1e-13).y[:, -1]
        np.testing.assert_allclose(end, expected, rtol=1e-6)


def test_a_probe_that_decides_the_state_by_itself_gives_no_answer(population):
    """The resting state under the probe ends at the saddle-node point, 1.3037 above the middle of the range."""
    found = found_in(grid={"probe.amplitude": [1.28, 1.33]})
    np.testing.assert_array_equal(found.answer, [1, -1])
    np.testing.assert_array_equal(np.isnan(found.answer_threshold), [False, True])
    assert (found.delay_outcome == HIT).all()


# ------------------------------------------------------------------ noise
@pytest.fixture(scope="module")
def noisy():
    """Trials with three intensities of noise, with and without a cue."""
    return found_in(grid={"noise_sigma": [1.0, 3.5, 5.0], "cue.amplitude": [0, 6], "seed": seeds(40)})


@pytest.mark.slow
def test_noise_shortens_memory_and_lights_what_was_not_cued(noisy):
    rates = summarise(noisy)
    success = rates.success_rate.sel({"cue.amplitude": 6.0}).values
    assert (np.diff(success[:, 0]) < 0).all()
    assert success[2, 2] < success[0, 1]  # the intervals are apart
    alarms = rates.success_rate.sel({"cue.amplitude": 0.0}).values
    assert alarms[0, 0] == 1.0
    assert alarms[2, 2] < alarms[0, 1]
    curves = rates.survival.sel({"cue.amplitude": 6.0}, drop=True).sel(bound="estimate").values
    assert (np.diff(curves, axis=1) <= 0).all()
    assert (curves[2] <= curves[0]).all()
    assert np.isnan(rates.survival.sel({"cue.amplitude": 0.0})).all()


def test_rates_are_those_of_the_trials(noisy):
    rates = summarise(noisy)
    of = noisy.sel({"cue.amplitude": 6.0, "noise_sigma": 5.0})
    counted = of.memory_status == 0
    assert 0 < counted.sum() < 40  # some were active before the cue
    assert rates.trials.sel({"cue.amplitude": 6.0, "noise_sigma": 5.0}) == counted.sum()
    hits = float((of.delay_outcome[counted] == HIT).mean())
    assert rates.success_rate.sel({"cue.amplitude": 6.0, "noise_sigma": 5.0, "bound": "estimate"}) == hits
    last = rates.survival.sel({"cue.amplitude": 6.0, "noise_sigma": 5.0, "bound": "estimate"})[-1]
    assert float(last) == pytest.approx(hits)
    frame = table(rates)
    row = frame[(frame["cue.amplitude"] == 6.0) & (frame["noise_sigma"] == 5.0)].iloc[0]
    assert (row.trials, row.success_rate) == (counted.sum(), pytest.approx(hits))


def test_a_trial_is_the_same_whatever_stands_beside_it(noisy):
    some = found_in(grid={"noise_sigma": [3.5], "cue.amplitude": [6, 0], "seed": [7, 30, 2]})
    for name in ("delay_outcome", "loss_time", "cued_rate", "probed_rate"):
        expected = noisy[name].sel({"noise_sigma": [3.5], "cue.amplitude": [6, 0], "seed": [7, 30, 2]})
        np.testing.assert_array_equal(some[name], expected)


# ------------------------------------------------------------------ a network
def test_the_item_of_a_network_is_the_cued_region(ring6):
    """Answers tell the cued region from its neighbour, held apart by weak coupling; strong drive lights all of them."""
    study = study_of(
        connectome={"name": "made_up"},
        normalization="row",
        model={"name": "ngnmm_population", "parameters": {"G": 1.0}, "operating_point": {}},
        grid={"probe.region": [2, 3], "operating_point.position": [0.6, 0.97]},
        stimuli={"cue": {"regions": ["region_3"]}, "probe": {"amplitude": 0.2}},
    )
    found = run_study(study, get_connectome(ring6))
    np.testing.assert_array_equal(found.delay_outcome, [[0, 2], [0, 2]])
    np.testing.assert_array_equal(found.right_answer[:, 0], [1, 0])
    np.testing.assert_array_equal(found.answer[:, 0], [1, 0])
    assert (found.other_active_fraction[:, 1] == 1.0).all()


# ------------------------------------------------------------------ statistics
@pytest.mark.parametrize(("successes", "trials"), [(0, 10), (5, 10), (81, 263), (10, 10)])
def test_intervals_are_wilson_s(successes, trials):
    """His formula; 81 of 263 gives 0.2553 to 0.3662 in Newcombe, Stat. Med. 17, 857 (1998)."""
    z, p = norm.ppf(0.975), successes / trials
    middle = (p + z**2 / (2 * trials)) / (1 + z**2 / trials)
    half = z / (1 + z**2 / trials) * np.sqrt(p * (1 - p) / trials + z**2 / (4 * trials**2))
    found = wilson(successes, trials)
    np.testing.assert_allclose(found, (p, middle - half, middle + half), atol=1e-12)
    if trials == 263:
        np.testing.assert_allclose(found[1:], (0.2553, 0.3662), atol=5e-5)


def test_survival_is_kaplan_and_meier_s():
    """The 21 treated patients of Freireich et al. (1963), whose estimate is in every textbook."""
    weeks = np.array([6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35.0])
    censored = np.array([0, 0, 0, 1, 0, 1, 0, 1, 1, 0, 0, 1, 1, 1, 0, 0, 1, 1, 1, 1, 1], bool)
    at = np.array([5.0, 6, 7, 10, 13, 16, 22, 23, 35, 36])
    found = survival(np.where(censored, np.nan, weeks), weeks, at)
    np.testing.assert_allclose(
        found[:-1, 0], [1, 0.8571, 0.8067, 0.7529, 0.6902, 0.6275, 0.5378, 0.4482, 0.4482], atol=5e-5
    )
    assert np.isnan(found[-1]).all()
    assert half_life(at, found[:, 0]) == 23.0
    assert np.isnan(half_life(at[:6], found[:6, 0]))


def test_bands_of_survival_are_those_of_proportions():
    """Twenty trials, nine lost at known times, the others held to the end of the delay."""
    losses = np.array([*range(10, 100, 10), *[np.nan] * 11], float)
    found = survival(losses, np.full(20, 100.0), np.array([0.0, 35.0, 100.0]))
    np.testing.assert_allclose(found, [wilson(20, 20), wilson(17, 20), wilson(11, 20)])


# ------------------------------------------------------------------ bad input
@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            {"stimuli": {"cue": {"name": "queue"}, "probe": {"after": None, "onset_ms": 300}}},
            ["analyses.memory.cue: unknown 'cue'", "queue"],
        ),
        ({"analyses": {"memory": {"probe": "prob"}}}, ["analyses.memory.probe: unknown 'prob'", "mean 'probe'?"]),
        ({"analyses": {"memory": {"probe": "cue"}}}, ["analyses.memory.probe: 'cue' is the cue too"]),
        ({"simulation": {"stimuli": []}}, ["analyses.memory.cue: there is no stimulus 'cue'"]),
        ({"analyses": {"memory": {"population": "I"}}}, ["analyses.memory.population: unknown 'I'"]),
        ({"stimuli": {"cue": {"onset_ms": 40}}}, ["cue.onset_ms: 40 ms", "no fixation", "at least 51"]),
        ({"stimuli": {"cue": {"duration_ms": None}, "probe": {"after": None}}}, ["cue.duration_ms: null", "must end"]),
        ({"stimuli": {"cue": {"onset_ms": 900}}}, ["cue.duration_ms: 100", "outside the simulation", "= 800"]),
        (
            {"stimuli": {"probe": {"after": None, "onset_ms": 150}}},
            ["probe.onset_ms: 150 ms is out of order", "at least 250"],
        ),
        ({"stimuli": {"probe": {"onset_ms": 30}}}, ["probe.onset_ms: 230 ms from", "is out of order", "at least 250"]),
        ({"stimuli": {"probe": {"onset_ms": 800}}}, ["probe.onset_ms: 1000 ms from", "is outside"]),
        ({"stimuli": {"probe": {"onset_ms": 550}}}, ["probe.duration_ms: 60", "outside the simulation"]),
        ({"grid": {"cue.duration_ms": [20, 160]}}, ["probe.duration_ms: 60", "outside the simulation"]),
        ({"highlights": [{"probe.onset_ms": 700}]}, ["probe.onset_ms: 900 ms from", "is outside"]),
        ({"analyses": {"memory": {"probe": None}}, "stimuli": {"cue": {"onset_ms": 680}}}, ["no delay"]),
        ({"stimuli": {"probe": {"kind": "sinusoid"}}}, ["probe.kind: 'sinusoid'", "threshold_hz"]),
        ({"grid": {"noise_sigma": [1]}, "simulation": {"method": "rk4"}}, ["simulation.noise_sigma: 1", "heun"]),
        ({"model": {**ALONE["model"], "parameters": {"Delta": 5}}}, ["model.operating_point.position: there is no"]),
        ({"stimuli": {"cue": {"regions": ["Precuneus"]}}}, ["simulation.stimuli.cue.regions: unknown 'Precuneus'"]),
    ],
)  # fmt: skip
def test_bad_input_is_refused_in_one_line(refused, changes, words):
    refused(lambda: found_in(**changes), "allowed: ", *words)


# ------------------------------------------------------------------ the bundled study
def test_the_bundled_study_has_ten_thousand_trials_and_can_be_run_small(request):
    """Every part with two seeds and a few values; what is seen in the whole one is seen here."""
    content = read_yaml(request.config.rootpath / "config" / "studies" / "working_memory.yaml")
    studies = load_studies(content)
    assert sum(s.size() for s in studies.values() if "memory" in s.options) >= 10_000
    few = {
        "range": {"Delta": [0.5, 3.0], "J": [10, 20], "tau_s": [2]},
        "cue": {"cue.amplitude": [0, 0.6, 4], "cue.duration_ms": [25, 200], "seed": [0, 1]},
        "noise": {"cue.amplitude": [0, 6], "Delta": [1], "noise_sigma": [1, 5], "seed": [0, 1]},
    }
    parts = {part: {**content["parts"][part], "grid": grid, "highlights": []} for part, grid in few.items()}
    small = load_studies({**content, "parts": parts})
    found = {name.rpartition("/")[2]: run_study(study, get_connectome("single")) for name, study in small.items()}
    np.testing.assert_array_equal(np.isfinite(found["range"].bistable_low[..., 0]), [[True, True], [False, True]])
    success = summarise(found["cue"]).success_rate.sel(bound="estimate").values
    np.testing.assert_array_equal(success, [[1, 1], [0, 0], [1, 1]])
    assert (summarise(found["noise"]).success_rate.sel(noise_sigma=1.0, bound="estimate") == 1).all()
