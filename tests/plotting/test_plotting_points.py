"""Detail sheets, the connectome and hubs."""

import numpy as np
import pytest
import xarray as xr
from matplotlib.colors import Normalize
from matplotlib.patches import Rectangle
from scipy.stats import spearmanr

from ngnmm_core.api import get_connectome
from ngnmm_core.plotting.connectome import connectome_figure, strongest_edges
from ngnmm_core.plotting.highlights import detail_sheet, summary
from ngnmm_core.plotting.hubs import hub_figure
from ngnmm_core.plotting.parts.brain import VIEWS, region_centres, three_views
from ngnmm_core.plotting.parts.panels import by_phase, gamma_band
from ngnmm_core.plotting.parts.regions import RegionOrder, from_edges, region_order
from ngnmm_core.plotting.parts.style import new_figure


def test_a_sheet_states_parameters_and_units(highlights, texts):
    found = texts(detail_sheet(highlights, 1))
    assert any("$G$ = 3" in text and "= 13" in text and "seed 0" in text for text in found)
    decibel = "Power spectral density (dB)"
    for words in ("Frequency (Hz)", decibel, "Growth rate (ms⁻¹)", "$v_{\\mathrm{e}}$"):
        assert words in found
    assert {"a", "b", "c", "d", "e", "f"} <= set(found)


def test_the_raster_is_ordered_by_hemisphere_and_ends_at_the_end(highlights):
    figure = detail_sheet(highlights, 0)
    image = next(axes.images[0] for axes in figure.findobj() if getattr(axes, "images", None))
    series = highlights["observable_series"].isel(highlight=0)
    shown = series.where(series["time"] > series["time"][-1] - 100.0, drop=True).transpose("region", "time").values
    drawn = np.asarray(image.get_array())
    place = [int(np.flatnonzero((shown == row).all(axis=1))[0]) for row in drawn]
    assert sorted(place[:3]) == [0, 2, 4]
    assert sorted(place[3:]) == [1, 3, 5]


def test_the_regions_of_a_raster_are_sorted_by_phase():
    time, phases = np.arange(200) * 0.5, np.array([2.0, -1.0, 0.5, 3.0, -2.5, 1.0])
    series = np.sin(2 * np.pi * time / 20.0 - phases[:, None])
    order = by_phase(RegionOrder(np.array([0, 1, 2, 3, 4, 5]), [("L", 0, 3), ("R", 3, 6)]), series)
    for found, by_delay in ((order.index[:3], [1, 2, 0]), (order.index[3:], [4, 5, 3])):  # up to a turn of the circle
        start = by_delay.index(found[0])
        assert found.tolist() == by_delay[start:] + by_delay[:start]
    still = by_phase(RegionOrder(np.arange(6), []), np.ones((6, 50)))
    assert still.index.tolist() == [0, 1, 2, 3, 4, 5]


def test_a_point_at_rest_has_no_spectrum_and_no_connectivity(highlights, texts):
    highlights["network_regime"].loc[{"highlight": 0}] = 0
    for name in ("peak_frequency", "fc", "synchrony"):
        highlights[name].loc[{"highlight": 0}] = np.nan
    found = texts(detail_sheet(highlights, 0))
    assert "no spectrum: at rest" in found
    assert found.count("not defined: at rest") == 2
    assert "not defined: at rest" not in texts(detail_sheet(highlights, 1))


def test_a_point_that_diverged_can_be_drawn(highlights, texts):
    for name, variable in highlights.data_vars.items():
        if variable.dtype.kind == "f" and name != "eigenvalue_real":
            highlights[name] = xr.full_like(variable, np.nan)
    highlights["simulation_status"] = xr.full_like(highlights["simulation_status"], 1)
    found = texts(detail_sheet(highlights, 0))
    assert "no spectrum: diverged" in found
    assert found.count("no finite samples") == 2  # raster and mean over regions


def test_the_axis_of_a_spectrum_ends_where_its_lines_do(highlights):
    figure = detail_sheet(highlights, 0)
    axes = next(axes for axes in figure.axes if axes.get_xlabel() == "Frequency (Hz)" and axes.lines)
    shown = np.concatenate([line.get_ydata() for line in axes.lines])
    low, high = axes.get_ylim()
    assert shown.min() - 3.0 < low < shown.min()
    assert shown.max() < high < shown.max() + 10.0
    (name,) = [text for text in axes.texts if text.get_text() == "gamma"]
    figure.draw_without_rendering()
    box = name.get_window_extent().transformed(axes.transData.inverted())
    beside = [line.get_ydata()[(line.get_xdata() > box.x0) & (line.get_xdata() < box.x1)] for line in axes.lines]
    assert np.concatenate(beside).max() < box.y0, "the name of the band lies on a line"


def test_power_at_rest_is_no_number_of_a_point(highlights):
    highlights["network_regime"].loc[{"highlight": 0}] = 0
    assert dict(summary(highlights, 0))["gamma power"] == "–"
    assert dict(summary(highlights, 1))["gamma power"] != "–"


@pytest.mark.parametrize(
    "dropped",
    [
        ["growth_curve", "growth_curve_frequency", "msf", "regime", "unstable_modes"],
        ["power_spectrum", "mean_power_spectrum"],
        ["fc"],
        ["fc", "power_spectrum", "growth_curve"],
    ],
)
def test_a_sheet_shows_what_there_is(highlights, texts, dropped):
    assert "Network" in texts(detail_sheet(highlights.drop_vars(dropped), 0))


def test_a_point_simulated_in_a_notebook_can_be_drawn(highlights, texts):
    point = highlights.isel(highlight=0).drop_vars(["region_i", "region_j", "G", "Delta", "I_ext_e", "seed"])
    point.attrs = {"model": "ei_ngnmm", "parameters": '{"G": 5.0}'}
    for variable in point.variables.values():
        variable.attrs = {}
    assert "$G$ = 5" in texts(detail_sheet(point))


def test_the_gamma_band_is_that_of_the_study(study_of, highlights):
    assert gamma_band(highlights) == (30.0, 150.0)
    highlights.attrs["config"] = highlights.attrs["config"].replace("[30.0, 150.0]", "[40.0, 80.0]")
    assert gamma_band(highlights) == (40.0, 80.0)


def test_matrices_of_pairs_are_symmetric(highlights):
    values = np.arange(15.0)
    matrix = from_edges(values, highlights, diagonal=0.0)
    np.testing.assert_array_equal(matrix, matrix.T)
    np.testing.assert_array_equal(matrix[np.triu_indices(6, 1)], values)


def test_regions_of_no_hemisphere_come_last(connectome_of):
    connectome = connectome_of()
    connectome["hemisphere"] = ("region", ["R", "", "L", "L", "", "R"])
    order = region_order(connectome)
    assert order.index.tolist() == [2, 3, 0, 5, 1, 4]
    assert order.groups == [("L", 0, 2), ("R", 2, 4), ("", 4, 6)]
    assert region_order(connectome.drop_vars("hemisphere")).groups == []


# ------------------------------------------------------------------ connectome
def brains(figure):
    return [axes for axes in figure.axes if any(t.get_text() in {v.name for v in VIEWS} for t in axes.texts)]


@pytest.mark.parametrize("directed", [False, True])
@pytest.mark.parametrize("normalization", ["row", "max", "none"])
def test_a_connectome_is_drawn_with_its_brain(connectome_of, directed, normalization):
    assert len(brains(connectome_figure(connectome_of(directed), normalization))) == 3


@pytest.mark.parametrize(("directed", "summed"), [(False, "received"), (True, "received, or sent")])
def test_the_axis_of_strengths_tells_what_is_shown(connectome_of, texts, directed, summed):
    assert f"Strength (sum of weights {summed})" in texts(connectome_figure(connectome_of(directed)))


@pytest.mark.parametrize("known", [{"centres": False}, {"centres": False, "hemispheres": False}])
def test_without_centres_the_brain_is_left_out(connectome_of, known):
    figure = connectome_figure(connectome_of(**known))
    assert not brains(figure)
    whole = connectome_figure(connectome_of())
    assert figure.get_figheight() < whole.get_figheight()


def test_one_unknown_centre_is_no_brain(connectome_of):
    connectome = connectome_of()
    connectome["centre_x"][2] = np.nan
    assert region_centres(connectome) is None
    assert not brains(connectome_figure(connectome))


@pytest.mark.parametrize("regions", [3, 4])
@pytest.mark.parametrize("normalization", ["row", "max", "none"])
def test_strengths_and_eigenvalues_that_are_one_but_for_rounding_are_drawn(regions, normalization, texts):
    complete = get_connectome(1.0 - np.eye(regions))
    figure = connectome_figure(complete, normalization)
    figure.canvas.draw()
    assert "Eigenvalue Λ of W" in texts(figure)
    bars = [[p.get_height() for p in axes.patches if isinstance(p, Rectangle)] for axes in figure.axes]
    counts = [sum(heights) for heights in bars if heights]
    assert counts == [regions - 1, regions]  # eigenvalues but the uniform one, and strengths: none is lost


def test_the_strongest_connections_are_the_strongest(connectome_of):
    weights = connectome_of()["weights"].values
    pairs, strength = strongest_edges(weights)
    assert len(pairs) == 1
    assert weights[tuple(pairs[0])] == weights.max()
    assert strength.tolist() == [1.0]


def test_markers_stand_at_the_centres_in_every_view():
    centres = np.array([[-40.0, 10.0, 5.0], [40.0, 10.0, 5.0], [0.0, -60.0, 30.0], [0.0, 60.0, 20.0]])
    panels = new_figure(180, 60).subplots(1, 3)
    three_views(panels, centres, np.array([1.0, 2.0, np.nan, 0.0]), ("viridis", Normalize(0, 2)))
    for axes, columns in zip(panels, ([1, 2], [0, 1], [0, 2]), strict=True):
        found = np.concatenate([c.get_offsets() for c in axes.collections if len(c.get_offsets())])
        assert {tuple(p) for p in found.tolist()} == {tuple(p) for p in centres[:, columns].tolist()}


# ------------------------------------------------------------------ hubs
def test_hubs_are_ranked(hubs_of, texts):
    hubs = hubs_of()
    figure = hub_figure(hubs, 1)
    assert len(brains(figure)) == 6
    scores = hubs["hub_zscore"].isel(hub_point=1, lesion=0)
    best = str(hubs["region"].values[int(np.argmax(scores.values))]).replace("_", " ")
    ranking = next(axes for axes in figure.axes if best in [t.get_text() for t in axes.get_yticklabels()])
    assert ranking.get_yticklabels()[0].get_text() == best
    assert f"{float(scores.max()):.1f}" in texts(figure)


def test_hubs_without_centres_and_with_one_lesion(hubs_of):
    assert not brains(hub_figure(hubs_of(1, ("cut",), centres=False), 0))


def test_hubs_that_are_not_defined_say_why(hubs_of, texts):
    hubs = hubs_of()
    for name in ("hub_score", "hub_zscore"):
        hubs[name].loc[{"hub_point": 0}] = np.nan
    hubs["hubs_status"].loc[{"hub_point": 0}] = 2
    figure = hub_figure(hubs, 0)
    assert "not defined: not oscillating" in texts(figure)
    for axes in figure.axes:
        if axes.get_visible() and axes.axison:
            assert not [label for label in (*axes.get_xticklabels(), *axes.get_yticklabels()) if label.get_visible()]


def test_a_measure_that_is_the_same_in_all_regions_takes_the_scale_from_no_other(hubs_of, texts):
    hubs = hubs_of(1, ("cut",))
    hubs["strength"] = xr.full_like(hubs["strength"], 1.0)
    figure = hub_figure(hubs, 0)
    assert texts(figure).count("the same in all regions") == 1


def test_a_scatter_is_drawn_of_related_measures_only(hubs_of, texts):
    hubs = hubs_of(1, ("cut",))
    hubs["strength"][:] = hubs["hub_zscore"].isel(hub_point=0, lesion=0).values
    assert "Strength" in [axes.get_xlabel() for axes in hub_figure(hubs, 0).axes]
    hubs["strength"][:] = hubs["strength"].values[[3, 0, 5, 1, 4, 2]]
    rho = spearmanr(hubs["strength"], hubs["hub_zscore"].isel(hub_point=0, lesion=0)).statistic
    figure = hub_figure(hubs, 0)
    forest = next(axes for axes in figure.axes if axes.get_xlabel().startswith("Rank correlation"))
    shown = [line.get_xdata()[0] for line in forest.lines if line.get_marker() == "o"]
    assert shown[0] == pytest.approx(rho)
    assert ("Strength" in [axes.get_xlabel() for axes in figure.axes]) == (abs(rho) > 0.85)


def test_a_region_without_a_score_is_an_open_circle(hubs_of):
    hubs = hubs_of(1, ("cut",))
    hubs["hub_zscore"][0, 0, 3] = np.nan
    figure = hub_figure(hubs, 0)
    for axes in brains(figure):
        assert sorted(len(c.get_offsets()) for c in axes.collections) == [1, 5]
