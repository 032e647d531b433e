"""Merged files: every number where it belongs, the same bytes for every cut, and what the files say of themselves."""

import hashlib
import itertools
import json

import netCDF4
import numpy as np
import pytest
import xarray as xr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from made_up_results import GRID, IDENTITY, SIZES, Bench, full_point, listed, made_up, make_study

import ngnmm_core.dataset.merger
from ngnmm_core.dataset.merged_file import open_study
from ngnmm_core.dataset.provenance import config_hash, scientific_config
from ngnmm_core.stages.registry import STAGES
from ngnmm_core.storage.integrity import seal

AXES = {"G": [2.0, 5.0, 0.3, 8.0], "I_ext_e": [3.0, -1.5, 13.0], "Delta": [0.8, 1.0, 1.2], "seed": [0.0, 1.0, 7.0]}
STAGE_NAMES = ("simulation", "msf")


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def assert_naive(dataset, study, grid):
    """Whether a merged dataset is what comes out point by point, in memory."""
    for stage in STAGE_NAMES:
        axes = {name: values for name, values in grid.items() if stage == "simulation" or name != "seed"}
        for variable in STAGES[stage].variables(STAGES[stage].analyses(study)):
            found = dataset[variable.name]
            assert found.dims == (*axes, *variable.dims)
            for values in itertools.product(*axes.values()):
                point = full_point(study, **dict(zip(axes, values, strict=True)))
                at = found.sel(dict(zip(axes, values, strict=True))).values
                expected = made_up(variable, point, SIZES | dict(dataset.sizes))
                np.testing.assert_array_equal(at, expected, err_msg=variable.name)


@st.composite
def grids(draw):
    """A grid of one to three axes, with their values in any order."""
    names = draw(st.permutations(list(AXES)))[: draw(st.integers(1, 3))]
    if names == ["seed"]:
        names = ["G"]
    return {name: draw(st.permutations(AXES[name]))[: draw(st.integers(1, len(AXES[name])))] for name in names}


def pieces(draw, points):
    """The points in any order, cut anywhere."""
    shuffled = draw(st.permutations(points))
    cuts = sorted(draw(st.sets(st.integers(1, max(len(points) - 1, 1)), max_size=4)))
    return [p for p in (shuffled[a:b] for a, b in zip([0, *cuts], [*cuts, len(points)], strict=True)) if p]


def as_points(grid):
    return [dict(zip(grid, values, strict=True)) for values in itertools.product(*grid.values())]


@pytest.mark.slow
@given(data=st.data())
@settings(deadline=None, max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_merged_file_equals_naive_assembly_whatever_the_shards(bench, tmp_path_factory, data):
    bench = Bench(tmp_path_factory.mktemp("bench"), bench.connectome)
    grid = data.draw(grids())
    study = make_study(grid=grid, analyses=["rates", "synchrony", "msf"])
    for stage in STAGE_NAMES:
        axes = {name: values for name, values in grid.items() if stage == "simulation" or name != "seed"}
        for piece in pieces(data.draw, as_points(axes)):
            bench.write(listed(piece, analyses=["rates", "synchrony", "msf"], shards=1), stage)
    shards = {stage: data.draw(st.permutations(paths)) for stage, paths in bench.write(study, *STAGE_NAMES).items()}
    merged = bench.merge(study, shards, bench.folder / "sweep.nc")
    with xr.open_dataset(merged, mask_and_scale=False) as dataset:
        assert_naive(dataset, study, grid)
    once = Bench(tmp_path_factory.mktemp("once"), bench.connectome)
    assert digest(merged) == digest(once.merge(study, once.write(study, *STAGE_NAMES), once.folder / "sweep.nc"))


ALL = {"rates": {}, "spectra": {"segment_ms": 50}, "fc": {}, "synchrony": {}, "msf": {}}


@pytest.fixture
def study():
    """A study with every analysis that goes into a sweep."""
    return make_study(grid=GRID, analyses=ALL)


@pytest.fixture
def sweep(bench, study):
    """Its merged file."""
    return bench.merge(study, bench.write(study, *STAGE_NAMES), bench.folder / "results" / "sweep.nc")


@pytest.mark.parametrize("shards", [1, 3, 12])
def test_the_bytes_do_not_depend_on_the_number_of_shards(bench, sweep, tmp_path, shards):
    study = make_study(grid=GRID, analyses=ALL, shards=shards)
    other = Bench(tmp_path / "other", bench.connectome)
    assert digest(other.merge(study, other.write(study, *STAGE_NAMES), tmp_path / "sweep.nc")) == digest(sweep)


def test_the_bytes_do_not_depend_on_the_name_of_the_study(bench, sweep, tmp_path):
    study = make_study(study="other", grid=GRID, analyses=ALL)
    assert digest(bench.merge(study, bench.write(study, *STAGE_NAMES), tmp_path / "sweep.nc")) == digest(sweep)


@pytest.mark.parametrize("slab", [1, 300, 5000])
def test_many_slabs_hold_what_one_holds(bench, study, sweep, tmp_path, monkeypatch, slab):
    shards = bench.write(study, *STAGE_NAMES)
    monkeypatch.setattr(ngnmm_core.dataset.merger, "SLAB_BYTES", slab)
    with (
        xr.open_dataset(bench.merge(study, shards, tmp_path / "slabs.nc")) as found,
        xr.open_dataset(sweep) as expected,
    ):
        xr.testing.assert_identical(found, expected)


def test_shards_that_overlap_give_the_same_bytes(bench, study, sweep, tmp_path):
    other = Bench(tmp_path / "other", bench.connectome)
    for values in ([2, 5], [5, 8], [8, 2]):
        part = make_study(grid={**GRID, "G": values}, analyses=ALL)
        alone = Bench(tmp_path / f"alone-{values}", bench.connectome)
        for stage, paths in alone.write(part, *STAGE_NAMES).items():
            folder = other.folder / stage
            folder.mkdir(parents=True, exist_ok=True)
            for path in paths:
                for file in (path, path.with_suffix(".json"), path.with_suffix(".sha256")):
                    file.rename(folder / file.name)
    shards = other.write(study, *STAGE_NAMES)
    assert [len(paths) for paths in shards.values()] == [2, 2]
    assert digest(other.merge(study, shards, tmp_path / "sweep.nc")) == digest(sweep)


def test_a_shrunk_study_takes_rows_out_of_larger_shards(bench, study):
    bench.write(study, *STAGE_NAMES)
    small = {"I_ext_e": [13.0], "G": [8.0, 2.0]}
    part = make_study(grid=small, analyses=ALL)
    with xr.open_dataset(
        bench.merge(part, bench.write(part, *STAGE_NAMES), bench.folder / "part.nc"), mask_and_scale=False
    ) as dataset:
        assert_naive(dataset, part, small)


@pytest.mark.parametrize("grid", [None, {"seed": [0, 1]}])
def test_a_study_of_one_point_is_merged(bench, grid):
    study = make_study(grid=grid, model={"parameters": {"G": 5}}, analyses=["rates", "msf"])
    with xr.open_dataset(bench.merge(study, bench.write(study, *STAGE_NAMES), bench.folder / "one.nc")) as dataset:
        assert dataset.msf.dims == ("mode",)


def test_a_list_of_points_has_the_dimension_point(bench):
    points = [{"G": 5, "I_ext_e": 13, "seed": 1}, {"G": 2, "I_ext_e": 3, "seed": 0}, {"G": 5, "I_ext_e": 13, "seed": 1}]
    study = listed(points, analyses=["rates", "msf"])
    with xr.open_dataset(bench.merge(study, bench.write(study, *STAGE_NAMES), bench.folder / "points.nc")) as dataset:
        assert dataset.firing_rate.dims == ("point", "population", "region")
        assert dataset.msf.dims == ("point", "mode")
        for name in ("G", "I_ext_e", "seed"):
            assert list(dataset.coords[name].values) == [point[name] for point in points]
            assert dataset.coords[name].dims == ("point",)
        np.testing.assert_array_equal(dataset.firing_rate[0], dataset.firing_rate[2])
        (rate,) = (v for v in STAGES["simulation"].variables(study.analyses) if v.name == "firing_rate")
        np.testing.assert_array_equal(dataset.firing_rate[1], made_up(rate, full_point(study, **points[1])))


# ------------------------------------------------------------------ what the file says of itself
def test_axes_have_the_decimal_values_of_the_config(bench):
    study = make_study(grid={"G": {"start": 0, "stop": 0.3, "step": 0.1}, "Delta": [0.8]}, analyses=["rates"])
    with xr.open_dataset(bench.merge(study, bench.write(study, "simulation"), bench.folder / "sweep.nc")) as dataset:
        assert list(dataset.G.values) == [0, 0.1, 0.2, 0.3]
        assert dataset.sel(G=0.3, Delta=0.8).firing_rate.shape == (2, 6)
        assert dataset.Delta.attrs["units"] == "1"
        assert "Delta_e and Delta_i" in dataset.Delta.attrs["long_name"]


def test_dimensions_and_coordinates(sweep, study):
    with xr.open_dataset(sweep) as dataset:
        assert list(dataset.firing_rate.dims) == ["G", "I_ext_e", "seed", "population", "region"]
        assert dataset.msf.dims == ("G", "I_ext_e", "mode")
        assert dataset.eigenvalue_real.dims == dataset.eigenvalue_imag.dims == ("mode",)
        assert dataset.fc.dims == ("G", "I_ext_e", "seed", "signal", "edge")
        assert dataset.power_spectrum.dims == ("G", "I_ext_e", "seed", "region", "frequency")
        assert dataset.seed.dtype.kind == "i"
        assert list(dataset.population.values) == ["E", "I"]
        assert list(dataset.signal.values) == ["rate", "gamma_envelope"]
        assert list(dataset.band.values) == ["delta", "theta", "alpha", "beta", "gamma"]
        np.testing.assert_allclose(np.diff(dataset.frequency), 20.0)  # segments of 50 ms
        assert dataset.region.values[0] == "region_1"
        i, j = np.triu_indices(6, 1)
        assert dataset.fc.coords["region_i"].dims == ("edge",)
        np.testing.assert_array_equal(dataset.region_i, i)
        np.testing.assert_array_equal(dataset.region_j, j)


def test_eigenvalues_fall_and_belong_to_the_normalised_weights(sweep, six):
    with xr.open_dataset(sweep) as dataset, xr.open_dataset(six) as connectome:
        weights = connectome.weights.values
        expected = np.sort(np.linalg.eigvals(weights / weights.sum(axis=1, keepdims=True)).real)[::-1]
        np.testing.assert_allclose(dataset.eigenvalue_real, expected, atol=1e-12)
        np.testing.assert_array_equal(dataset.eigenvalue_imag, np.zeros(6))


def test_every_number_has_a_unit_and_everything_a_meaning(sweep):
    with xr.open_dataset(sweep, decode_cf=False) as dataset:
        for name, variable in dataset.variables.items():
            assert variable.attrs["long_name"], name
            assert variable.dtype.kind in "fiuOU", f"{name} is {variable.dtype}"
            if variable.dtype.kind in "fiu":
                assert variable.attrs["units"], name
        names = [name.lower() for name in dataset.variables]
        assert len(set(names)) == len(names)


def test_flags_say_what_they_mean(sweep):
    with xr.open_dataset(sweep, mask_and_scale=False) as dataset:
        flagged = [v for v in dataset.variables.values() if "flag_meanings" in v.attrs]
        assert len(flagged) >= 4
        for variable in flagged:
            assert len(variable.attrs["flag_values"]) == len(variable.attrs["flag_meanings"].split())
            assert set(np.unique(variable.values)) <= set(variable.attrs["flag_values"])
            assert variable.dtype == variable.attrs["flag_values"].dtype


def test_attributes_tell_where_the_numbers_come_from(sweep, study):
    with xr.open_dataset(sweep) as dataset:
        assert json.loads(dataset.attrs["config"]) == scientific_config(study, IDENTITY)
        assert dataset.attrs["config_hash"] == config_hash(study, IDENTITY)
        assert set(json.loads(dataset.attrs["code_hashes"])) == set(STAGE_NAMES)
        assert dataset.attrs["Conventions"].startswith("CF-")
        assert "numba" in dataset.attrs["package_versions"]
        assert "six.csv" in dataset.attrs["connectome_source"]
        assert {"connectome_terms", "connectome_citation", "model_doi"} <= set(dataset.attrs)
        assert not [name for name in dataset.attrs if "time" in name or "date" in name or "history" in name]


def test_a_file_is_opened_without_being_read(sweep):
    with xr.open_dataset(sweep) as dataset:
        assert not any(v.variable._in_memory for v in dataset.data_vars.values())


def test_chunks_are_whole_rows_of_neighbouring_points(sweep):
    with netCDF4.Dataset(sweep) as file:
        variable = file.variables["power_spectrum"]
        assert tuple(variable.chunking()[-2:]) == variable.shape[-2:]
        assert variable.filters()["zlib"]
        assert variable.filters()["shuffle"]


def test_studies_are_opened_by_file_or_folder(sweep, study):
    for path in (sweep, sweep.parent, str(sweep.parent)):
        with open_study(path) as dataset:
            assert dataset.firing_rate.shape[:3] == study.shape()


def test_a_study_that_is_not_there_is_refused_with_what_is(refused, tmp_path):
    refused(lambda: open_study(tmp_path), "sweep.nc", "no such file", "allowed: ")
    (tmp_path / "sweep.partial.nc").touch()
    refused(lambda: open_study(tmp_path), "sweep.partial.nc")


@pytest.mark.parametrize("exponents", [10, 4])
def test_stages_that_number_a_dimension_differently(bench, exponents):
    """The shorter numbers are the beginning of the longer ones: what was not asked for is missing."""
    analyses = {"lyapunov": {}, "network_lyapunov": {"exponents": exponents}}
    study = make_study(grid={"G": [2, 5], "seed": [0, 1]}, analyses=analyses)
    shards = bench.write(study, "lyapunov", "network_lyapunov")
    with xr.open_dataset(bench.merge(study, shards, bench.folder / "results" / "sweep.nc")) as dataset:
        assert dataset.exponent.values.tolist() == list(range(1, max(exponents, 6) + 1))
        for name, own, dims in (
            ("homogeneous_lyapunov_exponent", 6, ("G", "exponent")),
            ("network_lyapunov_exponent", exponents, ("G", "seed", "exponent")),
        ):
            values = dataset[name]
            assert values.dims == dims
            variable = next(v for s in shards for v in STAGES[s].variables(STAGES[s].analyses(study)) if v.name == name)
            chosen = {"G": 5.0} | ({"seed": 1} if "seed" in dims else {})
            expected = made_up(variable, full_point(study, **chosen), SIZES | {"exponent": own})
            np.testing.assert_array_equal(values.sel(chosen)[:own], expected)
            assert np.isnan(values[..., own:]).all()


def test_the_numbers_of_a_shared_dimension_must_agree(bench, refused):
    analyses = {"lyapunov": {"exponents": 3}, "network_lyapunov": {"exponents": 4}}
    study = make_study(grid={"G": [2]}, analyses=analyses)
    shards = bench.write(study, "lyapunov", "network_lyapunov")
    with netCDF4.Dataset(shards["lyapunov"][0], "a") as file:
        file.variables["exponent"][:] = [1, 2, 7]
    seal(shards["lyapunov"][0])
    output = bench.folder / "results" / "sweep.nc"
    refused(lambda: bench.merge(study, shards, output), "exponent", "stages differ", "allowed: ")
    assert not output.exists()
