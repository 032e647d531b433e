"""Values of regions on the brain: markers at the regions' centres in three views, with plain matplotlib."""

import csv
import functools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path as FilePath

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PathCollection
from matplotlib.colors import Normalize
from matplotlib.patches import Polygon
from matplotlib.path import Path

from ngnmm_core.plotting.parts.style import INK, MUTED

X, Y, Z = range(3)
RIM_MM = 14.0  # of brain around the outermost centres
NAMES_MM = 17.0  # below, for the names of the views
OUTLINE, RIM = "#f4f4f2", "#c9c9c4"
OUTLINES = FilePath(__file__).with_name("mni_outline.csv")
MARGIN_MM = 3.0
SLACK_MM = 4.0  # centres may lie that far outside of the template
LEAST_INSIDE, LEAST_FILLED = 0.95, 0.6


@dataclass(frozen=True)
class View:
    """One projection: which coordinates go right and up, which one comes towards the reader, and with which signs.

    Right, up and towards the reader are a right-handed system: else a brain would be drawn as its mirror image.
    """

    name: str
    right: int
    up: int
    depth: int
    rightwards: int
    towards: int
    ends: tuple[str, str]


VIEWS = (  # from the left, from above and from behind: left is on the left, as neurologists have it
    View("sagittal", Y, Z, X, -1, -1, ("A", "P")),
    View("axial", X, Y, Z, 1, 1, ("L", "R")),
    View("coronal", X, Z, Y, 1, -1, ("L", "R")),
)


def region_centres(dataset: xr.Dataset) -> np.ndarray | None:
    """Centres [region, xyz] in mm; None if they are not all known."""
    names = [f"centre_{axis}" for axis in "xyz"]
    if not all(name in dataset.coords for name in names):
        return None
    centres = np.stack([dataset[name].values.astype(float) for name in names], axis=1)
    return centres if np.isfinite(centres).all() else None


def view_widths(centres: np.ndarray) -> list[float]:
    """Widths of the three views in mm of brain: with them as width ratios all views have one scale."""
    extent = np.ptp(_box(centres), axis=0)
    return [float(extent[view.right]) for view in VIEWS]


def view_height(centres: np.ndarray) -> float:
    """Height of the highest view in mm of brain."""
    extent = np.ptp(_box(centres), axis=0)
    return float(max(extent[view.up] for view in VIEWS)) + NAMES_MM


def _box(centres: np.ndarray) -> np.ndarray:
    """Lower and upper corner of what is drawn, array (2, xyz) in mm: the brain, or the centres and some room."""
    low, high = centres.min(axis=0), centres.max(axis=0)
    if not fits_template(centres):
        return np.array([low - RIM_MM, high + RIM_MM])
    for view in VIEWS:
        axes = [view.right, view.up]
        low[axes] = np.minimum(low[axes], template(view.name).min(axis=0))
        high[axes] = np.maximum(high[axes], template(view.name).max(axis=0))
    return np.array([low - MARGIN_MM, high + MARGIN_MM])


def drawing_order(centres: np.ndarray, view: View) -> np.ndarray:
    """Regions from far to near, as `three_views` draws them."""
    return np.argsort(view.towards * centres[:, view.depth], kind="stable")


def three_views(
    panels: Sequence[Axes],
    centres: np.ndarray,
    values: np.ndarray,
    colours: tuple[str, Normalize],
    sizes: np.ndarray | float = 14.0,
    edges: tuple[np.ndarray, np.ndarray] | None = None,
) -> PathCollection:
    """Draws regions as seen from the left, from above and from behind, the nearer ones on top.

    Parameters
    ----------
    panels : three Axes
        Side by side, with `view_widths` as width ratios.
    centres : array (region, xyz)
        In mm.
    values : array (region,)
        Colours; NaN is drawn as an open circle.
    colours : (colour map, Normalize)
    sizes : array (region,) or float
        Areas of the markers in square points.
    edges : (array (edge, 2) of regions, array (edge,) from 0 to 1), optional
        Connections to draw, and their strengths.

    Returns
    -------
    PathCollection
        For the colour bar.
    """
    sizes = np.broadcast_to(np.asarray(sizes, float), len(centres))
    for axes, view in zip(panels, VIEWS, strict=True):
        _outline(axes, centres, view)
        if edges is not None:
            _edges(axes, centres, view, *edges)
        markers = _markers(axes, centres, view, values, colours, sizes)
        _frame(axes, centres, view)
    return markers


@functools.cache
def template(view: str) -> np.ndarray:
    """Outline of the brain in MNI space, array (corner, 2) in mm, as seen in one of the views.

    Outermost voxels of the brain mask of the ICBM 152 template (nonlinear, symmetric, 2009a), smoothed: Fonov et al.,
    NeuroImage 54, 313-327 (2011), doi:10.1016/j.neuroimage.2010.07.033.
    """
    with open(OUTLINES, encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["view"] == view]
    return np.array([[float(row["right_mm"]), float(row["up_mm"])] for row in rows])


def fits_template(centres: np.ndarray) -> bool:
    """Whether centres lie where regions of a brain in MNI space do, and fill it; else they are in another space."""
    for view in VIEWS:
        outline, flat = template(view.name), centres[:, [view.right, view.up]]
        inside = Path(outline).contains_points(flat, radius=SLACK_MM) | Path(outline).contains_points(flat)
        filled = np.ptp(flat, axis=0) / np.ptp(outline, axis=0)
        if inside.mean() < LEAST_INSIDE or filled.min() < LEAST_FILLED:
            return False
    return True


def _outline(axes: Axes, centres: np.ndarray, view: View) -> None:
    """Draw the outline of the brain in MNI space; for centres in another space, the area around all of them."""
    from scipy.spatial import ConvexHull, QhullError

    if fits_template(centres):
        corners = template(view.name)
        axes.add_patch(Polygon(corners, facecolor=OUTLINE, edgecolor=RIM, linewidth=0.6, zorder=0))
        return
    flat = centres[:, [view.right, view.up]]
    try:
        corners = flat[ConvexHull(flat).vertices]
    except QhullError:  # fewer than three centres, or all on a line
        return
    angles = np.linspace(0.0, 2.0 * np.pi, 49)
    rounded = corners[:, None] + RIM_MM * 0.8 * np.stack([np.cos(angles), np.sin(angles)], axis=-1)[None]
    points = rounded.reshape(-1, 2)
    axes.add_patch(Polygon(points[ConvexHull(points).vertices], facecolor=OUTLINE, edgecolor="none", zorder=0))


def _edges(axes: Axes, centres: np.ndarray, view: View, pairs: np.ndarray, strength: np.ndarray) -> None:
    flat = centres[:, [view.right, view.up]]
    order = np.argsort(strength, kind="stable")
    colors = [(0.25, 0.25, 0.25, 0.12 + 0.5 * float(s)) for s in strength[order]]
    widths = 0.3 + 1.5 * strength[order]
    axes.add_collection(LineCollection(flat[pairs[order]], colors=colors, linewidths=widths, zorder=1))


def _markers(axes: Axes, centres, view: View, values, colours, sizes) -> PathCollection:
    cmap, norm = colours
    order = drawing_order(centres, view)
    known = order[np.isfinite(values[order])]
    unknown = order[~np.isfinite(values[order])]
    axes.scatter(
        centres[unknown, view.right], centres[unknown, view.up], s=sizes[unknown],
        facecolors="none", edgecolors=MUTED, linewidths=0.4, zorder=2,
    )  # fmt: skip
    return axes.scatter(
        centres[known, view.right], centres[known, view.up], c=values[known], s=sizes[known],
        cmap=cmap, norm=norm, edgecolors=INK, linewidths=0.3, zorder=3,
    )  # fmt: skip


def _frame(axes: Axes, centres: np.ndarray, view: View) -> None:
    """Limits with one scale for all views, and letters at the ends of the horizontal direction."""
    low, high = _box(centres)
    middle, half = 0.5 * (low + high)[view.up], 0.5 * (view_height(centres) - NAMES_MM)
    across = (low[view.right], high[view.right])[:: view.rightwards]
    axes.set(xlim=across, ylim=(middle - half - NAMES_MM, middle + half), aspect="equal")
    axes.set_axis_off()
    for position, side, letter in zip((0.02, 0.98), ("left", "right"), view.ends, strict=True):
        axes.text(position, 0.0, letter, transform=axes.transAxes, ha=side, va="bottom", color=MUTED)
    axes.text(0.5, 0.0, view.name, transform=axes.transAxes, ha="center", va="bottom", color=MUTED)
