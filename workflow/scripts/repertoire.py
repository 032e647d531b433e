"""Compares models: tables of regimes and of cross-frequency coupling, and their figure."""

from pathlib import Path

from ngnmm_core.orchestration.script import run


def main(sweeps: list[Path], tables: list[Path], figures: list[Path]) -> None:
    """`sweeps` are the merged sweeps of the models; files are named by what they hold."""
    from ngnmm_core.products.model_comparison import write_repertoire

    write_repertoire(sweeps, tables, figures)


run(main, globals())
