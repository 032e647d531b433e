"""What depends on anatomy: the transverse growth rate over the plane on two connectomes, side by side."""

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from ngnmm_core.plotting.labels import unit_text
from ngnmm_core.plotting.paper import plane
from ngnmm_core.plotting.paper.msf2d import REACH, transverse_growth
from ngnmm_core.plotting.style import ACCENT, INK, SECOND, TWO_COLUMNS, new_figure, panel_letter, themed


@themed
def draw(data: dict[str, xr.Dataset]) -> Figure:
    """Two maps with one colour scale, and the two spectra of W that they differ by."""
    figure = new_figure(TWO_COLUMNS, 70.0)
    *maps, spectra = figure.subplots(1, 3, width_ratios=(1.0, 1.0, 0.8))
    for k, (axes, sweep, colour) in enumerate(zip(maps, data.values(), (ACCENT, SECOND), strict=True)):
        growth = transverse_growth(sweep)
        picture = plane.image(axes, growth, cmap="vlag", vmin=-REACH, vmax=REACH)
        plane.contour(axes, growth, 0.0, colors=INK, linewidths=0.5)
        plane.label_plane(axes, left=k == 0)
        atlas = str(sweep.attrs.get("connectome_atlas", "connectome")).partition(",")[0]
        axes.set_title(f"{atlas}, {sweep.sizes['mode']} regions", color=colour)
        panel_letter(axes, "ab"[k])
        values = np.sort(sweep["eigenvalue_real"].values)
        spectra.step(values, np.arange(1, len(values) + 1) / len(values), where="post", color=colour, linewidth=1.0)
    bar = figure.colorbar(picture, ax=maps, location="bottom", fraction=0.05, pad=0.02, aspect=40, extend="both")
    bar.outline.set_linewidth(0.5)
    bar.set_label(f"Largest transverse growth rate ({unit_text('ms-1')})")
    spectra.set(xlabel="Eigenvalue Λ of W", ylabel="Share of modes below", ylim=(0.0, 1.02))
    panel_letter(spectra, "c")
    return figure
