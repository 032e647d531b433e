"""Compares numbers of the paper's study with those of independent methods; fails if one is not met."""

from pathlib import Path

from ngnmm_core.orchestration.script import run


def main(reference: Path, points: Path, table: Path) -> None:
    """Write a Markdown table, whatever comes out; then complain about the rows that failed."""
    import json

    import xarray as xr

    from ngnmm_core.errors import InputError
    from ngnmm_core.products.paper_checks import all_checks, as_markdown
    from ngnmm_core.storage.atomic import write_atomically

    with xr.open_dataset(points) as dataset:
        checks = all_checks(json.loads(reference.read_text(encoding="utf-8")), dataset)
    failed = [check.quantity for check in checks if not check.passed]
    path = table if not failed else table.with_suffix(".failed.md")
    write_atomically(path, as_markdown(checks))
    if failed:
        raise InputError(f"{path}: {len(failed)} of {len(checks)} checks failed, the first: {failed[0]}")


run(main, globals())
