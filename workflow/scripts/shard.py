"""Computes one shard: the results of its points, as a netCDF file."""

from pathlib import Path

from ngnmm_core.orchestration.script import run


def main(definition: Path, connectome: Path, shard: Path) -> None:
    """`definition` lists the points and settings, `shard` is the file to write."""
    from ngnmm_core.sweep.shard import run_shard

    run_shard(definition, connectome, shard)


run(main, globals())
