"""What the user is told at the end of a run, from made-up benchmark files and a made-up sweep."""

import netCDF4
import numpy as np
import pytest

from ngnmm_core.analysis.contract import status
from ngnmm_core.dataset.provenance import job_times
from ngnmm_core.products.run_summary import (
    by_rule,
    cost_tables,
    cost_text,
    costs,
    points_table,
    points_text,
    slowest,
    statuses,
)
from ngnmm_core.storage.flags import Status

HEADER = "s\th:m:s\tmax_rss\tmax_vms\tcpu_time\n"


class SlowStatus(Status):
    SLOW = 2


@pytest.fixture
def results(tmp_path):
    """The folder of a study: seven shards that took 10, 20, ... s, a merge, and a job that was too short to measure."""
    folder = tmp_path / "benchmarks"
    (folder / "simulation").mkdir(parents=True)
    for k in range(1, 8):
        row = f"{10 * k}\t0:00:{10 * k}\t{100 + k}\t1\t{9 * k}\n"
        (folder / "simulation" / f"{k:016x}.tsv").write_text(HEADER + row)
    (folder / "merge-sweep.tsv").write_text(f"{HEADER}3.5\t0:00:03\t250.6\t1\t2.5\n")
    (folder / "merge-highlights.tsv").write_text(f"{HEADER}0.5\t0:00:00\tNA\tNA\tNA\n")
    return tmp_path


@pytest.fixture
def merged(tmp_path):
    """A sweep with 12 points, of which two diverged and one is missing."""
    declared = status("simulation", SlowStatus)
    with netCDF4.Dataset(tmp_path / "sweep.nc", "w") as file:
        file.createDimension("G", 12)
        variable = file.createVariable(declared.name, declared.dtype, ("G",))
        variable.setncatts(declared.attributes)
        variable[:] = np.array([0] * 9 + [1, 1, -1], np.int8)
    return [tmp_path / "sweep.nc"]


def test_what_every_rule_cost(results):
    assert by_rule(costs(results / "benchmarks")).rows == (
        ("merge", "2", "2.5 s", "4 s", "2 s", "3.5 s", "251 MB"),
        ("shard (simulation)", "7", "4.2 min", "4.7 min", "40 s", "70 s", "107 MB"),
    )


def test_the_slowest_shards_come_first(results):
    rows = slowest(costs(results / "benchmarks")).rows
    assert [row[0] for row in rows] == [f"{k:016x}" for k in (7, 6, 5, 4, 3)]
    assert rows[0] == (f"{7:016x}", "simulation", "70 s", "63 s", "107 MB")


def test_points_with_a_status_are_counted(merged):
    assert statuses(merged).rows == (
        ("sweep.nc", "simulation_status", "undefined", "1", "12"),
        ("sweep.nc", "simulation_status", "diverged", "2", "12"),
    )


def test_points_that_are_all_right_are_said_to_be():
    assert points_table([]).rows == (("ok",),)


def test_points_are_told_in_words(merged):
    assert points_text(merged) == ["sweep.nc: simulation: 11 of 12 points asked for; 2 of 12 diverged (simulation)"]
    assert points_text([]) == []


def test_the_cost_of_a_study_in_one_line(results, tmp_path):
    assert cost_text(results) == (
        "took 4.2 min of CPU time in 7 shards (the longest ran for 70 s), 2.5 s in compilation, merges and figures"
    )
    assert cost_text(tmp_path / "nothing") == ""


def test_a_study_without_benchmarks_has_nothing_to_tell_but_its_points(tmp_path):
    assert cost_tables(tmp_path / "benchmarks") == []
    assert points_table([]).title == "Points with a status"


@pytest.mark.parametrize(
    "damage", [b"", b"s\th:m:s\n", b"s\tmax_rss\tcpu_time\n\xff\x00\tNA\t\n", b"\xff\xfe\n1\t2\n", None]
)
def test_a_benchmark_that_a_full_disk_has_left_empty_is_no_obstacle(results, damage):
    """What a job took is then not known, and all else is."""
    shard = results / "shards" / "simulation" / f"{3:016x}.nc"
    shard.parent.mkdir(parents=True)
    shard.touch()
    whole = job_times(shard)
    assert (whole["wall_s"], whole["cpu_s"], whole["peak_memory_MB"]) == (30.0, 27.0, 103.0)
    benchmark = results / "benchmarks" / "simulation" / f"{3:016x}.tsv"
    benchmark.unlink() if damage is None else benchmark.write_bytes(damage)
    assert job_times(shard) == {"finished": whole["finished"]}
    assert cost_text(results).startswith("took 3.8 min of CPU time in ")
