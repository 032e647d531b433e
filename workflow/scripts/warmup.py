"""Compiles the kernels that a shard needs into the kernel cache, and measures how fast they are here."""

from pathlib import Path

from ngnmm_core.orchestration.script import run


def main(study: Path, connectome: Path, marker: Path) -> None:
    """Compiles for the stage and model of shards beside `marker`; `study` is the resolved study."""
    from ngnmm_core.dataset.assemble import load_resolved
    from ngnmm_core.sweep.shard import calibrate_for, definition_for, warm_up

    definition = definition_for(marker)
    warm_up(definition, connectome)
    calibrate_for(load_resolved(study), definition, connectome)


run(main, globals())
