"""What a job asks a cluster for: memory (MB) and time (min), from its shard's points, regions, duration and method.

Every further attempt asks for twice as much: a job that was killed for memory or time comes back with more.
"""

import math
from contextlib import suppress
from pathlib import Path

from ngnmm_core.errors import InputError
from ngnmm_core.orchestration.plans import Plans
from ngnmm_core.preflight.calibration import rates
from ngnmm_core.preflight.cost import JOB_SECONDS, disk_bytes, memory_mb
from ngnmm_core.stages.registry import STAGES, stages_of
from ngnmm_core.study.study import Study

# Beside the process that computes, a cluster job holds two of Snakemake: one that starts the step, and the step's own.
SNAKEMAKE_MB = 400
MERGE_MB = 1000  # two slabs, the identities of the points, open shards
SPARE_MEMORY = 1.25
SPARE_TIME = 3.0
LEAST_MINUTES = 10  # a queue's bookkeeping, a slow file system, a cold cache of compiled kernels
WRITING_BYTES = 20e6  # per second: compressing into the merged file
# What compiles, draws, scores or tabulates: one process that reads a merged file
SMALL_MB = 2000
SMALL_MINUTES = 20


def grown(amount: float, attempt: int) -> int:
    """Compute what the n-th attempt asks for."""
    return math.ceil(amount * 2 ** (attempt - 1))


def shard_memory(study: Study, stage: str, regions: int, points: int) -> float:
    """Memory (MB) of the job of a shard."""
    return SNAKEMAKE_MB + SPARE_MEMORY * memory_mb(study, stage, regions, points)


def shard_minutes(study: Study, stage: str, regions: int, points: int) -> float:
    """Time (min) of the job of a shard."""
    seconds = JOB_SECONDS + rates(study, stage, regions).seconds(points, STAGES[stage].settings(study))
    return LEAST_MINUTES + SPARE_TIME * seconds / 60.0


def merge_memory() -> float:
    """Memory (MB) of a merge: it streams, so that the number of points does not count."""
    return SNAKEMAKE_MB + MERGE_MB


def merging_seconds(study: Study, regions: int) -> float:
    """Time (s) in which the merged files of a study are written."""
    written = sum(disk_bytes(study, stage.name, regions) for stage in stages_of(study)) / 2.0
    return written / WRITING_BYTES


def merge_minutes(study: Study, regions: int) -> float:
    """Time (min) of a merge."""
    return LEAST_MINUTES + SPARE_TIME * merging_seconds(study, regions) / 60.0


def points_of(definition: Path) -> int:
    """Count the points of a shard whose definition is on disk."""
    from ngnmm_core.sweep.identity import read_definition

    return len(read_definition(definition)["ids"])


class Jobs:
    """Memory and time that jobs ask for; more with every attempt.

    Parameters
    ----------
    plans : Plans
    """

    def __init__(self, plans: Plans):
        self.plans = plans

    def points(self, study: str, stage: str, shard: str) -> int:
        """Count the points of a shard, without planning if its definition is there."""
        definition = self.plans.definition(study, stage, shard)
        if not self.plans.is_made(study, stage) and definition.is_file():
            with suppress(InputError, KeyError):  # of a damaged one, which planning writes again
                return points_of(definition)
        return next((len(s.ids) for s in self.plans.shards(study, stage) if s.name == shard), 1)

    def shard_memory(self, study: str, stage: str, shard: str, attempt: int) -> int:
        """Memory (MB) for a shard."""
        return grown(shard_memory(*self._of_shard(study, stage, shard)), attempt)

    def shard_minutes(self, study: str, stage: str, shard: str, attempt: int) -> int:
        """Time (min) for a shard."""
        return grown(shard_minutes(*self._of_shard(study, stage, shard)), attempt)

    def _of_shard(self, study: str, stage: str, shard: str) -> tuple:
        regions = self.plans.connectomes.regions(study)
        return self.plans.studies.find(study), stage, regions, self.points(study, stage, shard)

    def merge_memory(self, attempt: int) -> int:
        """Memory (MB) for a merge, which streams."""
        return grown(merge_memory(), attempt)

    def merge_minutes(self, study: str, attempt: int) -> int:
        """Time (min) for a merge."""
        regions = self.plans.connectomes.regions(study)
        return grown(merge_minutes(self.plans.studies.find(study), regions), attempt)
