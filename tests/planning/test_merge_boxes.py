"""Runs of a C-ordered grid as rectangular blocks."""

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ngnmm_core.dataset.merger import boxes


@st.composite
def runs(draw):
    """A shape and a run of positions in it."""
    shape = tuple(draw(st.lists(st.integers(1, 5), max_size=4)))
    ends = st.integers(0, math.prod(shape))
    start, stop = sorted((draw(ends), draw(ends)))
    return shape, start, stop


@given(runs())
def test_boxes_cover_a_run_once_and_in_order(run):
    shape, start, stop = run
    if not shape:
        return  # a grid without axes has one point
    positions = np.arange(math.prod(shape)).reshape(shape)
    visited = [positions[box].ravel() for box in boxes(start, stop, shape)]
    assert [p for block in visited for p in block] == list(range(start, stop))


@given(runs())
def test_boxes_are_few(run):
    shape, start, stop = run
    assert len(list(boxes(start, stop, shape))) <= max(2 * len(shape) - 1, 1)


def test_the_whole_grid_is_one_box():
    assert list(boxes(0, 24, (2, 3, 4))) == [(slice(0, 2), slice(0, 3), slice(0, 4))]


def test_whole_rows_are_taken_together():
    assert list(boxes(2, 14, (4, 4))) == [
        (slice(0, 1), slice(2, 4)),
        (slice(1, 3), slice(0, 4)),
        (slice(3, 4), slice(0, 2)),
    ]


def test_a_grid_without_axes_is_one_box():
    assert list(boxes(0, 1, ())) == [()]
