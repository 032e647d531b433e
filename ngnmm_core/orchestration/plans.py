"""Which shards the files of a study are made of, and which of them are there."""

from collections.abc import Callable
from pathlib import Path

from ngnmm_core.errors import InputError
from ngnmm_core.orchestration.connectomes import Connectomes
from ngnmm_core.stages.context import compiled_name, context
from ngnmm_core.stages.contract import SWEEP
from ngnmm_core.stages.registry import stages_of
from ngnmm_core.storage.records import not_later
from ngnmm_core.sweep.plan import Shard, plan


class Plans:
    """The shards of studies, planned when they are asked for first.

    Parameters
    ----------
    connectomes : Connectomes
        Of the studies.
    results : Path
        Folder of all results.
    writing : callable
        Whether definitions of new shards of a study may be written, and damaged shards removed.
    before : callable
        Called before the first plan.
    after : callable
        `after(study, stage, shards)`: called with every new plan.
    refuse : callable
        What is done with an error before it is raised.

    Attributes
    ----------
    forced : callable
        Whether all shards are to be computed, those that are there too.
    """

    def __init__(
        self,
        connectomes: Connectomes,
        results: Path,
        writing: Callable[[str], bool],
        before: Callable[[], None],
        after: Callable,
        refuse: Callable[[InputError], InputError] = lambda error: error,
    ):
        self.studies, self.connectomes, self.results = connectomes.studies, connectomes, results
        self._writing, self._before, self._after, self._refuse = writing, before, after, refuse
        self._made: dict[tuple[str, str], list[Shard]] = {}
        self.forced: Callable[[], bool] = lambda: False

    def folder(self, study: str, stage: str) -> Path:
        """Where the shards of a stage are."""
        return self.results / study / "shards" / stage

    def definition(self, study: str, stage: str, shard: str) -> Path:
        """Return the file with the definition of a shard."""
        return self.folder(study, stage) / f"{shard}.json"

    def is_made(self, study: str, stage: str) -> bool:
        """Whether a stage has been planned in this process."""
        return (study, stage) in self._made

    def shards(self, study: str, stage: str) -> list[Shard]:
        """Plan the shards of a stage of a study."""
        key = (study, stage)
        if key not in self._made:
            if not self._made:
                self._before()
            wanted, folder = self.studies.find(study), self.folder(study, stage)
            try:
                self._made[key] = plan(wanted, stage, folder, self.connectomes.planned(study), self._writing(study))
            except InputError as error:
                raise self._refuse(error) from None
            if self._writing(study):
                not_later(Path(self.compiled(study, stage)))
            self._after(wanted, stage, self._made[key])
        return self._made[key]

    def damaged(self, study: str, stage: str, shard: str) -> bool:
        """Whether a damaged file is in a shard's place."""
        return any(planned.damaged for planned in self.shards(study, stage) if planned.name == shard)

    def compiled(self, study: str, stage: str) -> str:
        """Name the marker file that says that the kernels of a stage are compiled."""
        wanted = self.studies.find(study)
        return str(self.folder(study, stage) / compiled_name(context(wanted, stage, self.connectomes.identity(study))))

    # ------------------------------------------------------------------ merged files
    def merged_files(self, study: str) -> list[str]:
        """List the merged datasets of a study."""
        files = dict.fromkeys(stage.file for stage in stages_of(self.studies.find(study)))
        return [str(self.results / study / file) for file in files]

    def _of_file(self, study: str, file: str) -> list[Shard]:
        """List the shards that one merged file of a study is made of, in alphabetical order of their files."""
        stages = [stage.name for stage in stages_of(self.studies.find(study)) if stage.file == file]
        return sorted((shard for stage in stages for shard in self.shards(study, stage)), key=lambda s: str(s.path))

    def shards_of_file(self, study: str, file: str) -> list[str]:
        """Their files."""
        return [str(shard.path) for shard in self._of_file(study, file)]

    def missing_shards(self, study: str, file: str) -> list[str]:
        """Those of the shards that are not there yet.

        Only these are inputs of a rule.  A finished shard stays out of Snakemake's sight: its name says all that it
        depends on, and nothing that happens to the connectome's file, the scripts or the metadata may run it again.
        """
        forced = self.forced()
        return [str(shard.path) for shard in self._of_file(study, file) if forced or not shard.finished]

    def finished_shards(self, study: str, file: str) -> list[str]:
        """Those of the shards that are there."""
        return [str(shard.path) for shard in self._of_file(study, file) if shard.finished]

    def all_shards(self, study: str) -> list[str]:
        """List the files of all shards of a study."""
        files = dict.fromkeys(stage.file for stage in stages_of(self.studies.find(study)))
        return [path for file in files for path in self.shards_of_file(study, file)]

    def hubs_of_file(self, study: str, file: str) -> list[str]:
        """List the hub scores that go into a merged file: into the sweep of a study that asks for hubs."""
        asked = file == SWEEP and "hubs" in self.studies.find(study).options
        return [str(self.results / study / "hubs.nc")] if asked else []
