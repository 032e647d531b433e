"""Searches on the connectomes of a cohort, and with regions that differ by maps or by balanced inhibition."""

import json

import numpy as np
import pytest
import xarray as xr
from made_up_recordings import LABELS

from ngnmm_core.api import run_study
from ngnmm_core.connectome import Connectome, build_connectome, connectome_of
from ngnmm_core.plotting.optimisation import draw
from ngnmm_core.preflight.connectome_checks import check_on_connectome
from ngnmm_core.products.fit_results import FitResults
from ngnmm_core.products.optimisation import as_dataset, optimise
from ngnmm_core.products.search import Search
from ngnmm_core.recordings import load_recordings
from ngnmm_core.storage.netcdf import write_netcdf
from ngnmm_core.study.load import make_study

SUBJECTS = ("sub-b", "sub-a", "sub-c")
PLACES = np.random.default_rng(4).normal(0, 40, (5, 3))


def matrix(seed):
    weights = np.random.default_rng(seed).uniform(0.0, 1.0, (5, 5)) ** 3
    return (weights + weights.T) * (1 - np.eye(5))


def config_of(folder, **changes):
    config = {
        "study": "s",
        "connectome": {"name": "schaefer-100"},
        "model": {"name": "ngnmm_population", "parameters": {"eta": -6.0}},
        "grid": {"G": [5.0, 15.0, 20.0]},
        "simulation": {"noise_sigma": 0.1},
        "empirical": {"path": str(folder / "fc.npz")},
        "analyses": {"linear_fc": {"bands_hz": [[0.01, 0.1]]}, "fit": {"bootstrap": 0}},
        "optimise": {
            "parameters": {"G": [1, 21], "noise_common": [0, 0.6]},
            "score": "r",
            "steps": [{"of": "linear_fc", "evaluations": 24}],
        },
    }
    return config | changes


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Connectomes of three subjects, a table of them, and the FC of a group."""
    folder = tmp_path_factory.mktemp("cohort")
    rows = ["subject,path"]
    for seed, name in enumerate(SUBJECTS):
        np.savez(folder / f"{name}.npz", weights=matrix(seed), labels=list(LABELS))
        rows.append(f"{name},{name}.npz")
    for count in (1, 2, 3):
        (folder / f"subjects_{count}.csv").write_text("\n".join(rows[: count + 1]))
    root = np.random.default_rng(9).normal(size=(5, 8)) + 0.7
    np.savez(folder / "fc.npz", fc=np.corrcoef(root), labels=list(LABELS))
    return folder


def searched(folder, place, spec):
    """Run everything from the sweep to `optimisation.nc`; count the generations that are computed."""
    place.mkdir(exist_ok=True)
    config = config_of(folder, connectome=spec)
    study, built = make_study("s", config), build_connectome(make_study("s", config).config.connectome)
    sweep = run_study(study, built)
    recordings = load_recordings(study.config.empirical, built)
    write_netcdf(FitResults(study, sweep, connectome_of(built), recordings).dataset(), place / "fit.nc")
    write_netcdf(built, place / "connectome.nc")
    (place / "study.json").write_text(json.dumps(config))
    optimise(place / "study.json", place / "fit.nc", place / "connectome.nc", place / "optimisation.nc")
    return xr.load_dataset(place / "optimisation.nc"), xr.load_dataset(place / "fit.nc")


@pytest.mark.slow
def test_every_subject_has_the_search_of_its_connectome_alone(folder, tmp_path, monkeypatch):
    computed, evaluate = [], Search.evaluate
    monkeypatch.setattr(Search, "evaluate", lambda self, of, places: computed.append(1) or evaluate(self, of, places))
    two, _ = searched(folder, tmp_path / "cohort", {"table": str(folder / "subjects_2.csv")})
    assert len(computed) == 2 * 3
    three, fit = searched(folder, tmp_path / "cohort", {"table": str(folder / "subjects_3.csv")})
    assert len(computed) == 3 * 3  # the further one's alone
    xr.testing.assert_identical(three.sel(subject=["sub-b", "sub-a"]), two)
    assert list(three["subject"].values) == list(SUBJECTS)
    for name in SUBJECTS:
        single, _ = searched(folder, tmp_path / name, {"path": str(folder / f"{name}.npz")})
        xr.testing.assert_identical(three.sel(subject=name, drop=True), single)
    # where each begins: the grid's best point on its own connectome
    best = fit["connectome_best_point"].sel(fit_signal="linear_fc", axis="G")
    scores = three["score"].sel(kind="r")
    assert (three["best_score"].sel(kind="r").values[:, 0] == scores.max("evaluation").values).all()
    assert list(best["connectome"].values) == list(SUBJECTS)
    assert set(best.values) <= {5.0, 15.0, 20.0}
    figure = draw("optimisation", three)
    rings = [line for line in figure.axes[1].lines if line.get_marker() == "o"]
    np.testing.assert_array_equal(rings[0].get_xdata(), three["best"].sel(parameter="G").values[:, 0])


@pytest.mark.parametrize("balanced", [False, True])
def test_maps_and_balance_reach_the_search(folder, tmp_path, balanced):
    name = "ei_ngnmm" if balanced else "ngnmm_population"
    model = {
        "name": name,
        "parameters": {"I_ext_e": 5.0} if balanced else {"eta": -6.0},
        "maps": [{"name": "front", "of": "y", "parameter": "Delta", "mode": "multiply"}],
    } | ({"balance": {"target_rate_hz": 10, "parameter": "J_ei"}} if balanced else {})
    bounds = {"G": [0.5, 4.0], "front.scale": [-0.3, 0.3]}
    wanted = {"parameters": bounds, "score": "r", "steps": [{"of": "linear_fc", "evaluations": 16}]}
    brain = Connectome(matrix(3), LABELS, centres=PLACES)
    plain = config_of(folder, model=model, grid={"G": [1.0], "front.scale": [0.1]}, optimise=wanted)
    study = make_study("s", plain)
    search = Search(study, brain, load_recordings(study.config.empirical, labels=LABELS), tmp_path, {})
    found = as_dataset(search, search.run())
    values = found["tried"].values[-1]
    grid = {"G": [float(values[0])], "front.scale": [float(values[1])]}
    alone = run_study(make_study("s", config_of(folder, model=model, grid=grid, optimise=None)), brain)
    assert found["score"].values[-1, 0] == pytest.approx(alone["fit_r"].values.item(), abs=1e-12)
    without = run_study(
        make_study("s", config_of(folder, model={**model, "maps": []}, grid={"G": grid["G"]}, optimise=None)), brain
    )
    assert abs(found["score"].values[-1, 0] - without["fit_r"].values.item()) > 1e-4


def test_generations_of_another_map_are_not_taken(folder, tmp_path):
    model = {
        "name": "ngnmm_population",
        "parameters": {"eta": -6.0},
        "maps": [{"name": "front", "of": "y", "parameter": "Delta", "mode": "multiply", "scale": 0.2}],
    }
    study = make_study("s", config_of(folder, model=model))
    recordings = load_recordings(study.config.empirical, labels=LABELS)
    keys = {
        Search(study, Connectome(matrix(3), LABELS, centres=places), recordings, tmp_path, {}).key
        for places in (PLACES, PLACES[::-1])
    }
    assert len(keys) == 2


MAPPED = {
    "name": "ngnmm_population",
    "parameters": {"eta": -6.0},
    "maps": [{"name": "front", "of": "y", "parameter": "Delta", "mode": "multiply", "surrogates": {"count": 3}}],
}


@pytest.mark.parametrize(
    ("change", "name", "words"),
    [
        ({"nulls": {"kind": "weights", "count": 3}}, "null", "a null can't be searched"),
        ({"model": MAPPED}, "front.surrogate", "no values between 0 and 3"),
    ],
)
def test_what_has_no_values_in_between_is_refused(folder, refused, change, name, words):
    wanted = {"parameters": {"G": [1, 20], name: [0, 3]}, "steps": [{"of": "linear_fc", "evaluations": 16}]}
    refused(lambda: make_study("s", config_of(folder, optimise=wanted, **change)), f"optimise.parameters.{name}", words)


def test_bounds_at_which_a_map_makes_a_parameter_negative_are_refused(folder, refused):
    wanted = {"parameters": {"G": [1, 20], "front.scale": [0, 3]}, "steps": [{"of": "linear_fc", "evaluations": 16}]}
    study = make_study("s", config_of(folder, model=MAPPED, grid={"front.scale": [0.1]}, optimise=wanted))
    brain = Connectome(matrix(3), LABELS, centres=PLACES)
    refused(lambda: check_on_connectome(study, brain), "model.maps.front", "scale 3", "Delta")


def test_a_balanced_parameter_is_not_searched(folder, refused):
    wanted = {"parameters": {"G": [1, 2], "J_ei": [5, 20]}, "steps": [{"of": "linear_fc", "evaluations": 16}]}
    model = {"name": "ei_ngnmm", "balance": {"target_rate_hz": 10, "parameter": "J_ei"}}
    refused(lambda: make_study("s", config_of(folder, model=model, optimise=wanted)), "optimise.parameters.J_ei")
