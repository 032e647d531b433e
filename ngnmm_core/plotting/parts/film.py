"""Films: values of regions on the brain as an animated GIF, and as a page that plays by itself."""

import re
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.animation import FuncAnimation, PillowWriter
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.collections import Collection, PathCollection
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from ngnmm_core.plotting.parts.brain import VIEWS, drawing_order, three_views, view_widths
from ngnmm_core.plotting.parts.style import INK, MM, TWO_COLUMNS, theme
from ngnmm_core.plotting.parts.surface import Surface, draw_surface, recolour
from ngnmm_core.storage.atomic import write_bytes

HEIGHT_MM, SURFACE_MM, MARKER = 66.0, 46.0, 34.0
FRAMES_PER_SECOND, DPI = 20, 90
HEAD = """<!doctype html><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title><style>.animation img {{max-width: 100%; height: auto}}
{icons}</style>
"""
# The player of matplotlib takes the icons of its buttons from the network; these are in every font.
ICONS = {
    "minus": "\\2212", "plus": "+", "fast-backward": "|\\25C0", "step-backward": "\\25C1", "flip-horizontal": "\\25C0",
    "pause": "||", "play:not(.fa-flip-horizontal)": "\\25B6", "step-forward": "\\25B7", "fast-forward": "\\25B6|",
}  # fmt: skip
ELSEWHERE = re.compile(r"<link[^>]*>")
PLAY = "document.querySelector('button[title=Play]').click()"  # once the player, which waits as well, has been made
START = f"<script>addEventListener('load', () => setTimeout(() => {PLAY}, 50))</script>\n"
RIM, MARKED_RIM = 0.3, 1.3  # width of a marker's rim, and of one that is marked
Markers = tuple[Collection, np.ndarray]  # and the regions that they stand for


@dataclass(frozen=True)
class Film:
    """What a film shows.

    Attributes
    ----------
    frames : array (frame, region)
        Colours; a region whose value is NaN at first is not shown.
    centres : array (region, xyz) or None
        In mm; without them regions stand in a row.
    colours : (colour map, Normalize)
    label : str
        Of the colour bar.
    titles : sequence of str
        One per frame.
    marked : array (frame, region) of bool, optional
        Regions with a thick rim; of no use on the surface.
    surface : Surface, optional
        Views that are coloured instead of markers.
    """

    frames: np.ndarray
    centres: np.ndarray | None
    colours: tuple[str, Normalize]
    label: str
    titles: Sequence[str]
    marked: np.ndarray | None = None
    surface: Surface | None = None


def write(film: Film, gif: Path, page: Path) -> None:
    """Write both files; each is complete or not there."""
    with theme():
        animation = _animation(film)
        with tempfile.TemporaryDirectory(prefix="ngnmm-") as folder:  # the writer goes by the suffix of the name
            written = Path(folder, "film.gif")
            animation.save(written, PillowWriter(fps=FRAMES_PER_SECOND), dpi=DPI)
            write_bytes(gif, written.read_bytes())
        player = animation.to_jshtml(fps=FRAMES_PER_SECOND, embed_frames=True)
    icons = "\n".join(f'.fa-{name}::before {{content: "{icon}"; font-style: normal}}' for name, icon in ICONS.items())
    text = HEAD.format(title=page.stem, icons=icons) + ELSEWHERE.sub("", player) + START
    write_bytes(page, text.encode())


def _animation(film: Film) -> FuncAnimation:
    """Only colours, rims and the title change from frame to frame."""
    import matplotlib.pyplot as plt

    height = HEIGHT_MM if film.surface is None else SURFACE_MM
    figure = plt.figure(figsize=(TWO_COLUMNS * MM, height * MM), dpi=DPI, layout="constrained")
    panels, drawn, show = _on_surface(figure, film) if film.surface is not None else _as_markers(figure, film)
    bar = figure.colorbar(drawn, ax=panels, fraction=0.02, pad=0.01, aspect=24, shrink=0.8, extend="both")
    bar.set_label(film.label)
    title = panels[0].set_title(film.titles[0])
    figure.draw_without_rendering()
    figure.set_layout_engine("none")  # once and for all: it would be worked out for every frame

    def update(k: int):
        title.set_text(film.titles[k])
        return show(k)

    animation = FuncAnimation(figure, update, frames=len(film.frames), blit=False)
    plt.close(figure)
    return animation


def _on_surface(figure: Figure, film: Film) -> tuple[Sequence[Axes], ScalarMappable, Callable[[int], list]]:
    """Draw the first frame on the surface; return panels, what a colour bar needs, and what shows another frame."""
    panels = figure.subplots(1, len(film.surface.views))
    drawn = draw_surface(panels, film.surface, film.frames[0], film.colours)
    images = [axes.images[0] for axes in panels]

    def show(k: int) -> list:
        recolour(images, film.surface, film.frames[k], film.colours)
        return images

    return panels, drawn, show


def _as_markers(figure: Figure, film: Film) -> tuple[Sequence[Axes], ScalarMappable, Callable[[int], list]]:
    """Draw the first frame as markers, at the regions' centres or in a row; return the same."""
    if film.centres is None:
        panels = [figure.subplots()]
        markers: list[Markers] = [(_row(panels[0], film), np.arange(film.frames.shape[1]))]
    else:
        panels = figure.subplots(1, 3, width_ratios=view_widths(film.centres))
        markers = _views(panels, film)

    def show(k: int) -> list:
        for collection, regions in markers:
            collection.set_array(film.frames[k][regions])
            if film.marked is not None:
                collection.set_linewidth(np.where(film.marked[k][regions], MARKED_RIM, RIM).tolist())
        return [collection for collection, _ in markers]

    return panels, markers[0][0], show


def _views(panels: Sequence[Axes], film: Film) -> list[Markers]:
    """Draw the views; return the markers of each that carry values, with the regions that they stand for."""
    three_views(panels, film.centres, film.frames[0], film.colours, MARKER)
    shown = np.isfinite(film.frames[0])
    found = []
    for axes, view in zip(panels, VIEWS, strict=True):
        order = drawing_order(film.centres, view)
        (collection,) = (c for c in axes.collections if c.get_array() is not None)
        found.append((collection, order[shown[order]]))
    return found


def _row(axes: Axes, film: Film) -> PathCollection:
    cmap, norm = film.colours
    count = film.frames.shape[1]
    axes.set(yticks=[], xlabel="region", xlim=(-1, count))
    axes.spines["left"].set_visible(False)
    style: dict[str, Any] = {"cmap": cmap, "norm": norm, "s": MARKER, "edgecolors": INK, "linewidths": RIM}
    return axes.scatter(np.arange(count), np.zeros(count), c=film.frames[0], **style)
