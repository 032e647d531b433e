"""A study in many shards, with faults at random until it is done: nothing is lost, and every bit is right.

16 shards in `make test`, hundreds with `make soak` (NGNMM_SOAK_SHARDS).
"""

import json
import os
import random
import shutil
import signal
import subprocess
import time

import psutil
import pytest
import xarray as xr
from checkouts import overwrite, sha256, shard_files

pytestmark = [pytest.mark.workflow, pytest.mark.slow]

SHARDS = int(os.environ.get("NGNMM_SOAK_SHARDS", 16))
KINDS = (
    *("kill a job", "kill everything", "interrupt"),  # of processes
    *("truncate", "overwrite", "rot", "series"),  # of shards
    *("garble a small file", "dataset", "connectome", "kernel"),  # of what is read back
    *("clock", "foreign lock", "second study"),  # of what surrounds a run
)
FAULTS = max(len(KINDS), SHARDS // 8)
PAUSE = (0.5, 2.5)  # seconds between faults
PATIENCE = 300 + 20 * SHARDS  # seconds for the whole soak
SHORT = {"duration_ms": 60, "transient_ms": 20, "dt_ms": 0.05, "method": "rk4", "keep_series": True}
SMALL = ("**/*.sha256", "**/shards/**/*.json", "**/recipe.json", "**/made.json", "**/study.json")


class Soak:
    """Runs a study that has a dataset already, does harm to it, and runs it again.

    Parameters
    ----------
    checkout : Checkout
    seed : int
        Of the faults' times and victims.
    """

    def __init__(self, checkout, seed):
        self.checkout, self.random = checkout, random.Random(seed)
        self.grid = {"G": [2.0 + 0.25 * k for k in range(SHARDS // 2)], "I_ext_e": [3, 13]}
        self.results = checkout.folder / "results" / "soak"
        self.sweep = self.results / "sweep.nc"
        self.done = dict.fromkeys(KINDS, 0)
        self.started = 0
        self.in_vain = 0  # starts without any fault after them
        self.run = self.other = None
        self.datasets = set()  # what may stand in the place of the dataset
        self.name = ""

    def begin(self, expected):
        """Makes a dataset of a part of the grid, and then asks for the whole; `expected` is what it must come to."""
        part = {**self.grid, "G": self.grid["G"][:2]}
        self.checkout.run(study="soak", shards=2, simulation=SHORT, grid=part)
        self.datasets = {sha256(self.sweep), expected}
        self.name = self.checkout.write_study(study="soak", shards=SHARDS, simulation=SHORT, grid=self.grid)
        second = self.checkout.write_study(study="second", shards=2, simulation=SHORT, grid=part)
        self.second = [str(self.checkout.sweep("second")), "--configfile", second]

    def _snakemake(self, *arguments):
        with open(self.checkout.folder / "soak.log", "a") as log:
            return subprocess.Popen(
                self.checkout.command(*arguments, "--retries", "1"),
                cwd=self.checkout.folder,
                env=self.checkout.environment,
                start_new_session=True,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def start(self):
        """Starts Snakemake as a user would after a fault."""
        self.started += 1
        self.run = self._snakemake(str(self.checkout.sweep("soak")), "--configfile", self.name)

    def until_done(self):
        """Does harm at random times until there was enough of it, and starts Snakemake again whenever it has ended.

        All the time there is a dataset: the one that was there before, or the one that is wanted.
        """
        deadline = time.monotonic() + PATIENCE
        last = False
        while not (last and self.run.poll() == 0):
            assert time.monotonic() < deadline, f"{self.words()}; the log ends with\n{self.log_tail()}"
            if self.run is None or self.run.poll() is not None:
                assert self.in_vain < 6, f"stuck: {self.words()}; the log ends with\n{self.log_tail()}"
                last = sum(self.done.values()) >= FAULTS
                self.in_vain += last
                self.start()
            if sum(self.done.values()) < FAULTS:
                time.sleep(self.random.uniform(*PAUSE))
                self.harm()
            else:
                time.sleep(0.2)
            assert self.sweep.is_file(), f"the dataset has vanished: {self.words()}"
            assert sha256(self.sweep) in self.datasets, f"another dataset: {self.words()}"

    def harm(self):
        """Does one fault, of a kind that was not there yet as long as there is one that finds a victim."""
        kinds = self.random.sample(KINDS, len(KINDS))
        for kind in sorted(kinds, key=self.done.get):
            if getattr(self, kind.replace(" ", "_"))():
                self.done[kind] += 1
                return

    # ------------------------------------------------------------------ faults; each tells whether it found a victim
    def kill_a_job(self):
        """SIGKILL, as the system does when memory is short."""
        deadline = time.monotonic() + 20
        while self.run.poll() is None and time.monotonic() < deadline:
            if jobs := [p for p in psutil.Process(self.run.pid).children(recursive=True) if _is_job(p)]:
                return not _signal(self.random.choice(jobs).pid, signal.SIGKILL)
            time.sleep(0.05)
        return False

    def kill_everything(self):
        """As if the machine had gone."""
        if self.run.poll() is None and shard_files(self.results):
            os.killpg(self.run.pid, signal.SIGKILL)
            self.run.wait()
            return True
        return False

    def interrupt(self):
        """Ctrl-C."""
        if self.run.poll() is None and shard_files(self.results):
            os.killpg(self.run.pid, signal.SIGINT)
            self.run.wait(timeout=60)
            return True
        return False

    def _finished(self):
        shards = sorted((self.results / "shards" / "simulation").glob("*.sha256"))
        return [p.with_suffix(".nc") for p in shards if p.with_suffix(".nc").is_file()]

    def truncate(self):
        """A file loses its end."""
        if finished := self._finished():
            victim = self.random.choice(finished)
            with open(victim, "r+b") as file:
                file.truncate(self.random.randrange(victim.stat().st_size))
        return bool(finished)

    def overwrite(self):
        """Some bytes in the middle of a file change; its size does not."""
        finished = self._finished()
        return bool(finished) and not overwrite(self.random.choice(finished))

    def rot(self):
        """The same, and the time of the file's last change does not tell."""
        finished = self._finished()
        return bool(finished) and not overwrite(self.random.choice(finished), unseen=True)

    def series(self):
        """A raw series loses its end."""
        if found := sorted(self.results.glob("shards/*/*.series.nc")):
            os.truncate(self.random.choice(found), 100)
        return bool(found)

    def garble_a_small_file(self):
        """A checksum, definition, recipe, record or the resolved study: empty, garbage, or a bit flipped."""
        if found := sorted(path for pattern in SMALL for path in self.results.glob(pattern)):
            victim = self.random.choice(found)
            content = victim.read_bytes()
            k = self.random.randrange(max(len(content), 1))
            flipped = content[:k] + bytes([byte ^ 0x80 for byte in content[k : k + 1]]) + content[k + 1 :]
            victim.write_bytes(self.random.choice([b"", b"garbage\x00\xff", flipped]))
        return bool(found)

    def dataset(self):
        """A bit of the dataset flips, and its date does not tell."""
        overwrite(self.sweep, unseen=True)
        self.datasets.add(sha256(self.sweep))
        return True

    def connectome(self):
        """The built connectome loses its end."""
        found = sorted((self.checkout.folder / "resources" / "connectomes").glob("*.nc"))
        for path in found:
            os.truncate(path, path.stat().st_size // 2)
        return bool(found)

    def kernel(self):
        """A bit of a compiled kernel flips: run as it is, it would give other numbers, or end the process."""
        if found := sorted(self.checkout.kernels.glob("*.kernel")):
            overwrite(self.random.choice(found), unseen=True)
        return bool(found)

    def clock(self):
        """Files are dated in the future, as after an archive was unpacked with a wrong clock."""
        found = sorted(path for path in self.results.glob("**/*") if path.is_file() and path.name != ".lock")
        for path in self.random.sample(found, min(len(found), 20)):
            if path.exists():
                os.utime(path, (2e9, 2e9))
        return bool(found)

    def foreign_lock(self):
        """A container of another name was killed here long ago."""
        lock = self.results / ".lock"
        if self.run.poll() is None:
            self.kill_everything()
        lock.write_text(json.dumps({"host": "another", "pid": 1, "since": 0}))
        os.utime(lock, (1e9, 1e9))
        return True

    def second_study(self):
        """Another study runs in the same checkout, with the same connectome and kernels."""
        if self.other is None:
            self.other = self._snakemake(*self.second)
            return True
        return False

    def log_tail(self):
        """What the last starts have printed."""
        return "\n".join((self.checkout.folder / "soak.log").read_text(errors="replace").splitlines()[-60:])

    def words(self):
        """What has happened."""
        faults = ", ".join(f"{what} {count}" for what, count in self.done.items())
        jobs = len(list((self.results / "benchmarks" / "simulation").glob("*.tsv")))
        return (
            f"{SHARDS} shards, {jobs} with results, {self.started} starts, {sum(self.done.values())} faults: {faults}"
        )


def _is_job(process):
    try:
        return any("/scripts/" in word for word in process.cmdline())
    except psutil.Error:
        return False


def _signal(pid, number):
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return True


def test_nothing_is_lost_whatever_happens(new_checkout, tmp_path, capsys):
    checkout = new_checkout()
    soak = Soak(checkout, seed=int(os.environ.get("NGNMM_SOAK_SEED", 1)))
    undisturbed = checkout.run(study="undisturbed", shards=1, simulation=SHORT, grid=soak.grid)
    expected = sha256(undisturbed / "sweep.nc")
    checkout.kernels = tmp_path / "kernels"  # of its own, to be harmed
    shutil.copytree(checkout.environment["NGNMM_CACHE_DIR"], checkout.kernels)
    checkout.environment = {**checkout.environment, "NGNMM_CACHE_DIR": str(checkout.kernels)}
    soak.begin(expected)
    soak.until_done()
    assert len(soak._finished()) >= SHARDS - 2
    lost = int(sha256(soak.sweep) != expected)
    with capsys.disabled():
        print(f"\nsoak: {soak.words()}; lost results: {lost}")
    assert sum(soak.done.values()) >= FAULTS
    assert not lost
    assert not list(soak.results.rglob("*.part"))
    if soak.other is not None:  # it may have met the same harm: then it is started once more
        soak.other.wait(timeout=300)
        checkout.snakemake(*soak.second)
        assert set(xr.open_dataset(checkout.folder / soak.second[0]).G.values) == set(soak.grid["G"][:2])
