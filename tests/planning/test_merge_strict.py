"""Merges are complete or not at all: what is missing or does not fit is refused, and what was there stays."""

import json
import os
import shutil

import netCDF4
import numpy as np
import pytest
import xarray as xr
from made_up_results import make_study

from ngnmm_core.storage.integrity import is_sealed, seal
from ngnmm_core.sweep.identity import read_definition, write_definition

GRID = {"G": [2, 5, 8], "I_ext_e": [3, 13]}


@pytest.fixture
def study():
    """A study of two stages, in shards of two points."""
    return make_study(grid=GRID, analyses=["rates", "msf"], shards=3)


@pytest.fixture
def shards(bench, study):
    """Its shards by stage."""
    return bench.write(study, "simulation", "msf")


@pytest.fixture
def untouched(bench, study, shards, refused):
    """Checks that a merge is refused with some words, and leaves the file that was there and nothing else."""
    folder = bench.folder / "results"
    output = bench.merge(study, shards, folder / "sweep.nc")
    before = output.read_bytes(), output.stat().st_mtime_ns

    def check(*words, given=shards, of=study):
        refused(lambda: bench.merge(of, given, output), *words)
        assert (output.read_bytes(), output.stat().st_mtime_ns) == before
        assert [p.name for p in folder.iterdir()] == ["sweep.nc"]

    return check


def test_a_missing_shard(untouched, shards):
    untouched("2 points", "simulation", "allowed: ", given={**shards, "simulation": shards["simulation"][1:]})


def test_a_missing_stage(untouched, shards):
    untouched("6 points", "msf", "allowed: ", given={"simulation": shards["simulation"]})


def test_a_grid_that_has_grown(untouched, study):
    untouched("2 points", "allowed: ", of=make_study(grid={**GRID, "G": [2, 5, 8, 9]}, analyses=["rates", "msf"]))


def test_shards_of_other_settings_than_the_study(untouched):
    untouched("points", "allowed: ", of=make_study(grid=GRID, analyses=["rates", "msf"], normalization="max"))


def edit_definition(path, **context):
    definition = path.with_suffix(".json")
    content = read_definition(definition)
    write_definition(definition, content | {"context": content["context"] | context})


def test_shards_of_different_code(untouched, shards):
    edit_definition(shards["simulation"][1], code="0123456789abcdef")
    untouched("code", "allowed: ")


def test_shards_on_different_connectomes(untouched, shards):
    edit_definition(shards["simulation"][1], connectome="another")
    untouched("differ", "allowed: ")


def test_a_shard_that_was_copied_over_another_one(untouched, shards):
    first, second, _ = shards["simulation"]
    shutil.copy2(first, second)
    seal(second)
    untouched(f"{second.name}: holds the points of shard {first.stem}", f"allowed: those of shard {second.stem}")
    assert not is_sealed(second), "the next run would take it for finished"


def test_a_shard_that_says_it_was_made_with_other_code(untouched, shards):
    with netCDF4.Dataset(shards["simulation"][1], "a") as file:
        file.context = json.dumps(json.loads(file.context) | {"code": "0123456789abcdef"}, sort_keys=True)
    seal(shards["simulation"][1])
    untouched("code", "allowed: ")


def replace_shard(path, change):
    with xr.open_dataset(path, decode_cf=False) as file:
        changed = change(file.load())
    path.unlink()
    changed.to_netcdf(path)
    seal(path)


def test_a_shard_of_other_regions(untouched, shards):
    replace_shard(shards["simulation"][1], lambda shard: shard.isel(region=slice(0, 5)))
    untouched(str(shards["simulation"][1]), "region", "allowed: ")


def test_a_shard_with_fewer_points_than_it_should_have(untouched, shards):
    replace_shard(shards["simulation"][1], lambda shard: shard.isel(point=slice(0, 1)))
    untouched(str(shards["simulation"][1]), "point", "allowed: ")


def test_a_shard_without_a_variable_that_others_have(untouched, shards):
    replace_shard(shards["simulation"][1], lambda shard: shard.drop_vars("firing_rate"))
    untouched(str(shards["simulation"][1]), "firing_rate", "allowed: ")


def test_a_variable_that_is_missing_in_the_first_shard(untouched, shards):
    replace_shard(shards["simulation"][0], lambda shard: shard.drop_vars("firing_rate"))
    untouched("firing_rate", "allowed: ")


def test_shards_with_different_coordinates(untouched, shards):
    replace_shard(shards["simulation"][1], lambda shard: shard.assign_coords(population=["I", "E"]))
    untouched("population", "allowed: ")


@pytest.mark.parametrize("content", [b"", b"not a netCDF file"])
def test_a_damaged_shard(untouched, shards, content):
    shards["simulation"][1].write_bytes(content)
    untouched(str(shards["simulation"][1]), "damaged", "allowed: ")


@pytest.mark.parametrize("content", [b"", b"not a netCDF file"])
def test_a_shard_that_was_never_good(untouched, shards, content):
    shards["simulation"][1].write_bytes(content)
    seal(shards["simulation"][1])
    untouched(str(shards["simulation"][1]), "can't be read", "allowed: ")


def test_a_flipped_bit(untouched, shards):
    """One bit of the numbers: netCDF would read it without a word."""
    path = shards["simulation"][1]
    content, times = bytearray(path.read_bytes()), path.stat()
    content[-1] ^= 1
    path.write_bytes(content)
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    untouched(str(path), "damaged", "allowed: ")


def test_a_truncated_shard(untouched, shards):
    path = shards["simulation"][1]
    path.write_bytes(path.read_bytes()[:-100])
    untouched(str(path), "allowed: ")


def test_a_shard_without_its_definition(untouched, shards):
    shards["simulation"][1].with_suffix(".json").unlink()
    untouched(str(shards["simulation"][1].with_suffix(".json")), "allowed: ")


def test_a_connectome_of_other_regions(bench, study, shards, refused, monkeypatch):
    """The results of one connectome are not labelled with another."""
    import made_up_results

    load = made_up_results.load_connectome
    monkeypatch.setattr(
        made_up_results, "load_connectome", lambda path: load(path).isel(region=slice(0, 5), source_region=slice(0, 5))
    )
    refused(lambda: bench.merge(study, shards, bench.folder / "sweep.nc"), "region", "5", "6", "allowed: ")


def test_a_writer_that_dies_leaves_the_old_file(bench, study, shards, monkeypatch):
    output = bench.merge(study, shards, bench.folder / "results" / "sweep.nc")
    before = output.read_bytes()

    def fail(*arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("ngnmm_core.dataset.merger._gather", fail)
    with pytest.raises(OSError, match="No space left"):
        bench.merge(study, shards, output)
    assert output.read_bytes() == before
    assert [p.name for p in output.parent.iterdir()] == ["sweep.nc"]


# ------------------------------------------------------------------ partial merges
@pytest.mark.parametrize("kept", [0, 1, 2])
def test_a_partial_file_holds_what_is_there_and_nothing_for_the_rest(bench, study, shards, kept):
    complete = bench.merge(study, shards, bench.folder / "sweep.nc")
    some = {stage: paths[:kept] for stage, paths in shards.items()}
    partial = bench.merge(study, some, bench.folder / "sweep.partial.nc")
    with xr.open_dataset(complete) as all_points, xr.open_dataset(partial) as found:
        assert found.attrs["missing_points"] == 2 * (6 - 2 * kept)
        assert found.sizes["G"] == 3
        if kept:
            there = np.isfinite(found.msf).all("mode")
            assert int(there.sum()) == 2 * kept
            for name in ("firing_rate", "msf"):
                xr.testing.assert_equal(found[name].where(there), all_points[name].where(there))
            assert (found.simulation_status.where(~there) == -1).sum() == 6 - 2 * kept


def test_a_partial_file_of_all_points_says_that_none_is_missing(bench, study, shards):
    partial = bench.merge(study, shards, bench.folder / "sweep.partial.nc")
    with xr.open_dataset(partial) as found, xr.open_dataset(bench.merge(study, shards, bench.folder / "s.nc")) as whole:
        assert "missing_points" not in found.attrs
        xr.testing.assert_identical(found, whole)


def test_a_partial_file_refuses_what_does_not_fit(bench, study, shards, refused):
    edit_definition(shards["simulation"][1], code="0123456789abcdef")
    refused(lambda: bench.merge(study, shards, bench.folder / "sweep.partial.nc"), "differ", "allowed: ")
