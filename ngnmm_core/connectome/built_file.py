"""A built connectome as jobs read it, and how any reader knows that it is one as built.

Jobs need a few arrays of the file.  Reading them does without xarray, which takes longer to import than a job takes to
start; who explores a connectome gets a dataset (`ngnmm_core.connectome.datasets`).
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ngnmm_core.connectome.paths import existing_file
from ngnmm_core.errors import InputError

if TYPE_CHECKING:
    import xarray as xr

COORDINATES = "coordinates"  # attribute that names those of a variable or of the file (CF)


@dataclass(frozen=True, eq=False)
class Array:
    """A variable of a file: its values with the names of their dimensions."""

    dims: tuple[str, ...]
    values: np.ndarray

    def transpose(self, *dims: str) -> "Array":
        """Give the values with the dimensions in this order."""
        return Array(dims, self.values.transpose([self.dims.index(name) for name in dims]))


@dataclass(frozen=True, eq=False)
class BuiltFile:
    """What a file holds, under the names that a dataset has for it.

    Attributes
    ----------
    variables : dict of str to Array
    coords : dict of str to Array
        Those that are coordinates.
    attrs : dict
        Attributes of the file.
    """

    variables: dict[str, Array]
    coords: dict[str, Array]
    attrs: dict[str, Any]

    def __contains__(self, name: str) -> bool:
        return name in self.variables

    def __getitem__(self, name: str) -> Array:
        return self.variables[name]

    def get(self, name: str) -> Array | None:
        """Give a variable, or None if the file has none of this name."""
        return self.variables.get(name)


def read_built(path: str | Path) -> BuiltFile:
    """Read a built connectome.

    Raises
    ------
    InputError
        As `ngnmm_core.connectome.load_connectome`.
    """
    import netCDF4

    path = existing_file("connectome file", path)
    try:
        with netCDF4.Dataset(path) as file:
            file.set_auto_maskandscale(False)  # what is missing is NaN
            variables = {name: Array(variable.dimensions, variable[...]) for name, variable in file.variables.items()}
            described: list[Any] = [file, *file.variables.values()]
            attributes = [{key: one.getncattr(key) for key in one.ncattrs()} for one in described]
    except (OSError, ValueError):
        raise unreadable(path) from None
    named = {name for each in attributes for name in each.get(COORDINATES, "").split()}
    coords = {name: array for name, array in variables.items() if name in named or array.dims == (name,)}
    about = {key: value for key, value in attributes[0].items() if key != COORDINATES}
    built = BuiltFile(variables, coords, about)
    check_built(built, path)
    return built


def unreadable(path: Path) -> InputError:
    """Say that a file is none that can be read."""
    return InputError(f"{path}: not a netCDF file that can be read; allowed: a connectome built here")


def check_built(dataset: "xr.Dataset | BuiltFile", path: Path) -> None:
    """Refuse what `build_connectome` has not made, or what has been edited since.

    Raises
    ------
    InputError
        If there are no weights, or those of the mean or of the subjects don't fit their hash.
    """
    if "weights" not in dataset or "weights_hash" not in dataset.attrs:
        raise InputError(f"{path}: has no variable 'weights' with a 'weights_hash'; allowed: a connectome built here")
    found = weights_hash(dataset["weights"].values, [str(label) for label in dataset["region"].values])
    if found != dataset.attrs["weights_hash"]:
        raise InputError(
            f"{path}: the weights have hash {found[:12]}, the file says {dataset.attrs['weights_hash'][:12]}; "
            f"allowed: a connectome as built, not edited"
        )
    if "subject_weights" in dataset:
        names = [str(name) for name in dataset["subject"].values]
        if subjects_hash(dataset["subject_weights"].values, names) != dataset.attrs.get("subjects_hash"):
            raise InputError(f"{path}: the weights of the subjects don't fit their hash; allowed: a file as built")


def weights_hash(weights: np.ndarray, labels: Sequence[str]) -> str:
    """SHA-256 of what a simulation depends on: the weights (float64, little endian, C order) and the region names."""
    digest = hashlib.sha256(np.ascontiguousarray(weights, dtype="<f8").tobytes())
    digest.update("\n".join(labels).encode())
    return digest.hexdigest()


def subjects_hash(weights: np.ndarray, subjects: Sequence[str]) -> str:
    """SHA-256 of the weights of all subjects and of their names."""
    return weights_hash(weights, subjects)
