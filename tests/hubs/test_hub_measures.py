"""What stands beside hub scores: information flow, dynamical influence, structure."""

from types import SimpleNamespace

import networkx
import numpy as np
import pytest
import scipy

from ngnmm_core.analysis.graph_measures import betweenness, structural_measures
from ngnmm_core.analysis.transfer_entropy import InformationReducer, outflow, transfer_entropy
from ngnmm_core.connectome import Connectome
from ngnmm_core.products.dynamical_influence import dynamical_influence, left_eigenvector
from ngnmm_core.stages.task import Task


def driven(rng, samples=200_000, a=0.6, b=0.5, c=0.7):
    """x drives y: x' = a x + noise, y' = b y + c x + noise."""
    noise = rng.standard_normal((2, samples))
    x, y = np.zeros(samples), np.zeros(samples)
    for t in range(samples - 1):
        x[t + 1] = a * x[t] + noise[0, t]
        y[t + 1] = b * y[t] + c * x[t] + noise[1, t]
    return np.stack([x, y])


def test_transfer_entropy_against_the_stationary_covariance():
    """The conditional variances follow from the solution of the Lyapunov equation of the process."""
    a, b, c = 0.6, 0.5, 0.7
    S_xx = 1 / (1 - a * a)
    S_xy = a * c * S_xx / (1 - a * b)
    S_yy = (1 + c * c * S_xx + 2 * b * c * S_xy) / (1 - b * b)
    lagged = b * S_yy + c * S_xy  # of y and its past
    expected = 0.5 * np.log((S_yy - lagged**2 / S_yy) / 1.0)  # given both pasts the noise is left
    flow = transfer_entropy(driven(np.random.default_rng(0)), 1)
    assert flow[1, 0] == pytest.approx(expected, rel=0.02)
    assert abs(flow[0, 1]) < 1e-4
    assert (np.diag(flow) == 0).all()


def test_outflow_tells_the_source_from_its_target():
    series = driven(np.random.default_rng(1), samples=4000)
    observed, surrogates = outflow(series, 1, 100)
    assert observed[0] > 10 * surrogates[:, 0].max()
    assert observed[1] < 3 * surrogates[:, 1].max()
    assert surrogates.shape == (39, 2)


def test_shifted_sources_are_those_of_the_rolled_series():
    series = np.random.default_rng(2).standard_normal((3, 500))
    rolled = series.copy()
    rolled[2] = np.roll(series[2], 40)
    assert transfer_entropy(series, 3, 40)[0, 2] == pytest.approx(transfer_entropy(rolled, 3)[0, 2], rel=1e-9)


def test_betweenness_of_a_star_and_of_a_chain():
    star = np.zeros((5, 5))
    star[0, 1:] = star[1:, 0] = 1.0
    np.testing.assert_allclose(betweenness(star), [1, 0, 0, 0, 0])
    chain = np.diag(np.ones(3), -1)  # 0 -> 1 -> 2 -> 3: rows are targets
    np.testing.assert_allclose(betweenness(chain), [0, 2 / 6, 2 / 6, 0])


def test_paths_take_the_strong_detour():
    weights = np.zeros((3, 3))
    weights[2, 0], weights[1, 0], weights[2, 1] = 0.1, 1.0, 1.0
    np.testing.assert_allclose(betweenness(weights), [0, 0.5, 0])


@pytest.mark.parametrize("unit", [1.0, 0.07, 1e-3, 123.4])
def test_paths_of_equal_length_count_whatever_the_unit_of_the_weights(unit):
    """Lengths are whole numbers up to rounding, and networkx has them as whole numbers."""
    rng = np.random.default_rng(1)
    for _ in range(20):
        lengths = np.triu(rng.integers(1, 9, (8, 8)) * (rng.random((8, 8)) > 0.3), 1)
        lengths += lengths.T * (rng.random((8, 8)) > 0.2)  # some links one way
        graph = networkx.DiGraph()
        graph.add_nodes_from(range(8))
        graph.add_weighted_edges_from((j, i, int(lengths[i, j])) for i, j in np.argwhere(lengths))
        expected = networkx.betweenness_centrality(graph, weight="weight")
        weights = np.divide(unit, lengths, out=np.zeros((8, 8)), where=lengths > 0)
        np.testing.assert_allclose(betweenness(weights), [expected[k] for k in range(8)], atol=1e-12)


def test_betweenness_of_a_large_network_is_that_of_sampled_sources():
    rng = np.random.default_rng(2)
    lengths = rng.uniform(0.5, 2.0, (210, 210)) * (rng.random((210, 210)) < 0.02) * (1 - np.eye(210))
    lengths += np.roll(np.eye(210), 1, axis=0)  # a ring, so that every region reaches all others
    graph = networkx.DiGraph()
    graph.add_nodes_from(range(210))  # sources are drawn by their order
    graph.add_weighted_edges_from((j, i, lengths[i, j]) for i, j in np.argwhere(lengths))
    expected = networkx.betweenness_centrality(graph, weight="weight", k=200, seed=0)
    found = betweenness(np.divide(1.0, lengths, out=np.zeros((210, 210)), where=lengths > 0))
    np.testing.assert_allclose(found, [expected[k] for k in range(210)], atol=1e-12)


def test_two_regions_have_no_others_between_them():
    np.testing.assert_array_equal(betweenness(np.array([[0.0, 1.0], [1.0, 0.0]])), [0.0, 0.0])


def test_structure_of_a_weighted_ring_with_a_hub():
    weights = np.array([[0, 2, 2, 2], [2, 0, 1, 0], [2, 1, 0, 1], [2, 0, 1, 0]], float)
    measures = structural_measures(weights)
    np.testing.assert_allclose(measures["strength"][1], weights.sum(axis=0))
    vector = measures["eigenvector_centrality"][1]
    assert vector[0] == 1.0
    np.testing.assert_allclose(weights @ vector, (weights @ vector)[0] * vector, rtol=1e-12)


def test_left_eigenvector_of_the_uniform_mode_is_the_strength(undirected6):
    """W = D^-1 A with A symmetric: D W is symmetric, so the row sums of A are the left eigenvector of 1."""
    values = np.abs(left_eigenvector(undirected6, 1.0))
    np.testing.assert_allclose(values @ undirected6, values, rtol=1e-12)
    assert values.max() == 1.0


def test_influence_follows_the_fastest_mode(ei, points_of, undirected6):
    """(15, 9): the homogeneous rest state is unstable along all but the uniform mode; G = 0 has no modes."""
    points = points_of(ei, 2, I_ext_e=[15.0, 15.0], G=[9.0, 0.0])
    influence, leading = dynamical_influence(Task(ei, Connectome(undirected6, tuple("abcdef")), points, {}, ()))
    values = np.linalg.eigvals(undirected6).real
    lowest = np.sort(values)[::-1][leading[0]]
    assert leading[0] > 0
    vector = influence[0]
    assert vector.max() == 1.0
    signed = np.linalg.eig(undirected6.T)
    column = np.abs(signed[1][:, np.argmin(np.abs(signed[0] - lowest))])
    np.testing.assert_allclose(vector, column / column.max(), rtol=1e-9)
    assert np.isnan(influence[1]).all()
    assert leading[1] == -1


def test_no_homogeneous_state_no_influence(ei, points_of, undirected6):
    uneven = undirected6.copy()
    uneven[0] *= 1.5
    influence, leading = dynamical_influence(Task(ei, Connectome(uneven, tuple("abcdef")), points_of(ei, 1), {}, ()))
    assert np.isnan(influence).all()
    assert leading[0] == -1


# ------------------------------------------------------------------ networks in several parts
def blocks(*parts):
    """Networks side by side, without connections between them."""
    return scipy.linalg.block_diag(*parts)


def ring(count):
    """An undirected ring, every region fed by both of its neighbours."""
    return np.roll(np.eye(count), 1, axis=0) + np.roll(np.eye(count), -1, axis=0)


def power_iteration(weights, start):
    """What repeated multiplication leads to; the shift keeps eigenvalues of opposite sign apart."""
    vector = start
    for _ in range(4000):
        vector = weights @ vector + vector
        vector = vector / vector.max()
    return vector


@pytest.mark.parametrize(
    "weights",
    [
        blocks(ring(3), ring(3)),
        blocks(ring(3), ring(4)),
        blocks(ring(3), 2 * ring(3)),
        blocks(ring(3), ring(3), [[0.0]]),
    ],
    ids=["two triangles", "triangle and square", "one stronger", "and one alone"],
)
def test_centrality_in_several_parts_is_that_of_repeated_multiplication(weights):
    found = structural_measures(weights)["eigenvector_centrality"][1]
    np.testing.assert_allclose(found, power_iteration(weights, np.ones(len(weights))), atol=1e-9)


def test_centrality_of_two_equal_triangles_is_one_everywhere():
    found = structural_measures(blocks(ring(3), ring(3)))["eigenvector_centrality"][1]
    np.testing.assert_allclose(found, 1.0, rtol=1e-12)


def test_a_chain_has_no_centrality():
    chain = np.diag([1.0, 2.0, 3.0], -1)
    assert np.isnan(structural_measures(chain)["eigenvector_centrality"][1]).all()
    assert np.isnan(structural_measures(np.zeros((3, 3)))["eigenvector_centrality"][1]).all()


def test_influence_in_equal_parts_is_equal():
    pair = blocks(ring(3), ring(3)) / 2
    np.testing.assert_allclose(left_eigenvector(pair, 1.0), 1.0, rtol=1e-12)
    # the two modes of a ring of six that go round once, in either sense: all regions are alike
    np.testing.assert_allclose(left_eigenvector(ring(6) / 2, 0.5), 1.0, rtol=1e-9)


def test_influence_in_parts_does_not_depend_on_the_order_of_regions():
    weights = blocks(ring(3) / 2, ring(4) / 2)
    order = np.random.default_rng(0).permutation(7)
    found = left_eigenvector(weights, 1.0)
    np.testing.assert_allclose(left_eigenvector(weights[np.ix_(order, order)], 1.0), found[order], rtol=1e-9)
    np.testing.assert_allclose(found, [1.0] * 3 + [np.sqrt(3) / 2] * 4, rtol=1e-9)


@pytest.mark.parametrize("driven", [((2, 0),), ((2, 0), (4, 2)), ((3, 1), (5, 0))])
def test_parts_that_drive_each_other_with_one_eigenvalue(driven):
    """Fewer eigenvectors than eigenvalues: what is driven longest grows fastest, and what drives it matters most."""
    pair = np.array([[0.0, 1.0], [1.0, 0.0]])
    weights = blocks(pair, pair, pair)
    for target, source in driven:
        weights[target, source] = 1.0
    lazy = np.linalg.matrix_power((weights + np.eye(6)) / 2, 2**20)  # exact in binary fractions up to rounding
    total, length = lazy @ np.ones(6), np.linalg.norm(lazy, axis=0)
    found = structural_measures(weights)["eigenvector_centrality"][1]
    np.testing.assert_allclose(found, total / total.max(), atol=1e-5)
    np.testing.assert_allclose(left_eigenvector(weights, 1.0), length / length.max(), atol=1e-5)


def test_a_chain_of_regions_that_feed_nobody_has_no_influence():
    """Its eigenvalue, zero, has one eigenvector for four regions; the others have the influence they have alone."""
    own = np.random.default_rng(4).uniform(size=(7, 7))
    weights = blocks(own, np.eye(4, k=-1))
    weights[7, 3] = 1.0
    weights /= weights.sum(axis=1, keepdims=True)
    values, vectors = np.linalg.eig(weights[:7, :7].T)
    alone = np.abs(vectors[:, np.argmax(values.real)])
    expected = np.concatenate([alone / alone.max(), np.zeros(4)])
    np.testing.assert_allclose(left_eigenvector(weights, 1.0), expected, atol=1e-9)
    np.testing.assert_allclose(structural_measures(weights)["eigenvector_centrality"][1], 1.0, rtol=1e-9)


def outflow_of(series, sample_ms, lag_ms, model, **parameters):
    """What the reducer makes of a signal [region, sample] of two points."""
    signal = SimpleNamespace(sample_ms=sample_ms, push=lambda block: block)
    resolved = {name: np.full(2, value) for name, value in model.resolve(parameters).items()}
    window = SimpleNamespace(model=model, parameters=resolved, points=2, regions=len(series), included=None)
    reducer = InformationReducer((lambda options, window: signal, None, lag_ms), window)
    block = np.zeros((series.shape[1], 1, len(series), 2))
    block[:, 0] = series.T[..., None]
    for part in np.array_split(block, 7):
        reducer.consume(part)
    return reducer.finish(SimpleNamespace(active=np.ones((2, len(series)), bool)))["lesion_information_surrogates"]


def test_shifts_of_surrogates_are_in_the_times_of_the_model(ei):
    """At least 200 ms of the last 20 s, at the default time constants; 16 times as long where these are."""
    series = driven(np.random.default_rng(2))
    slow = {p.name: 16.0 * p.default for p in ei.parameters if p.unit == "ms"}
    found = outflow_of(series, 1.0, 3.0, ei)
    np.testing.assert_array_equal(found[0], outflow(series.astype(np.float32)[:, -20000:].astype(float), 3, 200)[1])
    np.testing.assert_array_equal(outflow_of(series, 16.0, 48.0, ei, **slow), found)
