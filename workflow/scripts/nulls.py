"""Compares every quantity of a sweep with those on null connectomes."""

from pathlib import Path

from ngnmm_core.orchestration.script import run


def main(sweep: Path, nulls: Path) -> None:
    """`sweep` is a merged sweep of a study with null connectomes."""
    from ngnmm_core.products.null_results import write_nulls

    write_nulls(sweep, nulls)


run(main, globals())
