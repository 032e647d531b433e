"""A study with everything in it, run from scratch twice, in two folders."""

import contextlib
import json
import re
from datetime import datetime

import numpy as np
import pytest
import xarray as xr
from checkouts import sha256

from ngnmm_core.dataset.assemble import load_resolved

pytestmark = [pytest.mark.workflow, pytest.mark.slow]

FULL = {
    "study": "full",
    "grid": {"G": [2, 5], "Delta": [1.0], "I_ext_e": [3, 13], "seed": [0, 1]},
    "simulation": {"duration_ms": 460, "transient_ms": 40, "dt_ms": 0.05, "method": "rk4"},  # compiles faster
    "analyses": {
        "rates": {},
        "spectra": {"segment_ms": 50},
        "fc": {},
        "synchrony": {},
        "msf": {},
        "multistability": {"starts": 2},
        "hubs": {"at": [{"G": 5, "I_ext_e": 13}], "seeds": 1, "null_seeds": 3},
    },
    "highlights": [{"G": 5, "I_ext_e": 13}],
}
DATASETS = ("sweep.nc", "highlights.nc", "lesions.nc", "hubs.nc")
VARIABLES = {
    "firing_rate", "firing_rate_std", "population_synchrony", "power_spectrum", "band_power", "gamma_power",
    "peak_frequency", "fc", "synchrony", "network_regime", "eigenvalue_real", "eigenvalue_imag", "msf", "msf_frequency",
    "unstable_modes", "regime", "orbit_period", "hub_score", "hub_zscore", "simulation_status", "msf_status",
    "synchrony_status", "hubs_status", "diverged_at_ms", "diverged_region",
}  # fmt: skip


def run(checkout, *targets):
    """Runs everything as `ngnmm run` does, or some of it; keeps what it says, and returns the folder of the results."""
    said = checkout.snakemake(*targets, "--logger", "ngnmm", "--configfile", checkout.write_study(**FULL))
    (checkout.folder / "said.txt").write_text(said)
    return checkout.folder / "results" / "full"


@pytest.fixture(scope="module")
def place(new_checkout):
    """The copy of the first run."""
    return new_checkout()


@pytest.fixture(scope="module")
def full(place):
    """The results of the first run."""
    return run(place)


@pytest.fixture(scope="module")
def again(new_checkout, full):
    """The results of the second run, from scratch, but for compiled kernels; of figures, the maps alone.

    test_plotting_save.py draws those of all kinds twice.
    """
    checkout = new_checkout()
    checkout.forks = None  # a process of its own, with other hashes of texts
    return run(checkout, *(f"results/full/{name}" for name in (*DATASETS, "provenance.json", "figures/map_regime.svg")))


def test_a_run_makes_everything_that_was_asked_for(full):
    names = {*DATASETS, "provenance.json", "study.json"}
    assert names <= {p.name for p in full.iterdir()}
    assert not list(full.rglob("*.part"))


def test_a_run_says_what_it_costs_what_it_does_and_where_the_results_are_in_thirty_lines(place, full):
    lines = (place.folder / "said.txt").read_text().splitlines()
    assert len(lines) <= 30, "\n".join(lines)
    (cost,) = (k for k, line in enumerate(lines) if line.startswith("in all "))
    done = next(k for k, line in enumerate(lines) if "100 %" in line)
    drawing = lines.index("Drawing the figures")
    assert cost < done
    assert cost < drawing
    assert lines[-1].startswith("results/full: index.html (explorer), ")
    assert "sweep.nc" in lines[-1]
    assert max(map(len, lines)) <= 240


def test_the_sweep_has_the_variables_of_the_contract(full):
    with xr.open_dataset(full / "sweep.nc") as sweep:
        assert set(sweep.data_vars) >= VARIABLES
        assert sweep.firing_rate.dims == ("G", "Delta", "I_ext_e", "seed", "population", "region")
        assert sweep.msf.dims == ("G", "Delta", "I_ext_e", "mode")
        assert sweep.hub_score.dims == ("G", "Delta", "I_ext_e", "lesion", "region")
        assert np.isfinite(sweep.firing_rate).all()
        assert np.isfinite(sweep.hub_score.sel(G=5, I_ext_e=13)).all()
        assert np.isnan(sweep.hub_score.sel(G=2)).all()


@pytest.mark.parametrize("name", ["attractor_count", "rates_status", "spectra_status", "fc_status"])
def test_the_sweep_has_the_rest_of_the_contract(full, name):
    with xr.open_dataset(full / "sweep.nc") as sweep:
        assert name in sweep


def test_highlights_agree_with_the_sweep(full):
    with xr.open_dataset(full / "sweep.nc") as sweep, xr.open_dataset(full / "highlights.nc") as highlights:
        point = sweep.sel(G=5, I_ext_e=13, Delta=1.0, seed=0)
        for name in ("firing_rate", "power_spectrum", "fc", "synchrony", "msf", "orbit_period"):
            np.testing.assert_array_equal(highlights[name][0], point[name], err_msg=name)


def test_a_second_run_has_nothing_to_do(place, full):
    assert place.planned("--configfile", "full.yaml") == {}


def test_netcdf_files_have_the_same_bytes_twice(full, again):
    names = sorted(str(p.relative_to(full)) for p in full.rglob("*.nc"))
    assert names == sorted(str(p.relative_to(again)) for p in again.rglob("*.nc"))
    assert len(names) >= 8
    different = [name for name in names if sha256(full / name) != sha256(again / name)]
    assert different == []


def test_definitions_and_resolved_studies_have_the_same_bytes_twice(full, again):
    for file in [full / "study.json", *full.rglob("shards/*/*.json")]:
        assert sha256(file) == sha256(again / file.relative_to(full)), file.name


def test_the_resolved_study_says_everything(full):
    study = load_resolved(full / "study.json")
    assert study.size() == 8
    assert study.simulation.sample_ms == 0.2
    assert study.options["hubs"].duration_ms is None


def test_provenance_fits_the_results(full):
    record = json.loads((full / "provenance.json").read_text())
    with xr.open_dataset(full / "sweep.nc") as sweep:
        assert record["config_hash"] == sweep.attrs["config_hash"]
        codes = json.loads(sweep.attrs["code_hashes"])
    assert {stage: record["code"][stage] for stage in codes} == codes
    there = {s.name: sorted(p.stem for p in s.glob("*.nc")) for s in (full / "shards").iterdir()}
    assert {stage: sorted(names) for stage, names in record["shards"].items()} == there
    assert record["machine"]["processor"]


def test_provenance_has_the_times_of_every_shard(full):
    record = json.loads((full / "provenance.json").read_text())
    assert {stage: set(times) for stage, times in record["times"].items()} == {
        stage: set(names) for stage, names in record["shards"].items()
    }
    for stage, times in record["times"].items():
        for name, time in times.items():
            written = (full / "shards" / stage / f"{name}.nc").stat().st_mtime
            assert abs(datetime.fromisoformat(time["finished"]).timestamp() - written) < 1
            assert 0 < time["wall_s"] < 300


REPORT = """
  await wait(1500);
  told.entries = [...document.querySelectorAll("a")].map(link => link.innerText.trim());
"""


def test_a_report_can_be_made_and_opens_in_a_browser(place, full, browser):
    place.snakemake("--report", "report.html", "--configfile", "full.yaml")
    told = browser.use(place.folder / "report.html", REPORT)
    assert {"Explorer", "Maps", "Points in detail", "Hubs", "Connectome"} <= set(told["entries"])


def plotting(place):
    """All modules that draw, relative to the copy."""
    files = (place.folder / "ngnmm_core" / "plotting").glob("[a-z]*.py")
    return sorted(str(file.relative_to(place.folder)) for file in files)


def edit(text):
    """Every function does something more before it returns."""
    return re.sub(r"^( +)return ", r"\1edited = 1\n\1return ", text, flags=re.MULTILINE)


def test_code_of_figures_computes_nothing(place, full):
    with contextlib.ExitStack() as edits:
        for file in plotting(place):
            edits.enter_context(place.edited(file, edit))
        planned = place.planned("--configfile", "full.yaml")
    assert not {"connectome", "warmup", "shard", "merge", "hubs"} & set(planned)


def test_code_of_figures_draws_them_again(place, full):
    with contextlib.ExitStack() as edits:
        for file in plotting(place):
            edits.enter_context(place.edited(file, edit))
        assert place.planned("--configfile", "full.yaml")


def test_every_figure_is_there_as_picture_and_as_drawing(full):
    names = list(full.rglob("*.svg"))
    assert len(names) > 10
    assert all(name.with_suffix(".png").is_file() for name in names)


def test_maps_have_the_same_bytes_twice(full, again):
    names = sorted(str(p.relative_to(full)) for p in full.rglob("map_*.svg"))
    assert len(names) >= 5
    assert [name for name in names if sha256(full / name) != sha256(again / name)] == []
