"""The stages by name: every file in this folder that defines `STAGE`."""

from pathlib import Path

from ngnmm_core.analysis.contract import MERGE
from ngnmm_core.compilation.declarations import declaration, declared_in
from ngnmm_core.errors import InputError, unknown
from ngnmm_core.stages.contract import Stage
from ngnmm_core.study.study import Study

STAGES: dict[str, Stage] = {
    name: declaration(f"{__package__}.{name}", "STAGE") for name in declared_in(Path(__file__).parent, "STAGE")
}


def stages_of(study: Study) -> list[Stage]:
    """List the stages that a study needs: those of its analyses, and highlights if it has any.

    Raises
    ------
    InputError
        If an analysis needs a stage that is not there, and would never be computed; or one that simulates networks
        while the analysis says otherwise, so that settings of simulations would not be checked.
    """
    for analysis, _ in study.analyses:
        if analysis.needs not in (*STAGES, MERGE):
            raise unknown(f"analyses.{analysis.name}: needs", analysis.needs, STAGES)
        if analysis.needs in STAGES and STAGES[analysis.needs].simulates != analysis.simulates:
            found = "simulates networks" if STAGES[analysis.needs].simulates else "simulates no networks"
            raise InputError(
                f"analyses.{analysis.name}: its stage {found}; allowed: `reducer` or `rests_on_simulations` if it does"
            )
    needed = {analysis.needs for analysis, _ in study.analyses}
    if study.config.highlights and "simulation" in needed:
        needed.add("highlights")
    return [stage for name, stage in STAGES.items() if name in needed]


def starts_network(study: Study) -> bool:
    """Whether anything in a study starts from initial states of the network."""
    return any(stage.starts_network for stage in stages_of(study))
