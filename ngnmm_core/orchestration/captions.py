"""Captions of figures for the report, a file each as Snakemake wants them."""

import functools
import tempfile
from pathlib import Path

from ngnmm_core.plotting.catalogue import FigureEntry
from ngnmm_core.storage.atomic import write_atomically

REPORT = Path("workflow", "report")


class Captions:
    """The captions of the figures of studies.

    What an analysis declares of its maps is put before what all maps have in common, in a file that lives as long as
    this process: Snakemake reads captions while it makes a report, and at no other time.

    Parameters
    ----------
    root : Path
        Folder of the Snakefile.
    """

    def __init__(self, root: Path):
        self.folder = root.resolve() / REPORT

    def file(self, study: str, figure: FigureEntry) -> str:
        """Return the file with the caption of a figure."""
        common = self.folder / figure.caption
        if not figure.text:
            return str(common)
        path = Path(self._made.name, study, f"{figure.stem}.rst")
        write_atomically(path, f"{figure.text}\n\n{common.read_text(encoding='utf-8')}")
        return str(path)

    @functools.cached_property
    def _made(self) -> tempfile.TemporaryDirectory:
        return tempfile.TemporaryDirectory(prefix="ngnmm-captions-")
