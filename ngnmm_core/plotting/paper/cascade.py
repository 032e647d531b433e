"""Cascades of period doublings: maxima of v_e along cycles of up to sixteen times the period, at two couplings."""

import xarray as xr
from matplotlib.figure import Figure

from ngnmm_core.plotting.branches import state_diagram

INPUTS = (8.0, 12.0)  # as in the paper


def draw(data: dict[str, xr.Dataset]) -> Figure:
    """A panel per coupling; each doubling has its colour."""
    figure = state_diagram(data["branches"], "s_e")
    for axes in figure.axes:
        axes.set_xlim(*INPUTS)
    return figure
