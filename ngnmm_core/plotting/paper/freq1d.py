"""Frequency of the cycles against the input, at several couplings."""

import xarray as xr
from matplotlib.figure import Figure

from ngnmm_core.plotting.branches import frequency_diagram

INPUTS, HIGHEST_HZ = (0.0, 16.0), 70.0


def draw(data: dict[str, xr.Dataset]) -> Figure:
    """Draw a panel per coupling; dark: stable, light: unstable."""
    return frequency_diagram(data["branches"], INPUTS, HIGHEST_HZ)
