"""What the rules ask a scheduler for: memory and time of every job, from the points of its shard."""

from ngnmm_core import resources


class JobResources:
    """The part of `ngnmm_core.workflow.Workflow` that tells what its jobs need."""

    def points_of(self, study: str, stage: str, shard: str) -> int:
        """Number of points of a shard, without planning if its definition is there."""
        definition = self.definition(study, stage, shard)
        if (study, stage) not in self._plans and definition.is_file():
            return resources.points_of(definition)
        return next((len(s.ids) for s in self.shards(study, stage) if s.name == shard), 1)

    def shard_memory(self, study: str, stage: str, shard: str, attempt: int) -> int:
        """Memory (MB) that the job of a shard asks for."""
        points = self.points_of(study, stage, shard)
        return resources.grown(resources.shard_memory(self.study(study), stage, self.regions(study), points), attempt)

    def shard_minutes(self, study: str, stage: str, shard: str, attempt: int) -> int:
        """Time (min) that the job of a shard asks for."""
        points = self.points_of(study, stage, shard)
        return resources.grown(resources.shard_minutes(self.study(study), stage, self.regions(study), points), attempt)

    def merge_minutes(self, study: str, attempt: int) -> int:
        """Time (min) that a merge asks for."""
        return resources.grown(resources.merge_minutes(self.study(study), self.regions(study)), attempt)
