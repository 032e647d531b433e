"""What the Snakemake rules ask for the studies of one invocation: targets, recipes, keys, and what to tell the user."""

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ngnmm_core.analysis.registry import module_name as analysis_module
from ngnmm_core.compilation.code_hash import code_hash, script_hash
from ngnmm_core.connectome import source_identity
from ngnmm_core.errors import InputError
from ngnmm_core.orchestration.announcement import Announcement
from ngnmm_core.orchestration.captions import Captions
from ngnmm_core.orchestration.cluster import Cluster
from ngnmm_core.orchestration.connectomes import Connectomes
from ngnmm_core.orchestration.holding import PARTIAL, PARTIAL_RECIPE, Holding, Process
from ngnmm_core.orchestration.job_resources import Jobs, merging_seconds
from ngnmm_core.orchestration.plans import Plans
from ngnmm_core.orchestration.recipes import Recipes
from ngnmm_core.orchestration.studies import Studies
from ngnmm_core.plotting.catalogue import KINDS, MAPS, NULLS, Family
from ngnmm_core.plotting.figure_jobs import FigureJob, figure_files
from ngnmm_core.plotting.parts.captions import describe, facts
from ngnmm_core.preflight.checks import check_environment, check_study, check_writable
from ngnmm_core.preflight.reach import check_reach
from ngnmm_core.preflight.unused import check_unused
from ngnmm_core.products.run_summary import cost_text, points_text
from ngnmm_core.recordings.load import identity as recordings_identity
from ngnmm_core.stages.context import fingerprint
from ngnmm_core.stages.contract import SWEEP
from ngnmm_core.storage.atomic import write_atomically
from ngnmm_core.study.schema import without_absolute_paths
from ngnmm_core.study.study import Study

BESIDE = {"hubs.nc": ("hubs.csv",)}  # what is made together with a dataset
NULLS_FILE = "nulls.nc"
EXPLORER = Path(__file__).parent.parent / "products" / "explorer" / "assets"
QUICK_S = 60.0  # below which a job is not submitted to a cluster, whose queue takes longer
COMPARED = ("regimes.csv", "regimes.md", "coupling.csv", "coupling.md", "repertoire.svg", "repertoire.png")
COMPARISON = "repertoire"  # what names of bundled studies that compare models start with


class Workflow:
    """The studies of one invocation of Snakemake.

    Parameters
    ----------
    config, files, root
        See `ngnmm_core.orchestration.studies.Studies`.
    folders : (str, str)
        Where results and connectomes go.
    process : Process

    Attributes
    ----------
    studies : Studies
        What the config and the bundled files say.
    connectomes : Connectomes
        Where their connectomes are.
    plans : Plans
        Their shards.
    holding : Holding
        Which of them this run computes, so that no other does.
    jobs : Jobs
        What their jobs ask a scheduler for.
    captions : Captions
        Of their figures.
    """

    def __init__(
        self,
        config: Mapping[str, Any],
        files: Sequence[str],
        root: Path,
        folders: tuple[str, str],
        process: Process | None = None,
    ):
        self.root, self._process = Path(root), process or Process()
        self.results, self.resources = (Path(folder) for folder in folders)
        self.studies = Studies(config, files, self.root, self._process.words, self._ended)
        self.connectomes = Connectomes(self.studies, self.resources)
        process = self._process
        self.holding = Holding(process, self.connectomes, self.results, self._or_end)
        self._announcement = Announcement(
            self.connectomes, self.results, process.workers, process.targets, process.looking
        )
        self.plans = Plans(
            self.connectomes,
            self.results,
            self.holding.planning,
            self._require_writable,
            self._announce,
            self._ended,
        )
        self.plans.forced = lambda: self.holding.forces("shard")
        self.jobs, self.captions = Jobs(self.plans), Captions(self.root)
        self._announcement.cluster = Cluster(self.plans, process.submission, self._ended)
        self._recipes = Recipes(self.results, self.holding.writing, dry=self._process.announcing)

    def comparison(self, name: str) -> list[str]:
        """Tables and figure of the bundled studies that compare models; none for others."""
        return [str(self.results / name / file) for file in self.comparison_files(name)]

    @staticmethod
    def comparison_files(name: str) -> tuple[str, ...]:
        """Names of these files."""
        return COMPARED if name.startswith(COMPARISON) else ()

    # ------------------------------------------------------------------ this process
    def _require_writable(self) -> None:
        """End a run at once, in one line, if its results can't be written; a dry run may look anywhere."""
        if self._process.announcing and self._process.writing():
            self._or_end(lambda: check_writable(self.results))

    def _ended(self, error: InputError) -> InputError:
        """End a run in one line, where Snakemake would add a traceback; elsewhere give the error back."""
        if self._process.announcing:
            print(f"error: {error}", file=sys.stderr)
            sys.exit(1)
        return error

    def _or_end(self, action: Callable[[], Any]) -> Any:
        """Return what an action gives; a refusal ends the run in one line."""
        try:
            return action()
        except InputError as error:
            raise self._ended(error) from None

    def _announce(self, study: Study, stage: str, shards: Sequence) -> None:
        if self._process.announcing and not self._process.reporting:
            compiled = Path(self.plans.compiled(study.name, stage)).is_file()
            self._announcement.of_stage(study, stage, shards, compiled)

    def damaged(self, study: str, stage: str, shard: str) -> bool:
        """Whether a dry run has found a damaged file in a shard's place: a parameter that Snakemake sees change.

        Always false in a run, which removes such files, and in the jobs of a cluster, which plan nothing.  Where
        Snakemake's metadata were lost it has nothing to compare with, and the dry run only tells of the file.
        """
        return self._process.announcing and self.plans.damaged(study, stage, shard)

    def connectome(self, name: str) -> str | list[str]:
        """Return the file of a study's connectome, as an input of its jobs; nothing where products are deleted.

        It may be that of other studies too, and what Snakemake does not see it does not delete.
        """
        return [] if self._process.deleting else self.connectomes.path(name)

    def damaged_connectome(self, stem: str) -> bool:
        """Whether a dry run has found a damaged connectome of that name, as for shards."""
        if not self._process.announcing:
            return False
        names = [name for name in self.studies.concerned if Path(self.connectomes.path(name)).stem == stem]
        return any(self.connectomes.is_damaged(name) for name in names)

    # ------------------------------------------------------------------ products
    def targets(self, name: str) -> list[str]:
        """List what a run of a study is to produce: datasets, where they come from, and figures."""
        about = [str(self.results / name / made) for made in ("provenance.json", "index.html")]
        nulls = [str(self.results / name / NULLS_FILE)] if self.studies.find(name).config.nulls else []
        return [*self.plans.merged_files(name), *nulls, *about, *self.figures(name)]

    def figures(self, name: str) -> list[str]:
        """List the figures of a study."""
        return [str(self.results / name / "figures" / file) for file in figure_files(self.studies.find(name))]

    def after(self) -> str:
        """Sum up what was asked for: what it took, what went wrong, and where the results are."""
        requested = self.studies.requested(self._process.targets(), self.results)
        made = [name for name in requested if (self.results / name / SWEEP).is_file()]
        parts = []
        for name in made:
            merged = [path for path in map(Path, self.plans.merged_files(name)) if path.is_file()]
            parts += points_text(merged)
            parts.append(f"{name}: {cost_text(self.results / name)}")
            parts.append(
                f"{self.results / name}: index.html (explorer), {', '.join(path.name for path in merged)}, figures/"
            )
        return "\n".join(parts)

    def merges_quickly(self) -> bool:
        """Whether what reads whole sweeps takes less than a minute per study: then it is no job for a cluster.

        Jobs themselves need not know.
        """
        studies, regions = self.studies.concerned, self.connectomes.regions
        return self._process.announcing and all(
            merging_seconds(study, regions(name)) < QUICK_S for name, study in studies.items()
        )

    @staticmethod
    def code(*modules: str) -> str:
        """Hash of the code of modules and of what they import from the package."""
        return code_hash(modules)

    def check(self) -> None:
        """Refuses what can be seen to fail before any job starts."""
        check_environment()
        self.studies.check_files()
        for study in self.studies.concerned.values():
            check_reach(study)  # says more of a setting than that nothing reads it
        check_unused(self.studies.concerned.values())
        for name, study in self.studies.concerned.items():
            self.connectomes.identity(name)
            self.holding.check_deleting(name)
            built, regions = Path(self.connectomes.path(name)), self.connectomes.regions(name)
            damaged = self.connectomes.is_damaged(name)
            if damaged:
                print(f"{built}: damaged; a run builds it again", file=sys.stderr)
            warnings = check_study(study, None if damaged else built, regions, self.results)
            for warning in () if self._process.reporting else warnings:
                print(warning, file=sys.stderr)

    def figure_key(self, name: str, family: Family) -> str:
        """Compute a hash that changes when the figures of one family must be drawn anew."""
        modules = [f"ngnmm_core.plotting.{family.name}", "ngnmm_core.plotting.parts.save"]
        if family in (MAPS, NULLS):
            study = self.studies.find(name)
            own = {place: file.text for place, file in study.files.items()}
            declared = [analysis_module(n) for n in study.options if f"analyses.{n}" not in own]
            modules += ["ngnmm_core.analysis.maps", *(f"{module}:ANALYSIS.maps" for module in declared)]
            return fingerprint([self.key(name, "figures.py", *modules), own])
        return self.key(name, "figures.py", *modules)

    def figure_recipe(self, drawing: FigureJob) -> str:
        """Return the file that tells what the figures that one job draws are made from."""
        study = drawing.study
        made_from = {
            "key": self.figure_key(study.name, drawing.family),
            "point": drawing.point,
            "about": describe(study),
            "facts": facts(study),
        }
        files = [f"figures/{figure.stem}.{kind}" for figure in drawing.figures for kind in KINDS]
        return self.product(study.name, drawing.rule, made_from, files)

    def study_file(self, name: str, product: str = "") -> str:
        """Return the file with the resolved config of a study, written if this process may write.

        A merge of what there is has its own, as it may go on beside a run of the study.
        """
        path = self.results / name / (PARTIAL_RECIPE if product == PARTIAL else "") / "study.json"
        if self.holding.writing(name):
            study = self.studies.find(name)
            content = without_absolute_paths(study.config).model_dump_json(by_alias=True, indent=1)
            self._or_end(lambda: write_atomically(path, content))
        return str(path)

    def explorer_key(self, name: str) -> str:
        """Compute the key of the explorer of a study: its page and scripts are code as well."""
        assets = [path.read_text(encoding="utf-8") for path in sorted(EXPLORER.iterdir())]
        return fingerprint([self.key(name, "explorer.py", "ngnmm_core.products.explorer.page"), assets])

    def recipe(self, name: str, product: str, script: str, module: str) -> str:
        """Return the file that tells what a dataset of a study is made from."""
        plans = self.plans
        shards = plans.finished_shards(name, SWEEP) if product == PARTIAL else plans.shards_of_file(name, product)
        made_from = {"key": self.key(name, script, module), "shards": [Path(shard).stem for shard in shards]}
        anew = bool(plans.missing_shards(name, product))
        return self.product(name, Path(product).stem, made_from, [product, *BESIDE.get(product, ())], anew)

    def product(
        self, name: str, recipe: str, made_from: Mapping[str, Any], files: Sequence[str], anew: bool = False
    ) -> str:
        """Return the file that tells what some files of a study, named from its folder, are made from."""
        places = [self.results / name / file for file in files]
        return str(self._or_end(lambda: self._recipes.file(name, recipe, made_from, places, anew)))

    def key(self, name: str, script: str, *modules: str) -> str:
        """Hash the config, connectome and code of a study, so as to tell when a product must be made anew."""
        study = self.studies.find(name)
        code = [code_hash(modules), script_hash(self.root / "workflow" / "scripts" / script)]
        config = study.config.model_dump(mode="json", exclude={"keep_versions"})  # the shards tell what was kept
        made_from = [config, self.connectomes.identity(name), code]
        if study.subjects:
            made_from.append(source_identity(study.config.connectome, self.connectomes.registry))
        if study.config.empirical is not None:
            made_from.append(recordings_identity(study.config.empirical))
        if study.files:
            made_from.append({place: file.source for place, file in study.files.items()})
        return fingerprint(made_from)


def prepare_jobs(root: Path, kernels: Path) -> None:
    """Lets the jobs of this run find the package in the checkout, and one folder for compiled kernels."""
    paths = [str(root), *filter(None, [os.environ.get("PYTHONPATH")])]
    os.environ["PYTHONPATH"] = os.pathsep.join(dict.fromkeys(paths))
    os.environ.setdefault("NGNMM_CACHE_DIR", str(kernels.absolute()))
