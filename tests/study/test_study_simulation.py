"""Settings of the simulation: times, methods, noise, and stimuli with their axes."""

from itertools import product

import numpy as np
import pytest

from ngnmm_core.points import Kind
from ngnmm_core.section import is_multiple
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


# ------------------------------------------------------------------ stimuli
PULSE = {"name": "focal", "parameter": "I_ext_e", "amplitude": 2, "onset_ms": 60, "duration_ms": 20}


@pytest.fixture
def stimulated(study):
    """Makes a study with one stimulus, a pulse with changes."""
    return lambda grid=None, **changes: study(simulation={"stimuli": [{**PULSE, **changes}]}, grid=grid or {"G": [2]})


@pytest.fixture
def refuses_stimulus(refuses):
    """Checks that a pulse with changes is refused."""

    def check(changes, *words, grid=None, without=()):
        pulse = {k: v for k, v in {**PULSE, **changes}.items() if k not in without}
        refuses({"simulation": {"stimuli": [pulse]}, "grid": grid or {"G": [2]}}, *words)

    return check


def test_numbers_of_a_stimulus_may_be_axes(stimulated):
    made = stimulated(grid={"G": [2, 5], "focal.amplitude": [1, 2, 3], "focal.region": [0, 4]})
    assert made.shape() == (2, 3, 2)
    np.testing.assert_array_equal(made.points().columns["focal.amplitude"], np.tile(np.repeat([1, 2, 3], 2), 2))
    np.testing.assert_array_equal(made.points().parameters["G"], np.repeat([2, 5], 6))


def test_stimuli_do_not_belong_to_the_homogeneous_system(stimulated):
    made = stimulated(grid={"G": [2, 5], "focal.amplitude": [1, 2], "seed": [0, 1]})
    assert made.dims(of_network=False) == ("G",)
    assert not made.points(of_network=False).of(Kind.SETTING)


def test_highlights_may_set_numbers_of_a_stimulus(study):
    made = study(simulation={"stimuli": [PULSE]}, grid={"focal.amplitude": [1, 2]}, highlights=[{"focal.amplitude": 3}])
    np.testing.assert_array_equal(made.points_at(made.config.highlights).columns["focal.amplitude"], [3])


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        pytest.param({"ampl": 3}, ["simulation.stimuli[0].ampl", "did you mean 'amplitude'?"], id="unknown key"),
        pytest.param({"parameter": "I_ext"}, ["parameter", "'I_ext'", "I_ext_e, I_ext_i"], id="unknown drive"),
        pytest.param({"kind": "puls"}, ["kind", "'puls'", "'pulse'"], id="unknown kind"),
        pytest.param({"onset_ms": 60.01}, ["focal.onset_ms", "60.01", "0.05 ms"], id="jump within a step"),
        pytest.param({"onset_ms": -1}, ["onset_ms", "-1", ">= 0"], id="before the start"),
        pytest.param({"duration_ms": 0}, ["duration_ms", "0", "> 0"], id="no duration"),
        pytest.param({"amplitude": float("nan")}, ["amplitude", "nan"], id="NaN"),
        pytest.param({"kind": "table"}, ["times_ms", "0"], id="empty table"),
        pytest.param(
            {"kind": "table", "duration_ms": None, "times_ms": [1, 0], "values": [0, 1]},
            ["times_ms[1]", "0 follows 1", "rising"],
            id="falling times",
        ),
        pytest.param(
            {"kind": "table", "duration_ms": None, "times_ms": [-1, 1], "values": [0, 1]},
            ["times_ms[0]", "-1", ">= 0"],
            id="before onset",
        ),
        pytest.param(
            {"kind": "table", "duration_ms": None, "times_ms": [0, 5.013], "values": [0, 1]},
            ["focal.times_ms[1]", "5.013", "a value of 0 there"],
            id="table that ends abruptly within a step",
        ),
        pytest.param(
            {"kind": "table", "duration_ms": None, "onset_ms": 60.01, "times_ms": [0, 5], "values": [1, 0]},
            ["focal.onset_ms", "60.01", "starts and ends with 0"],
            id="table that starts abruptly within a step",
        ),
        pytest.param({"period_ms": 30}, ["focal.period_ms", "30", "count is 1"], id="period of one pulse"),
        pytest.param({"regions": []}, ["stimuli[0].regions", "[]", "at least one"], id="no regions"),
        pytest.param({"regions": {}}, ["stimuli[0].regions", "{}", "at least one"], id="no weights"),
        pytest.param({"regions": ["a", "b", "a"]}, ["stimuli[0].regions", "a occurs twice"], id="region twice"),
        pytest.param({"regions": ["a"], "region": 1}, ["focal.regions", "['a']", "region"], id="region and regions"),
        pytest.param({"onset_ms": 200}, ["focal.onset_ms", "200 ms", "duration_ms = 200"], id="after the end"),
        pytest.param({"name": "a b"}, ["name", "'a b'"], id="blank in the name"),
    ],
)
def test_bad_stimuli_are_refused(refuses_stimulus, changes, words):
    refuses_stimulus(changes, *words)


def test_a_stimulus_needs_a_place_to_go(refuses_stimulus):
    refuses_stimulus({}, "simulation.stimuli[0].parameter", "missing", without=["parameter"])


def test_regions_of_a_stimulus_are_labels_or_indices(stimulated):
    labels = ["a", "b", "3", "c"]
    for regions, expected in (([0, "b"], [1, 1, 0, 0]), ({"c": 2, 1: 0.5}, [0, 0.5, 0, 2]), (["3"], [0, 0, 1, 0])):
        (stimulus,) = stimulated(regions=regions).simulation.stimuli
        np.testing.assert_array_equal(stimulus.weights(labels), expected)


def test_a_region_named_by_label_and_index_is_refused(stimulated, refused):
    (stimulus,) = stimulated(regions=["b", 1]).simulation.stimuli
    refused(lambda: stimulus.weights(["a", "b"]), "focal.regions", "b occurs twice", "allowed: ")


def test_no_start_of_a_stimulus_lies_beyond_the_end(refuses, refuses_stimulus):
    refuses_stimulus({}, "focal.onset_ms", "300 ms", grid={"focal.onset_ms": [60, 300]})
    chain = [PULSE, {"name": "late", "parameter": "I_ext_e", "after": "focal", "onset_ms": 150}]
    refuses({"simulation": {"stimuli": chain}}, "late.onset_ms", "230 ms")


def test_a_label_in_place_of_an_index_is_told_where_to_go(stimulated, refused):
    refused(lambda: stimulated(region="Precuneus_L"), ".region", "'Precuneus_L' is a label", "regions: [Precuneus_L]")


def test_regions_that_are_not_there_are_refused_with_what_is(stimulated, refused):
    for region, words in (("bb", ["did you mean 'b'?"]), (4, ["4", "0 to 3"]), (-1, ["-1", "0 to 3"])):
        (stimulus,) = stimulated(regions=[region]).simulation.stimuli
        refused(lambda stimulus=stimulus: stimulus.weights(["a", "b", "3", "c"]), "focal.regions", "allowed: ", *words)


def test_a_highlight_is_checked_like_an_axis(refuses):
    for field, value in (("onset_ms", 60.02), ("region", 0.5), ("duration_ms", -1)):
        changes = {"simulation": {"stimuli": [PULSE]}, "highlights": [{f"focal.{field}": value}]}
        refuses(changes, field, f"{value:g}")


def test_two_stimuli_need_two_names(refuses):
    refuses({"simulation": {"stimuli": [PULSE, PULSE]}}, "simulation.stimuli", "focal")


def test_a_train_of_pulses_needs_a_period(refuses_stimulus):
    refuses_stimulus({"count": 3}, "count", "3", "period_ms")


@pytest.mark.parametrize(
    ("axis", "words"),
    [
        pytest.param("focal.amp", ["grid.focal.amp", "did you mean 'focal.amplitude'?"], id="misspelt number"),
        pytest.param(
            "fcal.amplitude", ["grid.fcal.amplitude", "did you mean 'focal.amplitude'?"], id="misspelt stimulus"
        ),
        pytest.param("focal.count", ["grid.focal.count"], id="what can't be swept"),
    ],
)
def test_unknown_axes_of_stimuli_are_refused(refuses_stimulus, axis, words):
    refuses_stimulus({}, *words, grid={axis: [1]})


def test_axes_of_jumps_lie_on_steps(refuses_stimulus):
    refuses_stimulus({}, "onset_ms", "60.02", "0.05 ms", grid={"focal.onset_ms": [60, 60.02]})


def test_tables_that_start_and_end_with_nothing_need_no_step(study, stimulated):
    changes = {"kind": "table", "duration_ms": None, "times_ms": [0, 3.3, 5.013], "values": [0, 1, 0]}
    assert stimulated(onset_ms=60.01, **changes).simulation.stimuli[0].jumps_ms == []


@pytest.mark.parametrize(("method", "sample_ms"), [("riccati", 0.23), ("multirate", 0.125), ("rk4", 0.023)])
def test_pulses_at_samples_fit_whatever_the_time_between_these(study, method, sample_ms):
    """A third of a sample is no decimal: nothing would be a multiple of such a step."""
    onset, end, duration = (round(count * sample_ms, 9) for count in (80, 120, 200))
    pulse = {**PULSE, "onset_ms": onset, "duration_ms": round(end - onset, 9)}
    times = {"duration_ms": duration, "transient_ms": 0, "sample_ms": sample_ms, "dt_ms": None}
    made = study(simulation={**times, "method": method, "stimuli": [pulse]}, grid={"G": [2]}).simulation
    own = made.own_ladder(1.0, [onset, end]).steps_ms
    assert is_multiple(sample_ms, own[0])
    assert own[0] == made.longest_step_ms <= (0.1 if method == "riccati" else made.integrator.step_ms)


@pytest.mark.parametrize(
    ("axis", "value"),
    [("duration_ms", -20), ("duration_ms", 0), ("onset_ms", -5), ("frequency_hz", -1), ("region", -1), ("region", 0.5)],
)
def test_values_on_an_axis_of_a_stimulus_are_in_range(refuses_stimulus, axis, value):
    refuses_stimulus({}, f"focal.{axis}", f"{value:g}", grid={f"focal.{axis}": [value]})


# ------------------------------------------------------------------ stimuli after others
def chained(**changes):
    second = {"name": "second", "parameter": "I_ext_e", "onset_ms": 30, "duration_ms": 5, "after": "focal"}
    return {"stimuli": [PULSE, {**second, **changes}]}


def test_a_stimulus_after_another_keeps_its_distance(study):
    made = study(
        simulation=chained(),
        grid={"focal.duration_ms": [10, 20], "second.onset_ms": [30, 40]},
        highlights=[{"focal.onset_ms": 20}],
    )
    onsets, ends = made.stimulus_times()["second"]
    np.testing.assert_array_equal(onsets, [100, 110, 110, 120, 20 + 10 + 30])
    np.testing.assert_array_equal(ends - onsets, 5)


@pytest.mark.parametrize(
    ("changes", "first", "words"),
    [
        pytest.param({"after": "fokal"}, {}, ["second.after", "'fokal'", "did you mean 'focal'?"], id="unknown"),
        pytest.param({"after": "second"}, {}, ["second.after", "'second'", "focal"], id="itself"),
        pytest.param({}, {"duration_ms": None}, ["second.after", "'focal'", "no end"], id="endless"),
        pytest.param({}, {"after": "second"}, ["focal.after", "'second'", "not above"], id="in a circle"),
    ],
)
def test_what_a_stimulus_comes_after_must_be_there_and_end(refuses, changes, first, words):
    stimuli = chained(**changes)["stimuli"]
    stimuli[0] = {**stimuli[0], **first}
    refuses({"simulation": {"stimuli": stimuli}}, *words)


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
