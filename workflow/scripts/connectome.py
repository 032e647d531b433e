"""Builds the file of a connectome from its source: weights, lengths, labels, centres and what else the source has."""

from pathlib import Path

from ngnmm_core.orchestration.script import run


def main(spec: str, connectome: Path) -> None:
    """`spec` is the study key `connectome` as JSON."""
    from ngnmm_core.connectome import ConnectomeSpec, build_connectome
    from ngnmm_core.storage.netcdf import write_netcdf

    write_netcdf(build_connectome(ConnectomeSpec.model_validate_json(spec)), connectome)


run(main, globals())
