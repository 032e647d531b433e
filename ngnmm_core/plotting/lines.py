"""Quantities along one axis of a grid, one line per value of a second axis, and at the points of a list."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator

from ngnmm_core.analysis.maps import Look
from ngnmm_core.plotting.parts.cells import reason_patches, wrapped
from ngnmm_core.plotting.parts.frame import add_legend, add_title, fixed_text, label_below
from ngnmm_core.plotting.parts.labels import assignments, label, number, signal_text, symbol
from ngnmm_core.plotting.parts.layout import POINT, GridAxes, evenly_chosen
from ngnmm_core.plotting.parts.quantities import reasons_found, swept, undefined_style
from ngnmm_core.plotting.parts.style import LINES, MM, MUTED, ONE_COLUMN, TWO_COLUMNS, new_figure, say_undefined

PANEL_MM = 56.0  # height, with the labels of the axes
BELOW_MM = 13.0  # of it: the labels
STRIP = 0.035  # height of a strip of undefined points, in panel heights
MOST_POINT_LABELS = 8
MOST_VALUE_TICKS = 4  # an axis of so few values has its ticks at these
# Each line is thinner, has larger gaps and smaller markers than the one below it, so that both show where they coincide
STROKES = (("-", 1.6, 4.4), ((0, (4.0, 2.5)), 1.0, 3.0), ((0, (1.0, 2.5)), 1.0, 1.8))
ALONE = ("-", 1.0, 2.8)


@dataclass(frozen=True)
class Abscissa:
    """The horizontal axis: positions of the points, how they are ordered, what they are called.

    An infinite value (a velocity without delays) stands at a position of its own, beyond the largest, and is called so.
    """

    positions: np.ndarray
    order: np.ndarray
    label: str
    names: list[str] | None = None
    numbered: bool = False
    infinite: np.ndarray | None = None  # [point] which stand for infinity; None for none

    @property
    def values(self) -> np.ndarray:
        """What the points stand for, in their order."""
        x = self.positions.astype(float)
        return (x if self.infinite is None else np.where(self.infinite, np.inf, x))[self.order]

    @property
    def edges(self) -> np.ndarray:
        """Boundaries of the stretches that stand for the points, in their order."""
        x = self.positions[self.order].astype(float)
        if len(x) == 1:
            return np.array([x[0] - 0.5, x[0] + 0.5])
        middle = 0.5 * (x[1:] + x[:-1])
        return np.concatenate(([2 * x[0] - middle[0]], middle, [2 * x[-1] - middle[-1]]))


def abscissa(dataset: xr.Dataset, grid: GridAxes) -> Abscissa:
    """Choose the x axis: the grid's, or for listed points the varying parameter, or their numbers if several vary."""
    if grid.kind != "points":
        return _of_values(dataset[grid.x], grid.x)
    names = swept(dataset)
    if len(names) == 1 and len(np.unique(dataset[names[0]].values)) == dataset.sizes[POINT]:
        return _of_values(dataset[names[0]], names[0])
    count = dataset.sizes[POINT]
    texts = None
    if names and count <= MOST_POINT_LABELS and len(names) <= 3:
        rows = [{name: float(dataset[name][k]) for name in names} for k in range(count)]
        texts = [assignments(row).replace(", ", "\n") for row in rows]
    return Abscissa(np.arange(count), np.arange(count), "Point of the list", texts, numbered=True)


def _of_values(values: xr.DataArray, name: str) -> Abscissa:
    """Place points at their values, infinite ones as far beyond the largest as the values are apart."""
    x = values.values.astype(float)
    order, infinite = np.argsort(x, kind="stable"), np.isinf(x)
    if infinite.any():
        finite = x[~infinite]
        apart = np.ptp(finite) / (len(finite) - 1) if len(finite) > 1 else 1.0
        x = np.where(infinite, finite.max(initial=0.0) + apart, x)
    return Abscissa(x, order, label(values.attrs, name), infinite=infinite if infinite.any() else None)


def line_figure(dataset: xr.Dataset, field, grid: GridAxes) -> Figure:
    """Draw one quantity as lines; `field` is a `maps.Field`."""
    rows = field.row_names()
    figure = new_figure(ONE_COLUMN if len(rows) == 1 else TWO_COLUMNS, PANEL_MM)
    panels = figure.subplots(1, len(rows), sharex=True, sharey=True, squeeze=False)[0]
    x = abscissa(dataset, grid)
    lines = [_lines(dataset, field, grid, row) for row in rows]
    for axes, row, of_row in zip(panels, rows, lines, strict=True):
        for k, (values, _, doubt) in enumerate(of_row):
            _draw_line(axes, x, values, doubt, _stroke(k, len(of_row)), connected=x.names is None)
        axes.set_title(signal_text(row) if row else "")
        label_points(axes, x)
    _limits(
        panels, field.look, x, np.concatenate([values for of_row in lines for values, _, _ in of_row]), len(lines[0])
    )
    found: dict[str, None] = {}
    for axes, of_row in zip(panels, lines, strict=True):
        for k, (_, why, _) in enumerate(of_row):
            color = LINES[k % len(LINES)] if len(of_row) > 1 else MUTED
            found |= dict.fromkeys(_strip(axes, x, why, k, color))
        if not any(np.isfinite(values).any() for values, _, _ in of_row):
            say_undefined(axes, "no value at any point")
    if not any(np.isfinite(values).any() for of_row in lines for values, _, _ in of_row):
        panels[0].set_yticks([])  # of all panels: there is no scale
    panels[0].set_ylabel(wrapped(field.label, PANEL_MM - BELOW_MM))
    label_below(panels, x.label)
    text = "" if grid.kind == "points" else fixed_text(dataset, grid, field.quantity.variable)
    handles = [*_line_handles(dataset, grid), *reason_patches(list(found))]
    if any(doubt.any() for of_row in lines for _, _, doubt in of_row):
        handles.append(_doubt_handle(field))
    height = PANEL_MM + add_title(figure, text) + add_legend(figure, handles, 3 if len(rows) == 1 else 6)
    figure.set_figheight(height * MM)
    return figure


def label_points(axes: Axes, x: Abscissa) -> None:
    """Ticks for a list of points: their parameters, or their numbers."""
    if x.names:
        axes.set_xticks(x.positions, x.names)
    elif x.numbered:
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    elif x.infinite is not None:
        shown = evenly_chosen(len(x.order), MOST_POINT_LABELS)
        axes.set_xticks(x.positions[x.order][shown], [number(value) for value in x.values[shown]])
    elif len(x.positions) <= MOST_VALUE_TICKS:
        axes.set_xticks(x.positions, [number(value) for value in x.positions])


def _lines(dataset: xr.Dataset, field, grid: GridAxes, row: str | None) -> list[tuple[np.ndarray, ...]]:
    if grid.y is None:
        return [field.panel(row, lambda array: array)]

    def pick(k: int):
        return lambda array: array.isel({grid.y: k}) if grid.y in array.dims else array

    return [field.panel(row, pick(k)) for k in range(dataset.sizes[grid.y])]


def _stroke(line: int, lines: int) -> dict[str, Any]:
    """How one of some lines looks."""
    style, width, size = STROKES[line % len(STROKES)] if lines > 1 else ALONE
    color = LINES[line % len(LINES)]
    return {"color": color, "linestyle": style, "linewidth": width, "marker": "o", "markersize": size}


def _draw_line(axes: Axes, x: Abscissa, values, doubt, stroke: dict[str, Any], connected: bool) -> None:
    positions, values, doubt = x.positions[x.order], values[x.order], doubt[x.order]
    dots = {**stroke, "linestyle": ""}
    line = positions if x.infinite is None else np.where(x.infinite[x.order], np.nan, positions)  # ends before infinity
    axes.plot(line, values, zorder=3, clip_on=False, **(stroke if connected else dots))
    if x.infinite is not None:
        axes.plot(np.where(np.isnan(line), positions, np.nan), values, zorder=3, clip_on=False, **dots)
    axes.plot(positions[doubt], values[doubt], zorder=4, **{**dots, "markerfacecolor": "white"})


def _limits(panels, look: Look, x: Abscissa, values: np.ndarray, lines: int) -> None:
    """Set the quantity's own limits, the same in all panels, and leave room at the top for the strips."""
    finite = values[np.isfinite(values)]
    low, high = (finite.min(), finite.max()) if finite.size else (0.0, 1.0)
    if look.diverging:
        low, high = min(low, 0.0), max(high, 0.0)
    elif look.low is not None:
        low = look.low
    high = high if look.high is None else look.high
    if look.whole:
        high = max(high, low + 1.0)  # ticks are whole numbers, and at least two of them
    extent = (high - low) or 1.0
    for axes in panels:
        axes.set_ylim(low - 0.03 * extent, high + (0.05 + (STRIP + 0.01) * lines) * extent)
        axes.set_xlim(x.edges[0], x.edges[-1])
        if finite.size and (low < 0.0 < high or look.diverging):
            axes.axhline(0.0, color=MUTED, linewidth=0.6, zorder=1)
        if look.whole:
            axes.yaxis.set_major_locator(MaxNLocator(integer=True))


def _strip(axes: Axes, x: Abscissa, why: np.ndarray, line: int, color: str) -> list[str]:
    """Hatches, along the top, the stretches where one line is not defined; returns the reasons found."""
    why, edges = why[x.order], x.edges
    top = 1.0 - line * (STRIP + 0.008)
    for k in np.flatnonzero(why != ""):
        style = undefined_style(str(why[k])) | {"edgecolor": color}
        box = ((edges[k], top - STRIP), edges[k + 1] - edges[k], STRIP)
        axes.add_patch(Rectangle(*box, transform=axes.get_xaxis_transform(), linewidth=0.0, zorder=2, **style))
    return reasons_found(why)


def _line_handles(dataset: xr.Dataset, grid: GridAxes) -> list[Line2D]:
    if grid.y is None:
        return []
    values = dataset[grid.y].values
    return [
        Line2D([], [], label=f"{symbol(grid.y)} = {number(v)}", **_stroke(k, len(values))) for k, v in enumerate(values)
    ]


def _doubt_handle(field) -> Line2D:
    style: dict[str, Any] = {
        "marker": "o",
        "markersize": 2.8,
        "markerfacecolor": "white",
        "linestyle": "",
        "color": MUTED,
    }
    return Line2D([], [], label=field.quantity.doubtful[2], **style)
