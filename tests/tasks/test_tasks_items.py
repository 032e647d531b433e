"""The two-item memory as a task: load, hold and read out, against the reference and the bundled study."""

import json
from pathlib import Path

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from ngnmm_core.analysis.item_memory import CONFUSED, HELD, OUTCOMES, SILENT
from ngnmm_core.api import get_connectome, run_study, simulate
from ngnmm_core.models import get_model
from ngnmm_core.study.load import load_studies, make_study
from ngnmm_core.study.yaml_files import read_yaml

REFERENCE = json.loads((Path(__file__).parents[1] / "reference" / "family.json").read_text(encoding="utf-8"))
MEMORY = REFERENCE["ngnmm_memory"]
CUE = {"name": "cue", "parameter": "I_S_1", "onset_ms": 3000, "duration_ms": 350, "amplitude": 0.2}
PROBE = {"name": "probe", "parameter": "I_S", "after": "cue", "onset_ms": 1000, "duration_ms": 250, "amplitude": 0.1}
BACKGROUND = {"name": "background", "parameter": "I_B", "onset_ms": 3000, "amplitude": 0.0}
SETTINGS = {
    "model": "ngnmm_memory", "normalization": "none", "duration_ms": 5000, "transient_ms": 2900, "sample_ms": 0.25,
    "method": "heun", "dt_ms": 0.05, "initial": {"from": "random", "sd": 0.0},
}  # fmt: skip


@pytest.fixture(scope="module")
def trials():
    """Trials of both cues; with the onset of the cue the background of 1.2 stays, or rises to 2."""
    grid = {"background.amplitude": [0.0, 0.8]}
    return [
        simulate({}, [[0.0]], grid, {"item_memory": {}}, stimuli=[BACKGROUND, cue, PROBE], **SETTINGS)
        for cue in (CUE, {**CUE, "parameter": "I_S_2"})
    ]


def test_a_silent_item_is_woken_by_a_probe_of_both(trials):
    """I_B 1.2: activity is over after the delay, and the probe wakes the item that was loaded: 17.1 against 2.4 Hz."""
    first = trials[0].isel({"background.amplitude": 0})
    assert first.item_outcome == SILENT
    assert first.recalled_item == first.cued_item == 0
    assert first.held_item == -1
    expected = MEMORY["reading_out"]["highest_rate_hz"][0]
    assert first.recalled_rate.sel(item="item_1") == pytest.approx(expected, rel=1e-3)
    assert first.recalled_rate.sel(item="item_2") == pytest.approx(2.40489, rel=1e-3)  # by DOP853
    loading = MEMORY["loading_item_1"]["runs"][0]["heights_hz"][0]
    assert first.loaded_rate.sel(item="item_1") == pytest.approx(loading, rel=2e-3)


def test_an_item_is_held_by_activity_at_more_background(trials):
    """I_B 2: the loaded item stays active, and on the way to 8.573 against 1.499 Hz."""
    held = trials[0].isel({"background.amplitude": 1})
    assert held.item_outcome == HELD
    assert held.held_item == 0
    np.testing.assert_allclose(held.held_rate, [8.57, 1.50], atol=0.1)


def test_the_items_are_alike(trials):
    """Up to what is left of their nominal states, which differ by 5 % in one rate."""
    for name in ("loaded_rate", "held_rate", "recalled_rate"):
        np.testing.assert_allclose(trials[0][name].values, trials[1][name].values[:, ::-1], rtol=5e-3)
    assert (trials[1].cued_item == 1).all()
    np.testing.assert_array_equal(trials[1].item_outcome, trials[0].item_outcome)


@pytest.mark.parametrize("run", MEMORY["loading_item_1"]["runs"][:1], ids=["I_B=1.2"])
def test_loading_by_another_solver(run):
    """Every maximum of the rate while item 1 is loaded, and the facilitation that remembers it."""
    model = get_model("ngnmm_memory")
    parameters = model.resolve({"I_B": run["I_B"]})
    alike = {"r": 0.002, "v": -1.0, "x": 1.0, "u": 0.2}
    constants, x = model.coefficients(parameters), [alike[s.name[0]] for s in model.states]
    names, maxima = model.state_names, []
    for begin, end, drives in ((0, 3000, {}), (3000, 3350, {"I_S_1": 0.2}), (3350, 4350, {})):
        drive = tuple({**parameters, **drives}[n] for n in model.drives)
        slope = lambda t, x, drive=drive: model.derivative(tuple(x), drive, constants, 0.0)
        flat = lambda t, x, slope=slope: slope(t, x)[0]
        flat.direction = -1.0
        way = solve_ivp(slope, (begin, end), x, "DOP853", rtol=1e-9, atol=1e-12, max_step=2.0, events=flat)
        x = way.y[:, -1]
        if drives:
            maxima = [(t - 3000, 1000 * y[0]) for t, y in zip(way.t_events[0], way.y_events[0], strict=True)]
    assert len(maxima) == run["maxima_in_load"]
    times, heights = np.transpose(maxima)
    np.testing.assert_allclose(times, run["times_after_onset_ms"], atol=1e-3)
    np.testing.assert_allclose(heights, run["heights_hz"], rtol=1e-5)
    for state in ("u", "x"):
        found = [x[names.index(f"{state}_{k}")] for k in (1, 2)]
        np.testing.assert_allclose(found, MEMORY["reading_out"][f"{state}_at_4350"], rtol=1e-6)


def test_the_bundled_parts(request):
    """A few points of both: silent at little background, held at much; noise confuses the items."""
    content = read_yaml(request.config.rootpath / "config" / "studies" / "working_memory.yaml")
    assert {"working_memory/items", "working_memory/items_noise"} <= set(load_studies(content))
    few = {
        "items": {"background.amplitude": [0, 0.8], "probe.onset_ms": [500, 4000], "cue.amplitude": [0, 0.2]},
        "items_noise": {
            "probe.onset_ms": [500],
            "noise_sigma": [0.05, 0.4],
            "seed": {"start": 0, "stop": 7, "step": 1},
        },
    }
    found = {}
    for part, grid in few.items():
        own = content["parts"][part]
        config = {**content["base"], **own, "study": part, "grid": grid}
        config["simulation"] = {**content["base"]["simulation"], **own["simulation"]}
        if "noise_sigma" in grid:
            del config["simulation"]["noise_sigma"]
        found[part] = run_study(make_study(part, config), get_connectome("single"))
    names = np.array(["undefined", *OUTCOMES])[found["items"].item_outcome.values + 1]
    # above the branch point one of two equal items wins, cue or not
    np.testing.assert_array_equal(names[..., 0], [["correct_rejection"] * 2, ["false_alarm"] * 2])
    np.testing.assert_array_equal(names[..., 1], [["silent", "silent"], ["held", "held"]])
    outcomes = found["items_noise"].item_outcome.isel({"probe.onset_ms": 0})
    assert (outcomes.sel(noise_sigma=0.05) == SILENT).all()
    assert (outcomes.sel(noise_sigma=0.4) == CONFUSED).any()


@pytest.mark.parametrize(
    ("options", "cue", "model", "words"),
    [
        ({"items": ["item_1", "item_3"]}, {}, None, ["items", "'item_3'", "item_1"]),
        ({"items": ["item_1", "item_1"]}, {}, None, ["items", "'item_1' occurs twice"]),
        ({"items": ["item_1", "pool"]}, {}, None, ["items", "'pool'"]),
        ({"cue": "load"}, {}, None, ["analyses.item_memory.cue", "'load'", "cue"]),
        ({"probe": "cue"}, {}, None, ["analyses.item_memory.probe", "'cue' is the cue too"]),
        ({}, {"parameter": "I_B"}, None, ["stimuli.cue.parameter", "'I_B'", "I_S_1"]),
        ({}, {"onset_ms": 4990}, None, ["stimuli.cue.duration_ms: 350 ms makes the cue end"]),
        ({}, {"parameter": "I_ext"}, "ngnmm_stp", ["no population of ngnmm_stp has a drive of its own"]),
        ({"threshold_hz": 0}, {}, None, ["item_memory.threshold_hz: 0", "> 0"]),
    ],
)
def test_bad_input_is_refused_in_one_line(refused, options, cue, model, words):
    probe = {**PROBE, "parameter": "I_ext"} if model else PROBE
    settings = {**SETTINGS, "model": model or "ngnmm_memory"}
    refused(
        lambda: simulate({}, [[0.0]], None, {"item_memory": options}, stimuli=[{**CUE, **cue}, probe], **settings),
        *words,
        "allowed: ",
    )
