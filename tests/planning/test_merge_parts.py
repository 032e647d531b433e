"""Merged files beside the sweep: highlights, lesions, hub scores; many shards, and what killed jobs left."""

import itertools

import numpy as np
import pytest
import xarray as xr
from made_up_results import GRID, SIZES, full_point, made_up, make_study

from ngnmm_core.analysis.hubs import HubsOptions
from ngnmm_core.analysis.registry import get_analysis
from ngnmm_core.dataset.assemble import remove_leftovers
from ngnmm_core.stages.registry import STAGES

HUBS = {"at": [{"G": 5, "I_ext_e": 13}, {"G": 2}], "seeds": 2, "null_seeds": 3, "lesion": ["cut", "renormalised"]}


def test_highlights(bench):
    sets = [{"G": 5, "I_ext_e": 13, "seed": 1}, {"G": 3, "I_ext_e": 7, "seed": 0}]
    study = make_study(grid=GRID, analyses=["rates", "msf"], highlights=sets)
    shards = bench.write(study, "highlights")
    with xr.open_dataset(
        bench.merge(study, shards, bench.folder / "highlights.nc", file="highlights.nc"), mask_and_scale=False
    ) as dataset:
        for name in ("G", "I_ext_e", "seed"):
            assert dataset.coords[name].dims == ("highlight",)
            assert list(dataset[name].values) == [s[name] for s in sets]
        assert dataset.growth_curve.dims == ("highlight", "lambda")
        assert dataset.observable_series.dims == ("highlight", "region", "time")
        assert (dataset.time.values[-1], dataset.time.attrs["units"]) == (650, "ms")
        sizes = SIZES | dict(dataset.sizes)
        for variable in STAGES["highlights"].variables(STAGES["highlights"].analyses(study)):
            for k, point in enumerate(sets):
                expected = made_up(variable, full_point(study, **point), sizes)
                np.testing.assert_array_equal(dataset[variable.name][k], expected, err_msg=variable.name)


def test_lesions(bench):
    study = make_study(grid=GRID, analyses={"hubs": HUBS})
    shards = bench.write(study, "lesions")
    with xr.open_dataset(
        bench.merge(study, shards, bench.folder / "lesions.nc", file="lesions.nc"), mask_and_scale=False
    ) as dataset:
        runs = 3 + 2 * 6 * 2
        assert dataset.sizes["run"] == 3 * runs  # (2, 3), (2, 13) and (5, 13)
        assert dataset.lesion_fc.dims == ("run", "edge")
        per_point = (
            dataset[["G", "I_ext_e", "seed", "lesion", "lesioned_region"]].to_dataframe().groupby(["G", "I_ext_e"])
        )
        assert list(per_point.groups) == [(2, 3), (2, 13), (5, 13)]
        for _, rows in per_point:
            null = rows[rows.lesion == 0]
            assert (list(null.seed), set(null.lesioned_region)) == ([0, 1, 2], {-1})
            done = rows[rows.lesion > 0]
            wanted = list(itertools.product((1, 2), range(6), (0, 1)))
            assert sorted(zip(done.lesion, done.lesioned_region, done.seed, strict=True)) == wanted
        (fc,) = (v for v in STAGES["lesions"].own_variables if v.name == "lesion_fc")
        for k in (0, 5, runs, 3 * runs - 1):
            row = {name: float(dataset[name][k]) for name in ("G", "I_ext_e", "seed", "lesion", "lesioned_region")}
            np.testing.assert_array_equal(dataset.lesion_fc[k], made_up(fc, full_point(study, **row)))


@pytest.fixture
def hubs_file(tmp_path):
    """Made-up hub scores: at two points of the grid, for two lesions."""
    rng, sizes = np.random.default_rng(0), {"hub_point": 2, "lesion": 2, "region": 6}
    data = {}
    for variable in get_analysis("hubs").variables(HubsOptions()):
        dims = ("hub_point", *variable.dims)
        values = rng.normal(0.0, 3.0, [sizes[name] for name in dims])
        data[variable.name] = (dims, values.astype(variable.dtype))
    scores = xr.Dataset(data, {"lesion": ("lesion", ["cut", "renormalised"], {"long_name": "kind of lesion"})})
    scores.to_netcdf(tmp_path / "hubs.nc")
    return tmp_path / "hubs.nc"


def test_hub_scores_stand_at_their_points_of_the_grid(bench, hubs_file):
    hubs = {**HUBS, "at": [{"G": 8, "I_ext_e": 3}, {"G": 5, "I_ext_e": 13}]}
    study = make_study(grid=GRID, analyses={"rates": {}, "hubs": hubs})
    shards = bench.write(study, "simulation")
    with (
        xr.open_dataset(bench.merge(study, shards, bench.folder / "sweep.nc", hubs=hubs_file)) as dataset,
        xr.open_dataset(hubs_file) as scores,
    ):
        assert dataset.hub_score.dims == ("G", "I_ext_e", "lesion", "region")
        assert list(dataset.lesion.values) == ["cut", "renormalised"]
        # in the order of the grid, not of `at`
        np.testing.assert_array_equal(dataset.hub_score.sel(G=5, I_ext_e=13), scores.hub_score[0])
        np.testing.assert_array_equal(dataset.hub_score.sel(G=8, I_ext_e=3), scores.hub_score[1])
        np.testing.assert_array_equal(dataset.information_flow.sel(G=8, I_ext_e=3), scores.information_flow[1])
        np.testing.assert_array_equal(dataset.hub_stability.sel(G=8, I_ext_e=3), scores.hub_stability[1])
        assert dataset.leading_mode.dims == ("G", "I_ext_e")
        assert int(np.isfinite(dataset.hub_score).any(("lesion", "region")).sum()) == 2


def test_more_shards_than_may_be_open_at_once(bench, monkeypatch):
    """Files are closed and opened again; the bytes are the same."""
    study = make_study(grid={"G": [2, 5, 8], "I_ext_e": [3, 13]}, analyses=["rates", "msf"], shards=6)
    shards = bench.write(study, "simulation", "msf")
    expected = bench.merge(study, shards, bench.folder / "all_open.nc").read_bytes()
    monkeypatch.setattr("ngnmm_core.dataset.shard_files.MOST_OPEN", 2)
    assert bench.merge(study, shards, bench.folder / "two_open.nc").read_bytes() == expected


def test_what_killed_jobs_left_beside_complete_shards_is_removed(tmp_path):
    shards = [tmp_path / "simulation" / f"{name}.nc" for name in ("0a", "0b")]
    others = [".0c.nc.12.part", "0a.nc", "0a.json", ".0a.work"]
    (tmp_path / "simulation").mkdir()
    for name in (".0a.nc.12.part", ".0b.series.nc.7.part", *others):
        (tmp_path / "simulation" / name).write_bytes(b"half")
    remove_leftovers(shards)
    assert sorted(p.name for p in (tmp_path / "simulation").iterdir()) == sorted(others)
