"""Networks whose regions differ: against another solver, against networks whose regions are alike, and in exponents."""

import numpy as np
import pytest

from ngnmm_core.api import run_study
from ngnmm_core.dynamics.linear_stability import reached_equilibria
from ngnmm_core.dynamics.network_equilibrium import network_jacobian
from ngnmm_core.models import get_model
from ngnmm_core.simulation.engine import Engine
from ngnmm_core.simulation.regional import RegionalMaps
from ngnmm_core.simulation.run import Run

TWO = [
    {"name": "width", "parameter": "Delta", "of": "z", "mode": "multiply", "scale": 0.1},
    {"name": "times", "parameter": "tau_e", "of": "x", "mode": "multiply", "scale": 0.1},
    {"name": "reach", "parameter": "G", "mode": "multiply", "scale": 0.2},
]
DRIVE = {"I_ext_e": 10.0}


def parameters_of(study, brain):
    return RegionalMaps(study.maps, brain, study.model).parameters(study.points())


@pytest.mark.parametrize(
    ("method", "dt", "error"),
    [("riccati", 0.0125, 1e-8), ("multirate", 0.025, 1e-8), ("rk4", 0.01, 1e-6), ("heun", 0.0025, 1e-3)],
)
def test_every_method_agrees_with_dop853(ei, brain, study_with, dop853, start_of, method, dt, error):
    """Differing drives, widths, time constants and couplings; 40 ms with bursts."""
    study = study_with({"scale": 0.5}, *TWO, parameters=DRIVE)
    parameters = parameters_of(study, brain)
    assert sum(values.ndim == 2 for values in parameters.values()) == 5
    start = start_of(ei, 1, 6)
    run = Run(Engine(ei, brain.weights, method), parameters, start)
    run.advance(dt, round(40 / dt), 1)
    one = {name: values[0] for name, values in parameters.items()}
    expected = dop853(ei, brain.weights, one, start[0], [40.0])[-1]
    assert np.ptp(expected[:, 1]) > 0.1, "regions differ"
    np.testing.assert_allclose(run.by_point(run.states)[0], expected, rtol=0, atol=error * np.abs(expected).max())


@pytest.mark.parametrize("parameter", ["J_ee", "tau_sie", "Gamma", "Delta", "tau_e"])
def test_filters_of_rates_agree_with_dop853(brain, study_with, dop853, start_of, parameter):
    """A model that sends rates, by the exact flow with filtered rates in place of sent ones."""
    model = get_model("ei_ngnmm_synapses")
    values = {"I_ext_e": 12.0, "J_ie": 15.0, "J_ei": 15.0, "J_ee": 5.0, "J_ii": 0.0, "Delta": 1.0}
    study = study_with(
        {"parameter": parameter, "mode": "multiply", "scale": 0.2},
        model="ei_ngnmm_synapses",
        parameters=values,
        grid={"G": [1]},
    )
    assert study.simulation.method == "riccati"
    parameters = parameters_of(study, brain)
    start = start_of(model, 1, 6)
    run = Run(Engine(model, brain.weights, "riccati"), parameters, start)
    run.advance(0.0125, 1600, 1)
    one = {name: values[0] for name, values in parameters.items()}
    expected = dop853(model, brain.weights, one, start[0], [20.0])[-1]
    np.testing.assert_allclose(run.by_point(run.states)[0], expected, atol=1e-6 * np.abs(expected).max())


def test_regions_that_filter_what_they_send_differently_are_no_exact_flow(study_with, refused):
    keys = {"parameter": "tau_see", "scale": 0.1}
    assert study_with(keys, model="ei_ngnmm_synapses").simulation.method == "multirate"
    exact = {"simulation": {"method": "riccati"}}
    refused(
        lambda: study_with(keys, model="ei_ngnmm_synapses", **exact), "tau_see", "model.maps.thick.scale", "multirate"
    )
    assert study_with({**keys, "scale": 0}, model="ei_ngnmm_synapses").simulation.method == "riccati"
    idle, other = {**keys, "name": "in", "scale": 0}, {"name": "thin", "parameter": "I_ext_e", "scale": 0.1}
    assert study_with(idle, other, model="ei_ngnmm_synapses").simulation.method == "riccati"  # names that end alike


def test_single_precision_agrees_too(ei, brain, study_with, start_of):
    parameters = parameters_of(study_with({"scale": 0.5}, *TWO, parameters=DRIVE), brain)
    ends = []
    for dtype in ("float32", "float64"):
        run = Run(Engine(ei, brain.weights, "multirate", dtype), parameters, start_of(ei, 1, 6))
        run.advance(0.05, 400, 1)
        ends.append(run.by_point(run.states)[0])
    np.testing.assert_allclose(*ends, rtol=1e-3, atol=1e-4)


SIGNALS = {"rates": {}, "fc": {"signals": ["rate"]}}


@pytest.mark.parametrize(
    "simulation", [{}, {"noise_sigma": 0.02, "method": "heun", "dt_ms": 0.02}], ids=["auto", "heun"]
)
def test_a_scale_of_zero_has_the_bits_of_no_map(brain, study_with, simulation):
    """Also beside a point whose regions differ."""
    grid = {"G": [2, 5], "I_ext_e": [10]}
    keys = {"simulation": simulation, "analyses": SIGNALS}
    plain = run_study(study_with(grid=grid, **keys), brain)
    mapped = run_study(study_with({}, grid={**grid, "thick.scale": [0, 0.3]}, **keys), brain)
    for name in ("firing_rate", "firing_rate_std", "population_synchrony", "fc"):
        np.testing.assert_array_equal(mapped[name].sel({"thick.scale": 0}), plain[name])
        assert np.abs(mapped[name].sel({"thick.scale": 0.3}) - plain[name]).max() > 1e-6


def test_a_point_does_not_depend_on_those_beside_it(brain, study_with):
    """One point alone, and among others with other scales, in another order."""
    keys = {"parameters": DRIVE, "analyses": SIGNALS}
    alone = run_study(study_with({"scale": 0.3}, **keys), brain)
    among = run_study(study_with({}, grid={"G": [5], "thick.scale": [0.7, 0, 0.3, -0.2]}, **keys), brain)
    for name in ("firing_rate", "fc"):
        np.testing.assert_array_equal(among[name].sel({"thick.scale": 0.3}), alone[name])


def test_equal_regions_of_a_raw_map_are_regions_alike(brain, study_with, table):
    """A map that is 1 everywhere, raw, adds its scale to the parameter of the point."""
    rows = [("label", "one"), *((label, 1.0) for label in brain.labels)]
    mapped = study_with({"file": table(rows, "one.csv"), "transform": "raw", "scale": 2.0}, parameters={"I_ext_e": 8.0})
    plain = study_with(parameters={"I_ext_e": 10.0})
    for name in ("firing_rate", "population_synchrony"):
        found, expected = (run_study(study, brain)[name] for study in (mapped, plain))
        np.testing.assert_allclose(found, expected, rtol=1e-9)


def test_rates_of_a_heterogeneous_network_follow_the_map(brain, study_with):
    """Uncoupled regions at rest: more drive, more rate; by the model's own curve of equilibria."""
    study = study_with({"scale": 0.5}, grid={"G": [0]}, simulation={"duration_ms": 1200, "transient_ms": 1000})
    found = run_study(study, brain).firing_rate.values.reshape(2, 6)[0] / 1000.0
    drive = parameters_of(study, brain)["I_ext_e"][0]
    parameters = study.model.resolve({})
    _, expected = study.model.equilibrium_curve.points(found, parameters, 0.0)
    np.testing.assert_allclose(expected, drive, atol=1e-4)


def test_exponents_at_rest_are_those_of_the_jacobian(ei, brain, study_with):
    study = study_with(
        {"scale": 0.5},
        *TWO,
        parameters={"I_ext_e": 2.0},
        analyses={"network_lyapunov": {"exponents": 4, "duration_ms": 100, "transient_ms": 400}},
    )
    parameters = parameters_of(study, brain)
    found = run_study(study, brain).network_lyapunov_exponent.values.ravel()
    start = np.tile([s.initial for s in ei.states], (1, 6, 1))
    (rest,) = reached_equilibria(ei, brain.weights, parameters, start)
    slope, jacobian = network_jacobian(ei, brain.weights, {k: v[0] for k, v in parameters.items()}, rest)
    assert np.abs(slope).max() < 1e-10
    expected = np.sort(np.linalg.eigvals(jacobian).real)[::-1][:4]
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_the_sum_of_all_exponents_is_the_mean_divergence(ei, brain, study_with):
    """Of an oscillating network: the trace of the Jacobian along the solution, here by finite differences."""
    from ngnmm_core.dynamics.network_tangent_growth import NetworkTangentGrowth

    parameters = {k: v[0] for k, v in parameters_of(study_with({"scale": 0.5}, *TWO, parameters=DRIVE), brain).items()}
    start = np.tile([s.initial for s in ei.states], (6, 1))
    run = NetworkTangentGrowth(ei, brain.weights, parameters, start, 36, 0.025)
    run.advance(400)
    grown, traces = 0.0, [_divergence(ei, parameters, run.state)]
    for _ in range(400):
        grown += run.advance(2).sum()
        traces.append(_divergence(ei, parameters, run.state))
    mean = np.trapezoid(traces, dx=0.05)
    assert grown == pytest.approx(mean, rel=2e-4)


def _divergence(model, parameters, state):
    """Sum of d x_k' / d x_k of uncoupled regions: what regions send to themselves is 0."""
    constants, drive = model.coefficients(parameters), tuple(parameters[n] for n in model.drives)
    total = 0.0
    for k in range(state.shape[1]):
        shifted = [state.T.copy(), state.T.copy()]
        h = 1e-6
        shifted[0][k] += h
        shifted[1][k] -= h
        up, down = (model.derivative(tuple(x), drive, constants, 0.0)[k] for x in shifted)
        total += ((up - down) / (2 * h)).sum()
    return total


def test_linear_theory_of_a_heterogeneous_network(brain, study_with):
    """Its slowest mode is the largest network exponent; at scale 0 all is as without a map."""
    noise = {"noise_sigma": 0.01}
    keys = {"grid": {"G": [5], "I_ext_e": [2]}, "simulation": noise, "analyses": {"linear_fc": {}}}
    mapped = run_study(study_with({}, **{**keys, "grid": {**keys["grid"], "thick.scale": [0, 0.5]}}), brain)
    plain = run_study(study_with(**keys), brain)
    for name in ("linear_fc", "linear_slowest", "linear_equilibria"):
        np.testing.assert_array_equal(mapped[name].sel({"thick.scale": 0}), plain[name])
    differing = mapped.sel({"thick.scale": 0.5})
    assert (differing.linear_fc_status == 0).all()
    assert (differing.linear_equilibria == -1).all()
    exponents = {"network_lyapunov": {"exponents": 1, "duration_ms": 100, "transient_ms": 400}}
    slowest = run_study(study_with({"scale": 0.5}, parameters={"I_ext_e": 2}, analyses=exponents), brain)
    found = float(differing.linear_slowest.squeeze())
    assert found == pytest.approx(float(slowest.network_lyapunov_exponent.squeeze()), rel=1e-6)
