"""A parameter is set in one place, whatever the names it is set by."""

import itertools

import pytest

TARGETS = {"Delta": {"Delta_e", "Delta_i"}, "Delta_e": {"Delta_e"}, "Delta_i": {"Delta_i"}}
PLACES = list(itertools.product(("grid", "model.parameters"), TARGETS))


def set_in(changes, place, name):
    if place == "grid":
        changes.setdefault("grid", {})[name] = [1, 2]
    else:
        changes.setdefault("model", {"parameters": {}})["parameters"][name] = 1


@pytest.mark.parametrize(("first", "second"), list(itertools.combinations(PLACES, 2)), ids=lambda p: ".".join(p))
def test_aliases_and_their_parameters(refuses, study, first, second):
    changes = {"grid": {"G": [1]}}
    for place, name in (first, second):
        set_in(changes, place, name)
    if TARGETS[first[1]] & TARGETS[second[1]]:
        refuses(changes, ".".join(first), ".".join(second))
    else:
        assert {"Delta_e", "Delta_i"} <= set(study(**changes).points().parameters)


@pytest.mark.parametrize("name", ["G", "I_ext_e", "tau_si"])
def test_the_same_parameter_in_grid_and_model(refuses, name):
    refuses({"grid": {name: [1]}, "model": {"parameters": {name: 1}}}, f"grid.{name}", f"model.parameters.{name}")


def test_a_seed_is_no_parameter_of_the_model(refuses):
    refuses({"model": {"parameters": {"seed": 1}}}, "model.parameters.seed", "grid.seed")


def test_an_alias_beside_its_parameter_in_a_highlight(refuses):
    refuses({"highlights": [{"Delta": 2, "Delta_e": 1}]}, "highlights[0]", "Delta_e")


@pytest.mark.parametrize("value", ["abc", None, True, [1, 2], float("nan"), float("inf"), "inf", {}])
def test_values_of_parameters_are_finite_numbers(refuses, value):
    refuses({"model": {"parameters": {"I_ext_e": value}}}, "model.parameters.I_ext_e", repr(value))


@pytest.mark.parametrize(
    ("name", "value", "allowed"), [("tau_e", -1, "> 0"), ("tau_e", 0, "> 0"), ("J_ee", -1, ">= 0")]
)
def test_values_of_parameters_are_in_range(refuses, name, value, allowed):
    refuses({"model": {"parameters": {name: value}}}, f"model.parameters.{name}", str(value), allowed)


def test_text_that_spells_a_number_is_a_value(study):
    assert study(model={"parameters": {"I_ext_e": "1e1"}}).fixed == {"I_ext_e": 10}


def test_an_unknown_parameter_is_named_with_the_near_one(refuses):
    line = refuses({"model": {"parameters": {"I_ext": 1}}}, "model.parameters.I_ext", "did you mean 'I_ext_i'?")
    assert "tau_e, tau_i" in line


def test_the_allowed_parameters_of_a_model_leave_out_the_seed(refuses):
    assert "seed" not in refuses({"model": {"parameters": {"sed": 1}}}).partition("allowed: ")[2]
