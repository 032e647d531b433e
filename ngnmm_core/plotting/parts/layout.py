"""Which axis of a grid goes where in a figure.

Needs the names and lengths of the axes only, so that the catalogue can tell what figures a study has while Snakemake
parses the workflow.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from ngnmm_core.connectome.cohort import NULL, SUBJECT

SEED, POINT = "seed", "point"
REPLICATES = (SEED, SUBJECT)  # axes over which the mean is drawn
NOT_DRAWN = (*REPLICATES, NULL)  # of null connectomes the true one is drawn
COUPLING, INPUT, HETEROGENEITY = "G", "I_ext_e", "Delta"
MOST_LINES = 3  # a grid of two axes, one of them this short, is drawn as lines: a map would be a few stripes
MOST_COLUMNS = 6


@dataclass(frozen=True)
class GridAxes:
    """Where the axes of a grid go.

    Attributes
    ----------
    kind : str
        `map` (x, y, perhaps columns), `lines` (x, perhaps one line per value of y), `points` (a list of points), or
        `single` (one point: nothing to draw).
    x, y, column : str or None
        Axes by name.
    first : tuple of str
        Axes of which only the first value is drawn.
    replicates : bool
        Whether there are several seeds or subjects, of which the mean is drawn.
    """

    kind: str
    x: str | None = None
    y: str | None = None
    column: str | None = None
    first: tuple[str, ...] = ()
    replicates: bool = False


def choose_axes(sizes: Mapping[str, int]) -> GridAxes:
    """Where the axes go, from the lengths of the grid's dimensions, by name and in the order of the study."""
    if POINT in sizes:
        return GridAxes("points", POINT) if sizes[POINT] > 1 else GridAxes("single")
    varying = [name for name, size in sizes.items() if size > 1 and name not in NOT_DRAWN]
    replicates = any(sizes.get(name, 1) > 1 for name in REPLICATES)
    if not varying:
        return GridAxes("single", replicates=replicates)
    if len(varying) == 1:
        return GridAxes("lines", varying[0], replicates=replicates)
    if len(varying) == 2:
        short, long = sorted(varying, key=lambda name: (sizes[name], name == INPUT))
        if sizes[short] <= MOST_LINES:
            return GridAxes("lines", long, short, replicates=replicates)
    return _map(varying, sizes, replicates)


def region_axis(sizes: Mapping[str, int]) -> str | None:
    """Find the axis along which one region after another is chosen, if it alone varies (seeds aside).

    Indices of regions are names and no quantity: lines and maps over them say nothing.
    """
    varying = [name for name, size in sizes.items() if size > 1 and name not in NOT_DRAWN]
    return varying[0] if len(varying) == 1 and varying[0].endswith(".region") else None


def _map(varying: list[str], sizes: Mapping[str, int], replicates: bool) -> GridAxes:
    """Put the input or the longest axis along x and the coupling along y; every heterogeneity gets a column."""
    left = list(varying)

    def take(preferred: str, avoid: str = "") -> str:
        candidates = [name for name in left if name != avoid] or left
        chosen = preferred if preferred in left else max(candidates, key=lambda name: sizes[name])
        left.remove(chosen)
        return chosen

    y = take(COUPLING, avoid=INPUT) if COUPLING in left else None
    x = take(INPUT, avoid=HETEROGENEITY)
    y = y or take(COUPLING, avoid=HETEROGENEITY)
    column = HETEROGENEITY if HETEROGENEITY in left else (left[0] if left else None)
    rest = tuple(name for name in left if name != column)
    return GridAxes("map", x, y, column, rest, replicates)


def evenly_chosen(count: int, most: int = MOST_COLUMNS) -> list[int]:
    """Positions of at most `most` of `count` things, the first and the last among them."""
    if count <= most:
        return list(range(count))
    return [round(k * (count - 1) / (most - 1)) for k in range(most)]
