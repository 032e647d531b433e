"""Connectomes as datasets: made from arrays, loaded from a built file, and read into a `Connectome`."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ngnmm_core.connectome.arrays import ConnectomeArrays, checked
from ngnmm_core.connectome.built_file import BuiltFile, check_built, subjects_hash, unreadable, weights_hash
from ngnmm_core.connectome.connectome import Connectome
from ngnmm_core.connectome.map_files import SPHERE
from ngnmm_core.connectome.paths import existing_file
from ngnmm_core.errors import InputError

if TYPE_CHECKING:
    import xarray as xr

CONVENTION = "weights[i, j] is the weight of the input that region i (row) receives from source_region j (column)"
MAP = "map_"  # what coordinates begin with that are maps
KNOWN = ("tract_length", "centres", "sphere", "hemisphere", "lobe", "volume", "maps")  # besides weights
CENTRES = ("centre_x", "centre_y", "centre_z")


def as_dataset(arrays: ConnectomeArrays | Connectome, attributes: dict[str, str]) -> "xr.Dataset":
    """Build the dataset of checked arrays; see `build_connectome`."""
    import xarray as xr

    if isinstance(arrays, Connectome):
        known: dict[str, Any] = {name: getattr(arrays, name) for name in KNOWN}
        arrays = ConnectomeArrays(arrays.weights, list(arrays.labels), **known)
    labels = np.array(arrays.labels, dtype=object)
    coordinates = {
        "region": ("region", labels, {"long_name": "brain region (target of the weights)"}),
        "source_region": ("source_region", labels, {"long_name": "brain region (source of the weights)"}),
        **anatomy(arrays),
    }
    variables = _of_pairs(arrays) | _of_groups(arrays)
    if arrays.individual_bold is not None:
        coordinates["individual"] = ("individual", np.array(arrays.individuals, dtype=object))
    if arrays.bold is not None:
        variables["bold"] = _recorded(arrays)
        time = np.round(np.arange(arrays.bold.shape[2]) * arrays.repetition_time_s, 6)
        subjects = np.array(arrays.subjects, dtype=object)
        coordinates["subject"] = ("subject", subjects, {"long_name": "subject of the empirical data"})
        coordinates["time"] = ("time", time, {"units": "s", "long_name": "time in the empirical recording"})
    if arrays.each is not None:
        variables |= _of_subjects(arrays)
        coordinates["subject"] = ("subject", np.array(arrays.subjects, dtype=object), {"long_name": "subject"})
        attributes = {**attributes, "subjects_hash": subjects_hash(variables["subject_weights"][1], arrays.subjects)}
    everything = {
        **attributes,
        "comment": "; ".join([CONVENTION, "not normalised", *arrays.notes]),
        "weights_hash": weights_hash(arrays.weights, arrays.labels),
    }
    return xr.Dataset(variables, coordinates, everything)


def _of_pairs(arrays: ConnectomeArrays) -> dict[str, Any]:
    """Collect what is known of every pair of regions as variables (dimensions, values, attributes)."""
    pair = ("region", "source_region")
    about = {"units": "1", "long_name": "structural weight", "comment": CONVENTION}
    found: dict[str, Any] = {"weights": (pair, arrays.weights, about)}
    if arrays.tract_length is not None:
        about = {"units": "mm", "long_name": "tract length", "comment": "missing where there is no tract"}
        found["tract_length"] = (pair, arrays.tract_length, about)
    for name, values, of_what in (
        ("empirical_fc", arrays.fc, "(correlation of BOLD)"),
        ("held_out_fc", arrays.held_out_fc, "of another group"),
    ):
        if values is not None:
            about = {"units": "1", "long_name": f"empirical functional connectivity {of_what}"}
            found[name] = (pair, values.astype(np.float32), about)
    return found


def _recorded(arrays: ConnectomeArrays) -> tuple:
    """Lay out the recordings of all subjects as a variable (dimensions, values, attributes)."""
    about = {
        "units": "1",
        "long_name": "empirical BOLD signal (scanner units)",
        "repetition_time_s": arrays.repetition_time_s,
    }
    return ("subject", "region", "time"), arrays.bold.astype(np.float32), about


def _of_groups(arrays: ConnectomeArrays) -> dict[str, Any]:
    """Collect what was recorded of groups besides their connectivity, and of single subjects, as variables."""
    found: dict[str, Any] = {}
    for name, values, which in (
        ("empirical_fcd", arrays.fcd, "a group"),
        ("held_out_fcd", arrays.held_out_fcd, "another"),
    ):
        if values is not None:
            length, step = arrays.fcd_window_s or (np.nan, np.nan)
            about = {"units": "1", "long_name": f"dynamics of functional connectivity of {which}"}
            found[name] = (f"{name}_sample", values.astype(np.float32), {**about, "window_s": length, "step_s": step})
    if arrays.individual_bold is not None:
        about = {"units": "1", "long_name": "empirical BOLD signal of single subjects (scanner units)"}
        dims = ("individual", "run", "region", "volume")
        tr_s = {"repetition_time_s": arrays.repetition_time_s}
        found["individual_bold"] = (dims, arrays.individual_bold.astype(np.float32), {**about, **tr_s})
    return found


def _of_subjects(arrays: ConnectomeArrays) -> dict[str, Any]:
    """Collect what every subject has of its own as variables (dimensions, values, attributes).

    Weights and tract lengths; centres and volumes of regions where those of subjects differ.
    """
    dims = ("subject", "region", "source_region")
    about = {"units": "1", "long_name": "structural weight of each subject", "comment": CONVENTION}
    found: dict[str, Any] = {"subject_weights": (dims, np.stack([each.weights for each in arrays.each]), about)}
    if any(each.tract_length is not None for each in arrays.each):
        missing = np.full_like(arrays.weights, np.nan)
        lengths = [missing if each.tract_length is None else each.tract_length for each in arrays.each]
        about = {"units": "mm", "long_name": "tract length of each subject", "comment": "missing where there is none"}
        found["subject_tract_length"] = (dims, np.stack(lengths), about)
    for name, shape, unit in (("centres", ("coordinate",), "mm"), ("volume", (), "mm3")):
        own, common = [getattr(each, name) for each in arrays.each], getattr(arrays, name)
        if any(values is not None and not np.array_equal(values, common, equal_nan=True) for values in own):
            whole = np.stack([common if values is None else values for values in own])
            about = {"units": unit, "long_name": f"{name} of the regions of each subject"}
            found[f"subject_{name}"] = (("subject", "region", *shape), whole, about)
    return found


def anatomy(regions: ConnectomeArrays | Connectome) -> dict[str, tuple]:
    """Collect what is known of each region besides its name, as coordinates (dimension, values, attributes)."""
    coordinates = {}
    if regions.hemisphere:
        side = {"long_name": "hemisphere", "comment": "L left, R right, empty where not stated"}
        coordinates["hemisphere"] = ("region", np.array(regions.hemisphere, dtype=object), side)
    if regions.lobe:
        coordinates["lobe"] = ("region", np.array(regions.lobe, dtype=object), {"long_name": "lobe or group of nuclei"})
    if regions.centres is not None:
        directions = ("left to right", "posterior to anterior", "inferior to superior")
        for name, values, direction in zip(CENTRES, np.transpose(regions.centres), directions, strict=True):
            about = {"units": "mm", "long_name": f"centre of the region, {direction}"}
            coordinates[name] = ("region", np.ascontiguousarray(values), about)
    if regions.sphere is not None:
        for name, values in zip(SPHERE, np.transpose(regions.sphere), strict=True):
            about = {"units": "mm", "long_name": f"place on the cortical sphere, {name[-1]}"}
            coordinates[name] = ("region", np.ascontiguousarray(values), about)
    if regions.volume is not None:
        coordinates["region_volume"] = ("region", regions.volume, {"units": "mm3", "long_name": "volume of the region"})
    for name, values in regions.maps.items():
        coordinates[f"{MAP}{name}"] = ("region", values, {"units": "1", "long_name": f"map {name}, as in its source"})
    return coordinates


def load_connectome(path: str | Path) -> "xr.Dataset":
    """Load a built connectome into memory and close its file.

    Raises
    ------
    InputError
        If the file is missing, is not one that `build_connectome` made, or its weights do not match its hash.
    """
    import xarray as xr

    path = existing_file("connectome file", path)
    try:
        with xr.open_dataset(path, engine="netcdf4", decode_times=False) as file:
            dataset = file.load()
    except (OSError, ValueError):
        raise unreadable(path) from None
    check_built(dataset, path)
    return dataset


def connectome_of(dataset: "xr.Dataset | BuiltFile", what: str = "connectome") -> Connectome:
    """Extract the connectome from a dataset such as `build_connectome` makes, or one that a user has put together.

    Parameters
    ----------
    dataset : xarray.Dataset or BuiltFile
        `weights` (region, source_region), and where they are known `tract_length`, `hemisphere`, `lobe` and `centre_x`,
        `centre_y`, `centre_z`, `sphere_x`, `sphere_y`, `sphere_z`, `region_volume`, `map_NAME`.
    what : str
        What to call it in messages.

    Raises
    ------
    InputError
        Without such weights, for values that a file would be refused for, or if the two dimensions name different
        regions.

    Warns
    -----
    ConnectomeWarning
        If the diagonal was not zero; it is set to zero, as that of a file is.
    """
    pair = {name: _pair(dataset, name, what) for name in ("weights", "tract_length") if name in dataset}
    if "weights" not in pair:
        found = ", ".join(map(str, dataset.variables)) or "nothing"
        raise InputError(f"{what}: a dataset without 'weights' (it holds {found}); allowed: one with weights")
    labels = _texts(dataset, "region")
    if "source_region" in dataset.coords and _texts(dataset, "source_region") != labels:
        raise InputError(f"{what}: region and source_region differ; allowed: the same names in the same order")
    given = ConnectomeArrays(
        pair["weights"],
        labels,
        _texts(dataset, "hemisphere"),
        _texts(dataset, "lobe"),
        _columns(dataset, CENTRES),
        pair.get("tract_length"),
        sphere=_columns(dataset, SPHERE),
        volume=dataset["region_volume"].values if "region_volume" in dataset.coords else None,
        maps={
            str(name).removeprefix(MAP): values.values
            for name, values in dataset.coords.items()
            if str(name).startswith(MAP) and values.dims == ("region",)
        },
    )
    about = {str(key): str(value) for key, value in dataset.attrs.items()}
    return connectome_from(checked(given, what, fewest=1), about)


def connectome_from(arrays: ConnectomeArrays, about: dict[str, str] | None = None) -> Connectome:
    """Build a connectome from checked arrays (`ngnmm_core.connectome.arrays.checked`), without what was recorded."""
    labels = tuple(arrays.labels or ())
    known = {name: getattr(arrays, name) for name in KNOWN}
    return Connectome(arrays.weights, labels, **known, about=about or {})


def _pair(dataset: "xr.Dataset | BuiltFile", name: str, what: str) -> np.ndarray:
    if set(dataset[name].dims) != {"region", "source_region"}:
        dims = ", ".join(map(str, dataset[name].dims))
        raise InputError(f"{what}: {name} has the dimensions ({dims}); allowed: (region, source_region)")
    return dataset[name].transpose("region", "source_region").values


def _columns(dataset: "xr.Dataset | BuiltFile", names: tuple[str, ...]) -> np.ndarray | None:
    """Stack coordinates of the regions, [region, name]; None unless all are there."""
    if not set(names) <= set(dataset.coords):
        return None
    return np.stack([dataset[name].values for name in names], axis=1)


def _texts(dataset: "xr.Dataset | BuiltFile", name: str) -> list[str] | None:
    return [str(value) for value in dataset[name].values] if name in dataset.coords else None
