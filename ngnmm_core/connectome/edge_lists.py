"""Connectomes as lists: triplets with a number of regions, edge lists with or without names, Matrix Market, GraphML."""

import io
import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from ngnmm_core.connectome.arrays import ConnectomeArrays
from ngnmm_core.connectome.cells import as_float, decode, is_number
from ngnmm_core.connectome.contents import check_regions
from ngnmm_core.errors import InputError

# Titles of the two columns of an edge list.  The first kind says who sends, the second which row and column it is.
SENDS = (("source", "target"), ("from", "to"), ("src", "dst"), ("pre", "post"), ("presynaptic", "postsynaptic"))
PLACES = (
    ("i", "j"), ("row", "column"), ("row", "col"), ("node1", "node2"), ("nodei", "nodej"), ("region1", "region2"),
    ("regioni", "regionj"), ("roi1", "roi2"), ("v1", "v2"), ("nodea", "nodeb"),
)  # fmt: skip
WEIGHT_TITLES = ("weight", "weights", "w", "value", "strength", "count", "streamlines", "connectivity")
LENGTH_TITLES = ("length", "tractlength", "distance", "fiberlength", "fiberlengthmean")
# Regions of a list of triplets that may have no line of their own.
ISOLATED = 1000
_NETWORKX = re.compile(r"\s*(\S+)\s+(\S+)\s+\{.*'weight':\s*([-+.\deE]+).*\}\s*")


def is_triplets(lines: Sequence[tuple[int, str]]) -> bool:
    """Whether numbered lines are N and then `i j weight`."""
    first, others = lines[0][1].split(), [line.split() for _, line in lines[1:]]
    return len(first) == 1 and first[0].isdigit() and bool(others) and all(len(cells) == 3 for cells in others)


def read_triplets(lines: Sequence[tuple[int, str]], what: str) -> ConnectomeArrays:
    """Read a list of triplets: the first line is N, then lines `i j w` with indices from 0; what isn't listed is zero.

    Raises
    ------
    InputError
        If the first line is not a number of regions that fits the number of lines, or a line is not a triplet.
    """
    number, first = lines[0]
    cells = first.split()
    if len(cells) != 1:
        raise InputError(f"{what}: the first line is not a number of regions; allowed: N, then lines 'i j weight'")
    if not re.fullmatch(r"[-+]?\d{1,18}", cells[0]):
        raise InputError(f"{what}: line {number}: '{cells[0][:40]}' is not a whole number; allowed: N")
    count, most = int(cells[0]), max(ISOLATED, 2 * len(lines))
    if not 2 <= count <= most:
        raise InputError(f"{what}: line {number}: {count} regions; allowed: 2 to {most} with {len(lines) - 1} lines")
    check_regions(count, what)
    weights = np.zeros((count, count))
    seen = set()
    for number, line in lines[1:]:
        cells = line.split()
        values = [as_float(cell) for cell in cells]
        if len(cells) != 3 or None in values:
            raise InputError(f"{what}: line {number}: '{line.strip()}'; allowed: 'i j weight'")
        if not all(0 <= k < count and k == int(k) for k in values[:2]):
            shown = f"{values[0]:g} {values[1]:g}"
            raise InputError(f"{what}: line {number}: indices {shown}; allowed: whole numbers from 0 to {count - 1}")
        i, j = int(values[0]), int(values[1])
        if (i, j) in seen:
            raise InputError(f"{what}: line {number}: the pair {i} {j} occurs twice; allowed: once")
        seen.add((i, j))
        weights[i, j] = values[2]
    return ConnectomeArrays(weights, edges=True)


def is_edge_list(rows: list[list[str]], what: str) -> bool:
    """Whether a table is a list of edges: by its titles, or by three columns of which two hold regions.

    Raises
    ------
    InputError
        If three rows of three numbers, or four of four, may be a list or a matrix.
    """
    if (_titles(rows[0]) is not None and not _is_matrix(rows)) or (
        len(rows) > 1 and all(_NETWORKX.fullmatch(" ".join(row)) for row in rows)
    ):
        return True
    if len(rows) == len(rows[0]) == 4:
        _refuse_if_either(rows, what)
    if any(len(row) != 3 for row in rows) or not all(is_number(row[2]) for row in rows):
        return False
    ends = [row[:2] for row in rows]
    words = not any(is_number(cell) for pair in ends for cell in pair)
    if not (words or _numbered(ends)):
        return False
    if len(rows) != 3 or words:
        return len(rows) > 3 or words
    _refuse_if_either(rows, what)
    return False


def _is_matrix(rows: list[list[str]]) -> bool:
    """Whether a table is a matrix though two titles may be those of an edge, as the V1, V2, ... that R gives columns.

    It is square without its titles, and its diagonal is empty, or its first two columns can't be pairs of regions.
    """
    head, body = rows[0], rows[1:]
    index = int({len(row) for row in body} == {len(body) + 1})
    titles = [_bare(cell) for cell in (head[1:] if index and len(head) == len(body) + 1 else head)]
    cells = [row[index:] for row in body]
    if {len(titles), *map(len, cells)} != {len(body)} or not (places := _titles(titles)):
        return False
    numbers = [[as_float(cell) for cell in row] for row in cells]
    empty = not any(row[k] for k, row in enumerate(numbers))
    if any(title in WEIGHT_TITLES for title in titles) or any(
        value is None for i, row in enumerate(numbers) for j, value in enumerate(row) if i != j
    ):
        return False
    ends = [[row[place] for place in places[:2]] for row in cells]
    pairs = {frozenset(pair) for pair in ends}
    return empty or not _numbered(ends) or len(pairs) < len(ends) or any(len(pair) == 1 for pair in pairs)


def _numbered(ends: list[list[str]]) -> bool:
    return all(cell.isdigit() for pair in ends for cell in pair)


def _refuse_if_either(rows: list[list[str]], what: str) -> None:
    """Refuses as many edges as there are columns, which are a square table as well.

    A matrix has zeros on its diagonal.  Two whole numbers and a fraction in every line are hardly one, and neither are
    three numbers of which two are those of three regions.
    """
    ends = [row[:2] for row in rows]
    if not _numbered(ends) or any(a == b for a, b in ends) or len({frozenset(pair) for pair in ends}) < len(ends):
        return
    nodes = {int(cell) for pair in ends for cell in pair}
    others = [as_float(cell) for row in rows for cell in row[2:]]
    fractions = any(value is not None and value != int(value) for value in others if value is None or abs(value) < 1e15)
    diagonal = any(as_float(rows[k][k]) for k in range(len(rows)))
    if diagonal and (max(nodes) - min(nodes) < 3 or fractions):
        number = {3: "three", 4: "four"}[len(rows)]
        raise InputError(
            f"{what}: may be a matrix or a list of {number} edges; allowed: a list with titles (source, target)"
        )


def read_edges(rows: list[list[str]], what: str) -> ConnectomeArrays:
    """Read a list of edges with a weight each: two regions, given by numbers from 0 or 1 or by names.

    In columns `source` and `target` (or `from` and `to`) the target receives; without such titles, or with `i` and `j`,
    the first region is the row of the matrix, which receives.

    Raises
    ------
    InputError
        For a pair that occurs twice, a weight that is not a number, or titles that leave open where the weights are.
    """
    networkx = [_NETWORKX.fullmatch(" ".join(row)) for row in rows]
    if all(networkx):
        rows = [list(match.groups()) for match in networkx]
    places = _titles(rows[0])
    titles = [_bare(cell) for cell in rows[0]] if places else []
    first, second, sends = places or (0, 1, False)
    weight = _column(titles, WEIGHT_TITLES, rows[0], what) if places else 2
    length = next((titles.index(title) for title in LENGTH_TITLES if title in titles), None)
    body = rows[1:] if places else rows
    needed = max(k for k in (first, second, weight, length) if k is not None)
    if not body or any(len(row) <= needed for row in body):
        raise InputError(f"{what}: edges of different numbers of cells; allowed: two regions and a weight in each line")
    names, labels = _regions([row[k] for row in body for k in (first, second)])
    check_regions(len(names), what)
    weights, lengths = np.zeros((len(names), len(names))), np.full((len(names), len(names)), np.nan)
    seen = set()
    for number, row in enumerate(body, start=1 + bool(places)):
        ends = names[row[second]], names[row[first]]
        i, j = ends if sends else ends[::-1]
        if (i, j) in seen:
            raise InputError(f"{what}: row {number}: the pair {row[first]} {row[second]} occurs twice; allowed: once")
        seen.add((i, j))
        weights[i, j] = 1.0 if weight is None else _value(row[weight], number, what)
        if length is not None:
            lengths[i, j] = _value(row[length], number, what)
    notes = ["a list of edges; the target of each receives" if sends else "a list of edges; the first region receives"]
    notes += ["edges without weights count as 1"] if weight is None else []
    notes += [f"regions are numbered from {min(map(int, names))}"] if labels is None else []
    lengths = None if length is None else lengths
    return ConnectomeArrays(weights, labels, tract_length=lengths, notes=notes, edges=True)


def _titles(first: list[str]) -> tuple[int, int, bool] | None:
    """Columns of the two ends of an edge, and whether the first sends to the second; None without such titles."""
    titles = [_bare(cell) for cell in first]
    for pairs, sends in ((SENDS, True), (PLACES, False)):
        for one, other in pairs:
            if one in titles and other in titles:
                return titles.index(one), titles.index(other), sends
    return None


def _column(titles: list[str], known: Sequence[str], shown: list[str], what: str) -> int | None:
    """Find the column of the weights; None if there are only the two ends."""
    found = [k for k, title in enumerate(titles) if title in known]
    if len(found) == 1:
        return found[0]
    if not found and len(titles) == 3:
        return ({0, 1, 2} - {k for k, t in enumerate(titles) if _is_end(t)}).pop()
    if not found and len(titles) == 2:
        return None
    raise InputError(f"{what}: edges with the columns {', '.join(shown)}; allowed: one column called weight")


def _is_end(title: str) -> bool:
    return any(title in pair for pair in (*SENDS, *PLACES))


def _value(cell: str, row: int, what: str) -> float:
    value = as_float(cell)
    if value is None:
        raise InputError(f"{what}: row {row}: '{cell}' is not a number; allowed: a number")
    return value


def _regions(ends: Sequence[str]) -> tuple[dict[str, int], list[str] | None]:
    """Index every region by what it is called in the list, and give labels where it has names.

    Numbers from 0 or 1 without large gaps are indices; others are names, in rising order.  Words are names in the order
    in which they come.
    """
    called = list(dict.fromkeys(ends))
    if not all(re.fullmatch(r"\d{1,9}", cell) for cell in called):
        return {name: k for k, name in enumerate(called)}, called
    numbers = sorted({int(cell) for cell in called})
    base = numbers[0]
    if base in (0, 1) and numbers[-1] - base < 2 * len(numbers):
        known = {cell: int(cell) - base for cell in called}
        return {**{str(k): k - base for k in range(base, numbers[-1] + 1)}, **known}, None
    order = {number: k for k, number in enumerate(numbers)}
    return {cell: order[int(cell)] for cell in called}, [str(number) for number in numbers]


def _bare(title: str) -> str:
    return re.sub(r"[^a-z0-9]", "", title.lower())


def read_matrix_market(data: bytes, what: str) -> ConnectomeArrays:
    """Read a Matrix Market file, sparse or dense, real or integer, general or symmetric.

    Raises
    ------
    InputError
        If it is another one, or can't be read.
    """
    from scipy.io import mminfo, mmread

    decode(data, what)
    try:
        rows, columns, *_ = mminfo(io.BytesIO(data))
    except Exception:  # the reader raises whatever a damaged file leads to
        raise InputError(f"{what}: not a Matrix Market file that can be read; allowed: a whole file") from None
    check_regions(max(rows, columns), what)
    if max(rows, columns) > max(ISOLATED, len(data)):
        raise InputError(f"{what}: {rows} x {columns} claimed by {len(data)} bytes; allowed: a whole file")
    try:
        matrix: Any = mmread(io.BytesIO(data))
    except Exception:
        raise InputError(f"{what}: not a Matrix Market file that can be read; allowed: a whole file") from None
    if not hasattr(matrix, "toarray"):
        return ConnectomeArrays(matrix)
    pairs, times = np.unique(np.stack(matrix.coords), axis=1, return_counts=True)
    if (times > 1).any():
        i, j = pairs[:, np.argmax(times)] + 1
        raise InputError(f"{what}: the pair {i} {j} occurs twice; allowed: once")
    return ConnectomeArrays(matrix.toarray())
