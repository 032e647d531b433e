"""Connectomes in text files: tables of numbers with or without names, lists of triplets, files of labels."""

import csv
import re
from collections.abc import Sequence

import numpy as np

from ngnmm_core.connectome.arrays import ConnectomeArrays
from ngnmm_core.errors import InputError

LABEL_COLUMNS = ("label", "labels", "name", "names", "region", "regions")


def decode(data: bytes, what: str) -> str:
    """The text of a file, with or without a byte-order mark.

    Raises
    ------
    InputError
        If the file is not UTF-8 text.
    """
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{what}: byte {error.start} is not UTF-8 text; allowed: a text file in UTF-8") from None


def split_rows(text: str, suffix: str) -> list[list[str]]:
    """The cells of a table: separated by tabs (.tsv), else by comma, semicolon, tab or blanks, whichever occurs first
    in that order.  Empty lines and lines that start with `#` are left out.
    """
    lines = [line for line in text.splitlines() if _has_content(line)]
    marks = "\t" if suffix == ".tsv" else ",;\t"
    mark = next((m for m in marks if lines and m in lines[0]), None)
    if mark is None:
        return [line.split() for line in lines]
    return [[cell.strip() for cell in row] for row in csv.reader(lines, delimiter=mark)]


def read_table(data: bytes, suffix: str, what: str) -> ConnectomeArrays:
    """A square table of weights.  Names in the first row, the first column or both are recognised.

    Names that look like numbers are recognised only if both are there and the corner cell is empty or a word.

    Raises
    ------
    InputError
        If the table is empty or not square, or its rows and columns have different names.
    """
    rows = split_rows(decode(data, what), suffix)
    if not rows:
        raise InputError(f"{what}: the file is empty; allowed: a square table of numbers")
    header, index = _has_header(rows), _has_index(rows)
    columns = rows.pop(0) if header else None
    names = [row[0] for row in rows] if index else None
    if index:
        rows = [row[1:] for row in rows]
        # Tables written by R have no cell above the column of names.
        columns = columns[-len(rows[0]) :] if columns and rows else columns
    widths = {len(row) for row in rows}
    if len(widths) > 1:
        raise InputError(f"{what}: rows of {min(widths)} and of {max(widths)} cells; allowed: a square table")
    weights = np.empty((len(rows), widths.pop() if widths else 0))
    for i, row in enumerate(rows):
        for j, cell in enumerate(row):
            weights[i, j] = _number(cell, i + 1 + header, j + 1 + index, what)
    if names and columns and names != columns and weights.shape[0] == weights.shape[1]:
        k = next(k for k, pair in enumerate(zip(names, columns, strict=True)) if pair[0] != pair[1])
        raise InputError(
            f"{what}: row {k + 1} is '{names[k]}' but column {k + 1} is '{columns[k]}'; allowed: the same names in the "
            f"same order"
        )
    return ConnectomeArrays(weights, labels=names or columns)


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _has_index(rows: list[list[str]]) -> bool:
    """Is the first column one of names?  Judged by the rows below the first, which may be a header."""
    if len(rows) < 2:
        return False
    if not any(_is_number(row[0]) for row in rows[1:]):
        return True
    return not _is_number(rows[0][0]) and len(rows) == len(rows[1])


def _has_header(rows: list[list[str]]) -> bool:
    """Is the first row one of names?  One word among numbers is an error in the numbers, not a header."""
    first = rows[0]
    words = sum(not _is_number(cell) for cell in first[1:])
    return (not _is_number(first[0]) and len(rows) == len(first) and _has_index(rows)) or 2 * words > len(first) - 1 > 0


def _has_columns(text: str, suffix: str) -> bool:
    """Whether any line of a file of labels has several cells; labels in quotation marks may hold the mark between."""
    if suffix not in (".csv", ".tsv"):
        return False
    lines = [line for line in text.splitlines() if _has_content(line)]
    return any(sum(map(bool, row)) > 1 for mark in ",;\t" for row in csv.reader(lines, delimiter=mark))


def _number(cell: str, row: int, column: int, what: str) -> float:
    try:
        return float(cell)
    except ValueError:
        raise InputError(f"{what}: row {row}, column {column}: '{cell}' is not a number; allowed: a number") from None


def read_triplets(data: bytes, what: str) -> ConnectomeArrays:
    """A list of triplets: the first line is N, then lines `i j w` with indices from 0; what isn't listed is zero.

    Raises
    ------
    InputError
        If the first line is not a number of regions from 2 to 100000, or a line is not a triplet.
    """
    lines = [(n, line) for n, line in enumerate(decode(data, what).splitlines(), start=1) if _has_content(line)]
    first = lines[0][1].split() if lines else []
    if len(first) != 1:
        raise InputError(f"{what}: the first line is not a number of regions; allowed: N, then lines 'i j weight'")
    try:
        count = int(first[0])
    except ValueError:
        raise InputError(f"{what}: line {lines[0][0]}: '{first[0]}' is not a whole number; allowed: N") from None
    if not 2 <= count <= 100_000:
        raise InputError(f"{what}: line {lines[0][0]}: {count} regions; allowed: 2 to 100000")
    weights = np.zeros((count, count))
    if len(lines) > 1:
        numbers, rows = zip(*lines[1:], strict=True)
        table = _triplet_table(numbers, rows, what)
        i, j = _triplet_indices(numbers, table, count, what)
        weights[i, j] = table[:, 2]
    return ConnectomeArrays(weights)


def _has_content(line: str) -> bool:
    return bool(line.strip()) and not line.lstrip().startswith("#")


def _triplet_table(numbers: Sequence[int], lines: Sequence[str], what: str) -> np.ndarray:
    """The triplets as an array (line, 3); `numbers` are those of the lines in the file, for messages."""
    try:
        table = np.loadtxt(lines, ndmin=2)
    except ValueError:
        table = np.empty((0, 0))
    if table.shape[1] == 3:
        return table
    for number, line in zip(numbers, lines, strict=True):
        cells = line.split()
        if len(cells) != 3 or not all(map(_is_number, cells)):
            raise InputError(f"{what}: line {number}: '{line.strip()}'; allowed: 'i j weight'")
    raise InputError(f"{what}: not a list of triplets; allowed: N, then lines 'i j weight'")


def _triplet_indices(numbers: Sequence[int], table: np.ndarray, count: int, what: str) -> tuple[np.ndarray, np.ndarray]:
    """The two indices of each triplet: whole numbers from 0 to count - 1, no pair twice."""
    indices = table[:, :2]
    bad = ~((indices >= 0) & (indices < count) & (indices == np.floor(indices))).all(axis=1)
    if bad.any():
        k = int(np.argmax(bad))
        shown = f"{indices[k, 0]:g} {indices[k, 1]:g}"
        raise InputError(f"{what}: line {numbers[k]}: indices {shown}; allowed: whole numbers from 0 to {count - 1}")
    i, j = indices.astype(np.int64).T
    _, first = np.unique(i * count + j, return_index=True)
    if len(first) < len(i):
        k = np.setdiff1d(np.arange(len(i)), first)[0]
        raise InputError(f"{what}: line {numbers[k]}: the pair {i[k]} {j[k]} occurs twice; allowed: once")
    return i, j


def read_dat(data: bytes, suffix: str, what: str) -> ConnectomeArrays:
    """A `.dat` file: triplets if its first line is a single number, else a table."""
    first = next((line for line in decode(data, what).splitlines() if _has_content(line)), "")
    return read_triplets(data, what) if len(first.replace(",", " ").split()) == 1 else read_table(data, suffix, what)


def read_labels(data: bytes, suffix: str, what: str) -> dict[str, list]:
    """A file of region labels.

    A `.csv` or `.tsv` file whose first row has one of the names `label`, `name`, `region` is a table: that column gives
    the labels, and columns `hemisphere`, `lobe`, `x`, `y`, `z` (mm) are taken along.  Any other file is one label per
    line.

    Returns
    -------
    dict
        `labels`, and where they exist `hemisphere`, `lobe` and `centres`.

    Raises
    ------
    InputError
        If the rows of a table differ in length.
    """
    text = decode(data, what)
    rows = split_rows(text, suffix) if suffix in (".csv", ".tsv") else []
    header = [cell.lower() for cell in rows[0]] if rows else []
    column = next((header.index(name) for name in LABEL_COLUMNS if name in header), None)
    if column is None and _has_columns(text, suffix):
        raise InputError(
            f"{what}: a table without a column `label` (its first row is {', '.join(rows[0])}); allowed: a table with "
            "a column `label`, or one label per line"
        )
    if column is None:
        lines = [line.strip().strip("\"',;") for line in text.splitlines()]
        return {"labels": [line for line in lines if line and not line.startswith("#")]}
    if any(len(row) != len(header) for row in rows):
        raise InputError(f"{what}: rows of different length; allowed: {len(header)} cells in each, as in the first")
    result = {"labels": [row[column] for row in rows[1:]]}
    for name in ("hemisphere", "lobe"):
        if name in header:
            result[name] = [row[header.index(name)] for row in rows[1:]]
    if "hemisphere" in result:
        result["hemisphere"] = [re.sub("^([LlRr]).*$", lambda m: m[1].upper(), side) for side in result["hemisphere"]]
    if {"x", "y", "z"} <= set(header):
        columns = [header.index(axis) for axis in "xyz"]
        result["centres"] = [
            [_number(row[c], n, c + 1, what) for c in columns] for n, row in enumerate(rows[1:], start=2)
        ]
    return result
