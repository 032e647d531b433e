"""Made-up results of studies, as fixtures."""

import numpy as np
import pytest
import xarray as xr
from made_up_datasets import CONFIG, GRID, REGIONS, SPREADING, made_up, region_coords

from ngnmm_core.study.load import make_study


@pytest.fixture(scope="session")
def study_of():
    """`study_of(grid, **other_keys)`: a study with all analyses."""
    return lambda grid=None, **keys: make_study("made_up", {**CONFIG, **({"grid": grid} if grid else {}), **keys})


@pytest.fixture
def sweep_of(study_of):
    """`sweep_of(grid, **other_keys)`: its made-up `sweep.nc`, with a spread from a focus besides."""
    return lambda grid=None, **keys: made_up(study_of(grid, **{**SPREADING, **keys}), "sweep.nc")


@pytest.fixture
def sweep(sweep_of):
    """The sweep of a grid with three axes."""
    return sweep_of(GRID)


@pytest.fixture
def highlights(study_of):
    """Two highlighted points."""
    return made_up(study_of(GRID, highlights=[{"G": 2}, {"G": 3, "I_ext_e": 13}]), "highlights.nc")


@pytest.fixture
def connectome_of():
    """`connectome_of(directed=False, centres=True, hemispheres=True)`: a made-up connectome."""

    def make(directed=False, **about_regions):
        weights = np.random.default_rng(3).uniform(0.0, 1.0, (REGIONS, REGIONS)) ** 3
        weights = weights if directed else weights + weights.T
        np.fill_diagonal(weights, 0.0)
        coords = region_coords(**about_regions)
        dims = ("region", "source_region")
        return xr.Dataset({"weights": (dims, weights)}, coords, {"name": "made up", "title": "Made up"})

    return make


@pytest.fixture
def hubs_of():
    """`hubs_of(points=2, lesions=(...))`: made-up hub scores."""

    def make(points=2, lesions=("cut", "renormalised"), **about_regions):
        rng = np.random.default_rng(5)
        dims = ("hub_point", "lesion", "region")
        shape = (points, len(lesions), REGIONS)
        flags = {
            "flag_values": np.arange(-1, 4),
            "flag_meanings": "undefined ok diverged not_oscillating isolated_region",
        }
        names = ("hub_score", "hub_zscore", "hub_null_mean", "hub_null_std", "hub_synchrony_change")
        data = {name: (dims, rng.normal(1.0, 2.0, shape), {"units": "1"}) for name in names}
        data["hub_null_std"] = (dims, rng.uniform(0.5, 1.0, shape), {"units": "1"})
        data["hub_score_low"] = (dims, data["hub_score"][1] - 0.3, {"units": "1"})
        data["hub_score_high"] = (dims, data["hub_score"][1] + 0.3, {"units": "1"})
        data["hub_pvalue"] = (dims, rng.uniform(0.0, 0.2, shape), {"units": "1"})
        data["hub_stability"] = (dims[:2], rng.uniform(0.0, 1.0, shape[:2]), {"units": "1"})
        data["information_flow"] = (("hub_point", "region"), rng.normal(0.0, 0.01, shape[::2]), {"units": "1"})
        data["dynamical_influence"] = (("hub_point", "region"), rng.uniform(0.0, 1.0, shape[::2]), {"units": "1"})
        data["hubs_status"] = (dims, np.zeros(shape, np.int8), flags)
        data["strength"] = ("region", rng.uniform(0.0, 1.0, REGIONS), {"units": "1"})
        data["betweenness"] = ("region", rng.uniform(0.0, 0.1, REGIONS), {"units": "1"})
        data["eigenvector_centrality"] = ("region", rng.uniform(0.0, 1.0, REGIONS), {"units": "1"})
        coords = region_coords(**about_regions)
        coords |= {"lesion": list(lesions), "G": ("hub_point", 2.0 + np.arange(points))}
        return xr.Dataset(data, coords, {"lesion_seeds": 5})

    return make


@pytest.fixture
def texts():
    """`texts(figure)`: everything that is written in a figure."""
    from matplotlib.text import Text

    return lambda figure: [t.get_text() for t in figure.findobj(Text) if t.get_text() and t.get_visible()]


@pytest.fixture
def study(study_of):
    """The study of the sweep, with highlights and a focus."""
    return study_of(GRID, highlights=[{"G": 3, "Delta": 1.0, "I_ext_e": 13}, {"G": 2}], **SPREADING)


@pytest.fixture
def page(study, sweep, tmp_path):
    """`page(dataset)`: the explorer of a sweep; its path."""

    from ngnmm_core.products.explorer import write_explorer

    def make(dataset=sweep):
        dataset.to_netcdf(tmp_path / "sweep.nc")
        write_explorer(study, [tmp_path / "sweep.nc"], tmp_path / "index.html")
        return tmp_path / "index.html"

    return make


@pytest.fixture
def cortical(sweep):
    """The sweep with regions of the Schaefer parcellation, whose centres are not known."""
    from ngnmm_core.plotting.parts.surface import parcellations

    names = list(parcellations()["schaefer-100"])
    bare = sweep.drop_vars([f"centre_{axis}" for axis in "xyz"])
    return bare.assign_coords(region=[names[k] for k in (0, 10, 20, 50, 60, 70)])
