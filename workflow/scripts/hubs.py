"""Scores hubs by what their lesions change, against the seed-to-seed null."""

from pathlib import Path

from ngnmm_core.orchestration.script import run


def main(study: Path, lesions: Path, connectome: Path, hubs: Path, table: Path) -> None:
    """`study` is the resolved study, `lesions` its merged lesion runs."""
    from ngnmm_core.products.hub_results import score_hubs

    score_hubs(study, lesions, connectome, hubs, table)


run(main, globals())
