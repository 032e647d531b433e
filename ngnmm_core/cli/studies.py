"""`ngnmm check`, `plan` and `calibrate`: what can be told of a study before it runs."""

import hashlib
import logging
import os
import sys
from pathlib import Path

from ngnmm_core.errors import InputError
from ngnmm_core.installation import workflow_folder

SAFE = "Models and analyses of the study's own are named with their hashes, and not executed without --trust."
EXECUTES = "Models and analyses of the study's own are executed, and named; `ngnmm check` looks at a stranger's study."


def add(commands) -> None:
    """Add the commands to the parser."""
    for name, function, text, more in (
        ("check", _check, "check a study file without running it", SAFE),
        ("plan", _plan, "tell what a study will cost: points, jobs, CPU time, memory, disk", EXECUTES),
        ("calibrate", _calibrate, "measure how fast this machine computes a study's points", EXECUTES),
    ):
        command = commands.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}. {more}")
        optional = name != "check"
        command.add_argument(
            "study",
            nargs="?" if optional else None,
            help="a YAML file, or the name of a bundled study"
            + ("; without it, the default study" if optional else ""),
        )
        if name == "plan":
            command.add_argument("--cores", type=int, default=os.cpu_count(), help="default: %(default)s")
        if name == "check":
            trust = "go on with a study that has a model or analyses of its own, which runs their code"
            command.add_argument("--trust", action="store_true", help=trust)
        command.set_defaults(run=function)


def bundled_studies() -> list[str]:
    """Names of the studies that come with the workflow."""
    return sorted(path.stem for path in (workflow_folder() / "config" / "studies").glob("*.yaml"))


def study_file(given: str | None) -> Path:
    """Locate the file of a study: a path, the name of a bundled study, or without either the default study.

    Raises
    ------
    InputError
        If there is neither such a file nor such a study.
    """
    root = workflow_folder()
    if given is None:
        return root / "config" / "config.yaml"
    if Path(given).is_file():
        return Path(given)
    if given in bundled_studies():
        return root / "config" / "studies" / f"{given}.yaml"
    bundled = ", ".join(bundled_studies())
    raise InputError(f"{given}: no such file; allowed: a YAML file (see ngnmm new), or one of {bundled}")


def open_workflow(file: Path, process=None):
    """Build what Snakemake would know of a study file in this folder."""
    from ngnmm_core.orchestration.workflow import Workflow
    from ngnmm_core.study.yaml_files import read_yaml

    return Workflow(read_yaml(file), [str(file)], workflow_folder(), ("results", "resources"), process)


def _check(options, rest) -> int:
    """Check what `ngnmm run` checks before it starts anything; run no code of the study's own unless it is trusted."""
    from ngnmm_core.preflight.estimate import axes_text

    file = study_file(options.study)
    if not options.trust and (own := _own_files(file)):
        for key, path, digest in own:
            print(f"{file}: {key}: {path} (sha256 {digest}) is code, which `ngnmm run` executes")
        print(f"not checked further; once you have read it: ngnmm check --trust {options.study}")
        return 1
    workflow = open_workflow(file)
    workflow.check()
    for name, study in workflow.studies.main.items():
        print(f"{name}: {study.size()} points ({' x '.join(map(str, study.shape())) or '1'})")
        print("".join(f"  {line}\n" for line in axes_text(study)), end="")
    return 0


def tell_code(file: Path) -> None:
    """Say which files of a study's own are code that this command executes."""
    for key, path, digest in _own_files(file):
        print(f"{file}: {key}: {path} (sha256 {digest}) is code, which is executed now", file=sys.stderr)


def _own_files(file: Path) -> list[tuple[str, Path, str]]:
    """List the files with code that a study names, by key, each with the hash of its bytes; none of them is run."""
    from ngnmm_core.study.own_files import own_files
    from ngnmm_core.study.yaml_files import read_yaml

    found = own_files(read_yaml(file), file.parent)
    return [(one.key, one.path, hashlib.sha256(one.path.read_bytes()).hexdigest()) for one in found]


def _plan(options, rest) -> None:
    """Print the forecast of every stage and of the whole, as a dry run of Snakemake does."""
    from ngnmm_core.orchestration.workflow import Process
    from ngnmm_core.stages.registry import stages_of

    process = Process(announcing=True, workers=lambda: options.cores)
    file = study_file(options.study)
    tell_code(file)
    workflow = open_workflow(file, process)
    workflow.check()
    for name, study in workflow.studies.main.items():
        for stage in stages_of(study):
            workflow.plans.shards(name, stage.name)


def _calibrate(options, rest) -> None:
    from ngnmm_core.orchestration.workflow import prepare_jobs
    from ngnmm_core.preflight.calibration import calibrate
    from ngnmm_core.preflight.cost import time_text
    from ngnmm_core.stages.registry import STAGES, stages_of

    logging.basicConfig(level=logging.WARNING)
    file = study_file(options.study)
    tell_code(file)
    workflow = open_workflow(file)
    prepare_jobs(workflow.root, workflow.resources / "kernels")
    for name, study in workflow.studies.main.items():
        for stage in stages_of(study):
            rates = calibrate(study, stage.name, workflow.connectomes.regions(name))
            seconds = rates.seconds(rates.lanes, STAGES[stage.name].settings(study)) / rates.lanes
            print(f"{name} ({stage.name}): {time_text(seconds)} of CPU time per point on {rates.source}")
