"""One region after another stimulated or taken out: how far activity spreads then, on the brain and ranked by name."""

import numpy as np
import xarray as xr
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure

from ngnmm_core.analysis.maps import Map
from ngnmm_core.analysis.recruitment import FRACTION, LATENCY
from ngnmm_core.plotting.parts.layout import POINT, region_axis
from ngnmm_core.plotting.parts.places import Brain, brain_of, draw_on_brain
from ngnmm_core.plotting.parts.quantities import grid_dims, grid_values
from ngnmm_core.plotting.parts.style import (
    INK,
    MUTED,
    SECOND,
    TWO_COLUMNS,
    colour_scale,
    new_figure,
    panel_letter,
    say_undefined,
    subfigures,
    themed,
)

ROWS = 15  # of a ranking
BRAIN_MM, RANKING_MM, TITLE_MM = 54.0, 78.0, 8.0
NONE = -1  # no region
END = 1.5  # of the axis of fractions, with room for the latencies
TITLES = {"resection": "Spread with one region taken out", "stimulus": "Spread with one region stimulated"}


def draw(stem: str, dataset: xr.Dataset) -> Figure:
    """Draw the figure; a study has one, `region_scan`."""
    return region_scan_figure(dataset)


@themed
def region_scan_figure(dataset: xr.Dataset) -> Figure:
    """Share of the regions recruited and their median latency, by the region that is the focus or is taken out.

    Parameters
    ----------
    dataset : xarray.Dataset
        A `sweep.nc` with `recruitment` whose only axis of more than one value (seeds aside) is one of regions.
    """
    axis = region_axis({dim: dataset.sizes[dim] for dim in grid_dims(dataset)})
    others = {dim: 0 for dim in grid_dims(dataset) if dim not in (axis, POINT) and dim in dataset.dims}
    fraction, latency = (
        grid_values(dataset, quantity).isel(others, drop=True, missing_dims="ignore").values
        for quantity in (FRACTION, LATENCY)
    )
    chosen = dataset[axis].values.astype(int)
    brain = brain_of(dataset)
    heights = [BRAIN_MM] * 2 * (brain is not None) + [RANKING_MM]
    figure = new_figure(TWO_COLUMNS, sum(heights) + TITLE_MM)
    kind = "resection" if axis.startswith("resection.") else "stimulus"
    figure.suptitle(TITLES[kind] + _without(chosen, fraction, latency), x=0.01, ha="left")
    parts = list(subfigures(figure, len(heights), 1, height_ratios=heights))
    letters = iter("abcd")
    if brain is not None:
        for part, values, quantity in ((parts[0], fraction, FRACTION), (parts[1], latency, LATENCY)):
            _brain(part, brain, _by_region(chosen, values, dataset.sizes["region"]), quantity, next(letters))
    names = [str(name).replace("_", " ") for name in dataset["region"].values]
    order = [k for k in ranked(fraction, latency) if chosen[k] != NONE]
    ends = (("spreads least", order[::-1][:ROWS]), ("spreads most, fastest first", order[:ROWS]))
    for axes, (title, rows) in zip(parts[-1].subplots(1, 2, sharex=True), ends, strict=True):
        axes.set_title(title)
        panel_letter(axes, next(letters))
        _ranking(axes, [names[chosen[k]] for k in rows], fraction[rows], latency[rows])
        if (chosen == NONE).any():
            axes.axvline(float(fraction[chosen == NONE][0]), color=SECOND, linewidth=0.8, linestyle="--")
    return figure


def ranked(fraction: np.ndarray, latency: np.ndarray) -> np.ndarray:
    """Positions from the widest spread to the narrowest, of equal ones the fastest first, without undefined ones."""
    defined = np.flatnonzero(np.isfinite(fraction))
    late = np.nan_to_num(latency[defined], nan=np.inf)
    return defined[np.lexsort((late, -fraction[defined]))]


def _without(chosen: np.ndarray, fraction: np.ndarray, latency: np.ndarray) -> str:
    """Say what happens with no region chosen, if the study covers that."""
    at = np.flatnonzero(chosen == NONE)
    if not at.size or not np.isfinite(fraction[at[0]]):
        return ""
    after = f", median latency {latency[at[0]]:.0f} ms" if np.isfinite(latency[at[0]]) else ""
    return f" (none: {100 * fraction[at[0]]:.0f} % recruited{after})"


def _by_region(chosen: np.ndarray, values: np.ndarray, regions: int) -> np.ndarray:
    """Values in the order of the regions, NaN for those that are not in the study."""
    found = np.full(regions, np.nan)
    found[chosen[chosen != NONE]] = values[chosen != NONE]
    return found


def _brain(part: SubFigure, brain: Brain, values: np.ndarray, quantity: Map, letter: str) -> None:
    sizes = np.full(len(values), 26.0 * min(1.0, 100.0 / len(values)))
    colours = (quantity.look.cmap, colour_scale(quantity.look, values))
    panels, drawn = draw_on_brain(part, brain, values, colours, sizes)
    panel_letter(panels[0], letter, dx_mm=-2.0)
    if np.isfinite(values).any():
        bar = part.colorbar(drawn, ax=panels, fraction=0.02, pad=0.01, aspect=26, shrink=0.85)
        bar.outline.set_linewidth(0.5)
        bar.set_label("fraction recruited" if quantity == FRACTION else "median latency (ms)")


def _ranking(axes: Axes, names: list[str], fraction: np.ndarray, latency: np.ndarray) -> None:
    """Bars of the fractions by name, with the median latency at the right."""
    if not names:
        say_undefined(axes, "not defined")
        axes.set(xticks=[], yticks=[])
        return
    rows = np.arange(len(names))
    colours = colormaps[FRACTION.look.cmap](colour_scale(FRACTION.look, fraction)(fraction))
    axes.barh(rows, fraction, height=0.7, color=colours, edgecolor=INK, linewidth=0.4)
    for row, late in zip(rows, latency, strict=True):
        text = f"{late:.0f} ms" if np.isfinite(late) else "–"
        axes.text(END, row, text, va="center", ha="right", color=MUTED)  # type: ignore[arg-type]
    axes.set_yticks(rows, names)
    axes.set(ylim=(len(rows) - 0.4, -0.6), xlim=(0.0, END), xticks=(0.0, 0.5, 1.0))
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel("fraction, and median latency")
