"""Shards and raw series that are not what their jobs wrote: noticed when a study is planned, and planned anew."""

import os
import shutil
import time

import pytest
from made_up_results import every_point_once, make_study

from ngnmm_core.storage.integrity import checksum_path, seal
from ngnmm_core.sweep.identity import definition_points, read_definition
from ngnmm_core.sweep.shard import load_task


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
