"""The key `model.maps`: files of maps, their axes, and what doesn't go with regions that differ."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from ngnmm_core.compilation.own_files import find_file
from ngnmm_core.connectome import load_registry
from ngnmm_core.connectome.map_surrogates import ALLOWED
from ngnmm_core.connectome.registry import SourceEntry, sphere_of
from ngnmm_core.errors import InputError, twice, unknown
from ngnmm_core.models._base import Model
from ngnmm_core.simulation.map_settings import SCALE, MapSettings, MapSource, RegionMap, load_map
from ngnmm_core.simulation.regional import ANATOMICAL, no_such_map
from ngnmm_core.study.schema import StudyConfig
from ngnmm_core.study.study import Study

KEY = "model.maps"
TABLE = "a table, named from the study file's folder"


def with_map_files(config: StudyConfig, folder: Path | None) -> StudyConfig:
    """Return the same config with the files of maps named from the working directory, as the jobs find them.

    Raises
    ------
    InputError
        For a file that isn't there.
    """
    if not config.model.maps:
        return config
    found = [_found(one, folder) for one in config.model.maps]
    return config.model_copy(update={"model": config.model.model_copy(update={"maps": found})})


def _found(one: MapSource, folder: Path | None) -> MapSource:
    if one.file is None:
        return one
    path = find_file(f"{KEY}.{one.name}.file", one.file, folder, TABLE)
    return one.model_copy(update={"file": path.as_posix()})


def load_maps(sources: Sequence[MapSource], model: Model) -> tuple[RegionMap, ...]:
    """Read the maps of a study.

    Raises
    ------
    InputError
        For a parameter that the model has not, a name that occurs twice, or a file that is no map.
    """
    if repeated := twice([one.name for one in sources]):
        raise InputError(f"{KEY}: the name '{repeated}' occurs twice; allowed: a name of its own for each")
    for one in sources:
        if one.parameter not in model.axis_names:
            raise unknown(f"{KEY}.{one.name}.parameter", one.parameter, model.axis_names)
    return tuple(map(load_map, sources))


def with_sphere(config: StudyConfig, maps: Sequence[RegionMap]) -> tuple[StudyConfig, tuple[RegionMap, ...]]:
    """Ask for the connectome's places on the cortical sphere where a map is spun whose own table has none.

    Returns
    -------
    config : StudyConfig
    maps : tuple of RegionMap
        Those that are spun with these places are known by what they are made from.

    Raises
    ------
    InputError
        For `connectome.sphere` of an entry that has none.
    """
    spec, spun = config.connectome, [one.spins_connectome for one in maps]
    if not (spec.sphere or any(spun)):
        return config, tuple(maps)
    registry = load_registry()
    entry = registry.entry(spec.name) if spec.name and spec.name in registry else None
    if entry is None or (entry.sphere is None and not spec.sphere):
        return config, tuple(maps)  # refused on the connectome, unless its centres lie on a sphere
    made_from = sphere_of(str(spec.name), entry).identity()
    marked = [one.model_copy(update={"sphere": made_from}) if s else one for one, s in zip(maps, spun, strict=True)]
    return config.model_copy(update={"connectome": spec.model_copy(update={"sphere": True})}), tuple(marked)


def check_stated_maps(maps: Sequence[RegionMap], name: str, entry: SourceEntry) -> None:
    """Whether an entry of the registry comes with the maps and places that are asked of it, before it is fetched.

    What a matrix file holds is known when it is read; its job finds out.

    Raises
    ------
    InputError
        For a map that it does not have, and for spins where it has no places on the cortical sphere.
    """
    anatomical = [entry.has_centres] * 3 + [entry.has_volumes]
    known = [
        *entry.options.get("maps", ()),
        *(of for of, has in zip(ANATOMICAL, anatomical, strict=True) if has is not False),
    ]
    for one in maps:
        if one.of is not None and one.of not in known:
            raise no_such_map(f"{KEY}.{one.name}.of", one.of, known)
        if one.spins_connectome and entry.sphere is None and entry.has_centres is not None:  # in a brain, on no sphere
            raise InputError(
                f"{KEY}.{one.name}.surrogates.kind: spin: {name} has no places on the cortical sphere; {ALLOWED}"
            )


def with_surrogate_axes(axes: Mapping[str, np.ndarray], maps: Sequence[MapSettings], listed: bool) -> dict:
    """Return the axes of a grid with those of surrogates; check that a scale has one value.

    Raises
    ------
    InputError
        For a scale that is also an axis, and for a list of points that has no column of surrogates.
    """
    found = dict(axes)
    for one in maps:
        scale, surrogate = one.axes
        if scale in axes and one.scale is not None:
            raise InputError(f"{KEY}.{one.name}.scale: also an axis; allowed: one of the two")
        if one.surrogates is not None and surrogate not in axes:
            if listed:
                raise InputError(
                    f"{KEY}.{one.name}.surrogates: given with a list of points; allowed: a column {surrogate} in it"
                )
            found[surrogate] = np.arange(one.surrogates.count + 1.0)
    return found


def unequal_filters(study: Study) -> str | None:
    """Name the key of a map that makes regions filter what they send differently: no exact flow knows of that."""
    filtered = study.model.qif.sent_tau if study.model.qif is not None else None
    acting = study.map_scales()
    for one in study.maps:
        keys = [key for key in acting if key.endswith(f".{one.name}.{SCALE}")]
        if keys and filtered in study.model.targets(one.parameter):
            return keys[0]
    return None


def check_maps(study: Study) -> None:
    """Refuse what rests on regions that are alike.

    Raises
    ------
    InputError
        For a drive that is found from the bifurcation of regions that are alike.
    """
    scales = study.map_scales()
    if scales and study.config.model.operating_point is not None:
        key, values = next(iter(scales.items()))
        raise InputError(
            f"{key}: {values[0]:g} together with model.operating_point, the bifurcation of regions that are alike; "
            "allowed: a scale of 0, or a value for the drive"
        )
