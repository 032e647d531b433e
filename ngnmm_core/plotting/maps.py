"""Maps over the grid of a study: one quantity per figure, one column per value of a third axis, one colour scale.

A grid with one axis, or with a second one of two or three values, gives lines; a list of points gives dots.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from ngnmm_core.analysis.contract import Analysis
from ngnmm_core.analysis.maps import NETWORK, Look, Map
from ngnmm_core.analysis.registry import analysis_names, get_analysis
from ngnmm_core.errors import InputError
from ngnmm_core.plotting import lines, regimes
from ngnmm_core.plotting.parts.cells import (
    border,
    draw_cells,
    hatch_cells,
    label_grid_axis,
    reason_patches,
    undefined_reasons,
    veil_cells,
)
from ngnmm_core.plotting.parts.frame import MapFrame, fixed_text, selected
from ngnmm_core.plotting.parts.labels import label, signal_text
from ngnmm_core.plotting.parts.layout import GridAxes, choose_axes
from ngnmm_core.plotting.parts.quantities import (
    REGIME,
    SETTLING,
    UNRELIABLE,
    doubtful,
    first_replicate,
    flag_words,
    grid_dims,
    grid_values,
    on_true_connectome,
    reasons,
)
from ngnmm_core.plotting.parts.style import INK, colour_scale, themed, used_colours

REGIME_STEM = "map_regime"


@dataclass(frozen=True)
class Field:
    """A quantity over the grid, ready to draw: values, why some are missing, which ones are doubtful."""

    quantity: Map
    values: xr.DataArray
    reasons: xr.DataArray
    doubtful: xr.DataArray | None

    @property
    def look(self) -> Look:
        """Colours and limits."""
        return self.quantity.look

    @property
    def label(self) -> str:
        """Name and unit."""
        return label(self.values.attrs, text=self.quantity.text)

    def row_names(self) -> list[str | None]:
        """Return the names of the rows of panels."""
        rows = self.quantity.rows
        return [None] if rows is None else [str(name) for name in self.values[rows].values]

    def panel(self, row: str | None, pick: Callable[[xr.DataArray], xr.DataArray]) -> tuple[np.ndarray, ...]:
        """Values, reasons and doubts of one panel; `pick` cuts the panel out of the grid."""
        values = self.values if row is None else self.values.sel({self.quantity.rows: row})
        array = pick(values).values
        why = np.broadcast_to(pick(self.reasons).values, array.shape)
        doubt = np.zeros(array.shape, bool)
        if self.doubtful is not None:
            rows = self.quantity.rows
            doubt = pick(self.doubtful.sel({rows: row}) if rows in self.doubtful.dims else self.doubtful).values
        return array, undefined_reasons(array, why), doubt & np.isfinite(array)


def draw(stem: str, dataset: xr.Dataset, analyses: Iterable[Analysis] = ()) -> Figure | None:
    """Draw the figure of that name in the catalogue, such as `map_synchrony`; `analyses` are the user's own."""
    if stem == REGIME_STEM:
        return regimes.regime_map(dataset)
    return quantity_map(dataset, declared_maps(analyses)[stem.removeprefix("map_")])


def declared_maps(own: Iterable[Analysis] = ()) -> dict[str, Map]:
    """Collect, by name, the maps that the analyses of the package and those in `own` declare."""
    analyses = [*map(get_analysis, analysis_names()), *own]
    return {drawn.name: drawn for analysis in analyses for drawn in analysis.maps(analysis.options())}


@themed
def quantity_map(dataset: xr.Dataset, quantity: Map) -> Figure | None:
    """One quantity over the grid.

    Parameters
    ----------
    dataset : xarray.Dataset
        A `sweep.nc`.
    quantity : Map
        As an analysis declares it.

    Returns
    -------
    Figure or None
        None for a single point, and for a dataset without the variable.

    Raises
    ------
    InputError
        If the reduction of the map leaves more than one number per point, and per `rows`.
    """
    dataset = on_true_connectome(dataset)
    grid = choose_axes({dim: dataset.sizes[dim] for dim in grid_dims(dataset)})
    if grid.kind == "single" or quantity.variable not in dataset:
        return None
    reduced = grid_values(dataset, quantity)
    if left := [str(dim) for dim in reduced.dims if dim not in (*grid_dims(dataset), quantity.rows)]:
        raise InputError(f"map {quantity.name}: its reduction leaves {', '.join(left)}; allowed: one number per point")
    values = selected(reduced, grid, quantity.rows)
    why = selected(reasons(dataset, quantity), grid)
    if not values.notnull().any() and (why == "").any():
        why = xr.full_like(why, "")  # the model has no such quantity: what its network does explains nothing
    marked = doubtful(dataset, quantity)
    field = Field(quantity, values, why, marked if marked is None else selected(marked, grid, quantity.rows))
    if grid.kind == "map":
        return _map(dataset, field, grid)
    return lines.line_figure(dataset, field, grid)


def _map(dataset: xr.Dataset, field: Field, grid: GridAxes) -> Figure:
    rows = field.row_names()
    frame = MapFrame(dataset, grid, len(rows))
    cells = {(r, c): field.panel(row, frame.picker(c)) for r, row in enumerate(rows) for c in range(frame.columns)}
    everything = np.concatenate([values.ravel() for values, _, _ in cells.values()])
    cmap, norm = used_colours(field.look, colour_scale(field.look, everything), everything)
    settling = still_settling(dataset, grid)
    found: dict[str, None] = {}
    edged = dots = False
    for (r, c), (values, why, doubt) in cells.items():
        axes = frame.axes[r, c]
        image = draw_cells(axes, values, cmap, norm)
        found |= dict.fromkeys(hatch_cells(axes, why))
        if settling is not None and field.quantity.statuses == NETWORK:
            found |= dict.fromkeys(veil_cells(axes, frame.picker(c)(settling).values & np.isfinite(values), SETTLING))
        if field.quantity.above is not None:
            edged |= border(axes, values > field.quantity.above, np.isfinite(values))
        if doubt.any() and field.quantity.hatches_doubt:
            found |= dict.fromkeys(veil_cells(axes, doubt, UNRELIABLE))
        elif doubt.any():
            dots = True
            axes.plot(*np.argwhere(doubt)[:, ::-1].T, ".", color="white", markeredgecolor=INK, markeredgewidth=0.4)
        label_grid_axis(axes.xaxis, frame.x_values, frame.most_x_ticks)
        label_grid_axis(axes.yaxis, frame.y_values, frame.most_y_ticks)
        row = rows[r]
        axes.set_title(", ".join(filter(None, [row and signal_text(row), frame.column_text(c)])))
    bar = frame.add_bar(image, field.label, _extend(norm, cells))
    if not any(np.isfinite(values).any() for values, _, _ in cells.values()):
        bar.set_ticks([])  # there is no scale
    elif field.look.whole:
        bar.locator = MaxNLocator(integer=True, nbins=6)
        bar.update_ticks()
    frame.finish(fixed_text(dataset, grid, field.quantity.variable), _legend(list(found), edged, dots, field.quantity))
    return frame.figure


def still_settling(dataset: xr.Dataset, grid: GridAxes) -> xr.DataArray | None:
    """Where the network is still settling (for the first seed), so that what is drawn is not its last word."""
    if REGIME not in dataset:
        return None
    words = first_replicate(flag_words(dataset[REGIME]))
    return selected(words == SETTLING, grid)


def _extend(norm: Normalize, cells: dict) -> str:
    """Whether the colour bar has a tip for values below its range."""
    lowest = min((values[np.isfinite(values)].min(initial=norm.vmin) for values, _, _ in cells.values()))
    return "min" if lowest < norm.vmin else "neither"


def _legend(found: list[str], edged: bool, dots: bool, quantity: Map) -> list:
    handles: list = reason_patches(found)
    if edged:
        handles.append(Line2D([], [], color=INK, linewidth=1.0, label="border of transverse instability"))
    if dots:
        marker: dict[str, Any] = {
            "marker": ".",
            "color": "white",
            "markeredgecolor": INK,
            "markeredgewidth": 0.4,
            "linestyle": "",
        }
        handles.append(Line2D([], [], label=quantity.doubtful[2], **marker))
    return handles
