"""Sums up what the jobs of a study took and which points have a status, as a page for the report."""

from pathlib import Path

from ngnmm_core.orchestration.script import run


def main(name: str, merged: list[Path], summary: Path) -> None:
    """`name` is that of the study, `merged` are its merged files."""
    from ngnmm_core.products.run_summary import as_html, tables
    from ngnmm_core.storage.atomic import write_atomically

    write_atomically(summary, as_html(f"The run of {name}", tables(summary.parent, merged)))


run(main, globals())
