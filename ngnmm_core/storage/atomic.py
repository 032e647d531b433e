"""Files that are whole or not there: written under a temporary name, then renamed."""

import os
import tempfile
from pathlib import Path

from ngnmm_core.errors import InputError

WRITABLE = "allowed: a folder that you may write to, on a disk that is not full"


def write_atomically(path: Path, text: str) -> None:
    """Writes a text file under a temporary name and renames it; does nothing if the content is there already.

    Raises
    ------
    InputError
        Naming the file, and what the system says.
    """
    if path.is_file() and path.read_text(encoding="utf-8") == text:
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except OSError as error:
        raise InputError(f"{path}: can't be written ({error.strerror}); {WRITABLE}") from None


def replace(temporary: Path, path: Path) -> None:
    """Moves a complete file to its place."""
    with open(temporary, "rb") as file:
        os.fsync(file.fileno())
    os.replace(temporary, path)
