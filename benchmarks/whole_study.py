"""How much longer a whole study takes than its kernels: wall time over the kernels' CPU time on all cores.

    python -m benchmarks.whole_study               five minutes of kernels on two cores: three minutes on the clock

A sweep with rates, spectra, FC and synchrony of a made-up network of 90 regions is run by Snakemake in a folder of its
own, from planning to the merged file, with a warm cache.  What the kernels took is in the log of every job.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

import numpy as np
import yaml

from benchmarks.documents import DOCS, replace_part, table
from benchmarks.problem import made_network

ROOT = Path(__file__).resolve().parent.parent
SNAKEMAKE = Path(sys.executable).with_name("snakemake")
INTEGRATION = re.compile(r"integration: ([\d.]+) of ([\d.]+) s of CPU time")
TARGET = 1.35  # with the exact flow, whose kernels take half of what those of multirate do
SECONDS_PER_POINT = 0.5  # of CPU time for 10 s of 90 regions, roughly


def study(name: str, points: int) -> dict:
    """A grid over the plane of the paper, with the default simulation of 10 s."""
    side = max(round(points**0.5), 1)
    grid = {"G": np.linspace(1, 16, side).tolist(), "I_ext_e": np.linspace(4, 20, points // side).tolist()}
    analyses = ["rates", "spectra", "fc", "synchrony"]
    return {"study": name, "connectome": {"path": "network.csv"}, "grid": grid, "analyses": analyses}


def run(folder: Path, content: dict, cores: int) -> float:
    """Seconds on the clock from the command to the merged file."""
    name = content["study"]
    (folder / f"{name}.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
    target = f"results/{name}/sweep.nc"
    command = [SNAKEMAKE, "-s", ROOT / "Snakefile", "--directory", folder, "--cores", str(cores)]
    command += ["--configfile", folder / f"{name}.yaml", "--", target]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "NGNMM_CACHE_DIR": str(folder / "kernels")}
    began = time.perf_counter()
    done = subprocess.run(list(map(str, command)), cwd=folder, env=environment, capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stdout + done.stderr)
    return time.perf_counter() - began


def integration(folder: Path, name: str) -> tuple[float, float, int]:
    """CPU seconds of the kernels and of all that the jobs did with the points, and the number of jobs."""
    found = [INTEGRATION.search(log.read_text(encoding="utf-8")) for log in (folder / "logs" / name).rglob("*.log")]
    pairs = np.array([tuple(map(float, match.groups())) for match in found if match]).reshape(-1, 2)
    return *pairs.sum(axis=0), len(pairs)


def main() -> None:
    """Runs the study."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cores", type=int, default=os.cpu_count())
    parser.add_argument("--minutes", type=float, default=5.0, help="of CPU time of the kernels, roughly")
    options = parser.parse_args()
    print(write(options.cores, options.minutes))


def write(cores: int = os.cpu_count() or 1, minutes: float = 5.0) -> str:
    """Run a study whose kernels take so many minutes of CPU time, and put a row into docs/benchmarks/README.md."""
    whole = study("whole", round(60.0 * minutes / SECONDS_PER_POINT))
    points = len(whole["grid"]["G"]) * len(whole["grid"]["I_ext_e"])
    with tempfile.TemporaryDirectory(prefix="whole-study-") as place:
        folder = Path(place)
        np.savetxt(folder / "network.csv", made_network(), delimiter=",")
        run(folder, study("warm", 16), cores)
        wall = run(folder, whole, cores)
        kernels, jobs_cpu, jobs = integration(folder, "whole")
    header = ["points", "jobs", "cores", "wall time", "kernels, CPU", "jobs, CPU", "wall / (kernels / cores)"]
    ratio = wall * cores / kernels
    row = [points, jobs, cores, f"{wall:.0f} s", f"{kernels:.0f} s", f"{jobs_cpu:.0f} s", f"{ratio:.2f}"]
    text = f"{date.today()}; target: {TARGET}.\n\n{table(header, [row])}"
    replace_part(DOCS / "benchmarks" / "README.md", "whole study", text)
    return text


if __name__ == "__main__":
    main()
