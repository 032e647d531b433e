"""Cells of a grid on axes: coloured where defined, hatched where not, with the grid's own values as ticks.

Cells have equal size and stand in the order of the grid.  An axis that is not evenly spaced is thus not to scale, but
every computed point is seen, and none that was not computed.
"""

import re
import textwrap

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import Colormap, Normalize
from matplotlib.image import AxesImage
from matplotlib.patches import Patch, Rectangle
from matplotlib.ticker import MaxNLocator

from ngnmm_core.plotting.parts.labels import number
from ngnmm_core.plotting.parts.quantities import reason_text, reasons_found, undefined_style
from ngnmm_core.plotting.parts.style import INK, UNDEFINED

HELD = "\0"  # in place of a letter of a symbol
LETTER = 0.55  # mean width of a letter, in units of its size


def draw_cells(axes: Axes, values: np.ndarray, cmap: str | Colormap, norm: Normalize) -> AxesImage:
    """Colours the cells of `values` [y, x]; row 0 is at the bottom."""
    axes.set_facecolor(UNDEFINED)
    for side in ("top", "right"):
        axes.spines[side].set_visible(True)
    return axes.imshow(values, cmap=cmap, norm=norm, origin="lower", aspect="auto", interpolation="nearest")


def hatch_cells(axes: Axes, reasons: np.ndarray) -> list[str]:
    """Hatches the cells whose reason, a word [y, x], is not empty; returns the reasons found."""
    found = reasons_found(reasons)
    for reason in found:
        for row, mask in enumerate(reasons == reason):
            for start, stop in _runs(mask):
                axes.add_patch(
                    Rectangle((start - 0.5, row - 0.5), stop - start, 1.0, linewidth=0.0, **undefined_style(reason))
                )
    return found


def veil_cells(axes: Axes, mask: np.ndarray, reason: str) -> list[str]:
    """Lays the hatch of a reason over coloured cells [y, x] whose values are not settled; returns the reason if any."""
    style = undefined_style(reason) | {"facecolor": "none"}
    for row, of_row in enumerate(mask):
        for start, stop in _runs(of_row):
            axes.add_patch(Rectangle((start - 0.5, row - 0.5), stop - start, 1.0, linewidth=0.0, **style))
    return [reason] if mask.any() else []


def _runs(mask: np.ndarray) -> list[tuple[int, int]]:
    """Where `mask` is true without a gap, as [start, stop)."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], mask, [False])).astype(int)))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))


def undefined_reasons(values: np.ndarray, reasons: np.ndarray) -> np.ndarray:
    """`reasons` where `values` are not defined, else empty; a value missing without a reason gets the general one."""
    missing = ~np.isfinite(values)
    return np.where(missing, np.where(reasons == "", "other", reasons), "")


def border(axes: Axes, inside: np.ndarray, known: np.ndarray) -> bool:
    """Draws the border between cells [y, x] that are `inside` and those that are not, of the `known` ones.

    It runs along the edges of cells: between two points of a coarse grid nothing is known of where it is.  Returns
    whether there is any.
    """
    y, x = np.nonzero((inside[:, 1:] != inside[:, :-1]) & known[:, 1:] & known[:, :-1])
    segments = [((k + 0.5, j - 0.5), (k + 0.5, j + 0.5)) for j, k in zip(y, x, strict=True)]
    y, x = np.nonzero((inside[1:] != inside[:-1]) & known[1:] & known[:-1])
    segments += [((k - 0.5, j + 0.5), (k + 0.5, j + 0.5)) for j, k in zip(y, x, strict=True)]
    axes.add_collection(LineCollection(segments, colors=[INK], linewidths=1.0, capstyle="projecting"), autolim=False)
    return bool(segments)


def reason_patches(found: list[str]) -> list[Patch]:
    """Entries of a legend that explain the hatches."""
    return [Patch(label=reason_text(reason), linewidth=0.4, **undefined_style(reason)) for reason in found]


def grid_ticks(values: np.ndarray, most: int) -> np.ndarray:
    """Positions of at most `most` values to label: round ones of an evenly spaced axis, else every so many."""
    count = len(values)
    most = max(most, 2)
    if count <= most:
        return np.arange(count)
    steps = np.diff(values)
    if np.isfinite(values).all() and np.allclose(steps, steps[0], rtol=1e-6, atol=0.0):
        wanted = MaxNLocator(nbins=most, steps=[1, 2, 2.5, 5, 10]).tick_values(values.min(), values.max())
        near = np.abs(values[:, None] - wanted[None, :]) < 1e-6 * abs(steps[0])  # type: ignore[call-overload]
        positions = np.flatnonzero(near.any(axis=1))
        if 2 <= len(positions) <= most + 1:
            return positions
    return np.arange(0, count, -(-count // most))


def label_grid_axis(axis, values: np.ndarray, most: int) -> None:
    """Labels an axis whose cells stand for `values`."""
    positions = grid_ticks(values, most)
    axis.set_ticks(positions, [number(values[k]) for k in positions])


def letter_mm(points: float) -> float:
    """Mean width of a letter of that size, in mm."""
    return LETTER * points / 72.0 * 25.4


def wrapped(text: str, length_mm: float) -> str:
    """`text` in lines that fit on `length_mm` at the size of axis labels; broken after a comma if there is one.

    A symbol in mathematics counts as the letters that are seen of it, and stays in one piece.
    """
    width = max(int(length_mm / letter_mm(mpl.rcParams["axes.labelsize"])), 12)
    symbols = re.findall(r"\$.*?\$", text)
    for symbol in symbols:
        text = text.replace(symbol, HELD * max(len(re.sub(r"\\mathrm|[{}$_^\\]", "", symbol)), 1), 1)
    parts = [text] if len(text) <= width else text.replace(", ", ",\n").split("\n")
    lines = "\n".join(line for part in parts for line in textwrap.wrap(part, width))
    pieces = re.split(f"{HELD}+", lines)
    return "".join(piece + symbol for piece, symbol in zip(pieces, [*symbols, ""], strict=True))
