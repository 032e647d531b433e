"""Tells names of regions in the first row and column of a table from numbers, and marks at line ends from cells."""

import itertools
import math
from collections.abc import Sequence

from ngnmm_core.connectome.cells import as_float, is_missing, is_number
from ngnmm_core.errors import InputError

# Regions from which on rising whole numbers in the first row and column are names beside a number in the corner:
SURE = 6  # whatever the other numbers are
LIKELY = 3  # if they are 1, 2, 3, ..., and the others are not whole


def trimmed(rows: list[list[str]], what: str) -> tuple[list[list[str]], tuple[bool, bool]]:
    """Drop the empty cells that marks at line ends make, and tell whether the table has names (`find_names`).

    Empty cells at all ends are cells of the table if it is square only with them.
    """
    candidates = [rows]
    for place, rest in ((-1, slice(None, -1)), (0, slice(1, None))):
        ends = [row[place] == "" for row in rows if row]
        if len(rows[-1]) > 2 and all(ends[1:]) and len(ends) > 1:
            cut = [row[rest] if empty else row for row, empty in zip(rows, ends, strict=True)]
            candidates.insert(0, cut)
    for candidate in candidates:
        try:
            names = find_names(candidate, what)
        except InputError:
            if candidate is rows:
                raise
            continue
        if candidate is rows or _is_square(candidate, *names):
            return candidate, names
    raise AssertionError("the table as it is comes last")


def _is_square(rows: list[list[str]], header: bool, index: bool) -> bool:
    body = rows[header:]
    return all(len(row) - index == len(body) for row in body)


def find_names(rows: list[list[str]], what: str) -> tuple[bool, bool]:
    """Whether the first row and the first column hold names of the regions.

    Raises
    ------
    InputError
        If numbers in both may be names or weights, or the first row is a remark.
    """
    if len(rows) < 2:
        return False, False
    first, width = rows[0], len(rows[1])
    square = len(rows) == width == len(first)
    side, top = [row[0] for row in rows[1:]], first[1:]
    if square and _name_both(rows, top, side):
        return True, True
    words_at_side = any(map(_is_word, side)) and not any(map(is_number, side))
    # One word among numbers is an error in the numbers, not a row of names.
    words_at_top = 2 * sum(map(_is_word, top)) > len(top) > 0
    if words_at_top:
        if remark := next((cell for cell in first if cell.endswith((":", "="))), None):
            raise InputError(
                f"{what}: row 1 holds '{remark}', no name of a region; allowed: names of regions, or # before a remark"
            )
        # R writes no cell above the names of rows.  Beside words, rising numbers are those of the regions.
        return True, words_at_side or len(first) == width - 1 or (square and _rising(side))
    if words_at_side:
        return square and (_rising(top) or not _is_word_free(first)), True
    if square and _wholes(top) == _wholes(side) and None not in _wholes(top):
        if _rising(top):
            return (_numbers_are_names(rows, what),) * 2
        _refuse_other_orders(rows, what)
    if any(len(row) != width for row in rows):
        return False, False
    return len(rows) == width + 1 and _rising(first), width == len(rows) + 1 and _rising_index(rows)


def _name_both(rows: list[list[str]], top: list[str], side: list[str]) -> bool:
    """Whether the first row and column hold the same names, in any order, beside a corner that is no number.

    Names are words or whole numbers, or spell that something is missing (`NA`).  A diagonal without numbers is one.
    """
    if is_number(rows[0][0]) or sorted(top) != sorted(side) or len(set(top)) < len(top):
        return False
    if any(number is not None and number != int(number) for number in map(_finite, top)):
        return False
    return not all(is_missing(rows[k][k]) for k in range(len(rows)))


def _finite(cell: str) -> float | None:
    number = as_float(cell)
    return number if number is not None and math.isfinite(number) else None


def _refuse_other_orders(rows: list[list[str]], what: str) -> None:
    """Refuses whole numbers that are the same in the first row and column, in no order, and can hardly be weights.

    The rest is not symmetric or not whole, or they are all larger.
    """
    ids, inner = _wholes(rows[0][1:]), [[as_float(cell) for cell in row[1:]] for row in rows[1:]]
    known = [value for row in inner for value in row if value is not None and math.isfinite(value)]
    uneven = any(inner[i][j] != inner[j][i] for i in range(len(ids)) for j in range(i))
    beside = uneven or any(value != int(value) for value in known)
    if len(set(ids)) == len(ids) >= LIKELY and ((len(ids) >= SURE and beside) or min(ids) > max(known, default=0.0)):
        _refuse_numbers(rows, what)


def _refuse_numbers(rows: list[list[str]], what: str) -> None:
    raise InputError(
        f"{what}: the first row and column ({', '.join(rows[0][:4])}, ...) may number the regions or be weights; "
        f"allowed: an empty first cell beside numbers of the regions, or their names"
    )


def _is_word(cell: str) -> bool:
    return not is_number(cell) and not is_missing(cell)


def _is_word_free(cells: Sequence[str]) -> bool:
    return not any(map(_is_word, cells))


def _rising_index(rows: list[list[str]]) -> bool:
    return _rising([row[0] for row in rows])


def _wholes(cells: Sequence[str]) -> list[int | None]:
    numbers = [as_float(cell) for cell in cells]
    return [int(n) if n is not None and abs(n) < 1e15 and n == int(n) else None for n in numbers]


def _rising(cells: Sequence[str]) -> bool:
    """Whether cells are whole numbers, each larger than the one before."""
    values = _wholes(cells)
    return len(values) > 1 and None not in values and all(a < b for a, b in itertools.pairwise(values))


def _numbers_are_names(rows: list[list[str]], what: str) -> bool:
    """Whether the same rising numbers in the first row and column are names, judged by the corner and the rest."""
    corner, ids, inner = rows[0][0], _wholes(rows[0][1:]), [row[1:] for row in rows[1:]]
    blank_diagonal = all(is_missing(rows[k][k]) for k in range(len(rows)))
    if not is_number(corner) and not blank_diagonal:
        return True
    values = [as_float(cell) for row in inner for cell in row]
    known = [value for value in values if value is not None]
    numbered = ids[0] in (0, 1) and ids[-1] - ids[0] == len(ids) - 1
    fractions = any(value != int(value) for value in known if abs(value) < 1e15)
    # |i - j| or i j, which rise along every row, are matrices as well.
    rises_inside = _rising(inner[0][1:]) if len(inner) > 2 else False
    if not rises_inside and (len(ids) >= SURE or (numbered and fractions and len(ids) >= LIKELY)):
        return True
    above_all = ids[0] > max(known, default=0.0)
    if (numbered and len(ids) >= LIKELY) or above_all or len(ids) >= SURE:
        _refuse_numbers(rows, what)
    return False
