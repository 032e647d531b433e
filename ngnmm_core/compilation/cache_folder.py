"""Where what this machine has compiled and measured is kept."""

import os
import tempfile
from pathlib import Path

import platformdirs


def cache_directory() -> Path:
    """`NGNMM_CACHE_DIR`, else a folder in the user's cache directory, or in `temporary_caches` without a home."""
    explicit = os.environ.get("NGNMM_CACHE_DIR")
    if explicit:
        return Path(explicit)
    try:
        return platformdirs.user_cache_path("ngnmm", appauthor=False)
    except RuntimeError:  # a user without a home, as in some containers
        return temporary_caches() / "ngnmm"


def temporary_caches() -> Path:
    """Where the caches of a user go who has no home, or none that can be written."""
    return Path(tempfile.gettempdir(), f"ngnmm-{os.getuid()}")
