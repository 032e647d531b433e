"""The coupling product W @ s in lanes, and how weights and points are packed for it."""

import numpy as np
import pytest

from ngnmm_core.kernels.lanes import aligned, lane_width
from ngnmm_core.kernels.layout import pack_weights, row_block, to_lanes
from ngnmm_core.kernels.llvm import kernel, make_row_products

_made = {}


def products(W, signal, rows, dtype="float64", lines=0):
    """W @ signal for a signal [region, lane], block of rows by block of rows as the steppers do it."""
    width = lane_width(dtype)
    weights = pack_weights(W, rows, dtype)
    if (rows, lines) not in _made:
        row_products = make_row_products(rows, lines)
        _made[rows, lines] = kernel(nogil=True)(
            lambda W, offset, signal, n, out: row_products(W, offset, signal, 0, n, out, (out, signal), 8 * offset)
        )
    flat, out, result = aligned(signal.size, dtype), aligned(rows * width, dtype), []
    flat[:] = signal.ravel()
    for first in range(0, len(W), rows):
        _made[rows, lines](weights.packed, first * len(W), flat, len(W), out)
        result.append(out.copy().reshape(rows, width))
    return np.concatenate(result)


@pytest.mark.parametrize("regions", [1, 2, 7, 90, 94, 97, 100])
@pytest.mark.parametrize("wide", [True, False])
def test_products_agree_with_numpy(regions, wide):
    rng = np.random.default_rng(regions)
    W, signal = rng.exponential(size=(regions, regions)), rng.standard_normal((regions, 8))
    result = products(W, signal, row_block(regions, wide))
    bound = 1e-15 * regions * (np.abs(W) @ np.abs(signal))
    np.testing.assert_array_less(np.abs(result[:regions] - W @ signal), bound)
    assert not result[regions:].any()  # the padding of the last block


def test_products_in_single_precision():
    rng = np.random.default_rng(0)
    W, signal = rng.exponential(size=(30, 30)), rng.standard_normal((30, 16))
    result = products(W, signal, 12, "float32")[:30]
    np.testing.assert_array_less(np.abs(result - W @ signal), 1e-6 * (np.abs(W) @ np.abs(signal)))


def test_bits_do_not_depend_on_the_size_of_the_row_blocks():
    rng = np.random.default_rng(1)
    W, signal = rng.exponential(size=(50, 50)), rng.standard_normal((50, 8))
    expected = products(W, signal, 12)[:50]
    for rows in (4, 5, 18, 20):
        np.testing.assert_array_equal(products(W, signal, rows)[:50], expected)


@pytest.mark.parametrize("lines", [2, 9, 31, 500])
def test_fetching_ahead_changes_nothing(lines):
    """Fewer columns than lines to fetch, as many, and more."""
    rng = np.random.default_rng(2)
    for regions in (1, 5, 16, 40):
        W, signal = rng.exponential(size=(regions, regions)), rng.standard_normal((regions, 8))
        np.testing.assert_array_equal(products(W, signal, 12, lines=lines), products(W, signal, 12))


def test_row_i_receives_from_column_j():
    W = np.zeros((3, 3))
    W[2, 0] = 4.0
    signal = np.arange(1.0, 25.0).reshape(3, 8)
    np.testing.assert_array_equal(products(W, signal, 12)[:3], [0 * signal[0], 0 * signal[0], 4.0 * signal[0]])


@pytest.mark.parametrize("wide", [True, False])
def test_row_blocks_leave_little_padding(wide):
    for regions in range(1, 400):
        rows = row_block(regions, wide)
        assert rows <= (24 if wide else 6)
        padding = -regions % rows
        if regions >= (12 if wide else 4):
            assert padding <= (6 if wide else 3)
    assert row_block(90, wide) == (18 if wide else 6)


@pytest.mark.parametrize("regions", [1, 7, 12, 13])
def test_packed_weights_hold_every_weight_once(regions):
    W = 1.0 + np.arange(regions**2).reshape(regions, regions)
    for rows in (4, 12):
        weights = pack_weights(W, rows)
        assert (weights.regions, weights.rows) == (regions, rows)
        blocks = weights.packed.reshape(-1, regions, rows)  # [block, column, row]
        np.testing.assert_array_equal(blocks.transpose(0, 2, 1).reshape(-1, regions)[:regions], W)
        assert weights.packed.sum() == W.sum()


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_points_fill_lanes_and_the_last_one_is_repeated(dtype):
    width = lane_width(dtype)
    points = np.arange((width + 3) * 6.0).reshape(width + 3, 2, 3)
    packed = to_lanes(points, width, dtype).reshape(2, 2, 3, width)  # [group, ..., lane]
    assert packed.dtype == dtype
    for lane in range(2 * width):
        np.testing.assert_array_equal(packed[lane // width, :, :, lane % width], points[min(lane, width + 2)])
