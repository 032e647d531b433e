"""Settings that can't reach what a study asks for: refused, for a setting that is ignored makes a number wrong."""

from collections.abc import Callable, Mapping

from ngnmm_core.errors import InputError
from ngnmm_core.simulation.delay_settings import INTERPOLATED, ROUNDED, VELOCITY
from ngnmm_core.simulation.map_settings import MAPS
from ngnmm_core.simulation.noise_settings import COMMON, NOISE, TAU
from ngnmm_core.stages.contract import BALANCE
from ngnmm_core.stages.registry import STAGES, stages_of
from ngnmm_core.study.study import Study


def _resection(study: Study) -> dict[str, object]:
    regions = study.simulation.resection.regions
    return {"simulation.resection.regions": regions} if regions else {}


def _positive(name: str) -> Callable[[Study], dict[str, object]]:
    """Make what finds a number of `simulation` that is 0 where it does nothing."""

    def found(study: Study) -> dict[str, object]:
        value = getattr(study.simulation, name)
        return {f"simulation.{name}": f"{value:g}"} if value > 0 and name not in study.axes else {}

    return found


def _velocity(study: Study) -> dict[str, object]:
    velocity = study.simulation.velocity_m_per_s
    found = velocity is not None and VELOCITY not in study.axes
    return {f"simulation.{VELOCITY}": f"{velocity:g}"} if found else {}


def _rounded(study: Study) -> dict[str, object]:
    return {"simulation.delays": ROUNDED} if study.delayed and study.simulation.delays == ROUNDED else {}


def _stimuli(study: Study) -> dict[str, object]:
    return {f"simulation.stimuli.{stimulus.name}": stimulus.kind for stimulus in study.simulation.stimuli}


def _maps(study: Study) -> dict[str, object]:
    return {key: f"{values[0]:g}" for key, values in study.map_scales().items()}


def _balance(study: Study) -> dict[str, object]:
    wanted = study.config.model.balance
    if wanted is None:
        return {}
    return {"model.balance.parameter": f"{wanted.parameter}, which may differ between regions,"}


# What may be unreachable: where a study sets it, with the value found; axes say themselves what they set.
SETTINGS: Mapping[str, Callable[[Study], Mapping[str, object]]] = {
    "resection": _resection,
    **{name: _positive(name) for name in (NOISE, COMMON, TAU)},
    "stimuli": _stimuli,
    MAPS: _maps,
    BALANCE: _balance,
    VELOCITY: _velocity,
    ROUNDED: _rounded,
}
OF_NETWORKS = "analyses of the network itself: of simulations, hubs, network_lyapunov, linear_fc"
# where it is something else than to leave it out
ALLOWED = {MAPS: f"a scale of 0 throughout, or {OF_NETWORKS}", BALANCE: OF_NETWORKS, ROUNDED: INTERPOLATED}


def check_reach(study: Study) -> None:
    """Refuse a study that sets what one of its analyses can't take into account.

    Raises
    ------
    InputError
        Naming the setting, its value, the analysis, and what is allowed.
    """
    for stage in stages_of(study):
        analyses = " and ".join(f"analyses.{analysis.name}" for analysis, _ in study.analyses_of(stage.name))
        if not analyses:  # highlights come with simulations, whose own stage is looked at
            continue
        reachable = [name for name in study.options if not _blocked(study, name)]
        others = f", or without {analyses}" if reachable else ""
        for setting in stage.unreachable:
            for key, value in SETTINGS[setting](study).items():
                allowed = ALLOWED.get(setting, f"none of it{others}")
                raise InputError(f"{key}: {value} does not reach {analyses}; allowed: {allowed}")
        for name, values in study.axes.items():
            axis = study.known_axes[name]
            refused = axis.part in stage.unreachable and any(value != axis.neutral for value in values)
            if refused or axis.part in stage.unreachable_axes:
                key = f"{'points' if study.listed else 'grid'}.{name}"
                raise InputError(f"{key}: does not reach {analyses}; allowed: no such axis{others}")


def _blocked(study: Study, analysis: str) -> bool:
    """Tell whether the stage of an analysis has settings that can't reach it."""
    needs = next(a.needs for a, _ in study.analyses if a.name == analysis)
    return needs in STAGES and bool(STAGES[needs].unreachable or STAGES[needs].unreachable_axes)
