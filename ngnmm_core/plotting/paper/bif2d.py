"""Bifurcation curves in the plane of input and coupling: the wide view, and the range of the simulations."""

import numpy as np
import xarray as xr
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from ngnmm_core.plotting.branches import IN_PLANE, branches_of, curve_look
from ngnmm_core.plotting.parts.labels import symbol
from ngnmm_core.plotting.parts.quantities import flag_words
from ngnmm_core.plotting.parts.style import INK, MUTED, TWO_COLUMNS, new_figure, panel_letter, themed

WIDE, MAIN = ((-5.0, 20.0), (0.0, 130.0)), ((0.0, 16.0), (0.0, 30.0))  # as in the paper


@themed
def draw(data: dict[str, xr.Dataset]) -> Figure:
    """Two views of the same curves."""
    figure = new_figure(TWO_COLUMNS, 86.0)
    panels = figure.subplots(1, 2)
    handles = {}
    for axes, (across, up), name in zip(panels, (WIDE, MAIN), ("wide", "main"), strict=True):
        handles |= draw_curves(axes, data[name])
        axes.set(xlim=across, ylim=up, xlabel=symbol("I_ext_e"), ylabel=symbol("G"))
        panel_letter(axes, "ab"[name == "main"])
    (left, right), (low, high) = MAIN
    panels[0].add_patch(Rectangle((left, low), right - left, high - low, fill=False, edgecolor=MUTED, linewidth=0.6))
    figure.legend(handles=list(handles.values()), loc="outside lower center", ncols=4)  # type: ignore[call-overload]
    return figure


def draw_curves(axes, branches: xr.Dataset, **style) -> dict:
    """All curves and points of codimension two; returns the handles for a legend by their names."""
    plane = branches.isel(diagram=int(np.flatnonzero(branches["curves"].values == 1)[0]))
    handles = {}
    for kind, level, rows in branches_of(plane):
        color, line, text = curve_look(kind, level)
        look = {"color": color, "linestyle": line, "linewidth": 1.0} | style
        (handles[text],) = axes.plot(rows["branch_parameter"], rows["branch_second"], label=text, **look)
    words = flag_words(plane["special_kind"]).values
    for kind, (marker, text) in IN_PLANE.items():
        at = words == kind
        if at.any():
            places = plane["special_parameter"].values[at], plane["special_second"].values[at]
            (handles[text],) = axes.plot(
                *places, marker=marker, linestyle="none", color=INK, markersize=3.5, label=text, zorder=4
            )
    return handles
