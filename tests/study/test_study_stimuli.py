"""Stimuli of a study: their numbers as axes, regions, jumps on steps, and stimuli after others."""

import numpy as np
import pytest

from ngnmm_core.points import Kind
from ngnmm_core.section import is_multiple

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
