"""Snakemake itself dies, or is stopped, and is started again."""

import os
import signal
import time

from checkouts import sha256
from cluster import ALIVE, finish


def until_a_shard_is_done(cluster, site, run, before):
    cluster.wait("a finished shard", site.finished_shards)
    assert run.poll() is None


def test_snakemake_killed_and_started_again(cluster, site, checkout, local):
    """Its jobs go on without it; the next one needs no more than the lock removed, and does not repeat what is done."""
    before = cluster.last()
    with site.running("--jobs", "2") as run:
        until_a_shard_is_done(cluster, site, run, before)
        os.killpg(run.pid, signal.SIGKILL)
        run.wait()
    done = site.finished_shards()
    assert "removed the lock" in checkout.module("unlock").stdout
    at_restart = cluster.last()
    site.run()
    again = {job.wildcards.split("_")[-1] for job in cluster.since(at_restart, "shard")}
    assert again
    assert not again & set(done)
    assert sha256(site.results / "sweep.nc") == sha256(local)


def test_snakemake_interrupted_and_started_again(cluster, site, local):
    """Ctrl-C cancels the jobs; the next run needs nothing done first."""
    before = cluster.last()
    with site.running("--jobs", "2") as run:
        cluster.wait("a running job", lambda: cluster.since(before, "shard", "RUNNING"))
        time.sleep(1)
        os.kill(run.pid, signal.SIGINT)
        run.wait(timeout=60)
    assert run.returncode != 0
    cluster.wait("the end of all jobs", lambda: not cluster.since(before, "", *ALIVE))
    assert not (site.results / "sweep.nc").exists()
    with site.running() as again:
        finish(again)
    assert sha256(site.results / "sweep.nc") == sha256(local)
