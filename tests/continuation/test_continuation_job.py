"""The analysis `continuation`: its points, its tables against closed forms, its merged file, its figures."""

import numpy as np
import pytest
import xarray as xr
from matplotlib.figure import Figure

from ngnmm_core.analysis import continuation
from ngnmm_core.connectome import Connectome
from ngnmm_core.connectome.planned import PlannedConnectome
from ngnmm_core.errors import InputError
from ngnmm_core.plotting import branches
from ngnmm_core.points import Kind, make_points
from ngnmm_core.stages import continuation as job
from ngnmm_core.stages.registry import STAGES
from ngnmm_core.stages.results import as_dataset, as_variables
from ngnmm_core.stages.task import Task
from ngnmm_core.study.load import make_study
from ngnmm_core.sweep.plan import plan

W = np.array([[0.0, 0.4, 0.6], [0.5, 0.0, 0.5], [1.0, 0.0, 0.0]])


def study_of(grid, shards="auto", **options):
    config = {
        "shards": shards,
        "connectome": {"name": "hcp-aal2-94"},
        "grid": grid,
        "analyses": {"continuation": options},
    }
    return make_study("s", config)


def layout(study):
    return STAGES["continuation"].layout(study, 94)


def test_one_diagram_per_point_of_the_remaining_grid():
    """The continued parameter's axis and the seeds do not count."""
    found = layout(study_of({"G": [5, 12], "I_ext_e": [1, 2, 3], "Delta": [0.8, 1.0], "seed": [0, 1]}))
    points = found.points
    assert found.shape == (4,)
    assert sorted(zip(points.parameters["G"], points.parameters["Delta_e"], strict=True)) == [
        (5, 0.8), (5, 1.0), (12, 0.8), (12, 1.0)
    ]  # fmt: skip
    assert not points.columns["curves"].any()


def test_curves_per_point_without_both_parameters():
    study = study_of({"G": [5, 12], "Delta": [0.8, 1.0]}, second="G")
    points = layout(study).points
    np.testing.assert_array_equal(points.columns["curves"], [0, 0, 0, 0, 1, 1])
    np.testing.assert_array_equal(points.parameters["Delta_e"][4:], [0.8, 1.0])
    assert STAGES["continuation"].settings(study) == {"ladder": [5.0, 12.0]}


def test_a_diagram_is_known_again_in_another_grid(tmp_path):
    shards = plan(study_of({"G": list(range(6))}, 6), "continuation", tmp_path, PlannedConnectome("c", 94), True)
    assert [len(shard.ids) for shard in shards] == [1] * 6
    again = plan(study_of({"G": [5, 7, 0]}), "continuation", tmp_path, PlannedConnectome("c", 94), False)
    assert {i for s in again for i in s.ids} & {i for s in shards for i in s.ids} == {
        shards[5].ids[0], shards[0].ids[0]
    }  # fmt: skip


@pytest.mark.parametrize(
    ("options", "key"),
    [
        ({"parameter": "I_ex"}, "parameter"),
        ({"second": "g"}, "second"),
        ({"second": "I_ext_e"}, "second"),
        ({"range": [3, 3]}, "range"),
        ({"second": "G", "second_range": [3, 1]}, "second_range"),
        ({"parameter": "Delta", "second": "Delta_i", "second_range": [1, 2], "range": [1, 2]}, "second"),
        ({"parameter": "G", "range": [-5, 10]}, "range"),
        ({"parameter": "tau_si", "range": [0, 10]}, "range"),
        ({"parameter": "Delta", "range": [-1, 3]}, "range"),
        ({"second": "G", "second_range": [-1, 10]}, "second_range"),
        ({"second": "G", "ladder": [-1]}, "ladder"),
    ],
)
def test_bad_options_are_refused(options, key):
    with pytest.raises(InputError, match=rf"analyses\.continuation\.{key}: .*allowed"):
        study_of({"G": [1]}, **options)


def test_a_range_is_refused_in_the_words_of_the_grid():
    """The bounds of a parameter are the same wherever it is set."""
    with pytest.raises(InputError) as in_grid:
        study_of({"tau_si": [0, 10]})
    with pytest.raises(InputError) as in_range:
        study_of({"G": [1]}, parameter="tau_si", range=[0, 10])
    assert str(in_grid.value).split(": ", 1)[1] == str(in_range.value).split(": ", 1)[1]


# ------------------------------------------------------------------ tables
def task_of(model, options, curves=0, ladder=(), weights=W):
    parameters = {name: np.full(1, value) for name, value in model.resolve({"G": 0.0}).items()}
    points = make_points(model, {}, parameters, 1).having({"curves": np.array([curves])}, Kind.SETTING)
    chosen = continuation.ContinuationOptions(**options)
    return Task(
        model, Connectome(weights, ("a", "b", "c")), points, {"ladder": ladder}, ((continuation.ANALYSIS, chosen),)
    )


@pytest.fixture(scope="module")
def table(bautin):
    """The diagram of the subcritical Hopf normal form with its fold of cycles, as a dataset."""
    task = task_of(bautin, {"parameter": "mu", "range": (-0.5, 0.5), "rows": 5000})
    options = task.options("continuation")
    coordinates = continuation.coordinates(options, task)
    found = as_dataset(as_variables(job.run(task), continuation.variables(options), coordinates))
    return (
        found.rename(point="diagram")
        .assign_coords(curves=("diagram", [0]))
        .assign_attrs(parameter="mu", parameter_units="1", range=np.array(options.range), observable="u")
    )


@pytest.mark.slow
def test_the_table_holds_the_diagram(table):
    one = table.isel(diagram=0)
    assert int(one["continuation_status"]) == continuation.ContinuationStatus.OK
    kinds = one["branch_kind"].values
    cycles, rest = one.isel(row=kinds == 1), one.isel(row=kinds == 0)
    mu, square = cycles["branch_parameter"].values, cycles["branch_max"].sel(state="u").values ** 2
    np.testing.assert_allclose(mu, -square + square**2, atol=1e-5)
    np.testing.assert_allclose(cycles["branch_period"], 2 * np.pi / (0.4 + 0.1 * square), rtol=1e-4)
    clear = np.abs(square - 0.5) > 1e-3
    np.testing.assert_array_equal(cycles["branch_stable"].values[clear] == 1, square[clear] > 0.5)
    np.testing.assert_array_equal(rest["branch_stable"].values == 1, rest["branch_parameter"].values < 0)
    special = one["special_kind"].values
    assert [continuation.POINTS[k] for k in special[special >= 0]] == ["HB", "LPC"]
    np.testing.assert_allclose(one["special_parameter"].values[:2], [0.0, -0.25], atol=1e-8)
    assert one["special_supercritical"].values[0] == 0
    np.testing.assert_allclose(one["special_max"].sel(state="u").values[:2], [0.0, np.sqrt(0.5)], atol=1e-4)
    np.testing.assert_allclose(one["special_min"].sel(state="u").values[:2], [0.0, -np.sqrt(0.5)], atol=1e-4)
    assert (kinds[int(one["branch"].values.argmin()) :] == -1).any()


@pytest.mark.slow
def test_a_table_that_is_too_short_says_so(bautin):
    results = job.run(task_of(bautin, {"parameter": "mu", "range": (-0.5, 0.5), "rows": 100}))
    assert results["continuation_status"][0] == continuation.ContinuationStatus.TRUNCATED
    assert (results["branch"][0] >= 0).all()


def test_curves_in_the_table(cusp):
    options = {"parameter": "b", "range": (-2.0, 2.0), "second": "a", "second_range": (-1.0, 2.0)}
    results = job.run(task_of(cusp, options, curves=1, ladder=(1.0,)))
    used = results["branch"][0] >= 0
    assert {continuation.KINDS[k] for k in results["branch_kind"][0][used]} == {"LP"}
    b, a = results["branch_parameter"][0][used], results["branch_second"][0][used]
    np.testing.assert_allclose(27 * b**2, 4 * a**3, atol=1e-7)
    kinds = results["special_kind"][0]
    assert [continuation.POINTS[k] for k in kinds[kinds >= 0]] == ["CP"]


def test_rows_of_unequal_sums_are_refused(bautin):
    with pytest.raises(InputError, match=r"analyses\.continuation"):
        job.run(task_of(bautin, {"parameter": "mu"}, weights=np.diag([1.0, 1.0], 1)[:3, :3] + np.eye(3)))


# ------------------------------------------------------------------ figures
def test_doublings_have_looks_of_their_own():
    looks = [branches.curve_look("PD", level) for level in (1, 2, 3, 4)]
    assert len({look[0] for look in looks}) == 4
    assert len({look[2] for look in looks}) == 4


@pytest.mark.slow
def test_the_figure_draws_what_is_stable_dark(table):
    figure = branches.draw("branches_state", table)
    assert isinstance(figure, Figure)
    axes = figure.axes[0]
    dark = [line for line in axes.lines if line.get_linestyle() == "-" and line.get_alpha() == 1.0]
    cycles = [line for line in dark if line.get_color() == branches.CYCLES[0]]
    for line in cycles:
        assert np.nanmin(np.abs(line.get_ydata())) > np.sqrt(0.5) - 0.01
    legend = [text.get_text() for text in figure.legends[0].get_texts()]
    assert legend == ["equilibrium", "cycle", "unstable (light)", "Hopf", "fold of cycles"]
    at_rest = [line for line in dark if line.get_color() == branches.EQUILIBRIUM]
    assert max(line.get_xdata().max() for line in at_rest) < 0.01
    marks = {line.get_label(): line for line in axes.lines if line.get_linestyle() == "None"}
    assert set(marks) == {"Hopf", "fold of cycles"}
    np.testing.assert_allclose(np.sort(marks["fold of cycles"].get_ydata()), [-np.sqrt(0.5), np.sqrt(0.5)], atol=1e-4)
    assert isinstance(branches.draw("branches_frequency", table), Figure)
    assert branches.draw("branches_plane", table) is None


def test_a_diagram_shows_where_something_happens():
    """Special points from 3 to 5 of a range of 70, with three tenths of their distance beside them."""
    one = xr.Dataset({"special_parameter": ("special", np.array([5.0, 3.0, np.nan]))})
    assert branches.reach(one, (0.0, 70.0)) == pytest.approx((1.95, 6.05))  # of a twentieth of the range, at least
    assert branches.reach(one, (0.0, 8.0)) == pytest.approx((2.4, 5.6))
    assert branches.reach(one, (2.0, 8.0)) == pytest.approx((2.0, 5.6))  # little is left out below
    assert branches.reach(one.isel(special=[2]), (0.0, 8.0)) == (0.0, 8.0)
