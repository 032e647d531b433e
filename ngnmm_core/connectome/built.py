"""The file of a built connectome: written once however many runs want it, and told from one that was damaged."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ngnmm_core.connectome.build import build_connectome, built_identity
from ngnmm_core.connectome.datasets import load_connectome
from ngnmm_core.connectome.registry import Registry
from ngnmm_core.connectome.spec import ConnectomeSpec
from ngnmm_core.errors import InputError
from ngnmm_core.storage.integrity import checksum_path, is_intact, seal
from ngnmm_core.storage.netcdf import write_netcdf


def write_built(spec: ConnectomeSpec, path: Path, registry: Registry | None = None) -> None:
    """Build a connectome into a file with its checksum; wait where another process does so, and take what it made.

    Raises
    ------
    InputError
        As `build_connectome`.
    """
    with _alone(path.parent):
        if not (is_intact(path, thorough=True) and _is_from(path, built_identity(spec, registry))):
            write_netcdf(build_connectome(spec, registry), path)
            seal(path)


def is_whole(path: Path) -> bool:
    """Whether a file is a connectome as it was built; one without a checksum, of a copy, is read and gets one."""
    if checksum_path(path).is_file():
        return is_intact(path, thorough=True)
    try:
        load_connectome(path)
    except InputError:
        return False
    with suppress(OSError):  # a folder that can't be written in
        seal(path)
    return True


def _is_from(path: Path, identity: str) -> bool:
    try:
        return load_connectome(path).attrs.get("built_from") == identity
    except InputError:
        return False


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Let one process at a time build into a folder; where the file system has no locks, several write the same."""
    folder.mkdir(parents=True, exist_ok=True)
    held = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):
            fcntl.flock(held, fcntl.LOCK_EX)
        yield
    finally:
        os.close(held)
