"""Which shards a study needs: finished ones are kept whatever happens to the grid, and only missing points are cut."""

import itertools
import os
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_up_results import Planner, every_point_once, finish, identities, listed, make_study

from ngnmm_core.stages.registry import STAGES
from ngnmm_core.storage.integrity import checksum_path
from ngnmm_core.sweep.identity import definition_points, read_definition

CUTS = (1, 3, 8, 100, "auto")


@pytest.mark.parametrize("shards", CUTS)
def test_a_first_plan_holds_every_point_once(planner, shards):
    study = make_study(shards=shards, grid={"G": {"start": 1, "stop": 10, "step": 1}, "seed": [0, 1, 2]})
    every_point_once(planner.plan(study), study)


@pytest.mark.parametrize(
    ("wanted", "points", "made"), [(1, 30, 1), (3, 30, 3), (7, 30, 7), (30, 30, 30), (100, 30, 30)]
)
def test_as_many_shards_as_wanted_all_of_about_the_same_size(planner, wanted, points, made):
    shards = planner.plan(make_study(shards=wanted, grid={"G": {"start": 1, "stop": points, "step": 1}}))
    assert len(shards) == made
    sizes = [len(shard.ids) for shard in shards]
    assert min(sizes) > 0
    assert max(sizes) - min(sizes) <= 1


def test_automatic_shards_fill_the_lanes_and_are_no_more_than_500(planner):
    long = {"duration_ms": 4e6, "transient_ms": 4000}
    shards = planner.plan(make_study(grid={"G": {"start": 0, "stop": 9.999, "step": 0.001}}, simulation=long))
    assert 100 < len(shards) <= 500
    sizes = [len(shard.ids) for shard in shards]
    assert all(size % 8 == 0 for size in sizes[:-1])
    assert max(sizes) - min(sizes) <= 8


def test_automatic_shards_of_a_small_study_are_one(planner):
    assert len(planner.plan(make_study())) == 1


def test_names_are_hashes_of_the_points(planner, tmp_path):
    study = make_study(shards=2)
    here, there = planner.plan(study), Planner(tmp_path / "elsewhere").plan(study)
    assert [s.name for s in here] == [s.name for s in there]
    assert all(len(s.name) == 16 and int(s.name, 16) for s in here)
    assert [s.path.name for s in here] == [f"{s.name}.nc" for s in here]


def test_a_dry_run_writes_nothing(planner):
    study = make_study(shards=2)
    dry = planner.plan(study, write=False)
    assert not planner.folder.exists()
    assert planner.plan(study) == dry


def test_a_definition_gives_the_points_back(planner):
    hubs = {"at": [{"G": 5, "I_ext_e": 13}], "seeds": 2, "null_seeds": 3}
    study = make_study(
        shards=2,
        grid={"G": [0.1, 5], "I_ext_e": [3, 13]},
        analyses={"rates": {}, "msf": {}, "hubs": hubs},
    )
    for stage in ("simulation", "msf", "lesions"):
        shards = planner.plan(study, stage)
        read = [definition_points(read_definition(shard.definition)).columns for shard in shards]
        for name, values in STAGES[stage].layout(study, 6).points.columns.items():
            np.testing.assert_array_equal(np.concatenate([columns[name] for columns in read]), values)


def test_planning_again_changes_no_file(planner):
    study = make_study(shards=2)
    planner.plan(study)
    before = {p: p.stat().st_mtime_ns for p in planner.folder.rglob("*.json")}
    time.sleep(0.01)
    planner.plan(study)
    assert {p: p.stat().st_mtime_ns for p in planner.folder.rglob("*.json")} == before


BASE = {"G": [2, 5], "I_ext_e": [3, 13]}
GROWN = {
    "append": ({"G": [2, 5, 8], "I_ext_e": [3, 13]}, 2),
    "prepend": ({"G": [1, 2, 5], "I_ext_e": [3, 13]}, 2),
    "interleave": ({"G": [2, 3, 4, 5], "I_ext_e": [3, 8, 13]}, 8),
    "both ends": ({"G": [1, 2, 5, 9], "I_ext_e": [3, 13]}, 4),
    "new axis at its default": ({**BASE, "tau_si": [5]}, 0),
    "new axis": ({**BASE, "tau_si": [5, 6, 7]}, 8),
    "more seeds": ({**BASE, "seed": [0, 1]}, 4),
    "other order": ({"I_ext_e": [13, 3], "G": [5, 2]}, 0),
    "shrunk": ({"G": [2], "I_ext_e": [3, 13]}, 0),
    "moved": ({"G": [5, 8], "I_ext_e": [13, 20]}, 3),
}


@pytest.mark.parametrize("shards", CUTS)
@pytest.mark.parametrize(("grid", "missing"), GROWN.values(), ids=GROWN)
def test_another_grid_computes_missing_points_only(planner, grid, missing, shards):
    first = planner.compute(make_study(grid=BASE, shards=shards))
    assert len(first) == 4
    second = planner.compute(make_study(grid=grid, shards=shards))
    assert len(second) == missing
    assert not set(first) & set(second)
    assert planner.compute(make_study(grid=grid, shards=shards)) == []


@pytest.mark.parametrize("shards", CUTS)
def test_shrinking_and_coming_back_computes_nothing(planner, shards):
    large = make_study(grid={"G": [1, 2, 3, 4, 5], "I_ext_e": [3, 13]}, shards=shards)
    planner.compute(large)
    assert planner.compute(make_study(grid={"G": [2, 4], "I_ext_e": [13]}, shards=shards)) == []
    assert planner.compute(large) == []


def test_another_number_of_shards_computes_nothing(planner):
    planner.compute(make_study(shards=3))
    for shards in CUTS:
        assert planner.compute(make_study(shards=shards)) == []


def test_a_part_of_the_points_takes_a_part_of_the_shards(planner):
    planner.compute(make_study(shards=4))
    kept = planner.plan(make_study(grid={"G": [2], "I_ext_e": [3]}, shards=4))
    assert len(kept) == 1


universe = st.tuples(st.integers(0, 4), st.integers(0, 3), st.integers(0, 1))


@given(
    history=st.lists(
        st.tuples(st.lists(universe, min_size=1, max_size=15), st.sampled_from([1, 2, 5, "auto"])),
        min_size=1,
        max_size=6,
    )
)
@settings(deadline=None, max_examples=50)
def test_a_history_of_studies_computes_every_point_once(tmp_path_factory, history):
    planner, computed = Planner(tmp_path_factory.mktemp("history")), []
    for rows, shards in history:
        study = listed([{"G": g, "I_ext_e": i, "seed": s} for g, i, s in rows], shards=shards)
        computed += planner.compute(study)
        assert set(identities(study)) <= set(computed)
        held = set(itertools.chain.from_iterable(shard.ids for shard in planner.plan(study)))
        assert set(identities(study)) <= held
    assert len(computed) == len(set(computed))


def test_a_point_that_is_listed_twice_is_computed_once(planner):
    assert len(planner.compute(listed([{"G": 2}, {"G": 5}, {"G": 2}]))) == 2


def test_shards_that_were_planned_and_not_computed_are_planned_anew(planner):
    planner.plan(make_study(shards=1))
    study = make_study(shards=4)
    shards = planner.plan(study)
    assert len(shards) == 4
    every_point_once(shards, study)


def test_after_a_kill_only_the_missing_shards_are_left(planner):
    study = make_study(shards=4)
    shards = planner.plan(study)
    for shard in shards[1:3]:
        finish(shard.path)
    again = planner.plan(study)
    every_point_once(again, study)
    missing = {identity for s in again if not s.finished for identity in s.ids}
    assert missing == {*shards[0].ids, *shards[3].ids}


def overlapping(folder, order):
    """A folder in which the same points are finished in several cuts, made in the given order."""
    scratch = [listed([{"G": g} for g in values]) for values in ((1, 2, 3), (3, 4), (1, 4), (2, 3, 4, 5))]
    for k in order:
        alone = Planner(folder / f"alone-{k}")
        (shard,) = alone.plan(scratch[k])
        target = folder / "simulation"
        target.mkdir(parents=True, exist_ok=True)
        (target / shard.definition.name).write_bytes(shard.definition.read_bytes())
        finish(target / shard.path.name)
        for name in (shard.path.name, checksum_path(shard.path).name):
            os.utime(target / name, (k, k))
    return Planner(folder)


def test_overlapping_shards_are_chosen_in_the_same_way_whatever_came_first(tmp_path):
    study = listed([{"G": g} for g in (5, 4, 3, 2, 1)])
    chosen = {
        tuple(s.name for s in overlapping(tmp_path / "".join(map(str, order)), order).plan(study))
        for order in itertools.permutations(range(4))
    }
    assert len(chosen) == 1


def test_overlapping_shards_are_taken_only_if_they_add_something(tmp_path):
    planner = overlapping(tmp_path, range(4))
    study = listed([{"G": g} for g in (1, 2, 3, 4, 5)])
    shards = planner.plan(study)
    assert all(shard.path.is_file() for shard in shards)
    assert len(shards) == 2
    assert {i for s in shards for i in s.ids} == set(identities(study))


def test_shards_of_other_settings_are_left_aside(planner):
    planner.compute(make_study())
    assert len(planner.compute(make_study(analyses=["rates", "synchrony"]))) == 4
    assert planner.compute(make_study()) == []


def test_stages_are_planned_apart(planner):
    study = make_study(analyses=["rates", "msf"], grid={**BASE, "seed": [0, 1]}, highlights=[{"G": 2}])
    planner.compute(study)
    assert len(planner.compute(study, "msf")) == 4
    assert len(planner.compute(study, "highlights")) == 1
    more = make_study(analyses=["rates", "msf"], grid={**BASE, "seed": [0, 1, 2]}, highlights=[{"G": 2}, {"G": 5}])
    assert [len(planner.compute(more, stage)) for stage in ("simulation", "msf", "highlights")] == [4, 0, 1]


def test_a_hundred_thousand_points_are_planned_in_seconds(planner):
    study = make_study(
        grid={"G": {"start": 0, "stop": 9.99, "step": 0.01}, "I_ext_e": {"start": 0, "stop": 9.9, "step": 0.1}},
        simulation={"duration_ms": 1e5, "transient_ms": 4000},
    )
    start = time.perf_counter()
    assert len(planner.compute(study)) == 100_000
    assert planner.compute(study) == []
    assert time.perf_counter() - start < 10


def test_what_all_points_have_in_common_is_written_once(planner):
    (shard,) = planner.plan(make_study(grid={"G": [-0.0, 2, 5], "I_ext_i": [-0.0], "seed": [1]}))
    columns = read_definition(shard.definition)["columns"]
    assert len(columns["G"]) == 3
    assert columns["seed"] == 1
    read = definition_points(read_definition(shard.definition)).columns
    assert [np.signbit(read[name]).tolist() for name in ("G", "I_ext_i")] == [[True, False, False], [True] * 3]
