"""The connectome itself: its matrix, the spectrum of the normalised W, the strengths, and the brain."""

import warnings

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure, SubFigure
from matplotlib.ticker import MaxNLocator

from ngnmm_core.connectome import normalise, spectrum
from ngnmm_core.plotting.parts.brain import three_views, view_widths
from ngnmm_core.plotting.parts.places import Brain, brain_of, draw_on_brain
from ngnmm_core.plotting.parts.regions import draw_matrix, region_order
from ngnmm_core.plotting.parts.style import (
    ACCENT,
    INK,
    LOOKS,
    MUTED,
    SECOND,
    TWO_COLUMNS,
    colour_scale,
    new_figure,
    panel_letter,
    subfigures,
    themed,
)

TOP_MM, TITLE_MM, BRAIN_MARGIN_MM, BAR_MM = 82.0, 7.0, 4.0, 24.0
DECADES = 4.0  # at most, of weights below the largest
STRONGEST = 200  # connections drawn in the brain
SAME = 1e-9  # relative difference of values that are one but for rounding
DENSEST = 0.1  # share of all connections that may be drawn
NORMALISED = {"row": "rows of W sum to 1", "max": "W divided by its largest weight", "none": "W as it is"}


def draw(stem: str, dataset: xr.Dataset, normalization: str = "row") -> Figure:
    """Draw the figure `connectome` of the catalogue."""
    return connectome_figure(dataset, normalization)


@themed
def connectome_figure(dataset: xr.Dataset, normalization: str = "row") -> Figure:
    """Matrix, spectrum, strengths and three views; without the brain where the centres of regions are not known.

    Parameters
    ----------
    dataset : xarray.Dataset
        As `build_connectome` makes it: `weights` (region, source_region), not normalised.
    normalization : str
        `row`, `max` or `none`: of the W whose spectrum is shown.
    """
    weights = dataset["weights"].values.astype(float)
    brain = brain_of(dataset)
    heights = [TOP_MM]
    if brain is not None:
        heights.append(brain.height(TWO_COLUMNS - BAR_MM) + BRAIN_MARGIN_MM)
    figure = new_figure(TWO_COLUMNS, sum(heights) + TITLE_MM)
    title = dataset.attrs.get("title", dataset.attrs.get("name", ""))
    count = f"{len(weights)} regions"
    figure.suptitle(title if count in title else f"{title}: {count}", x=0.01, ha="left")
    parts = subfigures(figure, len(heights), 1, height_ratios=heights)
    left, right = parts[0].subfigures(1, 2, width_ratios=(1.12, 1.0))  # type: ignore[misc]
    _matrix(left, dataset, weights)
    upper, lower = right.subplots(2, 1)
    _spectrum(upper, dataset, normalization)
    _strengths(lower, weights)
    panel_letter(upper, "b")
    panel_letter(lower, "c")
    if brain is not None:
        _brain(parts[1], weights, brain)
    return figure


def _matrix(part: SubFigure, dataset: xr.Dataset, weights: np.ndarray) -> None:
    axes = part.subplots()
    positive = weights[weights > 0.0]
    high = positive.max() if positive.size else 1.0
    low = max(np.percentile(positive, 1.0), high / 10.0**DECADES) if positive.size else 0.1
    norm = LogNorm(min(low, 0.5 * high), high)
    image = draw_matrix(
        axes, np.where(weights > 0.0, weights, np.nan), region_order(dataset), LOOKS["weights"].cmap, norm
    )
    axes.set_xlabel("Source")
    axes.set_ylabel("Target", labelpad=0.0)  # beside the names of hemispheres, at the edge of the page
    bar = part.colorbar(image, ax=axes, fraction=0.045, pad=0.02, extend="min")
    bar.outline.set_linewidth(0.5)
    bar.set_label("Structural weight (grey: none)")
    panel_letter(axes, "a")


def _spectrum(axes: Axes, dataset: xr.Dataset, normalization: str) -> None:
    """Eigenvalues of W: their distribution on the real axis, or their places in the complex plane."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # repeated eigenvalues: here only the values are shown
        values = spectrum(normalise(dataset["weights"], normalization)).values
    axes.set_title(f"spectrum, {NORMALISED[normalization]}")
    if np.iscomplexobj(values):
        radius = np.abs(values).max()
        angle = np.linspace(0.0, 2.0 * np.pi, 181)
        axes.plot(radius * np.cos(angle), radius * np.sin(angle), color=MUTED, linewidth=0.5)
        axes.scatter(values.real, values.imag, s=6, facecolor=ACCENT, edgecolor="none")
        axes.set(aspect="equal", xlabel="Re Λ", ylabel="Im Λ")
        return
    axes.hist(values[1:], bins=_bin_edges(values[1:]), color=ACCENT, alpha=0.75, linewidth=0.0)
    top = axes.get_ylim()[1]
    axes.set_ylim(-0.14 * top, top)
    axes.vlines(values, -0.11 * top, -0.03 * top, color=ACCENT, linewidth=0.5)
    axes.vlines(values[:1], -0.11 * top, -0.03 * top, color=SECOND, linewidth=1.2)
    axes.annotate(
        "uniform", (values[0], -0.02 * top), xytext=(0, 10), textcoords="offset points", ha="center", color=SECOND,
        arrowprops={"arrowstyle": "-", "color": SECOND, "linewidth": 0.6},
    )  # fmt: skip
    axes.set(xlabel="Eigenvalue Λ of W", ylabel="Modes")
    axes.xaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10]))
    axes.set_yticks([tick for tick in axes.get_yticks() if 0 <= tick <= top])


def _bin_edges(*groups: np.ndarray) -> list[float]:
    """Edges of bins for all values, as many as suit one group; of values that rounding tells apart, around these."""
    values = np.concatenate(groups)
    low, high, largest = values.min(), values.max(), np.abs(values).max()
    if high - low <= SAME * largest:
        low, high = low - (0.1 * largest or 0.5), high + (0.1 * largest or 0.5)
    return np.linspace(low, high, int(np.clip(2.0 * np.sqrt(len(groups[0])), 5, 40)) + 1).tolist()


def _strengths(axes: Axes, weights: np.ndarray) -> None:
    """Distribution of what regions receive; and of what they send, where the matrix is directed."""
    received, sent = weights.sum(axis=1), weights.sum(axis=0)
    edges = _bin_edges(received, sent)
    axes.hist(received, bins=edges, color=ACCENT, alpha=0.75, linewidth=0.0, label="received")
    directed = not np.allclose(weights, weights.T, rtol=1e-6, atol=1e-12 * max(weights.max(), 1e-300))
    if directed:
        axes.hist(sent, bins=edges, histtype="step", color=SECOND, linewidth=1.0, label="sent")
        axes.legend()
    axes.set_ylim(0.0, 1.15 * axes.get_ylim()[1])
    axes.axvline(np.median(received), color=INK, linewidth=0.7, linestyle="--")
    axes.text(
        np.median(received),
        1.0,
        " median received" if directed else " median",
        transform=axes.get_xaxis_transform(),
        va="top",
        color=MUTED,
    )
    summed = "received, or sent" if directed else "received"
    axes.set(xlabel=f"Strength (sum of weights {summed})", ylabel="Regions")


def strongest_edges(weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of regions with the strongest connections, at most 200 or a tenth of all, and their strengths up to 1."""
    both = np.maximum(weights, weights.T)
    i, j = np.triu_indices(len(both), 1)
    values = both[i, j]
    count = min(STRONGEST, max(int(DENSEST * np.count_nonzero(values)), 1), np.count_nonzero(values))
    chosen = np.argsort(values, kind="stable")[::-1][:count]
    return np.stack([i[chosen], j[chosen]], axis=1), values[chosen] / (values.max() or 1.0)


def _brain(part: SubFigure, weights: np.ndarray, brain: Brain) -> None:
    """Show the strength of every region and, where their centres are known, the strongest connections."""
    strength = weights.sum(axis=1)
    colours = (LOOKS["strength"].cmap, colour_scale(LOOKS["strength"], strength))
    title = "what regions receive"
    if brain.centres is None:
        panels, drawn = draw_on_brain(part, brain, strength, colours)
    else:
        panels, edges = part.subplots(1, 3, width_ratios=view_widths(brain.centres)), strongest_edges(weights)
        sizes = 5.0 + 45.0 * strength / (strength.max() or 1.0) * min(1.0, 100.0 / len(weights))
        drawn = three_views(panels, brain.centres, strength, colours, sizes, edges)
        title = f"the {len(edges[1])} strongest connections"
    bar = part.colorbar(drawn, ax=panels, fraction=0.02, pad=0.01, aspect=26, shrink=0.85)
    bar.outline.set_linewidth(0.5)
    bar.set_label("Strength")
    panels[0].set_title(title, x=0.05)
    panel_letter(panels[0], "d", dx_mm=-2.0)
