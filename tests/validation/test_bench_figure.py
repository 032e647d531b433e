"""The figure of `make bench` can be drawn from whatever the run measures."""

import matplotlib.pyplot as plt

from benchmarks.bench import cases
from benchmarks.bench_figure import Table, draw
from benchmarks.bench_report import label
from benchmarks.rounds import yardstick


def test_every_method_has_its_line_and_every_case_its_bar():
    every = cases([10, 90], "python")
    seconds = {case: 0.001 * (1 + k) * case.regions for k, case in enumerate(every)}
    yardsticks = {case: yardstick(case.regions) for case in every}
    ratios = {case: seconds[case] / seconds[to] for case, to in yardsticks.items()}
    figure = draw(Table(seconds, ratios), yardstick, label)
    times, bars = figure.axes
    names = {label(case) for case in every}
    assert {line.get_label() for line in times.get_lines()} == {name for name in names if " with " not in name}
    assert {text.get_text() for text in bars.get_yticklabels()} == names
    plt.close(figure)
