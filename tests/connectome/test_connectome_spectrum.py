"""Normalisations and eigenvalues of networks whose answers are known in closed form."""

import warnings

import numpy as np
import pytest
import xarray as xr

from ngnmm_core.connectome import SpectrumWarning, normalise, row_sum_spread, spectrum


def checked_spectrum(W):
    """The spectrum, after checking what holds for any matrix that is not defective."""
    s = spectrum(W)
    scale = np.abs(W).max()
    np.testing.assert_allclose(W @ s.right, s.right * s.values, atol=1e-12 * scale * len(W))
    np.testing.assert_allclose(s.left.conj().T @ W, s.values[:, None] * s.left.conj().T, atol=1e-10 * scale)
    np.testing.assert_allclose(s.left.conj().T @ s.right, np.eye(len(W)), atol=1e-10)
    np.testing.assert_allclose(np.linalg.norm(s.right, axis=0), 1)
    order = np.lexsort((-s.values.imag, -s.values.real))
    np.testing.assert_array_equal(order, np.arange(len(W)))
    largest = np.argmax(np.abs(s.right) >= (1 - 1e-6) * np.abs(s.right).max(axis=0), axis=0)
    phase = s.right[largest, np.arange(len(W))]
    assert (phase.imag == 0).all()
    assert (phase.real > 0).all()
    return s


def test_row_normalisation(network):
    W = normalise(network, "row")
    np.testing.assert_allclose(W.sum(axis=1), 1, rtol=0, atol=2e-16)
    np.testing.assert_allclose(W[0], network[0] / 2.75)
    assert row_sum_spread(W) <= 2.3e-16
    assert row_sum_spread(network) == 3.75 - 1.125
    assert network[0, 1] == 0.5  # not changed in place


def test_other_normalisations(network):
    np.testing.assert_array_equal(normalise(network, "max"), network / 3)
    np.testing.assert_array_equal(normalise(network, "none"), network)
    assert normalise(network, "none") is not network


def test_bits_do_not_depend_on_the_memory_layout():
    W = np.random.default_rng(0).uniform(size=(90, 90))
    strided = np.empty((90, 180))[:, ::2]
    strided[:] = W
    for how in ("row", "max"):
        expected = normalise(W, how)
        assert normalise(strided, how).tobytes() == expected.tobytes()
        assert normalise(np.asfortranarray(W), how).tobytes() == expected.tobytes()


def test_what_cannot_be_normalised(network, refused):
    refused(lambda: normalise(network, "rows"), "normalization", "'rows'", "did you mean 'row'?", "row, max, none")
    refused(lambda: normalise(np.zeros((3, 3)), "max"), "all weights are zero")
    network[1] = 0
    labelled = xr.DataArray(network, dims=("region", "source_region"), coords={"region": ["a", "Vermis", "c"]})
    refused(lambda: normalise(labelled, "row"), "region 'Vermis' receives nothing")
    refused(lambda: normalise(network, "row"), "region '1'")
    network[2] = 0
    refused(lambda: normalise(network, "row"), "(and 1 more)")
    np.testing.assert_array_equal(normalise(network, "none"), network)


def test_complete_graph():
    n = 6
    W = normalise(np.ones((n, n)) - np.eye(n), "row")
    s = checked_spectrum(W)
    np.testing.assert_allclose(s.values, [1] + [-1 / (n - 1)] * (n - 1), atol=1e-15)
    assert s.values.dtype == np.float64
    assert s.symmetric
    assert not s.defective
    np.testing.assert_array_equal(s.degenerate, [False] + [True] * (n - 1))
    np.testing.assert_allclose(s.right[:, 0], 1 / np.sqrt(n))


def test_ring_has_repeated_real_eigenvalues_exactly_real():
    n = 12
    W = (np.roll(np.eye(n), 1, axis=0) + np.roll(np.eye(n), -1, axis=0)) / 2
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # repeated, but harmless: W is symmetric
        s = checked_spectrum(W)
    np.testing.assert_allclose(s.values, np.sort(np.cos(2 * np.pi * np.arange(n) / n))[::-1], atol=1e-15)


def test_directed_ring_is_complex():
    n = 5
    s = checked_spectrum(np.roll(np.eye(n), 1, axis=0))
    expected = np.exp(2j * np.pi * np.arange(n) / n)
    expected = expected[np.lexsort((-expected.imag.round(12), -expected.real.round(12)))]
    np.testing.assert_allclose(s.values, expected, atol=1e-14)
    assert not s.symmetric
    assert s.values[1] == np.conj(s.values[2])
    assert s.values[1].imag > 0


def test_row_normalised_undirected_network_is_exactly_real():
    rng = np.random.default_rng(1)
    A = np.exp(rng.normal(0, 3, (60, 60))) * (rng.uniform(size=(60, 60)) < 0.2)
    A = A + A.T
    np.fill_diagonal(A, 0)
    s = checked_spectrum(normalise(A, "row"))
    assert s.symmetric
    assert s.values.dtype == s.right.dtype == s.left.dtype == np.float64
    np.testing.assert_allclose(s.values[0], 1, atol=1e-14)
    np.testing.assert_allclose(np.sort(np.linalg.eigvals(normalise(A, "row")).real)[::-1], s.values, atol=1e-12)


def test_disconnected_network_repeats_one():
    W = np.zeros((6, 6))
    for start in (0, 3):
        W[start : start + 3, start : start + 3] = (np.ones((3, 3)) - np.eye(3)) / 2
    s = checked_spectrum(W)
    np.testing.assert_allclose(s.values, [1, 1, -0.5, -0.5, -0.5, -0.5], atol=1e-15)
    assert s.degenerate.all()


def test_random_directed_network():
    rng = np.random.default_rng(2)
    s = checked_spectrum(normalise(rng.uniform(size=(40, 40)) ** 4, "row"))
    assert np.iscomplexobj(s.values)
    assert abs(s.values[0] - 1) < 1e-14
    assert not s.defective


def test_feed_forward_chain_is_defective():
    W = np.array([[0.0, 0, 0], [1, 0, 0], [0, 1, 0]])
    with pytest.warns(SpectrumWarning, match="defective"):
        s = spectrum(W)
    assert s.defective
    np.testing.assert_allclose(s.values, 0, atol=1e-5)


def test_repeated_eigenvalues_of_a_directed_network_are_told():
    ring = np.roll(np.eye(3), 1, axis=0)
    W = np.kron(np.eye(2), ring)
    with pytest.warns(SpectrumWarning, match="6 eigenvalues of W are repeated"):
        s = spectrum(W)
    assert s.degenerate.all()


def test_sign_does_not_flip_with_round_off():
    W = normalise(np.ones((4, 4)) - np.eye(4) + np.diag([1.0, 0, 1.0], 1) + np.diag([1.0, 0, 1.0], -1), "row")
    reference = spectrum(W)
    rng = np.random.default_rng(4)
    for _ in range(20):
        s = spectrum(W * (1 + 1e-15 * rng.standard_normal(W.shape)))
        simple = ~reference.degenerate
        np.testing.assert_allclose(s.right[:, simple], reference.right[:, simple], atol=1e-9)
