"""The exact flow of QIF populations: what it is, what it needs, and where other methods fail."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from ngnmm_core.errors import InputError
from ngnmm_core.kernels.complex_logarithm import (
    angle,
    angle_of_single,
    half_log,
    half_log_of_single,
    reduced_angle,
)
from ngnmm_core.kernels.steppers import riccati_constants as rc
from ngnmm_core.models import get_model
from ngnmm_core.models._qif import QifPopulations
from ngnmm_core.simulation.engine import Engine
from ngnmm_core.simulation.initial_states import perturbed
from ngnmm_core.simulation.run import Run

RNG = np.random.default_rng(7)
QIF_MODELS = [get_model(n) for n in ("ei_ngnmm", "ngnmm_population", "ei_ngnmm_synapses", "ei_ngnmm_adaptation")]
UNEQUAL = {
    "tau_e": 12.0, "tau_i": 6.0, "tau_se": 1.7, "tau_si": 3.1, "eta_e": -4.0, "eta_i": -6.5, "Delta_e": 0.8,
    "Delta_i": 1.4, "J_ee": 7.0, "J_ei": 11.0, "J_ie": 15.0, "J_ii": 3.0, "I_ext_e": 26.0, "I_ext_i": 1.5, "G": 6.0,
}  # fmt: skip


@pytest.mark.parametrize("model", QIF_MODELS, ids=lambda model: model.name)
def test_the_populations_that_a_model_declares_have_its_right_hand_side(model):
    parameters = {p.name: p.default * RNG.uniform(0.5, 1.5) + 0.1 for p in model.parameters}
    states = dict(zip(model.state_names, RNG.uniform(0.1, 2.0, len(model.states)), strict=True))
    drive = tuple(parameters[name] for name in model.drives)
    x, constants = tuple(states.values()), model.coefficients(parameters)
    expected = model.derivative(x, drive, constants, 0.7)
    found = model.qif.derivative(states, parameters, 0.7)
    np.testing.assert_allclose([found[name] for name in model.state_names], expected, rtol=1e-13)
    assert model.sent(x, constants) == states[model.qif.sent]


def test_a_model_whose_populations_are_declared_wrongly_is_refused():
    model = get_model("ngnmm_population")
    wrong = replace(model.qif.populations[0], tau_s="tau")
    with pytest.raises(InputError, match=r"qif gives s' = .*; allowed: what derivative gives"):
        replace(model, qif=QifPopulations((wrong,)))


def test_the_logarithm_in_lanes(on_lanes):
    square, x, y = np.exp(RNG.normal(0, 20, 4000)), RNG.normal(0, 1, 4000), RNG.normal(0, 1, 4000)
    np.testing.assert_allclose(on_lanes(lambda a, b: half_log(a), square), 0.5 * np.log(square), rtol=0, atol=2e-14)
    y = np.abs(y)
    np.testing.assert_allclose(on_lanes(lambda a, b: angle(a, b), x, y), np.arctan2(y, x), rtol=0, atol=5e-15)
    near = 1.0 + 1e-6 * x
    np.testing.assert_allclose(on_lanes(lambda a, b: half_log(a), near), 0.5 * np.log(near), rtol=1e-14, atol=1e-22)


def _angle_in_single(x, y):
    above, below, steep, wide = reduced_angle(x, y)
    return angle_of_single(above / below, steep, wide, x)


def test_the_shorter_logarithm_of_single_precision(on_lanes):
    """In double precision, so that what the polynomials lack shows, and not rounding."""
    t, x, y = RNG.uniform(-0.1716, 0.1716, 4000), RNG.normal(0, 1, 4000), np.abs(RNG.normal(0, 1, 4000))
    expected = 0.5 * np.log((1 + t) / (1 - t))
    np.testing.assert_allclose(on_lanes(lambda a, b: half_log_of_single(a), t), expected, rtol=4e-9)
    np.testing.assert_allclose(on_lanes(_angle_in_single, x, y), np.arctan2(y, x), rtol=4e-9)


def test_the_moments_of_a_delayed_coupling_are_those_of_a_polynomial_with_its_means():
    """Eight means over steps of a polynomial of degree seven; seven of them tell the mean of one of degree six."""
    weights, ends = rc.from_means(8), 1.0 - np.arange(9.0)
    for degree in (6, 7):
        polynomial = np.polynomial.Polynomial(RNG.normal(size=degree + 1))
        integral = polynomial.integ()
        means = integral(ends[:-1]) - integral(ends[1:])
        x, w = np.polynomial.legendre.leggauss(12)
        t, w = 0.5 * x, 0.5 * w * polynomial(0.5 * x + 0.5)
        expected = [(w * t).sum(), (w * (t * t - 1 / 12)).sum(), polynomial(0.0)]
        np.testing.assert_allclose(weights[:3] @ means, expected, rtol=1e-8, atol=1e-8)
        next_mean = integral(2.0) - integral(1.0)
        np.testing.assert_allclose(weights[4] @ means, next_mean, rtol=1e-8)
        assert (abs(weights[3] @ means) < 1e-8 * np.abs(means).max()) == (degree == 6)


def test_the_moments_of_the_coupling_are_those_of_a_polynomial():
    """Eight values at 0, -1, ... of a polynomial of degree seven, and of one of degree eight with the correction."""
    x, weights = RNG.normal(size=9), rc.extrapolation(8)
    past = -np.arange(8.0)
    nodes, gauss = np.polynomial.legendre.leggauss(12)
    t, w = 0.5 * nodes, 0.5 * gauss
    basis = np.stack([np.ones(12), t, t * t - 1 / 12])
    for degree in (7, 8):
        polynomial = np.polynomial.Polynomial(x[: degree + 1])
        expected = basis @ (w * polynomial(t + 0.5))
        found = weights[:3] @ polynomial(past)
        found += rc.correction(8) * (polynomial(1.0) - weights[3] @ polynomial(past))
        np.testing.assert_allclose(found, expected, rtol=1e-8, atol=1e-8)


def test_unequal_populations_agree_with_dop853(ei, directed5, points_of, start_of, integrate, dop853):
    start, times = start_of(ei, 1, 5), np.array([10.0, 30.0, 50.0])
    expected = dop853(ei, directed5, ei.resolve(UNEQUAL), start[0], times)
    steps = {0.1: 100, 0.05: 200, 0.025: 400}
    errors = []
    for dt, n in steps.items():
        result = integrate(ei, directed5, points_of(ei, **UNEQUAL), start, dt, samples=5, steps=n, method="riccati")
        errors.append(np.abs(result[[0, 2, 4], 0] - expected).max())
    assert errors[0] < 1e-4
    assert errors[2] < 2e-8
    assert errors[0] > 10.0 * errors[1]


@pytest.mark.slow
def test_one_population_per_region(population, directed5, points_of, start_of, integrate, dop853):
    start, values = start_of(population, 1, 5), {"G": 3.0, "I_ext": 2.0}
    expected = dop853(population, directed5, population.resolve(values), start[0], np.array([15.0, 30.0]))
    points = points_of(population, **values)
    result = integrate(population, directed5, points, start, 0.05, samples=2, steps=300, method="riccati")
    np.testing.assert_allclose(result[:, 0], expected, rtol=1e-7, atol=1e-8)


@pytest.mark.parametrize("Delta", [0.05, 0.2])
def test_bursts_of_nearly_identical_neurons(ei, directed5, points_of, integrate, dop853, Delta):
    """Where Runge-Kutta steps of 0.05 ms blow up: a population of Delta 0.05 fires in a tenth of a millisecond."""
    values = {"I_ext_e": 15.0, "G": 5.0, "Delta": Delta}
    start = np.tile([0.02, -1.0, 0.02, 0.02, -1.0, 0.02], (1, 5, 1)) * np.linspace(0.9, 1.1, 5)[:, None]
    expected = dop853(ei, directed5, ei.resolve(values), start[0], np.array([30.0]))[0]
    result = integrate(ei, directed5, points_of(ei, **values), start, 0.00625, 1, 4800, method="riccati")[0, 0]
    np.testing.assert_allclose(result, expected, rtol=0, atol=1e-5 * np.ptp(expected))


def test_a_step_is_exact_where_the_input_is_constant(population, points_of, integrate):
    """Without synapses and coupling, half a period in one step lands on the closed form of the Riccati equation."""
    values = {"J": 0.0, "G": 0.0, "I_ext": 5.2, "Delta": 0.3, "tau_s": 3.0}
    p = {k: float(v) for k, v in population.resolve(values).items()}
    kappa = np.sqrt(p["eta"] + p["I_ext"] - 1j * p["Delta"])
    start = np.arctan((-0.4 - 1j * np.pi * p["tau"] * 0.05) / kappa)
    closed = lambda t: kappa * np.tan(start + kappa * t / p["tau"])  # v - i pi tau r: tau u' = u^2 + kappa^2
    times, x0 = 5.0 * np.arange(1, 21), np.array([[[0.05, -0.4, 0.03]]])
    r, v, s = integrate(population, [[0.0]], points_of(population, **values), x0, 0.1, 20, 50, method="riccati")[
        :, 0, 0
    ].T
    np.testing.assert_allclose(v - 1j * np.pi * p["tau"] * r, closed(times), rtol=1e-9)
    slope = lambda t, s: (-closed(t).imag / (np.pi * p["tau"]) - s) / p["tau_s"]
    expected = solve_ivp(slope, (0, 100), [0.03], "DOP853", times, rtol=1e-11, atol=1e-13).y[0]
    np.testing.assert_allclose(s, expected, rtol=0, atol=1e-9)


def test_constants_in_single_precision_are_right_on_average():
    values = np.concatenate([RNG.normal(size=500), [0.0, 0.5, -3.0], 1e-3 * RNG.normal(size=500)])
    turns = rc.rounded_in_turns(values, np.float32, 8)
    assert turns.dtype == np.float32
    spacing = np.spacing(np.abs(values).astype(np.float32)).astype(float)
    assert (np.ptp(turns.astype(float), axis=0) <= 1.01 * spacing).all()
    np.testing.assert_array_less(np.abs(turns.astype(float).mean(axis=0) - values), spacing / 15.0)
    np.testing.assert_array_equal(rc.rounded_in_turns(values, np.float64, 1)[0], values)


def test_the_extrapolation_in_single_precision_keeps_constants_and_slopes():
    exact = rc.extrapolation(5)
    single = rc.rounded_to_single(exact)
    np.testing.assert_array_equal(single, single.astype(np.float32))
    np.testing.assert_allclose(single, exact, rtol=0, atol=1e-6)
    for power in (np.ones(5), np.arange(5.0)):
        np.testing.assert_allclose(single @ power, exact @ power, rtol=0, atol=2e-7)
    naive = np.abs((exact.astype(np.float32) - exact).sum(axis=1)).max()
    assert np.abs((single - exact).sum(axis=1)).max() < 3e-8 < naive


@pytest.mark.slow
@pytest.mark.parametrize(("current", "G"), [(15.0, 5.0), (15.0, 30.0), (8.0, 15.0), (12.0, 9.0)])
def test_single_precision_stays_within_what_is_stated(ei, points_of, integrate, dop853, current, G):
    W = np.random.default_rng(1).uniform(0.1, 1.0, (12, 12)) * (1.0 - np.eye(12))
    W /= W.sum(axis=1, keepdims=True)
    values = {"I_ext_e": current, "G": G}
    start = perturbed(ei, np.tile(ei.nominal, (1, 12, 1)), np.array([0]), 0.01)
    expected = dop853(ei, W, ei.resolve(values), start[0], np.array([100.0]))[0]
    result = integrate(ei, W, points_of(ei, **values), start, 0.1, 1, 1000, method="riccati", dtype="float32")
    np.testing.assert_allclose(result[0, 0], expected, rtol=0, atol=3e-4)


SEVERAL = {
    # PING that bursts, every synapse with a time constant of its own
    "ei_ngnmm_synapses": {
        "J_ie": 15.0, "J_ei": 15.0, "J_ii": 2.0, "J_ee": 1.0, "Gamma": 0.6, "I_ext_e": 12.0, "G": 3.0, "tau_see": 1.3,
        "tau_sie": 0.8, "tau_sei": 4.0, "tau_sii": 2.0, "Delta": 2.0,
    },
    "ei_ngnmm_adaptation": {"I_ext_e": 15.0, "G": 5.0, "alpha": 3.0, "tau_A": 40.0, "Delta": 2.0},
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("name", SEVERAL)
def test_several_filters_of_a_rate_agree_with_dop853_and_keep_the_order(
    directed5, points_of, start_of, integrate, dop853, name
):
    model, values = get_model(name), SEVERAL[name]
    start = start_of(model, 1, 5)
    start[..., model.state_names.index("s_ee" if "s_ee" in model.state_names else "A")] = [0.3, 0.0, 0.1, 0.2, 0.5]
    times = np.array([10.0, 30.0, 50.0])
    expected = dop853(model, directed5, model.resolve(values), start[0], times)
    assert np.ptp(expected[..., 1]) > 1.0
    errors = []
    for dt in (0.1, 0.05, 0.025):
        points = points_of(model, **values)
        found = integrate(model, directed5, points, start, dt, 5, round(10.0 / dt), method="riccati")[[0, 2, 4], 0]
        errors.append(np.abs(found - expected).max())
    order = np.log2(np.array(errors[:-1]) / errors[1:])
    assert errors[0] < 2e-5, errors
    assert errors[2] < 2e-9 or order.min() > 4.5, errors


@pytest.mark.parametrize("name", SEVERAL)
def test_lesions_halves_and_snapshots_of_several_filters(directed5, points_of, start_of, name):
    model = get_model(name)
    mask = np.array([[1.0, 0.0, 1.0, 1.0, 1.0]])
    runs = [
        Run(
            Engine(model, directed5, "riccati"),
            points_of(model, **SEVERAL[name]).parameters,
            start_of(model, 1, 5),
            (mask, mask),
        )
        for _ in range(2)
    ]
    whole = runs[0].advance(0.05, 100, 6)
    parts = [runs[1].advance(0.05, 100, n) for n in (1, 2)]
    snapshot = runs[1].snapshot()
    runs[1].advance(0.05, 33, 2)
    runs[1].restore(snapshot)
    np.testing.assert_array_equal(np.concatenate([*parts, runs[1].advance(0.05, 100, 3)]), whole)
    alone = np.delete(np.delete(directed5, 1, axis=0), 1, axis=1)
    points, start = points_of(model, **SEVERAL[name]), np.delete(start_of(model, 1, 5), 1, axis=1)
    without = Run(Engine(model, alone, "riccati"), points.parameters, start).advance(0.05, 600, 1)
    np.testing.assert_allclose(np.delete(whole[-1, 0], 1, axis=0)[..., 0], without[0, 0, ..., 0], rtol=0, atol=1e-9)


def test_separate_synapses_with_equal_times_are_those_of_the_simpler_model(
    ei, directed5, points_of, start_of, integrate
):
    model = get_model("ei_ngnmm_synapses")
    start = start_of(ei, 1, 5)
    r_e, v_e, s_e, r_i, v_i, s_i = np.moveaxis(start, -1, 0)
    J = {"J_ee": 5.0, "J_ei": 13.0, "J_ie": 13.0, "J_ii": 5.0}
    coupled = 5.0 * np.einsum("ij,pj->pi", directed5, s_e)  # that of the simpler model at the start is in the synapses
    same = np.stack(
        [r_e, v_e, 5.0 * s_e + coupled, 13.0 * s_i, r_i, v_i, 13.0 * s_e + coupled, 5.0 * s_i], axis=-1
    )  # fmt: skip
    shared = {"tau_e": 8.0, "tau_i": 8.0, "I_ext_e": 13.0, "G": 5.0, "Gamma": 1.0, **J}
    times = {"tau_see": 1.0, "tau_sie": 1.0, "tau_sei": 5.0, "tau_sii": 5.0}
    separate = integrate(model, directed5, points_of(model, **shared, **times), same, 0.05, 4, 200, method="riccati")
    simple = integrate(ei, directed5, points_of(ei, I_ext_e=13.0, G=5.0), start, 0.05, 4, 200, method="riccati")
    np.testing.assert_allclose(separate[..., [0, 1, 4, 5]], simple[..., [0, 1, 3, 4]], rtol=0, atol=1e-6)
