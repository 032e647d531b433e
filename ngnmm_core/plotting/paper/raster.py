"""Raster: v_e of all regions over the last 100 ms, at several points."""

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from ngnmm_core.plotting.paper.points import last, name_of
from ngnmm_core.plotting.parts.regions import mark_hemispheres, region_order, resampling
from ngnmm_core.plotting.parts.style import INK, TWO_COLUMNS, new_figure, panel_letter, themed

SHOWN_MS = 100.0
REACH = 2.0  # of the colour scale, as in the paper


@themed
def draw(data: dict[str, xr.Dataset]) -> Figure:
    """One panel per point, with one colour scale."""
    points = data["points"]
    count = points.sizes["highlight"]
    rows = -(-count // 2)
    figure = new_figure(TWO_COLUMNS, 48.0 * rows + 4.0)
    panels = figure.subplots(rows, 2, sharex=True, sharey=True, squeeze=False)
    for axes in panels.ravel()[count:]:
        axes.set_axis_off()
    for k, axes in enumerate(panels.ravel()[:count]):
        image = _panel(axes, points.isel(highlight=k))
        panel_letter(axes, "abcdefgh"[k])
    for axes in panels[-1]:
        axes.set_xlabel("Time (ms)")
    bar = figure.colorbar(image, ax=panels, fraction=0.02, pad=0.01, aspect=30, extend="both")
    bar.outline.set_linewidth(0.5)
    bar.set_label(r"$v_{\mathrm{e}}$")
    return figure


def _panel(axes, point: xr.Dataset):
    series, order = last(point, SHOWN_MS), region_order(point)
    step = float(np.diff(series["time"].values[:2])[0])
    extent = (0.0, series.sizes["time"] * step, len(order.index) - 0.5, -0.5)
    image = axes.imshow(
        series.values[order.index], cmap="vlag", vmin=-REACH, vmax=REACH, aspect="auto", extent=extent,
        interpolation=resampling(order),
    )  # fmt: skip
    for _, _, stop in order.groups[:-1]:
        axes.axhline(stop - 0.5, color=INK, linewidth=0.4)
    mark_hemispheres(axes, order, "y")
    axes.set_title(name_of(point))
    return image
