"""PSD: spectra of v_e per region, each relative to its maximum, and their mean with standard deviation."""

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from ngnmm_core.plotting.paper.decibels import decibels
from ngnmm_core.plotting.parts.style import ACCENT, SECOND, TWO_COLUMNS, new_figure, panel_letter, themed

FLOOR_DB, MOST_HZ = -60.0, 200.0


@themed
def draw(data: dict[str, xr.Dataset]) -> Figure:
    """All regions on the left, mean and spread over regions on the right; spectra are means over the seeds."""
    runs = data["runs"]
    frequency = runs["frequency"].values
    density = runs["power_spectrum"].mean("seed").transpose("region", "frequency").values.astype(float)
    levels = decibels(density, frequency)
    shown = (frequency >= 1.0) & (frequency <= MOST_HZ)
    figure = new_figure(TWO_COLUMNS, 64.0)
    left, right = figure.subplots(1, 2, sharex=True, sharey=True)
    left.plot(frequency[shown], levels[:, shown].T, color="#777777", linewidth=0.3, alpha=0.5, rasterized=True)
    left.set_title(f"{len(levels)} regions")
    mean, spread = levels.mean(axis=0), levels.std(axis=0)
    right.fill_between(
        frequency[shown], (mean - spread)[shown], (mean + spread)[shown], color=ACCENT, alpha=0.3, linewidth=0.0,
        label="± standard deviation",
    )  # fmt: skip
    right.plot(frequency[shown], mean[shown], color=ACCENT, linewidth=1.2, label="mean over regions")
    peak = float(np.nanmedian(runs["peak_frequency"].values))
    right.axvline(peak, color=SECOND, linewidth=0.7, linestyle=":")
    right.annotate(
        f"{peak:.1f} Hz", (peak, 1.0), xytext=(3.0, 0.0), textcoords="offset points", color=SECOND, va="bottom"
    )
    figure.legend(*right.get_legend_handles_labels(), loc="outside lower right", ncols=2)
    for axes, letter in ((left, "a"), (right, "b")):
        axes.set(xlim=(0.0, MOST_HZ), ylim=(FLOOR_DB, 4.0), xlabel="Frequency (Hz)")
        panel_letter(axes, letter)
    left.set_ylabel(r"Power of $v_{\mathrm{e}}$ (dB, re maximum)")
    return figure
