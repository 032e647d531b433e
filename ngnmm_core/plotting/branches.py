"""Bifurcation diagrams: states and frequency along branches, and bifurcation curves in two parameters."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from ngnmm_core.plotting.parts.frame import LINE_MM, add_legend, label_below
from ngnmm_core.plotting.parts.labels import number, symbol, with_unit
from ngnmm_core.plotting.parts.quantities import flag_words
from ngnmm_core.plotting.parts.style import INK, MM, ONE_COLUMN, TWO_COLUMNS, new_figure, themed

PANEL_MM, PER_ROW, MOST_PANELS = 42.0, 4, 16
PLANE_MM = 70.0
EQUILIBRIUM, CYCLES = INK, ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#7a5195")
LIGHT = 0.35  # opacity of what is unstable
CROWDED = 0.03  # of an axis: marks nearer to each other than that are one
BESIDE, NARROWEST = 0.3, 0.05  # shown beside the outermost special points, in units of their distance; of the range
INSIDE = 0.15  # opacity of the region inside a closed curve
CURVES = {
    "HB": ("#0072b2", "-", "Hopf"),
    "LP": ("#1a1a1a", "-", "saddle-node"),
    "PD": ("#d55e00", "-", "period doubling"),
    "LPC": ("#009e73", "-", "fold of cycles"),
    "NS": ("#56b4e9", "-", "torus"),
    "HOM": ("#cc79a7", "--", "homoclinic"),
}
MARKS = {
    "HB": ("o", "Hopf"),
    "LP": ("s", "saddle-node"),
    "LPC": ("D", "fold of cycles"),
    "PD": ("^", "period doubling"),
    "NS": ("v", "torus"),
    "BP": ("p", "branch point"),
    "HOM": ("*", "homoclinic"),
    "SNIC": ("h", "saddle-node on a cycle"),
}
IN_PLANE = {"CP": ("X", "cusp"), "BT": ("P", "Bogdanov-Takens"), "GH": ("d", "generalised Hopf")}


def draw(stem: str, dataset: xr.Dataset) -> Figure | None:
    """Draw the figure of that name in the catalogue."""
    drawing = {"branches_state": state_diagram, "branches_frequency": frequency_diagram, "branches_plane": plane}
    return drawing[stem](dataset)


@themed
def state_diagram(dataset: xr.Dataset, state: str | None = None) -> Figure | None:
    """Equilibria, and least and greatest values along cycles, of a state against the parameter; a panel per diagram.

    Parameters
    ----------
    dataset : xarray.Dataset
        A `branches.nc`.
    state : str, optional
        The first if none is given.
    """
    names = [str(name) for name in dataset["state"].values]
    state = state or str(dataset.attrs.get("observable", names[0]))

    def panel(axes: Axes, one: xr.Dataset) -> dict[str, Line2D]:
        return draw_states(axes, one, state)

    def heights(one: xr.Dataset) -> list[np.ndarray]:
        return [one[f"special_{end}"].sel(state=state).values for end in ("min", "max")]

    return _panels(dataset, panel, symbol(state), heights)


def draw_states(axes: Axes, one: xr.Dataset, state: str) -> dict[str, Line2D]:
    """Draw a state along the branches of one diagram: equilibria, and the minima and maxima of cycles.

    Returns what the legend tells of the lines, but for `unstable_handle`.
    """
    handles = {}
    for kind, level, rows in branches_of(one):
        handles |= _line_handle(kind, level)
        curves = [rows["branch_max"].sel(state=state)]
        curves += [rows["branch_min"].sel(state=state)] if kind == "cycle" else []
        for curve in curves:
            _along(axes, rows, curve.values, _color(kind, level))
    return handles


def _color(kind: str, level: int) -> str:
    return EQUILIBRIUM if kind == "equilibrium" else CYCLES[level % len(CYCLES)]


def _line_handle(kind: str, level: int) -> dict[str, Line2D]:
    """Return the legend entry for a kind of branch, keyed by its text."""
    text = f"{2**level} rounds" if level else kind
    return {text: Line2D([], [], color=_color(kind, level), label=text)}


def unstable_handle() -> Line2D:
    """Return the legend entry for unstable branches."""
    return Line2D([], [], color=INK, alpha=LIGHT, label="unstable (light)")


@themed
def frequency_diagram(
    dataset: xr.Dataset, across: tuple[float, float] | None = None, highest_hz: float | None = None
) -> Figure | None:
    """Frequency of the cycles against the parameter; a panel per diagram.

    Parameters
    ----------
    dataset : xarray.Dataset
        A `branches.nc`.
    across : (float, float), optional
        Range of the parameter, for all panels; without it, where something happens.
    highest_hz : float, optional
        Upper end of the frequencies.
    """

    def panel(axes: Axes, one: xr.Dataset) -> dict[str, Line2D]:
        handles = {}
        for kind, level, rows in branches_of(one):
            if kind == "cycle":
                handles |= _line_handle(kind, level)
                _along(axes, rows, 1000.0 / rows["branch_period"].values, _color(kind, level))
        axes.set_ylim(0.0, highest_hz)
        if across is not None:
            axes.set_xlim(*across)
        return handles

    return _panels(dataset, panel, "Frequency (Hz)", lambda one: [1000.0 / one["special_period"].values])


@themed
def plane(dataset: xr.Dataset) -> Figure | None:
    """Bifurcation curves in the plane of both parameters, with the points of codimension two."""
    shown = dataset.isel(diagram=np.flatnonzero(dataset["curves"].values == 1)[:1])
    if shown.sizes["diagram"] == 0:
        return None
    one = shown.isel(diagram=0)
    figure = new_figure(ONE_COLUMN, PLANE_MM)
    axes = figure.subplots()
    handles: dict[str, Line2D] = {}
    for kind, level, rows in branches_of(one):
        color, style, text = curve_look(kind, level)
        if _closed(rows, dataset):
            axes.fill(rows["branch_parameter"], rows["branch_second"], color=color, alpha=INSIDE, linewidth=0.0)
        (handles[text],) = axes.plot(
            rows["branch_parameter"], rows["branch_second"], color=color, linestyle=style, label=text
        )
    words = flag_words(one["special_kind"]).values
    for kind, (marker, text) in IN_PLANE.items():
        at = words == kind
        if at.any():
            points = one["special_parameter"].values[at], one["special_second"].values[at]
            look: dict[str, Any] = {"marker": marker, "linestyle": "", "color": INK, "markersize": 4.0, "zorder": 4}
            (handles[text],) = axes.plot(*points, label=text, **look)
    axes.set_xlabel(_axis_label(dataset, "parameter"))
    axes.set_ylabel(_axis_label(dataset, "second"))
    axes.set_xlim(*dataset.attrs["range"])
    axes.set_ylim(*dataset.attrs["second_range"])
    height = PLANE_MM + add_legend(figure, list(handles.values()), 3)
    figure.set_figheight(height * MM)
    return figure


def curve_look(kind: str, doublings: int) -> tuple[str, str, str]:
    """Colour, line style and name of a bifurcation curve; further period doublings are told by their number."""
    color, style, text = CURVES[kind]
    if doublings < 2:
        return color, style, text
    return CYCLES[doublings % len(CYCLES)], style, f"{text} {doublings}"


def _closed(rows: xr.Dataset, dataset: xr.Dataset) -> bool:
    """Whether a curve comes back to its start."""
    names = (("branch_parameter", "range"), ("branch_second", "second_range"))
    gaps = [abs(float(rows[v][0] - rows[v][-1])) / float(np.ptp(dataset.attrs[key])) for v, key in names]
    return rows.sizes["row"] > 3 and max(gaps) < 1e-6


# ------------------------------------------------------------------ panels
def _panels(dataset: xr.Dataset, panel, ylabel: str, heights) -> Figure | None:
    shown = np.flatnonzero(dataset["curves"].values == 0)[:MOST_PANELS]
    if len(shown) == 0:
        return None
    columns = min(len(shown), PER_ROW)
    rows = -(-len(shown) // columns)
    size = rows * (PANEL_MM + LINE_MM) + 8.0
    figure = new_figure(ONE_COLUMN if columns == 1 else TWO_COLUMNS, size)
    grid = figure.subplots(rows, columns, sharey=True, squeeze=False)
    lines: dict[str, Line2D] = {}
    found: dict[str, Line2D] = {}
    for axes, k in zip(grid.ravel(), shown, strict=False):
        one = dataset.isel(diagram=int(k))
        axes.set_xlim(*reach(one, dataset.attrs["range"]))
        lines |= panel(axes, one)
        found |= _mark(axes, one, heights(one))
        axes.set_title(_title(dataset, int(k)))
    for axes in grid.ravel()[len(shown) :]:
        axes.set_visible(False)
    label_below(grid[-1, : len(shown) - (rows - 1) * columns], _axis_label(dataset, "parameter"))
    figure.supylabel(ylabel)
    figure.set_figheight((size + add_legend(figure, [*lines.values(), unstable_handle(), *found.values()], 8)) * MM)
    return figure


def reach(one: xr.Dataset, whole: tuple[float, float]) -> tuple[float, float]:
    """Find the part of the parameter's range in which something happens, and widen it a little.

    Where it begins, little is left out: rates and inputs are told from zero.
    """
    places = one["special_parameter"].values
    places = places[(places >= whole[0]) & (places <= whole[1])]
    if len(places) == 0:
        return float(whole[0]), float(whole[1])
    more = BESIDE * max(float(np.ptp(places)), NARROWEST * float(np.ptp(whole)))
    low, high = float(places.min()) - more, float(places.max()) + more
    if low - whole[0] < BESIDE * (high - low):
        low = float(whole[0])
    return low, min(high, float(whole[1]))


def branches_of(one: xr.Dataset) -> Iterator[tuple[str, int, xr.Dataset]]:
    """Iterate over the branches of one diagram: kind, number of period doublings, rows."""
    numbers = one["branch"].values
    kinds = flag_words(one["branch_kind"]).values
    for branch in np.unique(numbers[numbers >= 0]):
        at = np.flatnonzero(numbers == branch)
        yield str(kinds[at[0]]), int(one["branch_doublings"].values[at[0]]), one.isel(row=at)


def _along(axes: Axes, rows: xr.Dataset, values: np.ndarray, color: str) -> None:
    """Draw a curve, dark where stable and light where unstable; the shade changes at the bifurcation itself."""
    x, stable = rows["branch_parameter"].values, rows["branch_stable"].values == 1
    values = np.where(_visible(axes, x), values, np.nan)
    edges = np.flatnonzero(np.diff(stable)) + 1
    starts = [0.0, *(_place_of_change(rows, x, int(k)) for k in edges), len(x) - 1.0]
    index = np.arange(len(x))
    for begin, end, first in zip(starts[:-1], starts[1:], [0, *edges], strict=True):
        at = np.concatenate(([begin], index[(index > begin) & (index < end)], [end]))
        opacity = 1.0 if stable[first] else LIGHT
        curve = (np.interp(at, index, quantity) for quantity in (x, values))
        axes.plot(*curve, color=color, alpha=opacity, solid_capstyle="butt")


def _visible(axes: Axes, x: np.ndarray) -> np.ndarray:
    """Rows within the limits of the axes, if these are set, and those beside them: the others would set the heights."""
    low, high = (-np.inf, np.inf) if axes.get_autoscalex_on() else axes.get_xlim()
    inside = np.pad((x >= low) & (x <= high), 1)
    return inside[:-2] | inside[1:-1] | inside[2:]


def _place_of_change(rows: xr.Dataset, x: np.ndarray, k: int) -> float:
    """Where between rows k - 1 and k, as a fractional row, the branch's bifurcation lies; k where none is known."""
    own = rows["special_branch"].values == rows["branch"].values[0]
    low, high = sorted((x[k - 1], x[k]))
    inside = [p for p in rows["special_parameter"].values[own] if low < p < high]
    return k - 1.0 + (inside[0] - x[k - 1]) / (x[k] - x[k - 1]) if inside else float(k)


def _mark(axes: Axes, one: xr.Dataset, heights: list[np.ndarray]) -> dict[str, Line2D]:
    """Mark the special points at one or two heights; return the legend handles of the kinds found."""
    words, found, width = flag_words(one["special_kind"]).values, {}, np.ptp(axes.get_xlim())
    for kind, (marker, text) in MARKS.items():
        places = [np.column_stack([one["special_parameter"].values, y])[words == kind] for y in heights]
        places = np.concatenate(places) / (width, max(np.ptp(axes.get_ylim()), 1e-300))
        kept = _apart(places[np.isfinite(places).all(axis=1)])
        if len(kept):
            style: dict[str, Any] = {
                "marker": marker,
                "linestyle": "",
                "markersize": 3.0,
                "markeredgewidth": 0.6,
                "zorder": 4,
            }
            style |= {"markerfacecolor": "white", "color": INK}
            (found[kind],) = axes.plot(*(kept * (width, np.ptp(axes.get_ylim()))).T, label=text, **style)
    return found


def _apart(places: np.ndarray) -> np.ndarray:
    """Those of places [point, 2] that are not hidden by one before, where they crowd as on a canard."""
    kept: list[np.ndarray] = []
    for place in places:
        if all(np.linalg.norm(place - other) > CROWDED for other in kept):
            kept.append(place)
    return np.array(kept).reshape(-1, 2)


def _axis_label(dataset: xr.Dataset, key: str) -> str:
    """Symbol and unit of the parameter that an attribute of the dataset names."""
    return with_unit(symbol(str(dataset.attrs[key])), str(dataset.attrs[f"{key}_units"]))


def _title(dataset: xr.Dataset, k: int) -> str:
    """Name the parameter values that tell one diagram from the others."""
    varying = [name for name, c in dataset.coords.items() if c.dims == ("diagram",) and name != "curves"]
    words = [f"{symbol(str(n))} = {number(float(dataset[n][k]))}" for n in varying]
    return ", ".join(words)
