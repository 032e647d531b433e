"""Where what this machine has compiled and measured is kept."""

import os
import tempfile
from pathlib import Path

import platformdirs


def cache_directory() -> Path:
    """`NGNMM_CACHE_DIR`, else the user's cache directory, else a folder of the user's in the system's temporary one."""
    explicit = os.environ.get("NGNMM_CACHE_DIR")
    if explicit:
        return Path(explicit)
    try:
        return platformdirs.user_cache_path("ngnmm", appauthor=False)
    except RuntimeError:  # a user without a home, as in some containers
        return Path(tempfile.gettempdir(), f"ngnmm-{os.getuid()}")
