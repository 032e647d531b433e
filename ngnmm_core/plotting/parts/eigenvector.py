"""One eigenvector of the connectome as a row of a figure: three views of the brain, and the regions that lead it."""

import matplotlib as mpl
import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import SubFigure
from matplotlib.ticker import FixedLocator

from ngnmm_core.analysis.maps import Look
from ngnmm_core.plotting.parts.places import Brain, draw_on_brain
from ngnmm_core.plotting.parts.style import INK, LOOKS, TWO_COLUMNS, colour_scale, panel_letter, subfigures

NAMED = 8
SIGNED, MODULUS = "Component", "Modulus of the component"
BRAIN_SHARE, NAMES_SHARE = 2.0, 1.0
TITLE_MM, LEAST_MM = 8.0, 50.0


def row_height(brain: Brain | None) -> float:
    """Height of a row over both columns of a page, in mm."""
    if brain is None:
        return LEAST_MM
    width = 0.8 * TWO_COLUMNS * BRAIN_SHARE / (BRAIN_SHARE + NAMES_SHARE)
    return max(brain.height(width, columns=2) + TITLE_MM, LEAST_MM)


def draw_eigenvector(
    part: SubFigure, vector: np.ndarray, brain: Brain | None, regions: np.ndarray, words: tuple[str, str]
) -> None:
    """Signed components in diverging colours, or the moduli of complex ones.

    Parameters
    ----------
    part : SubFigure
        As high as `row_height` says.
    vector : array (region,), real or complex
    brain : Brain, optional
        Where the regions are; without it there are names only.
    regions : array (region,) of str
    words : (title, letter of the panel)
    """
    title, letter = words
    shown, looks, label = _shown(vector)
    colours = (looks.cmap, colour_scale(looks, shown))
    if brain is None:
        axes = part.subplots()
        _names(axes, shown, regions, colours, label)
    else:
        left, names = subfigures(part, 1, 2, width_ratios=(BRAIN_SHARE, NAMES_SHARE))
        sizes = 4.0 + 40.0 * np.abs(shown) / max(float(np.abs(shown).max()), 1e-300)
        panels, drawn = draw_on_brain(left, brain, shown, colours, sizes, columns=2)
        bar = left.colorbar(drawn, ax=panels, fraction=0.02, pad=0.01, aspect=18, shrink=0.8)
        bar.outline.set_linewidth(0.5)
        bar.set_label(label)
        _names(names.subplots(), shown, regions, colours, label)
        left.suptitle(title, x=0.05, ha="left", fontsize=mpl.rcParams["axes.titlesize"])
        left.text(0.005, 0.985, letter, va="top", fontweight="bold")
        return
    axes.set_title(title)
    panel_letter(axes, letter, -4.0)


def _shown(vector: np.ndarray) -> tuple[np.ndarray, Look, str]:
    """Choose what to draw of the eigenvector, in which look, and what to call it."""
    if np.abs(np.imag(vector)).max() > 0.0:
        return np.abs(vector), LOOKS["strength"], MODULUS
    return np.real(vector), Look("vlag", diverging=True), SIGNED


def _names(axes: Axes, shown: np.ndarray, regions: np.ndarray, colours, label: str) -> None:
    """Bars of the largest components, by name."""
    cmap, norm = colours
    top = np.argsort(-np.abs(shown), kind="stable")[:NAMED][::-1]
    axes.barh(np.arange(len(top)), shown[top], color=colormaps[cmap](norm(shown[top])), edgecolor=INK, linewidth=0.3)
    axes.set_yticks(np.arange(len(top)), [str(region).replace("_", " ") for region in regions[top]])
    axes.axvline(0.0, color=INK, linewidth=0.5)
    axes.set_xlabel(label)
    ends = [end for end in (-_tick(shown), _tick(shown)) if shown[top].min() <= end <= shown[top].max()]
    axes.xaxis.set_major_locator(FixedLocator(ends if len(ends) == 2 else [0.0, *ends]))  # a line marks zero


def _tick(shown: np.ndarray) -> float:
    """Pick a round one-digit number near the middle of the scale: labels at it and its negative don't collide."""
    half = 0.7 * float(np.abs(shown).max())
    digits = 1 - int(np.ceil(np.log10(half))) if half > 0.0 else 1
    return round(half, digits) or half
