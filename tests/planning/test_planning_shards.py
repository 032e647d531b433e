"""Which shards a study needs: finished ones are kept whatever happens to the grid, and only missing points are cut."""

import itertools
import os
import shutil
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_up_results import Planner, finish, identities, listed, make_study

from ngnmm_core.stages.registry import STAGES
from ngnmm_core.storage.integrity import checksum_path, seal
from ngnmm_core.sweep.identity import definition_points, read_definition
from ngnmm_core.sweep.shard import load_task

CUTS = (1, 3, 8, 100, "auto")


def every_point_once(shards, study, stage="simulation"):
    held = [identity for shard in shards for identity in shard.ids]
    assert len(held) == len(set(held))
    assert set(held) == set(identities(study, stage))


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


# ------------------------------------------------------------------ damage
def truncate(shard):
    content = shard.path.read_bytes()
    shard.path.write_bytes(content[: len(content) // 2])


def flip_high_bit(path):
    content = path.read_bytes()
    path.write_bytes(content[:20] + bytes([content[20] ^ 0x80]) + content[21:])


DAMAGE = {
    "truncated": truncate,
    "other bytes": lambda shard: shard.path.write_bytes(b"x" * shard.path.stat().st_size),
    "empty": lambda shard: shard.path.write_bytes(b""),
    "killed before the checksum": lambda shard: checksum_path(shard.path).unlink(),
    "empty checksum": lambda shard: checksum_path(shard.path).write_text(""),
    "garbled checksum": lambda shard: checksum_path(shard.path).write_bytes(b"garbage\n\x00\xff"),
    "checksum with a high bit": lambda shard: flip_high_bit(checksum_path(shard.path)),
    "definition with a high bit": lambda shard: flip_high_bit(shard.definition),
    "truncated definition": lambda shard: shard.definition.write_text(shard.definition.read_text()[:99]),
    "definition of other points": lambda shard: shard.definition.write_text('{"ids": ["0123"]}'),
    "definition of something else": lambda shard: shard.definition.write_text("[]"),
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_shard_is_noticed_and_planned_anew(planner, capsys, damage):
    study = make_study(shards=4)
    shards = planner.plan(study)
    for shard in shards:
        shard.path.write_bytes(b"the results of " + shard.name.encode())
        seal(shard.path)
    time.sleep(0.01)  # a file system may keep coarse times
    damage(shards[1])
    dry = planner.plan(study, write=False)
    assert [shard.name for shard in dry if not shard.finished] == [shards[1].name]
    assert shards[1].path.exists(), "a dry run removes nothing"
    assert f"{shards[1].path}: damaged" in capsys.readouterr().err
    again = planner.plan(study)
    every_point_once(again, study)
    assert [shard.name for shard in again if not shard.finished] == [shards[1].name]
    assert not shards[1].path.exists()
    assert definition_points(read_definition(shards[1].definition)).columns.keys()


def test_a_shard_that_was_copied_over_another_one_is_planned_anew(planner):
    study = make_study(shards=4)
    shards = planner.plan(study)
    for shard in shards:
        shard.path.write_bytes(b"the results of " + shard.name.encode())
        seal(shard.path)
    shutil.copy2(shards[0].path, shards[1].path)
    shutil.copy2(checksum_path(shards[0].path), checksum_path(shards[1].path))
    assert [shard.name for shard in planner.plan(study) if not shard.finished] == [shards[1].name]


def test_a_job_does_not_compute_what_its_definition_did_not_say(planner, refused):
    study = make_study(shards=2)
    shard = planner.plan(study)[0]
    text = shard.definition.read_text()
    harmed = text.replace('"I_ext_e": [3.0, 13.0', '"I_ext_e": [3.0, 12.0')
    assert harmed != text
    shard.definition.write_text(harmed)
    refused(lambda: load_task(shard.definition, "no connectome is read"), "can't be read as the definition of a shard")


def without_a_new_date(harm):
    """Harm a file and give it its old times, as a copy with `cp -p` or a tool that restores dates does."""

    def harmed(path, other):
        seen = path.stat()
        harm(path, other)
        os.utime(path, ns=(seen.st_atime_ns, seen.st_mtime_ns))

    return harmed


SERIES_DAMAGE = {
    "gone": lambda path, other: path.unlink(),
    "truncated": lambda path, other: path.write_bytes(b"cut"),
    "truncated, dated as before": without_a_new_date(lambda path, other: os.truncate(path, 5)),
    "one bit, dated as before": without_a_new_date(lambda path, other: flip_high_bit(path)),
    "another point's": lambda path, other: shutil.copy2(other, path),
    "another point's, put in its place": lambda path, other: os.replace(shutil.copy2(other, f"{path}.x"), path),
}


def with_series(planner, study):
    """Shards of a study, finished, each with raw series."""
    shards = planner.plan(study)
    companions = [shard.path.with_suffix(".series.nc") for shard in shards]
    for shard, series in zip(shards, companions, strict=True):
        shard.path.write_bytes(b"results")
        series.write_bytes(b"a long series of " + shard.name.encode())
    for shard, series in zip(shards, companions, strict=True):
        seal(shard.path, [series])
    return shards, companions


@pytest.mark.parametrize("damage", SERIES_DAMAGE.values(), ids=SERIES_DAMAGE)
def test_a_shard_whose_raw_series_is_damaged_is_planned_anew(planner, damage):
    study = make_study(shards=2)
    shards, companions = with_series(planner, study)
    assert planner.compute(study) == []
    time.sleep(0.01)
    damage(*companions)
    assert [shard.name for shard in planner.plan(study) if not shard.finished] == [shards[0].name]
    assert [series.exists() for series in companions] == [False, True]


def test_raw_series_are_read_at_a_plan_only_after_a_change(planner, monkeypatch):
    """They may be many gigabytes.  What was read and found whole is not read again at the next plan."""
    from ngnmm_core.storage import integrity

    study = make_study(shards=2)
    shards, companions = with_series(planner, study)
    read, digest = [], integrity.digest
    monkeypatch.setattr(integrity, "digest", lambda path: read.append(path) or digest(path))
    planner.compute(study)  # sealed within one tick of a coarse clock, it may be read once
    for harm, expected in ((lambda: None, []), (companions[1].touch, [companions[1]]), (lambda: None, [])):
        time.sleep(0.05)
        harm()
        time.sleep(0.05)
        read.clear()
        assert planner.compute(study) == []
        assert read == expected
    monkeypatch.setattr(integrity.time, "time", lambda: 0.0)  # as if all had been sealed by a clock that was ahead
    read.clear()
    assert planner.compute(study) == []
    assert set(read) == {*companions, *(shard.path for shard in shards)}


def test_what_all_points_have_in_common_is_written_once(planner):
    (shard,) = planner.plan(make_study(grid={"G": [-0.0, 2, 5], "I_ext_i": [-0.0], "seed": [1]}))
    columns = read_definition(shard.definition)["columns"]
    assert len(columns["G"]) == 3
    assert columns["seed"] == 1
    read = definition_points(read_definition(shard.definition)).columns
    assert [np.signbit(read[name]).tolist() for name in ("G", "I_ext_i")] == [[True, False, False], [True] * 3]
