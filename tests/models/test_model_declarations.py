"""What models declare: parameters, units, aliases, and how their values are resolved."""

import re

import numpy as np
import pytest
from model_template import get_model, model_names

from ngnmm_core.errors import InputError

# MODEL.md: the table of section 2, and the classic bistable point of section 1
DEFAULTS = {
    "ei_ngnmm": {
        "tau_e": (8, "ms"), "tau_i": (8, "ms"), "tau_se": (1, "ms"), "tau_si": (5, "ms"),
        "eta_e": (-5, "1"), "eta_i": (-5, "1"), "Delta_e": (1, "1"), "Delta_i": (1, "1"),
        "J_ee": (5, "1"), "J_ii": (5, "1"), "J_ei": (13, "1"), "J_ie": (13, "1"), "I_ext_i": (0, "1"),
    },
    "ngnmm_population": {"Delta": (1, "1"), "eta": (-5, "1"), "J": (15, "1")},
    # Jansen and Rit (1995), C = 135; 1/a = 10 ms, 1/b = 20 ms
    "jansen_rit": {
        "A": (3.25, "mV"), "B": (22, "mV"), "tau_e": (10, "ms"), "tau_i": (20, "ms"), "e0": (2.5, "Hz"),
        "C1": (135, "1"), "C2": (0.8 * 135, "1"), "C3": (0.25 * 135, "1"), "C4": (0.25 * 135, "1"),
        "r": (0.56, "mV-1"), "v0": (6, "mV"),
    },
    # Wilson and Cowan (1972), the limit cycle of their figure 11
    "wilson_cowan": {
        "c_ee": (16, "1"), "c_ei": (12, "1"), "c_ie": (15, "1"), "c_ii": (3, "1"), "a_e": (1.3, "1"), "a_i": (2, "1"),
        "theta_e": (4, "1"), "theta_i": (3.7, "1"), "r_e": (1, "1"), "r_i": (1, "1"), "P": (1.25, "1"),
    },
}  # fmt: skip
UNIT = re.compile(r"1|((ms|s|mV|V|Hz|kHz|rad)(-?[1-9])?)( (ms|s|mV|V|Hz|kHz|rad)(-?[1-9])?)*")

every_model = pytest.mark.parametrize("name", model_names())


@pytest.mark.parametrize("name", DEFAULTS)
def test_defaults_are_those_of_the_papers(name):
    model = get_model(name)
    for parameter, (value, unit) in DEFAULTS[name].items():
        declared = model.parameter(parameter)
        assert (declared.default, declared.unit) == (value, unit), parameter


@every_model
def test_declarations_are_complete(name):
    model = get_model(name)
    assert model.name == name
    assert re.fullmatch(r"10\.\d{4,}/\S+", model.doi)
    assert len(model.title) > 10
    assert "G" in model.parameter_names
    for declared in (*model.parameters, *model.states):
        assert UNIT.fullmatch(declared.unit), f"{declared.name}: {declared.unit!r}"
        assert re.fullmatch(r"[A-Za-z]\w*", declared.name)
    for p in model.parameters:
        assert len(p.meaning) > 5
        assert p.accepts(p.default)
        assert not p.positive or not p.accepts(0.0)
    names = [*model.state_names, *model.axis_names]
    assert len(set(names)) == len(names)
    assert "seed" not in names


@every_model
def test_declared_names_refer_to_what_is_there(name):
    model = get_model(name)
    assert model.observable == model.state_names[model.observable_index]
    assert set(model.drives) <= set(model.parameter_names)
    for alias, targets in model.aliases.items():
        assert alias not in model.parameter_names
        assert set(targets) <= set(model.parameter_names)
        assert len({model.parameter(t).default for t in targets}) == 1
    for s in model.states:
        assert not s.non_negative or s.initial >= 0
    assert len({p.name for p in model.populations}) == len(model.populations) > 0


@every_model
def test_delta_sets_every_width_there_is(name):
    model = get_model(name)
    widths = [p for p in model.parameter_names if p.startswith("Delta")]
    if widths:
        resolved = model.resolve({"Delta": 0.8})
        assert [resolved[w] for w in widths] == [0.8] * len(widths)


@every_model
def test_resolve_overrides_defaults_only(name):
    model = get_model(name)
    resolved = model.resolve({"G": 2.0})
    expected = {p.name: p.default for p in model.parameters} | {"G": 2.0}
    assert resolved == expected
    with pytest.raises(KeyError):
        model.resolve({"no_such_parameter": 1.0})


def test_an_alias_is_an_axis_and_no_parameter(ei):
    assert "Delta" in ei.axis_names
    assert "Delta" not in ei.parameter_names
    assert ei.targets("Delta") == ("Delta_e", "Delta_i")
    assert ei.targets("G") == ("G",)
    assert ei.parameter("Delta").unit == ei.parameter("Delta_e").unit


@pytest.mark.parametrize(("name", "value", "fine"), [("tau_e", 0.0, False), ("J_ee", 0.0, True), ("J_ee", -1, False)])
def test_ranges(ei, name, value, fine):
    assert ei.parameter(name).accepts(value) is fine
    assert "number" in ei.parameter(name).allowed


def test_an_unknown_model_is_refused_with_the_near_one():
    with pytest.raises(InputError, match=r"model.name.*ei_ngnm'.*did you mean 'ei_ngnmm'"):
        get_model("ei_ngnm")


def test_points_take_defaults_axes_and_seeds(ei, points_of):
    points = points_of(ei, 3, Delta=[0.8, 1.0, 1.2], seed=[4, 5, 6])
    np.testing.assert_array_equal(points.parameters["Delta_i"], [0.8, 1.0, 1.2])
    np.testing.assert_array_equal(points.parameters["tau_si"], [5.0] * 3)
    np.testing.assert_array_equal(points.seeds, [4, 5, 6])
    assert len(points) == 3
    assert points.take(slice(1, 2)).parameters["Delta_e"] == [1.0]
