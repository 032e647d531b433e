"""Draws one figure of arXiv:2512.03907 from its datasets."""

from pathlib import Path

from ngnmm_core.orchestration.script import run


def main(figure: str, sources: list[str], data: list[Path], vector: Path, others: list[Path]) -> None:
    """Draw a figure from the files `data`, which it knows by the names `sources`."""
    import importlib
    from contextlib import ExitStack

    import xarray as xr

    from ngnmm_core.plotting.parts.save import save

    draw = importlib.import_module(f"ngnmm_core.plotting.paper.{figure}").draw
    with ExitStack() as stack:
        datasets = {name: stack.enter_context(xr.open_dataset(path)) for name, path in zip(sources, data, strict=True)}
        save(draw(datasets), vector, *others)


run(main, globals())
