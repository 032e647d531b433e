"""Searches for the parameters that agree best with recordings; goes on where a search was killed."""

from pathlib import Path

from ngnmm_core.orchestration.script import run


def main(study: Path, fit: Path, connectome: Path, optimisation: Path) -> None:
    """`fit` has the grid's best point, from which the search starts."""
    from ngnmm_core.products.optimisation import optimise

    optimise(study, fit, connectome, optimisation)


run(main, globals())
