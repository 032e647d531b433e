"""Writes down what a study was made from: shards, code, machine, commit."""

from pathlib import Path

from ngnmm_core.orchestration.script import run


def main(study: Path, identity: str, shards: list[Path], provenance: Path) -> None:
    """`study` is the resolved study, `identity` the connectome's hash."""
    from ngnmm_core.dataset.assemble import record_provenance

    record_provenance(study, identity, shards, provenance)


run(main, globals())
