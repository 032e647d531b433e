"""The look of all figures: theme, sizes, colour scales.

Figures are made for print and for slides: 85 mm is one column of a journal, 180 mm are two, and no text is smaller than
8 points where these 180 mm are 160 mm on a screen.  Colour maps are perceptually uniform and safe for colour-blind
readers; what can be negative has a diverging map centred on zero.
What an analysis draws over the grid looks as it declares (`ngnmm_core.analysis.maps`).
"""

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import matplotlib as mpl
import numpy as np
import seaborn as sns
from matplotlib.colors import ListedColormap, Normalize
from matplotlib.figure import Figure, FigureBase, SubFigure

from ngnmm_core.analysis.maps import Look

MM = 1.0 / 25.4
DIGITS = 7  # of positions in a figure, in units of its size
ONE_COLUMN, TWO_COLUMNS = 85.0, 180.0  # mm
FONT = "DejaVu Sans"  # comes with matplotlib, so that text has the same shape on every machine

INK, MUTED, FAINT, PAPER = "#1a1a1a", "#6b6b6b", "#d9d9d9", "#ffffff"
UNDEFINED = "#ededed"
ACCENT, SECOND = "#0072b2", "#d55e00"  # blue and vermilion of the Okabe-Ito palette
LINES = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00")
LEFT, RIGHT, MIDLINE = "#4477aa", "#cc6677", "#8c8c8c"
HEMISPHERES = {"L": LEFT, "R": RIGHT}
TEXT, HEADING = 9.0, 10.5  # points; 9 on a page of 180 mm are 8 on a slide of 160 mm

SETTINGS = {
    "font.family": FONT,
    "mathtext.fontset": "dejavusans",
    "font.size": TEXT,
    "axes.titlesize": TEXT,
    "axes.labelsize": TEXT,
    "xtick.labelsize": TEXT,
    "ytick.labelsize": TEXT,
    "legend.fontsize": TEXT,
    "figure.titlesize": HEADING,
    "figure.labelsize": TEXT,
    "axes.linewidth": 0.6,
    "lines.linewidth": 1.0,
    "patch.linewidth": 0.5,
    "hatch.linewidth": 0.5,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.major.size": 2.5,
    "ytick.major.size": 2.5,
    "xtick.minor.size": 1.5,
    "ytick.minor.size": 1.5,
    "xtick.major.pad": 2.0,
    "ytick.major.pad": 2.0,
    "axes.labelpad": 2.5,
    "axes.titlepad": 3.5,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "legend.frameon": False,
    "legend.handlelength": 1.4,
    "figure.dpi": 100,
    "figure.facecolor": PAPER,
    "savefig.facecolor": PAPER,
    "svg.fonttype": "path",  # outlines: legible, and the same, where the font is not installed
    "svg.hashsalt": "ngnmm",  # identifiers in an SVG are random without it
    "image.interpolation": "nearest",
    "figure.constrained_layout.h_pad": 1.2 * MM,
    "figure.constrained_layout.w_pad": 1.2 * MM,
    "figure.constrained_layout.hspace": 0.02,
    "figure.constrained_layout.wspace": 0.02,
}


@contextmanager
def theme() -> Iterator[None]:
    """Set matplotlib to this look, whatever the user's own settings, and restore these afterwards."""
    with mpl.rc_context():
        mpl.rcdefaults()
        # seaborn puts Arial first: what is installed would decide the shape of the text, hence the font after it
        mpl.rcParams.update(sns.axes_style("ticks"))
        mpl.rcParams.update(SETTINGS)  # type: ignore[arg-type]
        yield


def themed(draw: Callable[..., Figure | None]) -> Callable[..., Figure | None]:
    """Lets a function draw in this look, and settles the layout of its figure."""

    @functools.wraps(draw)
    def drawing(*arguments: Any, **options: Any) -> Figure | None:
        with theme():
            figure = draw(*arguments, **options)
            if figure is not None and figure.get_layout_engine() is not None:
                _settle_layout(figure)
        return figure

    return drawing


def _settle_layout(figure: Figure) -> None:
    """Works out the layout once and for all, in round numbers.

    The solver behind matplotlib's layout gives other last digits from call to call, even in one process, as it orders
    its equations by memory address; they would show in the bytes of a file.
    """
    for axes in figure.axes:
        sizes = (axes.xaxis, mpl.rcParams["xtick.labelsize"]), (axes.yaxis, mpl.rcParams["ytick.labelsize"])
        for axis, size in sizes:
            # the number of ticks follows from the size of their labels, looked up again when the figure is saved
            if "labelsize" not in axis.get_tick_params():
                axis.set_tick_params(labelsize=size)
    figure.draw_without_rendering()
    figure.set_layout_engine("none")
    parts: list[FigureBase] = [figure]
    for part in parts:
        parts += part.subfigs
        if part is not figure:
            part.bbox_relative.p0 = np.round(part.bbox_relative.p0, DIGITS) + 0.0  # type: ignore[attr-defined]
            part.bbox_relative.p1 = np.round(part.bbox_relative.p1, DIGITS) + 0.0  # type: ignore[attr-defined]
        for text in part.texts:
            text.set_position([round(value, DIGITS) for value in text.get_position()])  # type: ignore[arg-type]
    for axes in figure.axes:
        bounds = axes.get_position(original=True).bounds
        axes.set_position([round(value, DIGITS) + 0.0 for value in bounds])  # type: ignore[arg-type]


def new_figure(width_mm: float, height_mm: float) -> Figure:
    """Create an empty figure of that size, laid out by matplotlib's constrained layout."""
    return Figure(figsize=(width_mm * MM, height_mm * MM), layout="constrained")


LOOKS = {
    "weights": Look("rocket_r"),
    "strength": Look("viridis", low=0.0),
    "hub_zscore": Look("vlag", diverging=True),
}


def colour_scale(look: Look, values: np.ndarray) -> Normalize:
    """Compute the colour scale for all values that share it."""
    finite = np.asarray(values)[np.isfinite(values)]
    low, high = (finite.min(), finite.max()) if finite.size else (0.0, 1.0)
    if look.diverging:
        reach = look.high if look.high is not None else max(abs(low), abs(high))
        if look.positive and high > 0.0:
            reach = max(high, 0.1 * abs(low))
        return Normalize(-(reach or 1.0), reach or 1.0)
    low = look.low if look.low is not None else low
    high = look.high if look.high is not None else high
    return Normalize(low, high if high > low else low + 1.0)


def used_colours(look: Look, norm: Normalize, values: np.ndarray) -> tuple[Any, Normalize]:
    """Colour map and scale without the half of a diverging map that no value comes near; zero keeps its colour.

    Positive values far from zero get a sequential map over their own range: on a scale from zero they would look alike.
    """
    finite = np.asarray(values)[np.isfinite(values)]
    if not (look.diverging and finite.size) or norm.vmax <= 0.0 or norm.vmin >= 0.0:
        return look.cmap, norm
    if not look.positive and UNUSED * finite.max() < finite.min() < finite.max():
        return SEQUENTIAL, Normalize(finite.min(), finite.max())
    low = max(min(float(finite.min()), 0.0), norm.vmin)
    if low < -UNUSED * norm.vmax or look.positive:
        return look.cmap, norm
    low = -UNUSED * norm.vmax if low < 0.0 else 0.0
    start = 0.5 * (1.0 + low / norm.vmax)
    part = mpl.colormaps[look.cmap](np.linspace(start, 1.0, 256))
    return ListedColormap(part, f"{look.cmap}_upper"), Normalize(low, norm.vmax)


SEQUENTIAL = "viridis"
UNUSED = 0.2  # share of one half of a diverging scale: if values reach no further, that half is cut to it


def rounded_up(value: float) -> float:
    """Round up to the next of 1, 2, 3, 4, 5, 6, 8 times a power of ten."""
    if not np.isfinite(value) or value <= 0:
        return 1.0
    power = 10.0 ** np.floor(np.log10(value))
    return float(next(m * power for m in (1, 2, 3, 4, 5, 6, 8, 10) if m * power >= value * (1 - 1e-9)))


SMALLEST_RANGE = 1e-3  # of a signal: less is not spread over the whole colour scale


def signal_scale(values: np.ndarray) -> tuple[str, Normalize]:
    """Colour map and scale of a signal: robust, and symmetric about zero if it takes both signs."""
    finite = values[np.isfinite(values)]
    if not finite.size:
        return "viridis", Normalize(0.0, 1.0)
    low, high = np.percentile(finite, (1.0, 99.0))
    if high - low < SMALLEST_RANGE:
        middle = 0.5 * (low + high)
        return "viridis", Normalize(middle - SMALLEST_RANGE, middle + SMALLEST_RANGE)
    if low < 0.0 < high:
        reach = rounded_up(np.percentile(np.abs(finite), 95.0))
        return "vlag", Normalize(-reach, reach)
    return "viridis", Normalize(low, high)


def panel_letter(axes, letter: str, dx_mm: float = -7.0) -> None:
    """Put a bold letter at the upper left of a panel."""
    axes.annotate(
        letter, (0.0, 1.0), xytext=(dx_mm * MM * 72, 4.0), xycoords="axes fraction", textcoords="offset points",
        fontsize=9, fontweight="bold", ha="left", va="baseline", annotation_clip=False,
    )  # fmt: skip


def say_undefined(axes, text: str) -> None:
    """Write into an empty panel why there is nothing to see."""
    axes.text(0.5, 0.5, text, transform=axes.transAxes, ha="center", va="center", color=MUTED, wrap=True)
    axes.set_facecolor(UNDEFINED)


def subfigures(parent: FigureBase, rows: int, columns: int, **ratios: Any) -> list[SubFigure]:
    """Divide a figure, or a part of one, into parts: row by row, whatever their number."""
    parts: Any = parent.subfigures(rows, columns, squeeze=False, **ratios)
    return list(parts.ravel())
