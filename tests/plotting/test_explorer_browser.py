"""The explorer in a headless browser: by keyboard, at two widths, and the cortical surface."""

import pytest
from headless import OVERFLOW

USE = """
  while (document.body.dataset.ready !== "yes") await wait(20);
  told.first = JSON.parse(await pointsAsJson());
  told.told = document.getElementById("cell").textContent;
  told.at_first = document.querySelectorAll("#A canvas").length;
  STATE.held = AXES.map(() => 0); STATE.cursor = [0, 0]; await refresh();
  const map = document.getElementById("map"), key = (k, shift) =>
    map.dispatchEvent(new KeyboardEvent("keydown", {key: k, shiftKey: !!shift, bubbles: true}));
  map.focus();
  key("ArrowRight"); key("ArrowUp"); key("ArrowUp"); key("Enter"); await wait(300);
  key("ArrowRight"); key("Enter", true); await wait(300);
  told.chosen = STATE.chosen;
  told.points = JSON.parse(await pointsAsJson());
  told.csv = mapAsCsv();
  told.cell = document.getElementById("cell").textContent;
  told.figures = [...document.querySelectorAll("#A canvas")].map(c => c.getAttribute("aria-label"));
  told.drawn = [...document.querySelectorAll("canvas")].every(c => {
    const pixels = c.getContext("2d").getImageData(0, 0, c.width, c.height).data;
    return new Set(new Uint32Array(pixels.buffer)).size > 3;
  });
  document.getElementById("flagged").checked = false;
  const search = document.getElementById("search"); search.value = "G = 3, Delta = 0.8";
  search.dispatchEvent(new Event("input")); await wait(200);
  told.found = document.getElementById("found").textContent;
  const select = document.querySelector("#controls select"); select.value = "flag:regime";
  select.dispatchEvent(new Event("change")); await wait(200);
  told.title = document.getElementById("maptitle").textContent;
  told.legend = document.getElementById("legend").textContent;
  document.getElementById("second").click(); map.focus(); key("ArrowRight"); key("Enter"); await wait(300);
  told.second = (await pointsAsJson().then(JSON.parse));
  told.unnamed = [...document.querySelectorAll("button, select, input, a[href]")].filter(e =>
    !(e.textContent.trim() || e.closest("label"))).length;
"""


@pytest.mark.slow
@pytest.mark.parametrize("width", [1400, 500])
def test_it_works_in_a_browser_by_keyboard(page, sweep, width, browser):
    told = browser.use(page(), USE + OVERFLOW, width)
    assert {name: told["first"]["A"][name] for name in ("G", "Delta", "I_ext_e")} == {
        "G": "3", "Delta": "1", "I_ext_e": "13"
    }  # fmt: skip
    assert told["told"].startswith("G = 3, Delta = 1, I_ext_e = 13: ")  # that of the first highlight
    assert told["at_first"] == 4
    assert told["first"]["B"]["G"] == "2"  # and that of the second one
    a, b = (told["points"][name] for name in "AB")
    assert (a["G"], a["I_ext_e"], b["G"]) == ("2", "10", "3")
    at = {"G": 2, "I_ext_e": 10, "Delta": 0.8, "seed": 0}
    assert a["synchrony"] == pytest.approx(float(sweep.synchrony.sel(at)), rel=1e-6)
    assert told["cell"].startswith("G = 3, Delta = 0.8, I_ext_e = 10: ")
    rows = [line.split(",") for line in told["csv"].splitlines()]
    assert rows[0] == ["G", "Delta", "I_ext_e", "seed", "synchrony"]
    shown = {(row[0], row[2]): float(row[4]) for row in rows[1:]}
    assert len(shown) == 16
    expected = sweep.synchrony.sel(Delta=0.8, seed=0)
    assert all(v == pytest.approx(float(expected.sel(G=float(g), I_ext_e=float(e)))) for (g, e), v in shown.items())
    assert told["figures"][:2] == ["Power spectrum", "Dispersion relation"]
    assert len(told["figures"]) == 4
    assert told["drawn"]
    assert told["found"].startswith("4 of 48 points")
    assert told["title"].startswith("Regime of the homogeneous state")
    assert "limit cycle" in told["legend"]
    assert told["overflow"] <= 0
    assert told["unnamed"] == 0
    assert (told["second"]["A"]["G"], told["second"]["B"]["G"]) == ("2", "4")  # by the box, without the Shift key


SURFACE = """
  while (document.body.dataset.ready !== "yes") await wait(20);
  const canvas = document.querySelector('#A canvas[aria-label="Firing rates on the brain"]');
  const pixels = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
  told.colours = new Set(new Uint32Array(pixels.buffer)).size;
  told.dark = [];  /* what is not white in each quarter: every view is drawn */
  for (let q = 0; q < 4; q++) {
    let count = 0;
    const top = Math.floor((q >> 1) * canvas.height / 2), left = Math.floor((q & 1) * canvas.width / 2);
    for (let y = top; y < top + canvas.height / 2 - 30; y++) for (let x = left; x < left + canvas.width / 2 - 1; x++)
      count += pixels[4 * (y * canvas.width + x)] < 250;
    told.dark.push(count / (canvas.width * canvas.height / 4));
  }
  told.caption = canvas.nextSibling.textContent;
"""


@pytest.mark.slow
@pytest.mark.parametrize("width", [1400, 500])
def test_the_surface_is_drawn_in_a_browser(page, cortical, width, browser):
    told = browser.use(page(cortical), SURFACE + OVERFLOW, width)
    assert told["colours"] > 100
    assert min(told["dark"]) > 0.3
    assert "(dark) to " in told["caption"]
    assert told["overflow"] <= 0
