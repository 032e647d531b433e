"""The figure of a spread: what is drawn is what was computed, on a chain where the order is known."""

import json

import numpy as np
import pytest
from jinja2 import Environment, StrictUndefined
from matplotlib.collections import PathCollection

from ngnmm_core.api import get_connectome, run_stage
from ngnmm_core.plotting.catalogue import SPREAD, figures_of
from ngnmm_core.plotting.spread import draw
from ngnmm_core.stages.registry import stages_of
from ngnmm_core.study.load import make_study

FOCAL = {"name": "focal", "parameter": "I_ext", "onset_ms": 100, "duration_ms": 50, "amplitude": 8.0, "region": 0}
HIGHLIGHTS = [{"focal.amplitude": 8.0}, {"focal.amplitude": 0.0}]


@pytest.fixture(scope="module")
def spread():
    """Eight regions in a line; stimulated at one end, and not at all."""
    config = {
        "connectome": {"name": "made_up"},
        "model": {"name": "ngnmm_population", "operating_point": {"margin": 0.1}, "parameters": {"G": 3.0}},
        "simulation": {
            "duration_ms": 900, "transient_ms": 50, "sample_ms": 0.5, "stimuli": [FOCAL],
            "method": "rk4", "dt_ms": 0.05,  # compiles faster
            "initial": {"from": "homogeneous", "sd": 0.0},
        },
        "analyses": {"recruitment": {}},
        "highlights": HIGHLIGHTS,
    }  # fmt: skip
    return make_study("spread", config)


@pytest.fixture(scope="module")
def computed(spread):

    connectome = get_connectome(np.eye(8, k=1) + np.eye(8, k=-1))
    stage = next(s for s in stages_of(spread) if s.name == "highlights")
    data = run_stage(spread, stage, connectome)
    return data.assign_attrs(config=json.dumps({"simulation": {"transient_ms": 50}}))


def dots(figure, text):
    """Offsets of the dots in the panel whose x label is `text`."""
    (axes,) = [a for a in figure.axes if a.get_xlabel().startswith(text)]
    return [c.get_offsets().data for c in axes.collections if isinstance(c, PathCollection)]


def test_each_highlight_has_a_figure(spread):
    assert [e.stem for e in figures_of(spread) if e.family == SPREAD] == ["spread_1", "spread_2"]


def test_latency_rises_along_the_chain(computed):
    (shown,) = dots(draw("spread_1", computed), "path length")
    shown = shown[np.argsort(shown[:, 0])]
    assert len(shown) == 7
    assert np.all(np.diff(shown[:, 1]) > 0)
    np.testing.assert_allclose(shown[:, 1], computed["latency"].values[0, 1:])


def test_onsets_lie_where_the_observable_has_risen(computed):
    """The dot of a row is where that row's series leaves its rest: both times count from the stimulus."""
    raster = draw("spread_1", computed).axes[0]
    image, line = raster.images[0], raster.lines[0]
    left, right = image.get_extent()[:2]
    values = np.asarray(image.get_array())
    times = np.linspace(left, right, values.shape[1])
    for row, onset in enumerate(line.get_xdata()):
        rise = times[np.argmax(values[row] > 0.5 * (values[row, 0] + values[row, -1]))]
        assert -5.0 < onset - rise < 60.0


def test_without_a_stimulus_nothing_is_recruited(computed):
    figure = draw("spread_2", computed)
    assert dots(figure, "path length") == []
    assert any("no region is recruited" in t.get_text() for a in figure.axes for t in a.texts)


def test_the_caption_can_be_rendered(request):
    text = (request.config.rootpath / "workflow" / "report" / "spread.rst").read_text(encoding="utf-8")
    rendered = (
        Environment(undefined=StrictUndefined)
        .from_string(text)
        .render(snakemake={"params": {"point": "G = 3", "about": "A study."}})
    )
    assert "G = 3" in rendered
