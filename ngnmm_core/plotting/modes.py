"""The mode that grows fastest, on the brain: an eigenvector of the connectome in three views."""

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from ngnmm_core.connectome import normalise, spectrum
from ngnmm_core.errors import InputError
from ngnmm_core.plotting.brain import region_centres, three_views, view_height, view_widths
from ngnmm_core.plotting.style import TWO_COLUMNS, Look, look, new_figure, themed

MARGINS_MM = 16.0
COMPLEX = "modulus of the eigenvector"
SIGNED = Look("vlag", diverging=True)
REAL = "component of the eigenvector"


def most_unstable(point: xr.Dataset) -> tuple[int, float, float]:
    """Number of the mode that grows fastest, its growth rate (1/ms) and its frequency (Hz).

    Parameters
    ----------
    point : xarray.Dataset
        A sweep with `msf`, at one point.

    Raises
    ------
    InputError
        If no growth rates are defined there.
    """
    mode = int(point["most_unstable_mode"])
    if mode < 0:
        raise InputError("most_unstable_mode: undefined at this point; allowed: a point where msf_status is ok")
    return mode, float(point["msf"][mode]), float(point["msf_frequency"][mode])


@themed
def mode_figure(connectome: xr.Dataset, mode: int, caption: str = "", normalization: str = "row") -> Figure:
    """An eigenvector of W on the brain: signed colours, or the modulus where the eigenvalue is complex.

    The phase is that of `ngnmm_core.connectome.spectrum`: the largest component is real and positive.

    Parameters
    ----------
    connectome : xarray.Dataset
        As `ngnmm_core.connectome.build_connectome` makes it, with centres of regions.
    mode : int
        By descending real part of the eigenvalues, 0 is the uniform one.
    """
    centres = region_centres(connectome)
    if centres is None:
        raise InputError("connectome: the centres of its regions are not known; allowed: one with an atlas")
    modes = spectrum(normalise(connectome.weights, normalization))
    value, vector = modes.values[mode], modes.right[:, mode]
    complex_mode = bool(np.imag(value))
    shown = np.abs(vector) if complex_mode else vector.real
    looks = look("strength") if complex_mode else SIGNED
    height = TWO_COLUMNS * view_height(centres) / sum(view_widths(centres)) * 0.9 + MARGINS_MM
    figure = new_figure(TWO_COLUMNS, height)
    panels = figure.subplots(1, 3, width_ratios=view_widths(centres))
    markers = three_views(panels, centres, shown, (looks.cmap, looks.norm(shown)), 45.0 * min(1.0, 100.0 / len(shown)))
    bar = figure.colorbar(markers, ax=panels, fraction=0.02, pad=0.01, aspect=26, shrink=0.85)
    bar.outline.set_linewidth(0.5)
    bar.set_label(COMPLEX if complex_mode else REAL)
    number = f"{value.real:.4f}{value.imag:+.4f}i" if complex_mode else f"{np.real(value):.4f}"
    title = f"mode {mode}, eigenvalue {number}" + (f"; {caption}" if caption else "")
    figure.suptitle(title, x=0.01, ha="left", fontsize=8)
    return figure


def most_unstable_figure(point: xr.Dataset, connectome: xr.Dataset, normalization: str = "row") -> Figure:
    """The eigenvector of the mode that grows fastest at a point of a sweep."""
    mode, rate, frequency = most_unstable(point)
    caption = f"growth rate {rate:.4g} per ms, {frequency:.1f} Hz"
    return mode_figure(connectome, mode, caption, normalization)
