"""Connectomes in text files: square tables of numbers, with or without names of the regions."""

import numpy as np

from ngnmm_core.connectome import edge_lists, header_names
from ngnmm_core.connectome.arrays import ConnectomeArrays
from ngnmm_core.connectome.cells import MARKS, as_float, content_lines, decode, is_missing, share_of_numbers, split_rows
from ngnmm_core.connectome.contents import READABLE, check_regions
from ngnmm_core.connectome.margins import refuse_margins
from ngnmm_core.errors import InputError

LEAST_NUMBERS = 0.5  # of the cells beside names


def read_text(data: bytes, suffix: str, what: str) -> ConnectomeArrays:
    """Read a text file: a square table, a list of triplets, an edge list or a Matrix Market file.

    Raises
    ------
    InputError
        If the file is empty or is none of these.
    """
    if data.startswith(b"%%MatrixMarket"):
        return edge_lists.read_matrix_market(data, what)
    lines = content_lines(decode(data, what))
    if not lines:
        raise InputError(f"{what}: the file is empty; allowed: a square table of numbers")
    if (suffix == ".dat" and len(lines[0][1].replace(",", " ").split()) == 1) or edge_lists.is_triplets(lines):
        return edge_lists.read_triplets(lines, what)
    check_regions(max(max(map(line.count, MARKS)) for _, line in lines) // 2, what)  # before it is taken to pieces
    rows = split_rows([line for _, line in lines], suffix, what)
    if edge_lists.is_edge_list(rows, what):
        return edge_lists.read_edges(rows, what)
    if share_of_numbers(rows) < LEAST_NUMBERS:
        raise InputError(f"{what}: text that is no table of numbers ('{rows[0][0][:40]}', ...); allowed: {READABLE}")
    return read_table(rows, what)


def read_table(rows: list[list[str]], what: str) -> ConnectomeArrays:
    """Read a square table of weights, recognising names in the first row, the first column or both.

    Names that look like numbers are recognised if first row and column hold the same rising whole numbers, the same
    names beside a corner that is no number, or if only with them as names the table is square
    (`header_names.find_names`).

    Raises
    ------
    InputError
        If the table is not square, has sums at its end, its rows and columns have different names, or it can't be told
        whether numbers are names.
    """
    refuse_margins(rows, what)
    rows, (header, index) = header_names.trimmed(rows, what)
    columns, body = (rows[0], rows[1:]) if header else (None, rows)
    names = [row[0] for row in body] if index else None
    if index:
        body = [row[1:] for row in body]
        # Tables written by R have no cell above the column of names.
        columns = columns[-len(body[0]) :] if columns and body else columns
    widths = {len(row) for row in body}
    if len(widths) > 1:
        triangle = sorted(widths) in (list(range(1, len(body) + 1)), list(range(len(body))))
        hint = " (a triangle: fill it up with zeros)" if triangle else ""
        raise InputError(f"{what}: rows of {min(widths)} and of {max(widths)} cells{hint}; allowed: a square table")
    check_regions(max(len(body), *widths) if body else 0, what)
    weights = _numbers(body, (header, index), what)
    labels, order = agreed_labels(names, columns, weights, what)
    notes = ["columns were put into the order of the rows"] if order else []
    return ConnectomeArrays(weights[:, order] if order else weights, labels, notes=notes)


def agreed_labels(
    names: list[str] | None, columns: list[str] | None, weights: np.ndarray, what: str
) -> tuple[list[str] | None, list[int] | None]:
    """Return the names of the regions, and the order of the columns if it is not that of the rows.

    Raises
    ------
    InputError
        If rows and columns have different names.
    """
    if not (names and columns) or names == columns or weights.shape[0] != weights.shape[1]:
        return names or columns, None
    # What pandas and R add on their own beside names: numbers from 0 or 1.
    numbers = [[str(k + first) for k in range(len(names))] for first in (0, 1)]
    if sorted(names) == sorted(columns) and len(set(names)) == len(names):
        return names, [columns.index(name) for name in names]
    if names in numbers or columns in numbers:
        return (columns if names in numbers else names), None
    k = next(k for k, pair in enumerate(zip(names, columns, strict=True)) if pair[0] != pair[1])
    raise InputError(
        f"{what}: row {k + 1} is '{names[k]}' but column {k + 1} is '{columns[k]}'; allowed: the same names in both"
    )


def _numbers(rows: list[list[str]], before: tuple[bool, bool], what: str) -> np.ndarray:
    """Convert a table to numbers; `before` says whether a row and a column of names have been taken off."""
    weights = np.empty((len(rows), len(rows[0]) if rows else 0))
    for i, row in enumerate(rows):
        for j, cell in enumerate(row):
            number = as_float(cell)
            if number is None and not is_missing(cell):
                _refuse_cell(i, j, cell, before, what)
            weights[i, j] = np.nan if number is None else number
    _check_missing(rows, weights, before, what)
    return weights


def _check_missing(rows: list[list[str]], weights: np.ndarray, before: tuple[bool, bool], what: str) -> None:
    """Refuses missing cells, but for the diagonal and for a triangle as a whole."""
    missing = np.isnan(weights) & ~np.eye(*weights.shape, dtype=bool)  # type: ignore[misc, type-var]
    for triangle in (np.tri(*weights.shape, -1, dtype=bool), np.tri(*weights.shape[::-1], -1, dtype=bool).T):  # type: ignore[call-overload]
        if np.array_equal(missing, triangle):
            return
    for i, j in np.argwhere(missing):
        if as_float(rows[i][j]) is None:
            _refuse_cell(i, j, rows[i][j], before, what)


def _refuse_cell(i: int, j: int, cell: str, before: tuple[bool, bool], what: str) -> None:
    row, column = i + 1 + before[0], j + 1 + before[1]
    raise InputError(f"{what}: row {row}, column {column}: '{cell}' is not a number; allowed: a number")
