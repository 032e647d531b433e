"""Files of a user's own: whether they are there, what stands beside them, and hashes of what they hold."""

import functools
import hashlib
import json
import os
import re
from collections.abc import Callable
from pathlib import Path

from ngnmm_core.connectome.contents import MOST_BYTES
from ngnmm_core.errors import InputError

# Beside `brain.csv`, the first of these that exists gives its labels.
LABEL_SUFFIXES = ("_labels.txt", "_labels.csv", "_labels.tsv")
# The same beside a matrix of BIDS (BEP017), `sub-1_atlas-X_relmat.tsv`, whose sidecar may name the file as well.
RELMAT = "_relmat"
NODE_SUFFIXES = ("_nodes.tsv", "_nodeindices.tsv", "_dseg.tsv")


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
