"""Writes a dataset to netCDF so that the file is complete or not there, and the same dataset gives the same bytes."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ngnmm_core.storage.atomic import whole_file

if TYPE_CHECKING:
    import xarray as xr

COMPRESSED_ABOVE = 1000  # bytes; below, the chunk's overhead exceeds the gain


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
        _check_attributes(f"variable '{name}'", variable.attrs)
        if variable.dtype.kind == "c":
            raise TypeError(
                f"variable '{name}' is complex; netCDF holds real numbers: store its real and imaginary part"
            )
    plain = dataset.drop_encoding()
    encoding = {name: _encoding(variable, name in plain.coords) for name, variable in plain.variables.items()}
    with whole_file(path) as temporary:
        plain.to_netcdf(temporary, engine="netcdf4", format="NETCDF4", encoding=encoding)
    return path


def _encoding(variable: "xr.Variable", coordinate: bool) -> dict[str, Any]:
    # NaN means missing in data; a coordinate may not have missing values (CF), so it gets no fill value.
    fill = float("nan") if variable.dtype.kind == "f" and not coordinate else None
    encoding: dict[str, Any] = {"_FillValue": fill}
    if variable.dtype.kind in "fiub" and variable.ndim and variable.nbytes > COMPRESSED_ABOVE:
        encoding |= {"zlib": True, "complevel": 4, "shuffle": True}
    return encoding


def _check_attributes(owner: str, attributes: dict) -> None:
    import numpy as np

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
