"""Arrays that a job keeps to go on from where it was killed, taken only if they are what was kept in that place.

A checksum stands before the arrays.  It covers the names of the file and its folder too, so that what was kept for one
point is not taken for another's.
"""

import hashlib
import io
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from ngnmm_core.storage.atomic import write_bytes

if TYPE_CHECKING:
    import numpy as np

DIGEST = hashlib.sha256().digest_size


def keep_arrays(path: Path, arrays: Mapping[str, "np.ndarray"]) -> None:
    """Write arrays to a file; numbers only, no objects.

    Raises
    ------
    OSError
        If it can't be written; what was there is untouched.
    """
    import numpy as np

    content = io.BytesIO()
    np.savez(content, allow_pickle=False, **arrays)
    write_bytes(path, _checksum(path, content.getvalue()) + content.getvalue())


def kept_arrays(path: Path) -> dict[str, "np.ndarray"] | None:
    """Read what was kept; None if there is nothing, or, with a line in the log, if it is damaged."""
    import numpy as np

    try:
        found = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        logging.warning("%s: can't be read (%s); computed again", path, error.strerror)
        return None
    content = found[DIGEST:]
    if found[:DIGEST] != _checksum(path, content):
        logging.warning("%s: is not what was kept there; computed again", path)
        return None
    with np.load(io.BytesIO(content), allow_pickle=False) as saved:
        return {name: saved[name] for name in saved.files}


def _checksum(path: Path, content: bytes) -> bytes:
    return hashlib.sha256(f"{path.parent.name}/{path.name}".encode() + b"\0" + content).digest()
