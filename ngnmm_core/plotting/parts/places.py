"""Values of regions on the brain: on the cortical surface where the parcellation has one, else at their centres."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import FigureBase

from ngnmm_core.plotting.parts.brain import region_centres, three_views, view_height, view_widths
from ngnmm_core.plotting.parts.surface import Surface, draw_surface, surface_of

NAME_MM = 5.0  # below a view of the surface


@dataclass(frozen=True)
class Brain:
    """Where the regions of a dataset are drawn; at least one of the two is known.

    Attributes
    ----------
    surface : Surface, optional
    centres : array (region, xyz), optional
        In mm.
    """

    surface: Surface | None
    centres: np.ndarray | None

    def height(self, width: float, columns: int = 4) -> float:
        """Height in mm of views that are `width` mm wide in all; those of the surface stand in 2 or 4 columns."""
        if self.surface is None:
            return width * view_height(self.centres) / sum(view_widths(self.centres))
        return len(self.surface.views) / columns * (width / columns * self.surface.aspect + NAME_MM)


def brain_of(dataset: xr.Dataset) -> Brain | None:
    """Find where the regions of a dataset can be drawn; None if nothing is known of that."""
    surface, centres = surface_of(dataset), region_centres(dataset)
    return None if surface is None and centres is None else Brain(surface, centres)


def draw_on_brain(
    part: FigureBase,
    brain: Brain,
    values: np.ndarray,
    colours: tuple[str, Normalize],
    sizes: np.ndarray | float = 14.0,
    columns: int = 4,
) -> tuple[Sequence[Axes], ScalarMappable]:
    """Draw a value per region; return the panels, the upper left one first, and what a colour bar needs.

    Parameters
    ----------
    part : Figure or SubFigure
    brain : Brain
    values : array (region,)
        NaN is drawn as an open circle, or in a light grey on the surface.
    colours : (colour map, Normalize)
    sizes : array (region,) or float
        Areas of markers in square points; of no use on the surface.
    columns : {4, 2}
        In which the four views of the surface stand.
    """
    if brain.surface is None:
        panels = part.subplots(1, 3, width_ratios=view_widths(brain.centres))
        return panels, three_views(panels, brain.centres, values, colours, sizes)
    grid = part.subplots(4 // columns, columns, squeeze=False)
    # in two columns both hemispheres stand side by side, lateral views above medial ones
    panels = list(grid[0]) if columns == 4 else [grid[0, 0], grid[1, 0], grid[1, 1], grid[0, 1]]
    return panels, draw_surface(panels, brain.surface, values, colours)
