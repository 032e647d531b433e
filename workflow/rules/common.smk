# What every rule uses: the studies of this run, threads of a job, and where the package is.
import os
import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError
from snakemake_interface_executor_plugins.settings import ExecMode

ROOT = Path(workflow.current_basedir).parent.parent
TARGET_OF_CALLER = workflow.default_target
MAIN_PROCESS = workflow.exec_mode == ExecMode.DEFAULT

# The package works without being installed: from this checkout, here and in the jobs.
sys.path.insert(0, str(ROOT))
from ngnmm_core.orchestration import job_resources as resources
from ngnmm_core.errors import InputError, tell_plainly
from ngnmm_core.orchestration.cluster import submitted_as
from ngnmm_core.orchestration.holding import ALL_RULES
from ngnmm_core.orchestration.kept_outputs import keep_outputs
from ngnmm_core.orchestration.workflow import Process, Workflow, prepare_jobs

# With `--sdm apptainer`, jobs run in this image (docs/cluster.md tells how to make one).
if image := os.environ.get("NGNMM_CONTAINER"):

    container: image


# The config is a whole study if it was read from a file, here or by a workflow that uses this one as a module; else it
# is laid over the default study.
if workflow.modifier.skip_configfile:
    FILES = config and (workflow.configfiles or ["the config of the module"])
else:
    FILES = (
        workflow.configfiles
    )  # one that holds {} is a study without keys, not the default one

ngnmm = Workflow(
    config,
    files=FILES,
    root=ROOT,
    folders=(
        workflow.pathvars.apply("<results>"),
        workflow.pathvars.apply("<resources>"),
    ),
    process=Process(
        writing=lambda: MAIN_PROCESS
        and workflow.executor_plugin is not None
        and not workflow.dryrun,
        announcing=MAIN_PROCESS,
        workers=lambda: workflow.resource_settings.nodes
        or workflow.resource_settings.cores
        or 1,
        targets=lambda: workflow.dag_settings.targets,
        words=sys.argv[1:],
        looking=lambda: workflow.dryrun,
        forced=lambda: (
            [ALL_RULES]
            if workflow.dag_settings.forceall
            else [str(name) for name in workflow.dag_settings.forcerun]
        ),
        deleting="--delete-all-output" in sys.argv,
        reporting=any(word.partition("=")[0] == "--report" for word in sys.argv),
        submission=lambda: submitted_as(workflow) if MAIN_PROCESS else None,
    ),
)
studies, connectomes, plans, jobs = (
    ngnmm.studies,
    ngnmm.connectomes,
    ngnmm.plans,
    ngnmm.jobs,
)
tell_plainly()
prepare_jobs(ROOT, Path(ngnmm.resources, "kernels"))
# all outputs that are read back are marked `update()`: what exists stays until its successor is whole
keep_outputs((ngnmm.results, ngnmm.resources))

# What every job asks for that compiles, draws, scores or tabulates.  On a cluster these stay where Snakemake runs: each
# takes less than a minute, and a queue longer.
SMALL = dict(
    mem_mb=lambda wildcards, attempt: resources.grown(resources.SMALL_MB, attempt),
    runtime=lambda wildcards, attempt: resources.grown(
        resources.SMALL_MINUTES, attempt
    ),
)

if MAIN_PROCESS:
    try:
        ngnmm.check()
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(1)


wildcard_constraints:
    study=r"[A-Za-z0-9][\w.-]*(/[A-Za-z0-9][\w.-]*)?",
    stage=r"[a-z_]+",
    shard=r"[0-9a-f]{16}",
    connectome=r"[\w.-]+",
