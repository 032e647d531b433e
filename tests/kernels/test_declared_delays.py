"""What an integrator declares of delays is what the lists of the past are made from, whatever its name."""

import numpy as np
import pytest

from ngnmm_core.simulation import delays
from ngnmm_core.simulation.delays import Delays, delayed_weights
from ngnmm_core.simulation.integrators import get_integrator, integrator_names

W = np.array([[0.0, 1.0, 0.5], [1.0, 0.0, 0.3], [0.5, 0.3, 0.0]])


def lists(method):
    return delayed_weights(W, Delays(np.full((3, 3), 2.0)), 0.1, 8, method)


def test_a_copy_under_another_name_reads_the_same(monkeypatch):
    known = lists("rk4")
    monkeypatch.setattr(delays, "get_integrator", lambda name: get_integrator("rk4"))
    copy = lists("third")
    assert (copy.regions, copy.slots, copy.short_ms) == (known.regions, known.slots, known.short_ms)
    for own, of_copy in zip(known[3:], copy[3:], strict=True):
        np.testing.assert_array_equal(own, of_copy)


def test_a_list_for_every_fraction_that_is_declared():
    for name in integrator_names():
        declared = get_integrator(name).delays
        if declared:
            # all pairs of three regions, at every fraction, from four values
            assert len(lists(name)[-1]) == len(declared) * 6 * 4


def test_a_method_without_delays_makes_no_lists():
    assert not get_integrator("multirate").delayed
    with pytest.raises(ValueError, match="'multirate' takes no delays"):
        lists("multirate")


@pytest.mark.parametrize(("name", "rounds"), [("rk4", False), ("heun", True), ("riccati", True), ("multirate", False)])
def test_delays_may_be_rounded_where_nothing_is_read_inside_a_step(name, rounds):
    assert get_integrator(name).rounds is rounds
