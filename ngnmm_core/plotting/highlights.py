"""Detail sheets: all that is known of one highlighted point on one page."""

import json
from collections.abc import Iterator
from functools import partial

import numpy as np
import xarray as xr
from matplotlib.figure import Figure, SubFigure

from ngnmm_core.analysis import fc, msf, spectra
from ngnmm_core.connectome.cohort import NULL, SUBJECT
from ngnmm_core.plotting.parts import panels
from ngnmm_core.plotting.parts.labels import assignments, number, signal_text, unit_text
from ngnmm_core.plotting.parts.quantities import flag_words, grid_dims, grid_values, reason_text, reasons
from ngnmm_core.plotting.parts.style import INK, MUTED, TWO_COLUMNS, new_figure, panel_letter, subfigures, themed

MAPS = {drawn.name: drawn for one in (fc, msf, spectra) for drawn in one.ANALYSIS.maps(one.ANALYSIS.options())}
HEIGHTS = {"activity": 70.0, "middle": 82.0, "bottom": 62.0}  # mm
TITLE_MM = 8.0


def draw(stem: str, dataset: xr.Dataset) -> Figure:
    """Draw the sheet of that name in the catalogue: `highlight_1` is the first point."""
    return detail_sheet(dataset, int(stem.rpartition("_")[2]) - 1)


@themed
def detail_sheet(dataset: xr.Dataset, highlight: int = 0) -> Figure:
    """Activity, spectra, dispersion relation and functional connectivity of one point, as far as they were computed.

    Parameters
    ----------
    dataset : xarray.Dataset
        A `highlights.nc`, or the one point that `ngnmm_core.simulate` gives.
    highlight : int
        Position along its dimension `highlight`, if it has one.
    """
    point = point_of(dataset, highlight)
    curves = [draw_part for draw_part, name in CURVES if name in point]
    possible = [
        ("activity", partial(_activity, point=point), "observable_series" in point),
        ("middle", partial(_curves, curves=curves, point=point), bool(curves)),
        ("bottom", partial(_bottom, point=point, numbers=len(curves) != 1), "fc" in point or len(curves) != 1),
    ]
    rows = [(name, draw_row) for name, draw_row, there in possible if there]
    heights = [HEIGHTS[name] for name, _ in rows]
    figure = new_figure(TWO_COLUMNS, sum(heights) + TITLE_MM)
    figure.suptitle(title_of(point), x=0.01, ha="left")
    parts = subfigures(figure, len(rows), 1, height_ratios=heights)
    letters = iter("abcdefgh")
    for part, (_, draw_row) in zip(parts, rows, strict=True):
        draw_row(part, letters)
    return figure


def summary(dataset: xr.Dataset, highlight: int = 0) -> list[tuple[str, str | None]]:
    """List the numbers of a point as (name, value in words); a heading has the value None."""
    point = point_of(dataset, highlight)
    return [*_network_facts(point), *_homogeneous_facts(point)]


def point_of(dataset: xr.Dataset, highlight: int) -> xr.Dataset:
    """One of the highlights, or the first point of the grid."""
    if "highlight" in dataset.dims:
        return dataset.isel(highlight=highlight)
    return dataset.isel(dict.fromkeys(grid_dims(dataset), 0))


def title_of(point: xr.Dataset) -> str:
    """Give the parameters and the seed of a point in words."""
    fixed = json.loads(point.attrs.get("parameters", "{}"))  # of a point that was simulated without a workflow
    names = [str(name) for name, c in point.coords.items() if c.ndim == 0 and c.dtype.kind == "f"]
    text = assignments(fixed | {name: float(point[name]) for name in names}) or "Default parameters"
    if SUBJECT in point.coords:
        text = f"{text}, subject {point[SUBJECT].item()}"
    if NULL in point.coords and point[NULL] > 0:
        text = f"{text}, null connectome {int(point[NULL])}"
    return f"{text}, seed {int(point['seed'])}" if "seed" in point.coords else text


def _observable(point: xr.Dataset) -> str:
    """Symbol and unit of the observable."""
    from ngnmm_core.models import get_model, model_names

    name, unit = "observable", point["observable_series"].attrs.get("units")
    if point.attrs.get("model") in model_names():
        name = get_model(point.attrs["model"]).observable
        head, _, index = name.partition("_")
        name = f"${head}_{{\\mathrm{{{index}}}}}$" if index else f"${head}$"
    shown = unit_text(unit)
    return f"{name} ({shown})" if shown else name


def _why(point: xr.Dataset, quantity: str) -> str:
    reason = str(reasons(point, MAPS[quantity]).values)
    return reason_text(reason) if reason else ""


# ------------------------------------------------------------------ rows
def _activity(part: SubFigure, letters: Iterator[str], point: xr.Dataset) -> None:
    upper, lower = part.subplots(2, 1, sharex=True, height_ratios=(2.6, 1.0))
    observable = _observable(point)
    image = panels.raster(upper, point)
    panels.mean_over_regions(lower, point, observable)
    if image is not None:
        bar = part.colorbar(image, ax=upper, pad=0.01, fraction=0.02, aspect=26, extend="both")
        bar.outline.set_linewidth(0.5)
        bar.set_label(observable)
    panel_letter(upper, next(letters))
    panel_letter(lower, next(letters))


def _curves(part: SubFigure, letters: Iterator[str], curves: list, point: xr.Dataset) -> None:
    """Two of spectra, dispersion relation and numbers."""
    left, right = subfigures(part, 1, 2)
    curves[0](left, letters, point)
    if len(curves) > 1:
        curves[1](right, letters, point)
    else:
        numbers, empty = right.subplots(1, 2, width_ratios=(2.0, 1.0))
        empty.set_axis_off()
        _facts(numbers, point)


def _spectra(part: SubFigure, letters: Iterator[str], point: xr.Dataset) -> None:
    axes = part.subplots()
    still = "peak_frequency" in point and not np.isfinite(point["peak_frequency"]).any()
    panels.spectra(axes, point, _why(point, "peak_frequency") or ("no region oscillates" if still else ""))
    panel_letter(axes, next(letters))


def _dispersion(part: SubFigure, letters: Iterator[str], point: xr.Dataset) -> None:
    upper, lower = part.subplots(2, 1, sharex=True, height_ratios=(1.7, 1.0))
    panels.growth(upper, point, _why(point, "growth_rate"))
    panels.growth_frequency(lower, point)
    panel_letter(upper, next(letters))


CURVES = ((_spectra, "power_spectrum"), (_dispersion, "growth_curve"))


def _bottom(part: SubFigure, letters: Iterator[str], point: xr.Dataset, numbers: bool) -> None:
    """Matrices of functional connectivity, and the numbers if there was no place for them above."""
    signals = [str(name) for name in point["signal"].values] if "fc" in point else []
    count = max(len(signals) + numbers, 3)
    widths = [1.0] * (count - 1) + [1.3 if numbers else 1.0]
    cells = part.subplots(1, count, squeeze=False, width_ratios=widths)[0]
    for axes in cells[len(signals) :]:
        axes.set_axis_off()
    for axes, signal in zip(cells, signals, strict=False):
        image = panels.connectivity(axes, point, signal, _why(point, "fc"))
        panel_letter(axes, next(letters))
    if signals:
        bar = part.colorbar(image, ax=list(cells[: len(signals)]), fraction=0.03, pad=0.02, aspect=22, shrink=0.9)
        bar.outline.set_linewidth(0.5)
        bar.set_label("Functional connectivity")
    if numbers:
        _facts(cells[len(signals)], point)


# ------------------------------------------------------------------ numbers
def _facts(axes, point: xr.Dataset) -> None:
    """Write the numbers of the point as a table."""
    axes.set_axis_off()
    facts = list(_network_facts(point)) + list(_homogeneous_facts(point))
    step, y = 1.0 / max(len(facts) + 1, 13), 1.0 + 1.0 / 13
    for k, (name, value) in enumerate(facts):
        heading = value is None
        y -= 1.6 * step if heading and k else step
        axes.text(
            0.0 if heading else 0.03, y, name, va="top", color=INK if heading else MUTED,
            fontweight="bold" if heading else "normal", transform=axes.transAxes,
        )  # fmt: skip
        if not heading:
            axes.text(1.0, y, value, va="top", ha="right", transform=axes.transAxes)


def _network_facts(point: xr.Dataset):
    yield "Network", None
    if "network_regime" in point:
        yield "regime", _words(point, "network_regime")
    if "synchrony" in point:
        drifts = _words(point, "synchrony_status") == "not stationary" if "synchrony_status" in point else False
        yield "synchrony", _value(point["synchrony"]) + (" (not stationary)" if drifts else "")
    if "peak_frequency" in point:
        yield "peak frequency", _value(point["peak_frequency"].median(), "Hz")
    if "gamma_power" in point:
        yield "gamma power", _value(grid_values(point, MAPS["gamma_power"]))
    if "firing_rate" in point:
        for name in point["population"].values:
            yield f"firing rate {name}", _value(point["firing_rate"].sel(population=name).mean(), "Hz")
    if "fc" in point:
        for name in point["signal"].values:
            yield f"FC, {signal_text(str(name))}", _value(point["fc"].sel(signal=name).mean())


def _homogeneous_facts(point: xr.Dataset):
    if "regime" not in point:
        return
    yield "Homogeneous state", None
    yield "regime", _words(point, "regime")
    period = float(point["orbit_period"])
    if np.isfinite(period):
        yield "period", f"{number(float(f'{period:.4g}'))} ms ({1000.0 / period:.1f} Hz)"
    modes = float(point["unstable_modes"])
    if modes >= 0:
        yield "unstable modes", f"{int(modes)} of {point.sizes['mode'] - 1}"
    if point.sizes["mode"] > 1:
        yield "largest growth", _value(point["msf"].isel(mode=slice(1, None)).max(), unit_text("ms-1"))


def _words(point: xr.Dataset, name: str) -> str:
    return str(flag_words(point[name]).values).replace("_", " ") or "–"


def _value(value: xr.DataArray, unit: str = "") -> str:
    found = float(value)
    if not np.isfinite(found):
        return "–"
    return f"{number(float(f'{found:.3g}'))} {unit}".strip()
