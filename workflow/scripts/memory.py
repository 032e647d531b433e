"""Sums up the trials of a working-memory study: success, answers and survival with their intervals."""

from pathlib import Path

from ngnmm_core.orchestration.script import run


def main(sweep: Path, memory: Path, table: Path) -> None:
    """`sweep` is a merged sweep with the analysis `memory`."""
    from ngnmm_core.products.memory_rates import sum_up_trials

    sum_up_trials(sweep, memory, table)


run(main, globals())
