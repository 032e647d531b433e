"""Which axis of a grid goes where."""

import numpy as np
import pytest

from ngnmm_core.analysis.maps import Look
from ngnmm_core.plotting.parts.cells import grid_ticks
from ngnmm_core.plotting.parts.labels import assignments, label, number, symbol, unit_text
from ngnmm_core.plotting.parts.layout import GridAxes, choose_axes, evenly_chosen
from ngnmm_core.plotting.parts.style import colour_scale, used_colours


@pytest.mark.parametrize(
    ("sizes", "axes"),
    [
        ({"G": 6, "Delta": 3, "I_ext_e": 5}, GridAxes("map", "I_ext_e", "G", "Delta")),
        ({"Delta": 9, "G": 4, "I_ext_e": 4, "seed": 3}, GridAxes("map", "I_ext_e", "G", "Delta", replicates=True)),
        ({"G": 5, "tau_se": 9, "Delta": 3}, GridAxes("map", "tau_se", "G", "Delta")),
        ({"eta_e": 4, "tau_se": 9}, GridAxes("map", "tau_se", "eta_e")),
        ({"G": 4, "I_ext_e": 4, "Delta": 2, "J_ee": 5}, GridAxes("map", "I_ext_e", "G", "Delta", ("J_ee",))),
        ({"G": 4, "I_ext_e": 7, "J_ee": 2}, GridAxes("map", "I_ext_e", "G", "J_ee")),
        ({"G": 30, "I_ext_e": 1, "Delta": 1}, GridAxes("lines", "G")),
        ({"G": 30, "Delta": 3}, GridAxes("lines", "G", "Delta")),
        ({"G": 2, "I_ext_e": 2}, GridAxes("lines", "I_ext_e", "G")),
        ({"G": 1, "seed": 5}, GridAxes("single", replicates=True)),
        ({"point": 4}, GridAxes("points", "point")),
        ({"point": 1}, GridAxes("single")),
        ({}, GridAxes("single")),
    ],
)
def test_axes_of_a_grid(sizes, axes):
    assert choose_axes(sizes) == axes


def test_few_columns_of_many_are_spread_evenly():
    assert evenly_chosen(5) == [0, 1, 2, 3, 4]
    assert evenly_chosen(11, most=6) == [0, 2, 4, 6, 8, 10]


@pytest.mark.parametrize(
    ("values", "most", "shown"),
    [
        ([3, 10, 13], 8, [3, 10, 13]),
        (np.arange(17), 8, [0, 2, 4, 6, 8, 10, 12, 14, 16]),
        (np.arange(1, 13), 4, [3, 6, 9, 12]),
        ([1, 2, 4, 8, 16, 32, 64, 128, 256, 512], 5, [1, 4, 16, 64, 256]),
    ],
)
def test_ticks_are_values_of_the_grid(values, most, shown):
    values = np.array(values, float)
    found = values[grid_ticks(values, most)]
    assert set(found) <= set(values)
    assert 2 <= len(found) <= most + 1
    if len(values) <= most:
        assert list(found) == shown


def test_names_and_units_as_they_are_printed():
    assert symbol("I_ext_e") == r"$I_{\mathrm{ext,e}}$"
    assert "Δ" in symbol("Delta")
    assert symbol("noise_sigma") == r"$\mathrm{σ}$"
    assert symbol("keep_series") == "keep series"
    assert assignments({"cue.duration_ms": 25, "cue.amplitude": -2}) == "cue duration = 25 ms, cue amplitude = −2"
    assert assignments({"cue.duration_ms": 25}, plain=True) == "cue.duration_ms = 25"
    assert unit_text("ms0.5") == "ms$^{0.5}$"
    assert unit_text("ms-1") == "ms⁻¹"
    assert unit_text("1") == ""
    assert label({"units": "Hz", "long_name": "mean firing rate"}) == "Mean firing rate (Hz)"
    assert label({"units": "1", "long_name": "global coupling: multiplies"}, "G") == "Global coupling $G$"
    assert number(-0.25) == "−0.25"
    assert assignments({"G": 5.0, "Delta": 0.8}, plain=True) == "G = 5, Delta = 0.8"


@pytest.mark.parametrize(
    ("name", "meaning", "unit", "axis", "value"),
    [
        ("noise_common", "share of the noise variance", "1", "Share of the noise variance", "shared noise = 0.2"),
        (
            "velocity_m_per_s",
            "conduction velocity: none",
            "m s-1",
            "Conduction velocity (m s⁻¹)",
            "velocity = 0.2 m s⁻¹",
        ),
        ("G", "global coupling", "1", "Global coupling $G$", "$G$ = 0.2"),
    ],
)
def test_labels_say_a_name_that_is_words_once(name, meaning, unit, axis, value):
    assert label({"long_name": meaning, "units": unit}, name) == axis
    assert assignments({name: 0.2}) == value


@pytest.mark.parametrize(
    ("values", "colours", "limits"),
    [
        ([0.3, 0.4, 0.52], "viridis", (0.3, 0.52)),  # far from zero: their own range
        ([0.01, 0.5], "vlag_upper", (0.0, 0.5)),  # from zero
        ([-0.02, 0.5], "vlag_upper", (-0.1, 0.5)),
        ([-0.3, 0.5], "vlag", (-0.5, 0.5)),
        ([0.4, 0.4], "vlag_upper", (0.0, 0.4)),
    ],
)
def test_a_scale_about_zero_is_cut_to_what_is_used(values, colours, limits):
    look = Look("vlag", diverging=True)
    cmap, norm = used_colours(look, colour_scale(look, np.array(values)), np.array(values))
    assert getattr(cmap, "name", cmap) == colours
    assert (norm.vmin, norm.vmax) == pytest.approx(limits)
