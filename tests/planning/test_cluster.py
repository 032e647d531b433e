"""What a cluster adds to a run: SLURM's word on the jobs, from a made-up `sbatch`, and the time around the jobs."""

import os
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace

import pytest
from made_up_results import make_study
from snakemake.resources import Resources
from snakemake_executor_plugin_slurm import ExecutorSettings

from ngnmm_core.errors import InputError
from ngnmm_core.orchestration.cluster import submitted_as
from ngnmm_core.preflight.checks import large_matrices
from ngnmm_core.preflight.cluster import (
    COMPILING_S,
    STARTING_S,
    cluster_seconds,
    cluster_text,
    polling_seconds,
    sbatch_options,
    seconds_to_start,
)

NOW = datetime(2026, 3, 1, 12, 0, 0)


@pytest.fixture
def sbatch(tmp_path, monkeypatch):
    """`sbatch(said, code)`: a program of that name which notes its options and answers this."""

    def install(said, code=0):
        program = tmp_path / "sbatch"
        program.write_text(f'#!/bin/sh\necho "$@" >{tmp_path}/asked\necho "{said}" >&2\nexit {code}\n')
        program.chmod(0o755)
        return tmp_path / "asked"

    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    return install


def test_the_queue_is_what_slurm_says(sbatch):
    asked = sbatch("sbatch: Job 7 to start at 2026-03-01T12:34:56 using 1 processors on nodes n1 in partition main")
    options = sbatch_options({"slurm_partition": "main", "slurm_extra": "'--qos=long --nice=3'"}, 1500, 40)
    assert seconds_to_start(options, NOW) == 34 * 60 + 56
    said = Path(asked).read_text().split()
    assert said[:2] == ["--test-only", "--partition=main"]
    assert set(said) >= {"--qos=long", "--nice=3", "--mem=1500", "--time=40", "--ntasks=1"}


def test_a_start_in_the_past_is_now(sbatch):
    sbatch("sbatch: Job 7 to start at 2026-03-01T11:59:59 using 1 processors on nodes n1 in partition main")
    assert seconds_to_start([], NOW) == 0


def test_what_slurm_refuses_ends_the_run_in_one_line(sbatch):
    sbatch("sbatch: error: invalid partition specified: wrong\nallocation failure: Invalid partition name specified", 1)
    with pytest.raises(InputError, match="--partition=wrong: Invalid partition name specified; allowed: ") as caught:
        seconds_to_start(["--partition=wrong"])
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("said", ["sbatch: error: Unable to contact slurm controller (connect failure)", ""])
def test_a_controller_that_is_away_ends_nothing(sbatch, said):
    sbatch(said, 1)
    assert seconds_to_start([]) is None


def test_resources_of_a_profile_are_those_of_the_first_attempt():
    """Words, quoted words and expressions, as profiles hold them; what is set for shards goes over the defaults."""
    parse = lambda *words: Resources.parse(list(words), allow_expressions=True)
    resources = SimpleNamespace(
        default_resources=parse("slurm_partition=main", 'slurm_account="mine"', "runtime=5", "disk_mb=input.size_mb"),
        overwrite_resources={"shard": parse("mem_mb=4000 * attempt", "slurm_partition=long")},
    )
    run = SimpleNamespace(dryrun=False, resource_settings=resources, executor_settings=ExecutorSettings())
    found = submitted_as(run)
    assert found == {"slurm_partition": "long", "slurm_account": "mine", "runtime": 5, "mem_mb": 4000}
    run.executor_settings = None
    assert submitted_as(run) is None


@pytest.mark.parametrize(
    ("words", "on_slurm"),
    [
        (["--profile", "profiles/slurm", "-n"], True),
        (["--executor", "slurm", "--jobs", "3", "-n"], True),
        (["--cores", "2", "-n"], False),
        (["not", "--snakemake's"], False),
    ],
)
def test_a_dry_run_tells_where_the_run_would_go(words, on_slurm, monkeypatch):
    monkeypatch.chdir(Path(__file__).parents[2])
    monkeypatch.setattr("sys.argv", ["snakemake", *words])
    run = SimpleNamespace(dryrun=True, resource_settings=SimpleNamespace(default_resources={}, overwrite_resources={}))
    assert submitted_as(run) == ({} if on_slurm else None)


@pytest.mark.parametrize("seconds", [5, 60, 1000, 20000])
def test_the_lag_of_polling_is_that_of_looks_one_by_one(seconds):
    """Looks after 20, 30, 40, ... s, 180 at the most; a job waits half of one on average."""
    interval, time = 20.0, 20.0
    while time < seconds:
        interval = min(interval + 10.0, 180.0)
        time += interval
    assert polling_seconds(seconds) == pytest.approx(interval / 2, abs=5.0)


def test_wall_time_counts_what_is_around_the_jobs():
    wall, idle = cluster_seconds([60.0] * 4, workers=2, compilations=2, queue=100.0)
    each = STARTING_S + 60.0 + polling_seconds(60.0)
    assert wall == pytest.approx(2 * COMPILING_S + 100.0 + 2 * each)
    assert idle == pytest.approx(wall - 120.0)
    text = cluster_text([60.0] * 4, 200, 2, 100.0)
    assert "with 4 jobs at once" in text
    assert "100 s until the first starts" in text
    assert "an unknown time until" in cluster_text([60.0], 2, 0, None)


def test_matrices_of_a_large_sweep_are_warned_of():
    """Two signals, 94 * 93 / 2 pairs, 4 bytes each, in shards and merged."""
    grid = {"G": {"start": 0, "stop": 24, "num": 491}, "I_ext_e": {"start": 0, "stop": 16, "num": 491}}
    (line,) = large_matrices(make_study(grid=grid, analyses=["rates", "fc"]), 94)
    gigabytes = 2 * 4 * 2 * 491**2 * (94 * 93 // 2) / 1e9
    assert line.startswith(f"warning: analyses.fc: matrices of {491**2} points take {gigabytes:.3g} GB of ")
    assert large_matrices(make_study(grid=grid, analyses=["rates"]), 94) == []
    assert large_matrices(make_study(grid={"G": [1, 2]}, analyses=["rates", "fc"]), 94) == []
