"""Figure and table of the mean fields against directly simulated QIF neurons.

    python docs/validation/spiking_population.py [folder]

Writes spiking_population.svg and .png into the folder (by default the script's own) and prints the measured errors.
Takes some 10 seconds on one core, most of it for 10^6 neurons.
"""

import math
import sys
import time
from pathlib import Path

import matplotlib as mpl
import numpy as np

from ngnmm_core.models import ei_ngnmm, ngnmm_population
from ngnmm_core.simulation import spiking_neurons as spiking

mpl.use("Agg")
import matplotlib.pyplot as plt

ONE, TWO = ngnmm_population.MODEL, ei_ngnmm.MODEL
SHOWN = {1_000: "#E69F00", 10_000: "#009E73", 100_000: "#0072B2"}  # Okabe and Ito's colours
SIZES = (1_000, 3_000, 10_000, 30_000, 100_000, 300_000, 1_000_000)
REST = [[0.02, -1.0, 0.02]]
STATES = {"low": [[0.01, -2.0, 0.01]], "high": [[0.14, -0.1, 0.14]]}
BEFORE, AFTER = 40, 60  # bins of 1 ms around the step of input
STEP = 4.0
STYLE = {
    "font.family": "DejaVu Sans",
    "font.size": 11,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "legend.frameon": False,
    "svg.hashsalt": "ngnmm-core",
    "savefig.dpi": 150,
}


def both(model, values, initial, I_ext, bin_ms, sizes):
    """Traces of the mean field and, by number of neurons, of the spikes; steps of 0.1 ms."""
    network = spiking.populations(model, values)
    steps = round(bin_ms / 0.1)
    return spiking.mean_field(model, values, initial, I_ext, bin_ms), {
        n: spiking.simulate(network, initial, I_ext, n, bin_ms, steps) for n in sizes
    }


def relative_rms(found, expected):
    """RMS of the difference over the mean of what is expected."""
    return math.sqrt(np.mean((found - expected) ** 2)) / np.mean(expected)


def step_of_input():
    """Traces around a step of I_ext from 0 to STEP at the parameters' defaults."""
    I_ext = np.zeros((BEFORE + AFTER, 1))
    I_ext[BEFORE:] = STEP
    return both(ONE, {}, REST, I_ext, 1.0, SIZES)


def stationary_errors(state):
    """Relative error of the mean rate over 100 ms by number of neurons, and the exact rate (1/ms)."""
    expected, found = both(ONE, {}, STATES[state], np.zeros((200, 1)), 1.0, SIZES)
    exact = expected.rate[-1, 0]
    return {n: abs(traces.rate[100:].mean() / exact - 1) for n, traces in found.items()}, exact


def gamma_rhythm():
    """Traces of 600 ms of the excitatory-inhibitory rhythm at I_ext_e = 12, G = 0."""
    return both(TWO, {"I_ext_e": 12.0}, REST * 2, np.tile([12.0, 0.0], (1200, 1)), 0.5, tuple(SHOWN))


def period(traces):
    """Mean time between upward passages of the inhibitory s through its mean after 100 ms, ms."""
    x = traces.synaptic_activity[200:, 1] - traces.synaptic_activity[200:, 1].mean()
    k = np.flatnonzero((x[:-1] < 0) & (x[1:] >= 0))
    return np.diff(k - x[k] / (x[k + 1] - x[k])).mean() * 0.5


def draw_step(axes, expected, found, quantity, scale):
    """One quantity against the time since the step, mean field and spikes."""
    time_ms = expected.time_ms - BEFORE - (0.5 if quantity == "rate" else 0.0)  # rates belong to the bin's middle
    values = scale * getattr(expected, quantity)[:, 0]
    axes.plot(time_ms, values, color="black", linewidth=4, alpha=0.35, label="mean field")
    for n, color in SHOWN.items():
        values = scale * getattr(found[n], quantity)[:, 0]
        axes.plot(time_ms, values, color=color, linewidth=1.3, label=f"{power(n)} neurons")
    axes.axvline(0, color="0.5", linewidth=0.8, linestyle=":")
    axes.set(xlabel="time after the step of input (ms)", xlim=(-30, AFTER))


def draw_differences(axes, expected, found, quantity, unit):
    """Plot what the lines of `draw_step` hide: spikes minus mean field."""
    scale = 1000 if unit else 1
    time_ms = expected.time_ms - BEFORE
    for n, color in SHOWN.items():
        difference = scale * (getattr(found[n], quantity) - getattr(expected, quantity))[:, 0]
        axes.plot(time_ms, difference, color=color, linewidth=1.1)
    axes.tick_params(labelsize=9)
    axes.set(xlim=(0, AFTER))
    axes.set_title(f"spikes − mean field{unit}", fontsize=9, pad=3)


def power(n):
    """10^k in mathematical type."""
    return f"$10^{{{round(math.log10(n))}}}$"


def draw_errors(axes, transient, stationary):
    """Relative errors against N with the limits that the project asks for at 10^5."""
    series = (
        ("transient, RMS", transient, "#D55E00", "o"),
        ("stationary, high state", stationary["high"], "#CC79A7", "^"),
        ("stationary, low state", stationary["low"], "#56B4E9", "s"),
    )
    for label, errors, color, marker in series:
        axes.loglog(SIZES, [100 * errors[n] for n in SIZES], marker, linestyle="-", color=color, label=label)
    for limit, what in ((3, "3 %: transient"), (1, "1 %: stationary")):
        axes.plot([SIZES[0], 1e5], [limit, limit], color="0.4", linewidth=0.8, linestyle="--")
        axes.plot([1e5], [limit], marker="|", color="0.4", markersize=9)
        axes.annotate(what, (1.15e5, limit), va="center", color="0.3", fontsize=9)
    axes.set(xlabel="neurons", ylabel="relative error of the rate (%)", ylim=(1e-4, 10))
    axes.yaxis.set_major_formatter("{x:g}")
    axes.legend(fontsize=9, loc="lower left", handlelength=1.4)


def draw_rhythm(axes, expected, traces):
    """Rates of both populations late in the run, mean field as lines and 10^5 neurons per population as points."""
    window = slice(1000, 1120)
    time_ms = expected.time_ms[window] - 0.25  # the middles of the bins
    for population, (name, color) in enumerate((("excitatory", "#D55E00"), ("inhibitory", "#0072B2"))):
        mean, spikes = (1000 * t.rate[window, population] for t in (expected, traces))
        axes.plot(time_ms, mean, color=color, linewidth=1.5, label=f"{name}, mean field")
        axes.plot(time_ms, spikes, ".", color=color, markersize=5, label=f"{name}, {power(1e5)} neurons")
    axes.set(xlabel="time (ms)", ylabel="firing rate (Hz)", xlim=(500, 560), ylim=(0, 1150))
    axes.legend(fontsize=9, ncols=2, loc="upper center", columnspacing=1.2, handlelength=1.4)


def figure(step, transient, stationary, rhythm):
    """Draw the figure of four panels."""
    fig, panels = plt.subplots(2, 2, figsize=(11, 7.4), layout="constrained")
    draw_step(panels[0, 0], *step, "rate", 1000)
    panels[0, 0].set(ylabel="firing rate (Hz)", title="a  Rate after a step of input")
    panels[0, 0].legend(fontsize=9, loc="upper left")
    draw_differences(panels[0, 0].inset_axes([0.66, 0.14, 0.33, 0.33]), *step, "rate", " (Hz)")
    draw_step(panels[0, 1], *step, "kuramoto", 1)
    panels[0, 1].set(ylabel="Kuramoto modulus |Z|", title="b  Synchrony after a step of input", ylim=(0, 1))
    draw_differences(panels[0, 1].inset_axes([0.66, 0.14, 0.33, 0.33]), *step, "kuramoto", "")
    draw_errors(panels[1, 0], transient, stationary)
    panels[1, 0].set_title("c  Error against number of neurons")
    expected, found = rhythm
    draw_rhythm(panels[1, 1], expected, found[100_000])
    panels[1, 1].set_title("d  Excitatory-inhibitory gamma rhythm")
    for axes in panels.flat:
        axes.set_title(axes.get_title(), loc="left", fontsize=12, fontweight="bold")
        axes.set_title("")
    return fig


def report(transient, stationary, exact, rhythm):
    """Print the measured numbers as the rows of the README's tables."""
    print("| neurons | transient, RMS (%) | stationary, low state (%) | stationary, high state (%) |")
    for n in SIZES:
        print(
            f"| {n} | {100 * transient[n]:.2f} | " + " | ".join(f"{100 * stationary[s][n]:.3f}" for s in STATES) + " |"
        )
    print({state: f"{1000 * rate:.3f} Hz" for state, rate in exact.items()})
    expected, found = rhythm
    for name, traces in {"mean field": expected, **found}.items():
        highest = " ".join(f"{1000 * r:.1f}" for r in traces.rate[200:].max(axis=0))
        mean = " ".join(f"{1000 * r:.2f}" for r in traces.rate[200:].mean(axis=0))
        rms = 100 * relative_rms(traces.rate, expected.rate)
        print(
            f"| {name} | {period(traces):.4f} ms | {1000 / period(traces):.3f} Hz | {highest} | {mean} | {rms:.2f} % |"
        )


def main(folder):
    """Measures, prints and draws."""
    began = time.perf_counter()
    step, rhythm = step_of_input(), gamma_rhythm()
    expected, found = step
    window = slice(BEFORE, BEFORE + 50)
    transient = {n: relative_rms(t.rate[window], expected.rate[window]) for n, t in found.items()}
    stationary, exact = {}, {}
    for state in STATES:
        stationary[state], exact[state] = stationary_errors(state)
    report(transient, stationary, exact, rhythm)
    print(f"{time.perf_counter() - began:.1f} s")
    with mpl.rc_context(STYLE):
        fig = figure(step, transient, stationary, rhythm)
        fig.savefig(folder / "spiking_population.svg", metadata={"Date": None, "Creator": None})
        fig.savefig(folder / "spiking_population.png", metadata={"Software": None})


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
