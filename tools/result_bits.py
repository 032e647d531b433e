"""Hashes of every number that a set of small studies gives, to see whether a change of code changed a result.

For developers, before and after a refactoring:

    python tools/result_bits.py run before.json --checkout ../old
    python tools/result_bits.py run after.json
    python tools/result_bits.py compare before.json after.json

The studies are those of tools/result_bits.yaml, on a made-up network of six regions, and with `--default` also the one
in config/config.yaml of the checkout.  The Snakemake in the `.venv` of the checkout runs them in an empty folder, so
that nothing computed or compiled before is used.  Values, dtype and shape of every numeric variable are hashed, as
they stand in the file; attributes and text are not.  All is compiled for x86-64-v3: hashes hold on any machine of that
target with the same versions of numpy, scipy and numba.
"""

import argparse
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import yaml
from result_hashes import FORMAT, ToolError, compare, digest, hash_file

ROOT = Path(__file__).resolve().parent.parent
STUDIES = Path(__file__).with_suffix(".yaml")
CPU_TARGET = "x86-64-v3"
PACKAGES = ("numpy", "scipy", "numba", "netCDF4")
LEFT_OUT = ("PYTHONPATH", "SNAKEMAKE_PROFILE", "NGNMM_CACHE_DIR")  # would bring in other code, settings or kernels
DONE = re.compile(r"^(\d+) of (\d+) steps")
VERSIONS = "import sys, json, importlib.metadata as m; print(json.dumps({n: m.version(n) for n in sys.argv[1:]}))"


# -------------------------------------------------------------- running
class Checkout:
    """A copy of the repository with an environment of its own, whose code runs in other processes only.

    Parameters
    ----------
    folder : Path
        Its top folder.

    Raises
    ------
    ToolError
        If there is no Snakefile, or no environment.
    """

    def __init__(self, folder: Path):
        self.folder = folder.resolve()
        for name in ("Snakefile", "config/config.yaml", ".venv/bin/snakemake"):
            if not (self.folder / name).is_file():
                raise ToolError(f"--checkout: {folder} has no {name}; allowed: a checkout in which `make env` was run")
        self.environment = {k: v for k, v in os.environ.items() if k not in LEFT_OUT}

    def call(self, *command: str) -> str:
        """Run a program in the checkout; an empty string if it fails."""
        done = subprocess.run(command, cwd=self.folder, env=self.environment, capture_output=True, text=True)
        return done.stdout.strip() if done.returncode == 0 else ""

    def about(self) -> dict:
        """Commit, whether files differ from it, and versions of packages."""
        versions = self.call(".venv/bin/python", "-c", VERSIONS, *PACKAGES)
        return {
            "commit": self.call("git", "rev-parse", "HEAD") or "unknown",
            "changed": bool(self.call("git", "status", "--porcelain", "--untracked-files=no")),
            "versions": json.loads(versions or "{}"),
        }

    def snakemake(self, work: Path, options: list[str], targets: list[str], cores: int, what: str) -> None:
        """Make targets in a folder, with a line that tells how far it is.

        Raises
        ------
        ToolError
            If Snakemake fails; what it said is in the log that is named.
        """
        log = work / f"{what}.log"
        program = [str(self.folder / ".venv/bin/snakemake"), "--snakefile", str(self.folder / "Snakefile")]
        command = [*program, "--directory", str(work), "--cores", str(cores), *options, "--", *targets]
        started = time.monotonic()
        with open(log, "w", buffering=1) as file:
            pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
            process = subprocess.Popen(command, cwd=work, env=self.environment, **pipes)
            for line in process.stdout:
                file.write(line)
                if match := DONE.match(line):
                    show(f"{what}: {match[1]} of {match[2]} steps, {time.monotonic() - started:.0f} s")
        if process.wait():
            told = [
                line.strip() for line in log.read_text().splitlines() if re.match(r"\s*\w*error\b", line, re.IGNORECASE)
            ]
            raise ToolError(f"{what}: Snakemake failed ({told[0] if told else 'no message'}); see {log}")
        show(f"{what}: done in {time.monotonic() - started:.0f} s", last=True)


def show(line: str, last: bool = False) -> None:
    """Write the line of progress; on a terminal over the one before."""
    if sys.stderr.isatty():
        print(f"\r\033[K{line}", end="\n" if last else "", file=sys.stderr, flush=True)
    elif last or line.split()[1].endswith("0"):  # a log gets every tenth step
        print(line, file=sys.stderr, flush=True)


def targets(name: str, study: dict) -> list[str]:
    """Files that stand for all results of a study, its figures left out."""
    made = [f"results/{name}/provenance.json"]  # waits for every merged file
    return made + ([f"results/{name}/memory.nc"] if "memory" in study.get("analyses", ()) else [])


def six_regions() -> np.ndarray:
    """Weights of an undirected network of six regions, no two with the same strength, [region, region]."""
    weights = np.triu(np.random.default_rng(6).uniform(0.2, 1.0, (6, 6)), 1).round(3)
    return weights + weights.T


def run_small(checkout: Checkout, work: Path, cores: int) -> dict[str, str]:
    """Run the small studies; name and hash of their file."""
    text = STUDIES.read_text()
    parts = yaml.safe_load(text)["parts"]
    (work / "bits.yaml").write_text(text)
    np.savetxt(work / "six.csv", six_regions(), delimiter=",", fmt="%g")
    wanted = [target for name, part in parts.items() for target in targets(f"bits/{name}", part)]
    checkout.snakemake(work, ["--configfile", "bits.yaml"], wanted, cores, "bits")
    return {"bits": digest(text.encode())}


def run_default(checkout: Checkout, work: Path, cores: int) -> dict[str, str]:
    """Run the study in config/config.yaml; its name and a hash of its settings."""
    study = yaml.safe_load((checkout.folder / "config/config.yaml").read_text())
    name = study["study"]
    checkout.snakemake(work, ["--config", f"cpu_target={CPU_TARGET}"], targets(name, study), cores, name)
    return {name: digest(json.dumps(study, sort_keys=True).encode())}


def hash_results(work: Path) -> dict[str, dict[str, dict]]:
    """Hashes of the merged files, of raw series and of connectomes, by a name that holds no hash of code."""
    found: dict[str, dict[str, dict]] = {}
    for file in sorted([*work.glob("results/**/*.nc"), *work.glob("resources/connectomes/*.nc")]):
        name = file.relative_to(work).as_posix().removeprefix("results/").removeprefix("resources/")
        if "/shards/" in name and not name.endswith(".series.nc"):
            continue  # its numbers stand in the merged file
        name = re.sub(r"/[0-9a-f]{16}\.series\.nc$", "/series.nc", re.sub(r"-[0-9a-f]{8}\.nc$", ".nc", name))
        if name in found:
            raise ToolError(f"{name}: two files of this name; allowed: one shard in a study with raw series")
        found[name] = hash_file(file)
    return found


def run(output: Path, checkout: Checkout, work: Path, cores: int, default: bool) -> None:
    """Run the studies in an empty folder and write the hashes of their results."""
    if platform.machine() not in ("x86_64", "AMD64"):
        raise ToolError(f"processor: {platform.machine()} can't run code for {CPU_TARGET}; allowed: x86_64")
    before = os.times()
    studies = run_small(checkout, work, cores)
    if default:
        studies |= run_default(checkout, work, cores)
    files = hash_results(work)
    record = {"format": FORMAT, "cpu_target": CPU_TARGET, **checkout.about(), "studies": studies, "files": files}
    output.write_text(json.dumps(record, indent=1, sort_keys=True) + "\n")
    after = os.times()
    spent = after.children_user + after.children_system - before.children_user - before.children_system
    count = sum(len(variables) for variables in files.values())
    print(f"{output}: {count} variables of {len(files)} files, {spent / 60:.1f} CPU-minutes")


# -------------------------------------------------------------- command line
def parser() -> argparse.ArgumentParser:
    """Arguments of the command."""
    top = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    modes = top.add_subparsers(dest="mode", required=True, metavar="run | compare")
    one = modes.add_parser("run", help="run the studies and write the hashes (minutes)")
    one.add_argument("output", type=Path, help="the JSON file that is written")
    one.add_argument("--checkout", type=Path, default=ROOT, help="whose code is run (default: this one)")
    one.add_argument("--default", action="store_true", help="also the study in config/config.yaml (minutes)")
    one.add_argument("--work", type=Path, help="new or empty folder to keep the results in (default: a temporary one)")
    one.add_argument("--cores", type=int, default=2, help="cores to use (default: %(default)s)")
    two = modes.add_parser("compare", help="list the differences between two files; exit status 1 if there are any")
    two.add_argument("first", type=Path)
    two.add_argument("second", type=Path)
    return top


def main(words: list[str] | None = None) -> int:
    """Run the command; its exit status."""
    given = parser().parse_args(words)
    try:
        if given.mode == "compare":
            return compare(given.first, given.second)
        if not given.output.resolve().parent.is_dir():
            raise ToolError(f"{given.output}: no such folder; allowed: a file in a folder that exists")
        checkout = Checkout(given.checkout)
        work = given.work or Path(tempfile.mkdtemp(prefix="result-bits-"))
        work.mkdir(parents=True, exist_ok=True)
        if any(work.iterdir()):
            raise ToolError(f"--work: {work} is not empty; allowed: a new or an empty folder")
        run(given.output, checkout, work.resolve(), given.cores, given.default)
        if given.work is None:  # after a failure it stays, with its logs
            shutil.rmtree(work)
    except ToolError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
