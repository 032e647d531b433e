"""Files that are whole or not there: written under a temporary name beside their own, then renamed.

Whatever the package writes goes through here.  Where a job is killed in between, a hidden file `.NAME.<number>.part` is
left, which nothing reads.
"""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ngnmm_core.errors import InputError

WRITABLE = "allowed: a folder that you may write to, on a disk that is not full"
PART = ".part"


class WholeFile:
    """A file on its way: `temporary` is written, and `finish` gives it its name.

    Parameters
    ----------
    path : Path
        The file; untouched until `finish`, which replaces it.  Its folder is made.
    durable : bool
        Whether the content must be on the disk before the name is, so that a power cut can't leave an empty file.
    """

    def __init__(self, path: str | Path, durable: bool = True):
        self.path, self.durable = Path(path), durable
        self.path.parent.mkdir(parents=True, exist_ok=True)
        # in the same folder, as a rename is atomic within one file system only
        self.temporary = self.path.with_name(f".{self.path.name}.{secrets.token_hex(6)}{PART}")
        self.temporary.open("xb").close()

    def finish(self, mode: int | None = None) -> None:
        """Move what was written to its place, with other permissions than new files have if they are given."""
        if mode is not None:
            os.chmod(self.temporary, mode)
        if self.durable:
            with open(self.temporary, "rb") as file:
                os.fsync(file.fileno())
        os.replace(self.temporary, self.path)

    def discard(self) -> None:
        """Remove what was written, if it has not found its place."""
        self.temporary.unlink(missing_ok=True)


@contextmanager
def whole_file(path: str | Path, durable: bool = True, mode: int | None = None) -> Iterator[Path]:
    """Give a temporary file to write to, which takes its name when the block ends without an error."""
    file = WholeFile(path, durable)
    try:
        yield file.temporary
        file.finish(mode)
    finally:
        file.discard()


def write_bytes(path: str | Path, content: bytes, durable: bool = True, mode: int | None = None) -> None:
    """Write a file, with the permissions of any new file or those of `mode`.

    Raises
    ------
    OSError
        If it can't be written; what was there is untouched.
    """
    with whole_file(path, durable, mode) as temporary:
        temporary.write_bytes(content)


def write_atomically(path: Path, text: str) -> None:
    """Write a text file; do nothing if the content is there already.

    Raises
    ------
    InputError
        Naming the file, and what the system says.
    """
    content = text.encode()
    with suppress(OSError):
        if path.read_bytes() == content:
            return
    try:
        write_bytes(path, content, durable=False)
    except OSError as error:
        raise InputError(f"{path}: can't be written ({error.strerror}); {WRITABLE}") from None
