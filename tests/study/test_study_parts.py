"""Several studies in one file: parts, and the base that they share."""

import pytest

from ngnmm_core.study.load import load_studies


@pytest.fixture
def load(config):
    """Loads a file with parts; `base` is laid over the small study's keys."""

    def load(parts, base=None, **top):
        shared = {**config(without=["study"]), **(base or {})}
        return load_studies({"study": "paper", "base": shared, "parts": parts, **top}, "paper.yaml")

    return load


def test_every_part_is_a_study_below_the_file(load):
    studies = load({"msf2d": {"analyses": ["msf"]}, "raster": {}})
    assert list(studies) == ["paper/msf2d", "paper/raster"]
    assert [s.name for s in studies.values()] == list(studies)
    assert list(studies["paper/msf2d"].options) == ["msf"]
    assert list(studies["paper/raster"].options) == ["rates"]


def test_an_empty_part_is_the_base(load):
    nothing, empty = load({"a": None, "b": {}}).values()
    assert list(nothing.axes["G"]) == list(empty.axes["G"]) == [2, 5]


def test_a_part_replaces_the_grid_of_the_base(load):
    (part,) = load({"a": {"grid": {"I_ext_e": [3]}}}).values()
    assert list(part.axes) == ["I_ext_e"]


def test_a_part_changes_single_keys_of_the_simulation(load):
    (part,) = load({"a": {"simulation": {"duration_ms": 300}}}).values()
    assert part.simulation.duration_ms == 300
    assert part.simulation.dt_ms == 0.05


def test_a_part_takes_another_model_or_parameters(load):
    other, shifted = load(
        {"a": {"model": {"name": "ngnmm_population"}}, "b": {"model": {"parameters": {"eta_e": -4}}}}
    ).values()
    assert other.model.name == "ngnmm_population"
    assert (shifted.model.name, shifted.fixed) == ("ei_ngnmm", {"eta_e": -4})


def test_a_part_changes_single_parameters_of_the_base(load):
    base = {"model": {"parameters": {"I_ext_i": 1, "eta_e": -4}}}
    (part,) = load({"a": {"model": {"parameters": {"eta_e": -3}}}}, base).values()
    assert part.fixed == {"I_ext_i": 1, "eta_e": -3}


def test_a_part_with_another_model_takes_nothing_of_that_of_the_base(load):
    base = {"model": {"name": "ei_ngnmm", "parameters": {"eta_e": -4, "I_ext_i": 1}}}
    other, same = load(
        {"a": {"model": {"name": "ngnmm_population"}}, "b": {"model": {"name": "ei_ngnmm"}}}, base
    ).values()
    assert (other.model.name, other.fixed) == ("ngnmm_population", {})
    assert same.fixed == {"eta_e": -4, "I_ext_i": 1}


def test_a_part_with_another_connectome_takes_nothing_of_that_of_the_base(load, six):
    base = {"connectome": {"path": str(six), "transpose": True}}
    named, turned = load(
        {"a": {"connectome": {"name": "dk-84"}}, "b": {"connectome": {"transpose": False}}}, base
    ).values()
    assert (named.config.connectome.name, named.config.connectome.path) == ("dk-84", None)
    assert (turned.config.connectome.path, turned.config.connectome.transpose) == (str(six), False)


def test_a_part_changes_single_keys_of_the_initial_states(load):
    base = {"simulation": {"duration_ms": 200, "transient_ms": 50, "initial": {"from": "homogeneous"}}}
    (part,) = load({"a": {"simulation": {"initial": {"sd": 0.1}}}}, base).values()
    assert (part.simulation.initial.start, part.simulation.initial.sd) == ("homogeneous", 0.1)


def test_points_of_a_part_take_the_place_of_the_grid_of_the_base(load):
    (part,) = load({"a": {"grid": None, "points": [{"G": 1}]}}).values()
    assert part.listed


def test_parts_without_a_base(config):
    own = config(without=["study"])
    assert list(load_studies({"study": "two", "parts": {"a": own, "b": own}})) == ["two/a", "two/b"]


@pytest.mark.parametrize(
    ("parts", "top", "words"),
    [
        pytest.param({}, {}, ["parts", "{}"], id="no parts"),
        pytest.param([1], {}, ["parts", "[1]"], id="a list"),
        pytest.param(None, {}, ["parts", "None"], id="nothing"),
        pytest.param({"a": {}}, {"bse": {}}, ["bse", "did you mean 'base'?"], id="misspelt base"),
        pytest.param({"a": {}}, {"grid": {"G": [1]}}, ["grid", "study, base, parts"], id="a key beside base"),
        pytest.param({"a": {"gird": {}}}, {}, ["paper.yaml", "part a", "gird", "'grid'"], id="misspelt key in a part"),
        pytest.param({"a": {}, "b": {"grid": {"G": []}}}, {}, ["part b", "grid.G"], id="bad second part"),
        pytest.param({"a b": {}}, {}, ["a b"], id="bad name"),
        pytest.param({"..": {}}, {}, [".."], id="parent folder as the name"),
    ],
)
def test_bad_parts_are_refused(load, refused, parts, top, words):
    refused(lambda: load(parts, **top), "allowed: ", *words)


@pytest.mark.parametrize("part", [[1], "text", 3])
def test_a_part_that_is_no_mapping_is_refused(load, refused, part):
    refused(lambda: load({"a": part}), "part", "a", "allowed: ")


def test_a_base_that_is_no_mapping_is_refused(refused):
    refused(lambda: load_studies({"study": "paper", "base": [1], "parts": {"a": {}}}), "base", "allowed: ")


@pytest.mark.parametrize("name", ["..", "a/b", ".hidden", "a b", ""])
def test_the_name_of_a_file_with_parts_is_checked(load, refused, name):
    refused(lambda: load({"a": {}}, study=name), "study", repr(name), "allowed: ")
