"""Any values of regions on the brain: what a notebook draws of a result."""

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from ngnmm_core.analysis.maps import Look
from ngnmm_core.errors import InputError
from ngnmm_core.plotting.parts.cells import wrapped
from ngnmm_core.plotting.parts.labels import label
from ngnmm_core.plotting.parts.places import brain_of, draw_on_brain
from ngnmm_core.plotting.parts.style import TWO_COLUMNS, colour_scale, new_figure, themed

BAR_MM, MARGIN_MM = 24.0, 6.0
SHRINK = 0.85  # of the colour bar, beside the brain


@themed
def brain_map(values: xr.DataArray, diverging: bool = False, text: str | None = None) -> Figure:
    """Draw a value per region: on the cortical surface where the parcellation has one, else at the regions' centres.

    Parameters
    ----------
    values : xarray.DataArray
        Over `region` alone, with its coordinates, as `sweep.firing_rate.sel(...)` has them.
    diverging : bool
        Whether colours tell values above zero from those below.
    text : str, optional
        Of the colour bar; without it the variable's own name and unit.

    Raises
    ------
    InputError
        For values that are not one per region, and for regions that can be drawn nowhere.

    Examples
    --------
    >>> brain_map(sweep.firing_rate.sel(G=5, population="E"))  # doctest: +SKIP
    """
    if values.dims != ("region",):
        raise InputError(
            f"values: have the dimensions {', '.join(map(str, values.dims)) or 'none'}; allowed: one value per region "
            "(choose from the others with .sel or .isel)"
        )
    brain = brain_of(values.coords.to_dataset())
    if brain is None:
        raise InputError(
            "values: their regions have neither known centres nor a surface; allowed: coordinates centre_x, centre_y, "
            "centre_z (mm), or regions of schaefer-100"
        )
    shown = values.values.astype(float)
    look = Look("vlag", diverging=True) if diverging else Look()
    colours = (look.cmap, colour_scale(look, shown))
    height = brain.height(TWO_COLUMNS - BAR_MM) + MARGIN_MM
    figure = new_figure(TWO_COLUMNS, height)
    panels, drawn = draw_on_brain(figure, brain, shown, colours, 30.0 * min(1.0, 100.0 / len(shown)))
    if np.isfinite(shown).any():
        bar = figure.colorbar(drawn, ax=panels, fraction=0.02, pad=0.01, aspect=20, shrink=SHRINK)
        bar.outline.set_linewidth(0.5)
        bar.set_label(wrapped(text or label(values.attrs, str(values.name or "")), SHRINK * height))
    return figure
