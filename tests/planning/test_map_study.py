"""Studies with maps in shards: what surrogates that are added later compute, and hubs at several scales of a map."""

import numpy as np
import pytest
import xarray as xr

from ngnmm_core import get_connectome, simulate
from ngnmm_core.connectome import build_connectome, connectome_of, load_connectome
from ngnmm_core.connectome.cohort import cohort_of
from ngnmm_core.dataset.merged_file import merge_file
from ngnmm_core.products.hub_results import score_hubs
from ngnmm_core.storage.netcdf import write_netcdf
from ngnmm_core.study.connectome_axes import planned_connectome
from ngnmm_core.study.load import load_studies
from ngnmm_core.sweep.plan import plan
from ngnmm_core.sweep.shard import run_shard

LABELS = ["a_L", "b_L", "a_R", "b_R"]
VALUES = [0.3, -1.0, 0.9, 2.1]
SPHERE = [(0, 0.6, 0.8), (-1, 0, 0), (0, 0.6, 0.8), (1, 0, 0)]
PARAMETERS = {"I_ext_e": 13.0}


@pytest.fixture
def folder(tmp_path):
    weights = np.random.default_rng(0).uniform(0.1, 3.0, (4, 4))
    np.savez(tmp_path / "w.npz", weights=(weights + weights.T) * (1 - np.eye(4)), labels=LABELS)
    rows = [("label", "v", "sphere_x", "sphere_y", "sphere_z")]
    rows += [(label, v, *xyz) for label, v, xyz in zip(LABELS, VALUES, SPHERE, strict=True)]
    (tmp_path / "map.csv").write_text("\n".join(",".join(map(str, row)) for row in rows))
    return tmp_path


def map_of(folder, **changes):
    return {"name": "m", "file": str(folder / "map.csv"), "column": "v", "parameter": "I_ext_e"} | changes


def study_of(folder, one, **changes):
    config = {
        "study": "study",
        "connectome": {"path": str(folder / "w.npz")},
        "model": {"name": "ei_ngnmm", "parameters": PARAMETERS, "maps": [one]},
        "grid": {"G": [2, 5], "m.scale": [0, 0.5]},
        "simulation": {"duration_ms": 60, "transient_ms": 20, "method": "rk4", "dt_ms": 0.1},
        "analyses": ["rates"],
    }
    return load_studies({**config, **changes})["study"]


def shards_of(study, folder, stage="simulation"):
    return plan(study, stage, folder / "shards" / stage, planned_connectome(study, "c", 4), True)


def compute(study, folder, stage="simulation", file="sweep.nc"):
    """Compute what is missing; the merged file, and the number of points that were computed for it."""
    built = write_netcdf(build_connectome(study.config.connectome), folder / "connectome.nc")
    shards = shards_of(study, folder, stage)
    missing = [shard for shard in shards if not shard.finished]
    for shard in missing:
        run_shard(shard.definition, built, shard.path)
    dataset = load_connectome(built)
    brain = (cohort_of(dataset, connectome_of(dataset)), "c")
    merge_file(study, file, {stage: [s.path for s in shards]}, brain, folder / file)
    with xr.open_dataset(folder / file) as merged:
        return merged.load(), sum(len(shard.ids) for shard in missing)


@pytest.mark.parametrize("kind", ["labels", "spin"])
def test_surrogates_added_later_compute_their_own_points_only(folder, kind):
    plain, first = compute(study_of(folder, map_of(folder)), folder)
    three = map_of(folder, surrogates={"kind": kind, "count": 3, "seed": 8})
    mapped, second = compute(study_of(folder, three), folder)
    assert (first, second) == (4, 12)
    np.testing.assert_array_equal(mapped["firing_rate"].sel({"m.surrogate": 0}), plain["firing_rate"])
    more, third = compute(study_of(folder, map_of(folder, surrogates={"kind": kind, "count": 4, "seed": 8})), folder)
    assert third == 4
    np.testing.assert_array_equal(more["firing_rate"].isel({"m.surrogate": slice(4)}), mapped["firing_rate"])
    _, other_seed = compute(study_of(folder, map_of(folder, surrogates={"kind": kind, "count": 3, "seed": 3})), folder)
    assert other_seed == 12
    _, again = compute(study_of(folder, map_of(folder)), folder)
    assert again == 0
    # the jobs draw the same surrogates as one process does that knows the study whole
    alone = simulate(
        PARAMETERS,
        get_connectome(folder / "w.npz"),
        grid={"G": [2, 5], "m.scale": [0, 0.5]},
        analyses=["rates"],
        maps=[three],
        duration_ms=60,
        transient_ms=20,
        method="rk4",
        dt_ms=0.1,
    )
    np.testing.assert_array_equal(alone["firing_rate"].transpose(*mapped["firing_rate"].dims), mapped["firing_rate"])
    rates = mapped["firing_rate"].sel({"m.scale": 0.5, "G": 5}).values
    assert len(np.unique(rates.reshape(4, -1), axis=0)) > 1


def test_other_places_on_the_sphere_compute_spins_again(folder):
    spins = map_of(folder, surrogates={"kind": "spin", "count": 3, "seed": 8})
    compute(study_of(folder, spins), folder)
    text = (folder / "map.csv").read_text()
    (folder / "map.csv").write_text(text.replace("-1,0,0", "0,-1,0"))
    _, computed = compute(study_of(folder, spins), folder)
    assert computed == 12


def hubs_of(study, folder):
    _, computed = compute(study, folder, "lesions", "lesions.nc")
    (folder / "study.json").write_text(study.config.model_dump_json(by_alias=True))
    paths = [folder / name for name in ("study.json", "lesions.nc", "connectome.nc", "hubs.nc", "hubs.csv")]
    score_hubs(*paths)
    return xr.load_dataset(folder / "hubs.nc"), computed


@pytest.mark.slow
def test_hubs_at_several_scales_of_a_map(folder):
    """Every point is, in bits, what a study with that scale alone gives."""
    options = {"seeds": 1, "null_seeds": 3, "lesion": ["cut"], "duration_ms": 900, "transient_ms": 300}
    changes = {"analyses": {"hubs": options}, "grid": {"m.scale": [0, 0.5], "G": [5]}}
    surrogates = {"surrogates": {"count": 1, "seed": 2}}
    both, computed = hubs_of(study_of(folder, map_of(folder, **surrogates), **changes), folder)
    assert computed == 4 * (3 + 4)
    assert both.sizes["hub_point"] == 4
    assert set(zip(both["m.scale"].values, both["m.surrogate"].values, strict=True)) == {
        (0, 0), (0, 1), (0.5, 0), (0.5, 1)
    }  # fmt: skip
    at = lambda scale, surrogate: np.flatnonzero(
        (both["m.scale"].values == scale) & (both["m.surrogate"].values == surrogate)
    )[0]
    np.testing.assert_array_equal(both["hub_score"][at(0, 0)], both["hub_score"][at(0, 1)])
    assert (both["hub_score"][at(0.5, 0)] != both["hub_score"][at(0.5, 1)]).any()
    single = folder / "single"
    single.mkdir()
    alone, _ = hubs_of(study_of(folder, map_of(folder, scale=0.5), **{**changes, "grid": {"G": [5]}}), single)
    for name in ("hub_score", "hub_zscore", "information_flow", "dynamical_influence"):
        np.testing.assert_array_equal(both[name][at(0.5, 0)], alone[name][0], err_msg=name)
