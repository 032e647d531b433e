"""Recordings of a cohort against its own connectomes, those of others, and nulls."""

import numpy as np
import pytest
from made_up_recordings import LABELS

from ngnmm_core.api import run_study
from ngnmm_core.connectome import build_connectome, connectome_of
from ngnmm_core.plotting.catalogue import figures_of
from ngnmm_core.plotting.fit import KINDS, draw
from ngnmm_core.products.fit_results import FitResults
from ngnmm_core.recordings import load_recordings
from ngnmm_core.recordings.connectivity import edges_of, matrix_of, mean_fc, pearson
from ngnmm_core.study.load import make_study

SUBJECTS = ("sub-b", "sub-a", "sub-c")  # their numbers are in another order, and so are their files


def study_of(folder, **changes):
    config = {
        "study": "s",
        "connectome": {"table": str(folder / "subjects.csv")},
        "nulls": {"kind": "weights", "count": 4},
        "model": {"name": "ngnmm_population", "parameters": {"eta": -6.0}},
        "grid": {"G": [18.0, 20.5]},
        "simulation": {"noise_sigma": 0.1},
        "analyses": {"linear_fc": {"bands_hz": [[0.01, 0.2]]}},
    }
    return make_study("s", {**config, **changes})


def write_connectomes(folder):
    rows = ["subject,path"]
    for seed, name in enumerate(SUBJECTS):
        weights = np.random.default_rng(seed).uniform(0.0, 1.0, (5, 5)) ** 4
        np.savez(folder / f"{name}.npz", weights=(weights + weights.T) * (1 - np.eye(5)), labels=list(LABELS))
        rows.append(f"{name},{name}.npz")
    (folder / "subjects.csv").write_text("\n".join(rows))


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """Results for recordings that the model made on every subject's own connectome, at G = 20.5."""
    folder = tmp_path_factory.mktemp("cohort")
    write_connectomes(folder)
    plain = study_of(folder)
    built = build_connectome(plain.config.connectome)
    made = run_study(plain, built)["linear_fc"].sel(null=0, G=20.5).isel(fc_band=0)
    for seed, name in enumerate(SUBJECTS):
        fc = matrix_of(made.sel(subject=name).values.astype(float))
        series = np.random.default_rng(seed).multivariate_normal(np.zeros(5), fc, 4000)
        rows = [",".join(LABELS), *(",".join(map(repr, map(float, row))) for row in series)]
        (folder / f"{name}_bold.csv").write_text("\n".join(rows))
    analyses = {**plain.config.analyses, "fit": {"bootstrap": 20, "hold_out": "subject"}}
    empirical = {"path": str(folder / "*_bold.csv"), "tr_s": 1.0}
    study = study_of(folder, analyses=analyses, empirical=empirical)
    sweep, brain = run_study(study, built), connectome_of(built)
    return FitResults(study, sweep, brain, load_recordings(study.config.empirical, built))


def test_a_subjects_own_connectome_explains_its_recordings_best(results):
    gain = results.own()["own_minus_others_r"][1][:, 0]
    assert results.recordings.subjects == ("sub-a", "sub-b", "sub-c")
    assert (gain > 0.05).all()
    fc = results.sweep["linear_fc"].sel(null=0).isel(fc_band=0)
    target = mean_fc(results.targets["linear_fc"].fc[:1])
    best = {name: max(pearson(row, target) for row in fc.sel(subject=name).values.astype(float)) for name in SUBJECTS}
    np.testing.assert_allclose(gain[0], best["sub-a"] - (best["sub-b"] + best["sub-c"]) / 2, atol=1e-6)


def test_figure_of_own_connectomes(results):
    figure = draw("fit_own", results.dataset())
    dots = [line for line in figure.axes[0].lines if line.get_marker() == "o"]
    np.testing.assert_array_equal(dots[0].get_ydata(), results.own()["own_minus_others_r"][1][:, 0])
    assert "in 3 of 3" in figure.axes[0].get_title(loc="left")
    unknown = draw("fit_own", results.dataset().drop_vars([f"own_minus_others_{kind}" for kind in KINDS]))
    assert "no recorded subject" in unknown.axes[0].texts[0].get_text()
    assert "fit_own" in {figure.stem for figure in figures_of(results.study)}


def test_nulls_of_all_subjects_are_tuned_like_the_true_connectomes(results):
    found = results.dataset()
    assert found["null_r"].shape == (4, 1)
    scores = results.scores["linear_fc"].of_group("r")[:, 0].reshape(3, 5, 2)
    np.testing.assert_allclose(found["null_r"][:, 0], scores[:, 1:].max(axis=(0, 2)))
    subject, null, G = found["best_point"].values[0]
    assert found.attrs["best_by"] == "edge_r"
    by = results.scores["linear_fc"].of_group("edge_r")[:, 0].reshape(3, 5, 2)
    place = np.unravel_index(np.argmax(by[:, 0]), (3, 2))
    assert (int(subject), null, G) == (place[0], 0, [18.0, 20.5][place[1]])
    assert edges_of(matrix_of(found["recorded_fc"].values[0])).shape == (10,)
