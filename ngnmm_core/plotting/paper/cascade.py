"""Cascades of period doublings: where in the plane, and cycles of up to sixteen times the period at two couplings."""

import numpy as np
import xarray as xr
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from ngnmm_core.plotting.branches import draw_states, unstable_handle
from ngnmm_core.plotting.paper.bif2d import draw_curves
from ngnmm_core.plotting.parts.labels import symbol
from ngnmm_core.plotting.parts.style import MUTED, TWO_COLUMNS, new_figure, panel_letter, themed

INPUTS, COUPLINGS = (8.0, 12.0), (9.0, 15.0)  # as in the paper


@themed
def draw(data: dict[str, xr.Dataset]) -> Figure:
    """Draw the islands of period doublings, and the cycles at two couplings, each doubling in its own colour."""
    branches = data["branches"]
    diagrams = np.flatnonzero(branches["curves"].values == 0)
    figure = new_figure(TWO_COLUMNS, 80.0)
    panels = figure.subplots(1, 1 + len(diagrams), width_ratios=(1.3, *[1.0] * len(diagrams)))
    handles = draw_curves(panels[0], data["plane"])
    panels[0].set(xlim=INPUTS, ylim=COUPLINGS, xlabel=symbol("I_ext_e"), ylabel=symbol("G"))
    lines: dict[str, Line2D] = {}
    for axes, k in zip(panels[1:], diagrams, strict=True):
        one = branches.isel(diagram=int(k))
        axes.set(xlim=INPUTS)
        lines |= draw_states(axes, one, "s_e")
        axes.set(xlabel=symbol("I_ext_e"), title=f"{symbol('G')} = {float(one['G']):g}")
        panels[0].axhline(float(one["G"]), color=MUTED, linewidth=0.6, linestyle=":", zorder=0)
    for axes in panels[2:]:
        axes.sharey(panels[1])
    panels[1].set_ylabel(symbol("s_e"))
    for axes, letter in zip(panels, "abcdefgh", strict=False):
        panel_letter(axes, letter)
    figure.legend(handles=[*handles.values(), *lines.values(), unstable_handle()], loc="outside lower center", ncols=4)
    return figure
