"""What the Snakemake rules ask: which studies there are, their shards, connectomes and resources.

The rules know wildcards only.  Everything here is worked out when a rule asks for it, so that a job that computes one
shard parses the workflow without planning the study.
"""

import functools
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ngnmm_core.calibration import rates
from ngnmm_core.code_hash import code_hash, script_hash
from ngnmm_core.connectome import load_registry
from ngnmm_core.errors import InputError, unknown
from ngnmm_core.estimate import Estimate, estimate, estimate_text, total_text
from ngnmm_core.job_resources import JobResources
from ngnmm_core.locks import is_locked, take_over
from ngnmm_core.planning import Shard, plan, write_atomically
from ngnmm_core.plotting.catalogue import figure_files
from ngnmm_core.preflight import check_study, check_writable
from ngnmm_core.recipes import Recipes
from ngnmm_core.stages import SWEEP, context, fingerprint, stages_of
from ngnmm_core.study.load import load_studies, override, read_yaml
from ngnmm_core.study.study import Study
from ngnmm_core.study_connectomes import StudyConnectomes
from ngnmm_core.summary import as_text, tables

NOT_OF_A_STUDY = ("pathvars",)  # keys of Snakemake's config that are its own
PARTIAL = "sweep.partial.nc"
COMPARISON = "repertoire"  # what names of bundled studies that compare models start with


class Workflow(JobResources, StudyConnectomes):
    """The studies of one invocation of Snakemake.

    Parameters
    ----------
    config : mapping
        Snakemake's config: the study file given with `--configfile`, or what `--config` lays over the default one.
    files : sequence of str
        What `config` was read from, if it is a whole study; the default study is left aside then.
    root : Path
        Folder of the Snakefile.
    results, resources : str
        Where results and connectomes go.
    writing : callable
        Whether this process may write plans: the main process of a run that is not a dry one.
    announcing : bool
        Whether this process tells the user what will be done.
    workers : callable
        Number of jobs that may run at once.
    """

    def __init__(
        self,
        config: Mapping[str, Any],
        files: Sequence[str],
        root: Path,
        folders: tuple[str, str],
        writing: Callable[[], bool],
        announcing: bool = False,
        workers: Callable[[], int] = lambda: 1,
    ):
        self.root, self._writing, self.announcing, self.workers = Path(root), writing, announcing, workers
        self.results, self.resources = (Path(folder) for folder in folders)
        self._given = {key: value for key, value in config.items() if key not in NOT_OF_A_STUDY}
        self._files = [os.path.relpath(file) if os.path.isfile(file) else str(file) for file in files]
        self._recipes = Recipes(self.results, self.writing, dry=announcing)
        self._plans: dict[tuple[str, str], list[Shard]] = {}
        self._estimates: list[Estimate] = []

    @functools.cached_property
    def registry(self):
        """The known connectomes."""
        return load_registry(self.root / "config" / "connectomes.yaml")

    @functools.cached_property
    def main(self) -> dict[str, Study]:
        """The studies of the config, by name: one, or one per part."""
        if self._files:
            return load_studies(override({}, self._given), ", ".join(self._files))
        path = self.root / "config" / "config.yaml"
        return load_studies(override(read_yaml(path), self._given), "config/config.yaml")

    @functools.cached_property
    def bundled_names(self) -> list[str]:
        """Names of the studies that come with the workflow, each a target of its own."""
        return sorted(path.stem for path in (self.root / "config" / "studies").glob("*.yaml"))

    @functools.cached_property
    def concerned(self) -> dict[str, Study]:
        """The studies that this process can be about: of the config, and those named on its command line.

        A job's command line names its rule and files.  Reading all bundled studies would cost every job of any study.
        """
        named = [name for name in self.bundled_names if any(name in word for word in sys.argv)]
        found = dict(self.main)
        for name in named:
            found = self.bundled(name) | found
        return found

    @functools.cache  # noqa: B019 one instance lives as long as the process
    def bundled(self, name: str) -> dict[str, Study]:
        """The studies of a file under `config/studies/`."""
        path = self.root / "config" / "studies" / f"{name}.yaml"
        return load_studies(read_yaml(path), f"config/studies/{name}.yaml")

    def comparison(self, name: str) -> list[str]:
        """Tables and figure of the bundled studies that compare models; none for others."""
        if not name.startswith(COMPARISON):
            return []
        files = ("regimes.csv", "regimes.md", "coupling.csv", "coupling.md", "repertoire.svg", "repertoire.png")
        return [str(self.results / name / file) for file in files]

    def study(self, name: str) -> Study:
        """The study of that name (`demo`, or `paper/msf2d` for a part), of the config or bundled."""
        if name in self.main:
            return self.main[name]
        file = name.partition("/")[0]
        if (self.root / "config" / "studies" / f"{file}.yaml").is_file() and name in self.bundled(file):
            return self.bundled(file)[name]
        raise self._ended(unknown("study", name, [*self.main, *self.bundled_names]))

    # ------------------------------------------------------------------ shards
    def folder(self, name: str, stage: str) -> Path:
        """Where the shards of a stage are."""
        return self.results / name / "shards" / stage

    def definition(self, study: str, stage: str, shard: str) -> Path:
        """The definition of a shard."""
        return self.folder(study, stage) / f"{shard}.json"

    def shards(self, name: str, stage: str) -> list[Shard]:
        """The shards of a stage of a study; planned at the first call."""
        key = (name, stage)
        if key not in self._plans:
            self._require_writable()
            study, folder, regions = self.study(name), self.folder(name, stage), self.regions(name)
            self._plans[key] = plan(study, stage, folder, self.identity(name), regions, self.writing())
            self._announce(study, stage, self._plans[key])
        return self._plans[key]

    def _require_writable(self) -> None:
        """Ends a run at once, in one line, if its results can't be written; a dry run may look anywhere."""
        if self.announcing and self.writing() and not self._plans:
            try:
                check_writable(self.results)
            except InputError as error:
                self._ended(error)

    def _ended(self, error: InputError) -> InputError:
        """Ends a run in one line, where Snakemake would add a traceback; elsewhere gives the error back."""
        if self.announcing:
            print(f"error: {error}", file=sys.stderr)
            sys.exit(1)
        return error

    def _announce(self, study: Study, stage: str, shards: list[Shard]) -> None:
        """Tells the user what a stage will cost and, once all stages are planned, what the whole run will."""
        if not self.announcing:
            return
        regions = self.regions(study.name)
        missing = [len(shard.ids) for shard in shards if not shard.finished]
        self._estimates.append(estimate(study, stage, regions, missing, rates(study, stage, regions)))
        print(estimate_text(self._estimates[-1]), file=sys.stderr)
        if len(self._estimates) == sum(len(stages_of(each)) for each in self.concerned.values()):
            print(total_text(self._estimates, self.workers()), file=sys.stderr)

    def writing(self) -> bool:
        """Whether this process may write: the main one of a run that is not a dry one, and no other run is going on."""
        return self._writing() and self._is_free

    @functools.cached_property
    def _is_free(self) -> bool:
        """Whether no living run holds the folder, before Snakemake locks it; the lock of a dead run is removed."""
        if message := take_over():
            print(message, file=sys.stderr)
        return not is_locked()

    def _shards_of_file(self, name: str, file: str) -> list[Shard]:
        """The shards that one merged file of a study is made of, in alphabetical order of their files."""
        stages = [stage.name for stage in stages_of(self.study(name)) if stage.file == file]
        return sorted(
            (shard for stage in stages for shard in self.shards(name, stage)), key=lambda shard: str(shard.path)
        )

    def shards_of_file(self, name: str, file: str) -> list[str]:
        """Their files."""
        return [str(shard.path) for shard in self._shards_of_file(name, file)]

    def missing_shards(self, name: str, file: str) -> list[str]:
        """Those of the shards that are not there yet.

        Only these are inputs of a rule.  A finished shard stays out of Snakemake's sight: its name says all that it
        depends on, and nothing that happens to the connectome's file, the scripts or the metadata may run it again.
        """
        return [str(shard.path) for shard in self._shards_of_file(name, file) if not shard.finished]

    def damaged(self, study: str, stage: str, shard: str) -> bool:
        """Whether a dry run has found a damaged file in a shard's place: a parameter that Snakemake sees change.

        Always false in a run, which removes such files, and in the jobs of a cluster, which plan nothing.  Where
        Snakemake's metadata were lost it has nothing to compare with, and the dry run only tells of the file.
        """
        return self.announcing and any(
            planned.damaged for planned in self.shards(study, stage) if planned.name == shard
        )

    def finished_shards(self, name: str, file: str) -> list[str]:
        """Those of the shards that are there."""
        return [str(shard.path) for shard in self._shards_of_file(name, file) if shard.finished]

    def hubs_of_file(self, name: str, file: str) -> list[str]:
        """The hub scores that go into a merged file: into the sweep of a study that asks for hubs."""
        return [str(self.results / name / "hubs.nc")] if file == SWEEP and "hubs" in self.study(name).options else []

    def all_shards(self, name: str) -> list[str]:
        """All shards of a study."""
        files = dict.fromkeys(stage.file for stage in stages_of(self.study(name)))
        return [path for file in files for path in self.shards_of_file(name, file)]

    def compiled(self, name: str, stage: str) -> str:
        """The marker file that says that the kernels of a stage are compiled."""
        study = self.study(name)
        code = fingerprint([context(study, stage, self.identity(name))["code"], study.config.cpu_target], size=8)
        return str(self.folder(name, stage) / f"compiled-{code}")

    def merged_files(self, name: str) -> list[str]:
        """The merged datasets of a study."""
        files = dict.fromkeys(stage.file for stage in stages_of(self.study(name)))
        return [str(self.results / name / file) for file in files]

    def targets(self, name: str) -> list[str]:
        """What a run of a study is to produce: datasets, where they come from, and figures."""
        folder = self.results / name
        figures = [str(folder / "figures" / file) for file in figure_files(self.study(name))]
        about = [str(folder / made) for made in ("provenance.json", "summary.html")]
        return [*self.merged_files(name), *about, *figures]

    def after(self) -> str:
        """What the user wants to know at the end of a run: what it took, what went wrong, and where the results are."""
        made = [name for name in self.concerned if (self.results / name / SWEEP).is_file()]
        parts = []
        for name in made:
            merged = [path for path in map(Path, self.merged_files(name)) if path.is_file()]
            parts += [as_text(table) for table in tables(self.results / name, merged)]
            parts.append(f"{self.results / name}: {SWEEP}, figures/, provenance.json, summary.html")
        return "\n".join(parts)

    @staticmethod
    def code(*modules: str) -> str:
        """Hash of the code of modules and of what they import from the package."""
        return code_hash(modules)

    def check(self) -> None:
        """Refuses what can be seen to fail before any job starts."""
        for file in filter(os.path.isfile, self._files):
            read_yaml(file)  # a key that occurs twice is gone in what Snakemake has made of it
        for name, study in self.concerned.items():
            self.identity(name)
            for warning in check_study(study, Path(self.connectome_path(name)), self.regions(name), self.results):
                print(warning, file=sys.stderr)

    def study_file(self, name: str) -> str:
        """The file with the resolved config of a study, written if this process may."""
        path = self.results / name / "study.json"
        if self.writing():
            study = self.study(name)
            content = study.config.model_dump_json(by_alias=True, indent=1)
            write_atomically(path, content)
        return str(path)

    def recipe(self, name: str, product: str, script: str, module: str) -> str:
        """The file that tells what a product of a study is made from."""
        shards = self.finished_shards(name, SWEEP) if product == PARTIAL else self.shards_of_file(name, product)
        made_from = {"key": self.key(name, script, module), "shards": [Path(shard).stem for shard in shards]}
        return str(self._recipes.file(name, product, made_from))

    def key(self, name: str, script: str, *modules: str) -> str:
        """A hash that changes when something made from a study must be made anew: its config, connectome or code."""
        study = self.study(name)
        code = [code_hash(modules), script_hash(self.root / "workflow" / "scripts" / script)]
        return fingerprint([study.config.model_dump(mode="json"), self.identity(name), code])


def prepare_jobs(root: Path, kernels: Path) -> None:
    """Lets the jobs of this run find the package in the checkout, and one folder for compiled kernels."""
    paths = [str(root), *filter(None, [os.environ.get("PYTHONPATH")])]
    os.environ["PYTHONPATH"] = os.pathsep.join(dict.fromkeys(paths))
    os.environ.setdefault("NGNMM_CACHE_DIR", str(kernels.absolute()))
