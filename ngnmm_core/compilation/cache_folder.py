"""Where what this machine has compiled and measured is kept."""

import os
import sys
from pathlib import Path


def cache_directory() -> Path:
    """`NGNMM_CACHE_DIR`, else the user's cache directory."""
    explicit = os.environ.get("NGNMM_CACHE_DIR")
    if explicit:
        return Path(explicit)
    base = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))
    if sys.platform == "darwin" and "XDG_CACHE_HOME" not in os.environ:
        base = Path.home() / "Library" / "Caches"
    return base / "ngnmm"
