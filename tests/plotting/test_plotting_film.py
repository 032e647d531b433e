"""Films: every marker has the colour of its region in every frame, and the files are whole."""

import json
import re

import numpy as np
import pytest
import xarray as xr
from headless import OVERFLOW
from made_up_datasets import REGIONS, region_coords
from matplotlib.colors import Normalize
from PIL import Image

from ngnmm_core.plotting.parts import film
from ngnmm_core.plotting.parts.film import Film, write
from ngnmm_core.plotting.spread_film import spread_film

ONSET = np.array([110.0, 150.0, 200.0, np.nan, 300.0, 250.0])  # the stimulus comes at 100 ms


@pytest.fixture
def spread():
    """A point at which region k rises from -1 to k at its onset."""
    time = np.arange(0.5, 950.0, 0.5)  # since the end of a transient of 50 ms
    series = np.where(time[None, :] + 50.0 >= ONSET[:, None], np.arange(REGIONS)[:, None], -1.0)
    data = {
        "observable_series": (("region", "time"), series, {"units": "1"}),
        "onset_time": ("region", ONSET, {"units": "ms"}),
        "latency": ("region", ONSET - 100.0, {"units": "ms"}),
    }
    coords = {**region_coords(), "time": time, "focal.region": 2.0}
    return xr.Dataset(data, coords, {"config": json.dumps({"simulation": {"transient_ms": 50}})})


def test_regions_are_marked_from_their_onset_on(spread):
    made = spread_film(spread)
    assert "Area_1_L" in made.titles[0]
    assert "−" in made.titles[0]  # before the stimulus
    assert made.titles[-1].endswith("5 of 6 recruited")
    assert not made.marked[:, 3].any()
    np.testing.assert_array_equal(made.frames, np.where(made.marked, np.arange(REGIONS), -1.0))


def test_markers_keep_to_their_regions_even_where_values_are_equal_at_first(spread, monkeypatch):
    made = spread_film(spread)
    drawn = film._animation(made)
    drawn._func(len(made.frames) - 1)
    centres = made.centres
    for axes, (right, up) in zip(drawn._fig.axes[:3], ((1, 2), (0, 1), (0, 2)), strict=True):
        (markers,) = [c for c in axes.collections if c.get_array() is not None]
        for place, value in zip(markers.get_offsets(), markers.get_array(), strict=True):
            region = int(np.argmin(np.abs(centres[:, [right, up]] - place).sum(axis=1)))
            assert value == made.frames[-1, region]
    drawn._draw_was_started = True  # it was looked at, and not to be shown


@pytest.mark.parametrize("centres", [True, False])
def test_both_files_are_written_and_nothing_else(tmp_path, centres):
    rng = np.random.default_rng(1)
    places = rng.uniform(-50.0, 50.0, (4, 3)) if centres else None
    made = Film(rng.uniform(size=(3, 4)), places, ("viridis", Normalize(0, 1)), "value", ["a", "b", "c"])
    write(made, tmp_path / "film_1.gif", tmp_path / "film_1.html")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["film_1.gif", "film_1.html"]
    with Image.open(tmp_path / "film_1.gif") as image:
        assert image.n_frames == 3
    page = (tmp_path / "film_1.html").read_text(encoding="utf-8")
    assert page.count("data:image/png;base64") == 3
    assert not re.search(r'(?:src|href)="?(?:https?:)?//', page)


PLAY = """
  const frame = document.querySelector("img"), seen = new Set();
  while (!frame.naturalWidth) await wait(20);
  told.pixels = frame.naturalWidth;
  for (let k = 0; k < 40; k++) { seen.add(frame.src); await wait(25); }
  told.frames = seen.size;
  const press = name => document.querySelector(`button[title="${name}"]`).click();
  press("Pause"); press("First frame");
  const first = frame.src; await wait(300);
  told.stands = frame.src === first;
  press("Next frame"); await wait(100);
  told.steps = frame.src !== first;
  const icons = [...document.querySelectorAll("button i")].map(i => getComputedStyle(i, "::before").content);
  told.icons = icons.filter(icon => icon !== "none").length;
  told.shown = frame.getBoundingClientRect().width;
"""


@pytest.mark.slow
@pytest.mark.parametrize("width", [1400, 500])
def test_a_film_plays_in_a_browser(tmp_path, browser, width):
    made = Film(np.arange(12.0).reshape(3, 4), None, ("viridis", Normalize(0, 12)), "value", ["a", "b", "c"])
    write(made, tmp_path / "film_1.gif", tmp_path / "film_1.html")
    told = browser.use(tmp_path / "film_1.html", PLAY + OVERFLOW, width)
    assert told["frames"] == 3
    assert told["stands"]
    assert told["steps"]
    assert told["icons"] == 9
    assert told["shown"] <= width
    assert told["overflow"] <= 0
    assert told["pixels"] > 600
