"""The search by CMA-ES: it finds what recordings were made with, and goes on with the same bits where it was killed."""

import numpy as np
import pytest
from made_up_recordings import LABELS

from ngnmm_core.api import run_study
from ngnmm_core.connectome import Connectome
from ngnmm_core.products.optimisation import as_dataset, start_of
from ngnmm_core.products.search import Search
from ngnmm_core.recordings import load_recordings
from ngnmm_core.recordings.connectivity import matrix_of
from ngnmm_core.storage.checked_json import read_checked, write_checked
from ngnmm_core.study.load import make_study

W = np.random.default_rng(3).uniform(0.0, 1.0, (5, 5)) ** 3
W = (W + W.T) * (1 - np.eye(5))
BRAIN = Connectome(W, LABELS)
TRUE = {"G": 19.0, "noise_common": 0.2}


def study(folder, **keys):
    config = {
        "study": "s",
        "connectome": {"name": "hcp-aal2-94"},
        "model": {"name": "ngnmm_population", "parameters": {"eta": -6.0}},
        "grid": {"G": [5.0, 15.0]},
        "simulation": {"noise_sigma": 0.1},
        "empirical": {"path": str(folder / "sub-*.csv"), "tr_s": 1.0},
        "analyses": {"linear_fc": {"bands_hz": [[0.01, 0.2]]}, "fit": {"bootstrap": 0}},
        "optimise": {
            "parameters": {"G": [1, 21.6], "noise_common": [0, 0.6]},
            "score": "rmse",
            "steps": [{"of": "linear_fc", "evaluations": 120}],
        },
    }
    return make_study("s", config | keys)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Recordings of three subjects made with known parameters."""
    folder = tmp_path_factory.mktemp("recordings")
    grid = {name: [value] for name, value in TRUE.items()}
    made = study(folder, grid=grid, analyses={"linear_fc": {"bands_hz": [[0.01, 0.2]]}}, optimise=None, empirical=None)
    root = np.linalg.cholesky(matrix_of(run_study(made, BRAIN)["linear_fc"].values[0, 0, 0].astype(float)))
    for k in range(3):
        series = root @ np.random.default_rng(k).standard_normal((5, 4000))
        rows = [",".join(map(repr, map(float, row))) for row in series.T]
        (folder / f"sub-{k}.csv").write_text("\n".join([",".join(LABELS), *rows]))
    return folder


def search(folder, place, **keys):
    one = study(folder, **keys)
    recordings = load_recordings(one.config.empirical, labels=LABELS)
    return Search(one, BRAIN, recordings, place, {"G": 15.0})


@pytest.fixture(scope="module")
def finished(folder, tmp_path_factory):
    made = search(folder, tmp_path_factory.mktemp("search"))
    return made, as_dataset(made, made.run())


def test_the_parameters_of_the_recordings_are_found(finished):
    _, found = finished
    assert found["best"].sel(parameter="G").values[0] == pytest.approx(TRUE["G"], abs=0.5)
    assert found["best"].sel(parameter="noise_common").values[0] == pytest.approx(TRUE["noise_common"], abs=0.03)
    assert found.sizes["evaluation"] == 120
    assert found["kind"].values[0] == "rmse"


def test_scores_are_those_of_the_grid(finished, folder):
    _, found = finished
    last = found["tried"].values[-1]
    grid = {"G": [float(last[0])], "noise_common": [float(last[1])]}
    on_grid = run_study(study(folder, grid=grid), BRAIN)
    for k, kind in enumerate(found["kind"].values):
        if kind != "fcd_ks":
            assert found["score"].values[-1, k] == pytest.approx(on_grid[f"fit_{kind}"].values.item(), abs=1e-12), kind


@pytest.mark.slow
def test_a_search_that_was_killed_ends_with_the_same_bits(finished, folder, tmp_path, monkeypatch):
    made, found = finished
    for k in range(7):  # what had been written when it was killed: seven generations, the last one cut off
        name = f"generation-{k:04d}.json"
        (tmp_path / "step-0").mkdir(exist_ok=True)
        text = (made.folder / "step-0" / name).read_text()
        (tmp_path / "step-0" / name).write_text(text if k < 6 else text[:100])
    again, evaluated = search(folder, tmp_path), []
    evaluate = Search.evaluate
    monkeypatch.setattr(Search, "evaluate", lambda self, of, places: evaluated.append(1) or evaluate(self, of, places))
    np.random.seed(1)  # noqa: NPY002 whatever else draws random numbers does not matter
    repeated = as_dataset(again, again.run())
    assert len(evaluated) == 15 - 6
    assert repeated.identical(found)


def test_values_of_other_points_are_not_taken(finished, folder, tmp_path):
    made, found = finished
    (tmp_path / "step-0").mkdir()
    content = read_checked(made.folder / "step-0" / "generation-0000.json")
    content["places"][0][0] += 1e-9
    content["scores"] = np.zeros_like(np.array(content["scores"], float)).tolist()
    write_checked(tmp_path / "step-0" / "generation-0000.json", content)
    again = search(folder, tmp_path)
    assert as_dataset(again, again.run()).identical(found)


def test_simulations_begin_where_linear_theory_ends(folder, tmp_path):
    times = {
        "duration_ms": 12500,
        "transient_ms": 500,
        "sample_ms": 1.0,
        "dt_ms": 0.1,
        "method": "heun",
        "noise_sigma": 0.5,
    }
    one = {
        "simulation": times,
        "analyses": {"linear_fc": {}, "bold": {"tr_ms": 100, "discard_s": 2.0}, "fit": {"bootstrap": 0}},
        "optimise": {
            "parameters": {"G": [1, 21.6], "noise_sigma": [0.3, 0.6]},
            "score": "r",
            "steps": [{"of": "linear_fc", "evaluations": 16}, {"of": "bold", "evaluations": 8}],
        },
    }
    made = search(folder, tmp_path, **one)
    found = as_dataset(made, made.run())
    assert list(found["step"].values) == ["linear_fc", "bold"]
    assert list(found["step_of"].values) == [0] * 16 + [1] * 8
    ended, began = found["best"].values[0, 0], found["tried"].values[16:, 0]
    assert np.median(np.abs(began - ended)) < 0.25 * 20.6
    assert np.isfinite(found["score"].values[16:, 0]).all()


def test_search_starts_at_the_best_point_of_the_grid(folder):
    import xarray as xr

    fit = xr.Dataset(
        {"best_point": (("fit_signal", "axis"), [[15.0, np.nan], [5.0, 1.0]])},
        {"fit_signal": ["bold", "linear_fc"], "axis": ["G", "seed"]},
    )
    assert start_of(study(folder), fit) == {"G": 5.0, "seed": 1.0}
    bands = {"linear_fc": {"bands_hz": [[0.01, 0.1], [0.1, 0.2]]}, "fit": {}}
    step = {"of": "linear_fc", "evaluations": 8}
    search = {"parameters": {"G": [1, 20], "noise_common": [0, 1]}, "band": 1, "steps": [step]}
    of_bands = fit.assign_coords(fit_signal=["linear_fc:0.01-0.1", "linear_fc:0.1-0.2"])
    second = study(folder, analyses=bands, optimise=search)
    assert start_of(second, of_bands) == {"G": 5.0, "seed": 1.0}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"parameters": {"G": [0, 1]}}, ("optimise.parameters", "at least 2")),
        ({"parameters": {"H": [0, 1], "G": [1, 2]}}, ("optimise.parameters.H", "unknown 'H'")),
        ({"parameters": {"G": [2, 1], "noise_common": [0, 1]}}, ("optimise.parameters.G", "no bounds")),
        ({"parameters": {"G": [-2, 1], "noise_common": [0, 1]}}, ("optimise.parameters.G", "-2")),
        ({"parameters": {"eta": [-7, -5], "G": [1, 2]}}, ("optimise.parameters.eta", "also in model.parameters")),
        ({"parameters": {"seed": [0, 5], "G": [1, 2]}}, ("optimise.parameters.seed", "a seed can't be searched")),
        ({"steps": [{"of": "bold", "evaluations": 8}]}, ("optimise.steps[0].of", "bold is not among the analyses")),
        ({"steps": [{"of": "linear_fc", "evaluations": 12}]}, ("optimise.steps[0].evaluations", "no multiple")),
        ({"population": 12}, ("optimise.population", "multiple of 8")),
        ({"score": "fcd_ks"}, ("optimise.score", "fcd_ks")),
        ({"band": 1}, ("optimise.band", "0 to 0")),
    ],
)
def test_refusals(folder, refused, change, words):
    base = {"parameters": {"G": [1, 20], "noise_common": [0, 0.5]}, "steps": [{"of": "linear_fc", "evaluations": 16}]}
    refused(lambda: study(folder, optimise=base | change), *words)


def test_a_search_needs_scores(folder, refused):
    refused(lambda: study(folder, analyses={"linear_fc": {}}), "optimise", "analyses.fit")


def test_figure(finished):
    from ngnmm_core.plotting.optimisation import draw

    assert len(draw("optimisation", finished[1]).axes) == 3
