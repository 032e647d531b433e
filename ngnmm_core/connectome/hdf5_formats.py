"""Connectomes in HDF5: of The Virtual Brain (.h5), of MATLAB 7.3 (.mat), and others with named arrays."""

import warnings
from collections.abc import Iterator
from functools import partial

import numpy as np

from ngnmm_core.connectome.arrays import ConnectomeArrays, ConnectomeWarning
from ngnmm_core.connectome.contents import check_regions
from ngnmm_core.connectome.variables import LABELS, NUMBERS, OTHER, TEXT, Variable, from_variables
from ngnmm_core.errors import InputError

REFERENCES = "#refs#"  # the group in which MATLAB keeps what cells hold


def read_hdf5(data: bytes, variable: str | None, what: str) -> ConnectomeArrays:
    """Read an HDF5 file with named arrays, such as The Virtual Brain writes."""
    return from_variables(hdf5_variables(data, what), variable, what)


def hdf5_variables(data: bytes, what: str) -> dict[str, Variable]:
    """All arrays of an HDF5 file by their paths, `group/name`.

    MATLAB writes the axes of arrays in reverse; they are put right.  Cells can't be read by way of netCDF: what they
    hold is told of in a warning.

    Raises
    ------
    InputError
        If the file cannot be read.

    Warns
    -----
    ConnectomeWarning
        If a MATLAB file has cells, which may hold labels.
    """
    import netCDF4

    matlab = b"MATLAB 7.3" in data[:128]
    try:
        with netCDF4.Dataset("connectome", memory=data) as file:
            cells = matlab and REFERENCES in file.groups
            shapes = {path: (v.shape, _kind(v)) for path, v in _walk(file)}
            sparse = [name for name, group in file.groups.items() if "MATLAB_sparse" in group.ncattrs()]
    except Exception:  # the library raises whatever HDF5 says of a damaged file
        raise InputError(f"{what}: not an HDF5 file that can be read; allowed: a whole file") from None
    found = {}
    for path, (shape, kind) in shapes.items():
        if path.partition("/")[0] not in sparse:
            turned = tuple(int(n) for n in (shape[::-1] if matlab else shape))
            if kind == "char":
                turned, kind = turned[:1], TEXT
            found[path] = Variable(turned, kind, partial(_load, data, path, matlab))
    for name in sparse:
        rows = _load_group(data, name)[0]
        found[name] = Variable((rows, rows), NUMBERS, partial(_sparse, data, name, what))
    if cells and not any(name.lower().replace("_", "") in LABELS for name in found):
        note = (
            "its cells, which may hold labels, can't be read from MATLAB 7.3 (save them with '-v7', or give 'labels')"
        )
        warnings.warn(f"{what}: {note}", ConnectomeWarning, stacklevel=1)
    return found


def _walk(group, prefix: str = "") -> Iterator[tuple]:
    """Every variable of a file with its path, but for what MATLAB's references lead to."""
    for name, variable in group.variables.items():
        yield prefix + name, variable
    for name, below in group.groups.items():
        if name != REFERENCES:
            yield from _walk(below, f"{prefix}{name}/")


def _kind(variable) -> str:
    if getattr(variable, "MATLAB_class", None) == "char":
        return "char"
    if variable.dtype is str or np.dtype(variable.dtype).kind in "US":
        return TEXT
    return NUMBERS if np.dtype(variable.dtype).kind in "fiub" else OTHER


def _load(data: bytes, path: str, matlab: bool) -> np.ndarray:
    import netCDF4

    with netCDF4.Dataset("connectome", memory=data) as file:
        file.set_auto_maskandscale(False)
        variable = file[path]
        values = np.array(variable[...]).T if matlab else np.array(variable[...])
        if _kind(variable) != "char":
            return values
        return np.array(["".join(map(chr, row)).rstrip(" \0") for row in np.atleast_2d(values)])


def _load_group(data: bytes, name: str) -> tuple:
    """Load the parts of a sparse MATLAB matrix: number of rows, values, row indices and starts of columns."""
    import netCDF4

    with netCDF4.Dataset("connectome", memory=data) as file:
        group = file[name]
        parts = (
            np.array(group[part][...]) if part in group.variables else np.zeros(0) for part in ("data", "ir", "jc")
        )
        return int(group.MATLAB_sparse), *parts


def _sparse(data: bytes, name: str, what: str) -> np.ndarray:
    from scipy.sparse import csc_array

    rows, values, places, starts = _load_group(data, name)
    check_regions(rows, what)
    matrix = csc_array((values, places.astype(np.int64), starts.astype(np.int64)), (rows, len(starts) - 1))
    matrix.check_format(full_check=True)
    return matrix.toarray()
