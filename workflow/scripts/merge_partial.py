"""Merges what there is of an unfinished study; missing points hold NaN (whole numbers and flags: -1)."""

from pathlib import Path

from ngnmm_core.script import run


def main(study: Path, connectome: Path, identity: str, shards: list[Path], sweep: Path) -> None:
    """`study` is the resolved study, `identity` the connectome's hash."""
    from ngnmm_core.assemble import assemble

    assemble(study, connectome, identity, shards, sweep, None)


run(main, globals())
