"""A SLURM of one node, and runs of Snakemake on it."""

import contextlib
import os
import re
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from checkouts import Checkout

HERE = Path(__file__).parent
ALIVE = ("PENDING", "CONFIGURING", "RUNNING", "COMPLETING", "SUSPENDED")
PATIENCE = 420.0  # seconds; a job that hangs is killed at its limit of a minute, and its successor waits for a turn


@dataclass(frozen=True)
class Job:
    """A job as squeue tells it."""

    number: str
    state: str
    memory_mb: int
    minutes: int
    cpus: int
    rule: str
    wildcards: str


class Cluster:
    """The node, and what runs on it."""

    def up(self) -> None:
        """Starts the daemons that don't run."""
        done = subprocess.run([HERE / "up.sh"], capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stdout + done.stderr

    def down(self) -> None:
        """Stops them and removes their state."""
        subprocess.run([HERE / "down.sh"], check=True, timeout=120)

    def jobs(self, rule: str = "", *states: str) -> list[Job]:
        """All jobs that SLURM remembers, by number."""
        listed = _ask("squeue", "--noheader", "--states=all", "--format=%i|%T|%m|%l|%C|%k")
        jobs = [_job(line) for line in listed.splitlines() if "|rule_" in line]
        wanted = [j for j in jobs if j.rule.startswith(rule) and (not states or j.state in states)]
        return sorted(wanted, key=lambda j: int(j.number))

    def since(self, number: int, rule: str = "", *states: str) -> list[Job]:
        """Those of the jobs that were submitted after another."""
        return [job for job in self.jobs(rule, *states) if int(job.number) > number]

    def last(self) -> int:
        """Number of the job that was submitted last."""
        return max((int(job.number) for job in self.jobs()), default=0)

    def pids(self, job: Job) -> list[int]:
        """Processes of a job."""
        listed = _ask("scontrol", "listpids", job.number, check=False)
        return [int(line.split()[0]) for line in listed.splitlines()[1:] if line.split()[0].isdigit()]

    def freeze(self, job: Job) -> None:
        """Stops the clock of a job's processes: it goes on to exist and does nothing more."""
        for pid in self.pids(job):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGSTOP)

    def node(self, state: str) -> None:
        """Sets the state of the node."""
        _ask("scontrol", "update", "nodename=node1", f"state={state}", "reason=test")

    def wait(self, what: str, condition):
        """Waits until a condition holds, and gives its value back."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            if value := condition():
                return value
            time.sleep(0.1)
        raise AssertionError(f"waited {PATIENCE} s for {what}; jobs: {self.jobs()}")


class Site:
    """A folder in which a study is run on the cluster.

    Parameters
    ----------
    checkout : Checkout
        A copy of the repository, in which kernels are compiled.
    study : str
        Name of the study; its file is written.
    """

    def __init__(self, checkout: Checkout, study: str, **changes):
        self.checkout, self.study = checkout, study
        self.file = checkout.write_study(study=study, **changes)
        self.results = checkout.folder / "results" / study
        self.targets = [str(checkout.sweep(study))]

    def command(self, *arguments: str) -> list[str]:
        """The command line that a user would type, with quick looks at the state of jobs."""
        snakemake = self.checkout.command()[0]
        quick = ("--slurm-init-seconds-before-status-checks", "1", "--latency-wait", "20")
        study = ("--configfile", self.file)
        return [snakemake, "--profile", "profiles/slurm", *quick, *self.targets, *study, *arguments]

    @contextlib.contextmanager
    def running(self, *arguments: str):
        """Snakemake while it runs; afterwards `output(run)` is what it said."""
        log = self.checkout.folder / f"{self.study}.log"
        with open(log, "w") as file:
            run = subprocess.Popen(
                self.command(*arguments),
                cwd=self.checkout.folder,
                env=self.checkout.environment,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            run.log = log
            try:
                yield run
            finally:
                if run.poll() is None:
                    os.killpg(run.pid, signal.SIGKILL)
                    run.wait()

    def run(self, *arguments: str) -> str:
        """Runs to the end, which must be a good one; returns what Snakemake said."""
        with self.running(*arguments) as run:
            return finish(run)

    def finished_shards(self) -> list[str]:
        """Names of the shards whose results are complete."""
        folder = self.results / "shards" / "simulation"
        return sorted(p.stem for p in folder.glob("*.sha256") if p.with_suffix(".nc").is_file())


def finish(run: subprocess.Popen) -> str:
    """Waits for a run, which must end well; returns what it said."""
    run.wait(timeout=PATIENCE)
    said = run.log.read_text()
    assert run.returncode == 0, said
    return said


def _ask(*command: str, check: bool = True) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=check, timeout=60).stdout


def _job(line: str) -> Job:
    number, state, memory, limit, cpus, comment = line.split("|", 5)
    rule, _, wildcards = comment.partition("_wildcards_")
    size, unit = re.fullmatch(r"([\d.]+)([KMGT]?)", memory).groups()
    megabytes = float(size) * {"K": 1 / 1024, "": 1, "M": 1, "G": 1024, "T": 1024**2}[unit]
    return Job(number, state, round(megabytes), _minutes(limit), int(cpus), rule.removeprefix("rule_"), wildcards)


def _minutes(limit: str) -> int:
    """squeue writes [days-][hours:]minutes:seconds."""
    days, _, rest = limit.rpartition("-")
    parts = [int(part) for part in rest.split(":")]
    hours, minutes = (parts[0], parts[1]) if len(parts) == 3 else (0, parts[0])
    return (int(days or 0) * 24 + hours) * 60 + minutes
