"""A study in many shards, with faults at random until it is done: nothing is lost, and every bit is right.

16 shards in `make test`, hundreds with `make soak` (NGNMM_SOAK_SHARDS).
"""

import os
import random
import signal
import subprocess
import time

import psutil
import pytest
from checkouts import overwrite, sha256, shard_files

pytestmark = [pytest.mark.workflow, pytest.mark.slow, pytest.mark.xdist_group("workflow")]

SHARDS = int(os.environ.get("NGNMM_SOAK_SHARDS", 16))
FAULTS = max(6, SHARDS // 8)
PAUSE = (0.5, 2.5)  # seconds between faults
PATIENCE = 60 + 20 * SHARDS  # seconds for the whole soak
SHORT = {"duration_ms": 60, "transient_ms": 20, "dt_ms": 0.05}


class Soak:
    """Runs a study, does harm to it, and runs it again.

    Parameters
    ----------
    checkout : Checkout
    seed : int
        Of the faults' times and victims.
    """

    def __init__(self, checkout, seed):
        self.checkout, self.random = checkout, random.Random(seed)
        grid = {"G": [2.0 + 0.25 * k for k in range(SHARDS // 2)], "I_ext_e": [3, 13]}
        self.about = {"simulation": SHORT, "grid": grid}
        self.name = checkout.write_study(study="soak", shards=SHARDS, **self.about)
        self.results = checkout.folder / "results" / "soak"
        self.sweep = self.results / "sweep.nc"
        self.done = {"kill a job": 0, "kill everything": 0, "interrupt": 0, "truncate": 0, "overwrite": 0, "rot": 0}
        self.started = 0
        self.in_vain = 0  # starts without any fault after them
        self.run = None

    def start(self):
        """Starts Snakemake as a user would after a fault."""
        self.checkout.module("unlock")
        self.started += 1
        with open(self.checkout.folder / "soak.log", "a") as log:
            self.run = subprocess.Popen(
                self.checkout.command(str(self.checkout.sweep("soak")), "--configfile", self.name, "--retries", "1"),
                cwd=self.checkout.folder,
                env=self.checkout.environment,
                start_new_session=True,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def until_done(self):
        """Does harm at random times until there was enough of it, and starts Snakemake again whenever it has ended."""
        deadline = time.monotonic() + PATIENCE
        while not (self.sweep.is_file() and self.run is not None and self.run.poll() == 0):
            assert time.monotonic() < deadline, f"{self.words()}; the log ends with\n{self.log_tail()}"
            if self.run is None or self.run.poll() is not None:
                assert self.in_vain < 5, f"stuck: {self.words()}; the log ends with\n{self.log_tail()}"
                self.in_vain += sum(self.done.values()) >= FAULTS
                self.start()
            if sum(self.done.values()) < FAULTS:
                time.sleep(self.random.uniform(*PAUSE))
                rarest = min(self.done.values())  # so that few faults are of all kinds
                fault = self.random.choice([kind for kind, count in self.done.items() if count == rarest])
                self.done[fault] += bool(getattr(self, fault.replace(" ", "_"))())
            else:
                time.sleep(0.2)

    # ------------------------------------------------------------------ faults; each tells whether it found a victim
    def kill_a_job(self):
        """SIGKILL, as the system does when memory is short."""
        jobs = [p for p in psutil.Process(self.run.pid).children(recursive=True) if _is_job(p)]
        return bool(jobs) and not _signal(self.random.choice(jobs).pid, signal.SIGKILL)

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


def test_nothing_is_lost_whatever_happens(new_checkout, capsys):
    checkout = new_checkout()
    undisturbed = checkout.run(study="undisturbed", shards=1, simulation=SHORT, grid=Soak(checkout, 0).about["grid"])
    soak = Soak(checkout, seed=int(os.environ.get("NGNMM_SOAK_SEED", 1)))
    soak.until_done()
    assert len(soak._finished()) == SHARDS
    lost = int(sha256(soak.sweep) != sha256(undisturbed / "sweep.nc"))
    with capsys.disabled():
        print(f"\nsoak: {soak.words()}; lost results: {lost}")
    assert sum(soak.done.values()) >= FAULTS
    assert not lost
    assert not list(soak.results.rglob("*.part"))
