"""The cells of text files: encodings, separators, quotation marks, decimal commas, and what spells a number."""

import csv
import re
from collections.abc import Sequence

from ngnmm_core.errors import InputError

MARKS = ("\t", ";", ",")  # between cells, in the order in which they are tried; blanks come last
COMMENTS = ("#", "%")
MISSING = ("", "na", "n/a", "nan", "none", "null", "-nan", "missing")
_DECIMAL_COMMA = re.compile(r"[-+]?\d+,\d+([eE][-+]?\d+)?")
_THOUSANDS = re.compile(r"[-+]?[1-9]\d{0,2}(,\d{3})+")
_DOTTED_THOUSANDS = re.compile(r"[-+]?[1-9]\d{0,2}(\.\d{3})+")
_BLANKS = re.compile(r'"((?:[^"]|"")*)"(?=\s|$)|\'([^\']*)\'(?=\s|$)|(\S+)')


def decode(data: bytes, what: str) -> str:
    """Decode the text of a file in UTF-8, or in UTF-16 if a byte-order mark says so.

    Raises
    ------
    InputError
        If the file is not such text.
    """
    encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise InputError(f"{what}: byte {error.start} is not UTF-8 text; allowed: a text file in UTF-8") from None


def content_lines(text: str) -> list[tuple[int, str]]:
    """List the lines that hold something, with their numbers from 1; comments start with `#` or `%`."""
    lines = enumerate(re.split(r"\r\n|\n|\r", text), start=1)
    return [(n, line) for n, line in lines if line.strip() and not line.lstrip().startswith(COMMENTS)]


def is_number(cell: str) -> bool:
    """Whether a cell spells a number, in Python's way or with a decimal comma; underscores and other digits do not."""
    return as_float(cell) is not None


def as_float(cell: str) -> float | None:
    """Convert a cell to the number that it spells; None if it spells none."""
    if _DECIMAL_COMMA.fullmatch(cell):
        cell = cell.replace(",", ".")
    try:
        return None if "_" in cell or not cell.isascii() else float(cell)
    except ValueError:
        return None


def is_missing(cell: str) -> bool:
    """Whether a cell says that there is no value."""
    return cell.lower() in MISSING


def split_rows(lines: Sequence[str], suffix: str, what: str) -> list[list[str]]:
    """Split the lines of a table into cells, without quotation marks.

    The mark between them is the one of tab, semicolon, comma and blanks that gives rows of one width and the most
    numbers; if none does, the first that is there.

    Raises
    ------
    InputError
        If a quotation mark is not closed, or commas could be decimal ones or mark thousands.
    """
    tried = [(mark, _split(lines, mark, what)) for mark in MARKS if any(mark in line for line in lines)]
    tried.append((" ", [_blanks(line) for line in lines]))
    whole = [(mark, rows) for mark, rows in tried if _is_table(rows)]
    tabs = [rows for mark, rows in whole if mark == "\t" and suffix == ".tsv"]
    # The first of the best: ties are broken by the order of the marks.
    rows = tabs[0] if tabs else max(whole, key=lambda found: share_of_numbers(found[1]))[1] if whole else tried[0][1]
    _check_commas(rows, what)
    return rows


def _split(lines: Sequence[str], mark: str, what: str) -> list[list[str]]:
    try:
        rows = list(csv.reader(lines, delimiter=mark, skipinitialspace=True))
    except csv.Error as error:
        raise InputError(f"{what}: not a table ({error}); allowed: quotation marks in pairs") from None
    return [[_unquoted(cell.strip()) for cell in row] for row in rows]


def _blanks(line: str) -> list[str]:
    """Split a line into cells at blanks; quotation marks hold together what has blanks, as R writes it."""
    found = _BLANKS.finditer(line)
    return [next((group for group in match.groups() if group is not None), "").replace('""', '"') for match in found]


def _unquoted(cell: str) -> str:
    return cell[1:-1] if len(cell) > 1 and cell[0] == cell[-1] == "'" else cell


def _is_table(rows: list[list[str]]) -> bool:
    """Whether rows have one width, of several cells; the first may lack the cell above the names, as R writes it."""
    widths = {len(row) for row in rows[1:]} or {len(rows[0])}
    return len(widths) == 1 and (width := widths.pop()) > 1 and len(rows[0]) in (width - 1, width, width + 1)


def share_of_numbers(rows: list[list[str]]) -> float:
    """Share of numbers among the cells beside names."""
    cells = [cell for row in rows[1:21] or rows for cell in row[1:]]
    return sum(is_number(cell) or is_missing(cell) for cell in cells) / max(len(cells), 1)


def _check_commas(rows: list[list[str]], what: str) -> None:
    with_commas = [cell for row in rows for cell in row if "," in cell and _DECIMAL_COMMA.fullmatch(cell)]
    if with_commas and (
        all(_THOUSANDS.fullmatch(cell) for cell in with_commas)
        or any("." in cell and is_number(cell) for row in rows for cell in row)
    ):
        raise InputError(f"{what}: '{with_commas[0]}' may have a decimal comma or not; allowed: decimal points")
    # Beside whole numbers, points that three digits follow everywhere may mark thousands, as in 1.500.
    with_points = [cell for row in rows for cell in row if "." in cell and is_number(cell)]
    dotted = bool(with_points) and all(_DOTTED_THOUSANDS.fullmatch(cell) for cell in with_points)
    if dotted and any(cell.isdigit() and int(cell) > 0 for row in rows[1:] for cell in row[1:]):
        raise InputError(
            f"{what}: '{with_points[0]}' may have a decimal point, or one that marks thousands; allowed: a decimal "
            "point in every cell, or none"
        )
