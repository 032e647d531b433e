"""Which shards a study needs: those that exist are kept, and only the missing points are cut into new ones.

A point is known by a hash of all its parameters, its seed, the connectome, the settings and the code.  A shard is a
file with the results of some points, named by a hash of theirs; a small JSON file beside it, the definition, lists
them.  A grid that grows, shrinks or comes back therefore finds what it needs among the definitions on disk, whatever
the grid that they were made for.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ngnmm_core.connectome.planned import PlannedConnectome
from ngnmm_core.points import Points
from ngnmm_core.preflight.cost import SIDE_BY_SIDE, seconds_per_point
from ngnmm_core.simulation.map_settings import surrogates_of
from ngnmm_core.stages.context import context
from ngnmm_core.stages.registry import STAGES
from ngnmm_core.storage.integrity import is_sealed
from ngnmm_core.study.study import Study
from ngnmm_core.sweep.finished import Wanted, cover, finished_shards, told_of_versions
from ngnmm_core.sweep.identity import SURROGATES, shard_name, write_definition

MOST_SHARDS = 500
HEAVY = 1.0  # CPU seconds of a point above which, but in lanes, it is not computed together with others


@dataclass(frozen=True)
class Shard:
    """A job: some points of one stage, and where their results go."""

    name: str
    definition: Path
    ids: tuple[str, ...]
    damaged: bool = False  # what is in the place of its results is not to be trusted

    @property
    def path(self) -> Path:
        """The file with the results."""
        return self.definition.with_suffix(".nc")

    @property
    def finished(self) -> bool:
        """Whether the results are there."""
        return not self.damaged and is_sealed(self.path)


def plan(study: Study, stage: str, folder: Path, connectome: PlannedConnectome, write: bool) -> list[Shard]:
    """Plan the shards that together hold all points of a stage of a study.

    Parameters
    ----------
    folder : Path
        Where the shards of this stage are, `results/<study>/shards/<stage>`.
    connectome : PlannedConnectome
    write : bool
        Whether to write the definitions of new shards, and to remove damaged ones (not in a dry run).
    """
    surroundings = context(study, stage, connectome.identity)
    files = study.files_used(STAGES[stage].analyses(study))  # known by what they hold; a job must find them too
    header = {"context": surroundings, "files": {place: file.path.as_posix() for place, file in files.items()}}
    if study.config.nulls is not None:  # points say which; null 0 is known as if there were none
        header["nulls"] = study.config.nulls.model_dump(include={"kind", "seed"})
    if drawn := surrogates_of(study.maps):  # points say which; surrogate 0 is known as if there were none
        header[SURROGATES] = drawn
    points = STAGES[stage].layout(study, len(connectome)).points
    wanted = Wanted(points, surroundings, connectome)
    ids, shards = wanted.ids, list(finished_shards(folder, write))
    found, missing = cover(wanted, shards, study.config.keep_versions)
    kept = [Shard(shard.definition.stem, shard.definition, shard.ids) for shard in found]
    for message in told_of_versions(wanted, shards, missing, folder):
        print(message, file=sys.stderr)
    seconds, in_lanes = seconds_per_point(study, stage, len(connectome)), STAGES[stage].simulates
    new = _cut(missing, len(ids), seconds, study.config.shards, SIDE_BY_SIDE if in_lanes or seconds < HEAVY else 1)
    return kept + [_define(folder, header, points, ids, part, write) for part in new]


def _cut(
    missing: Sequence[int], total: int, cost_per_point: float, wanted: int | str, together: int
) -> list[Sequence[int]]:
    """Consecutive runs of missing points, whole lane vectors each, about as many as wanted or minutes long."""
    if not missing:
        return []
    if isinstance(wanted, str):  # "auto"
        cost = cost_per_point * len(missing)
        count = min(int(np.ceil(cost / 10.0)), max(8, int(np.ceil(cost / 120.0))), MOST_SHARDS)
    else:
        count, together = int(np.ceil(wanted * len(missing) / total)), 1
    vectors = -(-len(missing) // together)
    # of vectors, as equal as can be: on a few cores the largest shards decide when a study ends
    ends = together * (vectors * np.arange(1, max(count, 1) + 1) // max(count, 1))
    starts = [0, *map(int, ends[:-1])]
    return [missing[i:j] for i, j in zip(starts, map(int, ends), strict=True) if i < j]


def _define(folder, header, points: Points, ids, part, write: bool) -> Shard:
    held = tuple(ids[k] for k in part)
    name = shard_name(held)
    path = folder / f"{name}.json"
    if write:
        columns = {name: _compact(values) for name, values in points.take(np.array(part)).columns.items()}
        content = {**header, "ids": held, "columns": columns, "kinds": points.kinds}
        write_definition(path, content)
    return Shard(name, path, held, damaged=path.with_suffix(".nc").exists())


def _compact(values: np.ndarray) -> list[float] | float:
    """Compact a column of a definition: one number if all are the same (as bits, so that -0.0 stays)."""
    same = (values.view(np.uint64) == values[:1].view(np.uint64)).all()
    return float(values[0]) if same else values.tolist()
