"""Connectomes of The Virtual Brain: archives and folders with weights.txt, tract_lengths.txt, centres.txt."""

import csv
import io
import re
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from ngnmm_core.connectome.arrays import ConnectomeArrays
from ngnmm_core.connectome.cells import as_float, content_lines, decode, split_rows
from ngnmm_core.connectome.contents import check_regions, read_member, unpacked
from ngnmm_core.connectome.hemispheres import sides
from ngnmm_core.errors import InputError

MEMBER = re.compile(r"(?P<name>[a-z_]+)\.(txt|csv|tsv|dat)(\.bz2|\.gz)?", re.IGNORECASE)
KINDS = {
    "weights": ("weights",),
    "tract_lengths": ("tract_lengths", "tract_length", "tracts", "distances"),
    "centres": ("centres", "centers"),
    "hemispheres": ("hemispheres", "hemisphere"),
}


def read_tvb_zip(data: bytes, what: str) -> ConnectomeArrays:
    """Read an archive of The Virtual Brain: `weights.txt`, and where present `tract_lengths.txt`, `centres.txt` (a name
    and three coordinates per line) and `hemispheres.txt`; each may be packed and lie in a folder.

    Its convention is ours: row i of the weights is what region i receives.

    Raises
    ------
    InputError
        Without weights, with two files of one kind, or if `centres.txt` has other lines.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            files = {member.filename: member for member in archive.infolist() if not member.is_dir()}
            members = _of_kinds(files, what)
            texts = {kind: read_member(archive, files[name], what) for kind, name in members.items()}
            listed = list(files)
    except InputError:
        raise
    except Exception:  # the module raises whatever a damaged directory leads to
        raise InputError(
            f"{what}: not a zip archive that can be read; allowed: an archive of The Virtual Brain"
        ) from None
    if "weights" not in texts:
        shown = ", ".join(sorted(listed)[:8]) or "nothing"
        raise InputError(
            f"{what}: no weights.txt in the archive (found: {shown}); allowed: an archive of The Virtual Brain"
        )
    return _read(texts, what)


def read_tvb_folder(folder: Path, what: str) -> ConnectomeArrays:
    """Read an unpacked archive of The Virtual Brain; see `read_tvb_zip`.

    Raises
    ------
    InputError
        As `read_tvb_zip`.
    """
    members = tvb_members(folder, what)
    return _read({kind: path.read_bytes() for kind, path in members.items()}, what)


def tvb_members(folder: Path, what: str) -> dict[str, Path]:
    """Find the files of a folder that make up a connectome, by their kind.

    Raises
    ------
    InputError
        Without weights, or with two files of one kind.
    """
    files = {path.name: path for path in sorted(folder.iterdir()) if path.is_file()}
    members = _of_kinds(files, what)
    if "weights" not in members:
        shown = ", ".join(list(files)[:8]) or "nothing"
        raise InputError(
            f"{what}: a folder without weights.txt (it holds {shown}); allowed: a folder of The Virtual Brain"
        )
    return {kind: files[name] for kind, name in members.items()}


def _of_kinds(names: Mapping[str, object], what: str) -> dict[str, str]:
    """Pick the one file of every kind."""
    found: dict[str, str] = {}
    for kind, name in _kinds(names):
        if kind in found:
            raise InputError(f"{what}: both {found[kind]} and {name}; allowed: one file of {kind}")
        found[kind] = name
    return found


def _kinds(names) -> Iterator[tuple[str, str]]:
    for name in names:
        bare = name.rsplit("/", 1)[-1]
        match = MEMBER.fullmatch(bare)
        if match and not name.startswith("__MACOSX"):
            kind = next((kind for kind, words in KINDS.items() if match["name"].lower() in words), None)
            if kind:
                yield kind, name


def _read(packed: Mapping[str, bytes], what: str) -> ConnectomeArrays:
    texts = {kind: decode(unpacked(data, f"{what}: {kind}"), f"{what}: {kind}.txt") for kind, data in packed.items()}
    lines = {kind: [line for _, line in content_lines(text)] for kind, text in texts.items()}
    weights, notes = _table(lines["weights"], "weights.txt", what), []
    lengths = _table(lines["tract_lengths"], "tract_lengths.txt", what) if lines.get("tract_lengths") else None
    if "tract_lengths" in lines and (lengths is None or not lengths.any()):
        lengths = None
        notes.append("tract_lengths of the source is empty")
    labels, centres = _centres(lines["centres"], what) if lines.get("centres") else (None, None)
    hemisphere = sides(_cells(lines["hemispheres"]), f"{what}: hemispheres.txt") if lines.get("hemispheres") else None
    if labels and len(set(labels)) < len(labels):
        labels = _told_apart(labels, hemisphere)
        notes.append("names that the source repeats were told apart by their sides and numbers")
    return ConnectomeArrays(
        weights, labels=labels, hemisphere=hemisphere, centres=centres, tract_length=lengths, notes=notes
    )


def _cells(lines: list[str]) -> list[str]:
    return [cell for line in lines for cell in line.replace(",", " ").split()]


def _table(lines: list[str], name: str, what: str) -> np.ndarray:
    rows = split_rows(lines, "", f"{what}: {name}") if lines else []
    if rows and all(row[-1] == "" for row in rows) and len(rows[0]) == len(rows) + 1:
        rows = [row[:-1] for row in rows]
    check_regions(len(rows), f"{what}: {name}")
    try:
        return np.array([[_value(cell) for cell in row] for row in rows], dtype=np.float64)
    except ValueError:
        raise InputError(f"{what}: {name} is not a table of numbers; allowed: numbers, as many in every line") from None


def _value(cell: str) -> float:
    number = as_float(cell)
    if number is None:
        raise ValueError
    return number


def _centres(lines: list[str], what: str) -> tuple[list[str] | None, np.ndarray]:
    """Names and centres; a line is a name and three numbers, between tabs, blanks or commas, and cells that follow."""
    for split in (lambda line: line.split("\t"), str.split, _by_commas):
        rows = [[cell.strip().strip('"') for cell in split(line)] for line in lines]
        if all(len(row) >= 4 and _numbers(row[1:4]) for row in rows):
            return [row[0] for row in rows], np.array([[as_float(c) for c in row[1:4]] for row in rows])
        if all(len(row) == 3 and _numbers(row) for row in rows):
            return None, np.array([[as_float(cell) for cell in row] for row in rows])
    rows = [line.split() for line in lines]
    if all(len(row) > 4 and _numbers(row[-3:]) for row in rows):  # names of several words
        return [" ".join(row[:-3]) for row in rows], np.array([[as_float(c) for c in row[-3:]] for row in rows])
    raise InputError(f"{what}: centres.txt has a line that is not 'name x y z'; allowed: a name and three numbers")


def _by_commas(line: str) -> list[str]:
    return next(csv.reader([line], skipinitialspace=True))


def _numbers(cells: list[str]) -> bool:
    return all(as_float(cell) is not None for cell in cells)


def _told_apart(labels: list[str], hemisphere: list[str] | None) -> list[str]:
    """Names that occur once each: with the side where that is enough, else with a number."""
    if hemisphere and len(hemisphere) == len(labels):
        labels = [
            f"{label}_{side}" if side and labels.count(label) > 1 else label
            for label, side in zip(labels, hemisphere, strict=True)
        ]
    taken, result = set(labels), []
    for k, label in enumerate(labels):
        if labels.count(label) == 1:
            result.append(label)
            continue
        number = labels[:k].count(label) + 1
        while f"{label}_{number}" in taken:
            number += 1
        taken.add(f"{label}_{number}")
        result.append(f"{label}_{number}")
    return result
