"""A study of trials from its file to its figures, and its epochs refused in one line."""

import numpy as np
import pytest
import xarray as xr

pytestmark = pytest.mark.workflow

CUE = {"name": "cue", "parameter": "I_ext", "onset_ms": 100, "duration_ms": 100, "amplitude": 6}
PROBE = {"name": "probe", "parameter": "I_ext", "after": "cue", "onset_ms": 300, "duration_ms": 60, "amplitude": 0.5}
SIMULATION = {
    "duration_ms": 600, "transient_ms": 50, "sample_ms": 1, "method": "heun", "dt_ms": 0.05, "noise_sigma": 1,
    "initial": {"from": "homogeneous", "sd": 0}, "stimuli": [CUE, PROBE],
}  # fmt: skip
TRIALS = {
    "study": "trials",
    "connectome": {"name": "single"},
    "normalization": "none",
    "model": {"name": "ngnmm_population", "operating_point": {"position": 0.5, "of": "region"}},
    "grid": {"cue.amplitude": [0, 0.5, 6], "seed": [0, 1, 2]},
    "simulation": SIMULATION,
    "analyses": {"memory": {}},
    "highlights": [{"cue.amplitude": 6}],
}


@pytest.mark.slow
def test_from_the_study_file_to_the_figures(new_checkout):
    place = new_checkout()
    place.snakemake("--configfile", place.write_study(**TRIALS))
    folder = place.folder / "results" / "trials"
    made = {path.stem for path in (folder / "figures").glob("*.svg")}
    assert made == {"memory_success", "memory_answers", "memory_survival", "trials"}
    with xr.open_dataset(folder / "memory.nc") as rates:
        np.testing.assert_array_equal(rates.success_rate.sel(bound="estimate"), [1, 0, 1])
        np.testing.assert_array_equal(rates.trials, [3, 3, 3])
        assert rates.survival.attrs["units"] == "1"
    lines = (folder / "memory.csv").read_text().splitlines()
    assert lines[0].startswith("cue.amplitude,trials,success_rate,success_rate_low,success_rate_high")
    assert len(lines) == 4
    assert place.planned("--configfile", "trials.yaml") == {}


@pytest.mark.parametrize(
    ("cue", "probe", "words"),
    [
        ({}, {"after": None, "onset_ms": 150}, ["stimuli.probe.onset_ms: 150 ms is out of order", "at least 250"]),
        ({"onset_ms": 700}, {}, ["stimuli.cue.duration_ms: 100 ms makes the cue end outside the simulation"]),
    ],
)
def test_epochs_that_can_t_be_are_refused_in_one_line(fresh, cue, probe, words):
    stimuli = [{**CUE, **cue}, {**PROBE, **probe}]
    name = fresh.write_study(**{**TRIALS, "study": "refused", "simulation": {**SIMULATION, "stimuli": stimuli}})
    (line,) = fresh.refusal("-n", "--configfile", name)
    for word in (*words, "allowed: "):
        assert word in line
