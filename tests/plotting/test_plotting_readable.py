"""Figures that go onto slides: text of 8 points and more at 16 cm, within the page; the brain's outline."""

import ast
import itertools
import warnings
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest
import xarray as xr
from legible import LEAST_POINTS, look_at_every_figure, too_small
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import Normalize
from matplotlib.text import Text

from ngnmm_core.analysis.repertoire import KINDS, Repertoire
from ngnmm_core.plotting import connectome, highlights, hubs, maps, modes
from ngnmm_core.plotting.optimisation import search_figure
from ngnmm_core.plotting.parts.brain import VIEWS, fits_template, template, three_views
from ngnmm_core.plotting.parts.save import save
from ngnmm_core.plotting.parts.style import SETTINGS, TWO_COLUMNS, new_figure, theme, themed
from ngnmm_core.plotting.repertoire import repertoire_figure

pytestmark = pytest.mark.slow

MODULES = sorted(Path(connectome.__file__).parent.rglob("*.py"))
SIZES = ("fontsize", "labelsize", "titlesize")
ROOM = 0.25  # between numbers side by side, in heights of their letters


@pytest.fixture(params=["map_synchrony", "map_fc", "map_regime", "highlight_1", "hubs_1", "modes_1", "connectome"])
def figure(request, drawn, sweep, highlights_of_two, connectome_of, hubs_of):
    """One figure of each family of a default study."""
    name = request.param
    if name not in drawn:
        drawn[name] = _figure(name, sweep, highlights_of_two, connectome_of(), hubs_of(1, ("cut",)))
    return drawn[name]


@pytest.fixture(scope="module")
def drawn():
    """Figures by name: each is drawn once, and looked at by several tests."""
    return {}


def _figure(name, sweep, two, brain, scores):
    if name.startswith("map"):
        return maps.draw(name, sweep)
    if name.startswith("highlight"):
        return highlights.draw(name, two)
    if name.startswith("hubs"):
        return hubs.draw(
            name, scores.assign_coords(region=[f"Paracentral_Lobe_{k[-3:]}" for k in scores.region.values])
        )
    return connectome.draw(name, brain) if name == "connectome" else modes.draw(name, two, brain)


@pytest.fixture
def highlights_of_two(highlights):
    return highlights


def test_text_is_large_enough_for_a_slide_and_within_the_page(figure, tmp_path):
    save(figure, tmp_path / "figure.svg")  # ticks are counted anew when a figure is saved
    assert len([t for t in figure.findobj(Text) if t.get_visible() and t.get_text().strip()]) > 5
    assert too_small(figure) == {}
    assert outside(figure) == []


def test_smaller_text_is_seen_in_whatever_a_test_draws(monkeypatch):
    @themed
    def draw(size):
        figure = new_figure(TWO_COLUMNS, 60.0)
        figure.subplots().set_title("a title", fontsize=size)
        return figure

    look_at_every_figure(monkeypatch)
    draw(9.0)
    with pytest.raises(AssertionError, match=r"a title.: 7\.1"):
        draw(8.0)


def test_no_figure_asks_for_smaller_text():
    """Of those too that no test draws: the theme's sizes are enough, and what a module sets itself is not below."""
    least = LEAST_POINTS * TWO_COLUMNS / 160.0
    sizes = {name: size for name, size in SETTINGS.items() if name.endswith((*SIZES, "font.size"))}
    assert len(sizes) == 8
    assert min(sizes.values()) >= least
    asked = {}
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            named = [(k.arg, k.value) for k in node.keywords] if isinstance(node, ast.Call) else []
            if isinstance(node, ast.Dict):
                named = [(getattr(k, "value", None), v) for k, v in zip(node.keys, node.values, strict=True)]
            for name, value in named:
                if name in SIZES and isinstance(value, ast.Constant) and value.value < least:
                    asked[f"{path.name}:{value.lineno}"] = value.value
    assert asked == {}


def outside(figure) -> list[str]:
    """Texts that leave the page, as it is saved: in the theme that the file is written in."""
    canvas = FigureCanvasAgg(figure)  # ticks are left out: some lie outside the view
    with theme():
        figure.draw_without_rendering()
        ticks = {text for axes in figure.axes for text in (*axes.get_xticklabels(), *axes.get_yticklabels())}
        shown = [t for t in figure.findobj(Text) if t.get_visible() and t.get_text().strip() and t not in ticks]
        boxes = [t.get_window_extent(canvas.get_renderer()).padded(-1.0) for t in shown]
    page = figure.bbox
    return [
        t.get_text()
        for t, box in zip(shown, boxes, strict=True)
        if box.x0 < page.x0 or box.y0 < page.y0 or box.x1 > page.x1 or box.y1 > page.y1
    ]


@pytest.mark.parametrize("name", ["map_recruited_fraction", "map_growth_rate", "map_regime", "map_median_latency"])
def test_lines_of_few_values_keep_their_words_on_the_page(sweep_of, name):
    """Two values an axis; tick labels with signs and decimals beside a label of two lines."""
    figure = maps.draw(name, sweep_of({"G": [0, 0.1], "I_ext_e": [0.3, 0.5]}))
    assert figure.get_axes()
    assert outside(figure) == []


def test_stripes_of_regimes_fill_their_panels(sweep_of):
    """Cells stand side by side whatever their values are."""
    figure = maps.draw("map_regime", sweep_of({"G": [2, 5], "I_ext_e": [3, 13]}))
    for axes in figure.axes:
        assert axes.get_xlim() == (-0.5, 1.5)
    assert [text.get_text() for text in figure.axes[-1].get_xticklabels()] == ["3", "13"]


def test_nothing_leaves_the_page(figure):
    """Letters on the edge are whole, up to half a pixel at 300 dots per inch."""
    figure.draw_without_rendering()
    renderer, page = FigureCanvasAgg(figure).get_renderer(), figure.bbox
    boxes = {
        axes.get_title() or axes.get_xlabel() or axes.get_ylabel(): axes.get_tightbbox(renderer) for axes in figure.axes
    }
    slack = 0.5 * figure.dpi / 300
    cut = {
        name: tuple(box.extents.round(1))
        for name, box in boxes.items()
        if box is not None
        and (
            box.x0 < page.x0 - slack or box.y0 < page.y0 - slack or box.x1 > page.x1 + slack or box.y1 > page.y1 + slack
        )
    }
    assert cut == {}, page.extents


def test_numbers_at_an_axis_leave_room_between_them(figure):
    figure.draw_without_rendering()
    for axes in figure.axes:
        for axis, low, high in ((axes.xaxis, "x0", "x1"), (axes.yaxis, "y0", "y1")):
            drawn = [tick.label1 for tick in axis._update_ticks()] if axes.axison and axis.get_visible() else []
            boxes = [label.get_window_extent() for label in drawn if label.get_visible() and label.get_text()]
            boxes = sorted(boxes, key=lambda box: getattr(box, low))
            least = ROOM * LEAST_POINTS * figure.dpi / 72 if low == "x0" else 0.0
            for one, other in itertools.pairwise(boxes):
                assert getattr(other, low) - getattr(one, high) >= least, (axes.get_title(), axes.get_xlabel())


def comparison():
    """Three models with every kind of regime."""
    x, y = (axis.ravel() for axis in np.meshgrid(np.linspace(0, 10, 9), np.linspace(0, 20, 8)))
    rng, size = np.random.default_rng(0), x.size
    kinds = np.array([KINDS[k % len(KINDS)] for k in range(size)])
    one, three, bands = rng.random(size), rng.random((3, size)), ("theta", "alpha", "beta")
    return repertoire_figure(
        [
            Repertoire(
                name, {"G": x, "P": y}, kinds, one, one, one, np.arange(size) % 2 + 1, bands, three, three, three
            )
            for name in ("jansen_rit", "wilson_cowan", "ei_ngnmm")
        ]
    )


def search():
    """A search in two steps over two parameters."""
    rng = np.random.default_rng(0)
    names = {"kind": ["fc_correlation"], "parameter": ["G", "I_ext_e"], "step": ["fc_groups", "fcd_groups"]}
    return search_figure(
        xr.Dataset(
            {
                "tried": (("evaluation", "parameter"), rng.random((60, 2))),
                "score": (("evaluation", "kind"), rng.random((60, 1))),
                "step_of": ("evaluation", np.repeat([0, 1], [40, 20])),
            },
            names,
        )
    )


@pytest.mark.parametrize("make", [comparison, search])
def test_legends_and_numbers_stand_clear(make):
    """Legends lie within the page and off the panels; numbers and names at the axes leave room between them."""
    figure = make()
    FigureCanvasAgg(figure).draw()
    legends = [legend for part in (figure, *figure.subfigs) for legend in part.legends]
    assert legends
    boxes = [axes.get_window_extent() for axes in figure.axes]
    letters = [text.get_window_extent() for axes in figure.axes for text in axes.texts if text.get_text()]
    for legend in legends:
        box = legend.get_window_extent()
        assert figure.bbox.x0 <= box.x0
        assert box.x1 <= figure.bbox.x1
        assert not any(box.overlaps(other) for other in [*boxes, *letters])
    assert not any(axes.get_legend() for axes in figure.axes)
    for axes in figure.axes:
        named = [tick.label1.get_window_extent() for tick in axes.xaxis._update_ticks() if tick.label1.get_text()]
        ordered = sorted(named, key=lambda box: box.x0)
        assert all(
            other.x0 - one.x1 >= 0.25 * LEAST_POINTS * figure.dpi / 72 for one, other in itertools.pairwise(ordered)
        )


def test_no_view_of_the_brain_is_a_mirror_image():
    """The drawn right, the drawn up and the regions on top follow the right-hand rule; letters stand where they say."""
    centres = 60 * np.vstack([np.eye(3), -np.eye(3)]) + np.array([0, -17, 12])  # right, front, top, left, back, bottom
    figure, panels = plt.subplots(1, 3)
    three_views(panels, centres, np.arange(6.0), ("viridis", Normalize(0, 5)))
    figure.draw_without_rendering()
    for axes, view in zip(panels, VIEWS, strict=True):
        drawn = axes.collections[-1]  # those with a value
        order = drawn.get_array().astype(int)
        across, upward = (axes.transData.transform(drawn.get_offsets()) - axes.transData.transform((0, 0))).T
        right, up, nearest = centres[order[across.argmax()]], centres[order[upward.argmax()]], centres[order[-1]]
        towards = np.cross(right - centres.mean(axis=0), up - centres.mean(axis=0))
        np.testing.assert_allclose(towards / np.linalg.norm(towards), (nearest - centres.mean(axis=0)) / 60, atol=1e-12)
        ends = [text.get_text() for text in axes.texts if text.get_text() in "LRAP"]
        assert ends[1] == {0: "R", 1: "A", 4: "P"}[order[across.argmax()]], view.name
        assert ends[0] == {3: "L", 1: "A", 4: "P"}[order[across.argmin()]], view.name
    plt.close(figure)


def test_the_outline_is_the_brain_of_the_template():
    """Sizes of the ICBM 152 brain: about 146 mm wide and 180 mm long."""
    side, top, front = (template(view.name) for view in VIEWS)
    assert np.ptp(top, axis=0) == pytest.approx([146.0, 180.0], abs=4.0)
    assert np.ptp(side[:, 0]) == pytest.approx(np.ptp(top[:, 1]), abs=2.0)
    assert np.ptp(front[:, 0]) == pytest.approx(np.ptp(top[:, 0]), abs=2.0)
    assert np.ptp(side[:, 1]) == pytest.approx(np.ptp(front[:, 1]), abs=2.0)


def test_centres_in_another_space_get_no_outline_of_the_template():
    rng = np.random.default_rng(0)
    sphere = rng.normal(size=(400, 3))
    inside = np.array([0, -17, 12]) + sphere / np.linalg.norm(sphere, axis=1, keepdims=True) * [52, 70, 50]
    assert fits_template(inside)
    assert not fits_template(inside + np.array([0, 0, 80]))
    assert not fits_template(inside / 10.0)
    assert not fits_template(inside * 3.0)


def test_a_single_stripe_of_regimes_has_room_for_a_name_of_two_lines(sweep_of):
    """One axis with a long name, and no homogeneous state: the lowest of all figures."""
    sweep = sweep_of({"I_ext_e": [3, 8, 13], "G": [2], "seed": [0]}).drop_vars("regime")
    figure = maps.draw("map_regime", sweep)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # matplotlib's, where the panels have no room
        FigureCanvasAgg(figure).draw()
    (axes,) = figure.axes
    assert axes.get_xlabel().count("\n") == 1
    assert axes.get_window_extent().height >= 6.0 / 25.4 * figure.dpi * 0.8
    title = figure.texts[0].get_window_extent()
    assert not title.overlaps(axes.title.get_window_extent())
    assert not title.overlaps(axes._left_title.get_window_extent())
    assert not figure.legends[0].get_window_extent().overlaps(axes.xaxis.label.get_window_extent())
