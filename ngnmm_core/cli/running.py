"""`ngnmm run`, `partial` and `report`: Snakemake with this workflow, in the current folder."""

import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import platformdirs

from ngnmm_core.cli.studies import bundled_studies, study_file, tell_code
from ngnmm_core.compilation.cache_folder import temporary_caches
from ngnmm_core.errors import InputError
from ngnmm_core.installation import workflow_folder

DISPLAY = "snakemake_logger_plugin_ngnmm"
PING_S = 1.0  # how long SLURM's daemon may take to answer


def add(commands) -> None:
    """Add the commands to the parser."""
    run = _add(commands, "run", "run a study to its datasets, figures and explorer")
    run.description = "Runs a study in this folder; results go to results/, what is kept to resources/."
    run.set_defaults(run=_run)
    partial = _add(commands, "partial", "merge what there is of an unfinished study")
    partial.description = (
        "Merges the shards that are there into results/STUDY/sweep.partial.nc; a run may go on beside it."
    )
    partial.set_defaults(run=_partial)
    report = _add(commands, "report", "bundle the figures of a study into one report")
    report.description = "Makes what is missing of a study, then bundles its figures, tables and explorer."
    report.add_argument("-o", "--output", type=Path, default=Path("report.zip"), help=".zip or .html; %(default)s")
    report.set_defaults(run=_report)


def _add(commands, name: str, text: str):
    """Add a command that starts Snakemake on a study."""
    command = commands.add_parser(
        name, help=text, epilog="What it does not know goes to Snakemake, e.g. --until merge, --keep-going."
    )
    bundled = ", ".join(bundled_studies())
    command.add_argument("study", nargs="?", help=f"a YAML file, or one of {bundled}; without it, the default study")
    _add_running(command)
    return command


def _add_running(command) -> None:
    command.add_argument("--cores", default="all", help="number of cores; default: %(default)s")
    command.add_argument("--profile", help="a profile of Snakemake, e.g. profiles/slurm; it sets the number of jobs")
    only = "only tell what would be done, and what it will cost"
    command.add_argument("-n", "--dry-run", action="store_true", help=only)
    plain = "Snakemake's own messages instead of the progress display"
    command.add_argument("--plain", action="store_true", help=plain)


def snakemake_command(study: str | None, *words: str, target: str | None = None) -> list[str]:
    """Build the command that runs Snakemake on a study: a file, the name of a bundled one, or None for the default.

    Without a target it makes all that belongs to the study.

    Raises
    ------
    InputError
        If there is no such study.
    """
    from ngnmm_core.study.yaml_files import read_yaml

    file = study_file(study)  # refuses what is not there
    tell_code(file)
    if study is not None:
        read_yaml(file)  # and what runs code or never ends: Snakemake reads the file before the workflow can look at it
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(workflow_folder() / "Snakefile"), *words]
    if study is not None and (target or Path(study).is_file()):
        command += ["--configfile", str(file)]
    elif study is not None:
        target = study
    return [*command, "--", target] if target else command


def _partial(options, rest: list[str]) -> int:
    return _run(options, rest, "partial")


def _run(options, rest: list[str], target: str | None = None) -> int:
    words = list(rest)
    words += ["--profile", options.profile] if options.profile else ["--cores", options.cores]
    if options.dry_run:
        words += ["--dry-run", "--quiet", "host", "reason"]
    else:
        words += _display(options, rest)
    return start(snakemake_command(options.study, *words, target=target))


def _display(options, rest: list[str]) -> list[str]:
    """Options of Snakemake for the progress display, where it is there and wanted."""
    wanted = not options.plain and "--logger" not in rest and importlib.util.find_spec(DISPLAY)
    return ["--logger", "ngnmm"] if wanted else []


def _report(options, rest: list[str]) -> int:
    if options.output.suffix not in (".zip", ".html"):
        raise InputError(f"--output: '{options.output}' has no known format; allowed: a name ending in .zip or .html")
    if not options.output.absolute().parent.is_dir():
        raise InputError(f"--output: {options.output.parent} is not there; allowed: a folder that exists")
    # Figures and captions must be those of the study as its file is now: so what is missing or old is made first.
    failed = _run(options, rest)
    if failed or options.dry_run:
        return failed
    words = [*rest, "--report", str(options.output), "--quiet", "host", *_display(options, rest)]
    print("Bundling the figures", file=sys.stderr)
    failed = start(snakemake_command(options.study, *words))
    if not failed and options.output.is_file():
        page = "unpack it and open report.html" if options.output.suffix == ".zip" else "open it in a browser"
        print(f"{options.output}: {options.output.stat().st_size / 1e6:.1f} MB; {page}", file=sys.stderr)
    return failed


def start(command: list[str]) -> int:
    """Run Snakemake in this folder with caches that can be written; return its exit code."""
    from ngnmm_core.orchestration.locks import remove_stale

    if message := remove_stale():
        print(message, file=sys.stderr)
    with _without_silent_slurm(command) as variables:
        process = subprocess.Popen(command, env=os.environ | caches() | variables)
        while True:
            try:
                return process.wait()
            except KeyboardInterrupt:  # Snakemake has got it as well: it ends its jobs and unlocks the folder
                continue


@contextmanager
def _without_silent_slurm(command: Sequence[str]) -> Iterator[dict[str, str]]:
    """Give variables with which Snakemake does not wait for a SLURM that is installed and doesn't answer.

    Its SLURM plugin asks `scontrol` whenever it is imported, for local runs as well, and waits for ten seconds.  Where
    jobs run here and the daemon is silent, a `scontrol` that fails at once takes its place.
    """
    elsewhere = any(word.split("=")[0] in ("--profile", "--workflow-profile", "--executor", "-e") for word in command)
    if elsewhere or not slurm_is_silent():
        yield {}
        return
    with tempfile.TemporaryDirectory(prefix="ngnmm-") as folder:
        yield failing_scontrol(Path(folder))


def failing_scontrol(folder: Path) -> dict[str, str]:
    """Put a `scontrol` that fails at once into a folder; return the variables with which it is found first."""
    program = folder / "scontrol"
    program.write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
    program.chmod(0o755)
    return {"PATH": os.pathsep.join([str(folder), os.environ.get("PATH", os.defpath)])}


def slurm_is_silent() -> bool:
    """Whether SLURM is installed, and its daemon does not say before long that it is up."""
    if shutil.which("scontrol") is None:
        return False
    try:
        ping = subprocess.run(["scontrol", "ping"], capture_output=True, stdin=subprocess.DEVNULL, timeout=PING_S)
    except (OSError, subprocess.TimeoutExpired):
        return True
    return ping.returncode != 0


def caches() -> dict[str, str]:
    """Variables that lead caches of other programs to a place that can be written, where the home can't."""
    with suppress(RuntimeError):  # there is no home
        base = platformdirs.user_cache_path()
        existing = next(folder for folder in (base, *base.parents) if folder.exists())
        if existing.is_dir() and os.access(existing, os.W_OK) and _can_make(existing):
            return {}
    place = temporary_caches()
    place.mkdir(mode=0o700, exist_ok=True)
    return {"XDG_CACHE_HOME": str(place), "MPLCONFIGDIR": str(place / "matplotlib")}


def _can_make(folder: Path) -> bool:
    """Whether a file can be made in a folder: of a read-only file system, permissions don't tell."""
    try:
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False
