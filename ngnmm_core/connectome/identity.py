"""Hashes that identify the arrays of connectomes without building them, of every subject of a cohort as well."""

import hashlib
import json
import os
import re
from pathlib import Path
from typing import Any

from ngnmm_core.connectome.paths import existing_file, existing_source, file_sha256, folder_sha256, labels_file
from ngnmm_core.connectome.registry import FileSource, Registry, WheelSource, load_registry
from ngnmm_core.connectome.spec import ConnectomeSpec
from ngnmm_core.connectome.subjects import Subject, all_subjects
from ngnmm_core.errors import InputError

WHEEL_DIRECTORY = "NGNMM_WHEELS"
LONGEST_STEM = 100  # of the names of files that are made here


def source_identity(spec: ConnectomeSpec, registry: Registry | None = None) -> str:
    """Compute a hash that identifies the arrays of a connectome, without building it.

    For an entry of the registry it is made of the hash of its source, its reader and the reader's options; for a
    user's file of the hash of its bytes, of those of its labels, and of the options; for a cohort of files of those of
    all subjects.  Titles and terms do not count.

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
    if spec.is_cohort:
        return _hash([[s.name, source_identity(s.spec), dict(s.about)] for s in all_subjects(spec)])
    path = existing_source("connectome.path", spec.path)
    labels = labels_file(path, spec.labels)
    lengths = existing_file("connectome.lengths", spec.lengths) if spec.lengths else None
    return _hash(
        {
            "format": path.suffix.lower(),
            "sha256": folder_sha256(path) if path.is_dir() else file_sha256(path),
            "labels": [labels.suffix.lower(), file_sha256(labels)] if labels else None,
            "lengths": [lengths.suffix.lower(), file_sha256(lengths)] if lengths else None,
            "variable": spec.variable,
            "transpose": spec.transpose,
            "directed": spec.directed,
        }
    )


def _hash(content: Any) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def subject_identity(subject: Subject, spec: ConnectomeSpec, registry: Registry | None = None) -> str:
    """Hash what one subject's connectome is made of, whoever else is in the cohort.

    Raises
    ------
    InputError
        As `source_identity`.
    """
    if subject.spec is not None:
        return source_identity(subject.spec)
    entry = (registry or load_registry()).entry(spec.name)
    return entry.model_copy(update={"options": {**entry.options, "subjects": [subject.name]}}).identity()


def subject_number(name: str, identity: str) -> float:
    """Give the number that stands for a subject among the columns of a point: of its name and of what it is made of.

    It has 52 bits, which a float64 holds exactly.
    """
    return float(int(_hash([name, identity])[:13], 16))


def subject_numbers(spec: ConnectomeSpec, registry: Registry | None = None) -> dict[str, float]:
    """Give the numbers of all subjects of a cohort by their names, in order.

    The regions of all subjects are brought into the order of the first one's.  That order, and nothing else of the
    first, is part of the numbers: whoever comes first, with regions in the same order, changes no other's.

    Raises
    ------
    InputError
        As `all_subjects` and `source_identity`; for a file of the first subject that is no connectome.
    """
    subjects, order = all_subjects(spec, registry), []
    if subjects[0].spec is not None:
        from ngnmm_core.connectome.formats import read_spec

        order = read_spec(subjects[0].spec).labels
    return {s.name: subject_number(s.name, _hash([subject_identity(s, spec, registry), order])) for s in subjects}


def output_name(spec: ConnectomeSpec) -> str:
    """Give the stem of the built file under `resources/connectomes/`: the entry's name, or `<stem>-<8 hex digits>`.

    An entry with its places on the sphere is `<name>-sphere`.  The digits come from `source_identity`, so that another
    content or other options go to another file.
    """
    if spec.name:
        return f"{spec.name}-sphere" if spec.sphere else spec.name
    path = Path(spec.table or spec.path)
    stems = [
        re.sub(r"[^A-Za-z0-9._-]+", "_", stem).strip("._")[:LONGEST_STEM] for stem in (path.stem, path.parent.name)
    ]
    stem = next(filter(None, stems), "connectome")[:LONGEST_STEM]
    return f"{stem}-{source_identity(spec)[:8]}"


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
