"""The figure of `benchmarks.bench`: time against regions, and ratios to the yardstick."""

import matplotlib as mpl

from ngnmm_core.plotting.parts.style import ACCENT, FAINT, INK, LINES, MM, MUTED, TWO_COLUMNS, themed

mpl.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

RATIOS_AT = 90
CROWDED = {94}  # no label at the axis: beside 90


@themed
def draw(results, yardstick, label):
    """Left: CPU time per simulated second and point; right: the same at 90 regions over the yardstick's."""
    figure, (times, bars) = plt.subplots(
        1, 2, figsize=(TWO_COLUMNS * MM, 85 * MM), layout="constrained", width_ratios=(1.2, 1.0)
    )
    singles = [case for case in results.seconds if case.processes == 1]
    names = list(dict.fromkeys(label(case) for case in singles))
    _times(times, results, singles, names, label)
    _bars(bars, results, [c for c in singles if c.regions == RATIOS_AT], yardstick(RATIOS_AT), label)
    handles, labels = times.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=5)
    return figure


def _look(case, index):
    if case.kind == "c":
        return {"color": INK, "marker": "s"}
    if case.kind == "peer":
        return {"color": MUTED, "marker": "vD^<>"[index % 5]}
    return {"color": LINES[index % len(LINES)], "marker": "o"}


def _times(axes, results, singles, names, label):
    for index, name in enumerate(names):
        cases = sorted((c for c in singles if label(c) == name), key=lambda c: c.regions)
        seconds = [results.median(case) for case in cases]
        style = ":" if cases[0].dtype == "float32" else "-"
        axes.plot([c.regions for c in cases], seconds, style, ms=2.5, lw=0.8, label=name, **_look(cases[0], index))
    regions = sorted({case.regions for case in singles} - CROWDED)
    axes.set(xscale="log", yscale="log", xlabel="regions", ylabel="CPU seconds per simulated second and point")
    axes.set_xticks(regions, [str(n) for n in regions])
    axes.minorticks_off()


def _bars(axes, results, cases, to, label):
    ordered = sorted(cases, key=lambda case: results.ratio(case, to), reverse=True)
    ratios = [results.ratio(case, to) for case in ordered]
    colours = [INK if c.kind == "c" else ACCENT if c.kind == "engine" else FAINT for c in ordered]
    axes.barh(np.arange(len(ordered)), ratios, color=colours, height=0.7)
    for k, ratio in enumerate(ratios):
        axes.text(ratio * 1.1, k, f"{ratio:.3g}", va="center", fontsize=5.5)
    axes.set_yticks(np.arange(len(ordered)), [label(case) for case in ordered])
    axes.axvline(1.0, color=INK, lw=0.6)
    axes.set(xscale="log", xlim=(0.05, max(ratios) * 4), xlabel=f"time over the C yardstick's, {RATIOS_AT} regions")
