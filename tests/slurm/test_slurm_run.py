"""A study on a real SLURM: the same bits as on a laptop, and what jobs ask for."""

import re

import pytest
from checkouts import jobs, sha256
from cluster import Site

from ngnmm_core.dataset.assemble import load_resolved
from ngnmm_core.orchestration import job_resources as resources
from ngnmm_core.storage.checked_json import read_checked


@pytest.fixture(scope="module")
def plain(cluster, checkout, local):
    """A whole run from nothing: the site, the jobs that SLURM got, and what Snakemake said."""
    site, before = Site(checkout, "plain", shards=4), cluster.last()
    site.targets.append("results/plain/provenance.json")
    said = site.run()
    return site, cluster.since(before), said


def test_a_run_on_the_cluster_gives_the_bits_of_a_local_one(plain, local):
    assert sha256(plain[0].results / "sweep.nc") == sha256(local)


def test_small_jobs_stay_where_snakemake_is(plain):
    _, submitted, said = plain
    assert [job.rule for job in submitted] == ["shard"] * 4
    assert {rule: jobs(said)[rule] for rule in ("warmup", "merge", "provenance")} == dict.fromkeys(
        ("warmup", "merge", "provenance"), 1
    )
    assert {job.state for job in submitted} <= {"COMPLETED", "COMPLETING"}


def test_jobs_ask_for_what_their_shards_need(plain):
    site, submitted, _ = plain
    study = load_resolved(site.results / "study.json")
    shards = [job for job in submitted if job.rule == "shard"]
    for job in shards:
        assert job.memory_mb == resources.grown(resources.shard_memory(study, "simulation", 6, 2), 1)
        assert job.minutes == resources.grown(resources.shard_minutes(study, "simulation", 6, 2), 1)
        assert job.cpus == 1


def test_a_run_tells_what_it_will_cost_and_measures_the_machine(plain, checkout):
    said = plain[2]
    assert "plain (simulation): 8 points, 8 to compute in 4 jobs; about" in said
    assert "in all 8 points in 4 jobs" in said
    assert re.search(
        r"with 4 jobs at once \(of it .* looking after jobs; SLURM says \d.* until the first starts\)", said
    )
    (kept,) = (p for p in checkout.kernels.glob("calibration-*.json"))
    assert read_checked(kept)["source"]


def test_a_second_run_submits_nothing(plain, cluster):
    site, before = plain[0], cluster.last()
    assert "Nothing to be done" in site.run()
    assert cluster.last() == before


def test_damaged_shards_are_computed_again_and_never_merged(plain, cluster, local):
    site, before = plain[0], cluster.last()
    first, second, *_ = sorted((site.results / "shards" / "simulation").glob("*.nc"))
    first.write_bytes(first.read_bytes()[:-500])
    content = bytearray(second.read_bytes())
    content[len(content) // 2] ^= 1
    second.write_bytes(content)
    (site.results / "sweep.nc").unlink()
    said = site.run()
    assert said.count("damaged or unfinished; computed again") == 2
    assert sorted(j.wildcards.split("_")[-1] for j in cluster.since(before, "shard")) == [first.stem, second.stem]
    assert sha256(site.results / "sweep.nc") == sha256(local)


@pytest.mark.parametrize("dry", [(), ("-n",)], ids=["run", "dry run"])
def test_a_wrong_partition_ends_the_run_before_its_first_job(cluster, checkout, local, dry):
    site, before = Site(checkout, "lost", shards=4), cluster.last()
    with site.running("--default-resources", "slurm_partition=wrong", *dry) as run:
        run.wait(timeout=60)
    (line,) = [line for line in run.log.read_text().splitlines() if line.startswith("error: ")]
    assert "--partition=wrong" in line
    assert "; allowed: " in line
    assert "Traceback" not in run.log.read_text()
    assert run.returncode != 0
    assert cluster.last() == before
