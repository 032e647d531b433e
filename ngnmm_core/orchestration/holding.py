"""What one process of Snakemake is there for, and which studies it holds so that no other run computes them."""

import functools
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ngnmm_core.orchestration.connectomes import Connectomes
from ngnmm_core.orchestration.locks import remove_stale
from ngnmm_core.orchestration.study_lock import NAME, StudyLock, busy, is_held

PARTIAL = "sweep.partial.nc"
ALL_RULES = "all rules"
PARTIAL_RECIPE = Path("recipes", "sweep.partial")


@dataclass(frozen=True)
class Process:
    """What one process of Snakemake is there for; by default one that only looks.

    Attributes
    ----------
    writing : callable
        Whether it may write plans: the main process of a run that is not a dry one.
    announcing : bool
        Whether it tells the user what will be done.
    workers : callable
        Number of jobs that may run at once.
    targets : callable
        What it is asked for: names of rules and files.
    words : sequence of str
        Its command line, without the program.
    looking : callable
        Whether it is a dry run, which ends with the forecast.
    submission : callable
        Resources that shards get on a SLURM cluster beside those of their rule; None if jobs run on this machine.
    forced : callable
        Rules that it is to run whatever is there: names, or `ALL_RULES`.
    deleting : bool
        Whether it removes the products of its studies, and runs nothing.
    reporting : bool
        Whether it bundles what a run before it has made: then costs and warnings have been told.
    """

    writing: Callable[[], bool] = lambda: False
    announcing: bool = False
    workers: Callable[[], int] = lambda: 1
    targets: Callable[[], Collection[str]] = tuple
    words: Sequence[str] = ()
    looking: Callable[[], bool] = lambda: False
    submission: Callable[[], Mapping[str, Any] | None] = lambda: None
    forced: Callable[[], Collection[str]] = tuple
    deleting: bool = False
    reporting: bool = False


class Holding:
    """The locks of the studies that this process computes, taken before it writes into their folders.

    Parameters
    ----------
    process : Process
    connectomes : Connectomes
        Of the studies.
    results : Path
        Folder of all results.
    or_end : callable
        Returns what an action gives; a refusal ends the run in one line.
    """

    def __init__(
        self, process: Process, connectomes: Connectomes, results: Path, or_end: Callable[[Callable[[], Any]], Any]
    ):
        self.process, self.connectomes, self.results, self._or_end = process, connectomes, results, or_end
        self._locks: dict[str, StudyLock] = {}

    def writing(self, name: str) -> bool:
        """Whether this process may write into the folder of a study: the main one of a run that is not a dry one.

        The run ends if another one computes the study, or any of those that it was asked for, before it has changed
        anything.
        """
        if not self.process.writing():
            return False
        if name not in self._locks:
            if not self._locks and (message := remove_stale(results=self.results)):
                print(message, file=sys.stderr)
            studies = self.connectomes.studies
            asked = [] if self._locks else studies.requested(self.process.targets(), self.results)
            for wanted in dict.fromkeys([*asked, name]):
                self._hold(wanted)
            for wanted in self._locks:
                if wanted in studies.concerned:
                    self.connectomes.mend(wanted)
        return True

    def forces(self, rule: str) -> bool:
        """Whether a rule is to run whatever is there; for what is deleted, all rules count as such."""
        return self.process.deleting or not {rule, ALL_RULES}.isdisjoint(self.process.forced())

    def check_deleting(self, name: str) -> None:
        """Refuse to remove the products of a study that is being computed.

        Raises
        ------
        InputError
            Naming the run.
        """
        lock = self.results / name / NAME
        if self.process.deleting and is_held(lock):
            raise busy(lock.parent, lock)

    def planning(self, name: str) -> bool:
        """Whether this process may write definitions of shards, and remove damaged ones."""
        return self.writing(name) and not self.is_partial

    def _hold(self, name: str) -> None:
        beside = PARTIAL_RECIPE if self.is_partial else Path()  # a merge of what there is may go on beside a run
        lock = self._locks[name] = self._or_end(lambda: StudyLock(self.results / name / beside))
        if lock.left_behind:
            print(f"{name}: goes on after {lock.left_behind}, which did not come to its end", file=sys.stderr)

    @functools.cached_property
    def is_partial(self) -> bool:
        """Whether this run only merges what there is of unfinished studies."""
        targets = list(self.process.targets() or ())
        return bool(targets) and all(Path(target).name in ("partial", PARTIAL) for target in targets)
