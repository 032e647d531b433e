"""Refuses tables with margins: sums over all regions in the last row or column, which would pass for a region."""

from collections.abc import Sequence

import numpy as np

from ngnmm_core.connectome.cells import as_float
from ngnmm_core.errors import InputError

FEWEST = 3  # numbers that are summed; of fewer, sums may be chance
TITLES = ("total", "totals", "sum", "sums", "all", "margin")
ROUNDING = 1e-6  # of a sum: sums are rounded as the numbers are
LOOKED_AT = 3  # sums that are looked at first


def refuse_margins(rows: list[list[str]], what: str) -> None:
    """Look for margins in a table of cells, names included.

    Raises
    ------
    InputError
        If the numbers of the last row or column are the sums of those before, the total in the corner included, or but
        for the corner under a title such as `Total`.
    """
    width = len(rows[0])
    if any(len(row) != width for row in rows):
        return
    by_row, by_column = (lambda k: rows[k]), (lambda k: [row[k] for row in rows])
    for kind, line, count, title in (
        ("row", by_column, width, rows[-1][0]),
        ("column", by_row, len(rows), rows[0][-1]),
    ):
        titled = title.strip().lower() in TITLES
        lines = range(count - 1 if titled else count)  # under a title, the corner may hold anything
        if _sums([line(k) for k in lines[-LOOKED_AT:]]) and _sums([line(k) for k in lines]):
            raise InputError(f"{what}: the last {kind} is the sum of the others; allowed: a table without sums")


def _sums(lines: Sequence[Sequence[str]]) -> bool:
    """Whether all lines of cells that end with a number end with the sum of those before, or but for the first one."""
    numbers = np.array([[np.nan if (n := as_float(cell)) is None else n for cell in line] for line in lines])
    numbers = numbers[np.isfinite(numbers[:, -1])]
    last = numbers[:, -1]
    if len(last) < LOOKED_AT or not (last > 0).all():
        return False
    return any(
        (np.isfinite(part).sum(axis=1) >= FEWEST).all()
        and np.allclose(last, np.nansum(np.where(np.isfinite(part), part, 0.0), axis=1), rtol=ROUNDING, atol=0.0)
        for part in (numbers[:, :-1], numbers[:, 1:-1])  # numbers of the regions come first, or none
    )


def refuse_sums(matrix: np.ndarray, what: str) -> None:
    """Look for margins in a square matrix of numbers.

    Raises
    ------
    InputError
        If the last row or column is the sum of the others, the total in the corner included.
    """
    for kind, table in (("row", matrix), ("column", matrix.T)):
        last, others = table[-1], table[:-1]
        if (
            len(others) >= FEWEST
            and (last > 0).all()
            and np.allclose(last, others.sum(axis=0), rtol=ROUNDING, atol=0.0)
        ):
            raise InputError(f"{what}: the last {kind} is the sum of the others; allowed: a matrix without sums")
