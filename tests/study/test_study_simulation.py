"""Settings of the simulation: times, methods, noise, and stimuli with their axes."""

from itertools import product

import numpy as np
import pytest

from ngnmm_core.simulation.settings import Simulation

TIMES = ["duration_ms", "transient_ms", "sample_ms", "dt_ms"]
WRONG = [-1, "x", [1], float("nan"), float("inf")]


@pytest.mark.parametrize(("key", "value"), [*product(TIMES, WRONG), *product(TIMES[:-1], [None])])
def test_times_are_finite_numbers_in_range(refuses, key, value):
    """Only the step may be left to the points."""
    refuses({"simulation": {key: value}}, f"simulation.{key}", repr(value))


@pytest.mark.parametrize(
    ("times", "words"),
    [
        pytest.param({"dt_ms": 1}, ["dt_ms", "1", "sample_ms = 0.2"], id="step longer than the sampling"),
        pytest.param({"dt_ms": 0.03}, ["dt_ms", "0.03", "sample_ms = 0.2", "divisor"], id="step does not divide it"),
        pytest.param({"transient_ms": 200}, ["transient_ms", "200", "duration_ms = 200"], id="transient is all"),
        pytest.param({"transient_ms": 300}, ["transient_ms", "300", "duration_ms = 200"], id="transient is more"),
        pytest.param({"duration_ms": 200.1}, ["duration_ms", "200.1", "sample_ms"], id="duration between samples"),
        pytest.param({"transient_ms": 50.1}, ["transient_ms", "50.1", "sample_ms"], id="transient between samples"),
        pytest.param({"duration_ms": 50.2}, ["duration_ms", "50.2", "at least 2"], id="one sample"),
        pytest.param({"dt_ms": 0, "sample_ms": 0}, ["dt_ms", "0"], id="zero"),
    ],
)
def test_times_must_fit_each_other(refuses, times, words):
    refuses({"simulation": times}, "simulation.", *words)


def test_times_that_fit_as_decimals_are_accepted(study):
    made = study(simulation={"dt_ms": 0.1, "sample_ms": 0.3, "duration_ms": 300, "transient_ms": 0.9})
    assert made.simulation.steps_per_sample(0.1) == 3
    assert made.simulation.window_samples == 997


def test_samples_too_far_apart_for_envelopes_are_not_for_rates(study, refuses):
    settings = {"sample_ms": 4.0, "duration_ms": 2000.0, "transient_ms": 800.0}
    assert study(simulation=settings, analyses={"fc": {"signals": ["rate"]}}).simulation.sample_ms == 4.0
    refuses({"simulation": settings, "analyses": {"fc": {}}}, "analyses.fc.band_hz: [30, 150]", "< 125 Hz")


def test_times_of_network_simulations_do_not_matter_where_none_is_made(study):
    study(analyses=["msf"], simulation={"transient_ms": 500})


# ------------------------------------------------------------------ methods
@pytest.mark.parametrize(("method", "step"), [("multirate", 0.05), ("rk4", 0.01), ("heun", 0.01)])
def test_a_method_has_its_own_default_step(study, method, step):
    own = study(without_of_simulation=["dt_ms"], simulation={"method": method}).simulation
    assert (own.dt_ms, own.own_ladder(1.0).steps_ms) == (None, (step,))
    assert study(simulation={"method": method, "dt_ms": 0.04}).simulation.dt_ms == 0.04


@pytest.mark.parametrize(("method", "dt_ms"), [("rk4", 0.2), ("heun", 0.1), ("multirate", 1)])
def test_a_step_that_would_be_unstable_is_refused(refuses, method, dt_ms):
    refuses(
        {"simulation": {"method": method, "dt_ms": dt_ms, "sample_ms": 1}}, "simulation.dt_ms", f"{dt_ms:g}", method
    )


def test_the_largest_step_depends_on_the_fastest_point_of_the_grid(study, refuses):
    settings = {"method": "rk4", "dt_ms": 0.05}
    study(simulation=settings, grid={"tau_e": [8, 4]})
    refuses({"simulation": settings, "grid": {"tau_e": [8, 2]}}, "simulation.dt_ms", "0.05", "rk4")


def test_noise_needs_a_stochastic_method(study, refuses):
    study(simulation={"method": "heun", "noise_sigma": 0.1})
    for method in ("rk4", "multirate"):
        refuses({"simulation": {"method": method, "noise_sigma": 0.1}}, "simulation.noise_sigma", "0.1", method, "heun")


def test_noise_is_not_for_single_precision(refuses):
    refuses({"simulation": {"method": "heun", "precision": "float32"}}, "simulation.precision", "float32", "float64")
    exact = {"method": "riccati", "precision": "float32", "noise_sigma": 0.1}
    refuses({"simulation": exact}, "simulation.noise_sigma", "0.1", "float32", "float64")


def test_single_precision_cannot_be_strict(study, refuses):
    assert study(simulation={"precision": "float32"}).simulation.method == "riccati"
    refuses({"simulation": {"precision": "float32", "accuracy": "strict"}}, "simulation.accuracy", "strict", "float64")


def test_noise_may_be_an_axis(study, refuses):
    made = study(simulation={"method": "heun"}, grid={"G": [2, 5], "noise_sigma": [0, 0.3]})
    np.testing.assert_array_equal(made.points().columns["noise_sigma"], [0, 0.3, 0, 0.3])
    assert made.dims(of_network=False) == ("G",)
    other = {"simulation": {"method": "rk4"}}
    refuses({**other, "grid": {"noise_sigma": [0, 0.3]}}, "simulation.noise_sigma", "0.3", "heun")
    refuses({**other, "highlights": [{"noise_sigma": 0.2}]}, "simulation.noise_sigma", "0.2", "heun")
    assert study(grid={"noise_sigma": [0, 0.3]}).simulation.method == "riccati"
    refuses({"simulation": {"method": "heun"}, "grid": {"noise_sigma": [-1]}}, "grid.noise_sigma", "-1", ">= 0")


def test_what_noise_is_like_may_be_an_axis_and_must_make_sense(study, refuses):
    noisy = {"noise_sigma": 0.1}
    made = study(simulation=noisy, grid={"noise_tau_ms": [0, 10], "noise_common": [0, 0.3]})
    np.testing.assert_array_equal(made.points().columns["noise_tau_ms"], [0, 0, 10, 10])
    assert made.dims(of_network=False) == ()
    refuses({"simulation": {**noisy, "noise_tau_ms": 0.05}}, "simulation.noise_tau_ms", "0.05", ">= 0.1")
    refuses({"simulation": noisy, "grid": {"noise_tau_ms": [0, 0.05]}}, "grid.noise_tau_ms", "0.05", ">= 0.1")
    refuses({"simulation": noisy, "grid": {"noise_common": [0, 1.5]}}, "grid.noise_common", "1.5", "0 to 1")
    refuses({"simulation": {**noisy, "noise_common": -0.1}}, "simulation.noise_common", "-0.1", ">= 0")
    for name, value in (("noise_tau_ms", 5.0), ("noise_common", 0.3)):
        refuses({"simulation": {name: value}}, f"simulation.{name}", f"{value:g} without noise", "noise_sigma > 0")
        refuses({"grid": {name: [0, value]}}, f"grid.{name}", f"{value:g} without noise", "noise_sigma > 0")
        study(simulation={name: value}, grid={"noise_sigma": [0, 0.1]})


def test_the_velocity_may_be_an_axis_with_null_for_no_delays(study, refuses):
    made = study(grid={"velocity_m_per_s": [5, None], "G": [2]})
    np.testing.assert_array_equal(made.points().columns["velocity_m_per_s"], [5.0, np.inf])
    assert made.delayed
    assert made.simulation.method == "riccati"
    assert not study().delayed
    assert not study(grid={"velocity_m_per_s": [None], "G": [2]}).delayed
    other = {"model": {"name": "wilson_cowan"}, "grid": {"G": [2]}}
    own = {"without_of_simulation": ["dt_ms"], "model": {"name": "wilson_cowan"}}
    chosen = study(**own, simulation={"velocity_m_per_s": 10}).simulation
    usual = chosen.integrator.usual_step_ms
    assert (chosen.method, usual(False)) == ("multirate", 0.05)
    for delayed in (False, True):
        assert chosen.own_ladder(1.0, (), delayed).steps_ms == (usual(delayed),)
    assert study(**other, simulation={"velocity_m_per_s": 10, "noise_sigma": 0.1}).simulation.method == "heun"
    shown = study(highlights=[{"velocity_m_per_s": None}, {"velocity_m_per_s": 4}])
    points = shown.points_at(shown.config.highlights)
    np.testing.assert_array_equal(points.columns["velocity_m_per_s"], [np.inf, 4.0])
    listed = study(points=[{"G": 2, "velocity_m_per_s": None}, {"G": 2, "velocity_m_per_s": 6}], grid=None)
    np.testing.assert_array_equal(listed.points().columns["velocity_m_per_s"], [np.inf, 6.0])


def test_what_takes_no_delays_refuses_them(refuses):
    delayed = {"velocity_m_per_s": 10}
    refuses({"simulation": {"velocity_m_per_s": 0}}, "simulation.velocity_m_per_s", "> 0")
    refuses({"grid": {"velocity_m_per_s": [5, -1]}}, "grid.velocity_m_per_s", "-1", "null for none")
    refuses({"grid": {"G": [None]}}, "grid.G", "not a number")
    twice = {"simulation": delayed, "grid": {"velocity_m_per_s": [5, 10]}}
    refuses(twice, "simulation.velocity_m_per_s", "grid.velocity_m_per_s", "one of the two")
    refuses(
        {"simulation": {**delayed, "method": "rk4", "delays": "rounded"}}, "simulation.delays", "rk4", "interpolated"
    )
    operating = {"name": "ngnmm_population", "operating_point": {"margin": 0.1}}
    refuses({"simulation": delayed, "model": operating}, "simulation.velocity_m_per_s", "model.operating_point")
    refuses({"simulation": {"delays": "rounded"}}, "simulation.delays", "rounded without delays")
    refuses({"simulation": {"missing_lengths": "euclidean"}}, "simulation.missing_lengths", "without delays")


@pytest.mark.parametrize(
    ("given", "transient_ms"),
    [
        ({}, 4000.0),
        ({"duration_ms": 3000}, 1200.0),
        ({"duration_ms": "3000"}, 1200.0),
        ({"duration_ms": 1.0, "sample_ms": 0.5}, 0.5),
        ({"duration_ms": 3000, "transient_ms": 0}, 0.0),
    ],
)
def test_the_transient_is_a_share_of_the_duration_unless_it_is_given(given, transient_ms):
    assert Simulation.model_validate(given).transient_ms == transient_ms


def test_models_that_send_rates_have_no_exact_flow_with_delays(study, refuses):
    model, delayed = {"name": "ei_ngnmm_synapses"}, {"velocity_m_per_s": 5.0}
    assert study(model=model).simulation.method == "riccati"
    assert study(model=model, simulation=delayed).simulation.method == "multirate"
    refuses(
        {"model": model, "simulation": {**delayed, "method": "riccati"}}, "simulation.method", "riccati", "sends a rate"
    )


def test_a_kind_of_resection_needs_a_region(study, refuses):
    kind = {"kind": "renormalised"}
    refuses({"simulation": {"resection": kind}}, "simulation.resection.kind", "renormalised", "resection.region")
    assert study(simulation={"resection": kind}, grid={"resection.region": [-1, 0]}).simulation.resection.kind
    assert study(simulation={"resection": {**kind, "regions": [0]}}).simulation.resection.kind


def test_a_region_is_taken_out_once(study, refused):
    resection = study(simulation={"resection": {"regions": ["b", 1]}}).simulation.resection
    refused(lambda: resection.indices(["a", "b", "c"]), "simulation.resection.regions", "b occurs twice")
