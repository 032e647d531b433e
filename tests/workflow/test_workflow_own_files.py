"""The examples of the documentation: a model and an analysis in files of a user's own, run by Snakemake."""

import json
import sys

import numpy as np
import pytest
import xarray as xr
import yaml
from checkouts import blocks, shard_files
from scipy.integrate import solve_ivp

from ngnmm_core.compilation.own_files import read_file
from ngnmm_core.models import own_model
from ngnmm_core.simulation.initial_states import perturbed

pytestmark = [pytest.mark.workflow, pytest.mark.slow]


@pytest.fixture(scope="module")
def place(new_checkout):
    """A copy with both examples in a folder of their own, and a study that uses both."""
    checkout = new_checkout()
    folder = checkout.folder / "mine"
    folder.mkdir()
    (folder / "fitzhugh_nagumo.py").write_text(blocks("adding_a_model.md", "python")[0])
    (folder / "peaks.py").write_text(blocks("adding_an_analysis.md", "python")[0])
    study = yaml.safe_load(blocks("adding_a_model.md", "yaml")[0])
    study |= {
        "connectome": {"path": "six.csv"},
        "simulation": {"duration_ms": 200, "transient_ms": 100, "dt_ms": 0.1, "method": "rk4"},
        "analyses": {
            "rates": {},
            "peaks": yaml.safe_load(blocks("adding_an_analysis.md", "yaml")[0])["analyses"]["peaks"],
        },
    }
    (folder / "oscillators.yaml").write_text(yaml.safe_dump(study))
    return checkout


ASKED = [f"results/oscillators/{name}" for name in ("sweep.nc", "figures/map_peak.svg")]


@pytest.fixture(scope="module")
def said(place):
    """What the first run says, of the dataset and the maps."""
    return place.snakemake(*ASKED, "--configfile", "mine/oscillators.yaml")


@pytest.fixture(scope="module")
def results(place, said):
    """The folder of its results."""
    return place.folder / "results" / "oscillators"


def test_the_study_runs_with_a_map_of_its_own(place, said, results):
    sweep = xr.load_dataset(results / "sweep.nc")
    assert sweep.attrs["model"] == "fitzhugh_nagumo"
    assert sweep["peak"].dims == ("G", "I_ext", "region")
    assert np.isfinite(sweep["peak"]).all()
    assert (results / "figures" / "map_peak.svg").stat().st_size > 5000
    sources = json.loads(sweep.attrs["config"])["sources"]
    assert set(sources) == {"model", "analyses.peaks"}
    for key, file in (("model", "fitzhugh_nagumo.py"), ("analyses.peaks", "peaks.py")):
        assert f"oscillators: {key}.file: mine/{file}, source {sources[key]}" in said


def fitzhugh_nagumo(t, x):
    """At I_ext = 0.5, and the study's tau = 10."""
    return [x[0] - x[0] ** 3 / 3 - x[1] + 0.5, (x[0] + 0.7 - 0.8 * x[1]) / 10.0]


def test_the_largest_values_are_those_of_the_equations(results):
    """Without coupling: the template's equations by an independent integrator, from the same initial states."""
    sweep = xr.load_dataset(results / "sweep.nc").sel(G=0.0, I_ext=0.5)
    study = json.loads((results / "study.json").read_text())
    sd = study["simulation"]["initial"]["sd"]

    model = own_model(read_file("model.file", results.parents[1] / "mine" / "fitzhugh_nagumo.py", "MODEL"))
    start = perturbed(model, np.tile([[-1.0, -0.5]], (1, 6, 1)), np.zeros(1, np.int64), sd)[0]
    times = np.linspace(100.0, 200.0, 20001)
    for k in range(6):
        found = solve_ivp(fitzhugh_nagumo, (0.0, 200.0), start[k], t_eval=times, rtol=1e-10, atol=1e-12)
        assert float(sweep["peak"][k]) == pytest.approx(found.y[0].max(), abs=2e-4)  # sampled every 0.2 ms


def test_an_edited_map_is_drawn_anew_and_nothing_else(place, results):
    with place.edited("mine/peaks.py", lambda text: text.replace('Look("mako_r")', 'Look("flare")')):
        assert set(place.planned(*ASKED, "--configfile", "mine/oscillators.yaml")) == {"figures_oscillators_maps"}


def test_edited_words_compute_nothing(place, results):
    with place.edited("mine/fitzhugh_nagumo.py", lambda text: text.replace("What a region sends", "The signal sent")):
        assert place.planned(*ASKED, "--configfile", "mine/oscillators.yaml") == {}


def test_an_edited_model_makes_its_shards_anew(place, results):
    with place.edited("mine/fitzhugh_nagumo.py", lambda text: text.replace("return states[0]", "return states[1]")):
        planned = place.planned("results/oscillators/sweep.nc", "--configfile", "mine/oscillators.yaml")
    assert planned["shard"] == len(shard_files(results))


def test_a_job_refuses_a_file_that_has_changed_since_the_plan(place, results):
    definition = next((results / "shards" / "simulation").glob("*.json"))
    with place.edited("mine/peaks.py", lambda text: text.replace("block.observable.max", "block.observable.min")):
        script = ("workflow/scripts/shard.py", "--definition", str(definition), "--connectome")
        built = next((place.folder / "resources" / "connectomes").glob("*.nc"))
        done = place.call(sys.executable, *script, str(built), "--shard", "elsewhere.nc")
    assert done.returncode == 1
    assert "mine/peaks.py: changed since the run was planned; allowed: run the workflow again" in done.stderr
