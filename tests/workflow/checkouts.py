"""Copies of the repository, each in its own folder, in which Snakemake runs on a made-up network of six regions."""

import contextlib
import copy
import hashlib
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import xarray as xr
import yaml
from forks import Forks

from ngnmm_core.cli.running import failing_scontrol, slurm_is_silent
from ngnmm_core.compilation import definition_store

REPOSITORY = Path(__file__).resolve().parents[2]
PATIENCE_S = 900  # that a run may take where others use the machine as well
STUDY = {
    "study": "mini",
    "connectome": {"path": "six.csv"},
    "grid": {"G": [2, 5], "I_ext_e": [3, 13], "seed": [0, 1]},
    "simulation": {"duration_ms": 150, "transient_ms": 50, "dt_ms": 0.05},
    "analyses": ["rates", "synchrony"],
}


class Checkout:
    """A copy of the repository.

    Parameters
    ----------
    folder : Path
        Where it is made; one that is there is taken as it is.
    kernels : Path
        The cache of compiled kernels.
    forks : Forks, optional
        What runs programs of Python without their start, as long as the environment is that of the tests.
    """

    def __init__(self, folder: Path, kernels: Path, forks: Forks | None = None):
        self.folder, self.kernels, self.forks = folder, kernels, forks
        self.environment = dict(forks.environment) if forks else environment_of(kernels, folder)
        if (folder / "six.csv").exists():
            return
        for name in repository_files():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(REPOSITORY / name, folder / name)
        for compiled in (REPOSITORY / "ngnmm_core").rglob("__pycache__"):  # true for copies, which have the same dates
            shutil.copytree(compiled, folder / compiled.relative_to(REPOSITORY))
        np.savetxt(folder / "six.csv", six_regions(), delimiter=",", fmt="%g")
        self._know_what_is_known_of(REPOSITORY)

    # -------------------------------------------------------------- running
    def command(self, *arguments: str, cores: int = 2) -> list[str]:
        """The command line that a user would type."""
        return [str(Path(sys.executable).with_name("snakemake")), "--cores", str(cores), *arguments]

    def snakemake(self, *arguments: str, cores: int = 2, cwd: Path | None = None) -> str:
        """Runs Snakemake, which must succeed; returns what it says."""
        done = self.call(*self.command(*arguments, cores=cores), cwd=cwd)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    def refusal(self, *arguments: str) -> list[str]:
        """Runs Snakemake, which must fail; returns the lines on stderr, without the one about the profile."""
        done = self.call(*self.command(*arguments))
        assert done.returncode != 0
        assert done.stdout == ""
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        return [line for line in lines if not line.startswith("Using workflow specific profile")]

    def call(self, *command: str, cwd: Path | None = None) -> subprocess.CompletedProcess:
        """Runs a program in the copy."""
        if self.forks and self.environment == self.forks.environment:
            if command[0] == self.command()[0]:
                command = (str(self.forks.python), *command)
            elif command[0] == sys.executable:
                command = (str(self.forks.python), *command[1:])
        return subprocess.run(
            command, cwd=cwd or self.folder, env=self.environment, capture_output=True, text=True, timeout=PATIENCE_S
        )

    def module(self, *arguments: str) -> subprocess.CompletedProcess:
        """Runs `python -m ngnmm_core` in the copy."""
        return self.call(sys.executable, "-m", "ngnmm_core", *arguments)

    def write_study(self, **changes) -> str:
        """Writes a study file, the small one with changes; returns its name."""
        study = {**STUDY, **changes}
        name = f"{study['study']}.yaml"
        (self.folder / name).write_text(yaml.safe_dump(study, sort_keys=False))
        return name

    def sweep(self, study: str) -> Path:
        """The merged file of a study; relative, as a target of Snakemake."""
        return Path("results", study, "sweep.nc")

    def run(self, cores: int = 2, **changes) -> Path:
        """Makes the sweep of a small study, without its figures; returns the folder of its results."""
        name = self.write_study(**changes)
        target = self.sweep(Path(name).stem)
        self.snakemake(str(target), "--configfile", name, cores=cores)
        return self.folder / target.parent

    def planned(self, *arguments: str) -> dict[str, int]:
        """The jobs that a run would start, by rule."""
        return jobs(self.snakemake("-n", *arguments))

    def planned_sweep(self, study: str, *arguments: str) -> dict[str, int]:
        """The jobs that making the sweep of a study would start, by rule."""
        return self.planned(str(self.sweep(study)), "--configfile", f"{study}.yaml", *arguments)

    # -------------------------------------------------------------- changing
    @contextlib.contextmanager
    def edited(self, path: str, change):
        """Within this context a file holds `change(text)`."""
        file = self.folder / path
        text = file.read_text()
        assert change(text) != text, f"{path}: the edit changes nothing"
        file.write_text(change(text))
        try:
            yield
        finally:
            file.write_text(text)

    @contextlib.contextmanager
    def without(self, path: str):
        """Within this context a folder is gone."""
        aside = self.folder.with_name(f"{self.folder.name}-aside")
        shutil.move(self.folder / path, aside)
        try:
            yield
        finally:
            shutil.rmtree(self.folder / path, ignore_errors=True)
            shutil.move(aside, self.folder / path)

    def copied_to(self, folder: Path) -> "Checkout":
        """The same in another folder, with all results and all that Snakemake remembers."""
        shutil.copytree(self.folder, folder)
        other = copy.copy(self)
        other.folder = folder
        other._know_what_is_known_of(self.folder)
        return other

    def _know_what_is_known_of(self, folder: Path) -> None:
        """The same source is here: it need not be taken apart once more, which takes a process two seconds."""
        for name in ("definitions", "hashes"):
            known, own = (self.kernels / f"{name}-{_store_of(place)}.json" for place in (folder, self.folder))
            if known.exists():
                shutil.copy2(known, own)

    # -------------------------------------------------------------- looking
    def state(self, below: str = "") -> dict[str, tuple[int, str]]:
        """Time of change and hash of every file, those of Snakemake and Python left out."""
        names = (p.relative_to(self.folder) for p in (self.folder / below).rglob("*") if p.is_file())
        kept = [name for name in names if not {".snakemake", "__pycache__"} & set(name.parts)]
        return {str(n): ((self.folder / n).stat().st_mtime_ns, sha256(self.folder / n)) for n in kept}


def overwrite(path: Path, unseen: bool = False) -> None:
    """Changes some bytes in the middle of a file; `unseen`: no date shows it, as where a disk goes wrong."""
    times = path.stat()
    with open(path, "r+b") as file:
        file.seek(times.st_size // 2)
        found = file.read(3)
        file.seek(times.st_size // 2)
        file.write(bytes(byte ^ 0xFF for byte in found))
    if unseen:
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
        with contextlib.suppress(FileNotFoundError):  # the system's own date of the checksum is the later one again
            time.sleep(0.02)
            os.utime(path.with_suffix(".sha256"))


def environment_of(kernels: Path, folder: Path) -> dict[str, str]:
    """That of the tests, without what would show through from the machine; programs of its own go to a folder."""
    left_out = ("PYTHONPATH", "SNAKEMAKE_PROFILE", "NGNMM_WHEELS", "PYTEST_CURRENT_TEST")
    found = {k: v for k, v in os.environ.items() if k not in left_out} | {"NGNMM_CACHE_DIR": str(kernels)}
    if slurm_is_silent():  # else every start of Snakemake waits ten seconds for it
        found |= failing_scontrol(folder)
    return found


def _store_of(folder: Path) -> str:
    """The part of a file's name that `ngnmm_core.compilation.definition_store` gives to the package in a folder."""
    package = folder / "ngnmm_core"
    readers = b"".join((package / "compilation" / name).read_bytes() for name in definition_store.READERS)
    return hashlib.blake2b(readers + str(package).encode(), digest_size=16).hexdigest()[:16]


def repository_files() -> list[str]:
    """What a clone with the uncommitted changes of the working copy would hold; tests are left out."""
    names = []
    for options in ([], ["--others", "--exclude-standard"]):
        listed = subprocess.run(["git", "ls-files", "-z", *options], cwd=REPOSITORY, capture_output=True, check=True)
        names += listed.stdout.decode().split("\0")
    return [n for n in names if n and not n.startswith("tests/") and (REPOSITORY / n).is_file()]


def blocks(page: str, language: str) -> list[str]:
    """The code blocks of a page of the documentation in a language."""
    text = (REPOSITORY / "docs" / page).read_text(encoding="utf-8")
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


def six_regions() -> np.ndarray:
    """An undirected network; no two rows have the same sum."""
    weights = np.triu(np.random.default_rng(6).uniform(0.2, 1.0, (6, 6)), 1).round(3)
    return weights + weights.T


def jobs(output: str) -> dict[str, int]:
    """Jobs by rule, from the table that Snakemake prints before it starts; empty if there is nothing to be done."""
    table = re.search(r"Job stats:\n.*\n-.*\n((?:\w+ +\d+\n)+)", output)
    if table is None:
        assert "Nothing to be done" in output, output
        return {}
    counts = {rule: int(count) for rule, count in (line.split() for line in table[1].splitlines())}
    counts.pop("total")
    return counts


def sha256(path: Path) -> str:
    """A hash of a file's bytes."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def shard_files(results: Path, stage: str = "simulation") -> dict[str, int]:
    """Finished shards of a stage: name and time of change."""
    return {p.name: p.stat().st_mtime_ns for p in (results / "shards" / stage).glob("*.nc")}


def assert_same_bits(found: xr.Dataset, expected: xr.Dataset) -> None:
    """Whether two datasets have the same variables and coordinates with the same bits."""
    assert set(found.variables) == set(expected.variables)
    for name, variable in expected.variables.items():
        assert found[name].dims == variable.dims, name
        assert np.array_equal(found[name].values, variable.values, equal_nan=variable.dtype.kind == "f"), name
