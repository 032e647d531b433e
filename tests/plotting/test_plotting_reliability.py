"""Scores of simulations that are too short to say anything are marked: hatched on maps, hollow along lines."""

import numpy as np
import pytest
import xarray as xr
from matplotlib.patches import Rectangle

from ngnmm_core.analysis.fit import FIT_R
from ngnmm_core.plotting.maps import quantity_map

WORDS = "reliability below 0.5"


def scores(second):
    """Scores of linear theory and BOLD over a grid; BOLD is not reliable at the first value of G."""
    grid = {"G": [1.0, 2.0, 3.0, 4.0], "noise_sigma": second}
    shape = (4, len(second), 2)
    reliability = np.ones(shape)
    reliability[:, :, 1] = np.array([0.0, 0.5, 0.6, 0.9])[:, None]
    dims = (*grid, "fit_signal")
    status = (tuple(grid), np.zeros(shape[:2], np.int8), {"flag_values": [0], "flag_meanings": "ok"})
    values = np.linspace(0.1, 0.4, np.prod(shape)).reshape(shape)
    data = {"fit_r": (dims, values, {"units": "1"}), "fit_reliability": (dims, reliability), "fit_status": status}
    return xr.Dataset(data, {**grid, "fit_signal": ["linear_fc", "bold"]})


def hatched(axes):
    return [p for p in axes.patches if isinstance(p, Rectangle) and p.get_hatch()]


def test_cells_below_one_half_are_hatched_in_their_own_row():
    figure = quantity_map(scores([0.1, 0.2, 0.3, 0.4]), FIT_R)
    theory, bold = figure.axes[:2]
    assert hatched(theory) == []
    boxes = hatched(bold)
    assert boxes
    # G is the first axis, of which one value in four is unreliable: a quarter of the cells
    assert sum(box.get_width() * box.get_height() for box in boxes) == pytest.approx(4.0)
    assert WORDS in [text.get_text() for text in figure.legends[0].get_texts()]


def test_points_below_one_half_are_hollow_along_a_line():
    figure = quantity_map(scores([0.1]).isel(noise_sigma=0), FIT_R)
    theory, bold = figure.axes[:2]
    hollow = lambda axes: [x for line in axes.lines if line.get_markerfacecolor() == "white" for x in line.get_xdata()]
    assert hollow(theory) == []
    assert hollow(bold) == [1.0]
    assert WORDS in [text.get_text() for text in figure.legends[0].get_texts()]
