"""The integrator on networks: its order, its agreement with another solver, and what the equations demand."""

import numpy as np
import pytest

from ngnmm_core.models._base import COUPLING, Model, Parameter, Population, State
from ngnmm_core.simulation.engine import Engine
from ngnmm_core.simulation.initial_states import perturbed
from ngnmm_core.simulation.integrators import get_integrator, integrator_names
from ngnmm_core.simulation.run import Run

DIRECTED = {"I_ext_e": 13.0, "G": 5.0}  # bursts, desynchronised
SMOOTH = {"I_ext_e": 13.0, "G": 5.0, "Delta": 5.0}  # no bursts: errors show their asymptotic order at once
every_method = pytest.mark.parametrize(("method", "dt"), [("rk4", 0.005), ("multirate", 0.05), ("riccati", 0.05)])


@pytest.fixture(scope="module")
def exact(ei, directed5, start_of, dop853):
    """A network from scattered states, every 10 ms, by DOP853 at rtol 1e-13."""
    start = start_of(ei, 1, 5)
    return start, dop853(ei, directed5, ei.resolve(DIRECTED), start[0], np.arange(1, 6) * 10.0)


@pytest.mark.parametrize(("method", "coarsest"), [("rk4", 100), ("heun", 400), ("multirate", 25), ("riccati", 50)])
def test_the_order_is_the_one_that_the_stepper_declares(
    ei, directed5, points_of, start_of, integrate, dop853, method, coarsest
):
    """As simulations start, multirate takes four steps for one."""
    points, start = points_of(ei, **SMOOTH), start_of(ei, 1, 5)
    solution = dop853(ei, directed5, ei.resolve(SMOOTH), start[0], np.array([20.0]))[0]
    steps, errors = coarsest * np.array([1, 2, 4]), []
    for n in steps.tolist():
        result = integrate(ei, directed5, points, start, 20.0 / n, samples=1, steps=n, method=method)
        errors.append(np.abs(result[0, 0] - solution).max())
    order = -np.polyfit(np.log(steps), np.log(errors), 1)[0]
    declared = get_integrator(method).order
    if method == "riccati":
        assert declared - 0.1 < order < 7.0
    elif method == "multirate":  # the local method has order 6, the extrapolated coupling order 8
        assert declared - 0.1 < order < 8.5
    else:
        assert order == pytest.approx(declared, abs=0.05)


@pytest.mark.slow
@pytest.mark.parametrize(("current", "G"), [(15.0, 5.0), (15.0, 30.0), (8.0, 15.0), (12.0, 9.0)])
def test_the_first_volley_of_a_network_is_integrated_as_accurately_as_the_rest(
    ei, points_of, integrate, dop853, current, G
):
    """From near the nominal state, as simulations start, all regions burst together: at G = 30, v_i exceeds 100."""
    W = np.random.default_rng(1).uniform(0.1, 1.0, (12, 12)) * (1.0 - np.eye(12))
    W /= W.sum(axis=1, keepdims=True)
    values = {"I_ext_e": current, "G": G}
    start = perturbed(ei, np.tile(ei.nominal, (1, 12, 1)), np.array([0]), 0.01)
    solution = dop853(ei, W, ei.resolve(values), start[0], np.array([10.0, 100.0]))
    for method in ("multirate", "riccati"):
        result = integrate(ei, W, points_of(ei, **values), start, 0.05, samples=10, steps=200, method=method)
        np.testing.assert_allclose(result[[0, -1], 0], solution, rtol=0, atol=1e-6, err_msg=method)


def test_the_methods_declare_the_orders_of_their_authors():
    declared = {name: get_integrator(name).order for name in integrator_names()}
    assert declared == {"riccati": 5, "multirate": 6, "rk4": 4, "heun": 2}


@every_method
def test_a_directed_network_agrees_with_dop853(ei, directed5, points_of, integrate, exact, method, dt):
    start, solution = exact
    steps = round(10.0 / dt)
    result = integrate(ei, directed5, points_of(ei, **DIRECTED), start, dt, samples=5, steps=steps, method=method)
    np.testing.assert_allclose(result[:, 0], solution, rtol=2e-8, atol=2e-9)


def test_the_population_model_agrees_with_dop853(population, directed5, points_of, start_of, integrate, dop853):
    start = start_of(population, 1, 5)
    values = {"G": 3.0, "I_ext": 2.0}
    solution = dop853(population, directed5, population.resolve(values), start[0], np.array([15.0, 30.0]))
    result = integrate(population, directed5, points_of(population, **values), start, 0.005, samples=2, steps=3000)
    np.testing.assert_allclose(result[:, 0], solution, rtol=2e-8, atol=2e-9)


@every_method
def test_uncoupled_regions_are_single_nodes_bit_for_bit(ei, directed5, points_of, start_of, integrate, method, dt):
    points, start = points_of(ei, I_ext_e=13), start_of(ei, 1, 5)
    network = integrate(ei, directed5, points, start, dt, samples=10, steps=50, method=method)
    for k in range(5):
        alone = integrate(ei, [[1.0]], points, start[:, k : k + 1], dt, samples=10, steps=50, method=method)
        np.testing.assert_array_equal(network[:, :, k], alone[:, :, 0])


def test_coupling_of_an_unconnected_network_does_nothing(ei, points_of, start_of, integrate):
    start = start_of(ei, 2, 5)
    result = integrate(ei, np.zeros((5, 5)), points_of(ei, 2, G=[0.0, 9.0]), start[[0, 0]], 0.02, samples=4, steps=50)
    np.testing.assert_array_equal(result[:, 0], result[:, 1])


@every_method
@pytest.mark.parametrize("current", [3.0, 15.0], ids=["rest", "cycle"])
def test_equal_regions_stay_on_the_homogeneous_solution(
    ei, directed5, points_of, start_of, integrate, dop853, current, method, dt
):
    """Stable regimes: round-off is not amplified, and the network is the system with J_ee + G and J_ie + G."""
    G, one, steps = 3.0, start_of(ei, 1, 1), round(1.0 / dt)
    coupled, same = points_of(ei, I_ext_e=current, G=G), one.repeat(5, axis=1)
    network = integrate(ei, directed5, coupled, same, dt, samples=50, steps=steps, method=method)
    single = integrate(ei, [[1.0]], coupled, one, dt, samples=50, steps=steps, method=method)
    np.testing.assert_allclose(network, np.broadcast_to(single, network.shape), rtol=0, atol=5e-10)
    recurrent = ei.resolve({"I_ext_e": current, "J_ee": 5 + G, "J_ie": 13 + G})
    expected = dop853(ei, np.zeros((1, 1)), recurrent, one[0], np.arange(1.0, 51.0))
    np.testing.assert_allclose(single[:, 0], expected, rtol=1e-7, atol=5e-7)


def test_weight_i_j_is_what_i_receives_from_j(ei, points_of, start_of, integrate):
    W = np.array([[0.0, 0.0], [1.0, 0.0]])  # 1 listens to 0
    start = start_of(ei, 1, 2)
    coupled, free = (integrate(ei, W, points_of(ei, I_ext_e=10, G=G), start, 0.02, 1, 1000) for G in (6.0, 0.0))
    np.testing.assert_array_equal(coupled[:, :, 0], free[:, :, 0])
    assert np.abs(coupled[:, :, 1] - free[:, :, 1]).max() > 0.01


def test_time_is_divided_into_samples_at_will(ei, directed5, points_of, start_of, integrate):
    start, points = start_of(ei, 1, 5), points_of(ei, **DIRECTED)
    fine = integrate(ei, directed5, points, start, 0.02, samples=60)
    coarse = integrate(ei, directed5, points, start, 0.02, samples=6, steps=10)
    np.testing.assert_array_equal(fine[9::10], coarse)


@pytest.mark.parametrize("method", ["rk4", "multirate", "riccati"])
def test_a_run_continues_where_it_stopped(ei, directed5, points_of, start_of, method):
    start, points = start_of(ei, 1, 5), points_of(ei, **DIRECTED)
    whole, parts = (Run(Engine(ei, directed5, method), points.parameters, start) for _ in range(2))
    expected = whole.advance(0.02, 200, 10)  # past 20 ms, where multirate's smaller steps end
    np.testing.assert_array_equal(np.concatenate([parts.advance(0.02, 200, n) for n in (1, 2, 4, 3)]), expected)
    np.testing.assert_array_equal(parts.states, expected[-1])


@pytest.mark.parametrize(
    ("method", "dtype"),
    [("multirate", "float64"), ("multirate", "float32"), ("riccati", "float64"), ("riccati", "float32")],
)
@pytest.mark.parametrize("before", [0, 500])  # at the start, and past the smaller steps of the first volley
def test_a_run_goes_the_same_way_again_from_a_snapshot(ei, directed5, points_of, start_of, method, dtype, before):
    run = Run(Engine(ei, directed5, method, dtype), points_of(ei, **DIRECTED).parameters, start_of(ei, 1, 5))
    if before:
        run.advance(0.05, before, 1)
    snapshot = run.snapshot()
    expected = run.advance(0.05, 20, 30)
    run.advance(0.05, 7, 3)
    run.restore(snapshot)
    np.testing.assert_array_equal(run.advance(0.05, 20, 30), expected)


def test_single_precision_is_close_to_double(ei, directed5, points_of, start_of, integrate):
    start, points = start_of(ei, 3, 5), points_of(ei, 3, I_ext_e=13.0, G=[0.0, 5.0, 9.0])
    double, single = (
        integrate(ei, directed5, points, start, 0.02, 10, 50, dtype=dtype) for dtype in ("float64", "float32")
    )
    assert single.dtype == np.float32
    error = np.abs(single - double) / np.ptp(double, axis=(0, 1, 2))  # of the range: up to 20 in v within 1 ms
    assert error.max() < 1e-3
    assert 1e-8 < np.median(error) < 1e-5


def _slow(x, drive, constants, coupling):
    (slope,) = drive
    return (slope + 0.0 * x[0] + 0.0 * coupling,)


def test_in_single_precision_small_changes_of_large_states_are_not_lost(points_of, integrate):
    """A step adds 2.5e-5 to 1000, where neighbouring numbers are 6e-5 apart: without their rests states would stand."""
    slow = Model(
        name="slow",
        title="Slow drift",
        doi="",
        states=(State("x", "1", 1000.0),),
        parameters=(Parameter("slope", 1e-3, "ms-1", "rate"), COUPLING),
        drives=("slope",),
        coefficients=lambda p: (p["slope"],),
        derivative=_slow,
        sent=lambda x, c: x[0],
        observable="x",
        populations=(Population("P", "one"),),
        fastest_rate=lambda p: 1.0,
    )
    start = np.full((1, 2, 1), 1000.0)
    options = {"method": "multirate", "dtype": "float32", "steps": 2000}
    result = integrate(slow, np.ones((2, 2)), points_of(slow, G=0.0), start, 0.05, samples=10, **options)
    after_the_start = result[1:, 0, 0, 0] - result[0, 0, 0, 0]  # the first 20 ms have Runge-Kutta steps
    np.testing.assert_allclose(after_the_start, 0.1 * np.arange(1, 10), atol=1e-4)
