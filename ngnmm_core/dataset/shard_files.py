"""The files of finished shards, looked through before anything of them is merged.

What does not fit the study, or the other shards, is refused: the merged file must not hold numbers that its attributes
do not tell of.
"""

import json
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import netCDF4
import numpy as np

from ngnmm_core.errors import InputError
from ngnmm_core.stages.context import VERSIONS, fingerprint
from ngnmm_core.storage.integrity import take_seal
from ngnmm_core.sweep.finished import Wanted
from ngnmm_core.sweep.identity import of_all_points, point_ids, read_definition, shard_name

POINT = "point"
MOST_OPEN = 64


class Shelf(Sequence):
    """netCDF files, opened for reading when they are asked for; only the last few stay open.

    An open file takes about a megabyte, and a system may allow a thousand of them.
    """

    def __init__(self, paths: Sequence[Path]):
        self.paths = paths
        self._open: dict[int, netCDF4.Dataset] = {}

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, k: int) -> netCDF4.Dataset:  # type: ignore[override]
        path = self.paths[k]
        file = self._open.pop(k, None)
        if file is None:
            try:
                file = netCDF4.Dataset(path)
            except OSError as error:
                raise InputError(f"{path}: can't be read ({error}); allowed: a complete shard") from None
            file.set_auto_mask(False)
        self._open[k] = file  # last in order: used last
        while len(self._open) > MOST_OPEN:
            self._open.pop(next(iter(self._open))).close()
        return file

    def close(self) -> None:
        """Close what is open."""
        while self._open:
            self._open.popitem()[1].close()


@dataclass(frozen=True)
class Source:
    """Where the rows of a stage's grid are: for every point in grid order, the shard and the row in it."""

    paths: Sequence[Path]
    shard: np.ndarray  # [point], -1 where the point is missing
    row: np.ndarray
    other_versions: list[dict[str, str]] = field(default_factory=list)  # of the libraries, than those of today

    @property
    def missing(self) -> int:
        """Number of points that no shard holds."""
        return int((self.shard < 0).sum())


def locate(wanted: Wanted, paths: Sequence[Path], keep_versions: bool = False) -> Source:
    """Find points in shards.

    Parameters
    ----------
    wanted : Wanted
        The points, and what they are to be computed with.
    keep_versions : bool
        Whether shards may have been computed with other versions of the libraries.

    Raises
    ------
    InputError
        If a shard has no definition, or was computed with other code, settings or connectome.
    """
    tables: dict[str, _Table] = {}
    others: list[dict[str, str]] = []
    for number, path in enumerate(paths):  # one definition at a time: a million points are too many to hold as text
        definition = _definition(Path(path))
        found = definition["context"]
        _same_context(path, found, wanted.context, keep_versions)
        if found[VERSIONS] != wanted.context[VERSIONS] and found[VERSIONS] not in others:
            others.append(found[VERSIONS])
        context = {**wanted.context, VERSIONS: found[VERSIONS]}
        key = fingerprint(found[VERSIONS])
        if key not in tables:
            tables[key] = _Table(point_ids(wanted.points, context, wanted.connectome))
        tables[key].add(number, definition["ids"])
    shard, row = np.full((2, len(wanted.points)), -1)
    for table in tables.values():
        held = table.shard[table.where] >= 0
        shard[held], row[held] = table.shard[table.where][held], table.row[table.where][held]
    return Source([Path(p) for p in paths], shard, row, others)


class _Table:
    """Where the points are whose identities begin with one context."""

    def __init__(self, ids: Sequence[str]):
        self._wanted, self.where = np.unique(np.array(ids, "S32"), return_inverse=True)
        self.shard, self.row = np.full((2, len(self._wanted)), -1)

    def add(self, number: int, ids: Sequence[str]) -> None:
        """Note the points that a shard holds."""
        held = np.array(ids, "S32")
        position = np.minimum(np.searchsorted(self._wanted, held), len(self._wanted) - 1)
        found = self._wanted[position] == held
        self.shard[position[found]], self.row[position[found]] = number, np.flatnonzero(found)


def _definition(path: Path) -> dict[str, Any]:
    definition = path.with_suffix(".json")
    if not definition.is_file():
        raise InputError(f"{definition}: no such file; allowed: the definition of every shard beside it")
    return read_definition(definition)


def _same_points(path: Path, found: str) -> None:
    """Refuses the results of other points than those of the definition; they are computed again then."""
    wanted = shard_name(_definition(path)["ids"])
    if found != wanted:
        take_seal(path)
        raise InputError(
            f"{path}: holds the points of shard {found}; allowed: those of shard {wanted} (run the workflow again, "
            "which computes them anew)"
        )


def _same_context(path: Path, found: Mapping[str, Any], wanted: Mapping[str, Any], keep_versions: bool) -> None:
    found, wanted = of_all_points(found), of_all_points(wanted)
    checked = [key for key in wanted if not (keep_versions and key == VERSIONS)]
    different = [key for key in checked if key not in found or found[key] != wanted[key]]
    if different:
        raise InputError(
            f"{path}: its {' and '.join(different)} differ from those of the study; allowed: shards that were computed "
            "for points of the study as it is (run it again)"
        )


def open_shards(
    stack: ExitStack, paths: Sequence[Path], context: Mapping[str, Any], regions: int, keep_versions: bool = False
) -> Shelf:
    """Open the shards of a stage, without masking; `keep_versions` as in `locate`.

    Raises
    ------
    InputError
        If one can't be read, says itself that it was computed otherwise or for other points, lacks points, or does not
        have the dimensions, coordinates and variables of the others.
    """
    files = open_all(stack, paths)
    names = {name for file in files for name in file.variables}
    for k, path in enumerate(paths):
        file = files[k]
        if "context" not in file.ncattrs():
            raise InputError(f"{path}: does not say what it was computed with; allowed: a shard that was made here")
        _same_context(path, json.loads(file.getncattr("context")), context, keep_versions)
        _same_points(path, file.getncattr("shard") if "shard" in file.ncattrs() else "unknown")
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


def open_all(stack: ExitStack, paths: Sequence[Path]) -> Shelf:
    """Open netCDF files for reading, without masking."""
    return stack.enter_context(closing(Shelf(paths)))
