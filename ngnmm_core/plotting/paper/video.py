"""Video: v_e of all regions on the brain in three views, as an animated GIF and as a page that plays by itself."""

import os
from pathlib import Path

import numpy as np
import xarray as xr
from matplotlib.animation import FuncAnimation, PillowWriter
from matplotlib.colors import Normalize

from ngnmm_core.plotting.brain import region_centres, three_views, view_widths
from ngnmm_core.plotting.paper.points import at, last, name_of
from ngnmm_core.plotting.style import MM, TWO_COLUMNS, theme

SHOWN_MS, FRAME_MS = 140.0, 1.0
REACH = 2.0
FRAMES_PER_SECOND, DPI = 20, 90


def write(data: dict[str, xr.Dataset], gif: Path, page: Path) -> None:
    """Writes both files; each is complete or not there."""
    with theme():
        animation = _animation(at(data["points"], I_ext_e=13.0, G=5.0))
        temporary = gif.with_name(f".{gif.stem}.{os.getpid()}.gif")
        animation.save(temporary, PillowWriter(fps=FRAMES_PER_SECOND), dpi=DPI)
        os.replace(temporary, gif)
        player = animation.to_jshtml(fps=FRAMES_PER_SECOND, embed_frames=True)
    temporary = page.with_name(f".{page.name}.{os.getpid()}")
    temporary.write_text(f"<!doctype html><meta charset='utf-8'><title>v_e on the brain</title>\n{player}")
    os.replace(temporary, page)


def _animation(point: xr.Dataset) -> FuncAnimation:
    """One frame per ms; only the colours change."""
    import matplotlib.pyplot as plt

    series, centres = last(point, SHOWN_MS), region_centres(point)
    step = max(round(FRAME_MS / float(np.diff(series["time"].values[:2])[0])), 1)
    frames = series.values[:, ::step].T
    figure = plt.figure(figsize=(TWO_COLUMNS * MM, 66.0 * MM), dpi=DPI, layout="constrained")
    panels = figure.subplots(1, 3, width_ratios=view_widths(centres))
    norm = Normalize(-REACH, REACH)
    first = three_views(panels, centres, frames[0], ("vlag", norm), 34.0)
    bar = figure.colorbar(first, ax=panels, fraction=0.02, pad=0.01, aspect=24, shrink=0.8, extend="both")
    bar.set_label(r"$v_{\mathrm{e}}$")
    title = panels[0].set_title("")
    figure.draw_without_rendering()
    figure.set_layout_engine("none")  # once and for all: it would be worked out for every frame
    orders = [(collection, _order(collection, frames[0])) for axes in panels for collection in _scatters(axes)]

    def update(k: int):
        for collection, order in orders:
            collection.set_array(frames[k][order])
        title.set_text(f"{name_of(point)}, t = {k * FRAME_MS:.0f} ms")
        return [collection for collection, _ in orders]

    animation = FuncAnimation(figure, update, frames=len(frames), blit=False)
    plt.close(figure)
    return animation


def _scatters(axes):
    """The markers of a view that carry values."""
    return [c for c in axes.collections if c.get_array() is not None and len(c.get_array())]


def _order(collection, values: np.ndarray) -> np.ndarray:
    """Which region each marker stands for: markers are drawn from far to near."""
    shown = np.asarray(collection.get_array())
    order = np.argsort(np.argsort(shown, kind="stable"), kind="stable")
    return np.argsort(values, kind="stable")[order]
