"""Values on the cortical surface: every pixel has the colour of its region, and regions lie where anatomy has them."""

import numpy as np
import pytest
import xarray as xr
from matplotlib import colormaps
from matplotlib.colors import Normalize, to_rgb
from PIL import Image

from ngnmm_core.plotting.brain_map import brain_map
from ngnmm_core.plotting.connectome import connectome_figure
from ngnmm_core.plotting.hubs import hub_figure
from ngnmm_core.plotting.modes import modes_figure
from ngnmm_core.plotting.parts.film import Film, write
from ngnmm_core.plotting.parts.places import brain_of
from ngnmm_core.plotting.parts.surface import BORDER, DIMMEST, GREY, UNKNOWN, parcellations, pictures, surface_of

pytestmark = pytest.mark.slow

LEFT, RIGHT = (0, 1), (2, 3)  # views of the hemispheres
LATERAL, MEDIAL = (0, 3), (1, 2)
ONES = ("viridis", Normalize(0.0, 1.0))


@pytest.fixture(scope="module")
def names():
    return list(parcellations()["schaefer-100"])


@pytest.fixture(scope="module")
def surface(names):
    return surface_of(xr.Dataset(coords={"region": names}))


def pixels(surface, names, word):
    """Where regions whose names contain a word are seen, [view, row, column]."""
    return np.isin(surface.region, [k for k, name in enumerate(names) if word in name])


def middles(seen, view):
    """Mean row and column of what is seen in a view, as shares of the picture."""
    return np.argwhere(seen[view]).mean(axis=0) / seen[view].shape


def test_the_names_are_those_of_the_registry(names):
    """Hemisphere, network and a running number: 50 each."""
    assert len(set(names)) == 100
    assert all(name.startswith("LH_" if k < 50 else "RH_") for k, name in enumerate(names))


def test_every_region_is_seen_and_on_its_own_side_alone(surface):
    left, right = (set(np.unique(surface.region[list(views)]).tolist()) for views in (LEFT, RIGHT))
    nothing = {100, 101}
    assert left - nothing == set(range(50))
    assert right - nothing == set(range(50, 100))


def test_networks_lie_where_anatomy_has_them(surface, names):
    """Seen from its left the front of a left hemisphere is on the left; row 0 is at the top."""
    brain = surface.region != 101
    fronts = {0: -1, 1: 1, 2: -1, 3: 1}  # the direction of the front in each view
    for view, front in fronts.items():
        middle = middles(brain, view)
        visual, motor = (middles(pixels(surface, names, word), view) for word in ("_Vis_", "_SomMot_"))
        assert front * (visual[1] - middle[1]) < -0.15, "the visual cortex is at the back"
        assert motor[0] < middle[0] < visual[0] + 0.1, "the motor cortex is above the middle"
    for view in LATERAL:
        assert not (surface.region[view] == 100).sum() > 0.02 * brain[view].sum(), "no medial wall from outside"
    for view in MEDIAL:
        assert (surface.region[view] == 100).sum() > 0.08 * brain[view].sum()
        assert pixels(surface, names, "_Limbic_")[view].any()


def test_hemispheres_are_each_others_mirror_image(surface):
    for left, right in ((0, 3), (1, 2)):
        ours, theirs = surface.region[left] != 101, surface.region[right, :, ::-1] != 101
        assert (ours & theirs).sum() > 0.95 * (ours | theirs).sum()


def test_every_pixel_has_the_colour_of_its_region(surface):
    values = np.linspace(0.0, 1.0, 100)
    values[7] = np.nan
    painted = pictures(surface, values, ONES)
    light = DIMMEST + (1.0 - DIMMEST) * surface.shade
    for region, colour in ((3, colormaps["viridis"](values[3])[:3]), (7, to_rgb(UNKNOWN)), (100, to_rgb(GREY))):
        there = surface.region == region
        share = painted[there] / (np.array(colour) * light[there][:, None])
        assert ((abs(share - 1.0) < 1e-12) | (abs(share - BORDER) < 1e-12)).all()
        assert (abs(share - 1.0) < 1e-12).mean() > 0.8
    assert (painted[surface.region == 101].reshape(-1, 3).max(axis=1) >= BORDER).all()


def test_the_order_of_the_regions_in_a_dataset_does_not_matter(surface, names):
    rng = np.random.default_rng(0)
    values, order = rng.uniform(size=100), rng.permutation(100)
    other = surface_of(xr.Dataset(coords={"region": [names[k] for k in order]}))
    np.testing.assert_array_equal(pictures(other, values[order], ONES), pictures(surface, values, ONES))


def test_regions_that_are_not_in_the_dataset_are_bare(names):
    few = surface_of(xr.Dataset(coords={"region": names[:50]}))
    painted = pictures(few, np.ones(50), ONES)
    bright = np.array(colormaps["viridis"](1.0)[:3])
    ratio = painted[few.region < 50] / bright
    np.testing.assert_allclose(ratio, ratio[:, :1].repeat(3, axis=1))
    assert set(np.unique(few.region[list(RIGHT)]).tolist()) == {50, 51}


def test_other_regions_have_no_surface(connectome_of, names):
    assert surface_of(connectome_of()) is None
    assert surface_of(xr.Dataset(coords={"region": [*names, "Thalamus_L"]})) is None
    assert brain_of(connectome_of(centres=False)) is None


# ------------------------------------------------------------------ figures
@pytest.fixture
def cortex(names):
    """A made-up connectome of these regions, whose centres are not known."""
    weights = np.random.default_rng(3).uniform(0.0, 1.0, (100, 100)) ** 3
    sides = ["L"] * 50 + ["R"] * 50
    coords = {"region": names, "hemisphere": ("region", sides)}
    return xr.Dataset({"weights": (("region", "source_region"), weights + weights.T)}, coords, {"title": "Made up"})


def views(figure):
    """Axes that show a view of the surface."""
    return [axes for axes in figure.axes if any(t.get_text().endswith(("lateral", "medial")) for t in axes.texts)]


def test_a_connectome_is_drawn_on_the_surface(cortex, surface):
    found = views(connectome_figure(cortex))
    assert len(found) == 4
    strength = cortex["weights"].values.sum(axis=1)
    shown = found[0].images[0].get_array()
    strong, weak = (int(pick(np.where(np.isin(np.arange(100), surface.region[0]), strength, fill)))
                    for pick, fill in ((np.argmax, -1.0), (np.argmin, 1e9)))  # fmt: skip
    colours = [np.median(shown[surface.region[0] == region], axis=0) for region in (strong, weak)]
    assert np.abs(colours[0] - colours[1]).sum() > 0.3


def test_eigenvectors_are_drawn_on_the_surface(cortex):
    data = {"msf": np.full(100, -0.1), "msf_frequency": np.full(100, 5.0)}
    data["msf"][3] = 0.02
    point = xr.Dataset({name: ("mode", v) for name, v in data.items()}, {"I_ext_e": 13.0, "G": 5.0})
    assert len(views(modes_figure(point, cortex))) == 4


def test_hubs_are_drawn_on_the_surface(hubs_of, names):
    hubs = hubs_of(centres=False)
    assert not views(hub_figure(hubs, 0))
    hubs = hubs.assign_coords(region=names[: hubs.sizes["region"]])
    assert len(views(hub_figure(hubs, 0))) == 8


def test_a_film_on_the_surface_changes_from_frame_to_frame(surface, tmp_path):
    frames = np.random.default_rng(1).uniform(size=(3, 100))
    film = Film(frames, None, ONES, "value", ["a", "b", "c"], surface=surface)
    write(film, tmp_path / "film_1.gif", tmp_path / "film_1.html")
    shown = []
    with Image.open(tmp_path / "film_1.gif") as image:
        assert image.n_frames == 3
        for k in range(3):
            image.seek(k)
            shown.append(np.asarray(image.convert("RGB"), float))
    assert all(np.abs(shown[k + 1] - shown[k]).mean() > 2.0 for k in range(2))


@pytest.mark.parametrize("on_surface", [True, False])
def test_own_values_are_drawn_on_the_brain(names, sweep, on_surface, texts):
    values = sweep["firing_rate"].isel(G=0, Delta=0, I_ext_e=0, seed=0, population=0)
    if on_surface:
        values = xr.DataArray(np.arange(100.0), {"region": names}, ["region"], attrs=values.attrs)
    figure = brain_map(values)
    assert len(figure.axes) == (5 if on_surface else 4)  # with the colour bar
    assert any("(Hz)" in text for text in texts(figure))


def test_a_long_name_of_own_values_is_broken_within_the_figure(names):
    about = {"long_name": "value of the parameter that balances the inhibition of a region", "units": "1"}
    figure = brain_map(xr.DataArray(np.arange(100.0), {"region": names}, ["region"], attrs=about))
    figure.draw_without_rendering()
    (name,) = [axes.yaxis.label for axes in figure.axes if "balances" in axes.get_ylabel()]
    box = name.get_window_extent()
    assert box.y0 >= 0
    assert box.y1 <= figure.bbox.height
    assert box.x1 <= figure.bbox.width


def test_own_values_that_are_not_one_per_region_are_refused(sweep, refused):
    refused(lambda: brain_map(sweep["firing_rate"]), "values", "G", "allowed: one value per region")
    nowhere = xr.DataArray(np.arange(3.0), {"region": ["a", "b", "c"]}, ["region"])
    refused(lambda: brain_map(nowhere), "values", "neither", "centre_x")
