"""Dynamics of connectivity of two groups, and single subjects beside them, in the file of a connectome."""

import io
from dataclasses import replace

import numpy as np
import pytest
from legible import too_small
from made_up_recordings import LABELS, mixed
from matplotlib.text import Text
from scipy.stats import ks_2samp

from ngnmm_core.api import run_study
from ngnmm_core.connectome import connectome_of
from ngnmm_core.connectome.arrays import checked
from ngnmm_core.connectome.datasets import as_dataset
from ngnmm_core.connectome.members import read_members
from ngnmm_core.connectome.reader_options import MembersOptions
from ngnmm_core.plotting.fit import draw
from ngnmm_core.preflight.checks import check_recordings
from ngnmm_core.products.fit_results import FitResults
from ngnmm_core.recordings import load_recordings
from ngnmm_core.recordings.connectivity import matrix_of
from ngnmm_core.study.load import make_study

W = np.random.default_rng(3).uniform(0.0, 1.0, (5, 5)) ** 3
W = (W + W.T) * (1 - np.eye(5))
UPPER = np.triu_indices(5, 1)
RUNS = [[mixed(seed=2 * k + run, volumes=200) for run in range(2)] for k in range(2)]
FCD = [np.random.default_rng(seed).beta(4, 2, 3000) for seed in range(2)]
TIMES = {"duration_ms": 24500, "transient_ms": 500, "sample_ms": 1.0, "dt_ms": 0.1, "method": "heun"}
LEVELS = (np.arange(200) + 0.5) / 200


def built():
    """A connectome whose file has all that the wheel of schaefer-100 has."""
    rng, members = np.random.default_rng(1), {}

    def member(name, array):
        buffer = io.BytesIO()
        np.savez(buffer, arr_0=array)
        members[f"{name}.npz"] = buffer.getvalue()
        return {"member": f"{name}.npz", "variable": "arr_0"}

    groups = [np.corrcoef(rng.standard_normal((5, 5)) @ np.eye(5) + mixed(volumes=5, seed=k)) for k in range(2)]
    for subject, runs in zip("pq", RUNS, strict=True):
        for name, run in zip("12", runs, strict=True):
            member(f"{subject}{name}", run)
    options = MembersOptions(
        weights=member("w", W),
        fc=member("fc", groups[0]),
        held_out_fc=member("other", groups[1]),
        fcd={**member("fcd", FCD[0]), "window_s": 8.0, "step_s": 2.0},
        held_out_fcd=member("other_fcd", FCD[1]),
        individuals={
            "member": "{subject}{run}.npz",
            "variable": "arr_0",
            "subjects": ["p", "q"],
            "runs": ["1", "2"],
            "repetition_time_s": 0.2,
        },
    )
    arrays = read_members(members.__getitem__, options)
    return as_dataset(checked(replace(arrays, labels=list(LABELS)), "made up"), {"name": "schaefer-100"})


def study_of(**window):
    bold = {"tr_ms": 200, "discard_s": 2.0, "keep": True, "fcd": {"window_s": 8, "step_s": 2, **window}}
    return make_study(
        "s",
        {
            "study": "s",
            "connectome": {"name": "schaefer-100"},
            "model": {"name": "ngnmm_population", "parameters": {"eta": -6.0}},
            "grid": {"G": [10.0, 18.0]},
            "simulation": {**TIMES, "noise_sigma": 0.5},
            "empirical": {"source": "connectome"},
            "analyses": {"linear_fc": {}, "bold": bold, "fit": {"hold_out": "group", "best_by": "r"}},
        },
    )


@pytest.fixture(scope="module")
def results():
    study, dataset = study_of(), built()
    recordings = load_recordings(study.config.empirical, dataset)
    return FitResults(study, run_study(study, dataset), connectome_of(dataset), recordings)


@pytest.fixture(scope="module")
def found(results):
    return results.dataset()


def models(results, name):
    sweep = results.sweep
    return (sweep["linear_fc"].values[:, 0] if name == "linear_fc" else sweep["bold_fc"].values).astype(float)


def individual_fc(k):
    return np.tanh(np.mean([np.arctanh(np.corrcoef(run.astype(np.float32))[UPPER]) for run in RUNS[k]], axis=0))


@pytest.mark.parametrize("name", ["linear_fc", "bold"])
def test_single_subjects_are_scored_at_the_point_of_the_group(results, found, name):
    group = results.recordings.group_fc[UPPER]
    r = [np.corrcoef(fc, group)[0, 1] for fc in models(results, name)]
    chosen = models(results, name)[int(np.argmax(r))]
    here = found.sel(fit_signal=name)
    for k in range(2):
        assert here["individual_r"].values[k] == pytest.approx(np.corrcoef(chosen, individual_fc(k))[0, 1], abs=1e-6)
        limit = np.corrcoef(group, individual_fc(k))[0, 1]
        assert here["individual_ceiling_r"].values[k] == pytest.approx(limit, abs=1e-6)
    assert list(found["individual"].values) == ["p", "q"]
    assert np.isnan(here["individual_gsr_r"]).all()  # nothing is chosen without the group's series


def quantiles_of(series):
    """Quantiles of the dynamics of connectivity by plain loops: windows of 40 volumes, 10 apart."""
    each = [np.corrcoef(series[:, a : a + 40])[UPPER] for a in range(0, series.shape[1] - 39, 10)]
    pairs = [np.corrcoef(each[a], each[b])[0, 1] for a in range(len(each)) for b in range(a)]
    return np.quantile(pairs, LEVELS)


def test_dynamics_are_scored_against_those_of_the_group(results, found):
    kept = results.sweep["bold"].transpose("G", "region", "time").values.astype(float)
    group, other = (np.quantile(sample.astype(np.float32), LEVELS) for sample in FCD)
    own = [quantiles_of(series) for series in kept]
    distances = [ks_2samp(q, group).statistic for q in own]
    np.testing.assert_allclose(results.sweep["fit_fcd_ks"].values[:, 1], distances, atol=0.0051)
    best, here = int(np.argmin(results.sweep["fit_fcd_ks"].values[:, 1])), found.sel(fit_signal="bold")
    assert here["best_fcd_ks"] == results.sweep["fit_fcd_ks"].values[best, 1]
    assert here["held_out_fcd_ks"].values[0] == pytest.approx(ks_2samp(own[best], other).statistic, abs=0.0051)
    assert here["ceiling_fcd_ks"].values[0] == pytest.approx(ks_2samp(group, other).statistic, abs=1e-9)
    for k in range(2):
        subject = quantiles_of(RUNS[k][0])
        assert here["individual_fcd_ks"].values[k] == pytest.approx(ks_2samp(own[best], subject).statistic, abs=0.0051)
        limit = ks_2samp(group, subject).statistic
        assert here["individual_ceiling_fcd_ks"].values[k] == pytest.approx(limit, abs=0.0051)
        np.testing.assert_allclose(found["individual_fcd"].values[k], subject, atol=1e-5)
    assert np.isfinite(here["individual_surrogate_fcd_ks"]).all()


def test_matrices_of_dynamics_are_there_to_draw(found):
    for name, windows in (("recorded", 17), ("surrogate", 17), ("best", 7)):
        matrix = found[f"{name}_fcd_matrix"].values
        assert matrix.shape == (windows, windows)
        np.testing.assert_allclose(np.diagonal(matrix), 1.0)
    figure = draw("fit_dynamics", found)
    labels = {text.get_text() for text in figure.legends[0].get_texts()}
    assert labels == {"a group", "another group", "single subjects", "their surrogates", "model, best point"}
    assert len(figure.axes) == 5
    ladder = draw("fit_ladder", found)
    assert "single subjects" in [text.get_text() for text in ladder.axes[0].get_yticklabels()]


@pytest.mark.parametrize("stem", ["fit_ladder", "fit_connectivity", "fit_dynamics"])
def test_text_is_large_enough_for_a_slide(found, stem):
    """8 points and more where the figure is 16 cm wide."""
    figure = draw(stem, found)
    assert len([text for text in figure.findobj(Text) if text.get_text().strip()]) > 10
    assert too_small(figure) == {}


@pytest.mark.slow
def test_regions_stand_by_network_where_their_names_say_it(found):
    names = ["RH_Vis_1", "LH_Cont_1", "LH_Vis_1", "Thalamus_L", "RH_Cont_1"]
    figure = draw("fit_connectivity", found.assign_coords(region=names))
    recorded = figure.axes[0]
    assert [text.get_text() for text in recorded.get_yticklabels()] == ["Vis", "Cont", "other"]
    assert sorted({float(line.get_xdata()[0]) for line in recorded.lines if line.get_xdata()[0] != 0}) == [1.5, 3.5]
    order = [0, 2, 1, 4, 3]
    expected = matrix_of(found["recorded_fc"].values[0].astype(float), np.nan)[np.ix_(order, order)]
    np.testing.assert_array_equal(recorded.images[0].get_array().filled(np.nan), expected)
    clustered = draw("fit_connectivity", found).axes[0]
    assert not clustered.lines
    assert "clustered" in clustered.get_xlabel()


def test_windows_must_be_those_of_the_group(results, refused, tmp_path):
    path = tmp_path / "c.nc"
    built().to_netcdf(path)
    check_recordings(study_of(), path)
    refused(
        lambda: check_recordings(study_of(window_s=10), path), "analyses.bold.fcd", "10 s, 2 s apart", "window_s: 8"
    )
