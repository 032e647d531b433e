"""Values of regions on the cortical surface, for parcellations whose views come with the package.

A view is a picture made beforehand (`tools/surface_views.py`): the region that every pixel shows, and how light it is.
Colouring it needs neither a mesh nor a network.
"""

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import xarray as xr
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize, to_rgb
from matplotlib.image import AxesImage

from ngnmm_core.plotting.parts.style import MUTED, PAPER

FOLDER = Path(__file__).with_name("surfaces")
BESIDE, BARE = 255, 0  # in a file: beside the brain, and cortex that belongs to no region
GREY, UNKNOWN = "#d5d5d0", "#f0f0ee"  # of the medial wall, and of regions without a value
DIMMEST, BORDER = 0.62, 0.45  # of colours in the shade, and of the lines between regions


@dataclass(frozen=True)
class Surface:
    """Views of the cortex of a parcellation.

    Attributes
    ----------
    region : array (view, row, column)
        Position of the region in the dataset; `len(region names)` for cortex without one, one more beside the brain.
    shade : array (view, row, column)
        From 0 (dark) to 1.
    regions : int
        Their number in the dataset.
    views : tuple of str
        Left lateral, left medial, right medial, right lateral.
    """

    region: np.ndarray
    shade: np.ndarray
    regions: int
    views: tuple[str, ...]

    @property
    def aspect(self) -> float:
        """Height of a view in units of its width."""
        return self.region.shape[1] / self.region.shape[2]


@functools.cache
def parcellations() -> dict[str, tuple[str, ...]]:
    """Names of the regions of the parcellations that have views, by the name of the file."""
    found = {}
    for path in sorted(FOLDER.glob("*.npz")):
        with np.load(path) as content:
            found[path.stem] = tuple(content["name"].tolist())
    return found


def surface_of(dataset: xr.Dataset) -> Surface | None:
    """Find the views of the parcellation whose region names a dataset has; None where there are none.

    Regions that are not in the dataset are drawn as cortex without a region.
    """
    if "region" not in dataset.coords:
        return None
    labels = dataset["region"].values.astype(str).tolist()
    for stem, names in parcellations().items():
        if set(labels) <= set(names):
            return _arranged(stem, tuple(labels))
    return None


@functools.lru_cache(maxsize=2)
def _arranged(stem: str, labels: tuple[str, ...]) -> Surface:
    """Put the positions of regions in a dataset into the views, for their numbers in the parcellation."""
    with np.load(FOLDER / f"{stem}.npz") as content:
        number, shade = content["region"], content["shade"] / 255.0
        names, views = content["name"].tolist(), tuple(content["view"].tolist())
    position = np.full(256, len(labels))
    position[BESIDE] = len(labels) + 1
    for place, label in enumerate(labels):
        position[names.index(label) + 1] = place
    return Surface(position[number], shade, len(labels), views)


def draw_surface(
    panels: Sequence[Axes], surface: Surface, values: np.ndarray, colours: tuple[str, Normalize]
) -> ScalarMappable:
    """Colour the four views by the values of regions; return what a colour bar needs.

    Parameters
    ----------
    panels : four Axes
        In the order of `surface.views`.
    surface : Surface
    values : array (region,)
        NaN is drawn in a light grey, as the legend says; the medial wall in a darker one.
    colours : (colour map, Normalize)
    """
    for axes, picture, view in zip(panels, pictures(surface, values, colours), surface.views, strict=True):
        axes.imshow(picture, interpolation="antialiased")
        axes.set_axis_off()
        axes.text(0.5, -0.02, view, transform=axes.transAxes, ha="center", va="top", color=MUTED)
    return ScalarMappable(colours[1], colours[0])


def pictures(surface: Surface, values: np.ndarray, colours: tuple[str, Normalize]) -> np.ndarray:
    """Paint the views, array (view, row, column, rgb) from 0 to 1."""
    cmap, norm = colours
    values = np.asarray(values, float)
    table = np.empty((surface.regions + 2, 3))
    table[:-2] = colormaps[cmap](norm(np.nan_to_num(values)))[:, :3]
    table[:-2][~np.isfinite(values)] = to_rgb(UNKNOWN)
    table[-2:] = to_rgb(GREY), to_rgb(PAPER)
    light = DIMMEST + (1.0 - DIMMEST) * surface.shade
    light = np.where(_borders(surface.region), BORDER * light, light)
    light[surface.region == surface.regions + 1] = 1.0
    return table[surface.region] * light[..., None]


def _borders(region: np.ndarray) -> np.ndarray:
    """Pixels whose neighbour to the right or below shows something else."""
    found = np.zeros(region.shape, bool)
    found[:, :, :-1] = region[:, :, :-1] != region[:, :, 1:]
    found[:, :-1] |= region[:, :-1] != region[:, 1:]
    return found


def recolour(images: Sequence[AxesImage], surface: Surface, values: np.ndarray, colours: tuple[str, Normalize]) -> None:
    """Replace the colours of views that are drawn, as a film does from frame to frame."""
    for image, picture in zip(images, pictures(surface, values, colours), strict=True):
        image.set_data(picture)
