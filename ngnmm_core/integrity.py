"""Whether a finished file still holds what its job wrote: a checksum beside it, as `sha256sum -c` reads it.

A file is finished when its checksum is there, which is written after it.  Looking at the times of both is cheap and
finds whatever was written later; reading the content finds everything.
"""

import hashlib
from pathlib import Path

from ngnmm_core.errors import InputError

SUFFIX = ".sha256"
LENGTH = 64  # hexadecimal digits


def checksum_path(path: Path) -> Path:
    """The file with the checksum of a file."""
    return path.with_suffix(SUFFIX)


def seal(path: Path) -> None:
    """Writes the checksum of a complete file beside it."""
    checksum_path(path).write_text(f"{_digest(path)}  {path.name}\n", encoding="ascii")


def is_sealed(path: Path) -> bool:
    """Whether a file was finished: it and its checksum are there."""
    return path.is_file() and checksum_path(path).is_file()


def is_intact(path: Path, thorough: bool = False) -> bool:
    """Whether a file is finished and holds what was written; if not thorough, it is read only if changed since."""
    if not is_sealed(path):
        return False
    noted = checksum_path(path).read_text(encoding="ascii", errors="replace").partition("  ")[0]
    if len(noted) != LENGTH:
        return False
    changed = path.stat().st_mtime_ns > checksum_path(path).stat().st_mtime_ns
    return noted == _digest(path) if thorough or changed else True


def require_intact(path: Path) -> None:
    """Refuses a file that is not what its job wrote.

    Raises
    ------
    InputError
        Naming the file.
    """
    if not is_intact(path, thorough=True):
        raise InputError(
            f"{path}: damaged, its content is not what its job wrote; allowed: a complete shard (run the workflow "
            "again, which computes it anew)"
        )


def discard(path: Path) -> None:
    """Removes a file and its checksum."""
    for each in (checksum_path(path), path):
        each.unlink(missing_ok=True)


def _digest(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
