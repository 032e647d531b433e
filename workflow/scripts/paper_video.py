"""Writes the paper's video: a GIF, and a self-contained page that plays it."""

from pathlib import Path

from ngnmm_core.script import run


def main(points: Path, gif: Path, page: Path) -> None:
    """`points` are the single points in detail."""
    import xarray as xr

    from ngnmm_core.plotting.paper.video import write

    with xr.open_dataset(points) as dataset:
        write({"points": dataset}, gif, page)


run(main, globals())
