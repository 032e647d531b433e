"""What is refused before any job starts: connectomes that are missing or don't fit, and results beyond the disk."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from ngnmm_core.orchestration.holding import Process
from ngnmm_core.orchestration.workflow import Workflow

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture
def check(config, tmp_path):
    """Does what Snakemake does with a study before it plans anything; nothing may be written."""

    def check(**changes):
        folders = (tmp_path / "results", tmp_path / "resources")
        studies = Workflow(config(**changes), ["mini.yaml"], REPOSITORY, tuple(map(str, folders)))
        studies.check()
        assert not any(folder.exists() for folder in folders)

    return check


@pytest.fixture
def matrix(tmp_path):
    """Writes a matrix to a CSV file; returns the study key `connectome`."""

    def write(weights):
        path = tmp_path / "matrix.csv"
        np.savetxt(path, weights, delimiter=",", fmt="%g")
        return {"path": str(path)}

    return write


def ring(count=4):
    return np.roll(np.eye(count), 1, axis=1)


def test_a_good_study_passes(check):
    check()
    check(analyses=["rates", "msf"], simulation={"initial": {"from": "homogeneous"}})


def test_one_region_alone(check, refused):
    alone = {"connectome": {"name": "single"}, "normalization": "none"}
    check(**alone, analyses=["rates", "msf", "lyapunov"])
    refused(lambda: check(**{**alone, "normalization": "row"}), "normalization: row", "one region", "allowed: none")
    for name, options in {"fc": {"signals": ["rate"]}, "synchrony": {}}.items():
        chosen = {name: options}
        refused(lambda chosen=chosen: check(**alone, analyses=chosen), f"analyses.{name}", "one region", "allowed: ")


def test_a_directed_matrix_passes(check, matrix):
    check(connectome=matrix(ring()))


def test_equal_row_sums_need_no_normalisation(check, matrix):
    check(connectome=matrix(2 * ring()), normalization="none", analyses=["rates", "msf"])


@pytest.mark.parametrize(
    ("connectome", "words"),
    [
        pytest.param({"name": "hcp-aal2-95"}, ["hcp-aal2-95", "did you mean 'hcp-aal2-94'?", "dk-84"], id="unknown"),
        pytest.param({"path": "nowhere.csv"}, ["connectome.path", "nowhere.csv", "no such file"], id="missing"),
        pytest.param({"name": "AAL90"}, ["did you mean 'aal90-sc2017'?"], id="name in capitals"),
        pytest.param({"path": "x" * 300}, ["connectome.path", "no such file"], id="long path"),
        pytest.param({"path": "a\0b"}, ["connectome.path", "no such file"], id="zero in a path"),
        pytest.param({"path": "{a}.csv"}, ["connectome.path", "{a}.csv", "no such file (looked for in"], id="braces"),
        pytest.param({"path": "."}, ["connectome.path", "a folder without weights.txt"], id="a folder"),
        pytest.param({"path": __file__}, ["connectome.path", "no table of numbers", ".csv"], id="no matrix"),
    ],
)
def test_connectomes_that_are_not_there(check, refused, connectome, words):
    refused(lambda: check(connectome=connectome), "allowed: ", *words)


def test_a_local_copy_with_another_hash(check, refused, six):
    refused(lambda: check(connectome={"name": "dk-84", "path": str(six)}), "connectome.path", "sha256", "18223f4a")


def test_labels_of_another_length(check, refused, six, tmp_path):
    labels = tmp_path / "labels.txt"
    labels.write_text("a\nb\n")
    line = refused(lambda: check(connectome={"path": str(six), "labels": str(labels)}), "2 labels", "6 regions")
    assert "allowed: " in line


@pytest.mark.parametrize(
    ("weights", "words"),
    [
        pytest.param(np.ones((3, 4)), ["3 x 4", "square"], id="not square"),
        pytest.param([[0, np.nan], [1, 0]], ["nan", "not negative"], id="NaN"),
        pytest.param([[0, -1], [1, 0]], ["-1", "not negative"], id="negative"),
        pytest.param(
            [[0, 0], [1, 0]], ["normalization", "row", "zero", "region_1"], id="zero row under row normalisation"
        ),
    ],
)
def test_bad_matrices(check, refused, matrix, weights, words):
    refused(lambda: check(connectome=matrix(weights)), "allowed: ", *words)


def test_a_zero_row_is_allowed_without_row_normalisation(check, matrix):
    check(connectome=matrix([[0, 0], [1, 0]]), normalization="max")


@pytest.mark.parametrize("normalization", ["none", "max"])
def test_msf_needs_equal_row_sums(check, refused, normalization):
    refused(lambda: check(analyses=["msf"], normalization=normalization), "analyses.msf", "allowed: ")


def test_a_homogeneous_start_needs_equal_row_sums(check, refused):
    start = {"initial": {"from": "homogeneous"}}
    refused(lambda: check(simulation=start, normalization="max"), "simulation.initial.from", "allowed: ")


@pytest.mark.parametrize(
    ("stimulus", "grid"),
    [
        pytest.param({"regions": ["nowhere"]}, {"G": [2]}, id="unknown label"),
        pytest.param({"regions": [6]}, {"G": [2]}, id="index beyond the last"),
        pytest.param({}, {"stimulus.region": [0, 6]}, id="axis beyond the last"),
    ],
)
def test_regions_of_a_stimulus_are_there(check, refused, stimulus, grid):
    stimuli = [{"parameter": "I_ext_e", **stimulus}]
    refused(lambda: check(simulation={"stimuli": stimuli}, grid=grid), "region", "allowed: ")


def test_a_grid_beyond_the_disk(check, refused, monkeypatch):
    usage = shutil.disk_usage("/")._replace(free=1000)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    refused(lambda: check(grid={"G": {"start": 0, "stop": 9, "num": 100}}), "grid", "100 points", "1 kB", "allowed: ")


def test_a_grid_beyond_planning(check, refused):
    many = {"start": 0, "stop": 9, "num": 100_000}
    refused(lambda: check(grid={"G": many, "I_ext_e": many}), "grid", "1e+10 points", "allowed: ", "5e+06")


def test_a_job_of_a_cluster_plans_nothing_to_tell_whether_its_shard_is_damaged(config, tmp_path):
    folders = (str(tmp_path / "results"), str(tmp_path / "resources"))
    studies = Workflow(config(), ["mini.yaml"], REPOSITORY, folders)
    studies.plans.shards = lambda *names: pytest.fail("planned")
    assert studies.damaged("study", "simulation", "0123456789abcdef") is False


def test_a_run_ends_with_the_results_that_were_asked_for(config, tmp_path):
    """A run of a bundled study says nothing of the study in the config, whose results may be old."""
    folders = (str(tmp_path / "results"), str(tmp_path / "resources"))
    name = config()["study"]
    (tmp_path / "results" / name).mkdir(parents=True)
    xr.Dataset({"rate": ("G", [1.0])}).to_netcdf(tmp_path / "results" / name / "sweep.nc")
    ended = lambda *targets: Workflow(
        config(), ["mini.yaml"], REPOSITORY, folders, Process(targets=lambda: targets, words=targets)
    ).after()
    assert ended("recordings_quick") == ""
    assert f"{name}: index.html (explorer), sweep.nc" in ended()


def test_every_part_is_checked(refused, config, tmp_path):
    base, folders = config(without=["study"]), (str(tmp_path / "results"), str(tmp_path / "resources"))
    parts = {"good": {}, "bad": {"connectome": {"path": "nowhere.csv"}}}
    studies = Workflow({"study": "paper", "base": base, "parts": parts}, ["paper.yaml"], REPOSITORY, folders)
    refused(studies.check, "nowhere.csv")
