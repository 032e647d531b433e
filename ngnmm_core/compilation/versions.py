"""Versions of the libraries whose code is part of every number."""

import importlib.metadata
from collections.abc import Mapping
from functools import cache

LIBRARIES = ("llvmlite", "numba", "numpy", "scipy")


@cache
def library_versions() -> Mapping[str, str]:
    """Give the versions of the libraries that compute, by name."""
    return {name: importlib.metadata.version(name) for name in LIBRARIES}


def difference(found: Mapping[str, str], now: Mapping[str, str]) -> str:
    """Say which versions are other ones now: `numpy 1.26.4 (now 2.1.0)`."""
    changed = [name for name in now if found.get(name) != now[name]]
    return ", ".join(f"{name} {found.get(name, 'unknown')} (now {now[name]})" for name in changed)
