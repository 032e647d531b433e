"""Statistics of hub scores against closed forms, scipy, and the rate of false alarms."""

import numpy as np
import pytest
from scipy import stats

from ngnmm_core.analysis.hub_scores import distances, null_distances
from ngnmm_core.analysis.hub_statistics import family_pvalue, holm, interval, split_half, upper_pvalue, zscore


def test_holm_by_hand():
    np.testing.assert_allclose(holm(np.array([0.01, 0.04, 0.03, 0.005])), [0.03, 0.06, 0.06, 0.02])
    np.testing.assert_allclose(holm(np.array([0.9, np.nan, 0.8])), [1.0, np.nan, 1.0])


def test_interval_is_students():
    samples = np.random.default_rng(0).normal(3.0, 2.0, (5, 4))
    low, high = interval(samples)
    expected = stats.t.interval(0.95, 4, loc=samples.mean(axis=0), scale=stats.sem(samples, axis=0))
    np.testing.assert_allclose((low, high), expected, rtol=1e-12)
    assert np.isnan(interval(samples[:1])).all()


def test_zscore_by_hand():
    z = zscore(np.array([[4.0, 1.0], [6.0, 1.0], [5.0, 1.0], [5.0, 1.0]]), np.array([3.0, 1.0]), np.array([2.0, 0.0]))
    assert z[0] == pytest.approx((5 - 3) / (2 / 2))
    assert np.isnan(z[1])


def test_split_half_of_a_real_ranking_and_of_noise():
    rng = np.random.default_rng(1)
    truth = rng.normal(0.0, 3.0, 94)
    assert split_half(truth + rng.normal(0.0, 0.5, (5, 94))) > 0.9
    assert abs(split_half(rng.normal(0.0, 1.0, (5, 94)))) < 0.25
    assert np.isnan(split_half(truth[None]))
    # two seeds: the plain rank correlation
    pair = rng.normal(0.0, 1.0, (2, 30))
    assert split_half(pair) == pytest.approx(stats.spearmanr(*pair).statistic)


def test_false_alarms_of_hubs_that_are_none():
    """Lesions that do nothing: the smallest corrected p-value is below 0.05 in at most about one of 20 families."""
    rng, regions, nulls, seeds, alarms = np.random.default_rng(2), 12, 20, 5, 0
    edges = np.triu_indices(regions, 1)
    draw = lambda count: rng.normal(0.0, 0.2, (count, len(edges[0])))
    for _ in range(100):
        base = draw(nulls)
        null = null_distances(base, edges, regions)
        scores = np.stack([distances(draw(seeds) - base[:seeds], edges, regions)[:, k] for k in range(regions)], axis=1)
        z = zscore(scores, null.mean(axis=0), null.std(axis=0, ddof=1))
        alarms += upper_pvalue(z, seeds, nulls).min() < 0.05
    assert alarms <= 11  # p < 0.01 if the rate is 0.05


def test_a_strong_hub_is_significant():
    z = np.array([0.3, 12.0, -1.0, 0.5])
    p = upper_pvalue(z, 5, 20)
    assert p[1] < 1e-3
    assert (p[[0, 2, 3]] > 0.5).all()


def test_distances_leave_the_region_out():
    regions = 5
    edges = np.triu_indices(regions, 1)
    change = np.zeros((1, len(edges[0])))
    change[0, (edges[0] == 2) | (edges[1] == 2)] = 1.0
    np.testing.assert_allclose(distances(change, edges, regions)[0], np.sqrt([3, 3, 0, 3, 3]))


def test_family_pvalue():
    rng = np.random.default_rng(3)
    surrogates = rng.normal(0.0, 1.0, (39, 20))
    observed = np.zeros(20)
    observed[7] = 8.0
    p = family_pvalue(observed, surrogates)
    assert p[7] == 1 / 40
    assert (np.delete(p, 7) == 1.0).all()
    assert np.isnan(family_pvalue(np.full(20, np.nan), surrogates)).all()
