"""The figure of `benchmarks/chaos_statistics.py`."""

import matplotlib as mpl
import numpy as np

from ngnmm_core.plotting.parts.style import FAINT, INK, LINES, MM, MUTED, TWO_COLUMNS, themed

mpl.use("Agg")
import matplotlib.pyplot as plt

COLOURS = (INK, MUTED, LINES[0], LINES[1])


@themed
def draw(results, places, names):
    """One column per point: spectrum, functional connectivity, rate and largest exponent of every method."""
    figure, axes = plt.subplots(
        4, len(places), figsize=(TWO_COLUMNS * MM, 150 * MM), layout="constrained", height_ratios=(1.2, 1.2, 0.8, 0.8)
    )
    for column, place in zip(axes.T, places, strict=True):
        of = results[place]
        column[0].set_title(f"$I_{{ext,e}}$ = {place[0]:g}, $G$ = {place[1]:g}")
        _spectra(column[0], of, names)
        _connectivity(column[1], of, names)
        _means(column[2], of, names, "rates", lambda rates: rates.mean(axis=1))
        _means(column[3], of, names, "exponent", lambda exponents: 1000.0 * exponents[:, 0])
    axes[0, 0].set_ylabel("power of $v_e$ (dB)")
    axes[1, 0].set_ylabel("FC, other runs")
    axes[2, 0].set_ylabel("mean rate (Hz)")
    axes[3, 0].set_ylabel("largest exponent\n(s$^{-1}$)")
    handles, labels = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(names))
    return figure


def _spectra(axes, of, names):
    frequency = 1.0 + np.arange(of[names[0]]["spectrum"].shape[1])
    for name, colour in zip(names, COLOURS, strict=True):
        level = 10.0 * of[name]["spectrum"]
        mean, error = level.mean(axis=0), level.std(axis=0, ddof=1) / np.sqrt(len(level))
        if name == names[0]:
            axes.fill_between(frequency, mean - 2 * error, mean + 2 * error, color=FAINT, lw=0)
        axes.plot(frequency, mean, color=colour, lw=0.7, label=name)
    axes.set(xlim=(0, 200), xlabel="frequency (Hz)")


def _connectivity(axes, of, names):
    expected = of[names[0]]["FC"].mean(axis=0)
    for name, colour in zip(names[1:], COLOURS[1:], strict=True):
        found = of[name]["FC"].mean(axis=0)
        axes.plot(expected, found, ".", ms=1.0, mew=0, color=colour, alpha=0.4, rasterized=True)
    limits = np.nanmin(expected), np.nanmax(expected)
    axes.plot(limits, limits, color=INK, lw=0.5)
    axes.set_xlabel(f"FC, {names[0]}")


def _means(axes, of, names, quantity, reduce):
    for k, (name, colour) in enumerate(zip(names, COLOURS, strict=True)):
        values = reduce(of[name][quantity])
        axes.plot(k + np.linspace(-0.2, 0.2, len(values)), values, ".", ms=3, mew=0, color=colour, alpha=0.5)
        error = values.std(ddof=1) / np.sqrt(len(values))
        axes.errorbar(k, values.mean(), 2 * error, fmt="_", color=colour, lw=1.0, capsize=2)
    axes.set(xticks=[], xlim=(-0.6, len(names) - 0.4))
