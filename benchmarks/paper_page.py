"""Fills docs/paper.md from a finished run of the study `paper`: pictures, times, checks.

python -m benchmarks.paper_page [results/paper]
"""

import argparse
import shutil
from pathlib import Path

from benchmarks.documents import DOCS, replace_part, table
from ngnmm_core.plotting.paper import FIGURES, OTHERS
from ngnmm_core.preflight.cost import time_text
from ngnmm_core.products.run_summary import costs

PAGE, PICTURES = DOCS / "paper.md", DOCS / "paper"
CHECKS = OTHERS[0]


def times(results: Path) -> str:
    """CPU time of each part, the figures that are drawn from it, and the memory of its largest job."""
    rows, total = [], 0.0
    for part in sorted(folder.parent for folder in results.glob("*/benchmarks")):
        jobs = costs(part / "benchmarks")
        seconds = sum(job.cpu for job in jobs)
        figures = [f"`{f.name}`" for f in FIGURES if any(s.split("/")[0] == part.name for s in f.sources.values())]
        longest, memory = max(job.wall for job in jobs), max(job.memory for job in jobs)
        shards = sum(job.rule.startswith("shard ") for job in jobs)
        rows.append(
            (f"`{part.name}`", ", ".join(figures), shards, time_text(seconds), time_text(longest), f"{memory:.0f} MB")
        )
        total += seconds
    rows.append(("all", "", sum(row[2] for row in rows), time_text(total), "", ""))
    return table(("part", "figures", "shards", "CPU time", "longest job", "most memory"), rows)


def main() -> None:
    """Copies the pictures and renews the tables."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("results", nargs="?", type=Path, default=Path("results/paper"), help="folder of a finished run")
    results = parser.parse_args().results
    missing = [f for f in (CHECKS, *(f"figures/{x.name}.png" for x in FIGURES)) if not (results / f).is_file()]
    if missing:
        parser.error(f"{results}: {missing[0]} is not there; allowed: the folder of a finished run of the study paper")
    for figure in FIGURES:
        shutil.copyfile(results / "figures" / f"{figure.name}.png", PICTURES / f"{figure.name}.png")
    replace_part(PAGE, "times", times(results))
    replace_part(PAGE, "checks", (results / CHECKS).read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
