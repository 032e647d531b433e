"""The programs in C that speed is compared with solve the same equations."""

import os
import shutil

import numpy as np
import pytest

from benchmarks.problem import dense_network, points_at, start_of
from benchmarks.reference import Node, trajectory
from benchmarks.yardsticks import Yardsticks

REGIONS, SPAN_MS = 12, 20.0


@pytest.mark.slow
@pytest.mark.skipif(shutil.which(os.environ.get("CC", "cc")) is None, reason="there is no C compiler")
@pytest.mark.parametrize(("method", "largest"), [("rk4", 1e-6), ("riccati", 1e-6)])
def test_the_yardstick_agrees_with_dop853(method, largest):
    start = start_of(points_at([(15, 5)]), REGIONS, False)[0]
    exact = trajectory(dense_network(REGIONS), Node(5.0, 15.0, 1.0), start, np.array([SPAN_MS]))[0]
    found = Yardsticks().states(method, REGIONS, SPAN_MS)
    assert np.ptp(exact[:, 1]) > 1e-3
    assert 0.0 < np.abs(found.T - exact).max() < largest
