"""Scores at every point of a study, and recovery of the point that recordings were made at."""

import numpy as np
import pytest
import xarray as xr
from made_up_recordings import LABELS

from ngnmm_core.api import run_study
from ngnmm_core.connectome import Connectome
from ngnmm_core.connectome.arrays import ConnectomeArrays
from ngnmm_core.connectome.datasets import as_dataset
from ngnmm_core.dataset.fit_scores import targets_of
from ngnmm_core.preflight.checks import check_recordings
from ngnmm_core.recordings import edge_specific, fc_of_series, load_recordings, mean_fc
from ngnmm_core.recordings.connectivity import matrix_of
from ngnmm_core.study.load import make_study

W = np.random.default_rng(3).uniform(0.0, 1.0, (5, 5)) ** 3
W = (W + W.T) * (1 - np.eye(5))
BRAIN = Connectome(W, LABELS)
BOLD = {"noise_sigma": 0.1, "method": "heun", "duration_ms": 90000, "transient_ms": 1000, "dt_ms": 0.1, "sample_ms": 1}
GRID = [2.0, 10.0, 16.0, 19.0, 20.5, 21.4]


def study(folder, **keys):
    config = {
        "study": "s",
        "connectome": {"name": "hcp-aal2-94"},
        "model": {"name": "ngnmm_population", "parameters": {"eta": -6.0}},
        "grid": {"G": GRID},
        "simulation": {"noise_sigma": 0.1},
        "empirical": {"path": str(folder / "sub-*.csv"), "tr_s": 1.0},
        "analyses": {"linear_fc": {"bands_hz": [[0.01, 0.2]]}, "fit": {"bootstrap": 200, "hold_out": "subject"}},
    }
    return make_study("s", config | keys)


@pytest.fixture(scope="module")
def made_at():
    """Number of the point of the grid that recordings are made at."""
    return 3


@pytest.fixture(scope="module")
def folder(tmp_path_factory, made_at):
    """Recordings of eight subjects: white in time, correlated as linear theory says at one point of the grid."""
    folder = tmp_path_factory.mktemp("recordings")
    theory = run_study(study(folder, analyses={"linear_fc": {"bands_hz": [[0.01, 0.2]]}}, empirical=None), BRAIN)
    root = np.linalg.cholesky(matrix_of(theory["linear_fc"].values[made_at, 0].astype(float)))
    for k in range(8):
        series = root @ np.random.default_rng(k).standard_normal((5, 1200))
        rows = [",".join(map(repr, map(float, row))) for row in series.T]
        (folder / f"sub-{k}.csv").write_text("\n".join([",".join(LABELS), *rows]))
    return folder


@pytest.fixture(scope="module")
def found(folder):
    return run_study(study(folder), BRAIN)


def test_scores_are_those_of_the_connectivity_that_was_written(found, folder):
    recordings = load_recordings(study(folder).config.empirical, labels=LABELS)
    target = mean_fc(recordings.cleaned((0.01, 0.2)).fc())
    for fc, r, edge_r, rmse in zip(
        found["linear_fc"].values[:, 0],
        found["fit_r"].values[:, 0],
        found["fit_edge_r"].values[:, 0],
        found["fit_rmse"].values[:, 0],
        strict=True,
    ):
        assert r == pytest.approx(np.corrcoef(fc, target)[0, 1], abs=1e-9)
        assert edge_r == pytest.approx(
            np.corrcoef(edge_specific(fc.astype(float)), edge_specific(target))[0, 1], abs=1e-9
        )
        assert rmse == pytest.approx(np.sqrt(np.mean((fc - target) ** 2)), abs=1e-9)


def test_what_is_written(found):
    assert (found["fit_status"] == 0).all()
    assert found["fit_r"].dims == ("G", "fit_signal")
    assert list(found["fit_signal"].values) == ["linear_fc"]
    for kind in ("r", "edge_r", "gsr_r", "rmse"):
        low, score, high = (found[f"fit_{kind}{end}"].values for end in ("_low", "", "_high"))
        assert (low < high).all(), kind
        assert ((low - 0.02 < score) & (score < high + 0.02)).all(), kind
    assert (found["fit_noise_limit"] == found["fit_r"]).all()
    assert "fit_fcd_ks" not in found


def test_the_point_of_the_recordings_is_recovered(found, made_at):
    assert int(found["fit_rmse"].values[:, 0].argmin()) == made_at
    assert found["fit_r"].values[made_at, 0] > 0.9


def test_several_bands_are_scored_in_their_own(folder):
    bands = [[0.01, 0.1], [0.1, 0.4]]
    one = study(folder, analyses={"linear_fc": {"bands_hz": bands}, "fit": {"bootstrap": 0}})
    found = run_study(one, BRAIN)
    assert list(found["fit_signal"].values) == ["linear_fc:0.01-0.1", "linear_fc:0.1-0.4"]
    recordings = load_recordings(one.config.empirical, labels=LABELS)
    wanted = targets_of(one, recordings)
    for b, name in enumerate(found["fit_signal"].values):
        filtered = recordings.cleaned(tuple(bands[b])).fc()
        assert (wanted[name].fc == filtered).all()
        expected = np.corrcoef(found["linear_fc"].values[0, b], mean_fc(filtered))[0, 1]
        assert found["fit_r"].values[0, b] == pytest.approx(expected, abs=1e-9)
    assert "fit_r_low" not in found


def test_a_group_of_which_the_connectivity_alone_is_known(tmp_path, found):
    np.savez(tmp_path / "fc.npz", fc=matrix_of(found["linear_fc"].values[2, 0].astype(float)), labels=LABELS)
    group = run_study(study(tmp_path, empirical={"path": str(tmp_path / "fc.npz")}), BRAIN)
    assert group["fit_r"].values[2, 0] == pytest.approx(1, abs=1e-6)
    assert np.isnan(group["fit_gsr_r"]).all()
    assert np.isnan(group["fit_r_low"]).all()


def test_points_without_connectivity_have_no_score(folder):
    oscillating = {"name": "ei_ngnmm", "parameters": {"I_ext_e": 13.0}}
    found = run_study(study(folder, model=oscillating, grid={"G": [0.0]}), BRAIN)
    assert found["fit_status"].values[0] == 3
    assert np.isnan(found["fit_r"]).all()


@pytest.mark.slow
def test_bold_and_linear_theory_side_by_side(folder):
    times = {"duration_ms": 24500, "transient_ms": 500, "sample_ms": 1.0, "dt_ms": 0.1, "method": "heun"}
    bold = {"tr_ms": 200, "discard_s": 2.0, "fcd": {"window_s": 8, "step_s": 2}}
    one = study(
        folder,
        grid={"G": [10.0], "seed": [0, 1]},
        simulation={**times, "noise_sigma": 0.5},
        analyses={"linear_fc": {}, "bold": bold, "fit": {"bootstrap": 20}},
    )
    found = run_study(one, BRAIN)
    assert found["fit_r"].dims == ("G", "seed", "fit_signal")
    assert list(found["fit_signal"].values) == ["linear_fc", "bold"]
    r, fcd = found["fit_r"].values[0], found["fit_fcd_ks"].values[0]
    assert r[0, 0] == r[1, 0]  # linear theory has no seed
    assert r[0, 1] != r[1, 1]
    assert np.isnan(fcd[:, 0]).all()
    assert np.isfinite(fcd[:, 1]).all()
    half = found["bold_reliability"].values[0]
    half = np.where(half > 0, half, np.nan)  # halves that disagree say nothing of the whole
    np.testing.assert_allclose(found["fit_noise_limit"].values[0, :, 1], r[:, 1] / np.sqrt(2 * half / (1 + half)))


def test_refusals(folder, refused):
    without = {"empirical": None}
    refused(lambda: study(folder, **without), "analyses.fit", "no recordings", "empirical")
    refused(lambda: study(folder, analyses={"rates": {}, "fit": {}}), "analyses.fit", "nothing to score")
    of = {"linear_fc": {}, "fit": {"of": ["bold"]}}
    refused(lambda: study(folder, analyses=of), "analyses.fit.of", "bold is not among the analyses")
    ks = {"linear_fc": {}, "fit": {"scores": ["fcd_ks"]}}
    refused(lambda: study(folder, analyses=ks), "analyses.fit.scores", "analyses.bold.fcd")
    twice = {"linear_fc": {}, "fit": {"scores": ["r", "r"]}}
    refused(lambda: study(folder, analyses=twice), "analyses.fit.scores", "each once")
    refused(lambda: study(folder, empirical={"path": "x", "source": "connectome"}), "both 'source' and 'path'")
    other = Connectome(W, ("a", "b", "c", "d", "f"))
    refused(lambda: run_study(study(folder), other), "empirical.path", "no region 'f'")
    at_home = study(folder, empirical={"source": "connectome"})
    refused(lambda: run_study(at_home, BRAIN), "empirical.source", "no recordings")


def test_recordings_are_looked_at_before_any_job(folder, tmp_path, refused):
    nowhere = tmp_path / "connectome.nc"
    check_recordings(study(folder), nowhere)
    bands = {"linear_fc": {"bands_hz": [[0.01, 0.6]]}, "fit": {}}
    refused(lambda: check_recordings(study(folder, analyses=bands), nowhere), "analyses.linear_fc.bands_hz", "0.5 Hz")
    band = {"path": str(folder / "sub-*.csv"), "tr_s": 1.0, "band_hz": [0.1, 0.9]}
    refused(lambda: check_recordings(study(folder, empirical=band), nowhere), "empirical.band_hz", "0.5 Hz")
    alone = {"path": str(folder / "sub-1.csv"), "tr_s": 1.0}
    refused(lambda: check_recordings(study(folder, empirical=alone), nowhere), "analyses.fit.hold_out", "1 subjects")
    dynamics = {"bold": {"fcd": {"window_s": 2.5, "step_s": 1}}, "fit": {}}
    sampled = study(folder, analyses=dynamics, simulation=BOLD, empirical={"path": alone["path"], "tr_s": 3.0})
    refused(lambda: check_recordings(sampled, nowhere), "bold.fcd.window_s: 2.5 s", "more than 3 s")
    as_dataset(ConnectomeArrays(W, ["a", "b", "c", "d", "f"]), {}).to_netcdf(nowhere)
    refused(lambda: check_recordings(study(folder), nowhere), "empirical.path", "no region 'f'")


def test_scores_that_a_group_alone_has_not_are_refused_where_they_are_asked_for(folder, tmp_path, refused):
    np.savez(tmp_path / "fc.npz", fc=np.eye(5), labels=LABELS)
    check = lambda fit, **keys: check_recordings(
        study(folder, empirical={"path": str(tmp_path / "fc.npz")}, analyses={"linear_fc": {}, "fit": fit}, **keys),
        tmp_path / "none.nc",
    )
    check({})
    refused(lambda: check({"scores": ["r", "gsr_r"]}), "analyses.fit.scores: gsr_r", "allowed: other scores")
    refused(lambda: check({"best_by": "gsr_r"}), "analyses.fit.best_by: gsr_r", "no global signal")
    step = {"of": "linear_fc", "evaluations": 8}
    search = {"parameters": {"G": [1, 2], "noise_common": [0, 1]}, "score": "gsr_r", "steps": [step]}
    refused(lambda: check({}, optimise=search), "optimise.score: gsr_r", "no global signal")
    late = study(folder, empirical={"path": str(tmp_path / "fc.npz"), "discard_s": 10})
    refused(lambda: check_recordings(late, tmp_path / "none.nc"), "empirical.discard_s: 10", "allowed: 0")


def test_the_global_signal_leaves_linear_theory_as_it_leaves_recordings(folder):
    """Checked with series: theory's own covariance, and the mean over regions regressed out of them."""
    cleaned = {"path": str(folder / "sub-*.csv"), "tr_s": 1.0, "global_signal": "regress"}
    one = study(folder, empirical=cleaned, analyses={"linear_fc": {"bands_hz": [[0.01, 0.2]]}, "fit": {"bootstrap": 0}})
    found = run_study(one, BRAIN)
    target = mean_fc(load_recordings(one.config.empirical, labels=LABELS).cleaned((0.01, 0.2), True).fc())
    for fc, sd, r, gsr_r in zip(
        found["linear_fc"].values[:, 0],
        found["linear_amplitude"].values[:, 0],
        found["fit_r"].values[:, 0],
        found["fit_gsr_r"].values[:, 0],
        strict=True,
    ):
        root = sd[:, None] * np.linalg.cholesky(matrix_of(fc.astype(float)))
        series = root @ np.vstack([np.eye(5), -np.eye(5)]).T  # of this very covariance
        left = series - np.outer(series @ series.mean(axis=0), series.mean(axis=0)) / np.sum(series.mean(axis=0) ** 2)
        expected = np.corrcoef(fc_of_series(left), target)[0, 1]
        assert r == pytest.approx(expected, abs=1e-9)
        assert gsr_r == pytest.approx(expected, abs=1e-9)


def test_recordings_in_the_dataset_of_a_connectome():
    series = np.random.default_rng(0).standard_normal((3, 5, 200))
    built = xr.Dataset(
        {
            "weights": (("region", "source_region"), W),
            "bold": (("subject", "region", "time"), series, {"repetition_time_s": 1.0}),
        },
        {"region": list(LABELS), "source_region": list(LABELS), "subject": ["x", "y", "z"]},
    )
    recordings = load_recordings(study_settings(), built)
    assert recordings.subjects == ("x", "y", "z")
    np.testing.assert_allclose(recordings.fc()[1], fc_of_series(series[1]))


def study_settings():
    from ngnmm_core.recordings import Empirical

    return Empirical(source="connectome")
