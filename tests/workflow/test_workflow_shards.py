"""Every point has the same bits however it is computed, and only what is missing is computed."""

import numpy as np
import pytest
import xarray as xr
from checkouts import STUDY, assert_same_bits, jobs, sha256, shard_files, six_regions

import ngnmm_core

pytestmark = [pytest.mark.workflow, pytest.mark.slow]


def test_the_merged_file_has_the_same_bytes_for_every_cut(cuts):
    assert [len(shard_files(results)) for results in cuts.values()] == [1, 3, 5]
    assert len({sha256(results / "sweep.nc") for results in cuts.values()}) == 1


def test_nothing_of_the_default_study_is_in_the_result(finished, sweep):
    assert set(sweep.dims) == {"G", "I_ext_e", "seed", "population", "region", "edge", "mode"}
    assert [p.name for p in finished.glob("*.nc")] == ["sweep.nc"]


def test_a_second_run_has_nothing_to_do(checkout, finished):
    before = checkout.state("results/three")
    said = checkout.snakemake(str(checkout.sweep("three")), "--configfile", "three.yaml")
    assert "Nothing to be done" in said
    assert checkout.state("results/three") == before


@pytest.fixture(scope="module")
def shuffled(checkout):
    """The results of the same points in a grid of another order: its folder and its dataset."""
    grid = {"seed": [1, 0], "I_ext_e": [13, 3], "G": [5, 2]}
    results = checkout.run(study="shuffled", grid=grid, shards=2)
    return results, xr.load_dataset(results / "sweep.nc")


def test_every_point_has_the_same_bits_in_a_grid_of_another_order(shuffled, sweep):
    dataset = shuffled[1]
    assert dataset.firing_rate.dims[:3] == ("seed", "I_ext_e", "G")
    ordered = dataset.transpose("G", "I_ext_e", "seed", ...).sel(G=[2, 5], I_ext_e=[3, 13], seed=[0, 1])
    assert_same_bits(ordered, sweep)


def test_every_point_has_the_same_bits_in_a_notebook(sweep, kernels, monkeypatch):
    monkeypatch.setenv("NGNMM_CACHE_DIR", str(kernels))
    found = ngnmm_core.simulate(
        {"G": 5, "I_ext_e": 13},
        six_regions(),
        grid={"seed": [1]},
        analyses=["rates", "synchrony"],
        **STUDY["simulation"],
    )
    point = sweep.sel(G=5, I_ext_e=13, seed=[1])
    for name in ("firing_rate", "firing_rate_std", "population_synchrony", "synchrony", "network_regime"):
        assert np.isfinite(found[name].values).all(), name
        np.testing.assert_array_equal(found[name].values, point[name].values, err_msg=name)


@pytest.fixture(scope="module")
def grown(checkout, shuffled):
    """A finished study, run again on a grid that has grown between its values, and by one that diverges.

    Returns the folder of its results, the shards before, and the jobs of the second run.
    """
    results = shuffled[0]
    before = shard_files(results)
    grid = {"G": [2, 5], "I_ext_e": [3, 8, 13, 1e6], "seed": [0, 1]}
    name = checkout.write_study(study="shuffled", shards=2, grid=grid)
    return results, before, jobs(checkout.snakemake(str(checkout.sweep("shuffled")), "--configfile", name))


def test_a_grown_grid_runs_only_new_shards(grown):
    results, before, planned = grown
    assert planned["shard"] == 1
    after = shard_files(results)
    assert {name: after[name] for name in before} == before
    assert len(after) == len(before) + 1


def test_the_points_that_were_there_keep_their_bits(grown, sweep):
    merged = xr.load_dataset(grown[0] / "sweep.nc")
    assert_same_bits(merged.sel(I_ext_e=[3, 13]), sweep)


def test_a_point_that_diverges_is_nan_with_a_status_beside_healthy_ones(grown):
    merged = xr.load_dataset(grown[0] / "sweep.nc", mask_and_scale=False)
    diverged, healthy = merged.sel(I_ext_e=1e6), merged.sel(I_ext_e=[3, 8, 13])
    assert (diverged.simulation_status == 1).all()
    assert (healthy.simulation_status == 0).all()
    assert "diverged" in merged.simulation_status.attrs["flag_meanings"]
    for name in ("firing_rate", "firing_rate_std", "population_synchrony", "synchrony"):
        assert np.isnan(diverged[name]).all(), name
    assert np.isfinite(healthy.firing_rate).all()
    assert (diverged.diverged_at_ms > 0).all()
    assert (diverged.diverged_region >= 0).all()
    assert np.isnan(healthy.diverged_at_ms).all()
    assert (healthy.diverged_region == -1).all()


def test_a_grid_that_shrinks_and_comes_back_computes_nothing(checkout, finished):
    assert checkout.planned_sweep("three", "--config", "grid={I_ext_e: [13]}") == {"merge": 1}
    assert checkout.planned_sweep("three") == {}
