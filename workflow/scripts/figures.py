"""Draws figures of one family from one dataset, each in several formats."""

from pathlib import Path

from ngnmm_core.orchestration.script import run


def main(
    family: str,
    data: Path,
    svg: list[Path],
    others: list[Path],
    connectome: list[Path] = (),
    normalization: str = "row",
    own: list[str] = (),
) -> None:
    """`family` is a module of `ngnmm_core.plotting`; what a figure shows is told by the name of its file.

    `own` are analyses in files of the user's own, as `NAME=FILE`.
    """
    import importlib
    import logging
    from contextlib import ExitStack

    import xarray as xr

    from ngnmm_core.plotting.parts.quantities import on_true_connectome
    from ngnmm_core.plotting.parts.save import save
    from ngnmm_core.study.own_files import load_own

    draw = importlib.import_module(f"ngnmm_core.plotting.{family}").draw
    options = {"normalization": normalization} if family in ("connectome", "modes") else {}
    if family in ("maps", "nulls"):
        options["analyses"] = [load_own(*item.split("=", 1)) for item in own]
    with ExitStack() as stack:
        dataset = stack.enter_context(xr.open_dataset(data))
        if family not in ("fit", "nulls"):
            dataset = on_true_connectome(dataset)
        if connectome:
            options["connectome"] = stack.enter_context(xr.open_dataset(connectome[0]))
        for vector in svg:
            figure = draw(vector.stem, dataset, **options)
            if figure is None:
                raise ValueError(f"{data}: has nothing to show in {vector.stem}")
            save(figure, vector, *(other for other in others if other.stem == vector.stem))
            logging.info("%s", vector)


run(main, globals())
