"""Writes figures so that the same figure gives the same bytes, and a file is complete or not there."""

from pathlib import Path

from matplotlib.figure import Figure

from ngnmm_core.plotting.parts.style import theme
from ngnmm_core.storage.atomic import whole_file

DPI = {".svg": 300, ".pdf": 300, ".png": 200}  # in an SVG or PDF, that of the images in it
# Without these matplotlib writes the time and its version into the files.
METADATA = {
    ".svg": {"Date": None, "Creator": None},
    ".pdf": {"CreationDate": None, "Creator": None, "Producer": None},
    ".png": {"Software": None},
}


def save(figure: Figure, *paths: str | Path) -> None:
    """Write a figure to each of `paths`, as SVG, PDF or PNG by their suffix; make missing folders.

    Raises
    ------
    ValueError
        For another suffix.
    """
    for path in map(Path, paths):
        suffix = path.suffix.lower()
        if suffix not in METADATA:
            raise ValueError(f"{path}: '{path.suffix}' can't be written; allowed: {', '.join(METADATA)}")
        with whole_file(path) as temporary, theme():
            figure.savefig(
                temporary,
                format=suffix[1:],
                dpi=DPI[suffix],
                metadata=METADATA[suffix],
            )
