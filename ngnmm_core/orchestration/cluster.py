"""A run on SLURM: what it says to the largest job before any is submitted, and how long the run takes."""

import contextlib
import io
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ngnmm_core.errors import InputError
from ngnmm_core.orchestration.job_resources import grown, shard_memory, shard_minutes
from ngnmm_core.orchestration.plans import Plans
from ngnmm_core.preflight.cluster import cluster_text, sbatch_options, seconds_to_start
from ngnmm_core.preflight.estimate import Estimate
from ngnmm_core.study.study import Study
from ngnmm_core.sweep.plan import Shard

PLUGIN = "snakemake_executor_plugin_slurm"
SHARD, MEMORY, MINUTES = "shard", "mem_mb", "runtime"


class Cluster:
    """What is known about the cluster that jobs are sent to.

    Parameters
    ----------
    plans : Plans
    submission : callable
        Resources that a profile or the command line sets for shards, by name; None where jobs run on this machine.
    ended : callable
        Ends the run in one line, or gives the error back.
    """

    def __init__(
        self,
        plans: Plans,
        submission: Callable[[], Mapping[str, Any] | None],
        ended: Callable[[InputError], InputError],
    ):
        self._plans, self._submission, self._ended = plans, submission, ended
        self._memory, self._minutes = 0.0, 0.0

    def plan(self, study: Study, stage: str, shards: Sequence[Shard]) -> None:
        """Enter the shards of a stage that are to be computed."""
        if not shards:
            return
        regions = self._plans.connectomes.regions(study.name)
        largest = max(len(shard.ids) for shard in shards)
        self._memory = max(self._memory, shard_memory(study, stage, regions, largest))
        self._minutes = max(self._minutes, shard_minutes(study, stage, regions, largest))

    def wall_text(self, estimates: Sequence[Estimate], workers: int) -> str:
        """Put the wall time of the run into words; empty where jobs run on this machine, or nothing is to be done.

        Raises
        ------
        InputError
            If SLURM would refuse the largest job.
        """
        resources = self._submission()
        jobs = [seconds for one in estimates for seconds in one.jobs]
        if resources is None or not jobs:
            return ""
        memory, minutes = (
            value if isinstance(value := resources.get(name), int) else grown(default, 1)
            for name, default in ((MEMORY, self._memory), (MINUTES, self._minutes))
        )
        try:
            queue = seconds_to_start(sbatch_options(resources, memory, minutes))
        except InputError as error:
            raise self._ended(error) from None
        return cluster_text(jobs, workers, sum(one.compiling > 0.0 for one in estimates), queue)


def submitted_as(workflow) -> dict[str, Any] | None:
    """Resources of a shard's first attempt that Snakemake's settings give it; None where jobs don't go to SLURM.

    Defaults, over which lies what the rule gets.  What can be computed for a known job only, as from its input, is left
    out.

    Parameters
    ----------
    workflow : snakemake.workflow.Workflow
    """
    if not (_would_run_on_slurm(sys.argv[1:]) if workflow.dryrun else _runs_on_slurm(workflow)):
        return None
    settings, given = workflow.resource_settings, {}
    for source in (settings.default_resources or {}, settings.overwrite_resources.get(SHARD, {})):
        given |= {name: _first_value(value) for name, value in source.items()}
    return {name: value for name, value in given.items() if value is not None}


def _runs_on_slurm(workflow) -> bool:
    return type(workflow.executor_settings).__module__.partition(".")[0] == PLUGIN


def _would_run_on_slurm(words: Sequence[str]) -> bool:
    """Whether a dry run with this command line, and the profiles it names, looks at a run on SLURM.

    Snakemake itself has forgotten by now which executor a dry run stands for.
    """
    from snakemake.cli import parse_args

    try:
        with contextlib.redirect_stderr(io.StringIO()):  # it names the profiles once more
            return parse_args(list(words))[1].executor == "slurm"
    except (Exception, SystemExit):  # a program that calls Snakemake has a command line of its own
        return False


def _first_value(value: Any) -> Any:
    if not hasattr(value, "evaluate"):
        return None if callable(value) else value
    try:
        return value.evaluate(None, input=None, attempt=1, threads=1, rulename=SHARD, async_run=None).value
    except Exception:  # whatever an expression raises that needs a real job
        return None
