"""Functional connectivity during a spread: over time, and its matrix in a few windows."""

from collections.abc import Iterator

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import SubFigure

from ngnmm_core.analysis.fc import CORRELATION
from ngnmm_core.plotting.parts.layout import evenly_chosen
from ngnmm_core.plotting.parts.regions import from_edges
from ngnmm_core.plotting.parts.style import (
    INK,
    LINES,
    MUTED,
    UNDEFINED,
    colour_scale,
    panel_letter,
    say_undefined,
    subfigures,
)

FC_MM = 50.0
MATRICES = 4
ENOUGH = 0.5  # share of the pairs that must vary in a window
AT_REST = "no window in which\nmost regions vary"


def connectivity(part: SubFigure, point: xr.Dataset, onset: float | None, letters: Iterator[str]) -> None:
    """Median over pairs against time, with the range of nine tenths of them, and matrices of some windows.

    Windows in which most regions are at rest are left out: there is nothing to correlate.

    Parameters
    ----------
    part : SubFigure
    point : xarray.Dataset
        A highlight with `dynamic_fc`.
    onset : float or None
        Of the stimulus, from which times count (ms).
    letters : iterator of str
        Of the panels.
    """
    middle = point["fc_window"].values - (onset or 0.0)
    pairs = point["dynamic_fc"].transpose("fc_window", "edge").values.astype(float)
    share = np.isfinite(pairs).mean(axis=1)
    known = np.flatnonzero(share >= ENOUGH)
    shown = [int(known[k]) for k in evenly_chosen(len(known), MATRICES)]
    curve, matrices = subfigures(part, 1, 2, width_ratios=(1.0, 1.9))
    axes = curve.subplots()
    panel_letter(axes, next(letters))
    _curve(axes, middle, pairs, known)
    axes.set(ylim=(-1.05, 1.05))
    axes.set(xlabel="middle of the window (ms)", ylabel="connectivity")
    panels = matrices.subplots(1, MATRICES)
    panel_letter(panels[0], next(letters), dx_mm=-3.0)
    order = _by_onset(point)
    image = None
    for panel, window in zip(panels, shown, strict=False):
        axes.axvline(middle[window], color=MUTED, linewidth=0.5, linestyle=":", zorder=0)
        matrix = from_edges(pairs[window], point, 1.0)[np.ix_(order, order)]
        matrix[~np.isfinite(matrix).any(axis=1)] = np.nan
        panel.set_facecolor(UNDEFINED)
        image = panel.imshow(
            matrix, cmap=CORRELATION.cmap, norm=colour_scale(CORRELATION, matrix), interpolation="none"
        )
        panel.set(title=f"{middle[window]:.0f} ms".replace("-", "−"), xticks=[], yticks=[])
    for panel in panels[len(shown) :]:
        panel.set_visible(False)
    panels[0].set_ylabel("regions")
    if image is not None:
        bar = matrices.colorbar(image, ax=panels, fraction=0.03, pad=0.01, aspect=18, shrink=0.6)
        bar.outline.set_linewidth(0.5)
        bar.set_label("correlation")


def _curve(axes: Axes, middle: np.ndarray, pairs: np.ndarray, known: np.ndarray) -> None:
    if not known.size:
        say_undefined(axes, AT_REST)
        return
    low, median, high = np.nanpercentile(pairs[known], (5.0, 50.0, 95.0), axis=1)
    axes.fill_between(middle[known], low, high, color=LINES[0], alpha=0.2, linewidth=0.0)
    axes.plot(middle[known], median, color=LINES[0], marker="o", markersize=2.2)
    axes.axhline(0.0, color=INK, linewidth=0.4, zorder=0)


def _by_onset(point: xr.Dataset) -> np.ndarray:
    """Regions in the order of recruitment, the others after them."""
    onset = point["onset_time"].values
    return np.argsort(np.where(np.isfinite(onset), onset, np.inf), kind="stable")
