"""What the rules ask about the connectomes of studies."""

import functools

from ngnmm_core.code_hash import code_hash
from ngnmm_core.connectome import ConnectomeSpec, output_name, read_connectome_file, source_identity
from ngnmm_core.stages import fingerprint


class StudyConnectomes:
    """The part of `ngnmm_core.workflow.Workflow` that knows which connectome a study has, and where its file is."""

    def connectome_path(self, name: str) -> str:
        """The file of a study's connectome."""
        return str(self.resources / "connectomes" / f"{output_name(self.study(name).config.connectome)}.nc")

    def connectome_source(self, stem: str) -> str:
        """Hash of the source of the connectome file of that stem."""
        return source_identity(self.connectome_spec(stem), self.registry)

    def connectome_spec(self, stem: str) -> ConnectomeSpec:
        """The source of the connectome file of that stem: of a study, or an entry of the registry."""
        for study in self.concerned.values():
            if output_name(study.config.connectome) == stem:
                return study.config.connectome
        return ConnectomeSpec(name=stem)

    @functools.cache  # noqa: B019
    def identity(self, name: str) -> str:
        """Hash of a study's connectome: its source, and the code that reads it."""
        source = source_identity(self.study(name).config.connectome, self.registry)
        return fingerprint([source, code_hash(["ngnmm_core.connectome.build"])])

    def regions(self, name: str) -> int:
        """Number of regions of a study's connectome, known before it is fetched."""
        spec = self.study(name).config.connectome
        if spec.name:
            return self.registry.entry(spec.name).regions
        return len(read_connectome_file(spec.path, spec.labels, spec.variable, spec.transpose).weights)
