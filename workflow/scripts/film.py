"""Films values on the brain: a GIF, and a self-contained page that plays it."""

from pathlib import Path

from ngnmm_core.orchestration.script import run


def main(module: str, data: Path, gif: Path, page: Path) -> None:
    """Have `module` make the film of the name of the file from the dataset."""
    import importlib

    import xarray as xr

    from ngnmm_core.plotting.parts.film import write

    with xr.open_dataset(data) as dataset:
        write(importlib.import_module(module).film(gif.stem, dataset), gif, page)


run(main, globals())
