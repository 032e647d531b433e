"""Regions stimulated or taken out in turn: what is ranked and drawn is what was computed, under the right names."""

import numpy as np
import pytest
import xarray as xr
from made_up_datasets import REGIONS, region_coords

from ngnmm_core.plotting.parts.layout import region_axis
from ngnmm_core.plotting.region_scan import ranked, region_scan_figure

FRACTION = [1.0, 0.2, 1.0, 0.0, 1.0, 0.8, 1.0]  # of no resection, then of those of regions 5, 4, ... 0
LATENCY = [500.0, 150.0, 900.0, np.nan, 510.0, 600.0, 505.0]
CHOSEN = [-1.0, 5.0, 4.0, 3.0, 2.0, 1.0, 0.0]


@pytest.fixture
def resections():
    """A sweep over regions taken out, the first of them none."""
    axis = "resection.region"
    status = np.zeros(len(CHOSEN), np.int8)
    data = {
        "recruited_fraction": (axis, FRACTION, {"units": "1"}),
        "median_latency": (axis, LATENCY, {"units": "ms"}),
        "simulation_status": (axis, status),
        "recruitment_status": (axis, status),
    }
    return xr.Dataset(data, {**region_coords(), axis: CHOSEN})


def test_the_widest_and_of_equal_ones_the_fastest_spread_comes_first():
    assert ranked(np.array(FRACTION), np.array(LATENCY)).tolist() == [0, 6, 4, 2, 5, 1, 3]
    assert ranked(np.array([np.nan, 0.5, 1.0]), np.full(3, np.nan)).tolist() == [2, 1]


def test_bars_stand_beside_the_names_of_their_regions(resections):
    figure = region_scan_figure(resections)
    least = next(axes for axes in figure.axes if axes.get_title(loc="left") == "spreads least")
    names = [text.get_text() for text in least.get_yticklabels()]
    labels = [str(name).replace("_", " ") for name in resections["region"].values]
    assert names == [labels[k] for k in (3, 5, 1, 4, 2, 0)]
    assert [bar.get_width() for bar in least.patches] == [0.0, 0.2, 0.8, 1.0, 1.0, 1.0]
    assert "none: 100 % recruited, median latency 500 ms" in figure.get_suptitle()


def test_colours_on_the_brain_belong_to_the_regions(resections):
    figure = region_scan_figure(resections)
    axial = figure.axes[1]
    (markers,) = [c for c in axial.collections if c.get_array() is not None]
    centres = np.stack([resections["centre_x"].values, resections["centre_y"].values], axis=1)
    for place, value in zip(markers.get_offsets(), markers.get_array(), strict=True):
        region = int(np.argmin(np.abs(centres - place).sum(axis=1)))
        assert value == FRACTION[CHOSEN.index(float(region))]


def test_which_axes_are_of_regions():
    assert region_axis({"focal.region": REGIONS, "seed": 3, "G": 1}) == "focal.region"
    assert region_axis({"focal.region": REGIONS, "G": 2}) is None
    assert region_axis({"focal.amplitude": 4}) is None
