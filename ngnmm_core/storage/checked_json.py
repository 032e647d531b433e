"""Small JSON files that are read back: with a checksum in them, so that a damaged one counts as not there."""

import hashlib
import json
from pathlib import Path
from typing import Any

from ngnmm_core.storage.atomic import write_atomically

CHECK, CONTENT = "sha256", "content"


def write_checked(path: Path, content: Any) -> None:
    """Write plain data with its checksum.

    Raises
    ------
    InputError
        If the file can't be written.
    """
    write_atomically(path, json.dumps({CHECK: _checksum(content), CONTENT: content}))


def read_checked(path: Path) -> Any:
    """Return what was written; None if there is no such file, or it is damaged."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return found[CONTENT] if found[CHECK] == _checksum(found[CONTENT]) else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _checksum(content: Any) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
