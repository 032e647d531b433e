"""Axes with an infinite value: a velocity at which there are no delays."""

import numpy as np
import pytest
from matplotlib.colors import to_hex

from ngnmm_core.plotting.maps import draw
from ngnmm_core.plotting.parts.labels import number

NAMES = ("synchrony", "firing_rate", "gamma_power", "regime")
DELAYED = {"analyses": {"rates": {}, "spectra": {}, "fc": {}, "synchrony": {}}}


def ticks(axes):
    return [label.get_text() for label in axes.get_xticklabels() if label.get_text()]


@pytest.mark.parametrize(
    "grid",
    [
        {"velocity_m_per_s": [2, 5, 10, None], "G": [5]},
        {"velocity_m_per_s": [None, 10], "G": [5]},
        {"velocity_m_per_s": [2, 5, 10, 20, None], "G": [1, 5]},
        {"velocity_m_per_s": [2, 5, 10, None], "G": [1, 2, 3, 4, 5]},
        {"velocity_m_per_s": [10, None], "G": [1, 2, 3, 4, 5]},
    ],
    ids=["line", "from infinity", "lines", "map", "line for each"],
)
def test_every_kind_of_figure_can_be_drawn_and_names_infinity(sweep_of, texts, grid):
    sweep = sweep_of(grid | {"seed": [0]}, **DELAYED)
    for name in NAMES:
        figure = draw(f"map_{name}", sweep)
        if figure is not None:
            assert any("∞" in text for text in texts(figure)), name


def test_a_line_ends_before_infinity_and_its_point_stands_beyond(sweep_of):
    sweep = sweep_of({"velocity_m_per_s": [None, 2, 5, 11], "G": [5], "seed": [0]}, **DELAYED)
    (axes,) = draw("map_synchrony", sweep).axes
    values = sweep["synchrony"].values.ravel()
    assert ticks(axes) == ["2", "5", "11", "∞"]
    np.testing.assert_allclose(axes.get_xticks(), [2, 5, 11, 15.5])  # as far beyond as the others are apart
    line, beyond = axes.lines[0], axes.lines[1]
    drawn = np.isfinite(line.get_xdata())
    np.testing.assert_allclose(line.get_ydata()[drawn], values[1:])
    apart = np.isfinite(beyond.get_xdata())
    np.testing.assert_allclose(beyond.get_ydata()[apart], values[:1])
    assert to_hex(beyond.get_color()) == to_hex(line.get_color())
    assert np.diff(axes.get_xlim()) > 0


def test_infinity_has_a_sign_of_its_own():
    assert number(np.inf) == "∞"
    assert number(-np.inf) == "−∞"
    assert number(-2.5) == "−2.5"
