"""The directions in which regions part, on the brain: which are chosen, what is shown of them, and what is said."""

import numpy as np
import pytest
import xarray as xr
from matplotlib.collections import PathCollection

from ngnmm_core.connectome import normalise, spectrum
from ngnmm_core.plotting.modes import leading_modes, modes_figure
from ngnmm_core.plotting.parts.eigenvector import MODULUS, SIGNED


def connectome(weights):
    centres = np.random.default_rng(4).uniform(-60, 60, (3, len(weights)))
    coords = {f"centre_{axis}": ("region", centres[k]) for k, axis in enumerate("xyz")}
    labels = [f"r{k}" for k in range(len(weights))]
    return xr.Dataset(
        {"weights": (("region", "source_region"), weights)}, {"region": labels, "source_region": labels, **coords}
    )


@pytest.fixture(scope="module")
def undirected():
    weights = np.random.default_rng(3).uniform(0.1, 1.0, (12, 12))
    weights = weights + weights.T
    np.fill_diagonal(weights, 0.0)
    return connectome(weights)


@pytest.fixture(scope="module")
def ring():
    return connectome(np.roll(np.eye(7), 1, axis=1))


def eigenvalues(of):
    return spectrum(normalise(of.weights, "row")).values


def point(of, **grows):
    """Growth rates of -0.1 and below, and others for some modes (`m3=0.02`)."""
    rates = -0.1 - 0.01 * np.arange(of.sizes["region"])
    for name, rate in grows.items():
        rates[int(name[1:])] = rate
    data = {"msf": rates, "msf_frequency": np.arange(float(len(rates)))}
    return xr.Dataset({name: ("mode", v) for name, v in data.items()}, {"I_ext_e": 13.0, "G": 5.0})


def leading(of, **grows):
    return leading_modes(point(of, **grows)["msf"].values, eigenvalues(of))


def brains(figure):
    """The values in each of the three views of every row, in ascending order."""
    found = [c for axes in figure.axes for c in axes.collections if isinstance(c, PathCollection)]
    return [np.sort(c.get_array()) for c in found if c.get_array() is not None]


def titles(figure):
    found = [axes.get_title(loc="left") for axes in figure.axes]
    rows = [part for row in figure.subfigs for part in row.subfigs]
    found = [part.get_suptitle() for part in rows] + found
    return [title for title in found if title.startswith("mode ")]


def test_those_that_grow_are_chosen_the_fastest_first(undirected):
    assert leading(undirected, m0=1.0, m3=0.02, m5=0.04, m7=0.01, m2=0.03) == [5, 2, 3]
    assert leading(undirected, m4=0.01) == [4]


def test_if_none_grows_the_slowest_to_decay_is_chosen(undirected):
    assert leading(undirected) == [1]
    assert leading(undirected, m1=np.nan, m2=np.nan) == [3]


def test_a_conjugate_pair_counts_once(ring):
    values = eigenvalues(ring)
    (mode,) = leading(ring)
    assert values[mode].imag > 0.0
    both = {f"m{k}": 0.02 for k in range(1, 7)}
    assert all(values[k].imag > 0.0 for k in leading(ring, **both))


def test_the_eigenvectors_are_on_the_brain(undirected):
    modes = spectrum(normalise(undirected.weights, "row"))
    figure = modes_figure(point(undirected, m3=0.02, m5=0.04), undirected)
    views = brains(figure)
    assert len(views) == 6
    for k, mode in enumerate((5, 3)):
        for values in views[3 * k : 3 * k + 3]:
            np.testing.assert_allclose(values, np.sort(modes.right[:, mode]), atol=1e-12)
    assert SIGNED in [axes.get_ylabel() for axes in figure.axes]
    first, second = titles(figure)
    assert first.startswith("mode 5, ")
    assert "growth rate 0.04 " in first
    assert "5.0 Hz" in first
    assert second.startswith("mode 3, ")
    assert "= 13" in figure.get_suptitle()


def test_the_largest_components_are_named(undirected):
    vector = spectrum(normalise(undirected.weights, "row")).right[:, 3]
    figure = modes_figure(point(undirected, m3=0.02), undirected)
    (bars,) = [a for a in figure.axes if len(a.patches) == 8]
    names = [t.get_text() for t in bars.get_yticklabels()][::-1]
    assert names == [f"r{k}" for k in np.argsort(-np.abs(vector))[:8]]
    np.testing.assert_allclose([p.get_width() for p in bars.patches][::-1], vector[np.argsort(-np.abs(vector))[:8]])


def test_of_a_complex_mode_the_modulus_is_shown(ring):
    figure = modes_figure(point(ring), ring)
    np.testing.assert_allclose(brains(figure)[0], 7**-0.5, atol=1e-12)
    assert MODULUS in [axes.get_ylabel() for axes in figure.axes]
    assert "growth rate −0.11" in titles(figure)[0]


def test_without_centres_there_are_the_names(undirected):
    figure = modes_figure(point(undirected, m3=0.02), undirected.drop_vars("centre_x"))
    assert not brains(figure)
    assert len(titles(figure)) == 1


def test_without_growth_rates_the_figure_says_so(undirected):
    nothing = point(undirected)
    nothing["msf"][:] = np.nan
    figure = modes_figure(nothing, undirected)
    assert "no growth rates" in "".join(t.get_text() for a in figure.axes for t in a.texts)
