"""Spread from a focus at one point: regions by their onset, latency on the brain, and latency against the distance."""

import json

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure

from ngnmm_core.analysis.recruitment import LATENCY
from ngnmm_core.plotting.parts.labels import label, point_text
from ngnmm_core.plotting.parts.places import Brain, brain_of, draw_on_brain
from ngnmm_core.plotting.parts.style import (
    INK,
    LINES,
    MUTED,
    SECOND,
    TWO_COLUMNS,
    colour_scale,
    new_figure,
    panel_letter,
    say_undefined,
    signal_scale,
    subfigures,
    themed,
)
from ngnmm_core.plotting.spread_fc import FC_MM, connectivity

RASTER_MM, BRAIN_MM, DISTANCE_MM, TITLE_MM = 66.0, 56.0, 54.0, 8.0
DISTANCES = {"path_length": "path length (sum of 1/weight)", "focal_weight": "weight from the focus"}
NONE = "no region is recruited"


def draw(stem: str, dataset: xr.Dataset) -> Figure:
    """Draw the figure of that name in the catalogue: `spread_1` is the first point."""
    return spread_figure(dataset, int(stem.rpartition("_")[2]) - 1)


@themed
def spread_figure(dataset: xr.Dataset, highlight: int) -> Figure:
    """Raster with onsets, latencies on the brain, and latencies against the distance from the focus.

    Parameters
    ----------
    dataset : xarray.Dataset
        A `highlights.nc` with `recruitment`.
    highlight : int
        Position along its dimension `highlight`.
    """
    point = dataset.isel(highlight=highlight)
    brain = brain_of(point)
    with_fc = "dynamic_fc" in point
    heights = [RASTER_MM] + [FC_MM] * with_fc + [BRAIN_MM] * (brain is not None) + [DISTANCE_MM]
    figure = new_figure(TWO_COLUMNS, sum(heights) + TITLE_MM)
    share = float(point["recruited_fraction"])
    recruited = f"; {100 * share:.0f} % of the regions outside the focus recruited" if np.isfinite(share) else ""
    title = "Spread at " + point_text(point) + recruited
    figure.suptitle(title, x=0.01, ha="left")
    parts = list(subfigures(figure, len(heights), 1, height_ratios=heights))
    letters = iter("abcdefghij")
    _raster(parts[0], point, next(letters))
    if with_fc:
        connectivity(parts[1], point, stimulus_onset(point), letters)
    if brain is not None:
        _brain(parts[-2], point, brain, next(letters))
    for axes, name in zip(parts[-1].subplots(1, len(DISTANCES), sharey=True), DISTANCES, strict=True):
        _distance(axes, point, name)
        panel_letter(axes, next(letters))
    return figure


def stimulus_onset(point: xr.Dataset) -> float | None:
    """Onset of the stimulus in ms since the start of the simulation; None if no region has an onset to tell it."""
    onset = (point["onset_time"] - point["latency"]).values
    return float(np.nanmin(onset)) if np.isfinite(onset).any() else None


def series_time(point: xr.Dataset) -> np.ndarray:
    """Return the times of the series in ms since the start of the simulation.

    In the file they count from the end of the transient, whose length is in its attributes.
    """
    return point["time"].values + json.loads(point.attrs["config"])["simulation"]["transient_ms"]


def _raster(part: SubFigure, point: xr.Dataset, letter: str) -> None:
    """Show the observable of every region against time since the stimulus, rows by onset, with the onsets on top.

    Without any onset that of the stimulus is not in the file, and time counts from the start of the simulation.
    """
    axes = part.subplots()
    panel_letter(axes, letter)
    latency, series = point["latency"].values, point["observable_series"].transpose("region", "time")
    order = np.argsort(np.where(np.isfinite(latency), latency, np.inf), kind="stable")
    start = stimulus_onset(point)
    known = start is not None
    time = series_time(point) - (start or 0.0)
    cmap, norm = signal_scale(series.values)
    extent = (time[0], time[-1], len(order) - 0.5, -0.5)
    image = axes.imshow(
        series.values[order], cmap=cmap, norm=norm, aspect="auto", extent=extent, interpolation="nearest"
    )
    axes.plot(latency[order], np.arange(len(order)), ".", color=SECOND, markersize=2.5)
    if known:
        axes.axvline(0.0, color=INK, linewidth=0.7, linestyle="--")
    since = "the onset of the stimulus" if known else "the start of the simulation"
    axes.set(xlim=extent[:2], xlabel=f"time since {since} (ms)", ylabel="region, by onset")
    bar = part.colorbar(image, ax=axes, pad=0.01, fraction=0.02, aspect=26)
    bar.outline.set_linewidth(0.5)
    bar.set_label(label(series.attrs, text="observable"))


def _brain(part: SubFigure, point: xr.Dataset, brain: Brain, letter: str) -> None:
    latency = point["latency"].values.astype(float)
    sizes = np.full(len(latency), 26.0 * min(1.0, 100.0 / len(latency)))
    colours = (LATENCY.look.cmap, colour_scale(LATENCY.look, latency))
    panels, drawn = draw_on_brain(part, brain, latency, colours, sizes)
    panel_letter(panels[0], letter, dx_mm=-2.0)
    if np.isfinite(latency).any():
        bar = part.colorbar(drawn, ax=panels, fraction=0.02, pad=0.01, aspect=26, shrink=0.85)
        bar.outline.set_linewidth(0.5)
        bar.set_label("latency (ms)")


def _distance(axes: Axes, point: xr.Dataset, name: str) -> None:
    """Latencies of the regions outside the focus, with Spearman's rank correlation."""
    latency, distance = point["latency"].values, point[name].values.astype(float)
    away = np.isfinite(latency) & np.isfinite(distance) & (point["path_steps"].values > 0)
    axes.set_xlabel(DISTANCES[name])
    if not away.any():
        say_undefined(axes, NONE)
        axes.set(xticks=[], yticks=[])
        return
    if name == "focal_weight":
        away &= distance > 0
        axes.set_xscale("log")
    axes.scatter(distance[away], latency[away], s=8, color=LINES[0], alpha=0.75, linewidths=0.0)
    correlation = float(point["latency_correlation"].sel(path_measure=name))
    axes.set_title(f"rank correlation {correlation:.2f}".replace("-", "−"), color=MUTED)
    axes.set_ylabel("latency (ms)")
