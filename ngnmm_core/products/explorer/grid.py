"""The points of a sweep as a list, with the value of every axis, whether they form a grid or not."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr

from ngnmm_core.plotting.parts.labels import number
from ngnmm_core.plotting.parts.layout import POINT
from ngnmm_core.plotting.parts.quantities import swept


@dataclass(frozen=True)
class PointList:
    """All points of a sweep, row by row of its grid.

    Attributes
    ----------
    dims : tuple of str
        The dimensions of the grid, or `point`.
    shape : tuple of int
    axes : list of dict
        Name, unit, meaning, values (as text) and whether they are equally spaced, of everything that varies.
    index : array (axis, point)
        Which of its values every axis has at every point.
    """

    dims: tuple[str, ...]
    shape: tuple[int, ...]
    axes: list[dict[str, Any]]
    index: np.ndarray

    @property
    def count(self) -> int:
        """Number of points."""
        return int(np.prod(self.shape, dtype=int))

    def spread(self, variable: xr.DataArray) -> np.ndarray:
        """Spread a variable with a subset of the grid's dimensions into an array (point, ...)."""
        missing = {d: n for d, n in zip(self.dims, self.shape, strict=True) if d not in variable.dims}
        full = variable.expand_dims(missing).transpose(*self.dims, ...)
        return full.values.reshape(self.count, *full.shape[len(self.dims) :])

    def own(self, variable: xr.DataArray) -> tuple[np.ndarray, np.ndarray]:
        """Return a variable on its own dimensions of the grid (row, ...), and the row that every point has."""
        dims = [d for d in self.dims if d in variable.dims]
        values = variable.transpose(*dims, ...).values
        shape = values.shape[: len(dims)]
        rows = xr.DataArray(np.arange(int(np.prod(shape, dtype=int))).reshape(shape), dims=dims)
        return values.reshape(-1, *values.shape[len(dims) :]), self.spread(rows)


def point_list(dataset: xr.Dataset, dims: Sequence[str]) -> PointList:
    """List the points of a sweep; `dims` are the dimensions of its grid."""
    dims = tuple(d for d in dims if d in dataset.dims)
    shape = tuple(dataset.sizes[d] for d in dims)
    if not dims:
        axis, index = _axis(POINT, np.array(["the only one"]), {})
        return PointList((), (), [axis], index[None])
    if dims == (POINT,):
        columns = [(name, dataset[name].values, dataset[name].attrs) for name in swept(dataset)]
        columns = columns or [(POINT, np.arange(dataset.sizes[POINT]), {"long_name": "number of the point"})]
        made = [_axis(name, values, attributes) for name, values, attributes in columns]
        return PointList(dims, shape, [axis for axis, _ in made], np.array([index for _, index in made]))
    axes, positions = [], np.indices(shape).reshape(len(dims), -1)
    for name in dims:
        values = dataset[name].values if name in dataset.coords else np.arange(dataset.sizes[name])
        attributes = dataset[name].attrs if name in dataset.coords else {}
        axes.append(_described(name, values, attributes))
    return PointList(dims, shape, axes, positions)


def _axis(name: str, values: np.ndarray, attributes: dict) -> tuple[dict[str, Any], np.ndarray]:
    distinct, index = np.unique(values, return_inverse=True)
    return _described(name, distinct, attributes), index


def _described(name: str, values: np.ndarray, attributes: dict) -> dict[str, Any]:
    numeric = np.issubdtype(values.dtype, np.number)
    steps = np.diff(values.astype(float)) if numeric else np.zeros(0)
    return {
        "name": str(name),
        "unit": str(attributes.get("units", "1")),
        "text": str(attributes.get("long_name", "")),
        "values": [number(float(v)) if numeric else str(v) for v in values],
        "even": bool(not len(steps) or np.allclose(steps, steps[0], rtol=1e-6)),
    }
