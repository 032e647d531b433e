"""Maps of what a point does: the regime of the simulated network, and that of the homogeneous state."""

import json

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap, Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from ngnmm_core.plotting.lines import abscissa, label_points
from ngnmm_core.plotting.parts.cells import draw_cells, hatch_cells, label_grid_axis, veil_cells
from ngnmm_core.plotting.parts.frame import MapFrame, add_legend, add_title, fixed_text, label_below, selected
from ngnmm_core.plotting.parts.labels import number, symbol
from ngnmm_core.plotting.parts.layout import REPLICATES, GridAxes, choose_axes
from ngnmm_core.plotting.parts.quantities import (
    REGIME,
    SETTLING,
    first_replicate,
    flag_words,
    grid_dims,
    on_true_connectome,
    undefined_style,
)
from ngnmm_core.plotting.parts.style import MM, ONE_COLUMN, new_figure, themed
from ngnmm_core.simulation.noise_settings import NOISE

FLUCTUATING = "fluctuating"  # moved by noise, with a rhythm or without
COLOURS = {
    "rest": "#d4d4d4",
    "still_settling": "#f2dfa6",
    "synchronised": "#7db8e0",
    "partly_synchronised": "#f0b95a",
    "desynchronised": "#9b3d76",
    "oscillating": "#7db8e0",
    FLUCTUATING: "#9ad0c2",
    "limit_cycle": "#7db8e0",
    "multi_period_cycle": "#2a6fa8",
    "torus": "#009e73",
    "chaos": "#d55e00",
    "irregular": "#cc79a7",
}
OTHER = "#cc79a7"
SYNCHRONISED, DESYNCHRONISED = 0.9, 0.1  # values of `synchrony` from and up to which a network is called so
UNDEFINED = "undefined"
TEXTS = {
    "synchronised": f"synchronised (synchrony ≥ {SYNCHRONISED:g})",
    "partly_synchronised": "partly synchronised",
    "desynchronised": f"desynchronised (≤ {DESYNCHRONISED:g})",
}
MOST = "most frequent of"
PANELS = {"network_regime": "network", "regime": "homogeneous state"}


@themed
def regime_map(dataset: xr.Dataset) -> Figure | None:
    """Map the regimes over the grid, with a row of panels for the network and one for the homogeneous state.

    Of several seeds the most frequent regime is shown.  None for a single point.
    """
    dataset = on_true_connectome(dataset)
    grid = choose_axes({dim: dataset.sizes[dim] for dim in grid_dims(dataset)})
    names = [name for name in PANELS if name in dataset]
    if grid.kind == "single" or not names:
        return None
    words = {name: selected(_most_frequent(_words(dataset, name)), grid) for name in names}
    return _map(dataset, words, grid) if grid.kind == "map" else _stripes(dataset, words, grid)


def _words(dataset: xr.Dataset, name: str) -> xr.DataArray:
    """Regimes in words; an oscillating network is told by its synchrony, where that is defined.

    Where there is noise, every network moves, also about a resting state: it is called fluctuating.
    """
    words = flag_words(dataset[name])
    if name != REGIME:
        return words
    words = words.where((words != "oscillating") | ~_noisy(dataset), FLUCTUATING)
    if "synchrony" not in dataset or set(dataset["synchrony"].dims) != set(words.dims):
        return words
    synchrony = dataset["synchrony"].transpose(*words.dims).values
    kinds = np.select([synchrony >= SYNCHRONISED, synchrony > DESYNCHRONISED], ["synchronised", "partly_synchronised"],
                      "desynchronised")  # fmt: skip
    told = np.isin(words.values, ("oscillating", FLUCTUATING)) & np.isfinite(synchrony)
    return words.copy(data=np.where(told, kinds, words.values))


def _noisy(dataset: xr.Dataset) -> xr.DataArray:
    """Tell which points have noise: by the axis of its intensity, or by the study's setting."""
    if NOISE in dataset.coords:
        return dataset[NOISE] > 0.0
    simulation = json.loads(dataset.attrs.get("config", "{}")).get("simulation", {})
    return xr.DataArray(simulation.get(NOISE, 0.0) > 0.0)


def _most_frequent(words: xr.DataArray) -> xr.DataArray:
    dims = [dim for dim in REPLICATES if dim in words.dims]
    if not dims:
        return words

    def mode(row: np.ndarray) -> str:
        values, counts = np.unique(row, return_counts=True)
        return str(values[np.argmax(counts)])

    array, first = words.transpose(..., *dims), first_replicate(words)
    flat = [mode(row) for row in array.values.reshape(first.size, -1)]
    return first.copy(data=np.array(flat, dtype=array.dtype).reshape(first.shape))


def _draw(axes: Axes, words: np.ndarray) -> dict[str, None]:
    """Colours the cells by `words` [y, x]; returns the words found."""
    found = list(dict.fromkeys(words.ravel().tolist()))
    known = [word for word in (*COLOURS, *found) if word in found and word != UNDEFINED]
    codes = np.full(words.shape, np.nan)
    for k, word in enumerate(known):
        codes[words == word] = k
    cmap = ListedColormap([COLOURS.get(word, OTHER) for word in known] or [OTHER])
    draw_cells(axes, codes, cmap, Normalize(-0.5, max(len(known), 1) - 0.5))
    hatch_cells(axes, np.where(words == UNDEFINED, UNDEFINED, ""))
    veil_cells(axes, words == SETTLING, SETTLING)
    return dict.fromkeys(found)


def _legend(found: dict[str, None]) -> list[Patch]:
    patches: dict[str, Patch] = {}
    for word in (*COLOURS, *found):
        if word in found and word != UNDEFINED:
            colour = COLOURS.get(word, OTHER)
            text = TEXTS.get(word) or word.replace("_", "-" if word.startswith("multi") else " ").replace(
                "-cycle", " cycle"
            )
            same = next((p for p in patches.values() if p.get_label() != text and p.get_facecolor() == colour), None)
            hatch = undefined_style(SETTLING) if word == SETTLING else {}
            patches[word] = same or Patch(**{**hatch, "facecolor": colour, "label": text, "linewidth": 0.0})
    shared = next((word for word in ("oscillating", "synchronised") if word in patches), None)
    if shared and "limit_cycle" in patches:
        patches.pop("limit_cycle")
        patches[shared].set_label(f"{patches[shared].get_label()}; limit cycle")
    handles = list(dict.fromkeys(patches.values()))
    if UNDEFINED in found:
        handles.append(Patch(label="not computed", linewidth=0.4, **undefined_style(UNDEFINED)))
    return handles


def _map(dataset: xr.Dataset, words: dict[str, xr.DataArray], grid: GridAxes) -> Figure:
    frame = MapFrame(dataset, grid, len(words))
    found: dict[str, None] = {}
    for r, (name, array) in enumerate(words.items()):
        for c in range(frame.columns):
            axes = frame.axes[r, c]
            found |= _draw(axes, frame.picker(c)(array).values)
            axes.set_title(", ".join(filter(None, [PANELS[name], frame.column_text(c)])))
            label_grid_axis(axes.xaxis, frame.x_values, frame.most_x_ticks)
            label_grid_axis(axes.yaxis, frame.y_values, frame.most_y_ticks)
    frame.finish(fixed_text(dataset, grid, next(iter(words)), MOST), _legend(found))
    return frame.figure


def _stripes(dataset: xr.Dataset, words: dict[str, xr.DataArray], grid: GridAxes) -> Figure:
    """One stripe of cells per value of the second axis."""
    x = abscissa(dataset, grid)
    second = dataset[grid.y].values if grid.y else []
    names = [f"{symbol(grid.y)} = {number(value)}" for value in second] or [""]
    height = len(words) * (6.0 * len(names) + 7.0) + (15.0 if x.names else 16.0)  # labels of the axis take two lines
    figure = new_figure(ONE_COLUMN, height)
    panels = figure.subplots(len(words), 1, sharex=True, squeeze=False)[:, 0]
    found: dict[str, None] = {}
    for axes, (name, array) in zip(panels, words.items(), strict=True):
        table = array.transpose(grid.y, grid.x).values if grid.y else array.values[None]
        found |= _draw(axes, table[:, x.order])
        axes.set_title(PANELS[name])
        axes.set_yticks(range(len(names)), names)
        axes.tick_params(left=len(names) > 1)
        if x.numbered:
            label_points(axes, x)
        else:
            label_grid_axis(axes.xaxis, x.values, 8)
    label_below(panels[-1:], x.label)
    text = "" if grid.kind == "points" else fixed_text(dataset, grid, next(iter(words)), MOST)
    height += add_title(figure, text) + add_legend(figure, _legend(found), 3)
    figure.set_figheight(height * MM)
    return figure
