"""Dispersion relation: growth rate against Lambda, with the eigenvalues of W on the curve; frequency below."""

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from ngnmm_core.plotting.paper.points import name_of
from ngnmm_core.plotting.parts.labels import unit_text
from ngnmm_core.plotting.parts.style import INK, MUTED, PAPER, SECOND, TWO_COLUMNS, new_figure, panel_letter, themed


@themed
def draw(data: dict[str, xr.Dataset]) -> Figure:
    """Draw a column of panels per point."""
    points = data["points"]
    defined = [k for k in range(points.sizes["highlight"]) if np.isfinite(points["growth_curve"][k]).any()]
    figure = new_figure(TWO_COLUMNS, 84.0)
    panels = figure.subplots(2, len(defined), sharex=True, squeeze=False, height_ratios=(1.6, 1.0))
    for column, k in enumerate(defined):
        point = points.isel(highlight=k)
        _growth(panels[0, column], point)
        _frequency(panels[1, column], point)
        panel_letter(panels[0, column], "abcdefgh"[column], -5.0)
    panels[0, 0].set_ylabel(f"Growth rate ({unit_text('ms-1')})")
    panels[1, 0].set_ylabel("Frequency (Hz)")
    figure.supxlabel("Λ")
    return figure


def _modes(point: xr.Dataset, name: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Eigenvalues, values of a variable at them, and which grow; without the uniform direction."""
    values, growth = point[name].values, point["msf"].values
    return point["eigenvalue_real"].values[1:], values[1:], growth[1:] > 0


def _below_one(curve: xr.DataArray) -> xr.DataArray:
    """Without the uniform direction: there the trivial exponent of a cycle is left out, a jump that is no property."""
    return curve[curve["lambda"].values < 1.0]


def _growth(axes, point: xr.Dataset) -> None:
    curve = _below_one(point["growth_curve"])
    axes.axhline(0.0, color=MUTED, linewidth=0.6)
    axes.plot(curve["lambda"], curve, color=INK, linewidth=0.9)
    position, rate, grows = _modes(point, "msf")
    for mask, colour in ((~grows, PAPER), (grows, SECOND)):
        axes.scatter(position[mask], rate[mask], s=8, color=colour, edgecolors=SECOND, linewidths=0.5, zorder=3)
    regime = str(point["regime"].attrs["flag_meanings"]).split()[int(point["regime"]) + 1].replace("_", " ")
    axes.set_title(f"{name_of(point)}\n{regime}\n{int(grows.sum())} unstable")
    axes.margins(x=0.02)


def _frequency(axes, point: xr.Dataset) -> None:
    curve = _below_one(point["growth_curve_frequency"])
    axes.plot(curve["lambda"], curve, color=INK, linestyle="none", marker=".", markersize=0.8)
    position, frequency, grows = _modes(point, "msf_frequency")
    axes.scatter(position[grows], frequency[grows], s=8, color=SECOND, linewidths=0.5, zorder=3)
