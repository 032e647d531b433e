"""The bistable range of the drive between its saddle-node (or Hopf) points, over the parameters of a grid."""

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from ngnmm_core.plotting.parts.frame import add_legend, add_title
from ngnmm_core.plotting.parts.labels import assignments, label, symbol
from ngnmm_core.plotting.parts.layout import HETEROGENEITY, evenly_chosen
from ngnmm_core.plotting.parts.style import LINES, MM, ONE_COLUMN, TWO_COLUMNS, new_figure, say_undefined, themed

PANEL_MM = 62.0
MOST_COLUMNS = 3
ENDS = ("bistable_low", "bistable_high")


def draw(stem: str, dataset: xr.Dataset) -> Figure:
    """Draw the figure `bistable_range` of the catalogue."""
    return range_figure(dataset)


def choose(sizes: dict[str, int]) -> tuple[str | None, str | None, str | None]:
    """Axis along x (the heterogeneity, or the longest), axis of the colours, axis of the columns."""
    varying = sorted((d for d in sizes if sizes[d] > 1), key=lambda d: (d != HETEROGENEITY, -sizes[d]))
    along, coloured, columns = [*varying[:3], None, None, None][:3]
    return along, coloured, columns


@themed
def range_figure(dataset: xr.Dataset) -> Figure:
    """Plot the two ends of the bistable range as lines and shade the range between them.

    Parameters
    ----------
    dataset : xarray.Dataset
        A `sweep.nc` with `bistability`.
    """
    ends = dataset["bistable_low"]
    x, color, column = choose({str(d): ends.sizes[d] for d in ends.dims})
    shown = evenly_chosen(dataset.sizes[column], MOST_COLUMNS) if column else [0]
    fixed = {str(d): 0 for d in ends.dims if d not in (x, color, column)}
    height = PANEL_MM
    figure = new_figure(ONE_COLUMN if len(shown) == 1 else TWO_COLUMNS, height)
    panels = figure.subplots(1, len(shown), sharex=True, sharey=True, squeeze=False)[0]
    colors = evenly_chosen(dataset.sizes[color], len(LINES)) if color else [0]
    for axes, c in zip(panels, shown, strict=True):
        here = dataset.isel(fixed | ({column: c} if column else {}))
        drawn = [_range(axes, here.isel({color: k} if color else {}), x, LINES[n]) for n, k in enumerate(colors)]
        if not any(drawn):
            say_undefined(axes, "no bistable range")
        axes.set_title(assignments({column: float(dataset[column][c])}) if column else "")
        axes.set_xlabel(label(dataset[x].attrs, x))
    panels[0].set_ylabel(_drive_label(dataset))
    handles = [
        Patch(color=LINES[n], alpha=0.5, label=assignments({color: float(dataset[color][k])}))
        for n, k in enumerate(colors)
        if color
    ]
    text = assignments({d: float(dataset[d][k]) for d, k in fixed.items() if d in dataset.coords})
    height += add_title(figure, text) + add_legend(figure, handles, 3 if len(shown) == 1 else 6)
    figure.set_figheight(height * MM)
    return figure


def _range(axes: Axes, dataset: xr.Dataset, x: str, color: str) -> bool:
    positions = dataset[x].values.astype(float)
    order = np.argsort(positions, kind="stable")
    low, high = (dataset[name].values[order] for name in ENDS)
    known = np.isfinite(low) & np.isfinite(high)
    axes.fill_between(positions[order][known], low[known], high[known], color=color, alpha=0.15, linewidth=0)
    for end in (low, high):
        axes.plot(positions[order][known], end[known], color=color)
    return bool(known.any())


def _drive_label(dataset: xr.Dataset) -> str:
    from ngnmm_core.models import get_model, model_names

    name = dataset.attrs.get("model")
    curve = get_model(name).equilibrium_curve if name in model_names() else None
    return f"External input {symbol(curve.drive)}" if curve else "Drive"
