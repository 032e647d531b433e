"""The finished shards of a stage: which of them are whole, and which of the wanted points they hold.

A shard that was computed with the same code, settings and connectome, but with other versions of the libraries, holds
almost the same numbers.  It is not taken in silence: its points are computed again, which is said, or, with
`keep_versions`, it is kept, and the merged file says so.
"""

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from ngnmm_core.compilation.versions import difference
from ngnmm_core.connectome.planned import PlannedConnectome
from ngnmm_core.points import Points
from ngnmm_core.stages.context import VERSIONS
from ngnmm_core.storage.integrity import discard, is_intact
from ngnmm_core.sweep.identity import of_all_points, point_ids, read_definition, shard_name


@dataclass(frozen=True)
class Finished:
    """A whole shard: its definition, the points in it, and what they were computed with."""

    definition: Path
    ids: tuple[str, ...]
    context: Mapping[str, Any]

    @property
    def versions(self) -> tuple[tuple[str, str], ...]:
        """Versions of the libraries, sorted."""
        return tuple(sorted(dict(self.context.get(VERSIONS, {})).items()))


def finished_shards(folder: Path, write: bool) -> Iterator[Finished]:
    """Give the whole shards of a folder; say which others there are, and remove those if `write`."""
    definitions = sorted(folder.glob("*.json"))
    named = {path.stem for path in definitions}
    for results in sorted(folder.glob("*.nc")):
        if results.stem not in named and not results.name.endswith(".series.nc"):
            _again(results, f"its definition {results.with_suffix('.json').name} is missing", write)
    for definition in definitions:
        results = definition.with_suffix(".nc")
        if results.is_file():
            held = _held(definition)
            if held is not None and is_intact(results):
                yield held
            else:
                _again(results, "damaged or unfinished", write)


def _again(results: Path, why: str, write: bool) -> None:
    print(f"{results}: {why}; {'computed again' if write else 'a run computes it again'}", file=sys.stderr)
    if write:
        discard(results)


def _held(definition: Path) -> Finished | None:
    """Read what a definition says; None if it is damaged."""
    try:
        content = read_definition(definition)
        found = Finished(definition, tuple(content["ids"]), content["context"])
        return found if shard_name(found.ids) == definition.stem and isinstance(found.context, dict) else None
    except (ValueError, KeyError, TypeError):
        return None


@dataclass(frozen=True)
class Wanted:
    """The points of a stage, and what their results are to be computed with.

    Attributes
    ----------
    points : Points
    context : mapping
        See `ngnmm_core.stages.context.context`.
    connectome : PlannedConnectome
    """

    points: Points
    context: Mapping[str, Any]
    connectome: PlannedConnectome

    @cached_property
    def ids(self) -> list[str]:
        """Identities of the points."""
        return point_ids(self.points, self.context, self.connectome)

    @cached_property
    def _positions(self) -> dict[tuple, dict[str, int]]:
        return {}

    def positions(self, versions: tuple[tuple[str, str], ...]) -> dict[str, int]:
        """Give the first position of every point, by its identity under some versions of the libraries."""
        if versions not in self._positions:
            own = versions == self.versions
            context = self.context if own else {**self.context, VERSIONS: dict(versions)}
            ids = self.ids if own else point_ids(self.points, context, self.connectome)
            table = self._positions[versions] = {}
            for k, identity in enumerate(ids):
                table.setdefault(identity, k)
        return self._positions[versions]

    @property
    def versions(self) -> tuple[tuple[str, str], ...]:
        """Versions of the libraries, sorted."""
        return tuple(sorted(self.context[VERSIONS].items()))

    def differs_in_versions(self, shard: Finished) -> bool:
        """Whether a shard was computed with other versions of the libraries, and all else as is wanted."""
        if shard.versions == self.versions:
            return False
        return of_all_points({**shard.context, VERSIONS: None}) == of_all_points({**self.context, VERSIONS: None})


def cover(wanted: Wanted, shards: Sequence[Finished], keep_versions: bool) -> tuple[list[Finished], list[int]]:
    """Choose shards that hold wanted points, and give the positions of the points that none of them holds.

    Whatever the order in which they were computed the choice is the same: those of today's versions first, then those
    that hold the most.
    """
    missing = set(wanted.positions(wanted.versions).values())
    candidates = []
    for shard in shards:
        other = wanted.differs_in_versions(shard)
        if other and not keep_versions:
            continue
        table = wanted.positions(shard.versions) if other else wanted.positions(wanted.versions)
        held = [table[identity] for identity in shard.ids if identity in table]
        if held:
            candidates.append((other, -len(held), shard.definition.stem, held, shard))
    kept = []
    for *_, held, shard in sorted(candidates, key=lambda c: c[:3]):
        if not missing.isdisjoint(held):
            kept.append(shard)
            missing.difference_update(held)
    return kept, sorted(missing)


def told_of_versions(wanted: Wanted, shards: Sequence[Finished], missing: Sequence[int], folder: Path) -> list[str]:
    """Say which of the missing points are there, computed with other versions of the libraries."""
    aside: dict[tuple, set[int]] = {}
    for shard in shards:
        if wanted.differs_in_versions(shard):
            table = wanted.positions(shard.versions)
            held = {table[identity] for identity in shard.ids if identity in table}
            aside.setdefault(shard.versions, set()).update(held.intersection(missing))
    return [
        f"{folder}: {len(held)} finished points were computed with {difference(dict(versions), dict(wanted.versions))};"
        " computed again (--config keep_versions=true goes on with them)"
        for versions, held in aside.items()
        if held
    ]
