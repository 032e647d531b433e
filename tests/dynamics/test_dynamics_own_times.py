"""A model whose time constants are all longer by a factor is the same model in another unit of time."""

from dataclasses import replace

import numpy as np
import pytest
from slower_models import EI, RING, WILSON_COWAN, declared_slower, slowed

from ngnmm_core import simulate
from ngnmm_core.connectome import spectrum
from ngnmm_core.dynamics.attractor import find_attractors
from ngnmm_core.dynamics.coexistence import coexisting
from ngnmm_core.dynamics.continuation.diagram import diagram
from ngnmm_core.dynamics.continuation.system import System
from ngnmm_core.dynamics.delayed_rest import growth_along, homogeneous_rests, network_at
from ngnmm_core.dynamics.delayed_spectrum import delayed_growth_rate, delayed_spectrum
from ngnmm_core.dynamics.dispersion import dispersions
from ngnmm_core.models import get_model, model_names
from ngnmm_core.simulation.own_times import common_time_factor, own_time, state_factors, time_factor
from ngnmm_core.simulation.simulator import homogeneous_states

LAMBDA = np.array([1.0, 0.4, -0.3])


def attractors_and_rates(name, factor, values):
    """Attractors of some points from the nominal state, whose rates are in the unit of time, and their growth rates."""
    model = get_model(name)
    points = [slowed(model, factor, **one) for one in values]
    arrays = {key: np.array([p[key] for p in points], float) for key in points[0]}
    states = np.tile(model.nominal * state_factors(model, factor), (len(points), 1))
    found = find_attractors(model, arrays, 1.0, states)
    return found, dispersions(model, arrays, 1.0, found, LAMBDA)


def test_a_model_that_declares_slower_times_is_the_same_model(ei):
    """Defaults 16 times as long, and said so: attractors, equilibria, cycles and networks have the same bits."""
    slow, values = declared_slower(ei, 16.0), {"I_ext_e": np.array([13.0, 3.0]), "G": np.array([5.0, 5.0])}
    found = []
    for model in (ei, slow):
        arrays = {name: np.asarray(v, float) * np.ones(2) for name, v in model.resolve(values).items()}
        units = state_factors(model, time_factor(model, arrays))
        states = homogeneous_states(model, arrays, 1.0)
        np.testing.assert_array_equal(time_factor(model, arrays), model.time_unit)
        few = coexisting(model, {name: v[1:] for name, v in arrays.items()}, 1.0, 4)
        rests = [a.state / units[1] for a in few[0].attractors]
        cycle = find_attractors(model, arrays, 1.0, states)[0]
        assert len(rests) > 0
        found.append((states / units, cycle.state / units[0], cycle.period / model.time_unit, *rests))
    for one, other in zip(*found, strict=True):
        np.testing.assert_array_equal(one, other)


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


def test_ends_of_stable_intervals_and_modes_that_grow():
    """Rates are told from rounding in the unit of time; here they cross zero at 0.44 with a slope of 0.03 per ms."""

    def results(factor):
        parameters = slowed(get_model("ei_ngnmm"), factor, I_ext_e=13.0, G=5.0)
        found = simulate(parameters, RING, analyses=["dispersion", "msf"])
        return found["stable_intervals"].values, found["unstable_modes"].values

    (ends, modes), (slow_ends, slow_modes) = results(1.0), results(16.0)
    assert np.nanmax(ends) == pytest.approx(0.43970383, abs=3e-7)
    np.testing.assert_array_equal(slow_ends, ends)
    np.testing.assert_array_equal(slow_modes, modes)


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


def test_every_model_says_what_its_parameters_do_in_another_unit_of_time():
    """Or the unit of a parameter is declared otherwise than the equations use it."""
    for name in model_names():
        model = get_model(name)
        found = own_time(model, slowed(model, 16.0), 16.0)
        assert found.factor == 16.0, name
        assert found.parameters == model.resolve({}), name


def test_units_that_the_equations_do_not_keep_to_change_nothing():
    """A rate that is declared as a number: what would be another system is left as it is."""
    right = get_model("jansen_rit")
    wrong = replace(right, parameters=tuple(replace(p, unit="1") if p.name == "e0" else p for p in right.parameters))
    p = slowed(right, 4.0)
    assert (own_time(right, p, 4.0).factor, own_time(right, p, 4.0).parameters["p"]) == (4.0, 4.0 * p["p"])
    assert (own_time(wrong, p, 4.0).factor, own_time(wrong, p, 4.0).parameters) == (1.0, p)


def test_regions_have_a_unit_of_time_in_common(ei):
    p = {name: np.full(3, value) for name, value in slowed(ei, 3.0).items()}
    assert common_time_factor(ei, p) == 3.0
    p["tau_e"][1] = 8.0
    assert common_time_factor(ei, p) == 1.0


def test_one_slower_time_constant_is_no_other_unit_of_time(ei):
    """Another one is then as fast as before, and needs the steps that it had."""
    p = ei.resolve({"tau_e": 80.0})
    assert time_factor(ei, p) == 1.0
    assert time_factor(ei, slowed(ei, 3.0)) == 3.0
    assert time_factor(ei, slowed(ei, 0.25)) == 0.25
    np.testing.assert_array_equal(state_factors(ei, 4.0), [0.25, 1.0, 0.25, 0.25, 1.0, 0.25])
    np.testing.assert_array_equal(state_factors(get_model("jansen_rit"), 4.0), [1, 1, 1, 0.25, 0.25, 0.25])


@pytest.mark.parametrize("factor", [16.0, 1 / 16, 20.0])
def test_roots_with_delays(directed5, factor):
    """Lengths of the search for roots, in 1/ms, are for the default time constants."""
    model, delay_ms = get_model("ei_ngnmm"), np.random.default_rng(3).uniform(2.0, 25.0, (5, 5))
    found = []
    for slow in (1.0, factor):
        values = slowed(model, slow, I_ext_e=3.0, G=12.0)
        (rest,) = homogeneous_rests(model, {name: np.array([v]) for name, v in values.items()}, 1.0)
        network = network_at(model, directed5, values, rest, slow * delay_ms)
        along = growth_along(network, spectrum(directed5).values, slow * 9.0)
        roots = delayed_spectrum(network).roots
        found.append(
            [slow * part for part in (roots, delayed_growth_rate(network), along.growth_rate, along.frequency)]
        )
    assert len(found[0][0]) > 2
    assert np.isfinite(found[0][2]).all()
    for before, after in zip(*found, strict=True):
        if factor == 20.0:
            np.testing.assert_allclose(after, before, rtol=1e-9)
        else:
            np.testing.assert_array_equal(after, before)
