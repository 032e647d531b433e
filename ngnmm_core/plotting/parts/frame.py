"""The frame of a figure over the grid: panels, their sizes, shared labels, and what is said about the other axes."""

from collections.abc import Callable, Sequence

import matplotlib as mpl
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colorbar import Colorbar
from matplotlib.figure import Figure

from ngnmm_core.connectome.cohort import SUBJECT
from ngnmm_core.plotting.parts.cells import letter_mm, wrapped
from ngnmm_core.plotting.parts.labels import label, number, symbol
from ngnmm_core.plotting.parts.layout import POINT, SEED, GridAxes, evenly_chosen
from ngnmm_core.plotting.parts.quantities import grid_dims
from ngnmm_core.plotting.parts.style import MM, MUTED, ONE_COLUMN, TWO_COLUMNS, new_figure

MARGIN_X, MARGIN_Y = 30.0, 16.0  # mm for labels and the colour bar, and for labels
BAR_MM = 3.0
TITLE_MM, LINE_MM = 6.5, 5.5
LEFT_MM = 17.0  # of a figure: what stands beside its panels
KEY_MM = 12.0  # of a legend: what stands before and after the text of an entry
MOST_LEGEND_COLUMNS = 5
FLATTEST, TALLEST = 0.62, 1.25  # height of a panel in units of its width


def selected(values: xr.DataArray, grid: GridAxes, rows: str | None = None) -> xr.DataArray:
    """`values` without the axes that are not drawn: their first value is taken; `rows` stays, however short."""
    drawn = {grid.x, grid.y, grid.column}
    chosen = {str(dim): 0 for dim in values.dims if dim in grid.first or (dim not in drawn and values.sizes[dim] == 1)}
    return values.isel({dim: k for dim, k in chosen.items() if dim not in ("signal", rows)}, drop=True)


def fixed_text(dataset: xr.Dataset, grid: GridAxes, variable: str, of_seeds: str = "mean over") -> str:
    """State where the undrawn axes of `variable` are fixed: `Δ = 1, seed 0`; `of_seeds` says what several give."""
    words = []
    for name in map(str, dataset[variable].dims):
        count = dataset.sizes[name]
        if name == SEED:
            words.append(f"{of_seeds} {count} seeds" if count > 1 else f"seed {int(dataset[SEED][0])}")
        elif name == SUBJECT:
            words.append(f"{of_seeds} {count} subjects" if count > 1 else f"subject {dataset[SUBJECT].values[0]}")
        elif name in grid.first or (count == 1 and name in grid_dims(dataset) and name != POINT):
            of = f" (first of {count} values)" if count > 1 else ""
            words.append(f"{symbol(name)} = {number(float(dataset[name][0]))}{of}")
    return ", ".join(words)


def axis_text(dataset: xr.Dataset, name: str) -> str:
    """Label an axis of equally wide cells; the label says so where the values are not equally spaced."""
    text, values = label(dataset[name].attrs, name), dataset[name].values.astype(float)
    steps = np.diff(values[np.isfinite(values)])
    even = len(steps) < 2 or np.allclose(steps, steps[0], rtol=1e-6, atol=0.0)
    return text if even else f"{text} (uneven steps)"


def label_below(panels: Sequence[Axes] | np.ndarray, text: str) -> None:
    """One x label below the middle of panels side by side.

    A `supxlabel` would do, if matplotlib kept it off a legend below the panels.
    """
    middle = (len(panels) - 1) // 2
    between = len(panels) % 2 == 0
    room = panels[0].figure.bbox.width / panels[0].figure.dpi / MM - LEFT_MM
    panels[middle].set_xlabel(wrapped(text, room), x=1.04 if between else 0.5, ha="center")


def add_title(figure: Figure, text: str) -> float:
    """Add the line about the axes that are not drawn; return its height in mm."""
    if text:
        figure.suptitle(text, x=0.01, ha="left", fontsize=mpl.rcParams["axes.labelsize"], color=MUTED)
    return LINE_MM if text else 0.0


def add_legend(figure: Figure, handles: list, columns: int) -> float:
    """Add a legend below the panels, in at most so many columns and no wider than the figure; return its mm."""
    if not handles:
        return 0.0
    letters = max(len(str(handle.get_label())) for handle in handles)
    size = mpl.rcParams["legend.fontsize"]
    fitting = int(figure.get_figwidth() / MM / (letter_mm(size) * letters + KEY_MM))
    columns = max(min(columns, fitting, len(handles)), 1)
    figure.legend(handles=handles, loc="outside lower center", ncols=columns)
    return LINE_MM * -(-len(handles) // columns)


class MapFrame:
    """Panels of one size in rows and columns, for axes chosen by `choose_axes`."""

    def __init__(self, dataset: xr.Dataset, grid: GridAxes, rows: int):
        self.grid = grid
        self.x_values = dataset[grid.x].values.astype(float)
        self.y_values = dataset[grid.y].values.astype(float)
        self.column_values = dataset[grid.column].values.astype(float) if grid.column else np.zeros(1)
        self.shown = evenly_chosen(len(self.column_values))
        width = ONE_COLUMN if self.columns == 1 else TWO_COLUMNS
        self.panel_width = (width - MARGIN_X - 3.0 * (self.columns - 1)) / self.columns
        ratio = np.clip(len(self.y_values) / len(self.x_values), FLATTEST, TALLEST)
        self.panel_height = self.panel_width * float(ratio)
        if self.columns > 1:
            self.panel_height = max(self.panel_height, 30.0)
        self.height = rows * (self.panel_height + TITLE_MM) + MARGIN_Y
        self.figure = new_figure(width, self.height)
        self.axes = self.figure.subplots(rows, self.columns, sharex=True, sharey=True, squeeze=False)
        self.bar_mm = rows * self.panel_height + (rows - 1) * TITLE_MM
        self._label(dataset)

    def add_bar(self, image: ScalarMappable, text: str, extend: str) -> Colorbar:
        """One colour bar for all panels, as high as they are."""
        share = BAR_MM / (self.columns * (self.panel_width + 3.0))
        aspect = 1.2 * self.bar_mm / BAR_MM  # as high as it can be
        bar = self.figure.colorbar(image, ax=self.axes, aspect=aspect, fraction=share, pad=0.015, extend=extend)
        bar.outline.set_linewidth(0.5)
        bar.set_label(wrapped(text, self.bar_mm))
        return bar

    @property
    def columns(self) -> int:
        """Number of columns of panels."""
        return len(self.shown)

    @property
    def most_x_ticks(self) -> int:
        """Labels that fit along x."""
        return int(self.panel_width / 9.0)

    @property
    def most_y_ticks(self) -> int:
        """Labels that fit along y."""
        return int(self.panel_height / 6.0)

    def _label(self, dataset: xr.Dataset) -> None:
        label_below(self.axes[-1], axis_text(dataset, self.grid.x))
        self.figure.supylabel(wrapped(axis_text(dataset, self.grid.y), self.bar_mm))

    def picker(self, column: int) -> Callable[[xr.DataArray], xr.DataArray]:
        """Cuts the panel of a column out of an array over the grid: [y, x]."""

        def pick(values: xr.DataArray) -> xr.DataArray:
            if self.grid.column in values.dims:
                values = values.isel({self.grid.column: self.shown[column]})
            missing = {dim: 1 for dim in (self.grid.y, self.grid.x) if dim not in values.dims}
            return values.expand_dims(missing).transpose(self.grid.y, self.grid.x)

        return pick

    def column_text(self, column: int) -> str:
        """Title of a column."""
        if self.grid.column is None:
            return ""
        return f"{symbol(self.grid.column)} = {number(self.column_values[self.shown[column]])}"

    def finish(self, text: str, handles: list) -> None:
        """Add the line about the other axes, and the legend."""
        hidden = len(self.column_values) - self.columns
        if hidden > 0:
            text = ", ".join(filter(None, [text, f"{self.columns} of {self.columns + hidden} values of the columns"]))
        self.height += add_title(self.figure, text) + add_legend(self.figure, handles, MOST_LEGEND_COLUMNS)
        self.figure.set_figheight(self.height * MM)
