"""Panels of the detail sheet of one point: raster, mean over regions, spectra, functional connectivity, dispersion."""

import json

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.image import AxesImage

from ngnmm_core.analysis.fc import CORRELATION
from ngnmm_core.plotting.parts.labels import label, signal_text
from ngnmm_core.plotting.parts.regions import (
    RegionOrder,
    draw_matrix,
    from_edges,
    mark_hemispheres,
    region_order,
    resampling,
)
from ngnmm_core.plotting.parts.style import (
    ACCENT,
    FAINT,
    INK,
    MUTED,
    PAPER,
    SECOND,
    say_undefined,
    signal_scale,
)
from ngnmm_core.streaming.envelope import GAMMA_HZ

SHOWN_MS = 100.0
FLOOR_DB, MARGIN_DB = -70.0, 2.0
MOST_HZ = 200.0
SMALLEST_RANGE = 0.1  # of the axis of the mean over regions
NEUTRAL = 1e-7  # growth rates (1/ms) up to this are neither growth nor decay
FC_REACHES = (0.25, 0.5, 1.0)


def raster(axes: Axes, point: xr.Dataset) -> AxesImage | None:
    """Show the observable of every region over the last 100 ms, by hemisphere and within it by phase."""
    series = _last(point)
    if not np.isfinite(series.values).any():
        say_undefined(axes, "no finite samples")
        axes.set(xticks=[], yticks=[])
        return None
    order = by_phase(region_order(point), series.values)
    cmap, norm = signal_scale(series.values)
    time = series["time"].values
    half = 0.5 * (time[1] - time[0]) if len(time) > 1 else 0.5
    extent = (time[0] - half, time[-1] + half, len(order.index) - 0.5, -0.5)
    image = axes.imshow(
        series.values[order.index], cmap=cmap, norm=norm, aspect="auto", extent=extent, interpolation=resampling(order)
    )
    for _, _, stop in order.groups[:-1]:
        axes.axhline(stop - 0.5, color=INK, linewidth=0.4)
    mark_hemispheres(axes, order, "y")
    axes.tick_params(axis="x", labelbottom=False)
    return image


def by_phase(order: RegionOrder, series: np.ndarray) -> RegionOrder:
    """Sort the regions of each hemisphere by the phase of the rhythm that most of them share.

    The phase is that of the Fourier component with the most power over all regions; without one the order stays.
    """
    known = np.nan_to_num(series - np.nanmean(series, axis=1, keepdims=True))
    components = np.fft.rfft(known * np.hanning(known.shape[1]), axis=1)[:, 1:]
    if not components.size or not np.abs(components).max() > 1e-9:
        return order
    strongest = np.argmax((np.abs(components) ** 2).sum(axis=0))
    phase = np.angle(components[:, strongest])
    pieces = [(start, stop) for _, start, stop in order.groups] or [(0, len(order.index))]
    index = np.concatenate([part[np.argsort(-phase[part], kind="stable")] for part in
                            (order.index[start:stop] for start, stop in pieces)])  # fmt: skip
    return RegionOrder(index, order.groups)


def mean_over_regions(axes: Axes, point: xr.Dataset, observable: str) -> None:
    """Plot the mean over regions, and the range that holds 80 % of them."""
    series = _last(point)
    time, values = series["time"].values, series.values
    axes.set_xlabel(label(series["time"].attrs))
    axes.set_ylabel(observable)
    axes.margins(x=0.0)
    if not np.isfinite(values).any():
        say_undefined(axes, "no finite samples")
        axes.set(xticks=[], yticks=[])
    else:
        low, high = np.nanpercentile(values, (10.0, 90.0), axis=0)
        axes.fill_between(time, low, high, color=FAINT, linewidth=0.0, label="80 % of the regions")
        axes.plot(time, np.nanmean(values, axis=0), color=ACCENT, linewidth=1.1, label="mean over regions")
        _legend_above(axes)
        bottom, top = axes.get_ylim()
        if top - bottom < SMALLEST_RANGE:  # at rest: no magnified round-off
            axes.set_ylim(0.5 * (top + bottom - SMALLEST_RANGE), 0.5 * (top + bottom + SMALLEST_RANGE))


def _legend_above(axes: Axes) -> None:
    count = min(len(axes.get_legend_handles_labels()[1]), 2)
    legend = axes.legend(
        loc="lower right", bbox_to_anchor=(1.0, 0.99), ncols=count, borderaxespad=0.0, borderpad=0.1, columnspacing=1.2
    )
    for line in legend.get_lines():
        line.set(linewidth=1.2, alpha=1.0)


def _last(point: xr.Dataset) -> xr.DataArray:
    series = point["observable_series"]
    end = float(series["time"][-1])
    return series.where(series["time"] > end - SHOWN_MS, drop=True).transpose("region", "time")


def spectra(axes: Axes, point: xr.Dataset, why: str) -> None:
    """Spectral densities in dB: of regions, their mean, and of the mean over regions; 0 is the largest of the mean."""
    frequency = point["frequency"].values
    axes.set_xlabel(label(point["frequency"].attrs))
    axes.set_ylabel("Power spectral density (dB)")
    density = point["power_spectrum"].transpose("region", "frequency").values.astype(float)
    mean = density.mean(axis=0)
    inside = (frequency >= 1.0) & (frequency <= MOST_HZ)
    if why or not np.nanmax(mean[inside], initial=0.0) > 0.0:
        say_undefined(axes, f"no spectrum: {why or 'no power'}")
        axes.set(xlim=(0.0, min(MOST_HZ, frequency[-1])), yticks=[])
        return
    reference = mean[inside].max()

    def decibel(values):
        with np.errstate(divide="ignore"):
            return 10.0 * np.log10(values[..., inside] / reference)

    x = frequency[inside]
    low, high = gamma_band(point)
    axes.axvspan(low, high, color="#f3efe0", linewidth=0.0, zorder=0)
    axes.text(low + 1.0, 0.985, "gamma", transform=axes.get_xaxis_transform(), va="top", color=MUTED)
    regions = axes.plot(x, decibel(density).T, color="#9a9a9a", linewidth=0.25, alpha=0.5, rasterized=True)
    regions[0].set_label("regions")
    axes.plot(x, decibel(mean), color=INK, linewidth=1.7, label="their mean")
    axes.plot(
        x,
        decibel(point["mean_power_spectrum"].values.astype(float)),
        color=ACCENT,
        linewidth=0.9,
        label="mean over regions",
    )
    shown = np.concatenate([line.get_ydata() for line in axes.lines])
    shown = shown[np.isfinite(shown)]
    top = shown.max() + 4.0 * MARGIN_DB  # with room for the name of the band
    axes.set(xlim=(0.0, x[-1]), ylim=(max(shown.min() - MARGIN_DB, FLOOR_DB), top))
    _legend_above(axes)


def gamma_band(dataset: xr.Dataset) -> tuple[float, float]:
    """Read the gamma band of the study (Hz) from the dataset's config."""
    analyses = json.loads(dataset.attrs.get("config", "{}")).get("analyses", {})
    low, high = analyses.get("spectra", {}).get("bands", {}).get("gamma", GAMMA_HZ)
    return float(low), float(high)


def connectivity(axes: Axes, point: xr.Dataset, signal: str, why: str) -> AxesImage:
    """Draw the functional connectivity of one signal as a matrix ordered by hemisphere."""
    values = point["fc"].sel(signal=signal).values.astype(float)
    norm = Normalize(-_fc_reach(point), _fc_reach(point))
    image = draw_matrix(axes, from_edges(values, point), region_order(point), CORRELATION.cmap, norm)
    axes.set_title(signal_text(signal))
    if not np.isfinite(values).any():
        say_undefined(axes, f"not defined: {why}" if why else "not defined")
    return image


def _fc_reach(point: xr.Dataset) -> float:
    """Where the colour scale of all signals ends: at 1, or at a quarter or half where all but 1 % of the pairs fit."""
    largest = np.nanquantile(np.abs(point["fc"].values), 0.99) if np.isfinite(point["fc"]).any() else 1.0
    return next((reach for reach in FC_REACHES if largest <= reach), 1.0)


def growth(axes: Axes, point: xr.Dataset, why: str) -> None:
    """Growth rate of perturbations against the eigenvalue: the curve, and the eigenvalues of W on it."""
    curve = point["growth_curve"]
    axes.set_ylabel(label({"units": curve.attrs.get("units")}, text="growth rate"))
    if not np.isfinite(curve.values).any():
        say_undefined(axes, why or "not defined")
        axes.set_yticks([])
        return
    axes.axhline(0.0, color=MUTED, linewidth=0.6, zorder=1)
    position, rate = _eigenvalues(point), point["msf"].values
    left = max(float(position.min()) - 0.1, -1.0)
    axes.set_xlim(left, 1.04)
    # On a cycle the trivial exponent is left out at 1, a jump that is no property of the curve
    shown = (curve["lambda"] >= left) & (curve["lambda"] < 1.0)
    axes.plot(curve["lambda"][shown], curve[shown], color=INK, linewidth=0.9, zorder=2)
    seen = np.concatenate([curve.values[shown], rate[1:], [0.0]])
    low, high = np.nanmin(seen), np.nanmax(seen)
    axes.set_ylim(low - 0.08 * (high - low), high + 0.12 * (high - low))
    for mask, name, style in _kinds_of_modes(rate):
        mask = mask & (rate >= axes.get_ylim()[0])
        if mask.any():
            axes.scatter(position[mask], rate[mask], label=name, s=11, linewidths=0.6, zorder=3, **style)
    _legend_above(axes)


def _kinds_of_modes(rate: np.ndarray) -> list[tuple[np.ndarray, str, dict]]:
    """Masks of the modes that decay, that grow, and of the uniform one; with their names and markers."""
    transverse, known = np.arange(len(rate)) > 0, np.isfinite(rate)
    grows = transverse & (rate > NEUTRAL)
    return [
        (transverse & ~grows & known, "stable", {"facecolor": PAPER, "edgecolor": ACCENT}),
        (grows, "unstable", {"facecolor": SECOND, "edgecolor": SECOND}),
        (~transverse & known, "uniform", {"facecolor": PAPER, "edgecolor": MUTED, "marker": "D"}),
    ]


def growth_frequency(axes: Axes, point: xr.Dataset) -> None:
    """Frequency of the leading perturbation against the eigenvalue."""
    curve = point["growth_curve_frequency"]
    axes.set_ylabel(label({"units": curve.attrs.get("units")}, text="frequency"))
    axes.set_xlabel("Eigenvalue Λ of W (1: uniform)")
    if not np.isfinite(curve.values).any():
        say_undefined(axes, "")
        axes.set_yticks([])
        return
    # Dots, as another perturbation may take the lead at any eigenvalue
    axes.plot(curve["lambda"], curve, ".", color=INK, markersize=1.2, markeredgewidth=0.0, zorder=2)
    position, frequency = _eigenvalues(point), point["msf_frequency"].values
    for mask, _, style in _kinds_of_modes(point["msf"].values)[:2]:
        axes.scatter(position[mask], frequency[mask], s=11, linewidths=0.6, zorder=3, **style)
    top = max(float(np.nanmax(curve)), 1.0)
    axes.set_ylim(-0.1 * top, 1.15 * top)


def _eigenvalues(point: xr.Dataset) -> np.ndarray:
    """Real parts of the eigenvalues of W in units of its row sum, which is the first of them."""
    values = point["eigenvalue_real"].values
    return values / values[0] if values[0] > 0.0 else values
