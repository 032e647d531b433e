"""The study key `connectome`: which connectome a study runs on, and a hash that identifies it without building it."""

import functools
import hashlib
import json
import os
import re
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, model_validator

from ngnmm_core.connectome.registry import FileSource, Registry, WheelSource, load_registry
from ngnmm_core.errors import InputError

WHEEL_DIRECTORY = "NGNMM_WHEELS"
SINGLE = "single"  # the entry of the registry that is one region alone
FORMATS = (".zip", ".npz", ".npy", ".csv", ".tsv", ".txt", ".mat", ".dat")
WITH_VARIABLES = (".mat", ".npz")
# Beside `brain.csv`, the first of these that exists gives its labels.
LABEL_SUFFIXES = ("_labels.txt", "_labels.csv", "_labels.tsv")


class ConnectomeSpec(BaseModel):
    """A connectome: an entry of the registry by its name, or a file of one's own by its path."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    name: str | None = Field(None, description="an entry of config/connectomes.yaml")
    path: str | None = Field(
        None,
        description="without `name`: a file of your own (TVB .zip, .npz, .npy, .csv, .tsv, .txt, .mat, .dat); with "
        "`name`: a local copy of the file or wheel that the entry names, its hash is checked",
    )
    labels: str | None = Field(
        None,
        description="file of region labels for a file of your own: one per line, or a table with a column `label`; "
        "without it, labels in the file itself, or in <stem>_labels.txt beside it",
    )
    variable: str | None = Field(
        None, description="for .mat and .npz of your own: the variable that holds the weights, if several are square"
    )
    transpose: bool = Field(
        False,
        description="for a file of your own: set it if rows are sources and columns targets; here weights[i, j] is "
        "what region i receives from region j",
    )

    @model_validator(mode="after")
    def _source(self):
        if not self.name and not self.path:
            raise ValueError("neither 'name' nor 'path' is given; allowed: {name: ...} or {path: ...}")
        if self.name:
            for option in ("labels", "variable", "transpose"):
                if getattr(self, option):
                    raise ValueError(
                        f"connectome.{option}: given beside name '{self.name}'; allowed: only for a file of your own "
                        f"({{path: ...}} without 'name')"
                    )
        elif self.variable and Path(self.path).suffix.lower() not in WITH_VARIABLES:
            raise ValueError(
                f"connectome.variable: '{self.variable}' given for {Path(self.path).name}, which has no variables; "
                f"allowed: only for {' and '.join(WITH_VARIABLES)}"
            )
        return self


def source_identity(spec: ConnectomeSpec, registry: Registry | None = None) -> str:
    """A hash that identifies the arrays of a connectome, without building it.

    For an entry of the registry it is made of the hash of its source, its reader and the reader's options; for a
    user's file of the hash of its bytes, of those of its labels, and of the options.  Titles and terms do not count.

    Returns
    -------
    str
        64 hexadecimal digits.

    Raises
    ------
    InputError
        Unknown name, missing file, or a local copy with another hash than the registry's.
    """
    if spec.name:
        entry = (registry or load_registry()).entry(spec.name)
        local_copy(entry.source, spec.path)
        return entry.identity()
    path = existing_file("connectome.path", spec.path)
    check_format("connectome.path", path)
    labels = labels_file(path, spec.labels)
    content = {
        "format": path.suffix.lower(),
        "sha256": file_sha256(path),
        "labels": [labels.suffix.lower(), file_sha256(labels)] if labels else None,
        "variable": spec.variable,
        "transpose": spec.transpose,
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def output_name(spec: ConnectomeSpec) -> str:
    """The stem of the built file under `resources/connectomes/`: the entry's name, or `<stem>-<8 hex digits>`.

    The digits come from `source_identity`, so that another content or other options go to another file.
    """
    if spec.name:
        return spec.name
    stem = re.sub(r"[^A-Za-z0-9._-]+", "_", Path(spec.path).stem).strip("._") or "connectome"
    return f"{stem}-{source_identity(spec)[:8]}"


def existing_file(key: str, path: str | Path) -> Path:
    """`path` as a Path, if a readable file is there; `InputError` naming `key` otherwise.

    Raises
    ------
    InputError
        If there is no such file, or it must not be read.
    """
    path = Path(path).expanduser()
    if not path.is_file():
        found = "is a directory" if path.is_dir() else "no such file"
        raise InputError(f"{key}: {path}: {found}; allowed: an existing file")
    if not os.access(path, os.R_OK):
        raise InputError(f"{key}: {path}: no permission to read it; allowed: a readable file")
    return path


def check_format(key: str, path: Path) -> None:
    """Refuses a file whose name does not end like one of the formats that can be read.

    Raises
    ------
    InputError
        For any other ending.
    """
    if path.suffix.lower() not in FORMATS:
        raise InputError(f"{key}: {path}: unknown format '{path.suffix}'; allowed: {', '.join(FORMATS)}")


def labels_file(path: Path, given: str | None) -> Path | None:
    """The file of labels that belongs to a user's matrix: the one given, else one beside it, else None."""
    if given:
        return existing_file("connectome.labels", given)
    beside = (path.with_name(path.stem + suffix) for suffix in LABEL_SUFFIXES)
    return next((candidate for candidate in beside if candidate.is_file()), None)


def file_sha256(path: Path) -> str:
    """SHA-256 of a file's bytes; remembered while its size and time of change stay the same."""
    status = path.stat()
    return _sha256(str(path.resolve()), status.st_size, status.st_mtime_ns)


@functools.lru_cache(maxsize=64)
def _sha256(path: str, size: int, changed: int) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def local_copy(source: WheelSource | FileSource | None, path: str | None = None) -> Path | None:
    """The local copy of a registry source, its hash checked, or None where it has to be downloaded.

    Looked for in this order: `path` (the study's `connectome.path`); for a file the environment variable that the
    registry names; for a wheel the directory `NGNMM_WHEELS`.

    Raises
    ------
    InputError
        If the path, or the variable's, leads to no file, or the file has another hash than the registry says.
    """
    variable = source.environment if isinstance(source, FileSource) else None
    if path and source is None:
        raise InputError(f"connectome.path: {path}: given beside a name that has no file; allowed: the name alone")
    if path:
        found, key = existing_file("connectome.path", path), "connectome.path"
    elif variable and os.environ.get(variable):
        found, key = existing_file(variable, os.environ[variable]), variable
    elif isinstance(source, WheelSource) and os.environ.get(WHEEL_DIRECTORY):
        directory, key = Path(os.environ[WHEEL_DIRECTORY]).expanduser(), WHEEL_DIRECTORY
        if not directory.is_dir():
            raise InputError(f"{key}: {directory}: no such directory; allowed: a directory with wheels")
        found = directory / source.filename
        if not found.is_file():
            return None
    else:
        return None
    check_sha256(f"{key}: {found}", file_sha256(found), source.sha256)
    return found


def check_sha256(what: str, found: str, expected: str) -> None:
    """Refuses a file whose hash is not the registry's.

    Raises
    ------
    InputError
        For another hash.
    """
    if found != expected:
        raise InputError(f"{what}: sha256 is {found}; allowed: {expected}, the one pinned in the registry")
