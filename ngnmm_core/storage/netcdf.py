"""Writes a dataset to netCDF so that the file is complete or not there, and the same dataset gives the same bytes.

Jobs write variables without xarray, which would take as long to import as the file to write.  What they write is what
xarray makes of the same dataset.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from ngnmm_core.storage.atomic import whole_file

if TYPE_CHECKING:
    import xarray as xr

COMPRESSED_ABOVE = 1000  # bytes; below, the chunk's overhead exceeds the gain

# dimensions, values and attributes by name; one that is named as its only dimension is a coordinate
Variables: TypeAlias = dict[str, tuple[tuple[str, ...], np.ndarray, dict[str, Any]]]


def write_netcdf(dataset: "xr.Dataset", path: str | Path) -> Path:
    """Write `dataset` to `path`, by way of a temporary file in the same directory that is then renamed.

    Numeric arrays larger than 1 kB are compressed (zlib level 4 with shuffle).  Whatever encoding the variables carry
    from a file that they were read from is left aside, so that the bytes depend on the dataset alone (and the versions
    of the libraries).  Missing directories are made.

    Parameters
    ----------
    dataset : xarray.Dataset
        Numbers (real) and strings.
    path : str or Path
        The file to write; replaced if it exists, untouched if writing fails.

    Returns
    -------
    Path
        `path`.

    Raises
    ------
    TypeError
        An attribute that netCDF can't hold (None, bool, dict, ...), or a complex variable; names it.
    OSError
        If the file can't be written, e.g. on a full disk.
    """
    path = Path(path)
    _check_attributes("the dataset", dataset.attrs)
    for name, variable in dataset.variables.items():
        _check_variable(name, variable.dtype, variable.attrs)
    plain = dataset.drop_encoding()
    encoding = {name: _encoding(variable, name in plain.coords) for name, variable in plain.variables.items()}
    with whole_file(path) as temporary:
        plain.to_netcdf(temporary, engine="netcdf4", format="NETCDF4", encoding=encoding)
    return path


def write_variables(variables: Variables, attributes: Mapping[str, Any], path: str | Path) -> Path:
    """Write variables, numbers or text, and attributes of the file, as `write_netcdf` writes the dataset of them.

    Raises
    ------
    TypeError
        An attribute or a variable that netCDF can't hold; names it.
    OSError
        If the file can't be written, e.g. on a full disk.
    """
    path = Path(path)
    _check_attributes("the dataset", dict(attributes))
    for name, (_, values, about) in variables.items():
        if values.dtype.kind not in "fiucUS":
            raise TypeError(f"variable '{name}' is of type {values.dtype}; a job's variables are numbers or text")
        _check_variable(name, values.dtype, about)
    with whole_file(path) as temporary:
        _write(variables, attributes, temporary)
    return path


def _write(variables: Variables, attributes: Mapping[str, Any], path: Path) -> None:
    from netCDF4 import Dataset

    with Dataset(path, "w", format="NETCDF4") as file:
        file.setncatts(dict(attributes))
        for name, (dims, values, about) in variables.items():
            for dimension, length in zip(dims, values.shape, strict=True):
                if dimension not in file.dimensions:
                    file.createDimension(dimension, length)
            encoding = _encoding(values, dims == (name,))
            fill, kind = encoding.pop("_FillValue"), str if values.dtype.kind in "US" else values.dtype
            variable = file.createVariable(name, kind, dims, fill_value=fill, **encoding)
            variable.setncatts(about)
            variable.set_auto_maskandscale(False)
            variable[...] = values.astype(object) if kind is str else values


def _encoding(variable: "xr.Variable | np.ndarray", coordinate: bool) -> dict[str, Any]:
    # NaN means missing in data; a coordinate may not have missing values (CF), so it gets no fill value.
    fill = float("nan") if variable.dtype.kind == "f" and not coordinate else None
    encoding: dict[str, Any] = {"_FillValue": fill}
    if variable.dtype.kind in "fiub" and variable.ndim and variable.nbytes > COMPRESSED_ABOVE:
        encoding |= {"zlib": True, "complevel": 4, "shuffle": True}
    return encoding


def _check_variable(name, dtype: np.dtype, attributes: dict) -> None:
    _check_attributes(f"variable '{name}'", attributes)
    if dtype.kind == "c":
        raise TypeError(f"variable '{name}' is complex; netCDF holds real numbers: store its real and imaginary part")


def _check_attributes(owner: str, attributes: dict) -> None:
    for name, value in attributes.items():
        items = value if isinstance(value, list | tuple) else [value]
        numeric = isinstance(value, np.ndarray) and value.dtype.kind in "fiu"
        if not numeric and not all(
            isinstance(item, str | int | float | np.integer | np.floating) and not isinstance(item, bool)
            for item in items
        ):
            raise TypeError(
                f"{owner}: attribute '{name}' is {value!r}; netCDF holds text, numbers and lists of them; "
                f"others as JSON"
            )
