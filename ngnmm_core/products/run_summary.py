"""What a run has cost and how its points came out: time and memory by rule, slowest shards, points with a status.

Costs come from the benchmark files that Snakemake writes beside the results, so they are those of the jobs that made
what is there, whenever they ran.
"""

import contextlib
import csv
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import netCDF4
import numpy as np

from ngnmm_core.preflight.cost import time_text

SLOWEST = 5
UNDEFINED = -1


@dataclass(frozen=True)
class Table:
    """A table for the user: title, columns, rows of text."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Cost:
    """What one job took: seconds on the clock and of the processor, and the largest memory (MB)."""

    rule: str
    name: str
    wall: float
    cpu: float
    memory: float


def costs(benchmarks: Path) -> list[Cost]:
    """All jobs that have left a benchmark: `<stage>/<shard>.tsv` for shards, `<rule>.tsv` for others."""
    found = []
    for path in sorted(benchmarks.rglob("*.tsv")):
        parts = path.relative_to(benchmarks).with_suffix("").parts
        rule = f"shard ({parts[0]})" if len(parts) > 1 else parts[0].partition("-")[0]
        with open(path, encoding="utf-8", errors="replace", newline="") as file, contextlib.suppress(csv.Error):
            for row in csv.DictReader(file, delimiter="\t"):
                numbers = (_number(row.get(key)) for key in ("s", "cpu_time", "max_rss"))
                found.append(Cost(rule, parts[-1], *numbers))
    return found


def _number(text: str | None) -> float:
    """Read a number of a benchmark file, in which jobs that were too short to be looked at have `NA`."""
    try:
        return float(text)
    except (TypeError, ValueError):
        return 0.0


def by_rule(jobs: Sequence[Cost]) -> Table:
    """Tabulate sums and extremes of every rule."""
    rows = []
    for rule in dict.fromkeys(job.rule for job in jobs):
        of_rule = [job for job in jobs if job.rule == rule]
        walls = [job.wall for job in of_rule]
        rows.append(
            (
                rule,
                str(len(of_rule)),
                time_text(sum(job.cpu for job in of_rule)),
                time_text(sum(walls)),
                time_text(float(np.median(walls))),
                time_text(max(walls)),
                f"{max(job.memory for job in of_rule):.0f} MB",
            )
        )
    columns = ("rule", "jobs", "CPU time", "wall time", "median", "longest", "most memory")
    return Table("What the rules cost", columns, tuple(rows))


def slowest(jobs: Sequence[Cost]) -> Table:
    """Tabulate the shards that took longest."""
    shards = sorted((j for j in jobs if j.rule.startswith("shard ")), key=lambda j: (-j.wall, j.name))[:SLOWEST]
    rows = tuple((j.name, j.rule[7:-1], time_text(j.wall), time_text(j.cpu), f"{j.memory:.0f} MB") for j in shards)
    return Table("Slowest shards", ("shard", "stage", "wall time", "CPU time", "memory"), rows)


def statuses(files: Sequence[Path]) -> Table:
    """How many points have which status, over the merged files; those that are all right are left out."""
    rows = []
    for path in files:
        with netCDF4.Dataset(path) as file:
            file.set_auto_mask(False)
            for name, variable in file.variables.items():
                if name.endswith("_status"):
                    rows += [(path.name, name, *row) for row in _counts(variable)]
    return Table("Points with a status", ("file", "variable", "status", "points", "of"), tuple(rows))


def _counts(variable: netCDF4.Variable) -> list[tuple[str, str, str]]:
    names = dict(zip(np.atleast_1d(variable.flag_values).tolist(), variable.flag_meanings.split(), strict=True))
    counted = Counter(np.asarray(variable[...]).ravel().tolist())
    total = str(sum(counted.values()))
    return [(names.get(code, str(code)), str(count), total) for code, count in sorted(counted.items()) if code != 0]


def points_text(merged: Sequence[Path]) -> list[str]:
    """One line per merged file on how its points came out; files whose points are all right are left out."""
    lines = {}
    for file, variable, name, count, total in statuses(merged).rows:
        analysis = variable.removesuffix("_status")
        if name == "undefined":
            key = f"{analysis}: {int(total) - int(count)} of {total} points asked for"
            lines.setdefault(file, {}).setdefault(key, [])
        else:
            lines.setdefault(file, {}).setdefault(f"{count} of {total} {name.replace('_', ' ')}", []).append(analysis)
    return [
        f"{file}: " + "; ".join(f"{key} ({', '.join(of)})" if of else key for key, of in found.items())
        for file, found in lines.items()
    ]


def cost_text(results: Path) -> str:
    """One line on what all jobs of a study took, whenever they ran; empty if nothing is known."""
    jobs = costs(results / "benchmarks")
    if not jobs:
        return ""
    shards = [job for job in jobs if job.rule.startswith("shard ")]
    others = sum(job.cpu for job in jobs) - sum(job.cpu for job in shards)
    longest = max((job.wall for job in shards), default=0.0)
    return (
        f"took {time_text(sum(job.cpu for job in shards))} of CPU time in {len(shards)} shards (the longest ran "
        f"for {time_text(longest)}), {time_text(others)} in compilation, merges and figures"
    )


def cost_tables(benchmarks: Path) -> list[Table]:
    """Make the tables of what the jobs of a study took, without empty ones."""
    jobs = costs(benchmarks)
    return [table for table in (by_rule(jobs), slowest(jobs)) if table.rows]


def points_table(merged: Sequence[Path]) -> Table:
    """Make the table of the points with a status; it says so where all are right."""
    points = statuses(merged)
    return points if points.rows else Table("Points with a status", ("all points",), (("ok",),))
