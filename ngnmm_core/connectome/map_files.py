"""Files of maps: a number per region, by its label."""

import math
from pathlib import Path

from ngnmm_core.connectome.cells import as_float, content_lines, decode, is_missing, split_rows
from ngnmm_core.connectome.label_files import NAME_TITLES
from ngnmm_core.errors import InputError, twice, unknown

SPHERE = ("sphere_x", "sphere_y", "sphere_z")
SUFFIXES = (".csv", ".tsv", ".txt")


def read_map(path: Path, column: str | None, key: str) -> tuple[dict[str, float], dict[str, tuple[float, ...]]]:
    """Read a map, and the places of regions on a sphere where the table has them.

    Parameters
    ----------
    path : Path
        A table (comma, semicolon or tab) with titles: a column of labels (`label`, `region`, `name`, ..., else the
        first one) and columns of numbers; `sphere_x`, `sphere_y`, `sphere_z` are places on a sphere around (0, 0, 0).
    column : str or None
        Title of the column that is the map; None if there is only one.
    key : str
        What messages begin with.

    Returns
    -------
    values : dict of label to float
        In alphabetical order of the labels; NaN where the table has no number.
    places : dict of label to (x, y, z)
        Of the regions that have one.

    Raises
    ------
    InputError
        For a file that is no such table, a label that occurs twice, or a column that isn't there.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise InputError(f"{key}: {path}: unknown format '{path.suffix}'; allowed: {', '.join(SUFFIXES)}")
    what = f"{key}: {path}"
    lines = [line for _, line in content_lines(decode(path.read_bytes(), what))]
    rows = split_rows(lines, path.suffix.lower(), what) if lines else []
    if len(rows) < 2 or any(len(row) != len(rows[0]) for row in rows):
        raise InputError(f"{what}: not a table; allowed: a row of titles, and a row of as many cells for every region")
    titles = [title.strip() for title in rows[0]]
    if repeated := twice(titles):
        raise InputError(f"{what}: the column '{repeated}' occurs twice; allowed: each title once")
    bare = [title.lower().replace("_", "") for title in titles]
    names = next((bare.index(title) for title in NAME_TITLES if title in bare), 0)
    labels = [row[names].strip() for row in rows[1:]]
    if repeated := twice(labels):
        raise InputError(f"{what}: the label '{repeated}' occurs twice; allowed: each region once")
    place = titles.index(_column(titles, names, column, what))
    found = {label: _number(row[place], what, label) for label, row in zip(labels, rows[1:], strict=True)}
    on_sphere: dict[str, tuple[float, ...]] = {}
    if set(SPHERE) <= set(titles):
        where = [titles.index(title) for title in SPHERE]
        for label, row in zip(labels, rows[1:], strict=True):
            xyz = tuple(_number(row[k], what, label) for k in where)
            if not any(map(math.isnan, xyz)):
                on_sphere[label] = xyz
    return dict(sorted(found.items())), dict(sorted(on_sphere.items()))


def _column(titles: list[str], names: int, asked: str | None, what: str) -> str:
    """Choose the title of the column that is the map."""
    others = [title for k, title in enumerate(titles) if k != names]
    if asked is not None:
        if asked not in others:
            raise unknown(f"{what}: column", asked, others)
        return asked
    maps = [title for title in others if title not in SPHERE]
    if len(maps) != 1:
        found = f"the columns {', '.join(maps)}" if maps else "no column beside the labels"
        raise InputError(f"{what}: has {found}; allowed: one column of numbers, or the key `column`")
    return maps[0]


def _number(cell: str, what: str, label: str) -> float:
    value = as_float(cell.strip())
    if value is None and not is_missing(cell.strip()):
        raise InputError(f"{what}: '{cell}' of {label} is not a number; allowed: numbers")
    return math.nan if value is None else value
