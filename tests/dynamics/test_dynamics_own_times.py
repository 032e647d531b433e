"""A model whose time constants are all longer by a factor is the same model in another unit of time."""

from dataclasses import replace

import numpy as np
import pytest

from ngnmm_core import simulate
from ngnmm_core.connectome import spectrum
from ngnmm_core.dynamics.attractor import find_attractors
from ngnmm_core.dynamics.coexistence import coexisting
from ngnmm_core.dynamics.continuation.diagram import diagram
from ngnmm_core.dynamics.continuation.system import System
from ngnmm_core.dynamics.delayed_rest import growth_along, homogeneous_rests, network_at
from ngnmm_core.dynamics.delayed_spectrum import delayed_growth_rate, delayed_spectrum
from ngnmm_core.dynamics.dispersion import dispersions
from ngnmm_core.dynamics.irregular_attractors import classify
from ngnmm_core.dynamics.linear_bands import band_covariance
from ngnmm_core.dynamics.linear_noise import Noise, linear_network, spectra
from ngnmm_core.dynamics.linear_stability import growth_rate, reached_equilibria
from ngnmm_core.dynamics.lyapunov_runs import Settings, lyapunov_exponents, transverse_exponents
from ngnmm_core.dynamics.network_exponents import NetworkSettings, network_exponents
from ngnmm_core.models import get_model, model_names
from ngnmm_core.simulation.initial_states import nominal
from ngnmm_core.simulation.own_times import common_time_factor, own_time, state_factors, time_factor
from ngnmm_core.simulation.simulator import homogeneous_states

LAMBDA = np.array([1.0, 0.4, -0.3])


def slowed(model, factor, **values):
    """All parameters at one point, with every time constant multiplied, and every rate divided."""
    p, powers = model.resolve(values), {"ms": factor, "Hz": 1.0 / factor}
    return {q.name: p[q.name] * powers.get(q.unit, 1.0) for q in model.parameters}


def declared_slower(model, factor):
    """Declare the same equations in another unit of time: all defaults, initial and small values in that unit."""
    units, powers = state_factors(model, factor), {"ms": factor, "Hz": 1.0 / factor}
    states = [
        replace(s, initial=s.initial * unit, small=s.small * unit) for s, unit in zip(model.states, units, strict=True)
    ]
    curve, parameters = (
        model.equilibrium_curve,
        [replace(q, default=q.default * powers.get(q.unit, 1.0)) for q in model.parameters],
    )
    if curve is not None and curve.low > 0:
        unit = units[model.state_names.index(curve.coordinate)]
        curve = replace(curve, low=curve.low * unit, high=curve.high * unit)
    return replace(model, parameters=tuple(parameters), states=tuple(states), equilibrium_curve=curve, time_unit=factor)


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


# ------------------------------------------------------------------ exponents, networks, noise
RING = np.roll(np.eye(3), 1, axis=1)
BOTH = pytest.mark.parametrize("factor", [16.0, pytest.param(20.0, marks=pytest.mark.slow)])


def arrays_of(name, factor, values):
    """All parameters of some points, arrays, in a unit of time."""
    points = [slowed(get_model(name), factor, **one) for one in values]
    return {key: np.array([p[key] for p in points], float) for key in points[0]}


def alike(before, after, exact):
    """Compare to the bit for a factor of 2 to the 4th, else to 1e-9."""
    if exact:
        np.testing.assert_array_equal(after, before)
    else:
        np.testing.assert_allclose(after, before, rtol=1e-9, atol=1e-12)


@BOTH
@pytest.mark.slow
def test_exponents_of_chaos(ei, factor):
    """A chaotic point beside one of another unit of time and a cycle, each as if it were alone."""
    values = [{"I_ext_e": 10.5, "G": 12.0}, {"I_ext_e": 13.0, "G": 5.0}]
    factors = np.array([1.0, factor, factor])
    arrays = {
        name: np.concatenate(
            [arrays_of("ei_ngnmm", 1.0, values[:1])[name], arrays_of("ei_ngnmm", factor, values)[name]]
        )
        for name in arrays_of("ei_ngnmm", 1.0, values)
    }
    states = (nominal(ei) * state_factors(ei, factors)).T
    gains = np.stack([arrays["G"]] * 2)
    found = lyapunov_exponents(ei, arrays, gains, states, Settings(3, 4000.0 * factor, 200.0))
    longer = lyapunov_exponents(
        ei, {n: v[:1] for n, v in arrays.items()}, gains[:, :1], states[:, :1], Settings(3, 4000.0, 200.0)
    )
    exact = factor == 16.0
    alike(longer.values[:, 0], factor * found.values[:, 1], exact)
    alike(longer.errors[:, 0], factor * found.errors[:, 1], exact)
    alike(longer.states[:, 0], found.states[:, 1] / state_factors(ei, factor), exact)
    assert found.accurate.all()
    assert longer.values[0, 0] > 5e-3  # chaos
    assert abs(found.values[0, 2]) < 1e-3 / factor  # the cycle
    across = [
        transverse_exponents(
            ei, arrays_of("ei_ngnmm", f, values[:1]), np.array([[12.0], [4.0]]),
            (nominal(ei) * state_factors(ei, f))[:, None], Settings(1, 500.0 * f, 200.0),
        ).values for f in (1.0, factor)
    ]  # fmt: skip
    alike(across[0], factor * across[1], exact)


@BOTH
@pytest.mark.parametrize(("I_ext_e", "G"), [(10.0, 12.0), (3.0, 5.0), (5.6, 0.0)])
@pytest.mark.slow
def test_exponents_of_a_network(ei, factor, I_ext_e, G):
    """One that moves, one that comes to rest, and one that is long on its way to rest."""

    def exponents(f):
        p = slowed(ei, f, I_ext_e=I_ext_e, G=G)
        state = (nominal(ei) + 0.1 * np.random.default_rng(1).random((3, 6))) * state_factors(ei, f)
        return network_exponents(ei, RING, p, state, NetworkSettings(2, 160.0 * f, 100.0 * f, None, 10.0 * f))

    before, after = exponents(1.0), exponents(factor)
    alike(before.values, factor * after.values, factor == 16.0)
    alike(before.errors, factor * after.errors, factor == 16.0)
    assert (after.accurate, after.zero) == (before.accurate, before.zero)
    assert after.dt_ms == factor * before.dt_ms


@BOTH
@pytest.mark.parametrize("name", ["ei_ngnmm", "wilson_cowan"])
def test_noise_around_the_rest_of_a_network(factor, name):
    model, W = get_model(name), np.random.default_rng(2).random((4, 4))
    values = {"I_ext_e": 3.0, "G": 5.0} if name == "ei_ngnmm" else {"P": 0.2, "G": 0.3}

    def results(f):
        arrays = arrays_of(name, f, [values, values])
        start = np.tile(nominal(model) * state_factors(model, f), (2, 4, 1))
        rests = reached_equilibria(model, W, arrays, start)
        p = {key: float(column[0]) for key, column in arrays.items()}
        network = linear_network(model, W, p, rests[0], "observable", Noise(0.1 * np.sqrt(f), 0.2, 5.0 * f))
        band = band_covariance(network, (0.0, 40.0 / f))
        unit = state_factors(model, f)[model.observable_index]
        return (
            rests[0] / state_factors(model, f),
            growth_rate(network) * f,
            band.covariance / unit**2,
            band.coherence,
            spectra(network, np.array([2.0, 30.0]) / f) / unit**2 / f,
        )

    exact = factor == 16.0
    for before, after in zip(results(1.0), results(factor), strict=True):
        if exact and not isinstance(before, float):
            np.testing.assert_allclose(after, before, rtol=1e-13)  # square roots of 16 and of time are not all exact
        else:
            alike(before, after, exact)


@BOTH
@pytest.mark.slow
def test_states_that_networks_start_from(factor):
    for name, values in (("ei_ngnmm", EI), ("wilson_cowan", WILSON_COWAN)):
        model = get_model(name)
        before, after = (homogeneous_states(model, arrays_of(name, f, values), 1.0) for f in (1.0, factor))
        alike(before, after / state_factors(model, factor), factor == 16.0)


@pytest.mark.slow
@BOTH
def test_coexisting_attractors(factor):
    """Jansen and Rit's node beside the alpha cycle, and Wilson and Cowan's two states."""
    for name, values in (("jansen_rit", {"p": 100.0, "G": 0.0}), ("wilson_cowan", {"P": 0.9, "G": 0.8})):
        model = get_model(name)
        before, after = (coexisting(model, arrays_of(name, f, [values]), 1.0, 2)[0] for f in (1.0, factor))
        assert (after.unresolved, after.diverged) == (before.unresolved, before.diverged)
        assert len(after.attractors) == len(before.attractors)
        for one, other in zip(before.attractors, after.attractors, strict=True):
            alike(one.state, other.state / state_factors(model, factor), factor == 16.0)


@BOTH
def test_the_class_of_an_irregular_attractor(ei, factor):
    regimes = []
    for f in (1.0, factor):
        arrays = arrays_of("ei_ngnmm", f, [{"I_ext_e": 10.5, "G": 12.0}])
        regimes.append(classify(ei, arrays, 1.0, find_attractors(ei, arrays, 1.0))[0])
    assert regimes[0].regime == regimes[1].regime
    if factor == 16.0:  # chaos makes any rounding large
        alike(regimes[0].state, regimes[1].state / state_factors(ei, factor), exact=True)


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
