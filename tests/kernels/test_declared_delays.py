"""What an integrator declares of delays is what the lists of the past are made from, whatever its name."""

import numpy as np
import pytest

from ngnmm_core.simulation import delays
from ngnmm_core.simulation.delays import Delays, delayed_weights
from ngnmm_core.simulation.integrators import get_integrator, integrator_names

W = np.array([[0.0, 1.0, 0.5], [1.0, 0.0, 0.3], [0.5, 0.3, 0.0]])


def lists(method):
    return delayed_weights(W, Delays(np.full((3, 3), 2.0)), 0.1, "float64", method)


def test_a_copy_under_another_name_reads_the_same(monkeypatch):
    known = lists("rk4")
    monkeypatch.setattr(delays, "get_integrator", lambda name: get_integrator("rk4"))
    copy = lists("third")
    assert (copy.regions, copy.slots) == (known.regions, known.slots)
    for own, of_copy in zip(known[4:], copy[4:], strict=True):
        np.testing.assert_array_equal(own, of_copy)


def test_a_list_for_every_fraction_that_is_declared():
    for name in integrator_names():
        integrator = get_integrator(name)
        times = 2 if integrator.short_start else 1  # for full steps and for short ones
        numbers = 5 if integrator.means else 4  # three values and the means between, or four values
        # all pairs of three regions, at every fraction
        assert len(lists(name)[-1]) == times * len(integrator.delays) * 6 * numbers


def test_what_is_read_before_a_step_is_read_one_step_later_than_at_its_end():
    """Starts are counted back from the newest value: 20 steps of delay."""
    at_end, before = (lists(method).start[:6] for method in ("riccati", "multirate"))
    far = 20 - 8  # looked up for eight steps at once
    np.testing.assert_array_equal(at_end, far)
    np.testing.assert_array_equal(before, far)
    near = [
        delayed_weights(W, Delays(np.full((3, 3), 0.35)), 0.1, "float64", m).start[:6] for m in ("riccati", "multirate")
    ]
    np.testing.assert_array_equal(near, [[3] * 6, [2] * 6])


def test_rounded_delays_are_one_step_at_least_where_the_past_is_read_before_a_step():
    short = Delays(np.full((3, 3), 0.02), rounded=True)
    found = {m: delayed_weights(W, short, 0.1, "float64", m).start[:6].tolist() for m in ("riccati", "multirate")}
    assert found == {"riccati": [0] * 6, "multirate": [0] * 6}  # of the end of the step, and of its beginning


def test_lists_are_of_the_numbers_that_are_computed_with():
    single = delayed_weights(W, Delays(np.full((3, 3), 2.0)), 0.1, "float32", "riccati")
    assert (single.weight.dtype, single.zeros.dtype, single.zeros.size) == (np.float32, np.float32, 16)


def test_a_method_without_delays_makes_no_lists(monkeypatch):
    monkeypatch.setattr(delays, "get_integrator", lambda name: get_integrator("rk4")._replace(delays=None))
    with pytest.raises(ValueError, match="'without' takes no delays"):
        lists("without")


@pytest.mark.parametrize(("name", "rounds"), [("rk4", False), ("heun", True), ("riccati", True), ("multirate", True)])
def test_delays_may_be_rounded_where_nothing_is_read_inside_a_step(name, rounds):
    assert get_integrator(name).rounds is rounds
