"""The points of a study: dense grids, lists of points and CSV files, with all parameters resolved."""

import numpy as np
import pytest


def test_a_grid_is_the_dense_product_in_the_order_of_the_config(study):
    made = study(grid={"I_ext_e": [3, 13], "G": [2, 5, 8], "seed": [0, 1]})
    assert made.dims() == ("I_ext_e", "G", "seed")
    assert made.shape() == (2, 3, 2)
    points = made.points()
    assert len(points) == made.size() == 12
    np.testing.assert_array_equal(points.parameters["I_ext_e"], np.repeat([3, 13], 6))
    np.testing.assert_array_equal(points.parameters["G"], np.tile(np.repeat([2, 5, 8], 2), 2))
    np.testing.assert_array_equal(points.seeds, np.tile([0, 1], 6))


def test_what_belongs_to_the_homogeneous_system_has_no_seed(study):
    made = study(grid={"G": [2, 5], "seed": [0, 1, 2]})
    assert made.dims(of_network=False) == ("G",)
    assert made.size(of_network=False) == 2


def test_points_carry_every_parameter_of_the_model(study):
    points = study(grid={"G": [2, 5]}, model={"parameters": {"eta_e": -4}}).points()
    assert set(points.parameters) == set(study().model.parameter_names)
    np.testing.assert_array_equal(points.parameters["eta_e"], [-4, -4])
    np.testing.assert_array_equal(points.parameters["tau_si"], [5, 5])


def test_an_alias_sets_all_its_parameters(study):
    points = study(grid={"Delta": [0.8, 1.2]}).points()
    np.testing.assert_array_equal(points.parameters["Delta_e"], [0.8, 1.2])
    np.testing.assert_array_equal(points.parameters["Delta_i"], [0.8, 1.2])
    fixed = study(model={"parameters": {"Delta": 0.9}}).points()
    np.testing.assert_array_equal(fixed.parameters["Delta_i"], [0.9, 0.9])


def test_a_name_that_is_an_alias_in_one_model_is_a_parameter_of_another(study):
    points = study(model={"name": "ngnmm_population"}, grid={"Delta": [0.5, 1]}).points()
    np.testing.assert_array_equal(points.parameters["Delta"], [0.5, 1])


def test_without_a_seed_axis_the_seed_is_zero(study):
    np.testing.assert_array_equal(study().points().seeds, [0, 0])


def test_without_a_grid_there_is_one_point(study):
    made = study(without=["grid"], model={"parameters": {"G": 3}})
    assert made.shape() == ()
    assert len(made.points()) == 1
    np.testing.assert_array_equal(made.points().parameters["G"], [3])


LISTED = [{"G": 5, "I_ext_e": 13}, {"G": 2, "I_ext_e": 3}, {"G": 2, "I_ext_e": 13}]


def test_a_list_of_points_has_one_dimension(study):
    made = study(without=["grid"], points=LISTED)
    assert made.dims() == ("point",)
    assert made.dims(of_network=False) == ("point",)
    assert made.shape() == (3,)
    np.testing.assert_array_equal(made.points().parameters["G"], [5, 2, 2])
    np.testing.assert_array_equal(made.points().parameters["I_ext_e"], [13, 3, 13])


def test_a_csv_file_of_points_equals_the_list(study, tmp_path):
    csv = tmp_path / "points.csv"
    csv.write_text("G, I_ext_e\n5,13\n2, 3\n2,1.3e1\n")
    listed, read = study(without=["grid"], points=LISTED), study(without=["grid"], points=str(csv))
    for name, values in listed.points().columns.items():
        np.testing.assert_array_equal(read.points().columns[name], values)


def test_a_csv_file_may_start_with_a_byte_order_mark(study, tmp_path):
    csv = tmp_path / "from_a_spreadsheet.csv"
    csv.write_text("G,seed\n5,1\n", encoding="utf-8-sig")
    points = study(without=["grid"], points=str(csv)).points()
    np.testing.assert_array_equal(points.parameters["G"], [5])
    np.testing.assert_array_equal(points.seeds, [1])


def test_points_may_have_seeds_and_aliases(study):
    points = study(without=["grid"], points=[{"Delta": 0.8, "seed": 3}, {"Delta": 1, "seed": 4}]).points()
    np.testing.assert_array_equal(points.parameters["Delta_i"], [0.8, 1])
    np.testing.assert_array_equal(points.seeds, [3, 4])


@pytest.mark.parametrize(
    ("points", "words"),
    [
        pytest.param([], ["points", "no points"], id="none"),
        pytest.param("nowhere.csv", ["points", "nowhere.csv", "CSV"], id="no such file"),
        pytest.param([{"G": 1}, {"I_ext_e": 1}], ["points[1]", "I_ext_e", "G"], id="other parameters than the first"),
        pytest.param([{"I_ext": 1}], ["points", "I_ext", "did you mean 'I_ext_i'?"], id="unknown parameter"),
        pytest.param([{"G": 1}, {"G": "x"}], ["points[1].G", "'x'"], id="word"),
        pytest.param([{"G": float("nan")}], ["points[0].G", "nan"], id="NaN"),
        pytest.param([{"G": [1, 2]}], ["points[0].G", "[1, 2]"], id="an axis in a point"),
        pytest.param([{"G": -1}], ["points", "G", "-1", ">= 0"], id="out of range"),
        pytest.param([{"G": 1, "seed": 0.5}], ["points", "seed", "0.5"], id="broken seed"),
        pytest.param([{"Delta": 1, "Delta_e": 2}], ["Delta", "Delta_e"], id="alias beside its parameter"),
    ],
)
def test_bad_lists_of_points_are_refused(refuses, points, words):
    refuses({"points": points}, *words, without=["grid"])


def test_bad_csv_files_are_refused(refuses, tmp_path):
    for name, text, words in (
        ("empty.csv", "", ["no points"]),
        ("header.csv", "G,I_ext_e\n", ["no points"]),
        ("short.csv", "G,I_ext_e\n5\n", ["[0].I_ext_e", "None"]),
        ("word.csv", "G\n5\nfive\n", ["[1].G", "'five'"]),
        ("unknown.csv", "G,Gee\n5,1\n", ["Gee"]),
        ("twice.csv", "G,seed,G\n5,1,6\n", ["'G'", "twice"]),
    ):
        csv = tmp_path / name
        csv.write_text(text)
        refuses({"points": str(csv)}, str(csv), *words, without=["grid"])


def test_a_csv_row_longer_than_the_header_is_refused(refuses, tmp_path):
    csv = tmp_path / "long.csv"
    csv.write_text("G\n5,13\n")
    refuses({"points": str(csv)}, "long.csv", without=["grid"])


def test_points_beside_a_grid_are_refused(refuses):
    refuses({"points": [{"G": 1}]}, "points", "grid")


def test_points_without_parameters_are_refused(refuses):
    refuses({"points": [{}]}, "points", without=["grid"])


def test_a_parameter_in_points_and_in_the_model_is_refused_by_its_key(refuses):
    line = refuses({"points": [{"G": 1}], "model": {"parameters": {"G": 2}}}, "model.parameters.G", without=["grid"])
    assert "points" in line
    assert "grid" not in line


def test_highlights_take_what_they_leave_out_from_the_first_point(study):
    made = study(grid={"G": [2, 5], "I_ext_e": [3, 13]}, highlights=[{"G": 5}, {"I_ext_e": 13}, {}])
    points = made.points_at(made.config.highlights)
    np.testing.assert_array_equal(points.parameters["G"], [5, 2, 2])
    np.testing.assert_array_equal(points.parameters["I_ext_e"], [3, 13, 3])


def test_highlights_may_leave_the_grid_and_overrule_the_model(study):
    made = study(model={"parameters": {"eta_e": -4}}, highlights=[{"G": 3, "eta_e": -3}, {"G": 9, "eta_e": -4}])
    points = made.points_at(made.config.highlights)
    np.testing.assert_array_equal(points.parameters["G"], [3, 9])
    np.testing.assert_array_equal(points.parameters["eta_e"], [-3, -4])


def test_a_highlight_takes_a_parameter_that_only_others_name_from_the_model(study):
    made = study(model={"parameters": {"eta_e": -4}}, highlights=[{"G": 2, "eta_e": -3}, {"G": 5}])
    np.testing.assert_array_equal(made.points_at(made.config.highlights).parameters["eta_e"], [-3, -4])
