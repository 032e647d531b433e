"""Ceilings and baselines of hcp-aal2-94: the numbers that were measured before this code was written."""

import numpy as np
import pytest

from ngnmm_core.api import run_stage
from ngnmm_core.connectome import connectome_of, load_registry
from ngnmm_core.connectome.nulls import null_connectome
from ngnmm_core.recordings import Empirical, find_targets, load_recordings, mean_fc
from ngnmm_core.recordings.baselines import NAMES, baseline_scores, baselines, linear_fc
from ngnmm_core.recordings.connectivity import pearson
from ngnmm_core.recordings.fcd import ks_distance
from ngnmm_core.recordings.targets import ceilings
from ngnmm_core.stages.registry import STAGES
from ngnmm_core.study.load import make_study

pytestmark = pytest.mark.slow

# min, mean and max of r, and the mean of the edge-specific r, of one subject against the mean of the other six
CEILINGS = {
    "raw": (0.7704, 0.8136, 0.8479, 0.7404),
    "band": (0.6164, 0.6962, 0.7715, 0.6522),
    "gsr": (0.7209, 0.7581, 0.8017, 0.7588),
}
# r: raw, 0.01-0.1 Hz, after global signal regression
BASELINES = {
    "sc": (0.3290, 0.3174, 0.4044),
    "log_sc": (0.3463, 0.3457, 0.3247),
    "sqrt_sc": (0.3761, 0.3719, 0.4335),
    "distance": (0.0739, 0.1223, 0.3632),
    "strength": (0.5496, 0.4851, 0.0559),
    "size": (0.6194, 0.5201, 0.0878),
    "linear_row": (0.3112, 0.3165, 0.4271),
    "linear_eigenvalue": (0.6103, 0.5532, 0.4168),
}
EDGE_SPECIFIC = {"sc": (0.3661, 0.3332, 0.4088)}
OPTIONS = {"raw": {}, "band": {"band_hz": (0.01, 0.1)}, "gsr": {"regress_global": True}}


@pytest.fixture(scope="module")
def found(hcp):
    recordings = load_recordings(Empirical(source="connectome"), hcp)
    return {name: find_targets(recordings, **options) for name, options in OPTIONS.items()}


def test_the_longest_tracts_are_those_that_the_registry_states(hcp):
    stated = load_registry().entry("hcp-aal2-94").longest_tract_mm
    assert stated.mean == pytest.approx(float(hcp["tract_length"].max()), abs=0.1)
    assert stated.each == pytest.approx(float(hcp["subject_tract_length"].max()), abs=0.1)


@pytest.mark.parametrize("name", OPTIONS)
def test_ceilings(found, name):
    ceiling = ceilings(found[name])
    r = ceiling["ceiling_r"]
    measured = (r.min(), r.mean(), r.max(), ceiling["ceiling_edge_r"].mean())
    np.testing.assert_allclose(measured, CEILINGS[name], atol=5e-4)


def test_ceiling_after_global_signal_regression_is_that_of_regressed_recordings(found):
    np.testing.assert_allclose(
        ceilings(found["raw"])["ceiling_gsr_r"], ceilings(found["gsr"])["ceiling_r"], rtol=0, atol=1e-12
    )


@pytest.fixture(scope="module")
def predictions(hcp):
    centres = np.stack([hcp[f"centre_{axis}"].values for axis in "xyz"], axis=1)
    return baselines(hcp["weights"].values, centres, hcp["region_volume"].values)


@pytest.mark.parametrize("column", range(3))
def test_baselines(found, predictions, column):
    each = found[list(OPTIONS)[column]]
    scores = baseline_scores(predictions, mean_fc(each.fc), mean_fc(each.gsr_fc))
    expected = [BASELINES[name][column] for name in NAMES]
    np.testing.assert_allclose(scores["baseline_r"], expected, atol=5e-4)
    for name, values in EDGE_SPECIFIC.items():
        assert scores["baseline_edge_r"][NAMES.index(name)] == pytest.approx(values[column], abs=5e-4)


def test_effects_of_regions_have_no_edge_specific_score(found, predictions):
    scores = baseline_scores(predictions, mean_fc(found["raw"].fc), mean_fc(found["raw"].gsr_fc))
    left = dict(zip(NAMES, scores["baseline_edge_r"], strict=True))
    assert np.isnan(left["size"])
    assert np.isnan(left["strength"])


def test_halves_of_a_subject_agree(found):
    for name, expected in (("raw", 0.91), ("band", 0.81), ("gsr", 0.84)):
        assert found[name].reliability.mean() == pytest.approx(expected, abs=0.01)


def test_dynamics_of_connectivity_and_its_surrogate(hcp):
    recordings = load_recordings(Empirical(source="connectome"), hcp)
    found = find_targets(recordings, fcd_s=(60.0, 10.0))
    between = [ks_distance(found.fcd[a], found.fcd[b]) for a in range(7) for b in range(a)]
    assert (min(between), np.mean(between), max(between)) == pytest.approx((0.10, 0.36, 0.62), abs=0.005)
    assert found.surrogate_ks.mean() == pytest.approx(0.19, abs=0.01)


def test_nulls_that_keep_strengths_explain_nearly_as_much_as_the_connectome(hcp, found):
    """The best linear model on 20 of them, weights over the largest eigenvalue: r = 0.563 +- 0.017 was measured."""
    brain, target = connectome_of(hcp), mean_fc(found["raw"].fc)
    best = []
    for number in range(1, 21):
        null = null_connectome(brain, "strengths", number)
        np.testing.assert_allclose(null.weights.sum(axis=1), brain.weights.sum(axis=1), rtol=1e-12)
        scores = [pearson(p, target) for p in linear_fc(null.weights / np.abs(np.linalg.eigvals(null.weights)).max())]
        best.append(max(scores))
    assert np.mean(best) == pytest.approx(0.56, abs=0.02)
    assert np.std(best) < 0.03
    assert max(best) < BASELINES["linear_eigenvalue"][0]


def test_population_near_its_fold_is_the_best_linear_model(hcp, found):
    """At 0.97 of the fold, at the lowest of three equilibria; beyond the fold nothing is left of it."""
    settings = {"noise_sigma": 0.1, "method": "heun"}
    study = make_study(
        "s",
        {
            "connectome": {"name": "hcp-aal2-94"},
            "model": {"name": "ngnmm_population", "parameters": {"eta": -6.0}},
            "grid": {"G": [0.97 * 21.66, 21.65, 21.67]},
            "simulation": settings,
            "analyses": {"linear_fc": {"bands_hz": [[0.0, 1e-3]]}},
        },
    )
    theory = run_stage(study, STAGES["linear_fc"], connectome_of(hcp).normalised("row"))
    target = mean_fc(found["raw"].fc)
    fc = theory["linear_fc"].values[:, 0].astype(float)
    assert pearson(fc[0], target) == pytest.approx(0.311, abs=0.001)
    assert list(theory["linear_equilibria"].values) == [3, 3, 1]
    assert fc[1].mean() > 0.5 > 0.1 > fc[2].mean()  # the slow mode is that in which all regions take part
