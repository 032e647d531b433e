"""Figures of working memory: what is drawn is what was computed."""

import json

import numpy as np
import pytest
from jinja2 import Environment, StrictUndefined
from matplotlib.colors import to_hex

from ngnmm_core.analysis.memory_trials import summarise
from ngnmm_core.api import get_connectome, run_stage, run_study
from ngnmm_core.plotting import bistability, memory, trial
from ngnmm_core.plotting.catalogue import figures_of
from ngnmm_core.plotting.parts.style import ACCENT, LINES
from ngnmm_core.stages.registry import stages_of
from ngnmm_core.study.load import make_study

CUE = {"name": "cue", "parameter": "I_ext", "onset_ms": 100, "duration_ms": 100, "amplitude": 6}
PROBE = {"name": "probe", "parameter": "I_ext", "after": "cue", "onset_ms": 300, "duration_ms": 60, "amplitude": 0.5}
CONFIG = {
    "connectome": {"name": "single"},
    "normalization": "none",
    "model": {"name": "ngnmm_population", "operating_point": {"position": 0.5, "of": "region"}},
    "simulation": {
        "duration_ms": 600, "transient_ms": 50, "sample_ms": 1, "method": "heun", "dt_ms": 0.05, "noise_sigma": 3,
        "initial": {"from": "homogeneous", "sd": 0}, "stimuli": [CUE, PROBE],
    },
    "analyses": {"memory": {}},
    "highlights": [{"cue.amplitude": 6, "seed": 1}, {"cue.amplitude": 0, "seed": 1}],
    "grid": {"cue.amplitude": [0, 1, 1.5, 2], "Delta": [0.6, 1.4], "seed": [0, 1, 2, 3]},
}  # fmt: skip
CAPTIONS = ("memory_success", "memory_answers", "memory_survival", "memory_table", "trials", "bistable_range")


@pytest.fixture(scope="module")
def study():
    return make_study("memory", CONFIG)


@pytest.fixture(scope="module")
def rates(study):
    found = run_study(study, get_connectome("single"))
    return summarise(found.assign_attrs(config=json.dumps({"analyses": {"memory": {"cue": "cue", "probe": "probe"}}})))


@pytest.fixture(scope="module")
def highlights(study):
    stage = next(s for s in stages_of(study) if s.name == "highlights")
    data = run_stage(study, stage, get_connectome("single"))
    columns = stage.layout(study, 1).points.columns
    data = data.assign_coords({n: ("highlight", columns[n]) for n in ("cue.amplitude", "seed")})
    return data.assign_attrs(config=json.dumps({"simulation": {"transient_ms": 50}}))


def test_a_study_of_trials_has_its_figures_and_no_others(study):
    assert [e.stem for e in figures_of(study)] == ["memory_success", "memory_survival", "memory_answers", "trials"]
    alone = {**CONFIG, "analyses": {"memory": {"probe": None}, "bistability": {"of": "region"}}, "highlights": []}
    stems = [e.stem for e in figures_of(make_study("alone", alone))]
    assert stems == ["memory_success", "memory_survival", "bistable_range"]


@pytest.mark.parametrize("name", ["success", "answers"])
def test_rates_are_lines_with_their_intervals(rates, name):
    """One line per Delta, along the amplitudes; what has no cue stands apart, with a bar."""
    variable = rates[{"success": "success_rate", "answers": "answer_rate"}[name]]
    (axes,) = memory.draw(f"memory_{name}", rates).axes
    for k in range(2):
        (line,) = [a for a in axes.lines if a.get_color() == LINES[k] and len(a.get_xdata()) == 3]
        np.testing.assert_array_equal(line.get_xdata(), [1, 1.5, 2])
        np.testing.assert_array_equal(line.get_ydata(), variable[1:, k, 0])
        band = axes.collections[k].get_paths()[0].vertices
        for x, (_, low, high) in zip((1, 1.5, 2), variable[1:, k].values, strict=True):
            np.testing.assert_allclose(np.unique(band[band[:, 0] == x, 1]), np.unique([low, high]))
        (bar,) = [a for a in axes.lines if a.get_color() == LINES[k] and list(a.get_xdata()) == [0, 0]]
        np.testing.assert_array_equal(bar.get_ydata(), variable[0, k, 1:])


def test_survival_has_a_curve_for_every_cue(rates):
    figure = memory.draw("memory_survival", rates)
    assert [a.get_title(loc="left") for a in figure.axes] == ["$\\mathrm{Δ}$ = 0.6", "$\\mathrm{Δ}$ = 1.4"]
    for c, axes in enumerate(figure.axes):
        assert len(axes.lines) == 3  # amplitudes without 0
        for k, line in enumerate(axes.lines):
            np.testing.assert_array_equal(line.get_ydata(), rates.survival[1 + k, c, :, 0])
            np.testing.assert_array_equal(line.get_xdata(), rates.delay_time)


def test_trials_show_rates_and_epochs(highlights):
    figure = trial.draw("trials", highlights)
    assert len(figure.axes) == 2
    for k, axes in enumerate(figure.axes):
        one = highlights.isel(highlight=k)
        (line,) = [a for a in axes.lines if len(a.get_xdata()) > 2]
        np.testing.assert_array_equal(line.get_ydata(), one.rate_series[0, 0])
        np.testing.assert_allclose(line.get_xdata()[[0, -1]], [51, 600])
        spans = {to_hex(p.get_facecolor()): (p.get_x(), p.get_x() + p.get_width()) for p in axes.patches}
        assert spans.get(trial.CUE) == ((100, 200) if k == 0 else None)
        assert spans[trial.PROBE] == (500, 560)
        assert (line.get_color() == ACCENT) == (k == 0)
    assert "correct rejection" in figure.axes[1].get_title(loc="left")
    words = [t.get_text() for t in figure.axes[0].texts]
    assert words == ["fixation", "cue", "delay", "probe"]


def test_the_bistable_range_lies_between_the_saddle_nodes_in_closed_form():
    """4 x^4 - 2 (J / pi) x^3 + Delta^2 = 0 with x = pi tau r."""
    grid = {"Delta": [0.5, 1.0, 1.5, 3.0], "J": [15, 10]}
    config = {**CONFIG, "model": {"name": "ngnmm_population"}, "grid": grid, "highlights": [], "simulation": {}}
    config["analyses"] = {"bistability": {"of": "region"}}
    found = run_study(make_study("range", config), get_connectome("single"))
    (axes,) = bistability.draw("bistable_range", found).axes
    for k, J in enumerate(grid["J"]):
        lines = [a for a in axes.lines if a.get_color() == LINES[k]]
        for Delta, *ends in zip(lines[0].get_xdata(), *(a.get_ydata() for a in lines), strict=True):
            roots = np.roots([4.0, -2.0 * J / np.pi, 0.0, 0.0, Delta**2])
            x = np.sort(roots[(np.abs(roots.imag) < 1e-9) & (roots.real > 0)].real)
            folds = x**2 - (Delta / (2.0 * x)) ** 2 + 5.0 - J * x / np.pi
            np.testing.assert_allclose(ends, np.sort(folds), atol=1e-9)
        assert len(lines[0].get_xdata()) == (4 if J == 15 else 3)  # the cusp for J = 10 is at Delta = 1.645


@pytest.mark.parametrize("name", CAPTIONS)
def test_captions_can_be_rendered(request, name):
    text = (request.config.rootpath / "workflow" / "report" / f"{name}.rst").read_text(encoding="utf-8")
    rendered = Environment(undefined=StrictUndefined).from_string(text)
    assert rendered.render(snakemake={"params": {"about": "A study."}}).startswith("**")
