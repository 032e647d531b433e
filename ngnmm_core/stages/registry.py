"""The kinds of sharded jobs, and the context that a point's result depends on besides the point itself."""

from collections.abc import Callable
from typing import Any

from ngnmm_core.analysis.contract import Analysis, Options
from ngnmm_core.stages import variables as own
from ngnmm_core.stages.contract import BRANCHES, HIGHLIGHTS, LESIONS, SWEEP, Stage
from ngnmm_core.stages.layouts import _diagrams, _highlights, _homogeneous, _ladder, _lesions, _network
from ngnmm_core.study.study import Study

OF_HOMOGENEOUS = ("msf", "transverse", "dispersion", "lyapunov", "multistability")  # stages that need equal row sums


# ------------------------------------------------------------------ points


# ------------------------------------------------------------------ settings and analyses
def _simulation(study: Study) -> dict[str, Any]:
    return study.simulation.model_dump(mode="json", by_alias=True)


def _hub_simulation(study: Study) -> dict[str, Any]:
    from ngnmm_core.analysis.hubs import hub_simulation

    return hub_simulation(study.options["hubs"], study.simulation).model_dump(mode="json", by_alias=True)


def _initial(study: Study) -> dict[str, Any]:
    return {"initial": study.simulation.initial.model_dump(mode="json", by_alias=True)}


def _nothing(study: Study) -> dict[str, Any]:
    return {}


def _needing(stage: str) -> Callable[[Study], list[tuple[Analysis, Options]]]:
    return lambda study: study.analyses_of(stage)


def _detailed(study: Study) -> list[tuple[Analysis, Options]]:
    """Highlights: what the study simulates, its dispersion relation, and time series."""
    from ngnmm_core.analysis.series import ANALYSIS as SERIES

    chosen = [
        (a, o) for a, o in study.analyses if a.needs in ("simulation", "msf", "highlights") and a.name != SERIES.name
    ]
    return [*chosen, (SERIES, study.options.get(SERIES.name, SERIES.options(rate="memory" in study.options)))]


STAGES = {
    stage.name: stage
    for stage in (
        Stage(
            "simulation",
            "ngnmm_core.stages.simulation",
            SWEEP,
            _network,
            _simulation,
            _needing("simulation"),
            own.SIMULATION,
        ),
        *(
            Stage(name, f"ngnmm_core.stages.{name}", SWEEP, _homogeneous, _nothing, _needing(name))
            for name in OF_HOMOGENEOUS
        ),
        Stage(
            "network_lyapunov",
            "ngnmm_core.stages.network_lyapunov",
            SWEEP,
            _network,
            _initial,
            _needing("network_lyapunov"),
        ),
        Stage(
            "bistability",
            "ngnmm_core.stages.bistability",
            SWEEP,
            _homogeneous,
            _nothing,
            _needing("bistability"),
        ),
        Stage(
            "orbit_diagram",
            "ngnmm_core.stages.orbit_diagram",
            SWEEP,
            _homogeneous,
            _nothing,
            _needing("orbit_diagram"),
        ),
        Stage(
            "continuation",
            "ngnmm_core.stages.continuation",
            BRANCHES,
            _diagrams,
            _ladder,
            _needing("continuation"),
        ),
        Stage(
            "lesions",
            "ngnmm_core.stages.lesions",
            LESIONS,
            _lesions,
            _hub_simulation,
            _needing("lesions"),
            own.LESIONS,
            own.SURROGATE_AXIS,
        ),
        Stage(
            "highlights",
            "ngnmm_core.stages.highlights",
            HIGHLIGHTS,
            _highlights,
            _simulation,
            _detailed,
            own.HIGHLIGHTS,
            own.LAMBDA_AXIS,
        ),
    )
}


def stages_of(study: Study) -> list[Stage]:
    """The stages that a study needs: those of its analyses, and highlights if it has any."""
    needed = {analysis.needs for analysis, _ in study.analyses}
    if study.config.highlights and "simulation" in needed:
        needed.add("highlights")
    return [stage for name, stage in STAGES.items() if name in needed]
