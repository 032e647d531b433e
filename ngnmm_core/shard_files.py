"""The files of finished shards, looked through before anything of them is merged.

What does not fit the study, or the other shards, is refused: the merged file must not hold numbers that its attributes
do not tell of.
"""

import json
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import netCDF4
import numpy as np

from ngnmm_core.errors import InputError
from ngnmm_core.planning import point_ids, read_definition
from ngnmm_core.points import Points
from ngnmm_core.stages import fingerprint

POINT = "point"


@dataclass(frozen=True)
class Source:
    """Where the rows of a stage's grid are: for every point in grid order, the shard and the row in it."""

    paths: Sequence[Path]
    shard: np.ndarray  # [point], -1 where the point is missing
    row: np.ndarray

    @property
    def missing(self) -> int:
        """Number of points that no shard holds."""
        return int((self.shard < 0).sum())


def locate(points: Points, paths: Sequence[Path], context: Mapping[str, Any]) -> Source:
    """Finds points in shards.

    Parameters
    ----------
    context : mapping
        What the study wants its points to be computed with (`ngnmm_core.stages.context`).

    Raises
    ------
    InputError
        If a shard has no definition, or was computed with other code, settings or connectome.
    """
    definitions = [_definition(Path(path)) for path in paths]
    for path, definition in zip(paths, definitions, strict=True):
        _same_context(path, definition["context"], context)
    ids = point_ids(points, fingerprint(context))
    where = {identity: (s, r) for s, d in enumerate(definitions) for r, identity in enumerate(d["ids"])}
    found = np.array([where.get(identity, (-1, -1)) for identity in ids]).reshape(-1, 2)
    return Source([Path(p) for p in paths], found[:, 0], found[:, 1])


def _definition(path: Path) -> dict[str, Any]:
    definition = path.with_suffix(".json")
    if not definition.is_file():
        raise InputError(f"{definition}: no such file; allowed: the definition of every shard beside it")
    return read_definition(definition)


def _same_context(path: Path, found: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
    different = [key for key in wanted if found.get(key) != wanted[key]]
    if different:
        raise InputError(
            f"{path}: its {' and '.join(different)} differ from those of the study; allowed: shards that were computed "
            "for points of the study as it is (run it again)"
        )


def open_shards(
    stack: ExitStack, paths: Sequence[Path], context: Mapping[str, Any], regions: int
) -> list[netCDF4.Dataset]:
    """Opens the shards of a stage, without masking.

    Raises
    ------
    InputError
        If one can't be read, says itself that it was computed otherwise, lacks points, or does not have the
        dimensions, coordinates and variables of the others.
    """
    files = open_all(stack, paths)
    names = {name for file in files for name in file.variables}
    for path, file in zip(paths, files, strict=True):
        if "context" not in file.ncattrs():
            raise InputError(f"{path}: does not say what it was computed with; allowed: a shard that was made here")
        _same_context(path, json.loads(file.getncattr("context")), context)
        for name in sorted(names - set(file.variables)):
            raise InputError(f"{path}: has no variable {name}, others have; allowed: the same variables in all shards")
        _same_dimensions(path, file, files[0], regions)
    return files


def _same_dimensions(path: Path, file: netCDF4.Dataset, first: netCDF4.Dataset, regions: int) -> None:
    sizes = {name: len(dimension) for name, dimension in file.dimensions.items()}
    wanted = {name: len(dimension) for name, dimension in first.dimensions.items()}
    wanted |= {"region": regions} if "region" in sizes else {}
    wanted[POINT] = len(_definition(path)["ids"])
    for name in (*sizes, *wanted):
        if sizes.get(name) != wanted.get(name):
            raise InputError(f"{path}: {name} has size {sizes.get(name)}; allowed: {wanted.get(name)}, as elsewhere")
        if name in first.variables and not np.array_equal(file.variables[name][...], first.variables[name][...]):
            raise InputError(f"{path}: has other values of {name}; allowed: the same coordinates in all shards")


def open_all(stack: ExitStack, paths: Sequence[Path]) -> list[netCDF4.Dataset]:
    """Opens netCDF files for reading, without masking."""
    files = []
    for path in paths:
        try:
            file = stack.enter_context(netCDF4.Dataset(path))
        except OSError as error:
            raise InputError(f"{path}: can't be read ({error}); allowed: a complete shard") from None
        file.set_auto_mask(False)
        files.append(file)
    return files
