"""The stated accuracy of the default method, at a few of the points of `benchmarks.accuracy_points`."""

import numpy as np
import pytest

from benchmarks.accuracy_points import (
    PLANE,
    Trajectories,
    limit,
    points_from,
    random_cases,
    simulate,
    small_limit,
    small_network,
    whole_brain,
    wrong,
)
from benchmarks.problem import made_network
from benchmarks.reference import Node, trajectory

REFERENCES = Trajectories(None)


@pytest.mark.slow
def test_the_compiled_reference_agrees_with_scipy(ei, directed5, start_of, dop853):
    start, values = start_of(ei, 1, 5)[0], {"I_ext_e": 15.0, "G": 7.0, "Delta": 0.3}
    expected = dop853(ei, directed5, ei.resolve(values), start, np.array([4.0, 20.0]))
    found = trajectory(directed5, Node(7.0, 15.0, 0.3), start, np.array([4.0, 20.0]))
    np.testing.assert_allclose(found, expected, rtol=1e-8, atol=1e-9)


@pytest.mark.slow
def test_the_accuracy_that_is_stated_for_whole_brains():
    rows = [row for row in PLANE if row[0] == 15 and row[1] in (3, 30) and row[2] in (0.2, 0.5, 2)]
    found = whole_brain(made_network(19), rows, REFERENCES)
    assert not wrong(found, [limit(row[2]) for row in rows]).any(), found
    assert (found.status == 0).all()
    assert len(set(found.step_ms)) > 1


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_the_accuracy_that_is_stated_for_small_networks(seed):
    for name, W, row in random_cases(6, seed):
        found = small_network(W, [row], REFERENCES)
        assert not wrong(found, small_limit(row[2])).any(), (name, row, found)


def test_a_step_that_is_too_long_is_not_called_ok():
    """At Delta 0.05 a step of 0.1 ms is wrong by the whole range; given by the user, it has a status."""
    row = (15.0, 10.0, 0.05)
    results, _ = simulate(made_network(8), points_from([row]), "float64", dt_ms=0.1)
    assert results["simulation_status"][0] == 2
    assert np.isnan(results["states"]).all()
