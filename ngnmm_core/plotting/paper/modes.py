"""The most unstable eigenvectors of W on the brain, with the regions that take part most."""

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from ngnmm_core.connectome import normalise, spectrum
from ngnmm_core.plotting.paper.points import name_of
from ngnmm_core.plotting.parts.eigenvector import draw_eigenvector, row_height
from ngnmm_core.plotting.parts.labels import number, unit_text
from ngnmm_core.plotting.parts.places import brain_of
from ngnmm_core.plotting.parts.style import TWO_COLUMNS, new_figure, subfigures, themed


@themed
def draw(data: dict[str, xr.Dataset]) -> Figure:
    """Draw a row per point with an unstable direction: three views, and the largest components by name."""
    points, connectome = data["points"], data["connectome"]
    W = normalise(connectome["weights"].values, "row")
    vectors, brain = spectrum(W).right, brain_of(connectome)
    rows = [k for k in range(points.sizes["highlight"]) if int(points["unstable_modes"][k]) > 0]
    figure = new_figure(TWO_COLUMNS, row_height(brain) * len(rows) + 4.0)
    parts = subfigures(figure, len(rows), 1)
    for row, (part, k) in enumerate(zip(parts, rows, strict=True)):
        point = points.isel(highlight=k)
        mode = int(point["most_unstable_mode"])
        title = f"{name_of(point)}: mode {mode}, Λ = {number(round(float(point['eigenvalue_real'][mode]), 4))}, "
        title += f"growth {number(round(float(point['msf'][mode]), 5))} {unit_text('ms-1')}"
        words = (title, "abcdefgh"[row])
        draw_eigenvector(part, np.real(vectors[:, mode]), brain, connectome["region"].values, words)
    return figure
