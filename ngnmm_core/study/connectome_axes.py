"""The connectomes that a study has points on: of every subject of a cohort, and null connectomes of each."""

from collections.abc import Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from pydantic import Field

from ngnmm_core.connectome.cohort import NULL, SUBJECT
from ngnmm_core.connectome.identity import subject_numbers
from ngnmm_core.connectome.planned import PlannedConnectome
from ngnmm_core.connectome.subjects import chosen_subjects, columns_of
from ngnmm_core.errors import InputError, unknown
from ngnmm_core.points import Axis, Kind
from ngnmm_core.section import Section
from ngnmm_core.simulation.map_settings import members_of

if TYPE_CHECKING:
    from ngnmm_core.study.schema import StudyConfig
    from ngnmm_core.study.study import Study

MOST_NULLS = 10_000
COMES_FROM = {SUBJECT: "connectome.subjects: a list of names", NULL: "nulls.count"}


class Nulls(Section):
    """Null connectomes beside the true one."""

    kind: Literal["strengths", "weights", "labels", "distance"] = Field(
        description="`strengths`: weights permuted over the connections, then scaled until every row sum is the "
        "original's; `weights`: permuted only; `labels`: regions permuted; `distance`: weights permuted within ten "
        "bins of the distance of the centres"
    )
    count: int = Field(20, ge=1, le=MOST_NULLS, description="number of null connectomes; more of them keep the first")
    seed: int = Field(0, ge=0, le=2**53, description="seed of their series")
    maps: list[str] = Field([], description="maps that are also drawn as z-scores over the nulls, such as `synchrony`")


def nulls_of(config: "StudyConfig") -> tuple[str, int] | None:
    """Give the kind and the seed of a study's null connectomes, if it has any."""
    return None if config.nulls is None else (config.nulls.kind, config.nulls.seed)


def subject_names(config: "StudyConfig") -> dict[float, str]:
    """Give the names of the subjects that a study has points of, by their numbers; empty without that axis.

    Raises
    ------
    InputError
        As `chosen_subjects` and `subject_numbers`.
    """
    if not config.connectome.each:
        return {}
    chosen, numbers = chosen_subjects(config.connectome), subject_numbers(config.connectome)
    return {numbers[subject.name]: subject.name for subject in chosen}


def subject_columns(config: "StudyConfig") -> dict[str, np.ndarray]:
    """Collect what a table says of the subjects that a study has points of, [subject]; empty without that axis."""
    if not config.connectome.each:
        return {}
    columns = columns_of(chosen_subjects(config.connectome))
    return {n: np.array(values, object if isinstance(values[0], str) else float) for n, values in columns.items()}


def check_null_maps(config: "StudyConfig", known: Iterable[str]) -> None:
    """Refuse maps of z-scores that no analysis of the study draws.

    Raises
    ------
    InputError
        Naming those that there are.
    """
    known = list(known)
    for k, name in enumerate(config.nulls.maps if config.nulls else ()):
        if name not in known:
            raise unknown(f"nulls.maps[{k}]", name, known)


def connectome_axes(config: "StudyConfig", names: Mapping[float, str]) -> list[Axis]:
    """Declare the axes `subject` and `null`, where a study has them."""
    found = []
    if names:
        check = partial(_check_subject, names)
        found.append(Axis(SUBJECT, Kind.CONNECTOME, check, "1", "subject", otherwise=next(iter(names))))
    if config.nulls is not None:
        check = partial(_check_null, config.nulls.count)
        meaning = f"null connectome ({config.nulls.kind}), 0 the true one"
        found.append(Axis(NULL, Kind.CONNECTOME, check, "1", meaning, otherwise=0.0))
    return found


def _check_subject(names: Mapping[float, str], key: str, value: float) -> None:
    if value not in names:
        raise InputError(f"{key}: {value:g} is no subject; allowed: {', '.join(names.values())}")


def _check_null(count: int, key: str, value: float) -> None:
    if value != int(value) or not 0 <= value <= count:
        raise InputError(f"{key}: {value:g} is no null connectome; allowed: whole numbers from 0 to {count}")


def refuse_given(config: "StudyConfig") -> None:
    """Refuse a grid or list of points that names connectomes: they are not chosen there.

    Raises
    ------
    InputError
        Naming the key that chooses them.
    """
    listed = config.points[0] if isinstance(config.points, list) and config.points else {}
    for name, source in COMES_FROM.items():
        for key, given in (("grid", config.grid or {}), ("points", listed)):
            if name in given:
                raise InputError(f"{key}.{name}: chooses no connectomes; allowed: {source}")


def with_connectomes(
    axes: Mapping[str, np.ndarray], listed: bool, config: "StudyConfig", names: Mapping[float, str]
) -> dict[str, np.ndarray]:
    """Put the axes `subject` and `null` before those of a grid; every point of a list is on all connectomes."""
    own = {SUBJECT: np.array(list(names))} if names else {}
    if config.nulls is not None:
        own[NULL] = np.arange(config.nulls.count + 1.0)
    if not listed or not own:
        return {**own, **axes}
    mesh = [values.ravel() for values in np.meshgrid(*own.values(), indexing="ij")]
    points = len(next(iter(axes.values())))
    repeated = {name: np.repeat(values, points) for name, values in zip(own, mesh, strict=True)}
    return repeated | {name: np.tile(values, len(mesh[0])) for name, values in axes.items()}


def with_subject_numbers(sets: Any, names: Mapping[float, str], key: str) -> Any:
    """Replace the name of a subject by its number in parameter sets, such as `highlights`.

    Raises
    ------
    InputError
        For a name that is none.
    """
    if not names or not isinstance(sets, list | tuple):
        return sets
    numbers = {name: number for number, name in names.items()}
    found = []
    for k, given in enumerate(sets):
        if isinstance(given, Mapping) and SUBJECT in given and given[SUBJECT] not in names:
            name = str(given[SUBJECT])
            if name not in numbers:
                raise unknown(f"{key}[{k}].{SUBJECT}", name, numbers)
            given = {**given, SUBJECT: numbers[name]}
        found.append(given)
    return found


def planned_connectome(study: "Study", identity: str, regions: int) -> PlannedConnectome:
    """Describe what the points of a study are on before any of it is read.

    `identity` is that of the connectome; of a cohort, that of the code that reads it alone: a point is known by its own
    subject, whoever else there is.
    """
    members = members_of(study.maps)
    if study.subjects:
        members[SUBJECT] = {number: f"{SUBJECT}:{number:.0f}" for number in study.subjects}
    if study.config.nulls is not None:
        kind, seed = nulls_of(study.config) or ("", 0)
        numbers = range(1, study.config.nulls.count + 1)
        members[NULL] = {0.0: "", **{float(k): f"{NULL}:{kind}:{seed}:{k}" for k in numbers}}
    return PlannedConnectome(identity, regions, members)
