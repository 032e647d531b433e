"""The comparison of models in one figure: their regimes over their grids, and the strength of their coupling."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap, Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from ngnmm_core.analysis.repertoire import CHAOS, CYCLES, FASTER, KINDS, SIGNIFICANT, SLOWER, STEADY, TORUS, Repertoire
from ngnmm_core.plotting.parts.labels import symbol
from ngnmm_core.plotting.parts.style import INK, LINES, TWO_COLUMNS, new_figure, panel_letter, subfigures, themed

COLOURS = {
    STEADY: "#d4d4d4", SLOWER: "#f7f0c9", **dict(zip(CYCLES, ("#f0dc82", "#c7e3a6", "#6fbf73", "#7db8e0", "#2a6fa8"),
    strict=True)), FASTER: "#1b3a6b", TORUS: "#009e73", CHAOS: "#d55e00",
}  # fmt: skip
UNKNOWN = "#cc79a7"
MAP_MM, BARS_MM, LEGEND_MM = 58.0, 54.0, 20.0
LEGEND_COLUMNS = 4  # of words like "cycle above 150 Hz"


@themed
def repertoire_figure(repertoires: list[Repertoire]) -> Figure:
    """Above, a map of regimes per model, with a dot where attractors coexist; below, cross-frequency coupling."""
    figure = new_figure(TWO_COLUMNS, MAP_MM + BARS_MM + LEGEND_MM)
    maps, legend, bars = subfigures(figure, 3, 1, height_ratios=(MAP_MM, LEGEND_MM, BARS_MM))
    letters = iter("abcdefgh")
    for axes, repertoire in zip(maps.subplots(1, len(repertoires), squeeze=False)[0], repertoires, strict=True):
        _map(axes, repertoire)
        panel_letter(axes, next(letters))
    _legend(legend, repertoires)
    left, right = bars.subplots(1, 2)
    _bars(left, repertoires, lambda r, b: np.mean(r.pvalue[b] < SIGNIFICANT), "Share of points\n(p < 0.05)")
    left.axhline(SIGNIFICANT, color=INK, linewidth=0.5, linestyle=":")
    _bars(right, repertoires, _median_index, "Modulation index\n(median)")
    bars.legend(handles=left.containers, loc="outside upper center", ncols=len(repertoires), frameon=False)
    for axes in (left, right):
        panel_letter(axes, next(letters))
    return figure


def _map(axes: Axes, repertoire: Repertoire) -> None:
    (x_name, x), (y_name, y) = list(repertoire.axes.items())[-2:]
    columns, rows = np.unique(x), np.unique(y)
    codes = np.full((len(rows), len(columns)), len(KINDS) - 1)
    i, j = np.searchsorted(rows, y), np.searchsorted(columns, x)
    codes[i, j] = [KINDS.index(kind) for kind in repertoire.kinds]
    colours = ListedColormap([COLOURS.get(kind, UNKNOWN) for kind in KINDS])
    axes.pcolormesh(columns, rows, codes, cmap=colours, norm=Normalize(-0.5, len(KINDS) - 0.5), rasterized=True)
    several = repertoire.attractors > 1
    axes.plot(x[several], y[several], ".", color=INK, markersize=2.5, linestyle="none")
    axes.set(title=repertoire.model, xlabel=symbol(x_name), ylabel=symbol(y_name))


def _legend(part, repertoires: list[Repertoire]) -> None:
    shown = [kind for kind in KINDS if any((r.kinds == kind).any() for r in repertoires)]
    handles: list[Any] = [Patch(color=COLOURS.get(kind, UNKNOWN), label=kind) for kind in shown]
    if any((r.attractors > 1).any() for r in repertoires):
        from matplotlib.lines import Line2D

        handles.append(Line2D([], [], color=INK, marker=".", linestyle="none", label="several attractors"))
    part.legend(handles=handles, loc="center", ncols=LEGEND_COLUMNS, frameon=False)


def _bars(axes: Axes, repertoires: list[Repertoire], height, text: str) -> None:
    bands = repertoires[0].bands
    width = 0.8 / len(repertoires)
    for k, repertoire in enumerate(repertoires):
        heights = [height(repertoire, b) for b in range(len(bands))]
        place = np.arange(len(bands)) + (k - 0.5 * (len(repertoires) - 1)) * width
        axes.bar(place, np.nan_to_num(heights), width, color=LINES[k], label=repertoire.model)
    axes.set_xticks(range(len(bands)), bands)
    axes.set(xlabel="Phase band, with gamma amplitude", ylabel=text)


def _median_index(repertoire: Repertoire, band: int) -> float:
    coupled = repertoire.pvalue[band] < SIGNIFICANT
    return float(np.median(repertoire.index[band][coupled])) if coupled.any() else 0.0
