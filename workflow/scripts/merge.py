"""Merges shards into one file of a study: sweep.nc, highlights.nc or lesions.nc, or a partial sweep.partial.nc."""

from pathlib import Path

from ngnmm_core.orchestration.script import run


def main(study: Path, connectome: Path, identity: str, shards: list[Path], merged: Path, hubs: list[Path] = ()) -> None:
    """`study` is the resolved study, `identity` the connectome's hash, `hubs` the hub scores if there are any."""
    from ngnmm_core.dataset.assemble import assemble

    assemble(study, (connectome, identity), shards, merged, *hubs)


run(main, globals())
