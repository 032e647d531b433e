"""Outputs that stay until their successors are whole.

Snakemake removes a job's outputs when it starts, and again when it fails: for as long as a merge lasts there is no
dataset.  Outputs marked `update()` stay, but Snakemake copies each before its job and copies it back after a failure,
over the file that is there and with today's date.  The copy takes time and as much disk again; copying back ends in
half a file where the disk is full, and an old result that is dated today looks up to date.

The jobs of this workflow need neither: they write beside and rename, so that after a failure the output is what it was.
For outputs below the workflow's own folders, Snakemake is told so here.
"""

import os
from collections.abc import Sequence
from pathlib import Path

METHODS = ("backup_output", "restore_output", "cleanup_backup")


def keep_outputs(folders: Sequence[Path], backups: type | None = None) -> None:
    """Let Snakemake leave outputs below some folders alone that are marked `update()`.

    Parameters
    ----------
    folders : sequence of Path
        Of the workflow's results and resources.
    backups : type, optional
        The class that makes Snakemake's copies; a version of Snakemake that does it otherwise is left as it is.
    """
    if backups is None:
        import snakemake.persistence

        backups = getattr(snakemake.persistence, "FileBackupMixin", object)
    if not all(hasattr(backups, name) for name in METHODS):
        return
    places = [os.path.abspath(folder) for folder in folders]
    backup, restore, clean = (getattr(backups, name) for name in METHODS)

    def is_ours(path: Path) -> bool:
        return any(os.path.abspath(path).startswith(place + os.sep) for place in places)

    def backup_output(self, path: Path) -> None:
        if not is_ours(path):
            backup(self, path)

    def restore_output(self, path: Path) -> bool:
        return path.is_file() if is_ours(path) else restore(self, path)

    def cleanup_backup(self, path: Path) -> None:
        if not is_ours(path):
            clean(self, path)

    for name, method in zip(METHODS, (backup_output, restore_output, cleanup_backup), strict=True):
        setattr(backups, name, method)
