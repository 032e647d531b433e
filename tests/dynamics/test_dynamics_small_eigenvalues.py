"""Eigenvalues of many small matrices: LAPACK's, those of closed forms, and no influence of one matrix on another."""

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment

from ngnmm_core.dynamics.small_eigenvalues import LARGEST, eigenvalues_of

RNG = np.random.default_rng(5)


def distance(found, expected):
    """Largest distance between eigenvalues that are matched one to one."""
    gaps = np.abs(found[:, None] - expected[None])
    return gaps[linear_sum_assignment(gaps)].max()


def jordan(value, size):
    return value * np.eye(size) + np.diag(np.ones(size - 1), 1)


@pytest.mark.parametrize("size", range(1, LARGEST + 2))
@pytest.mark.parametrize("spread", [0.0, 3.0])
def test_eigenvalues_are_those_of_lapack(size, spread):
    """Rows of sizes that differ by powers of ten, too; errors relative to the matrix."""
    matrices = RNG.standard_normal((37, size, size)) * np.exp(spread * RNG.standard_normal((37, size, 1)))
    for matrix, found in zip(matrices, eigenvalues_of(matrices), strict=True):
        expected = np.linalg.eigvals(matrix).astype(complex)
        assert distance(found, expected) < 3e-14 * size * np.linalg.norm(matrix)


@pytest.mark.parametrize("size", [2, 3, 6, 12])
def test_the_characteristic_polynomial_vanishes_and_trace_and_determinant_are_met(size):
    matrices = RNG.standard_normal((64, size, size))
    found = eigenvalues_of(matrices)
    np.testing.assert_allclose(found.sum(axis=1), np.trace(matrices, axis1=1, axis2=2), atol=1e-13 * size)
    np.testing.assert_allclose(found.prod(axis=1), np.linalg.det(matrices), rtol=1e-9, atol=1e-11)
    for matrix, values in zip(matrices[:8], found, strict=False):
        singular = np.linalg.svd(matrix - values[:, None, None] * np.eye(size), compute_uv=False)
        assert (singular[:, -1] < 1e-13 * np.linalg.norm(matrix)).all()


@pytest.mark.parametrize(
    ("matrix", "expected"),
    [
        (np.zeros((5, 5)), np.zeros(5)),
        (jordan(0.5, 6), np.full(6, 0.5)),
        (jordan(-2.0, 6).T, np.full(6, -2.0)),
        (np.roll(np.eye(7), 1, axis=0), np.exp(2j * np.pi * np.arange(7) / 7)),
        (np.ones((6, 6)), [6, 0, 0, 0, 0, 0]),
        (np.array([[0.0, 1.0], [-1.0, 0.0]]), [1j, -1j]),
        (np.array([[1.0, 1e8], [0.0, 1.0]]), [1, 1]),
        (np.triu(np.arange(49.0).reshape(7, 7)), np.diag(np.arange(49.0).reshape(7, 7))),
        (np.kron(np.eye(3), [[0.0, -3.0], [3.0, 0.0]]), [3j, -3j] * 3),
        (np.diag([1.0, 1e-5, 1e-10, 1e-15]), [1, 1e-5, 1e-10, 1e-15]),
    ],
)
def test_defective_degenerate_and_orthogonal_matrices(matrix, expected):
    assert distance(eigenvalues_of(matrix), np.asarray(expected, complex)) < 1e-14 * max(np.linalg.norm(matrix), 1)


@pytest.mark.parametrize("size", [2, 4, 6])
def test_a_hidden_jordan_block_is_as_right_as_rounding_lets_it_be(size):
    """A perturbation of a block of n rows by epsilon moves its eigenvalues by the n-th root of epsilon."""
    for _ in range(20):
        Q = np.linalg.qr(RNG.standard_normal((size, size)))[0]
        found = eigenvalues_of(Q @ jordan(0.5, size) @ Q.T)
        assert np.abs(found - 0.5).max() < 2.0 * (1e-15) ** (1.0 / size)
        assert abs(found.mean() - 0.5) < 1e-14


@pytest.mark.parametrize("size", [3, 6])
def test_sizes_near_the_limits_of_the_numbers(size):
    matrix = RNG.standard_normal((size, size))
    for factor in (1e-200, 1e-150, 1e150, 1e200):
        assert distance(eigenvalues_of(factor * matrix) / factor, eigenvalues_of(matrix)) < 1e-13


def test_a_matrix_has_the_same_bits_beside_any_others_and_real_ones_have_conjugate_pairs():
    matrices = RNG.standard_normal((29, 6, 6))
    matrices[3], matrices[11] = jordan(1.0, 6), 0.0
    together = eigenvalues_of(matrices)
    for matrix, found in zip(matrices, together, strict=True):
        np.testing.assert_array_equal(eigenvalues_of(matrix), found)
        np.testing.assert_array_equal(np.sort_complex(found), np.sort_complex(found.conj()))


def test_complex_matrices_shapes_and_what_is_not_finite():
    matrices = RNG.standard_normal((2, 3, 4, 4)) + 1j * RNG.standard_normal((2, 3, 4, 4))
    np.testing.assert_array_equal(eigenvalues_of(matrices), np.linalg.eigvals(matrices))
    assert eigenvalues_of(matrices.real).shape == (2, 3, 4)
    assert eigenvalues_of(np.empty((0, 6, 6))).shape == (0, 6)
    broken = matrices.real.copy()
    broken[1, 2, 3, 0] = np.nan
    with pytest.raises(np.linalg.LinAlgError, match="not finite"):
        eigenvalues_of(broken)
