"""Hub scores: what the virtual lesion of each region changes, on the brain, ranked, and against structure."""

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.figure import Figure, SubFigure

from ngnmm_core.plotting.brain import region_centres, three_views, view_widths
from ngnmm_core.plotting.labels import assignments, label
from ngnmm_core.plotting.quantities import flag_words
from ngnmm_core.plotting.style import (
    FAINT,
    INK,
    LINES,
    MUTED,
    TWO_COLUMNS,
    look,
    new_figure,
    panel_letter,
    say_undefined,
    themed,
)

TOP = 15  # regions in the ranking
RANKING_MM, SCATTER_MM, TITLE_MM = 62.0, 52.0, 7.0
NOTABLE = 2.0  # z-score above which a change is hardly one of seeds
STRUCTURE = {"strength": "strength", "eigenvector_centrality": "eigenvector centrality"}


def draw(stem: str, dataset: xr.Dataset) -> Figure:
    """The figure of that name in the catalogue: `hubs_1` is the first point."""
    return hub_figure(dataset, int(stem.rpartition("_")[2]) - 1)


@themed
def hub_figure(dataset: xr.Dataset, hub_point: int) -> Figure:
    """Hub scores of one point: for every kind of lesion the brain and the ranking, and below them the structure.

    Parameters
    ----------
    dataset : xarray.Dataset
        A `hubs.nc`.
    hub_point : int
        Position along its dimension `hub_point`.
    """
    point = dataset.isel(hub_point=hub_point)
    lesions = [str(name) for name in point["lesion"].values]
    structure = [name for name in STRUCTURE if name in point]
    heights = [RANKING_MM] * len(lesions) + [SCATTER_MM] * bool(structure)
    figure = new_figure(TWO_COLUMNS, sum(heights) + TITLE_MM)
    figure.suptitle(_title(point), x=0.01, ha="left", fontsize=8.5)
    parts = np.atleast_1d(figure.subfigures(len(heights), 1, height_ratios=heights))
    norm = look("hub_zscore").norm(point["hub_zscore"].values)
    letters = iter("abcdefgh")
    for part, lesion in zip(parts, lesions, strict=False):
        _lesion(part, point.sel(lesion=lesion), lesion, norm, letters)
    if structure:
        cells = parts[-1].subplots(1, len(structure), sharey=True, squeeze=False)[0]
        for axes, name in zip(cells, structure, strict=True):
            _against(axes, point, name)
            panel_letter(axes, next(letters))
        cells[0].set_ylabel(_zscore_label(point))
        if len(lesions) > 1 and np.isfinite(point["hub_zscore"]).any():
            cells[-1].legend(loc="best", handletextpad=0.2)
    return figure


def _title(point: xr.Dataset) -> str:
    names = [str(name) for name, c in point.coords.items() if c.ndim == 0 and c.dtype.kind == "f"]
    return "Virtual lesions at " + assignments({name: float(point[name]) for name in names})


def _zscore_label(point: xr.Dataset) -> str:
    return label({"units": "1"}, text="hub score against seeds (z)")


def _why(point: xr.Dataset) -> str:
    """Why there are no scores, in the words of the status."""
    if "hubs_status" not in point:
        return "not defined"
    words = np.unique(flag_words(point["hubs_status"]).values)
    found = [str(word).replace("_", " ") for word in words if word not in ("ok", "undefined")]
    return "not defined: " + ", ".join(found) if found else "not computed"


def _lesion(part: SubFigure, point: xr.Dataset, lesion: str, norm: Normalize, letters) -> None:
    """Brain and ranking of one kind of lesion."""
    scores = point["hub_zscore"].values.astype(float)
    centres = region_centres(point)
    if centres is None:
        axes = part.subplots()
    else:
        brain, ranking = part.subfigures(1, 2, width_ratios=(2.0, 1.0))
        _brain(brain, centres, scores, norm)
        axes = ranking.subplots()
        brain.axes[0].set_title(f"lesion: {lesion}", x=0.05)
        panel_letter(brain.axes[0], next(letters), dx_mm=-2.0)
    if not np.isfinite(scores).any():
        say_undefined(axes, _why(point))
        axes.set(xticks=[], yticks=[])
    else:
        _ranking(axes, point, scores, norm)
    axes.set_title(f"{min(TOP, len(scores))} largest" + ("" if centres is not None else f", lesion: {lesion}"))
    panel_letter(axes, next(letters), dx_mm=-4.5 if centres is not None else -7.0)


def _brain(part: SubFigure, centres: np.ndarray, scores: np.ndarray, norm: Normalize) -> None:
    panels = part.subplots(1, 3, width_ratios=view_widths(centres))
    largest = np.nanmax(np.abs(scores), initial=0.0) or 1.0
    share = np.nan_to_num(np.clip(scores, 0.0, None) / largest)
    sizes = (4.0 + 32.0 * share) * min(1.0, 100.0 / len(scores))
    markers = three_views(panels, centres, scores, (look("hub_zscore").cmap, norm), sizes)
    if np.isfinite(scores).any():
        bar = part.colorbar(
            markers, ax=panels, orientation="horizontal", fraction=0.04, pad=0.02, shrink=0.5, aspect=30
        )
        bar.outline.set_linewidth(0.5)
        bar.set_label("Hub score against seeds (z)")


def _ranking(axes: Axes, point: xr.Dataset, scores: np.ndarray, norm: Normalize) -> None:
    """The regions of the largest z-scores as a table with dots."""
    order = [k for k in np.argsort(-np.nan_to_num(scores, nan=-np.inf), kind="stable") if np.isfinite(scores[k])][:TOP]
    top, rows = scores[order], np.arange(len(order))
    left = min(0.0, float(top.min()))
    axes.hlines(rows, left, top, color=FAINT, linewidth=1.0, zorder=1)
    axes.scatter(
        top, rows, c=top, cmap=look("hub_zscore").cmap, norm=norm, s=16, edgecolors=INK, linewidths=0.4, zorder=2
    )
    extent = max(float(top.max()) - left, 1e-9)
    for row, value in zip(rows, top, strict=True):
        axes.text(1.0, row, f"{value:.1f}", transform=axes.get_yaxis_transform(), va="center", ha="right", fontsize=6)
    axes.set_yticks(rows, [str(name).replace("_", " ") for name in point["region"].values[order]], fontsize=6)
    axes.set(ylim=(len(order) - 0.4, -0.6), xlim=(left - 0.02 * extent, left + 1.28 * extent))
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    if left < NOTABLE < left + extent:
        axes.axvline(NOTABLE, color=MUTED, linewidth=0.5, linestyle=":", zorder=0)
    axes.set_xlabel("z")


def _against(axes: Axes, point: xr.Dataset, name: str) -> None:
    """Scores against one measure of structure, with Spearman's rank correlation per kind of lesion."""
    from scipy.stats import spearmanr

    structure = point[name].values.astype(float)
    texts = []
    for k, lesion in enumerate(point["lesion"].values):
        scores = point["hub_zscore"].sel(lesion=lesion).values.astype(float)
        known = np.isfinite(scores) & np.isfinite(structure)
        axes.scatter(
            structure[known], scores[known], s=8, color=LINES[k], alpha=0.75, linewidths=0.0, label=f"{lesion}"
        )
        if known.sum() > 2 and np.ptp(scores[known]) > 0.0 and np.ptp(structure[known]) > 0.0:
            texts.append(f"{lesion} {spearmanr(structure[known], scores[known]).statistic:.2f}".replace("-", "−"))
    if not texts:
        say_undefined(axes, _why(point))
        axes.set(xticks=[], yticks=[])
    else:
        axes.axhline(0.0, color=MUTED, linewidth=0.5, zorder=0)
        axes.set_title("rank correlation: " + ", ".join(texts))
    axes.set_xlabel(label(point[name].attrs, text=STRUCTURE[name]))
