"""Whether a finished file still holds what its job wrote: a checksum beside it, as `sha256sum -c` reads it.

A file is finished when its checksum is there, which is written after it.  Looking at the times of both is cheap: the
system dates every change of a file itself, whatever date the file is then given, so that one that was changed,
truncated, restored or copied over since it was sealed is read, and its content compared.  Reading the content without
that finds everything, a disk that went wrong too.  A file may have companions, such as raw series of many gigabytes,
whose checksums stand below its own.  A plan reads what has changed; a merge reads all.
"""

import contextlib
import hashlib
import os
import re
import time
from collections.abc import Sequence
from pathlib import Path

from ngnmm_core.errors import InputError
from ngnmm_core.storage.atomic import write_bytes

SUFFIX = ".sha256"
LINE = re.compile(r"([0-9a-f]{64})  ([\w.-]+)", re.ASCII)


def checksum_path(path: Path) -> Path:
    """Name the file with the checksum of a file."""
    return path.with_suffix(SUFFIX)


def seal(path: Path, companions: Sequence[Path] = ()) -> None:
    """Write the checksum of a complete file beside it, and below it those of its companions."""
    lines = [f"{digest(each)}  {each.name}\n" for each in (path, *companions)]
    write_bytes(checksum_path(path), "".join(lines).encode("ascii"))


def is_sealed(path: Path) -> bool:
    """Whether a file was finished: it, its checksum and its companions are there."""
    return path.is_file() and checksum_path(path).is_file() and all(each.is_file() for each in _noted(path))


def is_intact(path: Path, thorough: bool = False) -> bool:
    """Whether a file and its companions are finished and hold what was written.

    Those are read that have changed since they were sealed; all of them if the check is thorough.
    """
    if not is_sealed(path):
        return False
    noted = _noted(path)
    doubtful = noted if thorough else {each: noted[each] for each in noted if _changed_since(each, checksum_path(path))}
    if path not in noted or any(checksum != digest(each) for each, checksum in doubtful.items()):
        return False
    if doubtful and not thorough:
        _date_again(checksum_path(path))
    return True


def _changed_since(path: Path, checksum: Path) -> bool:
    """Whether a file may have been changed or replaced after its checksum was written.

    The date that the system gives counts (`st_ctime`), which no program can set; so a copied folder is read once.
    """
    own, sealed = path.stat(), checksum.stat()
    if sealed.st_ctime > time.time():  # the clock was ahead: whatever came later is dated earlier
        return True
    return own.st_ctime_ns >= sealed.st_ctime_ns


def _date_again(checksum: Path) -> None:
    """Let the system date a checksum now, so that what was just found as it was written is not read at every plan."""
    with contextlib.suppress(OSError):  # of somebody else's file
        seen = checksum.stat()
        os.utime(checksum, ns=(seen.st_atime_ns, seen.st_mtime_ns))


def _noted(path: Path) -> dict[Path, str]:
    """Read the checksums of a file and its companions; nothing if they can't be read."""
    text = checksum_path(path).read_text(encoding="ascii", errors="replace")
    lines = [LINE.fullmatch(line) for line in text.splitlines()]
    noted = {path.with_name(line[2]): line[1] for line in lines if line} if all(lines) else {}
    return noted if all(each.name.startswith(f"{path.stem}.") for each in noted) else {}  # not those of another file


def require_intact(paths: Sequence[Path]) -> None:
    """Refuses files that are not what their jobs wrote, and takes their checksums away.

    Without its checksum a file counts as unfinished, so that the next run computes it anew even where the times of
    both do not show that it has changed: a disk that went wrong, or a change in the moment in which it was sealed.

    Raises
    ------
    InputError
        Naming the first such file, and how many there are.
    """
    damaged = [path for path in paths if not is_intact(path, thorough=True)]
    for path in damaged:
        take_seal(path)
    if damaged:
        raise InputError(
            f"{damaged[0]}: damaged, its content is not what its job wrote ({len(damaged)} of {len(paths)} shards); "
            "allowed: complete shards (run the workflow again, which computes damaged ones anew)"
        )


def take_seal(path: Path) -> None:
    """Take the checksum of a file away, so that it counts as unfinished."""
    with contextlib.suppress(OSError):  # of a folder that can't be written in, which is not what is to be told
        checksum_path(path).unlink(missing_ok=True)


def discard(path: Path) -> None:
    """Remove a file, its companions and their checksums."""
    companions = _noted(path) if checksum_path(path).is_file() else ()
    for each in (checksum_path(path), *companions, path):
        each.unlink(missing_ok=True)


def digest(path: Path) -> str:
    """Hash the content of a file into 64 hexadecimal digits."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
