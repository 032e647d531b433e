"""What a job of any stage gives: its arrays as a dataset."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ngnmm_core.analysis.contract import Variable

if TYPE_CHECKING:
    import xarray as xr


def as_dataset(
    results: Mapping[str, np.ndarray],
    variables: Iterable[Variable],
    coordinates: Mapping[str, tuple[Any, str, str]],
) -> "xr.Dataset":
    """Arrays [point, ...] as a dataset, each with its unit and meaning."""
    import xarray as xr

    data = {}
    for variable in variables:
        if variable.name in results:
            values = np.asarray(results[variable.name]).astype(variable.dtype)
            data[variable.name] = xr.Variable(("point", *variable.dims), values, variable.attributes)
    dataset = xr.Dataset(data)
    for name, (values, unit, long_name) in coordinates.items():
        if name in dataset.dims:
            dataset = dataset.assign_coords({name: xr.Variable(name, values, {"units": unit, "long_name": long_name})})
    return dataset
