"""Master stability function over the plane: largest transverse growth rate, number of unstable directions, regime."""

import xarray as xr
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from ngnmm_core.plotting.paper import plane
from ngnmm_core.plotting.paper.bif2d import draw_curves
from ngnmm_core.plotting.parts.labels import unit_text
from ngnmm_core.plotting.parts.style import INK, TWO_COLUMNS, new_figure, panel_letter, themed
from ngnmm_core.plotting.regimes import COLOURS

REACH = 0.025  # of the colour scale (1/ms), as in the paper


@themed
def draw(data: dict[str, xr.Dataset]) -> Figure:
    """Three panels over the same plane."""
    sweep = data["sweep"]
    figure = new_figure(TWO_COLUMNS, 78.0)
    panels = figure.subplots(1, 3, sharex=True, sharey=True)
    growth = transverse_growth(sweep)
    first = plane.image(panels[0], growth, cmap="vlag", vmin=-REACH, vmax=REACH)
    plane.contour(panels[0], growth, 0.0, colors=INK, linewidths=0.6)
    count = unstable_directions(sweep)
    second = plane.image(panels[1], count, cmap="rocket_r", vmin=0, vmax=sweep.sizes["mode"] - 1)
    plane.contour(panels[1], count, 0.5, colors=INK, linewidths=0.6)
    for axes, shown, text, extend in (
        (panels[0], first, f"Largest transverse growth rate ({unit_text('ms-1')})", "both"),
        (panels[1], second, "Unstable directions", "neither"),
    ):
        bar = figure.colorbar(shown, ax=axes, location="bottom", fraction=0.06, pad=0.02, aspect=24, extend=extend)
        bar.outline.set_linewidth(0.5)
        bar.set_label(text)
    for axes in panels[:2]:
        draw_curves(axes, data["branches"], linewidth=0.5, alpha=0.8)
    panels[0].set(xlim=(sweep[plane.X].min(), sweep[plane.X].max()), ylim=(sweep[plane.Y].min(), sweep[plane.Y].max()))
    handles = _regimes(panels[2], sweep)
    _multistable(panels[2], data["starts"])
    for k, axes in enumerate(panels):
        plane.label_plane(axes, left=k == 0)
        panel_letter(axes, "abc"[k])
    figure.legend(handles=handles, loc="outside lower center", ncols=len(handles), handlelength=1.0)
    return figure


def transverse_growth(sweep: xr.Dataset) -> xr.DataArray:
    """Return the largest growth rate along all directions except the uniform one.

    From Jacobians at rest, Floquet exponents on cycles, and transverse Lyapunov exponents elsewhere if they are there.
    """
    growth = sweep["msf"].isel(mode=slice(1, None)).max("mode")
    if "transverse_exponent" not in sweep:
        return growth
    return growth.fillna(sweep["transverse_exponent"].isel(mode=slice(1, None)).max("mode"))


def unstable_directions(sweep: xr.Dataset) -> xr.DataArray:
    """How many directions are unstable, NaN where it is not known."""
    count = sweep["unstable_modes"].where(sweep["unstable_modes"] >= 0)
    if "transverse_unstable_modes" not in sweep:
        return count
    return count.fillna(sweep["transverse_unstable_modes"].where(sweep["transverse_unstable_modes"] >= 0))


def _multistable(axes, starts: xr.Dataset) -> None:
    """Hatches where more than one attractor of the homogeneous system was found."""
    several = (starts["attractor_count"] > 1).astype(float).transpose(plane.Y, plane.X)
    if bool(several.any()):
        axes.contourf(several[plane.X], several[plane.Y], several, levels=[0.5, 1.5], colors="none", hatches=["//////"])


def _regimes(axes, sweep: xr.Dataset) -> list[Patch]:
    """Where the homogeneous state rests, cycles or is chaotic; returns the entries of the legend."""
    words = sweep["regime"].attrs["flag_meanings"].split()[1:]
    colours = ListedColormap([COLOURS[word] for word in words])
    regime = sweep["regime"].where(sweep["regime"] >= 0)
    plane.image(axes, regime, cmap=colours, vmin=-0.5, vmax=len(words) - 0.5)
    present = [k for k in range(len(words)) if bool((sweep["regime"] == k).any())]
    handles = [
        Patch(facecolor=COLOURS[words[k]], edgecolor=INK, linewidth=0.4, label=words[k].replace("_", " "))
        for k in present
    ]
    handles.append(Patch(facecolor="none", edgecolor=INK, linewidth=0.4, hatch="//////", label="several attractors"))
    axes.set_title("homogeneous state")
    return handles
