"""The most unstable mode on the brain: what is shown is the eigenvector; nothing where there are no growth rates."""

import numpy as np
import pytest
import xarray as xr
from matplotlib.collections import PathCollection

from ngnmm_core.connectome import normalise, spectrum
from ngnmm_core.errors import InputError
from ngnmm_core.plotting.modes import COMPLEX, REAL, mode_figure, most_unstable, most_unstable_figure


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


def point(mode):
    rates = np.linspace(-0.1, -0.2, 12)
    rates[3] = 0.02
    return xr.Dataset({"most_unstable_mode": mode, "msf": ("mode", rates), "msf_frequency": ("mode", np.arange(12.0))})


def shown(figure):
    """The values in each of the three views, in ascending order."""
    collections = [c for axes in figure.axes for c in axes.collections if isinstance(c, PathCollection)]
    arrays = [np.sort(c.get_array()) for c in collections if c.get_array() is not None]
    assert len(arrays) == 3
    return arrays


def test_the_mode_of_the_point_is_found(undirected):
    assert most_unstable(point(3)) == (3, 0.02, 3.0)
    with pytest.raises(InputError, match=r"most_unstable_mode: undefined at this point; allowed: .* msf_status is ok"):
        most_unstable_figure(point(-1), undirected)


def test_the_eigenvector_is_on_the_brain(undirected):
    modes = spectrum(normalise(undirected.weights, "row"))
    figure = most_unstable_figure(point(3), undirected)
    for values in shown(figure):
        np.testing.assert_allclose(values, np.sort(modes.right[:, 3]), atol=1e-12)
    assert REAL in [axes.get_ylabel() for axes in figure.axes]
    assert "growth rate 0.02 per ms, 3.0 Hz" in figure.get_suptitle()


def test_of_a_complex_mode_the_modulus_is_shown():
    ring = connectome(np.roll(np.eye(7), 1, axis=1))
    figure = mode_figure(ring, 1)
    np.testing.assert_allclose(shown(figure)[0], 7**-0.5, atol=1e-12)
    assert COMPLEX in [axes.get_ylabel() for axes in figure.axes]


def test_without_centres_there_is_no_brain(undirected):
    with pytest.raises(InputError, match=r"connectome: the centres of its regions are not known; allowed: "):
        mode_figure(undirected.drop_vars("centre_x"), 1)
