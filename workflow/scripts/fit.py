"""Sums up how a study agrees with recordings: held out, ceilings, baselines, nulls, the best point."""

from pathlib import Path

from ngnmm_core.orchestration.script import run


def main(study: Path, sweep: Path, connectome: Path, fit: Path) -> None:
    """`study` is the resolved study, `sweep` its merged dataset, `connectome` holds recordings too."""
    from ngnmm_core.products.fit_results import write_fit

    write_fit(study, sweep, connectome, fit)


run(main, globals())
