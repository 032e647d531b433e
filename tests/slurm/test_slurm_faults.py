"""What clusters do to jobs: memory, time, scancel, a node that goes; each job comes back and nothing is lost."""

import os
import signal
from pathlib import Path

import pytest
from checkouts import sha256
from cluster import finish


@pytest.fixture
def same_bits(site, local):
    """Checks at the end that the study has the bits of a local run."""
    yield
    assert sha256(site.results / "sweep.nc") == sha256(local)


def attempts(jobs):
    """Jobs by shard, in the order of their submission."""
    by_shard = {}
    for job in jobs:
        by_shard.setdefault(job.wildcards, []).append(job)
    return by_shard.values()


def test_a_job_killed_for_memory_comes_back_with_more(cluster, site, same_bits):
    before = cluster.last()
    little = "60 if attempt == 1 else 1500 * attempt"
    site.run("--set-resources", f"shard:mem_mb={little}")
    for first, second in attempts(cluster.since(before, "shard")):
        assert (first.state in ("OUT_OF_MEMORY", "FAILED", "CANCELLED"), first.memory_mb) == (True, 60)
        (log,) = site.checkout.folder.glob(f"logs/slurm/rule_shard/*/{first.number}.log")
        assert "memory limit" in log.read_text()
        assert (second.state, second.memory_mb) == ("COMPLETED", 3000)


def test_cancelled_and_overdue_jobs_come_back(cluster, site, same_bits):
    """One job is cancelled; one hangs until its time is up."""
    before = cluster.last()
    running = lambda: cluster.since(before, "shard", "RUNNING")
    with site.running("--set-resources", "shard:runtime=1 if attempt == 1 else 20") as run:
        victim, hanging, *_ = cluster.wait("two running jobs", lambda: len(running()) >= 2 and running())
        cluster.wait("its processes", lambda: len(cluster.pids(hanging)) > 2)
        cluster.freeze(hanging)
        os.system(f"scancel {victim.number}")
        finish(run)
    by_number = {job.number: job for job in cluster.since(before, "shard")}
    assert by_number[victim.number].state == "CANCELLED"
    assert by_number[hanging.number].state == "TIMEOUT"
    for first, *later in attempts(by_number.values()):
        assert [job.minutes for job in (first, *later)] == [1, *[20] * len(later)]
        # what the rule itself asks for doubles
        doubled = [first.memory_mb * 2 ** (n + 1) for n in range(len(later))]
        assert [job.memory_mb for job in later] == pytest.approx(doubled, abs=4)
        assert [first, *later][-1].state == "COMPLETED"


def test_a_node_that_goes_down_and_comes_back(cluster, site, same_bits):
    before = cluster.last()
    with site.running() as run:
        cluster.wait("running jobs", lambda: len(cluster.since(before, "shard", "RUNNING")) == 4)
        slurmd = Path(os.environ.get("SLURM_ROOT", "/var/lib/ngnmm-slurm"), "run", "slurmd.pid")
        os.kill(int(slurmd.read_text()), signal.SIGKILL)
        cluster.node("down")
        lost = cluster.since(before, "shard", "NODE_FAIL")
        assert len(lost) == 4
        slurmd.unlink(missing_ok=True)
        cluster.up()  # slurmd registers, which takes the node back into service
        finish(run)
    for first, second in attempts(cluster.since(before, "shard")):
        assert (first.state, second.state) == ("NODE_FAIL", "COMPLETED")
