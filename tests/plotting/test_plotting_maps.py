"""Maps over grids: cells, columns, what is hatched and explained."""

from dataclasses import replace

import numpy as np
import pytest
import xarray as xr
from drawn import MOSTLY, QUANTITIES, SETTLING, at_rest, hatched_cells, hatches, map_of, panels

from ngnmm_core.errors import InputError
from ngnmm_core.plotting.maps import draw, quantity_map
from ngnmm_core.plotting.parts import quantities
from ngnmm_core.plotting.parts.quantities import REASONS, grid_values, reasons


@pytest.mark.parametrize("name", [name for name in MOSTLY if name != "regime"])
def test_columns_share_their_limits(sweep, name):
    figure = map_of(sweep, name)
    images = [axes.images[0] for axes in panels(figure)]
    rows = 2 if name == "fc" else 1
    assert len(images) == 3 * rows
    assert len({(i.norm.vmin, i.norm.vmax, i.cmap.name) for i in images}) == 1
    shown = np.concatenate([np.ma.filled(i.get_array(), np.nan).ravel() for i in images])
    assert np.nanmax(shown) <= images[0].norm.vmax + 1e-12


def test_a_cell_has_the_value_of_its_point(sweep):
    figure = map_of(sweep, "synchrony")
    image = panels(figure)[1].images[0].get_array()
    expected = sweep["synchrony"].isel(seed=0).sel(Delta=1.0).transpose("G", "I_ext_e")
    np.testing.assert_allclose(image, expected)


def test_growth_rates_diverge_from_zero(sweep):
    norm = panels(map_of(sweep, "growth_rate"))[0].images[0].norm
    assert norm.vmin == -norm.vmax


def test_the_uniform_mode_is_left_out_of_growth_rates(sweep):
    sweep["msf"].loc[{"mode": 0}] = 1e3
    assert panels(map_of(sweep, "growth_rate"))[0].images[0].norm.vmax < 1.0


def test_what_is_not_defined_is_hatched_and_explained(sweep, texts):
    figure = map_of(at_rest(sweep, I_ext_e=3, Delta=0.8), "synchrony")
    first, *others = panels(figure)
    assert hatches(first) == {REASONS["rest"][1]}
    assert hatched_cells(first) == {(row, 0) for row in range(4)}
    assert not any(hatches(axes) for axes in others)
    assert "at rest" in texts(figure)


@pytest.mark.parametrize(
    ("name", "status", "code", "reason"),
    [
        ("gamma_power", "simulation_status", 1, "diverged"),
        ("peak_frequency", "network_regime", SETTLING, "still_settling"),
        ("growth_rate", "msf_status", 3, "irregular"),
        ("growth_rate", "msf_status", 2, "uncoupled"),
        ("unstable_modes", "msf_status", 1, "diverged"),
        ("synchrony", "simulation_status", -1, "undefined"),
        ("fc", "simulation_status", 0, "other"),
    ],
)
def test_every_reason_has_its_hatch(sweep, texts, name, status, code, reason):
    where = {"G": 2, "Delta": 1.0, "I_ext_e": 10}
    variable = QUANTITIES[name].variable
    sweep[variable] = sweep[variable].astype(float)
    sweep[variable].loc[where] = np.nan
    sweep[status].loc[where] = code
    figure = map_of(sweep, name)
    assert hatches(panels(figure)[1]) == {REASONS[reason][1]}
    assert hatched_cells(panels(figure)[1]) == {(1, 2)}
    assert REASONS[reason][0] in texts(figure)


def test_no_hatch_and_no_legend_where_all_is_defined(sweep):
    figure = map_of(sweep, "synchrony")
    assert not any(hatches(axes) for axes in panels(figure))
    assert not figure.legends


def test_values_that_are_not_stationary_are_marked(sweep, texts):
    sweep["synchrony_status"].loc[{"G": 2, "Delta": 1.0, "I_ext_e": 10}] = 4
    figure = map_of(sweep, "synchrony")
    assert [len(axes.lines) for axes in panels(figure)] == [0, 1, 0]
    assert "not stationary" in texts(figure)


def test_the_border_of_instability_runs_along_cells(sweep):
    sweep["msf"] = xr.full_like(sweep["msf"], -0.01)
    sweep["msf"].loc[{"G": [3, 4]}] = 0.01
    figure = map_of(sweep, "growth_rate")
    for axes in panels(figure):
        (lines,) = axes.collections
        assert {tuple(y) for y in (s[:, 1] for s in lines.get_segments())} == {(1.5, 1.5)}


@pytest.mark.parametrize(("name", "unit"), [("peak_frequency", "(Hz)"), ("growth_rate", "(ms⁻¹)")])
def test_units_are_in_the_labels(sweep, texts, name, unit):
    assert any(unit in text for text in texts(map_of(sweep, name)))


def test_axes_and_columns_are_named(sweep, texts):
    found = texts(map_of(sweep, "synchrony"))
    assert any("External input" in text and "I_{" in text for text in found)
    assert any("Global coupling" in text for text in found)
    assert sum("Δ" in text for text in found) == 3
    assert any("seed 0" in text for text in found)
    assert not any("seed" in text for text in texts(map_of(sweep, "growth_rate")))


def test_a_long_label_of_the_vertical_axis_is_broken_within_the_figure(sweep_of):
    gradient = {"name": "gradient", "of": "y", "parameter": "I_ext_e", "surrogates": {"kind": "labels", "count": 5}}
    grid = {"gradient.scale": [0, 0.5, 1, 2], "seed": [0]}
    figure = draw("map_synchrony", sweep_of(grid, model={"maps": [gradient]}, analyses={"synchrony": {}}))
    figure.draw_without_rendering()
    box = figure._supylabel.get_window_extent()
    assert box.y0 >= 0
    assert box.y1 <= figure.bbox.height
    assert "uneven steps" in figure._supylabel.get_text().replace("\n", " ")


def test_seeds_are_averaged_and_said_to_be(sweep_of, texts):
    sweep = sweep_of({"G": [1, 2, 3, 4], "I_ext_e": [3, 8, 10, 13], "seed": [0, 1]})
    figure = map_of(sweep, "synchrony")
    mean = sweep["synchrony"].mean("seed").transpose("G", "I_ext_e")
    np.testing.assert_allclose(panels(figure)[0].images[0].get_array(), mean)
    assert "mean over 2 seeds" in texts(figure)


def test_further_axes_show_their_first_value_and_say_so(sweep_of, texts):
    sweep = sweep_of({"G": [1, 2, 3, 4], "I_ext_e": [3, 8, 10, 13], "Delta": [0.8, 1.0], "J_ee": [4, 5]})
    figure = map_of(sweep, "synchrony")
    expected = sweep["synchrony"].sel(Delta=0.8, J_ee=4).transpose("G", "I_ext_e")
    np.testing.assert_allclose(panels(figure)[0].images[0].get_array(), expected)
    assert any("first of 2 values" in text for text in texts(figure))


@pytest.mark.slow
def test_many_columns_are_thinned_and_said_to_be(sweep_of, texts):
    sweep = sweep_of({"G": [1, 2, 3, 4], "I_ext_e": [3, 8], "Delta": [0.1 * k for k in range(1, 12)]})
    figure = map_of(sweep, "synchrony")
    assert len(panels(figure)) == 6
    assert any("6 of 11" in text for text in texts(figure))


def test_without_the_variable_there_is_no_map(sweep):
    assert map_of(sweep.drop_vars("synchrony"), "synchrony") is None


@pytest.mark.parametrize("name", MOSTLY)
def test_nothing_but_diverged_points_can_be_drawn(sweep, name):
    for variable in {q.variable for q in QUANTITIES.values()} - {"unstable_modes"}:
        sweep[variable] = xr.full_like(sweep[variable], np.nan)
    sweep["unstable_modes"] = xr.full_like(sweep["unstable_modes"], -1)
    for status in ("network_regime", "regime"):
        sweep[status] = xr.full_like(sweep[status], -1)
    for status in ("simulation_status", "msf_status"):
        sweep[status] = xr.full_like(sweep[status], 1)
    assert all(hatches(axes) for axes in panels(draw(f"map_{name}", sweep)))

    for axes in draw(f"map_{name}", sweep).axes:
        if not axes.images and name != "regime":
            assert not len(axes.get_yticks()), "a scale of nothing"


def test_power_at_rest_is_not_drawn(sweep):
    """It is that of round-off."""
    sweep = at_rest(sweep, I_ext_e=3)
    sweep["gamma_power"].loc[{"I_ext_e": 3}] = 1e-29
    for axes in panels(map_of(sweep, "gamma_power")):
        assert hatched_cells(axes) == {(row, 0) for row in range(4)}


def test_slabs_do_not_change_values(sweep, monkeypatch):
    whole = {name: grid_values(sweep, quantity) for name, quantity in QUANTITIES.items()}
    monkeypatch.setattr(quantities, "SLAB", 50)
    for name, quantity in QUANTITIES.items():
        xr.testing.assert_identical(grid_values(sweep, quantity), whole[name])


def test_transverse_exponents_stand_where_the_homogeneous_state_is_chaotic(sweep):
    """There alone, and the cell is no longer hatched."""
    grid = sweep["msf_status"].dims
    chaotic = xr.zeros_like(sweep["msf_status"], bool)
    chaotic[(0,) * len(grid)] = True
    msf = sweep["msf"].where(~chaotic)
    status = sweep["msf_status"].where(~chaotic, 3)
    exponent = xr.full_like(sweep["msf"], 0.5).where(chaotic)
    exponent.loc[{"mode": exponent["mode"].values[0]}] = 9.0
    whole = sweep.assign(
        msf=msf, msf_status=status.assign_attrs(sweep["msf_status"].attrs), transverse_exponent=exponent
    )
    quantity = QUANTITIES["growth_rate"]
    values, before = grid_values(whole, quantity), grid_values(sweep, quantity)
    np.testing.assert_array_equal(values, before.where(~chaotic, 0.5))
    assert not (reasons(whole, quantity).where(chaotic, "") == "irregular").any()
    assert (reasons(whole.drop_vars("transverse_exponent"), quantity).where(chaotic, "") == "irregular").any()


def test_a_reduction_that_leaves_regions_is_refused(sweep):
    bad = replace(QUANTITIES["gamma_power"], reduce=lambda values: values)
    with pytest.raises(InputError, match="map gamma_power: its reduction leaves region; allowed: one number per point"):
        quantity_map(sweep, bad)


def test_a_status_without_words_of_its_own_has_its_meaning_in_the_legend(sweep, texts):
    where = {"G": 2, "Delta": 1.0, "I_ext_e": 10}
    sweep["synchrony"].loc[where] = np.nan
    sweep["synchrony_status"].loc[where] = 4
    sweep["synchrony_status"].attrs["flag_meanings"] = "undefined ok diverged at_rest still_settling no_fast_rhythm"
    figure = quantity_map(sweep, replace(QUANTITIES["synchrony"], statuses=("synchrony_status",), doubtful=None))
    assert "no fast rhythm" in texts(figure)


def test_a_network_that_settles_is_hatched_in_every_map_of_it(sweep, texts):
    sweep["network_regime"].loc[{"G": 2, "I_ext_e": 8}] = SETTLING
    for name in ("firing_rate", "gamma_power", "regime"):
        figure = map_of(sweep, name)
        assert "still settling" in texts(figure)
        network = panels(figure)[:3]
        assert all((1, 1) in hatched_cells(axes) for axes in network)


def test_axes_with_uneven_steps_say_so(sweep, texts):
    found = texts(map_of(sweep, "synchrony"))
    assert any(text.endswith("$I_{\\mathrm{ext,e}}$ (uneven steps)") for text in found)
    assert not any("$G$ (uneven" in text for text in found)


@pytest.mark.parametrize(("lowest", "bottom"), [(0.01, 0.0), (-0.05, -0.2), (-0.6, -1.0)])
def test_half_a_scale_that_no_value_reaches_is_left_out(sweep, lowest, bottom):
    sweep["fc"][:] = np.linspace(0.2, 0.9, sweep.fc.size).reshape(sweep.fc.shape)
    sweep["fc"].loc[{"G": 1, "Delta": 0.8, "I_ext_e": 3}] = lowest
    image = panels(map_of(sweep, "fc"))[0].images[0]
    assert image.norm.vmin == pytest.approx(bottom)
    assert image.norm.vmax == 1.0
    white = np.array(image.cmap(image.norm(0.0))[:3])
    assert white.min() > 0.93  # zero keeps its colour
    drawn = np.ma.compressed(np.ma.masked_invalid(image.get_array()))
    assert np.ptp(drawn) > 0.0
