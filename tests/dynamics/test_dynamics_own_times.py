"""A model whose time constants are all longer by a factor is the same model in another unit of time."""

import numpy as np
import pytest

from ngnmm_core.dynamics.attractor import find_attractors
from ngnmm_core.dynamics.continuation.diagram import diagram
from ngnmm_core.dynamics.continuation.system import System
from ngnmm_core.dynamics.dispersion import dispersions
from ngnmm_core.dynamics.own_times import state_factors, time_factor
from ngnmm_core.models import get_model
from ngnmm_core.simulation.initial_states import nominal

LAMBDA = np.array([1.0, 0.4, -0.3])


def slowed(model, factor, **values):
    """All parameters at one point, with every time constant multiplied, and every rate divided."""
    p, powers = model.resolve(values), {"ms": factor, "Hz": 1.0 / factor}
    return {q.name: p[q.name] * powers.get(q.unit, 1.0) for q in model.parameters}


def attractors_and_rates(name, factor, values):
    """Attractors of some points from the nominal state, whose rates are in the unit of time, and their growth rates."""
    model = get_model(name)
    points = [slowed(model, factor, **one) for one in values]
    arrays = {key: np.array([p[key] for p in points], float) for key in points[0]}
    states = np.tile(nominal(model) * state_factors(model, factor), (len(points), 1))
    found = find_attractors(model, arrays, 1.0, states)
    return found, dispersions(model, arrays, 1.0, found, LAMBDA)


WILSON_COWAN = [{"P": 1.25, "G": 0.5}, {"P": 1.0, "G": 2.0}, {"P": 0.2, "G": 0.5}]
EI = [{"I_ext_e": 13.0, "G": 5.0}, {"I_ext_e": 13.0, "G": 5.0, "Delta": 0.4}, {"I_ext_e": 3.0, "G": 5.0}]


@pytest.mark.parametrize(("name", "values"), [("wilson_cowan", WILSON_COWAN), ("ei_ngnmm", EI)])
@pytest.mark.parametrize("factor", [16.0, 1 / 16])
def test_a_factor_of_two_to_the_fourth_changes_no_bit(name, values, factor):
    before, rates = attractors_and_rates(name, 1.0, values)
    after, slower = attractors_and_rates(name, factor, values)
    for one, other in zip(before, after, strict=True):
        assert (one.regime, one.multiplicity) == (other.regime, other.multiplicity)
        np.testing.assert_array_equal(one.state * state_factors(get_model(name), factor), other.state)
        np.testing.assert_array_equal(factor * one.period, other.period)
    np.testing.assert_array_equal(rates.growth_rate, factor * slower.growth_rate)
    np.testing.assert_array_equal(rates.frequency, factor * slower.frequency)


@pytest.mark.parametrize(("name", "values"), [("wilson_cowan", WILSON_COWAN), ("ei_ngnmm", EI)])
@pytest.mark.parametrize("factor", [20.0, 0.05])
def test_attractors_in_another_unit_of_time(name, values, factor):
    before, rates = attractors_and_rates(name, 1.0, values)
    after, slower = attractors_and_rates(name, factor, values)
    for one, other in zip(before, after, strict=True):
        assert (one.regime, one.multiplicity) == (other.regime, other.multiplicity)
        np.testing.assert_allclose(other.period, factor * one.period, rtol=1e-9)
    np.testing.assert_allclose(factor * slower.growth_rate, rates.growth_rate, rtol=1e-9, atol=1e-9)


def points_of(result):
    return [(point.kind, point.drive, point.period) for _, point in result.points] + [
        (point.kind, float(point.cycle.p[0]), point.cycle.period) for _, b in result.cycles for point in b.special
    ]


def diagram_of(name, factor, limits, drive, **values):
    model = get_model(name)
    return diagram(System(model, slowed(model, factor, **values), 1.0, (drive,)), limits, doublings=0)


@pytest.mark.slow
@pytest.mark.parametrize("factor", [16.0, 20.0])
def test_a_diagram_of_wilson_and_cowan(factor):
    before = diagram_of("wilson_cowan", 1.0, (0.5, 2.5), "P", G=0.5)
    after = diagram_of("wilson_cowan", factor, (0.5, 2.5), "P", G=0.5)
    _compare(before, after, factor, exact=factor == 16.0)


@pytest.mark.slow
def test_no_homoclinic_ends_where_all_is_twenty_times_slower():
    """Jansen and Rit's alpha cycle then has a period of 1.8 s, which is not long for it."""
    before = diagram_of("jansen_rit", 1.0, (280.0, 330.0), "p")
    after = diagram_of("jansen_rit", 20.0, (14.0, 16.5), "p")
    assert [b.end for _, b in before.cycles] == ["border"]
    assert before.cycles[0][1].samples[-1].period > 80.0
    _compare(before, after, 20.0, exact=False, rates=20.0)


@pytest.mark.slow
@pytest.mark.parametrize("factor", [16.0, 20.0])
def test_a_diagram_of_the_next_generation_node(factor):
    before, after = (diagram_of("ei_ngnmm", f, (8.5, 20.0), "I_ext_e", G=12.0) for f in (1.0, factor))
    _compare(before, after, factor, exact=factor == 16.0)


def _compare(before, after, factor, exact, rates=1.0):
    assert [b.end for _, b in after.cycles] == [b.end for _, b in before.cycles]
    assert after.failures == before.failures
    kinds, places, periods = zip(*points_of(before), strict=True)
    slow_kinds, slow_places, slow_periods = zip(*points_of(after), strict=True)
    assert slow_kinds == kinds
    assert len(before.cycles) >= 1
    if exact:
        assert slow_places == places
        np.testing.assert_array_equal(slow_periods, factor * np.array(periods))
        for (_, one), (_, other) in zip(before.cycles, after.cycles, strict=True):
            np.testing.assert_array_equal([s.period for s in other.samples], [factor * s.period for s in one.samples])
    else:
        np.testing.assert_allclose(rates * np.array(slow_places), places, rtol=1e-9)
        np.testing.assert_allclose(slow_periods, factor * np.array(periods), rtol=1e-9)


def test_one_slower_time_constant_is_no_other_unit_of_time(ei):
    """Another one is then as fast as before, and needs the steps that it had."""
    p = ei.resolve({"tau_e": 80.0})
    assert time_factor(ei, p) == 1.0
    assert time_factor(ei, slowed(ei, 3.0)) == 3.0
    assert time_factor(ei, slowed(ei, 0.25)) == 0.25
    np.testing.assert_array_equal(state_factors(ei, 4.0), [0.25, 1.0, 0.25, 0.25, 1.0, 0.25])
    np.testing.assert_array_equal(state_factors(get_model("jansen_rit"), 4.0), [1, 1, 1, 0.25, 0.25, 0.25])
