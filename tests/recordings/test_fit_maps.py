"""Scores against the scale of a map and its surrogates, and those on a group that nothing is tuned on."""

import numpy as np
import pytest
from made_up_recordings import LABELS

from ngnmm_core.api import run_study
from ngnmm_core.connectome import Connectome, connectome_of
from ngnmm_core.connectome.arrays import checked
from ngnmm_core.connectome.datasets import as_dataset
from ngnmm_core.connectome.reader_options import MembersOptions
from ngnmm_core.connectome.readers import read_members
from ngnmm_core.plotting.catalogue import figures_of
from ngnmm_core.plotting.fit import BASELINES, draw
from ngnmm_core.preflight.checks import check_recordings
from ngnmm_core.products.fit_results import FitResults
from ngnmm_core.recordings import Empirical, load_recordings
from ngnmm_core.recordings.connectivity import matrix_of
from ngnmm_core.stages.registry import STAGES
from ngnmm_core.study.load import make_study

W = np.random.default_rng(3).uniform(0.0, 1.0, (5, 5)) ** 3
W = (W + W.T) * (1 - np.eye(5))
BRAIN = Connectome(W, LABELS, centres=np.random.default_rng(4).normal(0, 40, (5, 3)))
MADE_AT = {"G": 16.0, "front.scale": 0.5, "front.surrogate": 2.0}  # a surrogate, which must not become the best point
EDGES = np.triu_indices(5, 1)


def study_of(path, **fit):
    return make_study(
        "s",
        {
            "study": "s",
            "connectome": {"name": "schaefer-100"},
            "model": {
                "name": "ngnmm_population",
                "parameters": {"eta": -6.0},
                "maps": [{"name": "front", "of": "y", "parameter": "eta", "surrogates": {"count": 3}}],
            },
            "grid": {"G": [8.0, 16.0], "front.scale": [-0.5, 0.0, 0.5]},
            "simulation": {"noise_sigma": 0.1},
            "empirical": {"path": str(path)},
            "analyses": {"linear_fc": {"bands_hz": [[0.01, 0.1]]}, "fit": {"hold_out": "group", **fit}},
        },
    )


def noisy(fc, seed):
    z = np.arctanh(fc) + 0.02 * np.random.default_rng(seed).standard_normal(len(fc))
    return matrix_of(np.tanh(z))


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """Results for two groups' FC that a surrogate of the map has made; regions of the file in another order."""
    path = tmp_path_factory.mktemp("groups") / "fc.npz"
    np.savez(path, fc=np.eye(5), labels=list(LABELS))
    one = study_of(path)
    theory = run_study(one, BRAIN)["linear_fc"].sel(MADE_AT).values[0].astype(float)
    groups = {name: noisy(theory, seed)[::-1, ::-1] for seed, name in enumerate(("fc", "held_out_fc"))}
    np.savez(path, labels=list(LABELS[::-1]), **groups)
    return FitResults(one, run_study(one, BRAIN), BRAIN, load_recordings(one.config.empirical, labels=LABELS))


@pytest.fixture(scope="module")
def found(results):
    return results.dataset()


def test_a_surrogate_is_never_the_best_point(results, found):
    best = found["best_point"].sel(fit_signal="linear_fc")
    assert best.sel(axis="front.surrogate") == 0
    sweep = results.sweep["fit_r"].isel(fit_signal=0)
    assert sweep.max() == sweep.sel(MADE_AT) > sweep.sel({"front.surrogate": 0}).max() == found["best_r"][0]
    members = found["confidence_set"].sel(axis="front.surrogate").values
    assert set(members[np.isfinite(members)]) == {0.0}


def test_profiles_are_the_best_of_the_sweep_at_each_scale(results, found):
    profile = found["front_profile_r"]
    assert profile.dims == ("front.surrogate", "front.scale", "fit_signal")
    expected = results.sweep["fit_r"].max("G").transpose(*profile.dims)
    np.testing.assert_allclose(profile, expected, atol=1e-12)
    np.testing.assert_array_equal(profile["front.scale"], [-0.5, 0.0, 0.5])
    none = profile.sel({"front.scale": 0.0}).values
    np.testing.assert_allclose(none, none[:1].repeat(4, axis=0), atol=1e-12)


def test_what_is_tuned_on_one_group_is_scored_on_the_other(results, found):
    fc = results.sweep["linear_fc"].isel(fc_band=0).transpose("G", "front.scale", "front.surrogate", "edge")
    fc = fc.values.astype(float)
    first, other = (getattr(results.recordings, name)[EDGES] for name in ("group_fc", "held_out_fc"))
    r = lambda target: np.array([np.corrcoef(row, target)[0, 1] for row in fc.reshape(-1, 10)]).reshape(fc.shape[:3])
    on_first, on_other = r(first), r(other)
    chosen = np.unravel_index(np.argmax(on_first[:, :, 0]), (2, 3))
    assert found["held_out_r"].values == pytest.approx(on_other[chosen][0], abs=1e-6)
    assert abs(on_other - on_first).max() > 1e-4  # the groups differ
    tuned = on_first.max(axis=0).T  # [surrogate, scale]
    tested = np.take_along_axis(on_other, on_first.argmax(axis=0)[None], axis=0)[0].T
    np.testing.assert_allclose(found["front_profile_held_out_r"][..., 0], tested, atol=1e-6)
    reached = tested[np.arange(4), tuned.argmax(axis=1)]
    assert found["front_p_r"].values == pytest.approx((reached >= reached[0]).mean())
    assert found["front_p_r"] > 0.25
    assert found["ceiling_r"].values == pytest.approx(np.corrcoef(first, other)[0, 1])


def test_figure(results, found):
    assert "fit_maps" in {figure.stem for figure in figures_of(results.study)}
    figure = draw("fit_maps", found)
    assert len(figure.axes) == 2  # nothing is known without the global signal
    lines = figure.axes[0].lines
    assert len(lines) == 3 + 2
    np.testing.assert_array_equal(lines[3].get_ydata(), found["front_profile_r"][0, :, 0])
    np.testing.assert_array_equal(lines[4].get_ydata(), found["front_profile_held_out_r"][0, :, 0])
    ladder = draw("fit_ladder", found)
    assert "needs series" in [text.get_text() for text in ladder.axes[2].texts]
    shown = {text.get_text() for text in ladder.axes[0].get_yticklabels()}
    known = np.isfinite(found["baseline_r"]).any("fit_signal")
    assert {name for name, text in BASELINES.items() if text in shown} == set(found["baseline"].values[known])
    assert not known.all()  # without centres there are no distances


def test_refusals(results, tmp_path, refused):
    path, key = tmp_path / "alone.npz", "analyses.fit.hold_out"
    np.savez(path, labels=list(LABELS), fc=results.recordings.group_fc)
    nowhere = tmp_path / "none.nc"
    refused(lambda: check_recordings(study_of(path), nowhere), key, "one group's FC", "held_out_fc")
    refused(lambda: check_recordings(study_of(path, hold_out="subject"), nowhere), key, "0 subjects", "at least two")
    wrong = results.recordings.held_out_fc.copy()
    wrong[0, 1] = np.nan
    np.savez(path, labels=list(LABELS), fc=results.recordings.group_fc, held_out_fc=wrong)
    refused(lambda: check_recordings(study_of(path), nowhere), "held_out_fc", "'a' and 'b' is not finite")


def test_two_groups_in_the_file_of_a_connectome():
    rows = lambda matrix: "\n".join(",".join(map(repr, map(float, row))) for row in matrix)
    first, other = noisy(np.full(10, 0.3), 1), noisy(np.full(10, 0.3), 2)
    members = {"w.csv": rows(W), "a.csv": rows(first), "b.csv": rows(other)}
    places = {"weights": {"member": "w.csv"}, "fc": {"member": "a.csv"}, "held_out_fc": {"member": "b.csv"}}
    arrays = read_members(lambda name: members[name].encode(), MembersOptions(**places))
    built = as_dataset(checked(arrays, "made up"), {"name": "c"})
    assert connectome_of(built).labels == tuple(map(str, built["region"].values))
    recordings = load_recordings(Empirical(source="connectome"), built)
    np.testing.assert_allclose(recordings.group_fc, first, atol=1e-6)
    np.testing.assert_allclose(recordings.held_out_fc, other, atol=1e-6)


def test_unequal_regions_are_forecast_as_such(results):
    without = study_of("none.npz").config.model_dump(exclude_unset=True)
    without["model"].pop("maps")
    without["grid"] = {"G": [8.0]}
    plain = make_study("s", without)
    cost = [STAGES["linear_fc"].cost(study, 100).fixed for study in (plain, results.study)]
    assert cost[1] > 5 * cost[0]
