"""Lines over grids of one axis, and dots for lists of points."""

import numpy as np
import pytest
import xarray as xr
from drawn import MOSTLY, NAMES, at_rest, hatches, map_of
from made_up_datasets import GRID

from ngnmm_core.plotting.maps import draw
from ngnmm_core.plotting.parts.quantities import REASONS


@pytest.mark.parametrize("name", NAMES)
def test_a_grid_of_one_axis_gives_a_line(sweep_of, name):
    sweep = at_rest(sweep_of({"I_ext_e": [3, 5, 8, 13, 20], "G": [5], "seed": [0]}), I_ext_e=3)
    figure = draw(f"map_{name}", sweep)
    if name == "synchrony":
        (axes,) = figure.axes
        np.testing.assert_allclose(axes.lines[0].get_xdata(), [3, 5, 8, 13, 20])
        np.testing.assert_allclose(axes.lines[0].get_ydata(), sweep["synchrony"].values.ravel())
        assert hatches(axes) == {REASONS["rest"][1]}


@pytest.mark.parametrize("name", MOSTLY)
def test_a_short_second_axis_gives_one_line_each(sweep_of, texts, name):
    sweep = sweep_of({"Delta": [0.8, 1.2], "G": [1, 2, 3, 4, 5], "seed": [0, 1]})
    figure = draw(f"map_{name}", sweep)
    assert sum("Δ" in text for text in texts(figure)) >= 2


@pytest.mark.parametrize("name", MOSTLY)
@pytest.mark.parametrize("points", [[{"G": 5, "I_ext_e": 13}, {"G": 2, "I_ext_e": 10}], [{"G": 3}, {"G": 2}, {"G": 1}]])
def test_a_list_of_points_gives_dots(sweep_of, texts, name, points):
    figure = draw(f"map_{name}", sweep_of(points=points))
    if name == "synchrony" and len(points) == 3:
        assert list(figure.axes[0].lines[0].get_xdata()) == [1, 2, 3]
    elif name == "synchrony":
        assert any("= 13" in text for text in texts(figure))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("keys", [{"grid": {"G": [5], "seed": [0, 1]}}, {"points": [{"G": 5}]}, {"grid": {}}])
def test_a_single_point_has_no_map(sweep_of, name, keys):
    assert draw(f"map_{name}", sweep_of(**keys)) is None


def test_lines_of_nothing_but_diverged_points_say_so(sweep_of, texts):
    sweep = sweep_of({"G": [1, 2, 3, 4], "seed": [0]})
    sweep["fc"] = xr.full_like(sweep["fc"], np.nan)
    sweep["simulation_status"] = xr.full_like(sweep["simulation_status"], 1)
    figure = map_of(sweep, "fc")
    assert texts(figure).count("no value at any point") == 2
    assert not any(len(axes.get_yticks()) for axes in figure.axes)


@pytest.mark.parametrize("grid", [GRID, {"G": [1, 2, 3, 4], "seed": [0]}])
@pytest.mark.parametrize("count", [0, 1, 5])
def test_counts_have_whole_ticks_from_zero(sweep_of, grid, count):
    sweep = sweep_of(grid)
    sweep["unstable_modes"] = xr.full_like(sweep["unstable_modes"], count)
    axes = map_of(sweep, "unstable_modes").axes[-1]  # the colour bar, or the only panel
    low, high = axes.get_ylim()
    ticks = [tick for tick in axes.get_yticks() if low <= tick <= high]
    assert ticks[0] == 0
    assert len(ticks) > 1
    assert all(tick == int(tick) for tick in ticks)


def test_lines_that_coincide_are_both_seen(sweep_of):
    figure = map_of(sweep_of({"Delta": [0.8, 1.2], "G": [1, 2, 3, 4, 5]}), "firing_rate")
    below, above = [line for line in figure.axes[0].lines if len(line.get_xdata()) == 5]
    assert below.get_linestyle() == "-"
    assert above.get_linestyle() == "--"
    assert below.get_linewidth() > above.get_linewidth()
    assert below.get_markersize() > above.get_markersize()
