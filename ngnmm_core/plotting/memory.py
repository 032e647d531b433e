"""Rates of working memory over the grid of a study, with their intervals, and survival curves of the item."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from ngnmm_core.plotting.parts.frame import add_legend, add_title, label_below
from ngnmm_core.plotting.parts.labels import assignments, label, number
from ngnmm_core.plotting.parts.layout import evenly_chosen
from ngnmm_core.plotting.parts.style import LINES, MM, ONE_COLUMN, TWO_COLUMNS, new_figure, say_undefined, themed

PANEL_MM = 52.0  # height, with the labels of the axes
LETTER_MM, HANDLE_MM = 1.25, 9.0  # of entries of the legend
MOST_LINES, MOST_PANELS = len(LINES), 4
RATES = {"success": "success_rate", "answers": "answer_rate"}
WORDS = {"success_rate": "Rate of success", "answer_rate": "Rate of right answers"}


def draw(stem: str, dataset: xr.Dataset) -> Figure:
    """Draw the figure of that name in the catalogue: `memory_success`, `memory_answers` or `memory_survival`."""
    name = stem.removeprefix("memory_")
    return survival_figure(dataset) if name == "survival" else rate_figure(dataset, RATES[name])


@dataclass(frozen=True)
class Panels:
    """Which axes of the grid tell lines, columns and rows of panels apart; of the others one value is shown."""

    line: str | None
    column: str | None
    row: str | None
    fixed: dict[str, int]

    def shown(self, dataset: xr.Dataset, name: str | None, most: int) -> list[int]:
        """Positions of the values that are shown."""
        return [0] if name is None else evenly_chosen(dataset.sizes[name], most)

    def cells(self, dataset: xr.Dataset) -> Iterator[tuple[int, int, dict[str, int]]]:
        """Row, column, and what they select."""
        for r, row in enumerate(self.shown(dataset, self.row, MOST_PANELS)):
            for c, column in enumerate(self.shown(dataset, self.column, MOST_PANELS)):
                chosen = {self.row: row, self.column: column}
                yield r, c, {name: k for name, k in chosen.items() if name is not None}


def choose_panels(dataset: xr.Dataset, without: Sequence[str] = ()) -> Panels:
    """Lines for the longest axis, then columns, then rows."""
    dims = [str(d) for d in dataset["trials"].dims if d not in without]
    varying = [d for d in dims if dataset.sizes[d] > 1]
    ranked = sorted(varying, key=lambda d: -dataset.sizes[d])
    taken: list[Any] = [*ranked[:3], *[None] * (3 - len(ranked))]
    left = [d for d in dims if d not in taken]
    line, column, row = taken
    return Panels(line, column, row, {d: _one_of(dataset, d) for d in left})


def _one_of(dataset: xr.Dataset, dim: str) -> int:
    """Pick the index to show along an axis that has no place in the figure: the strongest cue, or the first value."""
    return int(np.abs(dataset[dim].values).argmax()) if dim == cue_axis(dataset) else 0


def _option(dataset: xr.Dataset, name: str) -> str | None:
    """Look up the name of the stimulus that serves as the cue or the probe."""
    return json.loads(dataset.attrs.get("config", "{}")).get("analyses", {}).get("memory", {}).get(name, name)


def cue_axis(dataset: xr.Dataset) -> str:
    """Name the axis that would hold the amplitude of the cue."""
    return f"{_option(dataset, 'cue')}.amplitude"


def _without_probe(dataset: xr.Dataset) -> xr.Dataset:
    """Keep only the first of all probes: what happens during the delay does not depend on them."""
    of_probe = [d for d in dataset["trials"].dims if str(d).startswith(f"{_option(dataset, 'probe')}.")]
    return dataset.isel({d: 0 for d in of_probe if d != f"{_option(dataset, 'probe')}.onset_ms"}, drop=True)


def _frame(dataset: xr.Dataset, panels: Panels) -> tuple[Figure, np.ndarray, float]:
    rows = len(panels.shown(dataset, panels.row, MOST_PANELS))
    columns = len(panels.shown(dataset, panels.column, MOST_PANELS))
    height = PANEL_MM + (rows - 1) * (PANEL_MM - 9.0)
    figure = new_figure(ONE_COLUMN if columns == 1 else TWO_COLUMNS, height)
    return figure, figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False), height


def _title(axes: Axes, dataset: xr.Dataset, chosen: dict[str, int]) -> None:
    values = {name: float(dataset[name][k]) for name, k in chosen.items() if name in dataset.coords}
    bare = {name: value for name, value in values.items() if not (name == cue_axis(dataset) and value == 0)}
    words = ["no cue"] if len(bare) < len(values) else []
    axes.set_title(", ".join([*words, *([assignments(bare)] if bare else [])]))


def _finish(figure: Figure, dataset: xr.Dataset, panels: Panels, lines: list[Line2D], height: float) -> None:
    fixed = {name: float(dataset[name][k]) for name, k in panels.fixed.items() if name in dataset.coords}
    least, most = int(dataset["trials"].min()), int(dataset["trials"].max())
    count = number(most) if least == most else f"{least} to {most}"
    trials = "trial" if most == 1 else "trials"
    text = ", ".join(filter(None, [assignments(fixed), f"{count} {trials} per point, 95 % intervals"]))
    widest = max((len(str(line.get_label()).replace("$", "")) for line in lines), default=0)
    columns = max(int(figure.get_figwidth() / MM / (widest * LETTER_MM + HANDLE_MM)), 1)
    height += add_title(figure, text) + add_legend(figure, lines, columns)
    figure.set_figheight(height * MM)


def _handles(dataset: xr.Dataset, panels: Panels) -> list[Line2D]:
    if panels.line is None:
        return []
    shown = panels.shown(dataset, panels.line, MOST_LINES)
    texts = [assignments({panels.line: float(dataset[panels.line][k])}) for k in shown]
    return [Line2D([], [], color=LINES[c], label=text) for c, text in enumerate(texts)]


def _lines(dataset: xr.Dataset, panels: Panels) -> list[dict[str, int]]:
    if panels.line is None:
        return [{}]
    return [{panels.line: k} for k in panels.shown(dataset, panels.line, MOST_LINES)]


# ------------------------------------------------------------------ rates
@themed
def rate_figure(dataset: xr.Dataset, variable: str) -> Figure:
    """Plot a rate, with Wilson intervals, along the longest axis of the grid; lines, columns and rows for other axes.

    Parameters
    ----------
    dataset : xarray.Dataset
        A `memory.nc`.
    variable : str
        `success_rate` or `answer_rate`.
    """
    if variable == "success_rate":
        dataset = _without_probe(dataset)
    dims = [str(d) for d in dataset["trials"].dims]
    x = max(dims, key=lambda d: dataset.sizes[d], default=None)
    panels = choose_panels(dataset, without=[x] if x else [])
    figure, axes, height = _frame(dataset, panels)
    drawn = False
    for r, c, chosen in panels.cells(dataset):
        for k, line in enumerate(_lines(dataset, panels)):
            values = dataset[variable].isel(panels.fixed | chosen | line)
            drawn |= _rate_line(axes[r, c], dataset, values, x, LINES[k])
        _title(axes[r, c], dataset, chosen)
        axes[r, c].set(ylim=(-0.03, 1.03), yticks=[0, 0.25, 0.5, 0.75, 1])
    if not drawn:
        say_undefined(axes[0, 0], "no trial counts")
    label_below(axes[-1], axis_label(dataset, x))
    for left in axes[:, 0]:
        left.set_ylabel(WORDS[variable])
    _finish(figure, dataset, panels, _handles(dataset, panels), height)
    return figure


def axis_label(dataset: xr.Dataset, name: str | None) -> str:
    """Label an axis of the grid; names with a dot (`cue.amplitude`) are spelt out in words already."""
    if name is None or name not in dataset.coords:
        return "Point of the list" if name else ""
    return label(dataset[name].attrs, "" if "." in name else name)


def _rate_line(axes: Axes, dataset: xr.Dataset, values: xr.DataArray, x: str | None, color: str) -> bool:
    """One line with its band; trials without a cue, which answer another question, stand apart, and so do lists."""
    rates = values.transpose(..., "bound").values.reshape(-1, 3)
    along = x in dataset.coords
    positions = dataset[x].values.astype(float) if along else np.arange(len(rates), dtype=float)
    order = np.argsort(positions, kind="stable")
    positions, rates = positions[order], rates[order]
    without_cue = (positions == 0.0) & (x == cue_axis(dataset))
    apart = without_cue if along and len(positions) > 1 else np.ones(len(positions), bool)
    if (~apart).any():
        axes.fill_between(positions[~apart], *rates[~apart, 1:].T, color=color, alpha=0.18, linewidth=0)
        axes.plot(positions[~apart], rates[~apart, 0], "o-", color=color, markersize=2.8, clip_on=False)
    for k in np.flatnonzero(apart):
        style: dict[str, Any] = {"color": color, "marker": "o", "markersize": 3.4, "linestyle": ""}
        style |= {"markerfacecolor": "white"} if without_cue[k] else {}
        axes.plot([positions[k]], [rates[k, 0]], clip_on=False, **style)
        axes.plot([positions[k]] * 2, rates[k, 1:], color=color, linewidth=0.8)
    if not along:
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=8 if x else 1))
    return bool(np.isfinite(rates[:, 0]).any())


# ------------------------------------------------------------------ survival
@themed
def survival_figure(dataset: xr.Dataset) -> Figure:
    """Kaplan and Meier's curves of the item in the delay, with bands; steps, as losses are events.

    Parameters
    ----------
    dataset : xarray.Dataset
        A `memory.nc`.
    """
    dataset = _without_probe(_with_cue(dataset))
    panels = choose_panels(dataset)
    figure, axes, height = _frame(dataset, panels)
    time = dataset["delay_time"].values
    for r, c, chosen in panels.cells(dataset):
        drawn = False
        for k, line in enumerate(_lines(dataset, panels)):
            curve = dataset["survival"].isel(panels.fixed | chosen | line).transpose("delay_time", "bound").values
            known = np.isfinite(curve[:, 0])
            drawn |= known.any()
            axes[r, c].fill_between(
                time[known], *curve[known, 1:].T, color=LINES[k], alpha=0.18, linewidth=0, step="post"
            )
            axes[r, c].step(time[known], curve[known, 0], where="post", color=LINES[k])
        if not drawn:
            say_undefined(axes[r, c], "no trial with a cue counts")
        _title(axes[r, c], dataset, chosen)
        axes[r, c].set(ylim=(-0.03, 1.03), yticks=[0, 0.25, 0.5, 0.75, 1], xlim=(0, time[-1]))
    label_below(axes[-1], label(dataset["delay_time"].attrs))
    for left in axes[:, 0]:
        left.set_ylabel("Survival of the item")
    _finish(figure, dataset, panels, _handles(dataset, panels), height)
    return figure


def _with_cue(dataset: xr.Dataset) -> xr.Dataset:
    """Drop the trials without a cue from the dataset."""
    axis = cue_axis(dataset)
    if axis not in dataset.dims or (dataset[axis] == 0).all():
        return dataset
    return dataset.isel({axis: np.flatnonzero(dataset[axis].values != 0)})
