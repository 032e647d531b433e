"""Removes the lock that a killed Snakemake left behind, if no living one holds the folder."""

import json
import os
import socket
from pathlib import Path

import psutil

HOLDER = Path(".snakemake", "ngnmm-holder.json")
LOCKS = Path(".snakemake", "locks")


def take_over(folder: Path = Path()) -> str:
    """Remove a stale lock before Snakemake locks the folder for a run, and note down who will hold the next one.

    Returns what was done with a lock, in words.  Where a living run holds one, nothing is changed.
    """
    message = remove_stale(folder)
    if not is_locked(folder):
        note_holder(folder)
    return message


def is_locked(folder: Path = Path()) -> bool:
    """Whether a run holds the folder."""
    return any((folder / LOCKS).glob("*.lock"))


def note_holder(folder: Path = Path()) -> None:
    """Write down which process on which host runs the workflow in a folder."""
    path = folder / HOLDER
    if path.parent.is_dir():
        path.write_text(json.dumps({"host": socket.gethostname(), "pid": os.getpid()}), encoding="utf-8")


def living_holder(folder: Path = Path()) -> str:
    """Who may still run the workflow in a folder, in words; empty if nobody does."""
    noted = _noted(folder)
    if noted and noted["host"] != socket.gethostname():
        return f"a run on host {noted['host']} (process {noted['pid']})"
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


def _noted(folder: Path) -> dict | None:
    try:
        return json.loads((folder / HOLDER).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def remove_stale(folder: Path = Path()) -> str:
    """Remove a stale lock; return what was done, in words, or an empty string if there was none.

    A lock whose holder may be alive stays.
    """
    locks = sorted((folder / LOCKS).glob("*.lock"))
    if not locks:
        return ""
    holder = living_holder(folder)
    if holder:
        return f"the folder is locked by {holder}; if that is not running any more: snakemake --unlock"
    for lock in locks:
        lock.unlink(missing_ok=True)
    return "removed the lock of a run that is not there any more"
