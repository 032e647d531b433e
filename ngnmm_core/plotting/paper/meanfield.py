"""Mean field: the mean of v_e over regions in time, and its spectrum.

Also the slow modulation of its gamma amplitude, and how far that follows the phase of slow bands.
"""

import numpy as np
import xarray as xr
from matplotlib.figure import Figure
from scipy.signal import butter, hilbert, sosfiltfilt

from ngnmm_core.plotting.paper.decibels import decibels
from ngnmm_core.plotting.paper.points import at, last
from ngnmm_core.plotting.parts.style import (
    ACCENT,
    INK,
    SECOND,
    TWO_COLUMNS,
    new_figure,
    panel_letter,
    subfigures,
    themed,
)

SHOWN_MS = 2000.0
GAMMA_HZ = (30.0, 100.0)
FLOOR_DB, MOST_HZ = -100.0, 200.0
SIGNIFICANT = 0.05


@themed
def draw(data: dict[str, xr.Dataset]) -> Figure:
    """Above: 2 s of the mean and its envelope; below: spectrum of the mean, of its gamma envelope, and coupling."""
    runs = data["runs"]
    figure = new_figure(TWO_COLUMNS, 104.0)
    upper, lower = subfigures(figure, 2, 1, height_ratios=(1.0, 1.5))
    _time_course(upper.subplots(), at(data["points"], I_ext_e=13.0, G=5.0))
    left, middle, right = lower.subplots(1, 3)
    _spectrum(left, runs)
    _modulation(middle, runs)
    _coupling(right, runs)
    return figure


def _time_course(axes, point: xr.Dataset) -> None:
    series = last(point, SHOWN_MS)
    mean = series.mean("region").values
    time = series["time"].values - series["time"].values[0]
    gamma = butter(2, GAMMA_HZ, "bandpass", fs=1000.0 / (time[1] - time[0]), output="sos")
    amplitude = np.abs(hilbert(sosfiltfilt(gamma, mean)))
    axes.plot(time, mean, color=ACCENT, linewidth=0.5)
    axes.plot(time, mean.mean() + amplitude, color=SECOND, linewidth=0.8, label="amplitude, 30 to 100 Hz")
    axes.set(xlabel="Time (ms)", ylabel=r"mean $v_{\mathrm{e}}$", xlim=(0.0, time[-1]))
    axes.legend(loc="lower right", bbox_to_anchor=(1.0, 0.98), borderaxespad=0.0)
    panel_letter(axes, "a")


def _spectrum(axes, runs: xr.Dataset) -> None:
    frequency = runs["frequency"].values
    density = runs["mean_power_spectrum"].mean("seed").values.astype(float)
    shown = (frequency >= 1.0) & (frequency <= MOST_HZ)
    axes.plot(frequency[shown], decibels(density, frequency)[shown], color=INK, linewidth=0.9)
    axes.set(xlim=(0.0, MOST_HZ), ylim=(FLOOR_DB, 5.0), xlabel="Frequency (Hz)")
    axes.set_ylabel("Power (dB re maximum)")
    panel_letter(axes, "b")


def _modulation(axes, runs: xr.Dataset) -> None:
    frequency = runs["modulation_frequency"].values
    spectra = runs["mean_envelope_spectrum"].transpose("seed", "modulation_frequency").values
    shown = frequency > 0
    axes.plot(frequency[shown], spectra[:, shown].T, color="#9a9a9a", linewidth=0.4)
    axes.plot(frequency[shown], spectra.mean(axis=0)[shown], color=SECOND, linewidth=1.2)
    axes.set(yscale="log", xlim=(0.0, frequency[-1]), xlabel="Modulation (Hz)")
    axes.set_ylabel(r"Power of the envelope (Hz$^{-1}$)")
    depth = runs["mean_modulation_depth"].values
    axes.set_title(f"depth {depth.mean():.2f} ± {depth.std(ddof=1):.2f} (s.d.)")
    panel_letter(axes, "c")


def _coupling(axes, runs: xr.Dataset) -> None:
    """Plot the modulation index of the mean for every seed and slow band, filled where it is significant."""
    bands = [str(name) for name in runs["phase_band"].values]
    index = runs["mean_modulation_index"].transpose("seed", "phase_band").values
    significant = runs["mean_modulation_pvalue"].transpose("seed", "phase_band").values < SIGNIFICANT
    x = np.arange(len(bands)) + np.linspace(-0.25, 0.25, len(index))[:, None]
    axes.scatter(x, index, s=9.0, facecolors=np.where(significant, ACCENT, "none").ravel(), edgecolors=ACCENT)
    axes.set(yscale="log", xlim=(-0.5, len(bands) - 0.5), xlabel="Band of the phase", ylabel="Modulation index")
    axes.set_xticks(np.arange(len(bands)), bands)
    for k in np.flatnonzero(np.isnan(index).all(axis=0)):
        axes.text(k, 0.5, "no power", rotation=90, ha="center", va="center", transform=axes.get_xaxis_transform())
    axes.set_title(f"filled: p < {SIGNIFICANT:g}")
    panel_letter(axes, "d")
