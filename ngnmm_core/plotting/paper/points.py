"""Choosing points of a list, and what is common to figures of single points."""

import numpy as np
import xarray as xr

from ngnmm_core.plotting.parts.labels import assignments

ORDER = ("I_ext_e", "G")


def at(points: xr.Dataset, **values: float) -> xr.Dataset:
    """Select the one highlight at the given parameter values.

    Raises
    ------
    KeyError
        If there is none.
    """
    match = np.ones(points.sizes["highlight"], bool)
    for name, value in values.items():
        match &= points[name].values == value
    if not match.any():
        raise KeyError(f"no highlight at {values}")
    return points.isel(highlight=int(np.argmax(match)))


def name_of(point: xr.Dataset) -> str:
    """Give, in words, the parameters that tell a point from the others."""
    return assignments({name: float(point[name]) for name in ORDER})


def last(point: xr.Dataset, span_ms: float) -> xr.DataArray:
    """Return the last `span_ms` of a point's series, [region, time]."""
    series = point["observable_series"].transpose("region", "time")
    return series.isel(time=series["time"].values > float(series["time"][-1]) - span_ms)
