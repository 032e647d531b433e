"""Makes the explorer of a study: one page with its maps and points, and links to figures and to what the run took."""

from pathlib import Path

from ngnmm_core.orchestration.script import run


def main(study: Path, merged: list[Path], explorer: Path) -> None:
    """`study` is the resolved study, `merged` are its merged files."""
    from ngnmm_core.dataset.assemble import load_resolved
    from ngnmm_core.products.explorer import write_explorer

    write_explorer(load_resolved(study), merged, explorer)


run(main, globals())
