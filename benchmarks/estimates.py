"""What `snakemake -n` says a study will cost, beside what its jobs took, for docs/benchmarks/estimates.md.

    python -m benchmarks.estimates

Three studies on a made-up network of 90 regions.  Every job of every shard is run as Snakemake runs it, in a process of
its own, and its CPU time (user and system) is that of the operating system.  About five minutes.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

import numpy as np

from benchmarks.documents import DOCS, replace_part, table
from benchmarks.problem import made_network

ROOT = Path(__file__).resolve().parent.parent
SCRIPT = ROOT / "workflow" / "scripts" / "sweep/shard.py"
REGIONS = 90
STUDIES = {
    "a sweep": {
        "grid": {"G": {"start": 2, "stop": 16, "num": 8}, "I_ext_e": {"start": 3, "stop": 17, "num": 8}},
        "simulation": {"duration_ms": 2000, "transient_ms": 500},
        "analyses": ["rates", "spectra", "fc", "synchrony"],
        "shards": 4,
    },
    "the homogeneous system": {
        "grid": {"G": {"start": 0.5, "stop": 15.5, "num": 20}, "I_ext_e": {"start": 3, "stop": 18, "num": 20}},
        "analyses": ["msf", "lyapunov"],
        "shards": 2,
    },
    "heavy analyses": {
        "grid": {"G": [5, 9], "I_ext_e": [10, 13]},
        "analyses": {
            "network_lyapunov": {"exponents": 12, "duration_ms": 1000, "transient_ms": 300},
            "continuation": {"parameter": "I_ext_e", "range": [0, 30]},
        },
        "shards": 4,
    },
}


def studies(folder: Path):
    """The studies, loaded; their connectome is a file in a folder."""
    from ngnmm_core.study.load import load_studies

    np.savetxt(folder / "network.csv", made_network(REGIONS), delimiter=",")
    for title, content in STUDIES.items():
        config = {"study": title.split()[-1], "connectome": {"path": str(folder / "network.csv")}, **content}
        yield title, *load_studies(config).values()


def cpu_seconds(who: int) -> float:
    """CPU time (s) that this process, or its children that have ended, have used."""
    used = resource.getrusage(who)
    return used.ru_utime + used.ru_stime


def measured(study, stage: str, folder: Path) -> tuple[float, list[int]]:
    """CPU seconds of all jobs of a stage, and the points of each."""
    from ngnmm_core.sweep.plan import plan

    shards = plan(study, stage, folder / study.name / stage, "network", REGIONS, True)
    took = 0.0
    for k, shard in enumerate(shards):
        files = ["--definition", shard.definition, "--connectome", folder / "connectome.nc", "--shard", shard.path]
        command = [sys.executable, SCRIPT, *files]
        if not k:
            _run(command)  # compiles
        before = cpu_seconds(resource.RUSAGE_CHILDREN)
        _run(command)
        took += cpu_seconds(resource.RUSAGE_CHILDREN) - before
    return took, [len(shard.ids) for shard in shards]


def _run(command) -> None:
    threads = dict.fromkeys(("NUMBA_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
    environment = os.environ | threads | {"PYTHONPATH": str(ROOT)}
    subprocess.run([str(word) for word in command], check=True, env=environment, stderr=subprocess.DEVNULL)


def row(title: str, study, stage: str, folder: Path) -> list[str]:
    """A row of the table."""
    from ngnmm_core.preflight.calibration import measure
    from ngnmm_core.preflight.cost import time_text
    from ngnmm_core.preflight.estimate import estimate
    from ngnmm_core.stages.registry import STAGES

    took, points = measured(study, stage, folder)
    begin = time.process_time()
    here = measure(study, stage, REGIONS)
    calibration = time.process_time() - begin
    told = [
        sum(estimate(study, stage, REGIONS, points, rates).jobs) for rates in (STAGES[stage].cost(study, REGIONS), here)
    ]
    ratios = [f"{seconds:.1f} s ({seconds / took:.2f})" for seconds in told]
    calibrated = time_text(calibration) if here.source else "-"
    return [f"{title}: `{stage}`", f"{sum(points)}", f"{len(points)}", f"{took:.1f} s", *ratios, calibrated]


def main() -> None:
    """Writes the table into docs/benchmarks/estimates.md."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.parse_args()
    from ngnmm_core.compilation.cpu_target import processor
    from ngnmm_core.connectome.arrays import ConnectomeArrays
    from ngnmm_core.connectome.datasets import as_dataset
    from ngnmm_core.stages.registry import stages_of
    from ngnmm_core.storage.netcdf import write_netcdf

    rows = []
    with tempfile.TemporaryDirectory(prefix="estimates-") as name:
        folder = Path(name)
        labels = [f"region {k}" for k in range(REGIONS)]
        write_netcdf(as_dataset(ConnectomeArrays(made_network(REGIONS), labels), {}), folder / "connectome.nc")
        for title, study in studies(folder):
            for stage in stages_of(study):
                rows.append(row(title, study, stage.name, folder))
                print(*rows[-1], sep="\t", flush=True)
    header = ["study: stage", "points", "jobs", "CPU time", "told at first", "told after calibration", "it took"]
    text = f"{date.today()}, {processor()}. In brackets: what was told over what it took.\n\n{table(header, rows)}"
    replace_part(DOCS / "benchmarks" / "estimates.md", "estimates", text)


if __name__ == "__main__":
    main()
