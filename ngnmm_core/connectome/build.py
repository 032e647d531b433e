"""Builds a connectome as a labelled dataset, from the registry or from a user's file, and loads a built one."""

import hashlib
import sys
from pathlib import Path

import numpy as np
import xarray as xr

from ngnmm_core.connectome.arrays import ConnectomeArrays, checked
from ngnmm_core.connectome.fetch import opened_source
from ngnmm_core.connectome.formats import read_connectome_file
from ngnmm_core.connectome.readers import read_entry
from ngnmm_core.connectome.registry import Registry, SourceEntry, load_registry
from ngnmm_core.connectome.spec import ConnectomeSpec, existing_file, file_sha256, output_name
from ngnmm_core.errors import InputError

CONVENTION = "weights[i, j] is the weight of the input that region i (row) receives from source_region j (column)"


def build_connectome(spec: ConnectomeSpec, registry: Registry | None = None) -> xr.Dataset:
    """Fetches, reads and checks a connectome.

    For an entry of the registry the terms of use and what to cite are printed to standard error.

    Parameters
    ----------
    spec : ConnectomeSpec
        The study's key `connectome`.
    registry : Registry, optional
        The named connectomes; without it the repository's.

    Returns
    -------
    xarray.Dataset
        Dims `region` and `source_region`, with labels.  Variables `weights` (region, source_region), not normalised,
        diagonal zero; and where the source has them `tract_length` (mm), `empirical_fc` (region, source_region) and
        `bold` (subject, region, time).  Coordinates `hemisphere`, `lobe`, `centre_x`, `centre_y`, `centre_z` (mm),
        `region_volume` (mm3).
        Attributes `name`, `title`, `atlas`, `source`, `source_sha256`, `terms`, `citation`, `comment`, `weights_hash`
        (`weights_hash`).

    Raises
    ------
    InputError
        Unknown name, missing file, failed download, another hash than the registry's, or a matrix that is not one.
    """
    if spec.name:
        entry = (registry or load_registry()).entry(spec.name)
        if entry.source is None:
            return _isolated(spec.name, entry)
        print(notice(spec.name, entry), file=sys.stderr, flush=True)
        with opened_source(spec.name, entry, spec.path) as read:
            arrays = checked(read_entry(spec.name, entry, read), f"connectome {spec.name}")
        if len(arrays.weights) != entry.regions:
            raise InputError(
                f"connectome {spec.name}: {len(arrays.weights)} regions; allowed: {entry.regions}, as in the registry"
            )
        source = f"{entry.wheel.name} {entry.wheel.version} (wheel)" if entry.wheel else entry.file.filename
        attributes = {
            "name": spec.name,
            "title": entry.title,
            "atlas": entry.atlas,
            "source": source,
            "source_sha256": entry.source.sha256,
            "terms": entry.terms,
            "citation": "; ".join(entry.citation),
        }
        return as_dataset(arrays, attributes)
    arrays = read_connectome_file(spec.path, spec.labels, spec.variable, spec.transpose)
    path = existing_file("connectome.path", spec.path)
    attributes = {
        "name": output_name(spec),
        "title": f"{path.name} ({len(arrays.labels)} regions)",
        "atlas": "not stated",
        "source": path.name,
        "source_sha256": file_sha256(path),
        "terms": "not stated",
        "citation": "not stated",
    }
    return as_dataset(arrays, attributes)


def _isolated(name: str, entry: SourceEntry) -> xr.Dataset:
    """Regions without any connection: nothing is read, and there are no terms to be told."""
    labels = ["population"] if entry.regions == 1 else None
    arrays = ConnectomeArrays(np.zeros((entry.regions, entry.regions)), labels)
    attributes = dict.fromkeys(("source", "source_sha256", "terms", "citation"), "none")
    about = {"name": name, "title": entry.title, "atlas": entry.atlas, **attributes}
    return as_dataset(checked(arrays, f"connectome {name}", fewest=1), about)


def notice(name: str, entry: SourceEntry) -> str:
    """What a user has to know before using the data of an entry."""
    cite = "\n".join(f"  - {item}" for item in entry.citation)
    return f"Connectome {name}: {entry.title}\nTerms of use: {entry.terms}\nPlease cite:\n{cite}"


def as_dataset(arrays: ConnectomeArrays, attributes: dict[str, str]) -> xr.Dataset:
    """The dataset of checked arrays; see `build_connectome`."""
    labels = np.array(arrays.labels, dtype=object)
    coordinates = {
        "region": ("region", labels, {"long_name": "brain region (target of the weights)"}),
        "source_region": ("source_region", labels, {"long_name": "brain region (source of the weights)"}),
    }
    if arrays.hemisphere:
        side = {"long_name": "hemisphere", "comment": "L left, R right, empty where not stated"}
        coordinates["hemisphere"] = ("region", np.array(arrays.hemisphere, dtype=object), side)
    if arrays.lobe:
        coordinates["lobe"] = ("region", np.array(arrays.lobe, dtype=object), {"long_name": "lobe or group of nuclei"})
    if arrays.centres is not None:
        directions = {"x": "left to right", "y": "posterior to anterior", "z": "inferior to superior"}
        for axis, values in zip("xyz", arrays.centres.T, strict=True):
            about = {"units": "mm", "long_name": f"centre of the region, {directions[axis]}"}
            coordinates[f"centre_{axis}"] = ("region", np.ascontiguousarray(values), about)
    if arrays.volume is not None:
        about = {"units": "mm3", "long_name": "volume of the region"}
        coordinates["region_volume"] = ("region", arrays.volume, about)
    pair = ("region", "source_region")
    variables = {
        "weights": (pair, arrays.weights, {"units": "1", "long_name": "structural weight", "comment": CONVENTION})
    }
    if arrays.tract_length is not None:
        about = {"units": "mm", "long_name": "tract length", "comment": "missing where there is no tract"}
        variables["tract_length"] = (pair, arrays.tract_length, about)
    if arrays.fc is not None:
        about = {"units": "1", "long_name": "empirical functional connectivity (correlation of BOLD)"}
        variables["empirical_fc"] = (pair, arrays.fc.astype(np.float32), about)
    if arrays.bold is not None:
        variables["bold"] = (
            ("subject", "region", "time"),
            arrays.bold.astype(np.float32),
            {
                "units": "1",
                "long_name": "empirical BOLD signal (scanner units)",
                "repetition_time_s": arrays.repetition_time_s,
            },
        )
        time = np.round(np.arange(arrays.bold.shape[2]) * arrays.repetition_time_s, 6)
        subjects = np.array(arrays.subjects, dtype=object)
        coordinates["subject"] = ("subject", subjects, {"long_name": "subject of the empirical data"})
        coordinates["time"] = ("time", time, {"units": "s", "long_name": "time in the empirical recording"})
    everything = {
        **attributes,
        "comment": "; ".join([CONVENTION, "not normalised", *arrays.notes]),
        "weights_hash": weights_hash(arrays.weights, arrays.labels),
    }
    return xr.Dataset(variables, coordinates, everything)


def weights_hash(weights: np.ndarray, labels: list[str]) -> str:
    """SHA-256 of what a simulation depends on: the weights (float64, little endian, C order) and the region names."""
    digest = hashlib.sha256(np.ascontiguousarray(weights, dtype="<f8").tobytes())
    digest.update("\n".join(labels).encode())
    return digest.hexdigest()


def load_connectome(path: str | Path) -> xr.Dataset:
    """A built connectome, in memory, its file closed.

    Raises
    ------
    InputError
        If the file is missing, is not one that `build_connectome` made, or its weights do not match its hash.
    """
    path = existing_file("connectome file", path)
    try:
        with xr.open_dataset(path, engine="netcdf4", decode_times=False) as file:
            dataset = file.load()
    except (OSError, ValueError):
        raise InputError(f"{path}: not a netCDF file that can be read; allowed: a connectome built here") from None
    if "weights" not in dataset or "weights_hash" not in dataset.attrs:
        raise InputError(f"{path}: has no variable 'weights' with a 'weights_hash'; allowed: a connectome built here")
    found = weights_hash(dataset["weights"].values, [str(label) for label in dataset["region"].values])
    if found != dataset.attrs["weights_hash"]:
        raise InputError(
            f"{path}: the weights have hash {found[:12]}, the file says {dataset.attrs['weights_hash'][:12]}; "
            f"allowed: a connectome as built, not edited"
        )
    return dataset
