"""What a study sets and nothing in it reads: refused, for who wrote it believes that the numbers depend on it.

Parts of a file share what stands in its `base`: what one of them reads is not refused for the others.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from ngnmm_core.errors import InputError
from ngnmm_core.points import SEED, SYSTEM, Axis
from ngnmm_core.simulation.delay_settings import REFUSE, VELOCITY
from ngnmm_core.simulation.integrators import get_integrator, integrator_names
from ngnmm_core.simulation.map_settings import MAPS, SURROGATE
from ngnmm_core.simulation.settings import Simulation
from ngnmm_core.stages.contract import HIGHLIGHTS as HIGHLIGHTS_FILE
from ngnmm_core.stages.registry import STAGES, stages_of
from ngnmm_core.study.study import Study

SIMULATIONS = "simulations (rates, for one)"
IN_WORDS = {"simulation": SIMULATIONS, "lesions": "hubs"}  # stages as users know them
MISSING, SUBSTEPS, HIGHLIGHTS, EMPIRICAL = "missing_lengths", "substeps", "highlights", "empirical"
ELSEWHERE = (SYSTEM, MAPS, SURROGATE)  # axes that every stage reads, or refuses (`ngnmm_core.preflight.reach`)


def check_unused(studies: Iterable[Study]) -> None:
    """Refuse studies that set what none of their stages reads.

    Parameters
    ----------
    studies : iterable of Study
        All studies of a file, or of several.

    Raises
    ------
    InputError
        Naming the setting, its value, what is asked for instead, and what would read it.
    """
    known = list(studies)
    for study in known:
        _check_settings(study, known)
        _check_axes(study, known)
        _check_sections(study, known)


def _check_settings(study: Study, known: Sequence[Study]) -> None:
    for name, value in _set(study):
        key = f"simulation.{name}"
        sharing = _sharing(study, key, known)
        if any(_reads(one, name) for one in sharing):
            continue
        if name in study.axes and any(_reads_axis(one, study.known_axes[name]) for one in sharing):
            axis = f"{_table(study)}.{name}"
            raise InputError(f"{key}: {value} beside {axis}, which sets it at every point; allowed: one of the two")
        if name == SUBSTEPS and study.simulates:
            local = " or ".join(n for n in integrator_names() if get_integrator(n).local_steps)
            raise InputError(
                f"{key}: {value}, and simulation.method {study.simulation.method} takes no local steps; allowed: "
                f"method: {local}, or no substeps"
            )
        if name == MISSING and not study.delayed:
            raise InputError(
                f"{key}: {value} without delays, for simulation.{VELOCITY} is null; allowed: {REFUSE}, or a velocity"
            )
        raise _refusal(study, key, value, _users(name))


def _check_axes(study: Study, known: Sequence[Study]) -> None:
    key = _table(study)
    for name, values in study.axes.items():
        axis = study.known_axes[name]
        neutral = axis.otherwise if axis.kind == SEED else axis.neutral
        if axis.part in ELSEWHERE or all(value == neutral for value in values):
            continue
        sharing = [one for one in _sharing(study, key, known) if name in one.axes]
        if not any(_reads_axis(one, axis) for one in sharing):
            found = ", ".join(f"{value:g}" for value in list(dict.fromkeys(values))[:3])
            raise _refusal(study, f"{key}.{name}", found, _users(axis.part), key)


def _check_sections(study: Study, known: Sequence[Study]) -> None:
    """Refuse highlights without a simulation, and recordings that nothing is compared with."""
    if study.config.highlights:
        shown = any(
            HIGHLIGHTS in {stage.name for stage in stages_of(one)} for one in _sharing(study, HIGHLIGHTS, known)
        )
        if not shown:
            raise _refusal(study, HIGHLIGHTS, study.config.highlights[0], SIMULATIONS)
    recordings, compared = study.config.empirical, lambda one: "fit" in one.options or "bold" in one.options
    if recordings is not None and not any(map(compared, _sharing(study, EMPIRICAL, known))):
        raise _refusal(study, EMPIRICAL, recordings.source or recordings.path, "fit")


def _refusal(study: Study, key: str, value: Any, users: str, section: str = "") -> InputError:
    """Say that nothing reads a key; `section` is what of it parts share, if that is not the key itself."""
    asked = ", ".join(f"analyses.{name}" for name in study.options)
    shared = " and the other parts" if (section or key) in study.inherited else ""
    return InputError(
        f"{key}: {value} is not read by {asked}{shared}; allowed: none of it, or beside it an analysis of {users}"
    )


def _sharing(study: Study, key: str, known: Sequence[Study]) -> list[Study]:
    """Find the parts that have a key from the same base; the study alone where it sets it itself."""
    if key not in study.inherited:
        return [study]
    file = study.name.partition("/")[0]
    return [one for one in known if one.name.partition("/")[0] == file and key in one.inherited]


def _table(study: Study) -> str:
    return "points" if study.listed else "grid"


def _set(study: Study) -> Iterator[tuple[str, str]]:
    """Find settings of the simulation that the file sets to something else than their defaults, with their values."""
    for name, field in Simulation.model_fields.items():
        value = getattr(study.simulation, name)
        if f"simulation.{name}" in study.written and value != field.default:
            yield name, _text(value)


def _text(value: Any) -> str:
    """Write a setting in a few words: what is set of a section, the names of stimuli."""
    if isinstance(value, tuple):
        return ", ".join(f"{stimulus.name} ({stimulus.kind})" for stimulus in value)
    if hasattr(value, "model_dump"):
        return ", ".join(f"{name} {part}" for name, part in value.model_dump(by_alias=True).items())
    return f"{value:g}" if isinstance(value, float) else str(value).lower()


def _reads(study: Study, name: str) -> bool:
    """Whether a stage of a study has a setting as it is written."""
    if name in study.axes or (name == SUBSTEPS and not study.simulation.integrator.local_steps):
        return False
    wanted = study.simulation.model_dump(mode="json", by_alias=True)[name]
    given = [stage.settings(study) for stage in stages_of(study)]
    return any(name in settings and settings[name] == wanted for settings in given)


def _reads_axis(study: Study, axis: Axis) -> bool:
    """Whether points of a stage of a study differ by an axis."""
    return any(axis.part in stage.reads for stage in stages_of(study))


def _users(name: str) -> str:
    """List what would read a setting, or an axis of a part of the run, in words."""
    stages = [stage for stage in STAGES.values() if name in stage.reads and stage.file != HIGHLIGHTS_FILE]
    return " or ".join(IN_WORDS.get(stage.name, stage.name) for stage in stages)
