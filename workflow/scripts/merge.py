"""Merges shards into one file of a study: sweep.nc, highlights.nc or lesions.nc, or a partial sweep.partial.nc."""

from pathlib import Path

from ngnmm_core.script import run


def main(study: Path, connectome: Path, identity: str, shards: list[Path], merged: Path) -> None:
    """`study` is the resolved study, `identity` the connectome's hash."""
    from ngnmm_core.assemble import assemble

    assemble(study, connectome, identity, shards, merged)


run(main, globals())
