"""Frequency of the cycles against the input, at several couplings."""

import xarray as xr
from matplotlib.figure import Figure

from ngnmm_core.plotting.branches import frequency_diagram

INPUTS, HIGHEST_HZ = (0.0, 15.0), 70.0  # as in the paper


def draw(data: dict[str, xr.Dataset]) -> Figure:
    """Draw a panel per coupling; dark: stable, light: unstable."""
    figure = frequency_diagram(data["branches"])
    for axes in figure.axes:
        axes.set(xlim=INPUTS, ylim=(0.0, HIGHEST_HZ))
    return figure
