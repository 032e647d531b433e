"""What the rules ask a scheduler for: memory and time of every job, from the points of its shard."""

from ngnmm_core import resources
from ngnmm_core.workflow.plans import Plans


class Jobs:
    """Memory and time that jobs ask for; more with every attempt.

    Parameters
    ----------
    plans : Plans
    """

    def __init__(self, plans: Plans):
        self.plans = plans

    def points(self, study: str, stage: str, shard: str) -> int:
        """Number of points of a shard, without planning if its definition is there."""
        definition = self.plans.definition(study, stage, shard)
        if not self.plans.is_made(study, stage) and definition.is_file():
            return resources.points_of(definition)
        return next((len(s.ids) for s in self.plans.shards(study, stage) if s.name == shard), 1)

    def shard_memory(self, study: str, stage: str, shard: str, attempt: int) -> int:
        """Memory (MB) for a shard."""
        return resources.grown(resources.shard_memory(*self._of_shard(study, stage, shard)), attempt)

    def shard_minutes(self, study: str, stage: str, shard: str, attempt: int) -> int:
        """Time (min) for a shard."""
        return resources.grown(resources.shard_minutes(*self._of_shard(study, stage, shard)), attempt)

    def _of_shard(self, study: str, stage: str, shard: str) -> tuple:
        regions = self.plans.connectomes.regions(study)
        return self.plans.studies.find(study), stage, regions, self.points(study, stage, shard)

    def merge_memory(self, attempt: int) -> int:
        """Memory (MB) for a merge, which streams."""
        return resources.grown(resources.merge_memory(), attempt)

    def merge_minutes(self, study: str, attempt: int) -> int:
        """Time (min) for a merge."""
        regions = self.plans.connectomes.regions(study)
        return resources.grown(resources.merge_minutes(self.plans.studies.find(study), regions), attempt)
