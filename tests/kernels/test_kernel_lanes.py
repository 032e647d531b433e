"""The number type of the kernels against numpy, in both precisions."""

from operator import lt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ngnmm_core.kernels.functions import exp, select, sqrt
from ngnmm_core.kernels.lanes import aligned, lane_width, round_up

DTYPES = ("float64", "float32")
SPECIAL = (0.0, -0.0, 1.0, -1.0, 0.1, -7.3, 1e-30, -1e30, np.inf, -np.inf, np.nan)


def pairs(dtype):
    """All pairs of ordinary and special values."""
    a, b = np.meshgrid(np.array(SPECIAL, dtype), np.array(SPECIAL, dtype))
    return a.ravel(), b.ravel()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    "function",
    [
        lambda a, b: a + b,
        lambda a, b: a - b,
        lambda a, b: a * b,
        lambda a, b: a / b,
        lambda a, b: -a,
        lambda a, b: 1.5 + a,
        lambda a, b: a - 3,
        lambda a, b: 3 - a,
        lambda a, b: a * 2.5,
        lambda a, b: 2.0 / a,
        lambda a, b: a / 3.0,
    ],
    ids=["a+b", "a-b", "a*b", "a/b", "-a", "1.5+a", "a-3", "3-a", "a*2.5", "2/a", "a/3"],
)
def test_one_operation_rounds_as_numpy_does(on_lanes, function, dtype):
    a, b = pairs(dtype)
    with np.errstate(all="ignore"):
        expected = function(a, b)
    assert expected.dtype == dtype
    np.testing.assert_array_equal(on_lanes(function, a, b), expected)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    "function",
    [
        lambda a, b: select(a < b, 1.0, a * 0.0),
        lambda a, b: select(a <= b, b, a),
        lambda a, b: select(a > b, 2, b),
        lambda a, b: select(a >= 0.5, a, b),
        lambda a, b: select(lt(0.5, a), a, -1.0),
    ],
    ids=["<", "<=", ">", ">=", "number<lane"],
)
def test_comparison_and_choice(on_lanes, function, dtype):
    a, b = pairs(dtype)
    with np.errstate(all="ignore"):
        expected = function(a, b)
    np.testing.assert_array_equal(on_lanes(function, a, b), expected)


@pytest.mark.parametrize("dtype", DTYPES)
def test_square_root(on_lanes, dtype):
    x = np.abs(np.random.default_rng(0).standard_cauchy(1000)).astype(dtype)
    x[:6] = 0.0, np.inf, np.nan, -1.0, np.finfo(dtype).tiny, np.finfo(dtype).max
    with np.errstate(invalid="ignore"):
        np.testing.assert_array_equal(on_lanes(lambda a, b: sqrt(a), x), np.sqrt(x))


def exponential(a, b):
    return exp(a)


@pytest.mark.parametrize(("dtype", "largest"), [("float64", 708.0), ("float32", 87.0)])
def test_exponential_is_exact_to_four_units_in_the_last_place(on_lanes, dtype, largest):
    x = np.concatenate([np.linspace(-largest, largest, 20001), np.linspace(-2, 2, 20001), 10.0 ** -np.arange(1, 30.0)])
    x = x.astype(dtype)
    exact = np.exp(x.astype(np.longdouble))
    error = np.abs(on_lanes(exponential, x) - exact) / exact
    assert error.max() < 4 * np.finfo(dtype).eps


@pytest.mark.parametrize(("dtype", "largest"), [("float64", 708.0), ("float32", 87.0)])
def test_exponential_saturates_and_keeps_nan(on_lanes, dtype, largest):
    x = np.array([largest, 2 * largest, 1e30, np.inf, -largest, -2 * largest, -np.inf, np.nan, 0.0], dtype)
    y = on_lanes(exponential, x)
    assert np.isfinite(y[:7]).all()
    np.testing.assert_array_equal(y[:4], y[0])
    np.testing.assert_array_equal(y[4:7], y[4])
    assert y[0] > 0.1 * np.finfo(dtype).max
    assert 0 < y[4] < 10 * np.finfo(dtype).tiny
    assert np.isnan(y[7])
    assert y[8] == 1.0


def mixture(a, b):
    return (a * a + 2.0 * b) / (1.0 + exp(-b)) - select(a < b, a, 0.5 * b) * sqrt(a * a + 1.0)


@given(
    st.lists(st.tuples(st.floats(-50, 50, width=32), st.floats(-50, 50, width=32)), min_size=1, max_size=40),
    st.sampled_from(DTYPES),
)
@settings(max_examples=40, deadline=None, database=None)
def test_a_model_like_expression(on_lanes, values, dtype):
    a, b = np.array(values, dtype).T
    a, b = np.ascontiguousarray(a), np.ascontiguousarray(b)
    exact = mixture(a.astype(float), b.astype(float))
    size = a.astype(float) ** 2 + np.abs(a * b) + 100.0
    np.testing.assert_array_less(np.abs(on_lanes(mixture, a, b) - exact), 20 * np.finfo(dtype).eps * size)


def test_neighbours_in_a_lane_do_not_meet(on_lanes):
    a = np.linspace(-3.0, 3.0, 8)
    alone = on_lanes(mixture, a, 1.0)
    for k in range(8):
        spoiled = np.array([np.nan, np.inf, -np.inf, 1e300] * 2)
        spoiled[k] = a[k]
        assert on_lanes(mixture, spoiled, 1.0)[k] == alone[k]


@pytest.mark.parametrize("value", [0.3, -2.0, np.float64(4.5)])
def test_functions_on_numbers_agree_with_lanes(on_lanes, value):
    inside = on_lanes(mixture, np.full(1, float(value)), 0.7)[0]
    assert mixture(value, 0.7) == pytest.approx(inside, rel=1e-14)


@pytest.mark.parametrize(("dtype", "width"), [("float64", 8), ("float32", 16)])
def test_a_lane_vector_has_512_bits(dtype, width):
    assert lane_width(dtype) == width
    assert [round_up(n, width) for n in (1, width, width + 1)] == [width, width, 2 * width]


@pytest.mark.parametrize("stagger", [0, 1, 7, 41])
def test_aligned_memory_starts_where_it_says(stagger):
    for dtype in DTYPES:
        memory = aligned(100, dtype, stagger)
        assert memory.ctypes.data % 4096 == 64 * stagger
        assert len(memory) == 100
        assert memory.dtype == dtype
        assert not memory.any()
