"""What an analysis declares of its maps: one number per point of the grid, and how that is drawn.

Read whenever Snakemake parses the workflow: free of matplotlib and xarray.  A reduction is handed an array of xarray
and calls its methods.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ngnmm_core.errors import InputError, unknown

if TYPE_CHECKING:
    from xarray import DataArray

# Flag variables that say, in this order, why a value of a simulation is not defined.
NETWORK = ("simulation_status", "network_regime")

# Perceptually uniform and safe for colour-blind readers; each also reversed, as `viridis_r`.
COLOUR_MAPS = (
    "viridis", "cividis", "magma", "inferno", "plasma", "mako", "rocket", "flare", "crest", "vlag", "icefire"
)  # fmt: skip


@dataclass(frozen=True)
class Look:
    """How one quantity looks everywhere.

    `low` and `high` fix the limits of the colour scale; None takes them from the data (all panels of a figure
    together).  `diverging` centres the scale on zero; where what is positive matters more, `positive` lets the positive
    values set its reach, and lower ones than that have the last colour.  `whole` marks numbers of things.

    Raises
    ------
    InputError
        On construction, for a colour map that is not in `COLOUR_MAPS`, or limits that are none.
    """

    cmap: str = "viridis"
    low: float | None = None
    high: float | None = None
    diverging: bool = False
    positive: bool = False
    whole: bool = False

    def __post_init__(self):
        if self.cmap.removesuffix("_r") not in COLOUR_MAPS:
            raise unknown("look.cmap", self.cmap, COLOUR_MAPS)
        if self.low is not None and self.high is not None and not self.low < self.high:
            raise InputError(f"look: [{self.low:g}, {self.high:g}] are no limits; allowed: low < high")


@dataclass(frozen=True)
class Map:
    """One quantity over the grid.

    Attributes
    ----------
    name : str
        The figure is `figures/map_NAME.svg` (and `.png`).
    variable : str
        The variable of the dataset that it is made from.
    text : str
        What it is called in the figure; the unit comes from the dataset.
    caption : str
        What it shows, in reStructuredText for the report: words that explain the quantity.
    reduce : callable
        From the variable to one number per point (and per `rows`), by methods of `xarray.DataArray`.
    look : Look
        Colour map and limits.
    title : str
        What it is called in the report; `text` if not given.
    statuses : tuple of str
        Flag variables that say, in this order, why a value is not defined.
    rows : str or None
        A dimension of which every value gets a row of panels.
    doubtful : (variable, flag, words) or None
        Points whose value is defined but marked: by a flag; or hatched, where the variable is below a number in place
        of a flag.
    above : float or None
        Values above it mean that the homogeneous state is unstable; the border is drawn.
    instead : str or None
        Another variable, reduced in the same way, that gives the value where the first one has none and it is there.
    of_motion : bool
        Whether it means nothing at rest, where it is computed from round-off.
    over_regions : bool
        Whether it is drawn where the grid has one axis alone and that is one of regions.
    """

    name: str
    variable: str
    text: str
    caption: str
    reduce: Callable[["DataArray"], "DataArray"]
    look: Look = Look()
    title: str = ""
    statuses: tuple[str, ...] = NETWORK
    rows: str | None = None
    doubtful: tuple[str, str | float, str] | None = None
    above: float | None = None
    instead: str | None = None
    of_motion: bool = False
    over_regions: bool = True

    @property
    def hatches_doubt(self) -> bool:
        """Whether values are doubtful because another is too small, which is shown by a hatch."""
        return self.doubtful is not None and not isinstance(self.doubtful[1], str)

    @property
    def stem(self) -> str:
        """Name of the figure."""
        return f"map_{self.name}"


def mean_over_regions(values: "DataArray") -> "DataArray":
    """Average over regions."""
    return values.mean("region")


def as_it_is(values: "DataArray") -> "DataArray":
    """Return a variable that is one number per point as it is."""
    return values
