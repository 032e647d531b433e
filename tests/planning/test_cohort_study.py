"""Studies on several connectomes: their points, what a further subject computes, and what they are merged into."""

import json

import numpy as np
import pytest
import xarray as xr

from ngnmm_core import get_connectome, simulate
from ngnmm_core.connectome import build_connectome, connectome_of, load_connectome, spectrum
from ngnmm_core.connectome.cohort import cohort_of
from ngnmm_core.connectome.nulls import null_connectome
from ngnmm_core.dataset.merged_file import merge_file
from ngnmm_core.preflight.estimate import axes_text
from ngnmm_core.products.hub_results import score_hubs
from ngnmm_core.storage.netcdf import write_netcdf
from ngnmm_core.study.connectome_axes import nulls_of, planned_connectome
from ngnmm_core.study.load import load_studies
from ngnmm_core.sweep.plan import plan
from ngnmm_core.sweep.shard import run_shard

LABELS = ["a_L", "b_L", "c_L", "a_R"]
STAGES = ("simulation", "msf", "lyapunov")
NULLS = {"kind": "strengths", "count": 2, "seed": 5}


def write(folder, name, seed, order=(0, 1, 2, 3)):
    weights = np.random.default_rng(seed).uniform(0.1, 3.0, (4, 4))
    weights = (weights + weights.T) * (1 - np.eye(4))
    order = list(order)
    np.savez(folder / f"{name}.npz", weights=weights[np.ix_(order, order)], labels=[LABELS[k] for k in order])


@pytest.fixture
def folder(tmp_path):
    for seed, name in enumerate(("sub-1", "sub-2")):
        write(tmp_path, name, seed)
    return tmp_path


def study_of(path, shards=1, **changes):
    config = {
        "connectome": {"path": str(path)},
        "model": {"name": "ei_ngnmm", "parameters": {"I_ext_e": 13}},
        "grid": {"G": [2, 5]},
        "simulation": {"duration_ms": 60, "transient_ms": 20, "method": "rk4", "dt_ms": 0.1},
        "analyses": {"rates": {}, "msf": {}, "lyapunov": {"duration_ms": 500}},
        "shards": shards,
    }
    return load_studies({**config, **changes})["study"]


class Runs:
    """Plans, computes and merges studies in one folder."""

    def __init__(self, folder):
        self.folder = folder

    def planned(self, study):
        return planned_connectome(study, "identity", 4)

    def missing(self, study, write=False):
        """Number of points that are not there yet, by stage, and all shards."""
        shards = {s: plan(study, s, self.folder / s, self.planned(study), write) for s in STAGES}
        return {s: sum(len(d.ids) for d in found if not d.finished) for s, found in shards.items()}, shards

    def sweep(self, study):
        built = write_netcdf(build_connectome(study.config.connectome), self.folder / "connectome.nc")
        _, shards = self.missing(study, write=True)
        for shard in (s for found in shards.values() for s in found if not s.finished):
            run_shard(shard.definition, built, shard.path)
        dataset = load_connectome(built)
        cohort = cohort_of(dataset, connectome_of(dataset), nulls_of(study.config))
        paths = {stage: [s.path for s in found] for stage, found in shards.items()}
        merge_file(study, "sweep.nc", paths, (cohort, "identity"), self.folder / "sweep.nc")
        with xr.open_dataset(self.folder / "sweep.nc") as merged:
            return merged.load()


def hubs_of(study, folder):
    """Lesion runs of a study, merged and scored as the workflow does."""
    runs = Runs(folder)
    built = write_netcdf(build_connectome(study.config.connectome), folder / "connectome.nc")
    shards = plan(study, "lesions", folder / "lesions", runs.planned(study), True)
    for shard in shards:
        run_shard(shard.definition, built, shard.path)
    dataset = load_connectome(built)
    cohort = cohort_of(dataset, connectome_of(dataset), nulls_of(study.config))
    merge_file(study, "lesions.nc", {"lesions": [s.path for s in shards]}, (cohort, "identity"), folder / "lesions.nc")
    (folder / "study.json").write_text(study.config.model_dump_json(by_alias=True))
    score_hubs(folder / "study.json", folder / "lesions.nc", built, folder / "hubs.nc", folder / "hubs.csv")
    with xr.open_dataset(folder / "hubs.nc") as file:
        return file.load()


def same(cohort, single, subject, **where):
    """Asserts that the results of one subject are those of a single study, in bits."""
    for name in single.data_vars:
        own = cohort[name].sel({k: v for k, v in {"subject": subject, **where}.items() if k in cohort[name].dims})
        np.testing.assert_array_equal(own.values, single[name].values, err_msg=name)


def test_subjects_are_single_studies_in_bits_however_they_are_cut(folder, tmp_path_factory):
    cohort = Runs(tmp_path_factory.mktemp("cohort")).sweep(study_of(folder / "*.npz"))
    assert cohort["firing_rate"].dims[:2] == ("subject", "G")
    assert cohort["msf"].dims == ("subject", "G", "mode")
    assert cohort["eigenvalue_real"].dims == ("subject", "mode")
    assert cohort["homogeneous_lyapunov_exponent"].dims == ("G", "exponent")  # rows sum to 1 in all subjects
    assert list(cohort["subject"].values) == ["sub-1", "sub-2"]
    for name in ("sub-1", "sub-2"):
        single = Runs(tmp_path_factory.mktemp(name)).sweep(study_of(folder / f"{name}.npz"))
        same(cohort, single, name)
        alone = Runs(tmp_path_factory.mktemp(name)).sweep(study_of(folder / f"{name}*"))
        same(alone, single, name)
    cut = Runs(tmp_path_factory.mktemp("cut")).sweep(study_of(folder / "*.npz", shards=3))
    xr.testing.assert_identical(cut.drop_attrs(), cohort.drop_attrs())


def test_a_further_subject_computes_its_own_points(folder, tmp_path_factory):
    runs = Runs(tmp_path_factory.mktemp("runs"))
    before = runs.sweep(study_of(folder / "*.npz"))
    write(folder, "sub-0", 7)
    larger = study_of(folder / "*.npz")
    assert runs.missing(larger)[0] == {"simulation": 2, "msf": 2, "lyapunov": 0}
    after = runs.sweep(larger)
    for name in ("sub-1", "sub-2"):
        same(after, before.sel(subject=name), name)
    write(folder, "sub-2", 1, order=(2, 0, 3, 1))  # other bytes, the same subject: its points only
    shuffled = study_of(folder / "*.npz")
    assert runs.missing(shuffled)[0] == {"simulation": 2, "msf": 2, "lyapunov": 0}
    xr.testing.assert_identical(runs.sweep(shuffled).drop_attrs(), after.drop_attrs())


def test_null_connectomes_come_beside_the_true_one(folder, tmp_path_factory):
    runs, path = Runs(tmp_path_factory.mktemp("runs")), folder / "sub-1.npz"
    true = runs.sweep(study_of(path))
    study = study_of(path, nulls=NULLS)
    assert runs.missing(study)[0] == {"simulation": 4, "msf": 4, "lyapunov": 0}  # the true one is there
    sweep = runs.sweep(study)
    same(sweep, true, None, null=0)
    brain = connectome_of(build_connectome(study.config.connectome))
    for number in (1, 2):
        W = null_connectome(brain, "strengths", number, 5).normalised("row").weights
        np.testing.assert_array_equal(sweep["eigenvalue_real"].sel(null=number), spectrum(W).values.real)
    assert not np.array_equal(sweep["msf"].sel(null=1), sweep["msf"].sel(null=2))
    assert json.loads(sweep.attrs["config"])["nulls"] == {"kind": "strengths", "seed": 5}
    more = study_of(path, nulls={**NULLS, "count": 3})
    assert runs.missing(more)[0] == {"simulation": 2, "msf": 2, "lyapunov": 0}
    assert runs.missing(study_of(path, nulls={**NULLS, "seed": 6}))[0]["simulation"] == 4


def test_a_notebook_gives_the_same_with_what_a_table_says_of_subjects(folder, tmp_path_factory):
    table = folder / "subjects.csv"
    table.write_text("subject,path,age\nB,sub-2.npz,40\nA,sub-1.npz,20\n")
    study = study_of("", connectome={"table": str(table)}, nulls=NULLS, analyses={"rates": {}})
    settings = study.simulation.model_dump(include={"duration_ms", "transient_ms", "method", "dt_ms"})
    found = simulate({"I_ext_e": 13}, {"table": str(table)}, {"G": [2, 5]}, ["rates"], nulls=NULLS, **settings)
    assert list(found["subject"].values) == ["B", "A"]
    np.testing.assert_array_equal(found["age"], [40, 20])
    assert found["firing_rate"].dims[:3] == ("subject", "null", "G")
    alone = simulate({"I_ext_e": 13}, str(folder / "sub-1.npz"), {"G": [2, 5]}, ["rates"], **settings)
    np.testing.assert_array_equal(found["firing_rate"].sel(subject="A", null=0), alone["firing_rate"])


def test_a_dataset_of_a_cohort_is_its_mean(folder):
    built = get_connectome({"path": str(folder / "*.npz")})
    settings = {"analyses": ["rates"], "duration_ms": 40, "transient_ms": 20, "method": "rk4", "dt_ms": 0.1}
    found = simulate({"G": 2}, built, **settings)
    assert "subject" not in found.dims
    alone = simulate({"G": 2}, built["weights"].values, **settings)
    np.testing.assert_array_equal(found["firing_rate"], alone["firing_rate"])


@pytest.mark.slow
def test_hubs_of_a_subject_are_those_of_its_own_study(folder, tmp_path_factory):
    options = {"lesion": ["cut"], "seeds": 1, "null_seeds": 3, "duration_ms": 1200, "transient_ms": 300}
    changes = {"analyses": {"hubs": options}, "grid": {"G": [8]}}
    cohort = hubs_of(study_of(folder / "*.npz", nulls=NULLS, **changes), tmp_path_factory.mktemp("cohort"))
    assert list(cohort["subject"].values) == ["sub-1", "sub-2"]
    assert list(cohort["null"].values) == [0, 0]  # hubs of null connectomes are to be asked for
    single = hubs_of(study_of(folder / "sub-2.npz", **changes), tmp_path_factory.mktemp("single"))
    for name in ("hub_score", "hub_null_mean", "information_flow", "dynamical_influence"):
        np.testing.assert_array_equal(cohort[name].values[1], single[name].values[0], err_msg=name)
    np.testing.assert_array_equal(cohort["strength"].values[1], single["strength"].values)
    assert not np.array_equal(cohort["strength"].values[0], cohort["strength"].values[1])


def test_listed_points_are_on_every_connectome(folder):
    study = study_of(folder / "*.npz", grid=None, points=[{"G": 2}, {"G": 7}], nulls=NULLS)
    assert study.dims() == ("point",)
    assert study.size() == 2 * 2 * 3
    np.testing.assert_array_equal(study.axes["G"][:4], [2, 7, 2, 7])
    np.testing.assert_array_equal(study.axes["null"][:6], [0, 0, 1, 1, 2, 2])


def test_subjects_are_told_by_name_before_a_run(folder):
    assert axes_text(study_of(folder / "*.npz"))[0] == "subject: sub-1, sub-2 (2 values)"
    listed = study_of(folder / "*.npz", grid=None, points=[{"G": 2}, {"G": 7}])
    assert axes_text(listed) == ["subject: sub-1, sub-2 (2 values)", "G: 2 to 7 (4 points)"]


def test_highlights_name_subjects(folder):
    study = study_of(folder / "*.npz", highlights=[{"G": 5, "subject": "sub-2"}])
    points = study.points_at(study.config.highlights)
    assert study.subjects[float(points.columns["subject"][0])] == "sub-2"
    again = load_studies(json.loads(study.config.model_dump_json(by_alias=True)))["study"]
    assert again.config.highlights == study.config.highlights


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"grid": {"subject": [1]}}, ["grid.subject", "connectome.subjects"]),
        ({"grid": {"null": [0, 1]}, "nulls": NULLS}, ["grid.null", "nulls.count"]),
        ({"grid": {"null": [0, 1]}}, ["grid.null", "nulls.count"]),
        ({"grid": None, "points": [{"G": 1, "subject": 0}]}, ["points.subject", "connectome.subjects"]),
        ({"connectome": {"path": "x.npz", "subjects": "each"}}, ["connectome.subjects", "x.npz"]),
        ({"connectome": {"name": "dk-84", "subjects": "each"}}, ["connectome.subjects", "dk-84"]),
        ({"highlights": [{"G": 2, "subject": "sub-9"}]}, ["highlights[0].subject", "'sub-9'", "sub-1"]),
        ({"highlights": [{"G": 2, "null": 3}], "nulls": NULLS}, ["highlights[0].null", "0 to 2"]),
        ({"nulls": {"kind": "degree"}}, ["nulls.kind", "'degree'", "strengths"]),
        ({"nulls": {"kind": "labels", "count": 0}}, ["nulls.count", "0"]),
        ({"nulls": {"count": 3}}, ["nulls.kind"]),
    ],
)
def test_what_is_refused(folder, refused, changes, words):
    refused(lambda: study_of(folder / "*.npz", **changes), *words)
