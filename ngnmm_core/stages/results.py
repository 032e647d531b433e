"""What a job of any stage gives: its arrays with their dimensions and meaning, as variables or as a dataset."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ngnmm_core.analysis.contract import Variable
from ngnmm_core.storage.netcdf import Variables

if TYPE_CHECKING:
    import xarray as xr


def as_variables(
    results: Mapping[str, np.ndarray],
    variables: Iterable[Variable],
    coordinates: Mapping[str, tuple[Any, str, str]],
) -> Variables:
    """Arrays [point, ...] as variables, each with its unit and meaning, and after them those of their dimensions."""
    found: Variables = {}
    for variable in variables:
        if variable.name in results:
            values = np.asarray(results[variable.name]).astype(variable.dtype)
            found[variable.name] = (("point", *variable.dims), values, dict(variable.attributes))
    used = {dimension for dims, _, _ in found.values() for dimension in dims}
    for name, (values, unit, long_name) in coordinates.items():
        if name in used:
            found[name] = ((name,), np.asarray(values), {"units": unit, "long_name": long_name})
    return found


def as_dataset(variables: Variables) -> "xr.Dataset":
    """Variables as a dataset; those that are named as their dimension are its coordinates."""
    import xarray as xr

    return xr.Dataset({name: xr.Variable(*variable) for name, variable in variables.items()})
