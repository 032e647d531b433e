"""The study key `connectome`: which connectome a study runs on, and a hash that identifies it without building it."""

import functools
import hashlib
import json
import os
import re
from collections.abc import Callable
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, model_validator

from ngnmm_core.connectome.contents import MOST_BYTES
from ngnmm_core.connectome.registry import FileSource, Registry, WheelSource, load_registry
from ngnmm_core.errors import InputError, nearest

WHEEL_DIRECTORY = "NGNMM_WHEELS"
SINGLE = "single"  # the entry of the registry that is one region alone
WITHOUT_VARIABLES = (".zip", ".npy", ".csv", ".tsv", ".txt", ".dat", ".mtx")
# Beside `brain.csv`, the first of these that exists gives its labels.
LABEL_SUFFIXES = ("_labels.txt", "_labels.csv", "_labels.tsv")
# The same beside a matrix of BIDS (BEP017), `sub-1_atlas-X_relmat.tsv`, whose sidecar may name the file as well.
RELMAT = "_relmat"
NODE_SUFFIXES = ("_nodes.tsv", "_nodeindices.tsv", "_dseg.tsv")
LONGEST_STEM = 100  # of the names of files that are made here
OF_OWN_FILES = ("labels", "lengths", "variable", "transpose", "directed")


class ConnectomeSpec(BaseModel):
    """A connectome: an entry of the registry by its name, or a file of one's own by its path."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    name: str | None = Field(None, description="an entry of config/connectomes.yaml")
    path: str | None = Field(
        None,
        description="without `name`: a file of your own (TVB .zip, .h5 or folder, .npz, .npy, .mat, .graphml, a table "
        "or list of edges as text, each also packed as .gz), counted from the folder in which Snakemake runs; with "
        "`name`: a local copy of the file or wheel that the entry names, its hash is checked",
    )
    labels: str | None = Field(
        None,
        description="file of region labels for a file of your own: one per line, a table with a column `label`, or a "
        "look-up table of FreeSurfer or MRtrix; without it, labels in the file itself, or in <stem>_labels.txt beside "
        "it",
    )
    lengths: str | None = Field(
        None, description="file of tract lengths in mm for a file of your own: a matrix like that of the weights"
    )
    variable: str | None = Field(
        None,
        description="for .mat, .npz and .h5 of your own: the variable that holds the weights, if several are square; "
        "for .graphml the attribute of the edges",
    )
    transpose: bool = Field(
        False,
        description="for a file of your own: set it if rows are sources and columns targets; here weights[i, j] is "
        "what region i receives from region j",
    )
    directed: bool = Field(
        False,
        description="for a file of your own that fills one triangle alone: set it if the network is directed; without "
        "it, the other triangle is filled up",
    )

    @model_validator(mode="before")
    @classmethod
    def _mapping(cls, value):
        if isinstance(value, str):
            close = nearest(value, load_registry())
            raise ValueError(f"connectome: '{value}' is not a mapping{close}; allowed: {{name: ...}} or {{path: ...}}")
        return value

    @model_validator(mode="after")
    def _source(self):
        if not self.name and not self.path:
            raise ValueError("neither 'name' nor 'path' is given; allowed: {name: ...} or {path: ...}")
        if self.name:
            for option in OF_OWN_FILES:
                if getattr(self, option):
                    raise ValueError(
                        f"connectome.{option}: given beside name '{self.name}'; allowed: only for a file of your own "
                        f"({{path: ...}} without 'name')"
                    )
        elif self.variable and Path(self.path.lower().removesuffix(".gz")).suffix in WITHOUT_VARIABLES:
            raise ValueError(
                f"connectome.variable: '{self.variable}' given for {Path(self.path).name}, which has no variables; "
                f"allowed: only for .mat, .npz, .h5 and .graphml"
            )
        return self


def source_identity(spec: ConnectomeSpec, registry: Registry | None = None) -> str:
    """Compute a hash that identifies the arrays of a connectome, without building it.

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
    path = existing_source("connectome.path", spec.path)
    labels = labels_file(path, spec.labels)
    lengths = existing_file("connectome.lengths", spec.lengths) if spec.lengths else None
    content = {
        "format": path.suffix.lower(),
        "sha256": folder_sha256(path) if path.is_dir() else file_sha256(path),
        "labels": [labels.suffix.lower(), file_sha256(labels)] if labels else None,
        "lengths": [lengths.suffix.lower(), file_sha256(lengths)] if lengths else None,
        "variable": spec.variable,
        "transpose": spec.transpose,
        "directed": spec.directed,
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def output_name(spec: ConnectomeSpec) -> str:
    """Give the stem of the built file under `resources/connectomes/`: the entry's name, or `<stem>-<8 hex digits>`.

    The digits come from `source_identity`, so that another content or other options go to another file.
    """
    if spec.name:
        return spec.name
    stem = re.sub(r"[^A-Za-z0-9._-]+", "_", Path(spec.path).stem).strip("._")[:LONGEST_STEM] or "connectome"
    return f"{stem}-{source_identity(spec)[:8]}"


def existing_file(key: str, path: str | Path) -> Path:
    """`path` as a Path, if a readable file is there; `InputError` naming `key` otherwise.

    Raises
    ------
    InputError
        If there is no such file, or it must not be read.
    """
    path = Path(path).expanduser()
    if not is_file(path):
        found = "is a directory" if is_file(path, Path.is_dir) else "no such file"
        where = "" if path.is_absolute() else f" (looked for in {Path.cwd()})"
        raise InputError(f"{key}: {path}: {found}{where}; allowed: an existing file")
    if not os.access(path, os.R_OK):
        raise InputError(f"{key}: {path}: no permission to read it; allowed: a readable file")
    return path


def is_file(path: Path, is_kind: Callable[[Path], bool] = Path.is_file) -> bool:
    """Whether a file (or what `is_kind` asks for) is there; a name that no file can have is none."""
    try:
        return is_kind(path)
    except (OSError, ValueError):  # too long, or with a zero in it
        return False


def existing_source(key: str, path: str | Path) -> Path:
    """`path` as a Path, if a readable file or folder is there.

    Raises
    ------
    InputError
        Otherwise; the message names `key`.
    """
    found = Path(path).expanduser()
    return found if is_file(found, Path.is_dir) else existing_file(key, found)


def read_bytes(path: Path) -> bytes:
    """Read the content of a file.

    Raises
    ------
    InputError
        If it is larger than any matrix that can be used.
    """
    size = path.stat().st_size
    if size > MOST_BYTES:
        raise InputError(f"{path}: {size / 1e9:.1f} GB; allowed: at most {MOST_BYTES / 1e9:g} GB")
    return path.read_bytes()


def labels_file(path: Path, given: str | None) -> Path | None:
    """Find the file of labels that belongs to a user's matrix: the one given, else one beside it, else None.

    Raises
    ------
    InputError
        If the one given, or the one that a BIDS sidecar names, is not there.
    """
    if given:
        return existing_file("connectome.labels", given)
    if path.is_dir():
        return None
    stem = re.sub(r"(\.gz)?$", "", path.name)
    stem = stem[: stem.rfind(".")] if "." in stem else stem
    beside = [
        path.with_name(f"{name}{suffix}") for name in dict.fromkeys((path.stem, stem)) for suffix in LABEL_SUFFIXES
    ]
    if RELMAT in path.name:
        base = path.name.partition(RELMAT)[0]
        named = _node_file(path.with_name(f"{base}{RELMAT}.json"))
        beside = [*([named] if named else ()), *beside, *(path.with_name(base + suffix) for suffix in NODE_SUFFIXES)]
    return next((candidate for candidate in beside if candidate.is_file()), None)


def _node_file(sidecar: Path) -> Path | None:
    """Find the node table that a BIDS matrix's sidecar names, by its path from there or from the dataset's root."""
    try:
        about = json.loads(sidecar.read_text(encoding="utf-8"))
        names = about.get("NodeFiles") or about.get("NodeIndicesFile") or []
    except (OSError, ValueError, AttributeError):
        return None
    names = [names] if isinstance(names, str) else names
    if len(names) != 1 or not isinstance(names[0], str):
        return None
    relative = re.sub(r"^bids:[^:]*:", "", names[0])
    found = next((p / relative for p in sidecar.absolute().parents if (p / relative).is_file()), None)
    if found is None:
        raise InputError(
            f"{sidecar}: NodeFiles: {names[0]}: no such file; allowed: one beside it, or connectome.labels"
        )
    return found


def folder_sha256(folder: Path) -> str:
    """SHA-256 of the files of an unpacked TVB archive that are read, and of their names."""
    from ngnmm_core.connectome.tvb import tvb_members

    members = tvb_members(folder, f"connectome.path: {folder}")
    known = sorted((path.name, file_sha256(path)) for path in members.values())
    return hashlib.sha256(json.dumps(known).encode()).hexdigest()


def file_sha256(path: Path) -> str:
    """SHA-256 of a file's bytes; remembered while its size and time of change stay the same."""
    status = path.stat()
    return _sha256(str(path.resolve()), status.st_size, status.st_mtime_ns)


@functools.lru_cache(maxsize=64)
def _sha256(path: str, size: int, changed: int) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def local_copy(source: WheelSource | FileSource | None, path: str | None = None) -> Path | None:
    """Find the local copy of a registry source and check its hash; None where it has to be downloaded.

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
