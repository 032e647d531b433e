"""Merges the shards of a study into one dataset, and writes down where it comes from."""

from pathlib import Path

from ngnmm_core.script import run


def main(study: Path, connectome: Path, identity: str, shards: list[Path], sweep: Path, provenance: Path) -> None:
    """`study` is the resolved study, `identity` the connectome's hash."""
    from ngnmm_core.assemble import assemble

    assemble(study, connectome, identity, shards, sweep, provenance)


run(main, globals())
