"""What a cluster adds to a run: whether SLURM takes the jobs, when the first could start, and the time around them.

SLURM is asked by `sbatch --test-only`, which submits nothing: it refuses a partition, account or size that it would
refuse later, and tells when a job like this could start.  A wrong partition thus ends a run before its first job, and
is not tried again with more memory.
"""

import math
import re
import shlex
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from datetime import datetime

from ngnmm_core.errors import InputError
from ngnmm_core.preflight.cost import time_text
from ngnmm_core.preflight.estimate import wall_seconds

# Options of sbatch by the names that the SLURM plugin of Snakemake gives them
OPTIONS = {
    "slurm_partition": "--partition",
    "slurm_account": "--account",
    "cluster": "--clusters",
    "clusters": "--clusters",
    "slurm_cluster": "--clusters",
    "constraint": "--constraint",
    "qos": "--qos",
}
START = re.compile(r"to start at (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)")
PATIENCE_S = 30.0  # that a controller gets for its answer

COMPILING_S = 30.0  # of the kernels of a stage; 5 to 60
STARTING_S = 12.0  # of a job: two processes of Snakemake, beside the start that every estimate counts
POLLING_S = (20.0, 180.0)  # first and longest interval between two looks at the states of jobs
POLLING_GROWTH_S = 10.0  # by which it grows while no job ends


def sbatch_options(resources: Mapping[str, object], memory_mb: int, minutes: int) -> list[str]:
    """Options of sbatch for a job of one core, from what a profile sets for it.

    Parameters
    ----------
    resources : mapping
        Names of the SLURM plugin (`slurm_partition`, `slurm_account`, `qos`, ...) and their values.
    memory_mb, minutes : int
        What the job asks for, unless `resources` has `mem_mb` and `runtime`.
    """
    given = {name: str(value).strip("'\"") for name, value in resources.items() if value not in (None, "")}
    options = [f"{option}={given[name]}" for name, option in OPTIONS.items() if name in given]
    options += shlex.split(given.get("slurm_extra", ""))
    return [*options, f"--mem={memory_mb}", f"--time={minutes}", "--ntasks=1"]


def seconds_to_start(options: Sequence[str], now: datetime | None = None) -> float | None:
    """Ask SLURM when a job with these options could start; seconds from now, None where it does not say.

    Raises
    ------
    InputError
        If SLURM would refuse the job, in its own words.
    """
    if shutil.which("sbatch") is None:
        return None  # the executor says so itself
    command = ["sbatch", "--test-only", *options, "--wrap", "true"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S)
    except (OSError, subprocess.TimeoutExpired):
        return None
    said = f"{done.stdout}\n{done.stderr}"
    if match := START.search(said):
        start = datetime.fromisoformat(match[1])
        return max((start - (now or datetime.now())).total_seconds(), 0.0)
    if done.returncode and (reason := _refusal(said)):
        raise InputError(
            f"slurm: sbatch {' '.join(options)}: {reason}; allowed: what `sinfo` and your account allow "
            "(default-resources in profiles/slurm/profile.yaml)"
        )
    return None


def _refusal(said: str) -> str:
    """SLURM's reason, if it is one that waiting would not change."""
    lines = [line.removeprefix("sbatch: error: ").removeprefix("allocation failure: ") for line in said.splitlines()]
    reasons = [line.strip() for line in lines if line.strip()]
    passing = ("Unable to contact", "timed out", "Connection refused", "temporarily", "Socket")
    if not reasons or any(word in said for word in passing):
        return ""
    return reasons[-1]


def polling_seconds(job_seconds: float) -> float:
    """Mean time from the end of a job to the look that sees it, in a batch of jobs of this length.

    The interval between looks starts at 20 s and grows by 10 s while no job ends, to 180 s at the most.
    """
    first, longest = POLLING_S
    looks = (math.sqrt(first**2 + 2 * POLLING_GROWTH_S * job_seconds) - first) / POLLING_GROWTH_S
    return min(first + POLLING_GROWTH_S * looks, longest) / 2


def cluster_seconds(jobs: Sequence[float], workers: int, compilations: int, queue: float | None) -> tuple[float, float]:
    """Wall time of jobs on a cluster, and the part of it in which nothing is computed (s).

    Parameters
    ----------
    jobs : sequence of float
        Seconds of every job.
    workers : int
        Number of jobs at once.
    compilations : int
        Stages whose kernels are to be compiled first, one after the other.
    queue : float, optional
        Time until the first job starts (s); jobs after it are taken to find a place at once.
    """
    computing = wall_seconds(jobs, workers)
    around = [STARTING_S + seconds + polling_seconds(seconds) for seconds in jobs]
    wall = compilations * COMPILING_S + (queue or 0.0) + wall_seconds(around, workers)
    return wall, wall - computing


def cluster_text(jobs: Sequence[float], workers: int, compilations: int, queue: float | None) -> str:
    """Put the wall time of jobs on a cluster into words; parameters as in `cluster_seconds`."""
    wall, idle = cluster_seconds(jobs, workers, compilations, queue)
    waiting = "an unknown time" if queue is None else time_text(max(queue, 1.0))
    return (
        f"{time_text(wall)} with {min(workers, len(jobs))} jobs at once (of it {time_text(idle)} for compiling, the "
        f"queue, starting and looking after jobs; SLURM says {waiting} until the first starts)"
    )
