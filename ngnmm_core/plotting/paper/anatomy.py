"""What depends on anatomy: the same on two connectomes, side by side and each in its colour.

Above the transverse growth rate over the plane; below the eigenvalues of W, where they lie on a dispersion relation,
and the spectra of the networks.
"""

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from ngnmm_core.plotting.paper import plane
from ngnmm_core.plotting.paper.decibels import decibels
from ngnmm_core.plotting.paper.msf2d import REACH, transverse_growth
from ngnmm_core.plotting.paper.points import at, name_of
from ngnmm_core.plotting.parts.labels import unit_text
from ngnmm_core.plotting.parts.style import (
    ACCENT,
    INK,
    MUTED,
    SECOND,
    TWO_COLUMNS,
    new_figure,
    panel_letter,
    subfigures,
    themed,
)

ROOM = 0.35  # below the growth rates, for the legend
COLOURS = (ACCENT, SECOND)
RESTING, GAMMA = {"I_ext_e": 15.0, "G": 9.0}, {"I_ext_e": 13.0, "G": 5.0}
FLOOR_DB, MOST_HZ = -60.0, 200.0


@themed
def draw(data: dict[str, xr.Dataset]) -> Figure:
    """Two maps with one colour scale; below, both connectomes in each panel."""
    sweeps = (data["first"], data["second"])
    points = (data["first_points"], data["second_points"])
    figure = new_figure(TWO_COLUMNS, 142.0)
    upper, lower = subfigures(figure, 2, 1, height_ratios=(1.25, 1.0))
    _maps(upper, sweeps)
    spectrum, dispersion, power = lower.subplots(1, 3)
    for sweep, point, colour, side in zip(sweeps, points, COLOURS, (1.0, -1.0), strict=True):
        _eigenvalues(spectrum, sweep, colour)
        _modes(dispersion, at(point, **RESTING), colour, side)
        _power(power, at(point, **GAMMA), colour)
    spectrum.set(xlabel="Eigenvalue Λ of W", ylabel="Share of modes below", ylim=(0.0, 1.02))
    low, high = dispersion.get_ylim()
    dispersion.set_ylim(low - ROOM * (high - low), high)
    dispersion.axhline(0.0, color=MUTED, linewidth=0.6, zorder=0)
    dispersion.set(xlabel="Λ", ylabel=f"Growth rate ({unit_text('ms-1')})", title=name_of(at(points[0], **RESTING)))
    power.set(xlim=(0.0, MOST_HZ), ylim=(FLOOR_DB, 4.0), xlabel="Frequency (Hz)", title=name_of(at(points[0], **GAMMA)))
    power.set_ylabel("Power (dB re maximum)")
    for axes, letter in zip((spectrum, dispersion, power), "cde", strict=True):
        panel_letter(axes, letter)
    return figure


def _maps(figure, sweeps: tuple[xr.Dataset, xr.Dataset]) -> None:
    maps = figure.subplots(1, 2)
    for k, (axes, sweep) in enumerate(zip(maps, sweeps, strict=True)):
        growth = transverse_growth(sweep)
        picture = plane.image(axes, growth, cmap="vlag", vmin=-REACH, vmax=REACH)
        plane.contour(axes, growth, 0.0, colors=INK, linewidths=0.5)
        plane.label_plane(axes, left=k == 0)
        atlas = str(sweep.attrs.get("connectome_atlas", "connectome")).partition(",")[0]
        axes.set_title(f"{atlas}, {sweep.sizes['mode']} regions", color=COLOURS[k])
        panel_letter(axes, "ab"[k])
    bar = figure.colorbar(picture, ax=maps, location="right", fraction=0.05, pad=0.02, aspect=30, extend="both")
    bar.outline.set_linewidth(0.5)
    bar.set_label(f"Largest transverse growth rate ({unit_text('ms-1')})")


def _eigenvalues(axes, sweep: xr.Dataset, colour: str) -> None:
    values = np.sort(sweep["eigenvalue_real"].values)
    axes.step(values, np.arange(1, len(values) + 1) / len(values), where="post", color=colour, linewidth=1.0)


def _modes(axes, point: xr.Dataset, colour: str, side: float) -> None:
    """Where the eigenvalues lie, above or below the curve; the curve itself knows nothing of the connectome."""
    curve = point["growth_curve"][point["lambda"].values < 1.0]
    axes.plot(curve["lambda"], curve, color=INK, linewidth=0.8)
    growth = point["msf"].values[1:]
    aside = side * 0.04 * float(curve.max() - curve.min())
    axes.scatter(
        point["eigenvalue_real"][1:], growth + aside, s=14, marker="|", color=colour, linewidths=0.6,
        label=f"{int((growth > 0).sum())} of {len(growth)} unstable",
    )  # fmt: skip
    axes.legend(loc="lower left", handletextpad=0.3, borderaxespad=0.2)


def _power(axes, point: xr.Dataset, colour: str) -> None:
    """Plot the mean over regions of their power spectra in decibels, as in the figure `psd`."""
    frequency = point["frequency"].values
    levels = decibels(point["power_spectrum"].transpose("region", "frequency").values.astype(float), frequency)
    shown = (frequency >= 1.0) & (frequency <= MOST_HZ)
    axes.plot(frequency[shown], levels.mean(axis=0)[shown], color=colour, linewidth=1.0)
