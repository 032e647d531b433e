"""Removes locks that killed runs left behind: ours, one per study, and those of Snakemake, one per folder.

The profile of this workflow turns Snakemake's own locks off; a workflow that uses this one as a module may have them.
"""

import os
from pathlib import Path

import psutil

from ngnmm_core.orchestration.study_lock import living_holders, remove_left_behind

LOCKS = Path(".snakemake", "locks")
RESULTS = Path("results")


def unlock(folder: Path = Path(), results: Path = RESULTS) -> list[str]:
    """Remove what killed runs left behind; say so, and say whose locks stay as they live."""
    said = [f"{where}: removed the lock of a run that is not there any more" for where in remove_left_behind(results)]
    said += [f"locked by a living run: {holder}" for holder in living_holders(results)]
    if message := remove_stale(folder, results):
        said.append(message)
    return said


def remove_stale(folder: Path = Path(), results: Path = RESULTS) -> str:
    """Remove a stale lock of Snakemake's; return what was done, in words, or an empty string if there was none.

    A lock whose holder may be alive stays.
    """
    locks = sorted((folder / LOCKS).glob("*.lock"))
    if not locks:
        return ""
    holder = living_holder(folder, results)
    if holder:
        return f"the folder is locked by {holder}; if that is not running any more: snakemake --unlock"
    for lock in locks:
        lock.unlink(missing_ok=True)
    return "removed the lock of a run that is not there any more"


def living_holder(folder: Path = Path(), results: Path = RESULTS) -> str:
    """Who may still run the workflow in a folder, in words; empty if nobody does."""
    if holders := living_holders(results):
        return holders[0]
    ours = {os.getpid(), *(parent.pid for parent in psutil.Process().parents())}
    for process in psutil.process_iter(["pid", "cmdline"]):
        command = process.info["cmdline"] or []
        if process.info["pid"] in ours or not _is_main_snakemake(command):
            continue
        try:
            if Path(process.cwd()).resolve() == folder.resolve():
                return f"process {process.info['pid']}"
        except (psutil.Error, OSError):
            continue
    return ""


def _is_main_snakemake(command: list[str]) -> bool:
    """Whether a command line is that of a Snakemake that holds a lock; one that runs a job for another does not."""
    return any(Path(word).name == "snakemake" for word in command[:3]) and "--mode" not in command
