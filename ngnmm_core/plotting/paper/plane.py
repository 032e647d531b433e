"""Images over the plane of input and coupling, fine enough that cells are pixels."""

import numpy as np
import xarray as xr

from ngnmm_core.plotting.parts.labels import symbol
from ngnmm_core.plotting.parts.style import UNDEFINED

X, Y = "I_ext_e", "G"


def image(axes, field: xr.DataArray, **style):
    """Show a field over the plane; undefined cells are grey."""
    values = field.transpose(Y, X)
    axes.set_facecolor(UNDEFINED)
    return axes.imshow(
        np.ma.masked_invalid(values.values.astype(float)), origin="lower", aspect="auto", extent=extent(values),
        interpolation="nearest", rasterized=True, **style,
    )  # fmt: skip


def extent(values: xr.DataArray) -> tuple[float, float, float, float]:
    """Edges of the outer cells."""
    edges = []
    for name in (X, Y):
        coordinates = values[name].values
        half = 0.5 * (coordinates[1] - coordinates[0])
        edges += [coordinates[0] - half, coordinates[-1] + half]
    return tuple(edges)


def contour(axes, field: xr.DataArray, level: float, **style) -> None:
    """Draw a level line of a field, broken where the field is not defined."""
    values = field.transpose(Y, X)
    if np.nanmin(values) < level < np.nanmax(values):
        axes.contour(values[X], values[Y], np.ma.masked_invalid(values.values), levels=[level], **style)


def label_plane(axes, left: bool = True) -> None:
    """Names of the axes."""
    axes.set_xlabel(symbol(X))
    if left:
        axes.set_ylabel(symbol(Y))
