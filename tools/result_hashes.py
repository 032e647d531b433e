"""Hashes of the numbers in netCDF files, and what differs between two sets of them.  For tools/result_bits.py."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import netCDF4
import numpy as np

FORMAT = 1  # of the JSON file


class ToolError(Exception):
    """What ends the command, told in one line."""


# -------------------------------------------------------------- hashing
def digest(data: bytes) -> str:
    """Hash data into 32 hexadecimal digits."""
    return hashlib.blake2b(data, digest_size=16).hexdigest()


def variables_of(group: netCDF4.Dataset, path: str = "") -> Iterator[tuple[str, netCDF4.Variable]]:
    """Variables of a file and all its groups, by their path."""
    yield from ((path + name, variable) for name, variable in group.variables.items())
    for name, inner in group.groups.items():
        yield from variables_of(inner, f"{path}{name}/")


def hash_file(file: Path) -> dict[str, dict]:
    """Hash, dtype and shape of every numeric variable of a netCDF file."""
    hashes = {}
    with netCDF4.Dataset(file) as dataset:
        dataset.set_auto_maskandscale(False)  # the bits that are stored, fill values included
        for name, variable in variables_of(dataset):
            if variable.dtype is str or variable.dtype.kind not in "biufc":
                continue
            values = np.ascontiguousarray(variable[...])
            hashes[name] = {
                "hash": digest(values.tobytes()),
                "dtype": values.dtype.newbyteorder("=").name,
                "shape": list(variable.shape),
            }
    return hashes


# -------------------------------------------------------------- comparing
def read(path: Path) -> dict:
    """Read a file of hashes.

    Raises
    ------
    ToolError
        If it can't be read or is not one.
    """
    try:
        record = json.loads(path.read_text())
        if record["format"] == FORMAT and record["files"]:
            return record
    except (OSError, ValueError, KeyError, TypeError):
        pass
    raise ToolError(f"{path}: not a file of hashes; allowed: one that `result_bits.py run` of this version wrote")


def missing(first: dict, second: dict, labels: tuple[str, str], what: str = "") -> list[str]:
    """Keys that only one of two mappings has, in words."""
    lone = [(key, labels[0]) for key in first if key not in second]
    lone += [(key, labels[1]) for key in second if key not in first]
    return [f"{what}{key}: only in {label}" for key, label in lone]


def differences(first: dict, second: dict, labels: tuple[str, str]) -> list[str]:
    """Differences between two records of hashes, in words; none if all results have the same bits.

    Parameters
    ----------
    first, second : dict
        What `run` writes.
    labels : tuple of str
        What they are called.
    """
    said = missing(first["studies"], second["studies"], labels, "study ")
    said += [
        f"study {name}: its settings differ"
        for name, settings in first["studies"].items()
        if second["studies"].get(name, settings) != settings
    ]
    said += missing(first["files"], second["files"], labels)
    for file in first["files"].keys() & second["files"].keys():
        one, other = first["files"][file], second["files"][file]
        said += missing(one, other, labels, f"{file}: ")
        for name in one.keys() & other.keys():
            what = [
                f"{key} {one[name][key]} in {labels[0]}, {other[name][key]} in {labels[1]}"
                for key in ("dtype", "shape")
                if one[name][key] != other[name][key]
            ]
            if not what and one[name]["hash"] != other[name]["hash"]:
                what = ["values differ"]
            said += [f"{file}: {name}: {word}" for word in what]
    return sorted(said)


def compare(first: Path, second: Path) -> int:
    """Print the differences between two files of hashes; 1 if there are any."""
    one, other = read(first), read(second)
    for package, version in one["versions"].items():
        if other["versions"].get(package) != version:
            print(f"note: {package} {version} in {first}, {other['versions'].get(package)} in {second}")
    found = differences(one, other, (str(first), str(second)))
    print(*found, sep="\n", end="\n" if found else "")
    count = sum(len(variables) for variables in one["files"].values())
    print(f"{len(found)} differences" if found else f"{count} variables of {len(one['files'])} files: the same bits")
    return int(bool(found))
