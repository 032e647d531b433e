"""Files that only this user can have written, with a checksum before their content.

For what is run as a program after it was read: a compiled kernel that another user has put there, or in which a bit has
flipped, must not be run.  The checksum covers the file's name too, so that one kernel is not taken for another.
"""

import hashlib
import os
import stat
import sys
from functools import cache
from pathlib import Path

from ngnmm_core.storage.atomic import write_bytes

OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH
MAGIC = b"ngnmm1\n"


def private_folder(path: Path) -> None:
    """Make a folder that only this user can write to, whatever the mask of the session; leave one that is there."""
    if not path.is_dir():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.mkdir(mode=0o755, exist_ok=True)


@cache
def is_trusted(folder: Path) -> bool:
    """Whether only this user can write to a folder; says so once if others can."""
    try:
        why = _distrust(folder.stat())
    except FileNotFoundError:
        return True
    if why:
        print(f"warning: {folder}: {why}; its kernels are not used, and none are kept there", file=sys.stderr)
    return not why


def _distrust(status: os.stat_result) -> str:
    """Why a file or folder may hold what this user has not written; empty if it can't."""
    if status.st_uid != os.getuid():
        return f"belongs to another user ({status.st_uid})"
    if status.st_mode & OTHERS_WRITE:
        return "can be written to by other users (chmod go-w changes that)"
    return ""


def write_sealed(path: Path, content: bytes) -> None:
    """Write a file with its checksum.

    Raises
    ------
    OSError
        If it can't be written.
    """
    write_bytes(path, MAGIC + _checksum(path, content) + content, durable=False, mode=0o644)


def read_sealed(path: Path) -> bytes | None:
    """Return the content of a file; None if it isn't there, may be another user's, or is not what was written."""
    if not is_trusted(path.parent):
        return None
    try:
        with path.open("rb") as file:
            if _distrust(os.fstat(file.fileno())):
                return None
            found = file.read()
    except OSError:
        return None
    start = len(MAGIC) + hashlib.sha256().digest_size
    content = found[start:]
    return content if found[:start] == MAGIC + _checksum(path, content) else None


def _checksum(path: Path, content: bytes) -> bytes:
    return hashlib.sha256(path.name.encode() + b"\0" + content).digest()
