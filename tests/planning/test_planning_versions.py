"""Shards of other versions of the libraries: said, computed again, or kept if the study says so."""

import json

import numpy as np
import pytest
import xarray as xr
from made_up_results import Planner, make_study

from ngnmm_core.compilation.versions import LIBRARIES, library_versions
from ngnmm_core.dataset.provenance import config_hash
from ngnmm_core.errors import InputError
from ngnmm_core.stages.context import context

OLD = {"numpy": "1.0.1"}


@pytest.fixture
def pretend(monkeypatch):
    """Lets the libraries have other versions than they have."""

    def pretend(**versions):
        monkeypatch.setattr("ngnmm_core.stages.context.library_versions", lambda: {**library_versions(), **versions})

    return pretend


@pytest.mark.parametrize("library", LIBRARIES)
def test_every_library_that_computes_is_part_of_what_points_are(pretend, library):
    study = make_study()
    before = context(study, "simulation", "x")
    pretend(**{library: "0.0.1"})
    assert context(study, "simulation", "x")["versions"][library] == "0.0.1"
    assert context(study, "simulation", "x") != before


def test_points_of_other_versions_are_computed_again_and_it_is_said(planner, pretend, capsys):
    pretend(**OLD)
    old = planner.compute(make_study())
    assert "versions" not in capsys.readouterr().err
    pretend(numpy="2.0.2")
    assert len(planner.compute(make_study())) == len(old) == 4
    told = capsys.readouterr().err
    assert "4 finished points were computed with numpy 1.0.1 (now 2.0.2); computed again" in told
    assert "--config keep_versions=true" in told
    assert planner.compute(make_study()) == []
    assert capsys.readouterr().err == "", "nothing is left to be said once they are there"


def test_points_of_other_versions_are_kept_if_the_study_says_so(planner, pretend, capsys):
    pretend(**OLD)
    planner.compute(make_study())
    pretend()
    grown = make_study(grid={"G": [2, 5, 8], "I_ext_e": [3, 13]}, keep_versions=True)
    assert len(planner.compute(grown)) == 2, "only what is missing"
    assert planner.compute(grown) == []
    assert capsys.readouterr().err == ""


def test_points_of_other_code_are_not_kept(planner, pretend, monkeypatch):
    pretend(**OLD)
    monkeypatch.setattr("ngnmm_core.stages.context.code_hash", lambda *_, **__: "0123456789abcdef")
    planner.compute(make_study())
    monkeypatch.undo()
    assert len(planner.compute(make_study(keep_versions=True))) == 4


def test_todays_versions_are_preferred(planner, pretend):
    pretend(**OLD)
    planner.compute(make_study(shards=1))
    pretend()
    planner.compute(make_study(grid={"G": [2], "I_ext_e": [3, 13]}))
    chosen = planner.plan(make_study(keep_versions=True))
    versions = [json.loads(shard.definition.read_text())["context"]["versions"]["numpy"] for shard in chosen]
    assert versions == [library_versions()["numpy"], "1.0.1"]


def test_keeping_is_no_part_of_what_a_study_is():
    assert config_hash(make_study(), "x") == config_hash(make_study(keep_versions=True), "x")
    assert context(make_study(), "simulation", "x") == context(make_study(keep_versions=True), "simulation", "x")


def test_a_merged_file_says_which_versions_were_kept(bench, pretend, tmp_path):
    pretend(**OLD)
    study = make_study(keep_versions=True)
    shards = bench.write(study, "simulation")
    output = bench.merge(study, shards, tmp_path / "old.nc")
    with xr.open_dataset(output) as old:
        assert "kept_versions" not in old.attrs
        numbers = old.firing_rate.values
    pretend()
    grown = make_study(keep_versions=True, grid={"G": [2, 5, 8], "I_ext_e": [3, 13]})
    shards = bench.write(grown, "simulation")
    with xr.open_dataset(bench.merge(grown, shards, tmp_path / "grown.nc")) as merged:
        kept = json.loads(merged.attrs["kept_versions"])
        assert kept == {"simulation": [{**library_versions(), **OLD}]}
        np.testing.assert_array_equal(merged.firing_rate.sel(G=[2, 5]), numbers)
        assert np.isfinite(merged.firing_rate).all()


def test_versions_are_not_mixed_in_silence(bench, pretend, tmp_path):
    pretend(**OLD)
    shards = bench.write(make_study(), "simulation")
    pretend()
    with pytest.raises(InputError, match="versions differ"):
        bench.merge(make_study(), shards, tmp_path / "mixed.nc")


@pytest.mark.parametrize("write", [True, False], ids=["run", "dry run"])
def test_a_definition_that_was_removed_is_said_before_its_shard_is_computed_again(planner, capsys, write):
    study = make_study(shards=4)
    planner.compute(study)
    lost = planner.plan(study)[1]
    lost.definition.unlink()
    again = planner.plan(study, write=write)
    assert [shard.ids for shard in again if not shard.finished] == [lost.ids]
    told = capsys.readouterr().err
    assert told.startswith(f"{lost.path}: its definition {lost.definition.name} is missing; ")
    assert told.count("\n") == 1
    assert lost.path.exists() != write
    if write:
        assert Planner(planner.folder).plan(study) == again
