"""Builds the file of a connectome from its source: weights, lengths, labels, centres and what else the source has."""

from pathlib import Path

from ngnmm_core.orchestration.script import run


def main(spec: str, connectome: Path) -> None:
    """`spec` is the study key `connectome` as JSON."""
    from ngnmm_core.connectome import ConnectomeSpec
    from ngnmm_core.connectome.built import write_built

    write_built(ConnectomeSpec.model_validate_json(spec), connectome)


run(main, globals())
