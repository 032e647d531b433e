"""The trial of the integration step before a run: what it refuses really blows up, and what it allows does not."""

import re

import numpy as np
import pytest

from ngnmm_core.preflight import step_trial
from ngnmm_core.preflight.step_trial import check_steps
from ngnmm_core.simulation.initial_states import perturbed
from ngnmm_core.simulation.integrators import get_integrator

REGIONS = 12


@pytest.fixture(autouse=True)
def own_cache(monkeypatch, tmp_path_factory):
    """Trials are made anew, with kernels that are compiled once."""
    monkeypatch.setattr(step_trial, "cache_directory", lambda: tmp_path_factory.mktemp("trials"))


@pytest.fixture
def tried(study):
    """Tries the step of a small study: `tried(simulation, **grid)`."""
    return lambda simulation, **grid: check_steps(study(simulation=simulation, grid=grid), REGIONS, 1.0)


@pytest.fixture
def ends_finite(ei, integrate, points_of):
    """Whether a random network from near the nominal state is finite after 100 ms with some method and step."""
    W = np.random.default_rng(3).uniform(0.1, 1.0, (REGIONS, REGIONS)) * (1.0 - np.eye(REGIONS))
    W /= W.sum(axis=1, keepdims=True)
    start = perturbed(ei, np.tile(ei.nominal, (1, REGIONS, 1)), np.array([0]), 0.01)

    def simulate(method, dt, **values):
        steps = round(100.0 / dt)
        return np.isfinite(integrate(ei, W, points_of(ei, **values), start, dt, 1, steps, method)).all()

    return simulate


@pytest.mark.parametrize(
    ("method", "dt_ms", "current", "G"),
    [("rk4", 0.05, 15, 30), ("rk4", 0.04, 30, 30), ("heun", 0.025, 15, 30), ("multirate", 0.2, 30, 30)],
)
def test_a_step_that_blows_up_is_refused_and_one_that_does_not_is_named(
    tried, refused, ends_finite, method, dt_ms, current, G
):
    settings = {"method": method, "dt_ms": dt_ms}
    words = ("simulation.dt_ms", f"{dt_ms:g}", method, f"G = {G}", "allowed: at most ")
    line = refused(lambda: tried(settings, I_ext_e=[3, current], G=[2, G]), *words)
    named = float(re.search(r"at most ([\d.]+)", line)[1])
    assert 0.25 * dt_ms <= named < dt_ms
    assert not ends_finite(method, dt_ms, I_ext_e=current, G=G)
    assert ends_finite(method, named, I_ext_e=current, G=G)


def test_a_step_that_is_shorter_by_far_is_not_tried(tried, monkeypatch):
    monkeypatch.setattr(step_trial, "Trial", lambda *_: pytest.fail("tried"))
    assert tried({"dt_ms": 0.0001}, G=[2, 30]) == []


@pytest.mark.parametrize("method", ["multirate", "rk4", "heun"])
def test_default_steps_pass_where_studies_are_made(tried, without_step, method):
    assert tried(without_step(method), I_ext_e=[3, 8, 15], G=[0, 5, 15, 30]) == []


@pytest.fixture
def without_step():
    """Settings of a method with its default step."""
    return lambda method: {"method": method, "dt_ms": get_integrator(method).step_ms}


def test_a_step_with_bad_results_is_warned_about(tried, refused):
    (warning,) = tried({"method": "rk4", "dt_ms": 0.1}, I_ext_e=[12], G=[9])
    assert re.match(
        r"warning: simulation.dt_ms: with 0.1, method rk4 is wrong by \d\d% .* largest step .*: 0.0\d", warning
    )
    assert tried({"method": "rk4", "dt_ms": 0.05}, I_ext_e=[12], G=[9]) == []


def test_a_default_step_that_blows_up_somewhere_is_warned_about(tried, ends_finite):
    """The rest of the sweep is good, and what blows up becomes NaN with a status."""
    (warning,) = tried({"method": "heun", "dt_ms": 0.01}, I_ext_e=[3, 40], G=[2, 30])
    assert re.match(r"warning: simulation.dt_ms: 0.01 makes method heun blow up at I_ext_e = 40, G = 30", warning)
    assert not ends_finite("heun", 0.01, I_ext_e=40, G=30)


def test_the_steps_that_are_tried_are_those_of_the_points(study, monkeypatch):
    own = {"without_of_simulation": ["dt_ms"], "grid": {"tau_e": [8, 16], "tau_i": [16], "G": [2]}}
    made = study(**own, model={"name": "wilson_cowan", "parameters": {}}, simulation={"method": "rk4"})
    found, settings = [], {"refused": False, "message": ""}
    keep = lambda study, simulation, points, row_sum: found.append((simulation.dt_ms, len(points))) or settings
    monkeypatch.setattr(step_trial, "_verdict", keep)
    check_steps(made, REGIONS, 1.0)
    assert found == [(0.01, 1), (0.02, 1)]
    found.clear()
    delayed = {"grid": {"velocity_m_per_s": [3, 5], "G": [2]}, "simulation": {"method": "multirate"}}
    check_steps(study(**own | delayed), REGIONS, 1.0)
    assert found == [(get_integrator("multirate").usual_step_ms(True), 1)]


def test_stimuli_add_to_the_input(tried, refused, study):
    stimulus = {"parameter": "I_ext_e", "amplitude": 12, "onset_ms": 60, "duration_ms": 20}
    settings = {"method": "rk4", "dt_ms": 0.05}
    assert tried(settings, I_ext_e=[3], G=[30]) == []
    refused(lambda: tried({**settings, "stimuli": [stimulus]}, I_ext_e=[3], G=[30]), "dt_ms", "I_ext_e = 15")


def test_a_trial_is_made_once(study, monkeypatch, tmp_path):
    monkeypatch.setattr(step_trial, "cache_directory", lambda: tmp_path)
    one = study(simulation={"method": "rk4"}, grid={"I_ext_e": [12], "G": [9]})
    assert check_steps(one, REGIONS, 1.0) == []
    monkeypatch.setattr(step_trial, "Trial", None)
    assert check_steps(one, REGIONS, 1.0) == []
    with pytest.raises(TypeError):
        check_steps(one, REGIONS, 1.5)


@pytest.mark.parametrize("place", range(2, 42, 8))
def test_a_damaged_verdict_is_found_again(study, monkeypatch, tmp_path, place):
    """A bit that flips would else refuse the study, take a warning away, or end the plan with a traceback."""
    monkeypatch.setattr(step_trial, "cache_directory", lambda: tmp_path)
    one = study(simulation={"method": "rk4", "dt_ms": 0.05}, grid={"I_ext_e": [3], "G": [2]})
    expected = check_steps(one, REGIONS, 1.0)
    (kept,) = tmp_path.glob("step-*.json")
    content = bytearray(kept.read_bytes())
    content[-place] ^= 1
    kept.write_bytes(content)
    assert check_steps(one, REGIONS, 1.0) == expected
    assert bytes(content) != kept.read_bytes()


def test_a_trial_that_cannot_be_kept_is_made_all_the_same(study, monkeypatch, tmp_path):
    """A cache that others share may be read-only; here a file stands in its place, which stops root too."""
    (tmp_path / "cache").touch()
    monkeypatch.setattr(step_trial, "cache_directory", lambda: tmp_path / "cache")
    assert check_steps(study(simulation={"method": "rk4"}, grid={"I_ext_e": [12], "G": [9]}), REGIONS, 1.0) == []


def test_the_corners_of_a_large_grid_are_tried(study):
    points = study(
        grid={"I_ext_e": {"start": 0, "stop": 30, "num": 100}, "G": {"start": 0, "stop": 30, "num": 100}}
    ).points()
    tried = step_trial._extremes(points)
    corners = {(float(i), float(g)) for i, g in zip(tried.parameters["I_ext_e"], tried.parameters["G"], strict=True)}
    assert corners >= {(0.0, 0.0), (0.0, 30.0), (30.0, 0.0), (30.0, 30.0)}
    assert len(tried) <= step_trial.MOST_POINTS


def test_a_trial_lasts_100_ms_at_the_default_time_constants(study, points_of, ei):
    """With all of them 16 times as long it is 1600 ms, and finds the same to the last bit; 3200 states are compared."""
    found = []
    for factor in (1.0, 16.0):
        times = {"duration_ms": 400, "transient_ms": 160, "dt_ms": 0.02, "sample_ms": 0.1}
        settings = {"method": "rk4", "initial": {"sd": 0.0}, **{name: t * factor for name, t in times.items()}}
        slow = {p.name: [p.default * factor] for p in ei.parameters if p.unit == "ms"}
        tried = study(simulation=settings, grid={"G": [5.0], **slow})
        points = points_of(ei, 1, I_ext_e=10.0, G=5.0, **slow)
        found.append(step_trial.Trial(tried, tried.simulation, points, 1.0).run(5))
    assert found[0][0] is found[1][0] is None
    assert 0.0 < found[0][1][0] < 0.1
    np.testing.assert_array_equal(found[1][1], found[0][1])
