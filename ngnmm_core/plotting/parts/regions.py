"""Regions in the order of figures: left hemisphere, right hemisphere, others; and square matrices in that order."""

from dataclasses import dataclass

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.image import AxesImage
from matplotlib.lines import Line2D
from matplotlib.transforms import ScaledTranslation

from ngnmm_core.plotting.parts.style import HEMISPHERES, INK, MIDLINE, MM, UNDEFINED

NAMES = {"L": "left", "R": "right", "": "other"}
BAND_MM = 0.8  # distance from the axes of the coloured band that marks a hemisphere
MOST_SHARP = 400  # regions up to which an image is stored at the resolution of the data


@dataclass(frozen=True)
class RegionOrder:
    """Regions by hemisphere.

    Attributes
    ----------
    index : array (region,)
        Positions in the dataset, in the order of the figure.
    groups : list of (hemisphere, start, stop)
        Empty if the hemispheres are not known.
    """

    index: np.ndarray
    groups: list[tuple[str, int, int]]


def region_order(dataset: xr.Dataset) -> RegionOrder:
    """Left, right, others, each in the order of the dataset."""
    count = dataset.sizes["region"]
    if "hemisphere" not in dataset.coords:
        return RegionOrder(np.arange(count), [])
    sides = np.array([side if side in HEMISPHERES else "" for side in dataset["hemisphere"].values.astype(str)])
    if not (sides != "").any():
        return RegionOrder(np.arange(count), [])
    index, groups = [], []
    for side in (*HEMISPHERES, ""):
        here = np.flatnonzero(sides == side).tolist()
        if here:
            groups.append((side, len(index), len(index) + len(here)))
            index += here
    return RegionOrder(np.array(index), groups)


def mark_hemispheres(axes: Axes, order: RegionOrder, along: str = "y") -> None:
    """Replace the ticks of an axis of regions by coloured bands with the hemispheres' names."""
    axis = axes.yaxis if along == "y" else axes.xaxis
    if not order.groups:
        axis.set_ticks([])
        axis.set_label_text(f"Regions (1 to {len(order.index)})")
        return
    inch = axes.figure.dpi_scale_trans
    for side, start, stop in order.groups:
        ends, nowhere = (start - 0.5, stop - 0.5), (0.0, 0.0)
        if along == "y":
            place = axes.get_yaxis_transform() + ScaledTranslation(-BAND_MM * MM, 0.0, inch)
            line = Line2D(nowhere, ends)
        else:
            place = axes.get_xaxis_transform() + ScaledTranslation(0.0, -BAND_MM * MM, inch)
            line = Line2D(ends, nowhere)
        line.set(transform=place, color=HEMISPHERES.get(side, MIDLINE), linewidth=2.5)
        line.set(solid_capstyle="butt", clip_on=False)
        axes.add_artist(line)
    middles = [0.5 * (start + stop - 1) for _, start, stop in order.groups]
    axis.set_ticks(middles, [NAMES[side] for side, _, _ in order.groups])
    axis.set_tick_params(length=0, pad=4.5)
    axis.labelpad = 5.0
    if along == "y":
        for text in axis.get_ticklabels():
            text.set(rotation=90, va="center")


def draw_matrix(axes: Axes, matrix: np.ndarray, order: RegionOrder, cmap: str, norm: Normalize) -> AxesImage:
    """Draws a matrix [region, region], its first row at the top, in the order of the hemispheres."""
    axes.set_facecolor(UNDEFINED)
    image = axes.imshow(matrix[np.ix_(order.index, order.index)], cmap=cmap, norm=norm, interpolation=resampling(order))
    for side in ("top", "right"):
        axes.spines[side].set_visible(True)
    for _, _, stop in order.groups[:-1] if np.isfinite(matrix).any() else ():
        axes.axhline(stop - 0.5, color=INK, linewidth=0.4)
        axes.axvline(stop - 0.5, color=INK, linewidth=0.4)
    mark_hemispheres(axes, order, "y")
    mark_hemispheres(axes, order, "x")
    return image


def resampling(order: RegionOrder) -> str:
    """How an image with a row per region is resampled: not at all where its pixels are larger than the printer's."""
    return "none" if len(order.index) <= MOST_SHARP else "auto"


def from_edges(values: np.ndarray, dataset: xr.Dataset, diagonal: float = np.nan) -> np.ndarray:
    """Build the symmetric matrix [region, region] from values on pairs of regions."""
    matrix = np.full((dataset.sizes["region"],) * 2, diagonal)
    if "region_i" in dataset.coords:
        i, j = dataset["region_i"].values, dataset["region_j"].values
    else:
        i, j = np.triu_indices(dataset.sizes["region"], 1)
    matrix[i, j] = matrix[j, i] = values
    return matrix
