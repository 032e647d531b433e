"""Files of region labels: one per line, tables with titles, and the look-up tables of FreeSurfer, MRtrix and others."""

import re
from collections.abc import Sequence

from ngnmm_core.connectome.arrays import ConnectomeArrays
from ngnmm_core.connectome.cells import as_float, content_lines, decode, is_number, split_rows
from ngnmm_core.connectome.hemispheres import sides
from ngnmm_core.errors import InputError

# Titles without marks between words, the most telling first.
NAME_TITLES = (
    "label", "labels", "name", "names", "region", "regions", "regionname", "regionlabel", "roiname", "roilabel", "roi",
    "labelname", "nodename", "parcel", "parcelname", "structure", "structname", "fullname", "anatomy", "areaname",
    "area",
)  # fmt: skip
INDEX_TITLES = (
    "matrixindex",
    "index",
    "id",
    "no",
    "number",
    "value",
    "roinumber",
    "roiindex",
    "labelindex",
    "nodeindex",
)
SIDE_TITLES = ("hemisphere", "hemi", "side", "lr")
LOBE_TITLES = ("lobe",)
PLACE_TITLES: tuple[tuple[str, str, str], ...] = (
    ("x", "y", "z"),
    ("r", "a", "s"),
    ("xmni", "ymni", "zmni"),
    ("mnix", "mniy", "mniz"),
)
PLACE_TITLES += (("cogx", "cogy", "cogz"), ("centrex", "centrey", "centrez"), ("centerx", "centery", "centerz"))
UNKNOWN = ("unknown", "???", "background", "clear label")  # what look-up tables call number 0
# Kinds of columns in look-up tables without titles: w a word, i whole numbers, f numbers.
LOOK_UP_TABLES = (
    re.compile("(?P<name>w)(?P<place>[if]{3})[wif]*"),  # centres of The Virtual Brain
    re.compile("(?P<index>i)(?P<name>w)"),
    re.compile("(?P<name>w)(?P<index>i)"),
    re.compile("(?P<index>i)(?P<name>w)iii[if]?"),  # FreeSurfer: R G B A
    re.compile("(?P<index>i)(?P<name>w)(?P<place>[if]{3})"),
    re.compile("(?P<index>i)(?P<short>w)(?P<name>w)(iii[if]?)?"),  # MRtrix
    re.compile("(?P<short>w)(?P<name>w)(?P<index>i)"),  # AAL
    re.compile("(?P<index>i)iii[if]ii(?P<name>w)"),  # ITK-SNAP
)


def read_labels(data: bytes, suffix: str, what: str) -> dict[str, list]:
    """Read a file of region labels.

    | content | taken from it |
    |---|---|
    | one label per line | labels |
    | a table with titles | the column `label`, `name`, `region` or `ROI Name`; sides, lobes, centres (mm), numbers |
    | look-up tables of FreeSurfer, MRtrix, AAL, ITK-SNAP | names (the long ones, if there are two), numbers |
    | centres of The Virtual Brain | names, centres (mm) |

    Returns
    -------
    dict
        `labels`, and where they exist `hemisphere`, `lobe`, `centres` and `index` (numbers of the regions, as text).

    Raises
    ------
    InputError
        If it has several columns and none of them is known to hold names, or rows of different length.
    """
    text = decode(data, what)
    lines = [line for _, line in content_lines(text)]
    if not lines:
        raise InputError(f"{what}: the file is empty; allowed: one label per line")
    rows = split_rows(lines, suffix, what)
    titles = [_bare(cell) for cell in rows[0]]
    column = _name_column(titles, rows)
    if column is not None:
        return _from_titles(rows, titles, column, what)
    if found := _look_up_table(rows):
        return found
    by_blanks = not any(mark in line for line in lines for mark in "\t;,")
    if by_blanks and _names_with_blanks(rows):
        return {"labels": [line.strip().strip("\"'") for line in lines]}
    if any(sum(map(bool, row)) > 1 for row in rows) and not by_blanks:
        raise InputError(
            f"{what}: a table without a column `label` (its first row is {', '.join(rows[0])}); allowed: a table with "
            "a column `label`, or one label per line"
        )
    if by_blanks and any(len(row) > 1 for row in rows):
        raise InputError(f"{what}: several columns ({' '.join(rows[0])}); allowed: one label per line, or titles")
    return {"labels": [row[0].strip("\"',;") for row in rows]}


def _names_with_blanks(rows: list[list[str]]) -> bool:
    """Whether lines with several words are names: none holds a number of its own, or what is not one repeats."""
    numbers = [cell for row in rows for cell in row if is_number(cell)]
    if not numbers:
        return True
    words = [" ".join(cell for cell in row if not is_number(cell)) for row in rows]
    return len(set(words)) < len(words) and all(words)


def _name_column(titles: list[str], rows: list[list[str]]) -> int | None:
    """Find the column with a known title that holds words; one of numbers only if there is no other."""
    if len(rows) < 2 or any(map(is_number, rows[0])):
        return None
    found = [titles.index(title) for title in NAME_TITLES if title in titles]
    words = [k for k in found if not all(len(row) > k and is_number(row[k]) for row in rows[1:])]
    return next(iter(words or found), None)


def _from_titles(rows: list[list[str]], titles: list[str], column: int, what: str) -> dict[str, list]:
    header, body = rows[0], rows[1:]
    if any(len(row) != len(header) for row in rows):
        raise InputError(f"{what}: rows of different length; allowed: {len(header)} cells in each, as in the first")
    by_title = {title: k for k, title in reversed(list(enumerate(titles)))}

    def taken(known: Sequence[str]) -> list[str] | None:
        place = next((by_title[title] for title in known if title in by_title and by_title[title] != column), None)
        return None if place is None else [row[place] for row in body]

    result: dict[str, list] = {"labels": [row[column] for row in body]}
    index = taken(INDEX_TITLES)
    if "matrixindex" in by_title:
        order = sorted(range(len(body)), key=lambda k: as_float(index[k]) if is_number(index[k]) else k)
        body = [body[k] for k in order]
        result["labels"], index = [row[column] for row in body], None
    side, lobe = taken(SIDE_TITLES), taken(LOBE_TITLES)
    if side:
        result["hemisphere"] = sides(side, what)
    if lobe:
        result["lobe"] = lobe
    if index:
        result["index"] = index
    axes = next((axes for axes in PLACE_TITLES if set(axes) <= set(titles)), None)
    if axes:
        columns = [by_title[axis] for axis in axes]
        result["centres"] = [[_number(row[c], n, c, what) for c in columns] for n, row in enumerate(body, start=2)]
    return result


def _number(cell: str, row: int, column: int, what: str) -> float:
    number = as_float(cell)
    if number is None:
        raise InputError(f"{what}: row {row}, column {column + 1}: '{cell}' is not a number; allowed: a number")
    return number


def _look_up_table(rows: list[list[str]]) -> dict[str, list] | None:
    """Interpret a table without titles, if its columns are those of a known one."""
    widths = {len(row) for row in rows}
    if len(widths) != 1 or widths == {1}:
        return None
    columns = list(zip(*rows, strict=True))
    kinds = "".join(map(_kind, columns))
    for table in LOOK_UP_TABLES:
        match = table.fullmatch(kinds)
        if match is None:
            continue
        place = {name: columns[match.start(name)] for name, group in match.groupdict().items() if group}
        index = [str(int(as_float(cell))) for cell in place.get("index", ())]
        if len(set(index)) < len(index) or len(set(place["name"])) < len(rows):
            continue
        centres = (
            [[as_float(cell) for cell in row[slice(*match.span("place"))]] for row in rows] if "place" in place else []
        )
        # Colours are whole numbers that are not negative; centres of a brain are on both sides of zero.
        if centres and not any(value < 0 or value != int(value) for row in centres for value in row):
            centres = []
        kept = [
            k for k, name in enumerate(place["name"]) if not (index and index[k] == "0" and name.lower() in UNKNOWN)
        ]
        found = {"labels": place["name"], "index": index, "centres": centres}
        return {key: [values[k] for k in kept] for key, values in found.items() if values}
    return None


def _kind(column: Sequence[str]) -> str:
    numbers = [as_float(cell) for cell in column]
    if None in numbers:
        return "w" if not any(cell == "" for cell in column) else "e"
    return "i" if all(abs(n) < 1e9 and n == int(n) for n in numbers) else "f"


def _bare(title: str) -> str:
    return re.sub(r"[^a-z0-9]", "", title.lower())


def with_labels(arrays: ConnectomeArrays, given: dict[str, list], what: str, beside: str) -> None:
    """Take labels and what comes with them from a file of labels into arrays, in place.

    Where the matrix names its regions, a file with the same names is brought into their order, and one that numbers its
    rows is looked up by those numbers; other names replace those of the matrix.

    Raises
    ------
    InputError
        If some names are those of the matrix, but stand at other places and not for all regions.
    """
    own, names = arrays.labels, [str(name).strip() for name in given["labels"]]
    given = {**given, "labels": names}
    index = given.pop("index", None)
    if own is not None and own != names:
        own = [str(label).strip() for label in own]
        keys = names
        if index and set(own) <= set(index) and len(set(index)) == len(index):
            keys = index
        if set(own) <= set(keys) and len(set(keys)) == len(keys):
            order = [keys.index(label) for label in own]
            if order != list(range(len(names))):
                arrays.notes.append(f"regions of {beside} were brought into the order of the matrix")
            given = {key: [values[k] for k in order] for key, values in given.items()}
        elif wrong := [k for k, name in enumerate(names) if name in own and own.index(name) != k]:
            k = wrong[0]
            raise InputError(
                f"{what}: '{names[k]}' is region {own.index(names[k]) + 1} of the matrix but line {k + 1} of {beside}; "
                f"allowed: the names of the matrix, or the same order"
            )
    if own is None or own != given["labels"]:
        arrays.hemisphere = None  # whatever the file said of the sides belonged to other names
    arrays.labels = given.pop("labels")
    for key, values in given.items():
        setattr(arrays, key, values)
