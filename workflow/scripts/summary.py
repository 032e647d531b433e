"""Sums up what the jobs of a study took and which points have a status, as a page for the report."""

from pathlib import Path

from ngnmm_core.script import run


def main(name: str, merged: list[Path], summary: Path) -> None:
    """`name` is that of the study, `merged` are its merged files."""
    from ngnmm_core.planning import write_atomically
    from ngnmm_core.summary import as_html, tables

    write_atomically(summary, as_html(f"The run of {name}", tables(summary.parent, merged)))


run(main, globals())
