"""Equilibria, and least and greatest v_e along cycles, against the input, at several couplings."""

import xarray as xr
from matplotlib.figure import Figure

from ngnmm_core.plotting.branches import state_diagram


def draw(data: dict[str, xr.Dataset]) -> Figure:
    """Draw a panel per coupling; dark: stable, light: unstable."""
    return state_diagram(data["branches"], "v_e")
