"""Scores and their bootstrap against plain computations; the set of points that can't be told from the best."""

import numpy as np
import pytest

from ngnmm_core.recordings import edge_specific, find_targets, mean_fc
from ngnmm_core.recordings.fcd import ks_distance
from ngnmm_core.recordings.scores import (
    SCORES,
    Scorer,
    Signal,
    best_point,
    confidence_set,
    subject_weights,
    with_limits,
)


@pytest.fixture
def found(recordings):
    return find_targets(recordings, fcd_s=(60.0, 10.0))


def test_scores_of_all_subjects_and_of_draws(found):
    rng = np.random.default_rng(0)
    model = Signal(rng.uniform(0, 0.6, 10), rng.uniform(1, 2, 5), np.sort(rng.uniform(-0.2, 0.9, 200)))
    weights = subject_weights(3, 20)
    scorer = Scorer(found, weights)
    for draw in (0, 1, 20):
        mean = mean_fc(found.fc, weights[draw])
        assert scorer.score("r", model)[draw] == pytest.approx(np.corrcoef(model.fc, mean)[0, 1], abs=1e-12)
        expected = np.corrcoef(edge_specific(model.fc), edge_specific(mean))[0, 1]
        assert scorer.score("edge_r", model)[draw] == pytest.approx(expected, abs=1e-12)
        assert scorer.score("rmse", model)[draw] == pytest.approx(np.sqrt(np.mean((model.fc - mean) ** 2)), abs=1e-12)
    pooled = ks_distance(model.fcd, found.fcd)
    assert scorer.score("fcd_ks", model)[0] == pytest.approx(pooled, abs=1e-12)
    doubled = np.concatenate([found.fcd[0], found.fcd[0], found.fcd[2]])
    weighed = Scorer(found, np.array([[2 / 3, 0.0, 1 / 3]]))
    assert weighed.score("fcd_ks", model)[0] == pytest.approx(ks_distance(model.fcd, doubled), abs=1e-12)


def test_recordings_themselves_score_perfectly(found, recordings):
    series = recordings.runs[1][0]
    covariance = np.cov(series - np.polynomial.polynomial.polyfit(np.arange(120), series.T, 1)[0][:, None])
    only = Scorer(found, np.array([[0.0, 1.0, 0.0]]))
    own = Signal(found.fc[1], np.sqrt(np.diag(covariance)), found.fcd[1])
    assert only.score("r", own)[0] == pytest.approx(1)
    assert only.score("edge_r", own)[0] == pytest.approx(1)
    assert only.score("rmse", own)[0] == pytest.approx(0, abs=1e-12)
    assert only.score("fcd_ks", own)[0] == 0
    assert only.score("gsr_r", own)[0] > 0.99  # the regressed recordings were detrended first


def test_effects_of_regions_raise_r_but_not_the_edge_specific_score(found):
    size = np.random.default_rng(1).uniform(0, 0.5, 5)
    i, j = np.triu_indices(5, 1)
    scorer = Scorer(found, subject_weights(3, 2))
    assert np.isfinite(scorer.score("r", Signal(size[i] + size[j]))).all()
    assert np.isnan(scorer.score("edge_r", Signal(size[i] + size[j]))).all()


def test_what_is_unknown_has_no_score(found):
    scorer = Scorer(found, subject_weights(3, 2))
    assert np.isnan(scorer.score("gsr_r", Signal(np.arange(10) / 20))).all()
    for kind in SCORES:
        assert np.isnan(scorer.score(kind, Signal(np.full(10, np.nan)))).all()
    assert np.isnan(scorer.score("r", Signal(np.full(10, 0.2)))).all()


def test_draws_are_of_subjects_and_the_same_for_every_point():
    weights = subject_weights(7, 500, seed=3)
    assert (weights == subject_weights(7, 500, seed=3)).all()
    np.testing.assert_allclose(weights.sum(axis=1), 1.0)
    assert (weights[0] == 1 / 7).all()
    # the variance of a draw's weight is that of a multinomial count
    assert 49 * weights[1:].var() == pytest.approx(7 * (1 / 7) * (6 / 7), rel=0.05)


def test_many_edges_are_scored_in_chunks(found, monkeypatch):
    model = Signal(np.random.default_rng(0).uniform(0, 0.6, 10))
    whole = Scorer(found, subject_weights(3, 20))
    expected = {kind: whole.score(kind, model) for kind in ("r", "edge_r", "rmse")}
    monkeypatch.setattr("ngnmm_core.recordings.scores.CHUNK", 25)
    parts = Scorer(found, subject_weights(3, 20))
    for kind, values in expected.items():
        np.testing.assert_allclose(parts.score(kind, model), values, rtol=0, atol=1e-14)


def test_limits_are_quantiles_of_the_draws():
    scores = np.concatenate([[7.0], np.arange(1001.0)])
    assert with_limits(scores) == (7.0, 25.0, 975.0)
    assert np.isnan(with_limits(np.array([0.3]))[1:]).all()


def test_set_of_points_that_the_best_does_not_always_beat():
    draws = np.random.default_rng(0).normal(0, 0.02, 400)
    same = np.concatenate([[0.50], 0.50 + draws])
    near = np.concatenate([[0.49], 0.49 + np.random.default_rng(1).normal(0, 0.02, 400)])
    far = np.concatenate([[0.40], 0.40 + draws])  # lower in every draw, though its interval is as wide
    undefined = np.full(401, np.nan)
    scores = np.stack([far, near, undefined, same])
    assert best_point(scores[:, 0], "r") == 3
    assert list(confidence_set(scores, "r")) == [3, 1]
    assert list(confidence_set(scores, "rmse")) == [0]
    assert confidence_set(scores[2:3], "r").size == 0
