"""Largest Lyapunov exponents of the homogeneous system over the plane."""

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from ngnmm_core.plotting.paper import plane
from ngnmm_core.plotting.parts.labels import unit_text
from ngnmm_core.plotting.parts.style import INK, TWO_COLUMNS, new_figure, panel_letter, themed

SIGNIFICANT = 3.0  # standard errors above zero from which an exponent counts as positive


@themed
def draw(data: dict[str, xr.Dataset]) -> Figure:
    """Map the largest exponent, and the first that is not the exact zero along the flow on a cycle."""
    sweep = data["sweep"]
    exponents = sweep["homogeneous_lyapunov_exponent"]
    error = sweep["homogeneous_lyapunov_exponent_error"].sel(exponent=1)
    first, second = exponents.sel(exponent=1), exponents.sel(exponent=2)
    chaotic = first.where(first > SIGNIFICANT * error, 0.0)
    next_one = np.minimum(second, 0.0)
    figure = new_figure(TWO_COLUMNS, 78.0)
    panels = figure.subplots(1, 2, sharex=True, sharey=True)
    positive = float(np.nanmax(chaotic)) or 1.0
    shown = (
        (plane.image(panels[0], chaotic, cmap="rocket_r", vmin=0.0, vmax=positive), "Largest exponent, if positive"),
        (
            plane.image(panels[1], next_one, cmap="mako", vmin=float(np.nanquantile(next_one, 0.02)), vmax=0.0),  # type: ignore[arg-type]
            "Second exponent, if negative",
        ),
    )
    for k, (axes, (picture, text)) in enumerate(zip(panels, shown, strict=True)):
        bar = figure.colorbar(picture, ax=axes, location="bottom", fraction=0.06, pad=0.02, aspect=30)
        bar.outline.set_linewidth(0.5)
        bar.set_label(f"{text} ({unit_text('ms-1')})")
        plane.label_plane(axes, left=k == 0)
        panel_letter(axes, "ab"[k])
    plane.contour(panels[1], chaotic, 0.5 * float(np.nanmin(chaotic.where(chaotic > 0))), colors=INK, linewidths=0.4)
    return figure
