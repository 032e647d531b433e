"""How planning, merging and opening scale with the number of points; writes docs/benchmarks/scale.md.

    python benchmarks/scale.py                 everything (some minutes)
    python benchmarks/scale.py --run 0         without the real run

Three tables: dry runs of Snakemake on studies of 10^3 to 10^6 points; merges of made-up results of as many points in
500 shards; and a study of 10^5 points on a small network that is really run.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import yaml

ROOT = Path(__file__).resolve().parent.parent
REPORT = ROOT / "docs" / "benchmarks" / "scale.md"
SNAKEMAKE = str(Path(sys.executable).with_name("snakemake"))
MADE_UP = ("simulation", "msf")
OPEN = """
import time
import xarray as xr
start = time.perf_counter()
dataset = xr.open_dataset("{path}")
opened = time.perf_counter() - start
dataset.isel(G=0, I_ext_e=0).load()
print(opened, time.perf_counter() - start - opened)
"""


def grid(points: int) -> dict:
    """A grid of about that many points, over the plane of the paper."""
    side = round(points**0.5)
    return {"G": {"start": 0.5, "stop": 16, "num": side}, "I_ext_e": {"start": 0, "stop": 30, "num": points // side}}


def study(name: str, points: int, **changes) -> dict:
    """A study of the default connectome with the default simulation."""
    default = {"connectome": {"name": "hcp-aal2-94"}, "analyses": ["rates", "msf"]}
    return {"study": name, "grid": grid(points), **default, **changes}


def measured(command: list[str], folder: Path) -> tuple[str, float, float]:
    """What a program says, the CPU time (s) of it and its jobs, and its peak memory (MB)."""
    environment = os.environ | {"PYTHONPATH": str(ROOT), "NGNMM_CACHE_DIR": str(folder / "kernels")}
    timed = [sys.executable, "-c", TIMED, *command]
    done = subprocess.run(timed, cwd=folder, env=environment, capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stdout + done.stderr)
    said, _, used = done.stdout.rpartition("used ")
    seconds, peak = map(float, used.split())
    return said + done.stderr, seconds, peak / 1024.0


# The peak of the largest process: Snakemake's own jobs are its children, and are smaller or measured by themselves.
TIMED = """
import resource, subprocess, sys
code = subprocess.run(sys.argv[1:]).returncode
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print("used", used.ru_utime + used.ru_stime, used.ru_maxrss)
sys.exit(code)
"""


def plan(points: int, folder: Path) -> list[str]:
    """A dry run, and the same once the shards have been planned for good."""
    (folder / "study.yaml").write_text(yaml.safe_dump(study(f"plan{points}", points)))
    command = [SNAKEMAKE, "-s", str(ROOT / "Snakefile"), "-n", "--quiet", "rules", "--configfile", "study.yaml"]
    said, seconds, peak = measured(command, folder)
    shards = int(re.search(r"^shard +(\d+)", said, re.MULTILINE)[1])
    bare, definitions, planned = _plan_for_good(folder, points)
    return [f"{points:.0e}", str(shards), f"{seconds:.1f}", f"{bare:.2f}", f"{planned:.2f}", f"{peak:.0f}", definitions]


def _plan_for_good(folder: Path, points: int) -> tuple[float, str, float]:
    """Seconds to plan with nothing there, files and size of the definitions, seconds to plan with all shards there."""
    from ngnmm_core.storage.integrity import seal
    from ngnmm_core.study.load import load_studies
    from ngnmm_core.sweep.plan import plan as make_plan

    (loaded,) = load_studies(study("bare", points)).values()
    target = folder / f"bare{points}"
    start = time.process_time()
    shards = make_plan(loaded, "simulation", target, "connectome", 94, True)
    first = time.process_time() - start
    size = sum(s.definition.stat().st_size for s in shards)
    for shard in shards:
        shard.path.touch()
        seal(shard.path)
    start = time.process_time()
    make_plan(loaded, "simulation", target, "connectome", 94, True)
    return first, f"{len(shards)}, {size / 1e6:.1f} MB", time.process_time() - start


def merge(points: int, folder: Path) -> list[str]:
    """A merge of made-up results in 500 shards, in a process of its own."""
    measured([sys.executable, __file__, "--make-up", str(points)], folder)
    said, _, peak = measured([sys.executable, __file__, "--merge-made-up", str(points)], folder)
    wrote, took, size, shard_bytes, shards = json.loads(said.splitlines()[-1])
    opened, read = _open(Path(wrote))
    row = [f"{points:.0e}", str(shards), f"{shard_bytes / 1e6:.0f}", f"{took:.1f}", f"{peak:.0f}", f"{size / 1e6:.0f}"]
    return [*row, f"{opened:.2f}", f"{read:.3f}"]


def _open(path: Path) -> tuple[float, float]:
    """Seconds to open a merged file lazily, and to read one point of it, in a new process."""
    done = subprocess.run([sys.executable, "-c", OPEN.format(path=path)], capture_output=True, text=True, check=True)
    opened, read = done.stdout.split()
    return float(opened), float(read)


def made_up_study(points: int):
    """Rates and master stability functions at many points, in 500 shards of each."""
    from ngnmm_core.study.load import load_studies

    (loaded,) = load_studies(study("merge", points, shards=500)).values()
    return loaded


def make_up(points: int) -> None:
    """Writes shards with made-up results of 94 regions."""
    for stage in MADE_UP:
        _make_up_shards(made_up_study(points), stage, points, np.random.default_rng(0))


def merge_made_up(points: int) -> None:
    """Merges the shards with made-up results."""
    from ngnmm_core.connectome import Connectome
    from ngnmm_core.dataset.merged_file import merge_file

    loaded = made_up_study(points)
    labels = [f"region {k}" for k in range(94)]
    weights = np.random.default_rng(0).uniform(0.1, 1.0, (94, 94))
    connectome = Connectome(weights, labels)
    paths = {stage: sorted(_folder(points, stage).glob("*.nc")) for stage in MADE_UP}
    output = Path(f"merged{points}.nc").absolute()
    start = time.process_time()
    merge_file(loaded, "sweep.nc", paths, (connectome, "identity"), output)
    took = time.process_time() - start
    shards = [p for of_stage in paths.values() for p in of_stage]
    print(json.dumps([str(output), took, output.stat().st_size, sum(p.stat().st_size for p in shards), len(shards)]))


def _folder(points: int, stage: str) -> Path:
    return Path(f"merge{points}", stage).absolute()


def _make_up_shards(loaded, stage: str, points: int, rng) -> None:
    """Shards of a stage with random numbers, written as jobs write theirs."""
    from ngnmm_core.preflight.cost import window_of
    from ngnmm_core.stages.context import context
    from ngnmm_core.stages.registry import STAGES
    from ngnmm_core.stages.results import as_dataset
    from ngnmm_core.storage.integrity import seal
    from ngnmm_core.storage.netcdf import write_netcdf
    from ngnmm_core.sweep.plan import plan as make_plan

    made_with = context(loaded, stage, "identity")
    kind, sizes = STAGES[stage], {"population": 2, "region": 94, "mode": 94}
    variables = kind.variables(kind.analyses(loaded))
    coordinates = kind.coordinates(kind.analyses(loaded), window_of(loaded, 94))
    shards = make_plan(loaded, stage, _folder(points, stage), "identity", 94, True)
    for shard in shards:
        results = {}
        for variable in variables:
            shape = (len(shard.ids), *(sizes[d] for d in variable.dims))
            small = np.dtype(variable.dtype).kind != "f"
            results[variable.name] = rng.integers(0, 2, shape) if small else rng.standard_normal(shape)
        dataset = as_dataset(results, variables, coordinates).assign_attrs(
            context=json.dumps(made_with, sort_keys=True)
        )
        seal(write_netcdf(dataset, shard.path))


def run_really(points: int, folder: Path) -> list[str]:
    """A whole run on a ring of six regions, 20 ms per point."""
    weights = np.roll(np.eye(6), 1, axis=0) + np.roll(np.eye(6), -1, axis=0)
    np.savetxt(folder / "ring.csv", weights, delimiter=",")
    short = {"duration_ms": 20, "transient_ms": 10}
    config = study("real", points, connectome={"path": "ring.csv"}, simulation=short, analyses=["rates"], shards=64)
    (folder / "real.yaml").write_text(yaml.safe_dump(config))
    target = "results/real/sweep.nc"
    command = [SNAKEMAKE, "-s", str(ROOT / "Snakefile"), "--quiet", "--cores", "2", target, "--configfile", "real.yaml"]
    _, whole, peak = measured(command, folder)
    _, again, _ = measured([*command, "-n"], folder)
    benchmarks = folder / "results/real/benchmarks"
    merging, memory = _benchmark(benchmarks / "merge-sweep.tsv")
    jobs = [_benchmark(path) for path in (benchmarks / "simulation").glob("*.tsv")]
    opened, read = _open(folder / target)
    files = [p for p in (folder / "results/real").rglob("*") if p.is_file()]
    size = sum(p.stat().st_size for p in files)
    row = [f"{points:.0e}", f"{len(jobs)}", f"{whole:.0f}", f"{sum(seconds for seconds, _ in jobs):.0f}", f"{peak:.0f}"]
    row += [f"{merging:.1f}", f"{memory:.0f}", f"{again:.1f}", f"{len(files)}, {size / 1e6:.0f} MB"]
    return [*row, f"{opened:.2f}", f"{read:.3f}"]


def _benchmark(path: Path) -> tuple[float, float]:
    """CPU time (s) and peak memory (MB) of a job, as Snakemake notes them."""
    header, row = (line.split("\t") for line in path.read_text().splitlines())
    values = dict(zip(header, row, strict=True))
    return float(values["cpu_time"]), float(values["max_rss"])


def table(columns: str, rows: list[list[str]]) -> str:
    """A table in Markdown."""
    names = columns.split("; ")
    lines = [names, ["---"] * len(names), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


PLANNED = (
    "points; shards; dry run (s); planning alone (s); planning with all shards there (s); memory of Snakemake (MB); "
    "definitions"
)
MERGED = "points; shards; size of shards (MB); merge (s); peak memory (MB); sweep.nc (MB); open (s); read one point (s)"
RUN = (
    "points; shards; whole run (s); of which jobs of shards (s); memory of the largest process (MB); merge job (s); "
    "its memory (MB); next dry run (s); files; open (s); read one point (s)"
)


def report(planned, merged, real) -> str:
    """The page for the documentation."""
    from ngnmm_core.compilation.cpu_target import processor as name

    processor = os.cpu_count()
    return f"""# Scale

Written by `benchmarks/scale.py` on {processor} cores of a {name()}. Times are CPU times, as other work shared the
machine, but for opening and reading.

## Planning

A dry run (`snakemake -n`) of the default connectome (94 regions), 10 s of simulation per point, rates and master
stability function. *Planning alone* is the cutting into shards and writing of their definitions for the simulations.

{table(PLANNED, planned)}

## Merging

Made-up results of 94 regions: firing rates, their deviations, population synchrony, growth rates and frequencies of 94
modes. Memory is that of the merging process: it streams, and what grows with the number of points are their identities.

{table(MERGED, merged)}

## A real run

Six regions on a ring, 20 ms per point.

{table(RUN, real)}
"""


def main() -> None:
    """Makes the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--plan", type=int, nargs="*", default=[10**3, 10**4, 10**5, 10**6])
    parser.add_argument("--merge", type=int, nargs="*", default=[10**3, 10**4, 10**5])
    parser.add_argument("--run", type=int, default=10**5, help="points of the real run; 0 for none")
    parser.add_argument("--output", type=Path, default=REPORT)
    parser.add_argument("--make-up", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--merge-made-up", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.make_up:
        return make_up(options.make_up)
    if options.merge_made_up:
        return merge_made_up(options.merge_made_up)
    with tempfile.TemporaryDirectory(prefix="scale-") as name:
        folder = Path(name)
        planned = [show(plan(points, folder)) for points in options.plan]
        merged = [show(merge(points, folder)) for points in options.merge]
        real = [show(run_really(options.run, folder))] if options.run else []
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_text(report(planned, merged, real), encoding="utf-8")


def show(row: list[str]) -> list[str]:
    """Prints a row as soon as it is there."""
    print(*row, sep="\t", flush=True)
    return row


if __name__ == "__main__":
    main()
