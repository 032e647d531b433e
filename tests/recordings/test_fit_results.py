"""What `fit.nc` says of the whole grid: held out, best point and its confidence set, ladder, nulls, own connectomes."""

import numpy as np
import pytest
from made_up_recordings import LABELS

from ngnmm_core.api import run_study
from ngnmm_core.connectome import Connectome
from ngnmm_core.products.fit_results import FitResults
from ngnmm_core.products.signal_scores import SignalScores
from ngnmm_core.recordings import load_recordings
from ngnmm_core.recordings.connectivity import matrix_of
from ngnmm_core.study.load import make_study

W = np.random.default_rng(3).uniform(0.0, 1.0, (5, 5)) ** 3
W = (W + W.T) * (1 - np.eye(5))
BRAIN = Connectome(W, LABELS, centres=np.random.default_rng(4).normal(0, 40, (5, 3)), volume=np.arange(1.0, 6.0))
GRID = [2.0, 12.0, 18.0, 20.5, 21.4]
MADE_AT = 3


def study(folder, **options):
    return make_study(
        "s",
        {
            "study": "s",
            "connectome": {"name": "hcp-aal2-94"},
            "model": {"name": "ngnmm_population", "parameters": {"eta": -6.0}},
            "grid": {"G": GRID},
            "simulation": {"noise_sigma": 0.1},
            "empirical": {"path": str(folder / "sub-*.csv"), "tr_s": 1.0},
            "analyses": {
                "linear_fc": {"bands_hz": [[0.01, 0.2]]},
                "fit": {"bootstrap": 100, "hold_out": "subject", "best_by": "rmse", **options},
            },
        },
    )


def write(folder, name, series):
    rows = [",".join(map(repr, map(float, row))) for row in series.T]
    (folder / name).write_text("\n".join([",".join(LABELS), *rows]))


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """Results for recordings of six subjects that were made at one point of the grid."""
    folder = tmp_path_factory.mktemp("recordings")
    for k in range(6):
        write(folder, f"sub-{k}.csv", np.random.default_rng(k).standard_normal((5, 400)))
    theory = run_study(study(folder), BRAIN)
    root = np.linalg.cholesky(matrix_of(theory["linear_fc"].values[MADE_AT, 0].astype(float)))
    for k in range(6):
        write(folder, f"sub-{k}.csv", root @ np.random.default_rng(k).standard_normal((5, 3000)))
    one = study(folder)
    recordings = load_recordings(one.config.empirical, labels=LABELS)
    return FitResults(one, run_study(one, BRAIN), BRAIN, recordings)


@pytest.fixture(scope="module")
def found(results):
    return results.dataset()


def test_the_confidence_set_holds_the_point_of_the_recordings(found):
    members = found["confidence_set"].sel(fit_signal="linear_fc", axis="G").values
    assert GRID[MADE_AT] in members
    assert GRID[0] not in members
    assert found["best_point"].sel(fit_signal="linear_fc", axis="G") == members[0] == GRID[MADE_AT]


def test_best_scores_are_those_of_the_sweep(results, found):
    for kind in ("r", "edge_r", "gsr_r"):
        best = results.sweep[f"fit_{kind}"].values[:, 0].max()
        assert found[f"best_{kind}"].values[0] == pytest.approx(best, abs=1e-12)
    np.testing.assert_array_equal(found["best_fc"].values[0], results.sweep["linear_fc"].values[MADE_AT, 0])


def test_a_held_out_subject_is_scored_at_the_point_of_the_others(results, found):
    fc = results.targets["linear_fc"].fc
    models = results.sweep["linear_fc"].values[:, 0].astype(float)
    for k in range(6):
        others = np.tanh(np.arctanh(np.delete(fc, k, axis=0)).mean(axis=0))
        chosen = int(np.argmax([np.corrcoef(model, others)[0, 1] for model in models]))
        expected = np.corrcoef(models[chosen], fc[k])[0, 1]
        assert found["held_out_r"].values[k, 0] == pytest.approx(expected, abs=1e-12)


def test_ladder_is_complete(found):
    assert found["baseline_r"].dims == ("baseline", "fit_signal")
    assert np.isfinite(found["baseline_r"]).all()
    without = ["strength", "size"]
    assert np.isnan(found["baseline_edge_r"].sel(baseline=without)).all()
    assert np.isfinite(found["baseline_edge_r"].drop_sel(baseline=without)).all()
    assert found["ceiling_r"].dims == ("subject", "fit_signal")
    assert (found["ceiling_r"] > 0.9).all()
    assert np.isfinite(found["recording_reliability"]).all()
    assert all("units" in found[name].attrs and "long_name" in found[name].attrs for name in found.data_vars)


def test_holding_out_needs_subjects(results, tmp_path, refused):
    from dataclasses import replace

    from ngnmm_core.recordings.recordings import Recordings

    group = Recordings(LABELS, group_fc=matrix_of(results.targets["linear_fc"].fc[0]))
    refused(lambda: replace(results, recordings=group).dataset(), "analyses.fit.hold_out", "0 subjects", "at least two")


def with_axis(results, name, values):
    """The same results as if the grid had an axis of null connectomes, or of subjects'."""
    found = FitResults(results.study, results.sweep, results.connectome, results.recordings)
    vars(found).update(  # in place of what it would work out
        axes={name: np.repeat(np.arange(3.0), 2), "G": np.tile([1.0, 2.0], 3)},
        names=["linear_fc"],
        scores={"linear_fc": SignalScores(dict.fromkeys(("r", "edge_r", "gsr_r", "rmse"), values), 2, 0)},
    )
    return found


def test_null_connectomes_are_tuned_like_the_true_one(results):
    """Two points on each of three connectomes, 0 the true one; columns: all subjects, all but each of two, each."""
    scores = np.array(
        [[0.3, 0, 0, 0, 0], [0.6, 0, 0, 0, 0], [0.7, 0, 0, 0, 0], [0.1, 0, 0, 0, 0], [0.2] * 5, [0.4] * 5]
    )
    found = with_axis(results, "null", scores).nulls()
    np.testing.assert_array_equal(found["null_r"][1][:, 0], [0.7, 0.4])
    assert found["null_p_r"][1][0] == pytest.approx(2 / 3)  # one of two nulls reaches the true one's 0.6


def test_own_connectome_against_others(results):
    """Three connectomes of two subjects that are recorded and one that is not; each at its best point."""
    alone = np.array([[0.5, 0.1], [0.6, 0.2], [0.3, 0.4], [0.2, 0.3], [0.0, 0.0], [0.1, 0.9]])
    scores = np.concatenate([np.zeros((6, 3)), alone], axis=1)
    made = with_axis(results, "subject", scores)
    object.__setattr__(made, "sweep", {"subject": type("A", (), {"values": np.array(["sub-0", "sub-1", "other"])})})
    from dataclasses import replace

    two = replace(results.recordings, subjects=("sub-0", "sub-1"), runs=results.recordings.runs[:2])
    object.__setattr__(made, "recordings", two)
    gain = made.own()["own_minus_others_r"][1][:, 0]
    np.testing.assert_allclose(gain, [0.6 - (0.3 + 0.1) / 2, 0.4 - (0.2 + 0.9) / 2])


def test_figures(found):
    from ngnmm_core.plotting.fit import draw

    for stem in ("fit_ladder", "fit_connectivity"):
        assert draw(stem, found) is not None
    ladder = draw("fit_ladder", found)
    labels = [text.get_text() for text in ladder.axes[0].get_yticklabels()]
    assert labels == [
        "ceiling", "model, held out", "model", "linear, eigenvalue", "linear, rows", "region sizes",
        "strengths", "distance", "root of SC", "log SC", "SC",
    ]  # fmt: skip
