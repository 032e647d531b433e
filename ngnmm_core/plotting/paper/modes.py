"""The most unstable eigenvectors of W on the brain, with the regions that take part most."""

import numpy as np
import xarray as xr
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from ngnmm_core.connectome import normalise, spectrum
from ngnmm_core.plotting.brain import region_centres, three_views, view_widths
from ngnmm_core.plotting.labels import number, unit_text
from ngnmm_core.plotting.paper.points import name_of
from ngnmm_core.plotting.style import INK, TWO_COLUMNS, new_figure, panel_letter, themed

NAMED = 8


@themed
def draw(data: dict[str, xr.Dataset]) -> Figure:
    """A row per point with an unstable direction: three views, and the largest components by name."""
    points, connectome = data["points"], data["connectome"]
    W = normalise(connectome["weights"].values, "row")
    vectors, centres = spectrum(W).right, region_centres(connectome)
    rows = [k for k in range(points.sizes["highlight"]) if int(points["unstable_modes"][k]) > 0]
    figure = new_figure(TWO_COLUMNS, 46.0 * len(rows) + 4.0)
    parts = np.atleast_1d(figure.subfigures(len(rows), 1))
    for row, (part, k) in enumerate(zip(parts, rows, strict=True)):
        point = points.isel(highlight=k)
        mode = int(point["most_unstable_mode"])
        vector = np.real(vectors[:, mode])
        title = f"{name_of(point)}: mode {mode}, Λ = {number(round(float(point['eigenvalue_real'][mode]), 4))}, "
        title += f"growth {number(round(float(point['msf'][mode]), 5))} {unit_text('ms-1')}"
        _row(part, vector, centres, connectome["region"].values, (title, "abcdefgh"[row]))
    return figure


def _row(part, vector: np.ndarray, centres, regions: np.ndarray, words: tuple[str, str]) -> None:
    brain, names = part.subfigures(1, 2, width_ratios=(2.6, 1.0))
    panels = brain.subplots(1, 3, width_ratios=view_widths(centres))
    reach = float(np.abs(vector).max())
    norm = Normalize(-reach, reach)
    markers = three_views(panels, centres, vector, ("vlag", norm), 4.0 + 40.0 * np.abs(vector) / reach)
    bar = brain.colorbar(markers, ax=panels, fraction=0.02, pad=0.01, aspect=18, shrink=0.8)
    bar.outline.set_linewidth(0.5)
    bar.set_label("Component")
    panels[0].set_title(words[0], fontsize=7.0)
    panel_letter(panels[0], words[1], -4.0)
    axes = names.subplots()
    top = np.argsort(-np.abs(vector), kind="stable")[:NAMED][::-1]
    axes.barh(np.arange(len(top)), vector[top], color=markers.cmap(norm(vector[top])), edgecolor=INK, linewidth=0.3)
    axes.set_yticks(np.arange(len(top)), [str(r).replace("_", " ") for r in regions[top]])
    axes.axvline(0.0, color=INK, linewidth=0.5)
    axes.set_xlabel("Component")
