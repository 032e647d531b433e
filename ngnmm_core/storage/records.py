"""What a product was made from, and what it held when it was made: a record beside its recipe.

Times of files and what Snakemake remembers tell most of the time whether a product is up to date; they tell nothing of
one that was damaged, replaced by another study's, dated in the future, or left by a job that failed.  A record does: it
holds the hash of the recipe and those of the files, and is written last.
"""

import hashlib
import json
import os
import time
from collections.abc import Sequence
from pathlib import Path

from ngnmm_core.storage.atomic import write_bytes
from ngnmm_core.storage.integrity import digest

RECORD = "made.json"
LATE = 60.0  # seconds by which the clock of a file server may be ahead of ours


def write_record(recipe: Path, files: Sequence[Path]) -> None:
    """Note down beside a recipe what was made by it.

    Raises
    ------
    OSError
        If the record can't be written.
    """
    content = {"recipe": _hash(recipe.read_bytes()), "files": {_name(file, recipe): digest(file) for file in files}}
    write_bytes(recipe.with_name(RECORD), json.dumps(content, indent=1).encode())


def why_not(recipe: Path, content: str, files: Sequence[Path]) -> str | None:
    """Why files can't be taken for what a recipe makes, in words; None if they can.

    Parameters
    ----------
    recipe : Path
        Where the recipe is, or would be; the record is beside it.
    content : str
        The recipe as it should be.
    files : sequence of Path
        All that is made by it; they exist.

    Returns
    -------
    str or None
        Empty where there is nothing to be told: the recipe has changed, or its last job did not get to its end.
    """
    try:
        noted = json.loads(recipe.with_name(RECORD).read_text(encoding="utf-8"))
        hashes, made_by = dict(noted["files"]), noted["recipe"]
    except (OSError, ValueError, KeyError, TypeError):
        return ""
    if made_by != _hash(content.encode()):
        return ""
    for file in files:
        if hashes.get(_name(file, recipe)) != digest(file):
            return f"{file}: is not what was written there"
        if file.stat().st_mtime > time.time() + LATE:
            return f"{file}: is dated in the future"
    return None


def not_later(path: Path) -> None:
    """Date a file now that is dated in the future."""
    if path.is_file() and path.stat().st_mtime > time.time() + LATE:
        os.utime(path)


def _name(file: Path, recipe: Path) -> str:
    """Name a file by its place seen from the recipe, so that a folder of results can be moved."""
    return Path(os.path.relpath(file, recipe.parent)).as_posix()


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
