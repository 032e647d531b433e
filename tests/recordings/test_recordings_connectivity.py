"""Connectivity, its edge-specific part, global signal and dynamics against other ways to compute them."""

import numpy as np
import pytest
from made_up_recordings import mixed
from scipy.stats import ks_2samp

from ngnmm_core.recordings import connectivity as c
from ngnmm_core.recordings import fcd
from ngnmm_core.recordings.preprocessing import clean, detrended


def test_edges_and_matrices_are_inverse():
    x = np.random.default_rng(0).uniform(-1, 1, (2, 10))
    assert (c.edges_of(c.matrix_of(x)) == x).all()
    with pytest.raises(ValueError, match="11 is no number of edges"):
        c.regions_of(11)


def test_edge_specific_part_is_the_residual_of_least_squares():
    x = np.random.default_rng(1).uniform(-1, 1, 21)
    i, j = np.triu_indices(7, 1)
    design = np.zeros((21, 7))
    design[np.arange(21), i] = design[np.arange(21), j] = 1.0
    expected = x - design @ np.linalg.lstsq(design, x, rcond=None)[0]
    np.testing.assert_allclose(c.edge_specific(x), expected, atol=1e-13)


def test_global_signal_from_second_moments_is_regression_of_the_series():
    series = mixed()
    covariance = np.cov(detrended(series), bias=True)
    fc = c.edges_of(c.correlation_of(covariance))
    direct = c.fc_of_series(clean(series, 2.0, regress_global=True))
    np.testing.assert_allclose(c.fc_without_global_signal(fc, np.sqrt(np.diag(covariance))), direct, atol=1e-12)
    centred = series - series.mean(axis=1, keepdims=True)
    mean = centred.mean(axis=0)
    left = centred - np.outer(centred @ mean, mean) / (mean @ mean)
    np.testing.assert_allclose(c.without_global_signal(np.cov(series, bias=True)), np.cov(left, bias=True), atol=1e-12)


def test_regions_that_are_all_alike_have_nothing_but_a_global_signal():
    left = c.fc_without_global_signal(np.ones(10), np.ones(5))
    assert np.isnan(left).all()


def test_average_over_subjects_is_of_fishers_z():
    fc = np.array([[0.2, -0.5, 0.9], [0.4, 0.1, 0.7]])
    np.testing.assert_allclose(c.mean_fc(fc), np.tanh((np.arctanh(fc[0]) + np.arctanh(fc[1])) / 2), rtol=1e-15)
    np.testing.assert_allclose(c.mean_fc(fc, np.array([[1.0, 0.0]])), fc[:1], rtol=1e-14)


def test_correlation_with_what_does_not_vary_is_not_defined():
    assert np.isnan(c.pearson(np.full(5, 0.3), np.arange(5)))
    assert np.isnan(c.pearson(np.array([1.0, np.nan, 2.0]), np.arange(3)))
    assert c.pearson(np.arange(5), -2.0 * np.arange(5)) == pytest.approx(-1)


def test_reliability_of_the_whole():
    np.testing.assert_allclose(c.full_length_reliability([0.5, 1.0, -0.1]), [2 / 3, 1.0, np.nan])


def test_kolmogorov_smirnov_distance_is_scipys():
    rng = np.random.default_rng(2)
    for _ in range(5):
        x, y = rng.normal(size=40), rng.normal(0.5, 2.0, size=33)
        assert fcd.ks_distance(x, y) == pytest.approx(ks_2samp(x, y).statistic, abs=1e-12)
    assert np.isnan(fcd.ks_distance(x, [np.nan]))


def test_dynamics_of_connectivity_by_hand():
    series, length, step = mixed(volumes=100), 30, 10
    matrix = fcd.fcd_matrix(series, length, step)
    assert matrix.shape == (8, 8)
    first, fourth = (np.corrcoef(series[:, s : s + 30])[np.triu_indices(5, 1)] for s in (0, 30))
    assert matrix[0, 3] == pytest.approx(np.corrcoef(first, fourth)[0, 1], abs=1e-12)
    assert np.isnan(fcd.fcd_quantiles(series[:, :45], length, step)).all()


def test_surrogates_keep_spectra_and_mean_connectivity():
    series = mixed(volumes=128) - mixed(volumes=128).mean(axis=1, keepdims=True)
    made = fcd.surrogate(series, 3)
    assert not np.allclose(made, series, atol=0.1)
    np.testing.assert_allclose(np.abs(np.fft.rfft(made)), np.abs(np.fft.rfft(series)), atol=1e-9)
    # the phase of the highest frequency is fixed by the series being real, so that nothing is lost
    np.testing.assert_allclose(c.fc_of_series(made), c.fc_of_series(series), atol=1e-9)


def test_a_global_signal_is_taken_out_once():
    """Of a second one there is only round-off, of regions +-1e-9 and of their mean 0: a quotient of any size."""
    fc = np.full(10, -0.25)  # five regions whose sum is zero
    fc[[0, 9]] += [1e-9, -1e-9]
    np.testing.assert_allclose(c.fc_without_global_signal(fc, np.ones(5)), fc, atol=1e-8)
    series = clean(mixed(), 1.0, regress_global=True)
    again = c.fc_without_global_signal(c.fc_of_series(series).astype(np.float32).astype(float), series.std(axis=1))
    np.testing.assert_allclose(again, c.fc_of_series(series), atol=1e-6)
