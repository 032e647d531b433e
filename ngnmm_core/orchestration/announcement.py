"""What a run tells before it spends anything: the cost of every stage and, once all are planned, of the whole."""

import atexit
import sys
from collections.abc import Callable, Collection, Sequence
from pathlib import Path

from ngnmm_core.orchestration.cluster import Cluster
from ngnmm_core.orchestration.connectomes import Connectomes
from ngnmm_core.plotting.catalogue import KINDS
from ngnmm_core.plotting.figure_jobs import jobs_of
from ngnmm_core.preflight.calibration import rates
from ngnmm_core.preflight.estimate import Estimate, axes_text, estimate, estimate_text, total_text
from ngnmm_core.progress import LEDGER
from ngnmm_core.stages.registry import stages_of
from ngnmm_core.study.study import Study
from ngnmm_core.sweep.plan import Shard

WIDTH = 160  # characters of a line that several axes may share


class Announcement:
    """Prints estimates to stderr while stages are planned.

    Parameters
    ----------
    connectomes : Connectomes
        Of the studies.
    results : Path
        Folder of all results.
    workers : callable
        Number of jobs that may run at once.
    targets : callable
        What Snakemake is asked for.
    last : callable
        Whether the forecast of the whole is to stand at the very end, as in a dry run.

    Attributes
    ----------
    cluster : Cluster, optional
        Where the jobs go if not to this machine.
    """

    cluster: Cluster | None = None

    def __init__(
        self,
        connectomes: Connectomes,
        results: Path,
        workers: Callable[[], int],
        targets: Callable[[], Collection[str]],
        last: Callable[[], bool] = lambda: False,
    ):
        self.studies, self.connectomes, self.results = connectomes.studies, connectomes, results
        self._workers, self._targets, self._last = workers, targets, last
        self._estimates: dict[tuple[str, str], Estimate] = {}

    def of_stage(self, study: Study, stage: str, shards: Sequence[Shard], compiled: bool) -> None:
        """Tells what a stage will cost, and after the last one what the run will.

        `compiled` says whether its kernels are known to be there.
        """
        regions = self.connectomes.regions(study.name)
        waiting = [shard for shard in shards if not shard.finished]
        points = [len(shard.ids) for shard in waiting]
        found = estimate(study, stage, regions, points, rates(study, stage, regions), compiled)
        for shard, seconds in zip(waiting, found.jobs, strict=True):
            LEDGER.plan(shard.path, len(shard.ids), seconds)
        if study.name not in {name for name, _ in self._estimates}:
            for file in study.files.values():
                print(f"{study.name}: {file.key}: {file.path}, source {file.source}", file=sys.stderr)
        self._estimates[study.name, stage] = found
        if self.cluster is not None:
            self.cluster.plan(study, stage, waiting)
        if not any(name == study.name for name, known in self._estimates if known != stage):
            print("\n".join(f"{study.name}: {line}" for line in _in_few_lines(axes_text(study))), file=sys.stderr)
        print(estimate_text(found), file=sys.stderr)
        awaited = self._awaited()
        if (study.name, stage) in awaited and awaited <= set(self._estimates):
            estimates, workers = list(self._estimates.values()), self._workers()
            wall = "" if self.cluster is None else self.cluster.wall_text(estimates, workers)
            total = total_text(estimates, workers, wall, self._drawings())
            if self._last():
                atexit.register(print, total, file=sys.stderr)
            elif total:
                print(total, file=sys.stderr)

    def _drawings(self) -> int:
        """Count the jobs that draw what is missing of the figures of the studies that are wanted whole."""
        requested = self.studies.requested(self._targets(), self.results)
        whole = [self.studies.find(name) for name, file in requested.items() if not file]
        return sum(
            not (self.results / job.study.name / "figures" / f"{figure.stem}.{KINDS[0]}").is_file()
            for job in jobs_of(whole)
            for figure in job.figures[:1]
        )

    def _awaited(self) -> set[tuple[str, str]]:
        """Collect the stages that the targets need."""
        requested = self.studies.requested(self._targets(), self.results)
        return {
            (name, stage.name)
            for name, file in requested.items()
            for stages in [stages_of(self.studies.find(name))]
            for stage in stages
            if file not in {s.file for s in stages} or stage.file == file
        }


def _in_few_lines(texts: Sequence[str]) -> list[str]:
    """Put short texts together, up to the width of a line."""
    lines: list[str] = []
    for text in texts:
        if lines and len(lines[-1]) + len(text) < WIDTH:
            lines[-1] += f"; {text}"
        else:
            lines.append(text)
    return lines
