"""The figure of `benchmarks.bench`: time against regions, and ratios to the yardstick.

    python -m benchmarks.bench_figure

draws it again from the numbers in docs/benchmarks/benchmarks.csv, without measuring.
"""

import csv
from dataclasses import dataclass

import matplotlib as mpl

from benchmarks.documents import DOCS
from benchmarks.rounds import Case
from ngnmm_core.plotting.parts.style import INK, MM, TWO_COLUMNS, themed

mpl.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

FOLDER = DOCS / "benchmarks"
RATIOS_AT = 90
CROWDED = {94}  # no label at the axis: beside 90
# Blues and greens for our own methods, warm colours for other programs; single precision is dotted, or lighter
OURS = ("#0072b2", "#009e73", "#56b4e9", "#332288")
C = (INK, "#7f7f7f")
OTHERS = ("#d55e00", "#cc79a7", "#e69f00", "#882255", "#999933")
MARKERS = {"c": "s", "engine": "o", "peer": "D"}
HEIGHT_MM, LEGEND_COLUMNS = 140, 3
LIGHT = 0.55  # opacity of bars in single precision


@dataclass(frozen=True)
class Table:
    """Measured numbers as the file has them: seconds by case, and ratios to the yardstick."""

    seconds: dict[Case, float]
    ratios: dict[Case, float]

    def median(self, case: Case) -> float:
        """CPU seconds per simulated second and point."""
        return self.seconds[case]

    def ratio(self, case: Case, to: Case) -> float:
        """Time over that of the yardstick, the only case that the file compares with."""
        return self.ratios[case]


@themed
def draw(results, yardstick, label):
    """Left: CPU time per simulated second and point; right: the same at 90 regions over the yardstick's.

    Methods with noise, delays or maps have bars in the method's colour, and no lines.
    """
    figure, (times, bars) = plt.subplots(
        1, 2, figsize=(TWO_COLUMNS * MM, HEIGHT_MM * MM), layout="constrained", width_ratios=(1.15, 1.0)
    )
    singles = [case for case in results.seconds if case.processes == 1]
    colours = _colours(singles)
    _times(times, results, [case for case in singles if case.method == plain(case.method)], colours, label)
    _bars(bars, results, [c for c in singles if c.regions == RATIOS_AT], yardstick(RATIOS_AT), label, colours)
    handles, labels = times.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=LEGEND_COLUMNS)
    return figure


def plain(method: str) -> str:
    """Give the method alone, without what it is measured with."""
    return method.split(" with ")[0]


def _colours(cases):
    """Colours by kind and method: one for both precisions."""
    found = {}
    for kind, palette in (("c", C), ("engine", OURS), ("peer", OTHERS)):
        methods = dict.fromkeys(plain(case.method) for case in cases if case.kind == kind)
        found |= {(kind, method): palette[k % len(palette)] for k, method in enumerate(methods)}
    return found


def _times(axes, results, singles, colours, label):
    for name in dict.fromkeys(label(case) for case in singles):
        cases = sorted((c for c in singles if label(c) == name), key=lambda c: c.regions)
        first, seconds = cases[0], [results.median(case) for case in cases]
        style = ":" if first.dtype == "float32" else "-"
        look = {"color": colours[first.kind, first.method], "marker": MARKERS[first.kind], "ms": 3, "lw": 1.1}
        axes.plot([c.regions for c in cases], seconds, style, label=name, **look)
    regions = sorted({case.regions for case in singles} - CROWDED)
    axes.set(xscale="log", yscale="log", xlabel="regions", ylabel="CPU seconds per\nsimulated second and point")
    axes.set_xticks(regions, [str(n) for n in regions])
    axes.minorticks_off()


def _bars(axes, results, cases, to, label, colours):
    ordered = sorted(cases, key=lambda case: results.ratio(case, to), reverse=True)
    ratios = [results.ratio(case, to) for case in ordered]
    rows = axes.barh(
        np.arange(len(ordered)), ratios, color=[colours[c.kind, plain(c.method)] for c in ordered], height=0.7
    )
    for row, case in zip(rows, ordered, strict=True):
        row.set_alpha(LIGHT if case.dtype == "float32" else 1.0)
    axes.axvline(1.0, color=INK, lw=0.6, zorder=0)
    for k, ratio in enumerate(ratios):
        behind = {"facecolor": "white", "edgecolor": "none", "pad": 0.1}
        text = f"{ratio:.2g}" if ratio < 100 else f"{ratio:.0f}"
        axes.annotate(text, (ratio, k), (4, 0), textcoords="offset points", va="center", bbox=behind)
    axes.set_yticks(np.arange(len(ordered)), [label(case) for case in ordered])
    axes.set(xscale="log", xlim=(0.05, max(ratios) * 6), xlabel=f"time over the C yardstick's,\n{RATIOS_AT} regions")
    axes.minorticks_off()


def read() -> Table:
    """Read the numbers of docs/benchmarks/benchmarks.csv."""
    seconds, ratios = {}, {}
    with open(FOLDER / "benchmarks.csv", encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["cpu_seconds"] == "-":
                continue
            case = Case(row["kind"], row["method"], row["dtype"], int(row["regions"]), int(row["processes"]))
            seconds[case], ratios[case] = float(row["cpu_seconds"]), float(row["ratio_to_yardstick"])
    return Table(seconds, ratios)


if __name__ == "__main__":
    from benchmarks.bench_report import label
    from benchmarks.rounds import yardstick
    from ngnmm_core.plotting.parts.save import save

    save(draw(read(), yardstick, label), FOLDER / "benchmarks.png", FOLDER / "benchmarks.svg")
