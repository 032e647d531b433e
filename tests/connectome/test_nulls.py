"""Null connectomes keep what they promise, and change what they should."""

import numpy as np
import pytest

from ngnmm_core.connectome import Connectome
from ngnmm_core.connectome.nulls import KINDS, distance_bins, null_connectome, scale_symmetrically


def network(regions=20, density=0.7, seed=0, directed=False):
    """Random weights over four orders of magnitude, with centres and tract lengths."""
    random = np.random.default_rng(seed)
    weights = np.exp(2 * random.standard_normal((regions, regions))) * (random.random((regions, regions)) < density)
    np.fill_diagonal(weights, 0.0)
    if not directed:
        weights = np.triu(weights) + np.triu(weights).T
    centres = 50 * random.standard_normal((regions, 3))
    lengths = np.linalg.norm(centres[:, None] - centres[None], axis=-1)
    return Connectome(weights, centres=centres, tract_length=lengths, labels=[f"r{k}" for k in range(regions)])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("directed", [False, True])
def test_a_null_is_another_network_with_the_same_regions(kind, directed):
    original = network(directed=directed)
    first, again, second = (null_connectome(original, kind, n, seed=3) for n in (1, 1, 2))
    np.testing.assert_array_equal(first.weights, again.weights)
    assert not np.allclose(first.weights, original.weights)
    assert not np.allclose(first.weights, second.weights)
    assert not np.allclose(first.weights, null_connectome(original, kind, 1, seed=4).weights)
    assert np.array_equal(first.weights, first.weights.T) != directed
    assert not np.diagonal(first.weights).any()
    assert first.labels == original.labels
    np.testing.assert_array_equal(first.centres, original.centres)
    assert null_connectome(original, kind, 0) is original


@pytest.mark.parametrize("directed", [False, True])
@pytest.mark.parametrize("seed", range(5))
def test_strengths_are_kept_to_round_off(seed, directed):
    original = network(regions=30, density=0.4, seed=seed, directed=directed)
    null = null_connectome(original, "strengths", 1, seed)
    np.testing.assert_allclose(null.weights.sum(axis=1), original.weights.sum(axis=1), rtol=1e-12)
    np.testing.assert_array_equal(null.weights > 0, original.weights > 0)


def test_strengths_of_a_directed_network_keep_what_regions_receive_only():
    original = network(directed=True)
    null = null_connectome(original, "strengths", 1)
    sent = original.weights.sum(axis=0)
    assert np.abs(null.weights.sum(axis=0) / sent - 1).max() > 0.1


def test_strengths_are_those_of_an_independent_scaling():
    """Sinkhorn and Knopp's iteration takes another way to the same matrix, which is unique."""
    original = network(regions=12)
    sums = original.weights.sum(axis=1)
    permuted = null_connectome(original, "weights", 1).weights
    slow, scale = permuted.copy(), np.ones(12)
    for _ in range(20000):
        scale = np.sqrt(scale * sums / (permuted @ scale))
    slow = permuted * np.outer(scale, scale)
    np.testing.assert_allclose(null_connectome(original, "strengths", 1).weights, slow, rtol=1e-9)


@pytest.mark.parametrize("kind", ["weights", "distance"])
@pytest.mark.parametrize("directed", [False, True])
def test_the_multiset_of_weights_is_kept_over_the_same_connections(kind, directed):
    original = network(directed=directed)
    null = null_connectome(original, kind, 1)
    np.testing.assert_array_equal(np.sort(null.weights, axis=None), np.sort(original.weights, axis=None))
    np.testing.assert_array_equal(null.weights > 0, original.weights > 0)
    np.testing.assert_array_equal(null.tract_length, original.tract_length)


def test_weights_stay_among_connections_of_about_the_same_length():
    original = network()
    null = null_connectome(original, "distance", 1)
    rows, columns = np.nonzero(np.triu(original.weights))
    distance = np.linalg.norm(original.centres[rows] - original.centres[columns], axis=1)
    order = np.argsort(distance)
    bins = distance_bins(original)
    assert len(bins) == 10
    assert max(map(len, bins)) - min(map(len, bins)) <= 1
    for k, held in enumerate(bins):
        mine = order[sum(map(len, bins[:k])) :][: len(held)]
        np.testing.assert_array_equal(np.sort(held), np.sort(mine))
        before, after = original.weights[rows, columns][held], null.weights[rows, columns][held]
        np.testing.assert_array_equal(np.sort(after), np.sort(before))
        assert not np.array_equal(after, before)


def test_permuted_regions_have_the_same_eigenvalues_and_carry_their_tracts_along():
    original = network(directed=True)
    null = null_connectome(original, "labels", 1)
    ordered = lambda c: np.sort_complex(np.linalg.eigvals(c.normalised("row").weights))
    np.testing.assert_allclose(ordered(null), ordered(original), atol=1e-12)
    pairs = lambda c: sorted(zip(c.weights.ravel(), c.tract_length.ravel(), strict=True))
    assert pairs(null) == pairs(original)


def test_regions_without_connections_stay_so():
    weights = np.pad(network(regions=8).weights, ((0, 2), (0, 2)))
    null = null_connectome(Connectome(weights), "strengths", 1)
    assert not null.weights[8:].any()
    np.testing.assert_allclose(null.weights.sum(axis=1), weights.sum(axis=1), rtol=1e-12)


def test_a_bipartite_network_is_scaled_though_its_scaling_is_not_unique():
    weights = np.zeros((9, 9))
    weights[:4, 4:] = np.random.default_rng(0).uniform(0.1, 10, (4, 5))
    weights += weights.T
    null = null_connectome(Connectome(weights), "strengths", 1)
    np.testing.assert_allclose(null.weights.sum(axis=1), weights.sum(axis=1), rtol=1e-12)


def test_sums_that_no_scaling_reaches_are_refused(refused):
    pair = np.array([[0.0, 1.0], [1.0, 0.0]])
    refused(lambda: scale_symmetrically(pair, np.array([1.0, 2.0])), "nulls.kind: strengths", "allowed: ")


@pytest.mark.parametrize(
    ("weights", "kind"),
    [
        ([[0, 1, 1], [1, 0, 1], [1, 1, 0]], "weights"),  # all weights are equal
        ([[0, 1, 2], [1, 0, 0], [2, 0, 0]], "strengths"),  # a tree: its row sums say all weights
        ([[0, 1, 1], [1, 0, 1], [1, 1, 0]], "labels"),
    ],
)
def test_a_null_that_is_the_original_is_refused(weights, kind, refused):
    refused(lambda: null_connectome(Connectome(weights), kind, 1), f"nulls.kind: {kind}", "is the connectome itself")


def test_what_else_is_refused(refused):
    plain = Connectome(network().weights)
    refused(lambda: null_connectome(plain, "distance", 1), "nulls.kind: distance", "no centres", "allowed: strengths")
    refused(lambda: null_connectome(plain, "strength", 1), "nulls.kind", "'strength'", "strengths")
