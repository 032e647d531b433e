"""Which connectome a study has, what identifies it, and where its file is."""

import functools
from pathlib import Path

from ngnmm_core.compilation.code_hash import code_hash
from ngnmm_core.connectome import (
    ConnectomeSpec,
    load_registry,
    output_name,
    read_spec,
    source_identity,
)
from ngnmm_core.connectome.built import is_whole
from ngnmm_core.connectome.planned import PlannedConnectome
from ngnmm_core.connectome.spec import EACH
from ngnmm_core.connectome.subjects import all_subjects
from ngnmm_core.orchestration.studies import Studies
from ngnmm_core.stages.context import fingerprint
from ngnmm_core.storage.integrity import discard
from ngnmm_core.storage.records import not_later
from ngnmm_core.study.connectome_axes import planned_connectome


class Connectomes:
    """The connectomes of studies.

    Parameters
    ----------
    studies : Studies
    resources : Path
        Folder in which connectomes are kept.
    """

    def __init__(self, studies: Studies, resources: Path):
        self.studies, self.resources = studies, resources

    @functools.cached_property
    def registry(self):
        """The known connectomes."""
        return load_registry(self.studies.root / "config" / "connectomes.yaml")

    def path(self, study: str) -> str:
        """Return the file of a study's connectome."""
        return str(self.resources / "connectomes" / f"{output_name(self.studies.find(study).config.connectome)}.nc")

    @functools.cache  # noqa: B019 one instance lives as long as the process
    def is_damaged(self, study: str) -> bool:
        """Whether there is a file of a study's connectome that is not what was built."""
        path = Path(self.path(study))
        return path.is_file() and not is_whole(path)

    def mend(self, study: str) -> None:
        """Remove the file of a study's connectome if it is damaged, so that it is built again.

        One that is dated in the future is dated now: whatever is made from it would look older for ever.
        """
        path = Path(self.path(study))
        if self.is_damaged(study):
            discard(path)
            self.is_damaged.cache_clear()
        not_later(path)

    def spec(self, stem: str) -> ConnectomeSpec:
        """Return the source of the connectome file with that stem: that of a study, or an entry of the registry."""
        for study in self.studies.concerned.values():
            if output_name(study.config.connectome) == stem:
                return study.config.connectome
        return ConnectomeSpec(name=stem)

    def source(self, stem: str) -> str:
        """Hash of the source of the connectome file of that stem."""
        return source_identity(self.spec(stem), self.registry)

    @functools.cache  # noqa: B019 one instance lives as long as the process
    def identity(self, study: str) -> str:
        """Hash of a study's connectome: its source, and the code that reads it; of a cohort the code alone.

        What a subject's connectome is made of is in its number, by which its points are known.
        """
        found = self.studies.find(study)
        source = EACH if found.subjects else source_identity(found.config.connectome, self.registry)
        return fingerprint([source, code_hash(["ngnmm_core.connectome.build:build_connectome"])])

    def planned(self, study: str) -> PlannedConnectome:
        """Give what a plan knows of a study's connectome."""
        found = self.studies.find(study)
        return planned_connectome(found, self.identity(study), self.regions(study))

    @functools.cache  # noqa: B019 one instance lives as long as the process
    def regions(self, study: str) -> int:
        """Count the regions of a study's connectome, which are known before it is fetched."""
        spec = self.studies.find(study).config.connectome
        if spec.name:
            return self.registry.entry(spec.name).regions
        return len(read_spec(all_subjects(spec)[0].spec if spec.is_cohort else spec).weights)
