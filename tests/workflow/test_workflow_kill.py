"""A run that is killed leaves nothing that is taken for complete, and the next one does only what is missing."""

import json
import os
import signal
import subprocess
import time
from types import SimpleNamespace

import numpy as np
import pytest
import xarray as xr
from checkouts import jobs, overwrite, sha256, shard_files

pytestmark = [pytest.mark.workflow, pytest.mark.slow]


@pytest.fixture(scope="module")
def killed(new_checkout):
    """A run of the eight points in four shards, killed with all its processes when a shard is done."""
    checkout = new_checkout()
    name = checkout.write_study(study="killed", shards=4)
    results = checkout.folder / "results" / "killed"
    run = subprocess.Popen(
        checkout.command(str(checkout.sweep("killed")), "--configfile", name),
        cwd=checkout.folder,
        env=checkout.environment,
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + 120
        while not shard_files(results) and run.poll() is None and time.monotonic() < deadline:
            time.sleep(0.02)
        unlocked_alive = checkout.module("unlock").stdout
    finally:
        os.killpg(run.pid, signal.SIGKILL)
        run.wait()
    shards = shard_files(results)
    assert 1 <= len(shards) < 4, "the run was not killed in its middle"
    assert (results / ".lock").is_file()
    unlocked_dead = checkout.module("unlock").stdout
    return SimpleNamespace(
        checkout=checkout, study=name, results=results, shards=shards, unlocked=(unlocked_alive, unlocked_dead)
    )


@pytest.fixture(scope="module")
def partial(killed):
    """The partial dataset of the killed run."""
    done = jobs(killed.checkout.snakemake("partial", "--configfile", killed.study))
    assert set(done) == {"merge_partial", "partial"}
    assert not (killed.results / "sweep.nc").exists()
    assert shard_files(killed.results) == killed.shards
    return xr.load_dataset(killed.results / "sweep.partial.nc")


@pytest.fixture(scope="module")
def resumed(killed, partial):
    """The jobs of a second run that completes the killed one."""
    return jobs(killed.checkout.snakemake(str(killed.checkout.sweep("killed")), "--configfile", killed.study))


def test_the_lock_of_a_living_run_stays_and_that_of_a_dead_one_goes(killed):
    alive, dead = killed.unlocked
    assert "locked by" in alive
    assert "removed" in dead


def test_every_shard_that_a_killed_run_has_left_can_be_read(killed):
    for name in killed.shards:
        with xr.open_dataset(killed.results / "shards" / "simulation" / name) as shard:
            assert np.isfinite(shard.firing_rate).all()


def test_a_killed_run_can_be_merged_in_part(killed, partial, sweep):
    assert partial.attrs["missing_points"] == 8 - 2 * len(killed.shards)
    there = np.isfinite(partial.firing_rate)
    assert int(there.isel(population=0, region=0).sum()) == 2 * len(killed.shards)
    xr.testing.assert_equal(partial.firing_rate, sweep.firing_rate.where(there))


def test_the_next_run_does_only_what_is_missing(killed, resumed):
    assert resumed["shard"] == 4 - len(killed.shards)
    assert "connectome" not in resumed
    after = shard_files(killed.results)
    assert {name: after[name] for name in killed.shards} == killed.shards


def test_the_completed_run_equals_an_undisturbed_one(killed, resumed, finished):
    assert sha256(killed.results / "sweep.nc") == sha256(finished / "sweep.nc")
    assert killed.checkout.planned_sweep("killed") == {}


@pytest.fixture(scope="module")
def harmed(finished_copy):
    """A copy whose finished study, three.yaml, is harmed and mended again."""
    return finished_copy()


@pytest.fixture
def results(harmed):
    """The folder of its results."""
    return harmed.folder / "results" / "three"


def shards_by_size(results):
    """The smallest first, of two points: three of the eight points would be cut into two shards."""
    definitions = (results / "shards" / "simulation").glob("*.json")
    by_size = sorted(definitions, key=lambda path: len(json.loads(path.read_text())["ids"]))
    return [path.with_suffix(".nc") for path in by_size]


def test_a_damaged_shard_of_a_finished_study_is_computed_again(harmed, results, finished):
    """Its results are in the merged file already; those who look for the shard must find it all the same."""
    shard = shards_by_size(results)[0]
    before = shard_files(results)
    shard.write_bytes(shard.read_bytes()[:1000])
    assert harmed.planned_sweep("three")["shard"] == 1
    done = jobs(harmed.snakemake(str(harmed.sweep("three")), "--configfile", "three.yaml"))
    assert (done["shard"], done["merge"]) == (1, 1)
    assert set(shard_files(results)) == set(before)
    assert sha256(results / "sweep.nc") == sha256(finished / "sweep.nc")
    assert harmed.planned_sweep("three") == {}


def test_a_lost_shard_of_a_finished_study_is_computed_again(harmed, results):
    shard = shards_by_size(results)[0]
    shard.unlink()
    assert harmed.planned_sweep("three")["shard"] == 1
    harmed.snakemake(str(harmed.sweep("three")), "--configfile", "three.yaml")
    assert shard.is_file()
    assert harmed.planned_sweep("three") == {}


def test_a_shard_whose_change_nothing_shows_is_refused_once_and_then_computed_again(harmed, results, finished):
    """Only the merge, which reads every byte, can find it; the next run must not trip over it again."""
    target = str(harmed.sweep("three"))
    (results / "sweep.nc").unlink()
    rotten, *healthy = shards_by_size(results)
    before = shard_files(results)
    overwrite(rotten, unseen=True)
    failed = harmed.call(*harmed.command(target, "--configfile", "three.yaml", "--retries", "0"))
    assert failed.returncode == 1
    assert f"{rotten.name}: damaged" in failed.stdout + failed.stderr
    assert "(1 of 3 shards)" in failed.stdout + failed.stderr
    done = jobs(harmed.snakemake(target, "--configfile", "three.yaml"))
    assert (done["shard"], done["merge"]) == (1, 1)
    after = shard_files(results)
    assert {path.name: after[path.name] for path in healthy} == {path.name: before[path.name] for path in healthy}
    assert sha256(results / "sweep.nc") == sha256(finished / "sweep.nc")
