"""What tests of maps and lines look at in a figure, and the quantities that are drawn."""

import numpy as np
import pytest
from matplotlib.patches import Rectangle

from ngnmm_core.analysis.registry import get_analysis
from ngnmm_core.plotting.maps import draw

REST, SETTLING = 0, 1
ANALYSES = ("rates", "spectra", "fc", "synchrony", "msf", "recruitment")  # of the made-up sweep
QUANTITIES = {m.name: m for name in ANALYSES for one in [get_analysis(name)] for m in one.maps(one.options())}
NAMES = (*QUANTITIES, "regime")
ALWAYS = ("fc", "growth_rate", "regime", "synchrony")  # the others are drawn in the same way
MOSTLY = [name if name in ALWAYS else pytest.param(name, marks=pytest.mark.slow) for name in NAMES]


def map_of(dataset, name):
    return draw(f"map_{name}", dataset)


def panels(figure):
    return [axes for axes in figure.axes if axes.images]


def hatches(axes):
    return {patch.get_hatch() for patch in axes.patches if isinstance(patch, Rectangle) and patch.get_hatch()}


def hatched_cells(axes):
    boxes = [p.get_bbox() for p in axes.patches if isinstance(p, Rectangle) and p.get_hatch()]
    return {(round(y + 0.5), k) for b in boxes for y in [b.y0] for k in range(round(b.x0 + 0.5), round(b.x1 + 0.5))}


def at_rest(sweep, **where):
    for name in ("peak_frequency", "synchrony", "fc"):
        sweep[name].loc[where] = np.nan
    sweep["network_regime"].loc[where] = REST
    return sweep
