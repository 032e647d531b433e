"""Compiles the kernels that a shard needs into the kernel cache."""

from pathlib import Path

from ngnmm_core.script import run


def main(definition: Path, connectome: Path) -> None:
    """Compiles for the stage and model of a shard's definition."""
    from ngnmm_core.shard import warm_up

    warm_up(definition, connectome)


run(main, globals())
