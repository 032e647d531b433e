"""What a job of any stage is given: a model, a connectome, points, settings and analyses."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from ngnmm_core.analysis.contract import Analysis, Options
from ngnmm_core.connectome.cohort import Cohort
from ngnmm_core.connectome.connectome import Connectome
from ngnmm_core.models._base import Model
from ngnmm_core.points import Kind, Points
from ngnmm_core.simulation.map_settings import RegionMap
from ngnmm_core.simulation.regional import RegionalMaps
from ngnmm_core.stages.balanced import BalancedParameters


@dataclass(frozen=True)
class Task:
    """One shard's work.

    Attributes
    ----------
    connectome : Connectome
        With normalised weights.  Where points choose among several, the one of all subjects; see `parts`.
    settings : mapping
        What the stage declares as its `settings` (`ngnmm_core.stages.contract.Stage`).
    analyses : sequence of (Analysis, Options)
    series : Path, optional
        Where raw series go if the settings ask for them.
    record : callable, optional
        `record(options, window)` makes the reducer that writes them (`ngnmm_core.simulation.series_file`).
    scratch : Path, optional
        A folder of the job's own for what it needs to go on after it was killed; removed when the job has succeeded.
    cohort : Cohort, optional
        The connectomes, not normalised, that columns of the points choose from.
    maps : tuple of RegionMap
        Of parameters that differ between regions.
    balance : mapping, optional
        `parameter` that is solved for in every region, and `target_rate_hz` that it is to give.
    """

    model: Model
    connectome: Connectome
    points: Points
    settings: Mapping[str, Any]
    analyses: tuple[tuple[Analysis, Options], ...]
    series: Path | None = None
    scratch: Path | None = None
    cohort: Cohort | None = None
    maps: tuple[RegionMap, ...] = ()
    balance: Mapping[str, Any] | None = None
    record: Callable[..., Any] | None = None

    @cached_property
    def regional(self) -> RegionalMaps:
        """The maps on the connectome, and what balances it."""
        if self.balance is not None:
            return BalancedParameters(self.maps, self.connectome, self.model, self.balance)
        return RegionalMaps(self.maps, self.connectome, self.model)

    @property
    def keeps_series(self) -> bool:
        """Whether raw series are to be written."""
        return self.series is not None and bool(self.settings.get("keep_series"))

    def with_analyses(self, chosen: Callable[[Analysis], bool]) -> "Task":
        """Return the same task with some of its analyses."""
        return replace(self, analyses=tuple((a, o) for a, o in self.analyses if chosen(a)))

    def parts(self) -> Iterator[tuple[np.ndarray, "Task"]]:
        """Split the task by the connectomes that its points are on: the points of each, and the task that they make.

        Raises
        ------
        InputError
            As `Cohort.at` and `Connectome.normalised`.
        """
        chooses = self.points.of(Kind.CONNECTOME)
        if self.cohort is None or not chooses:
            yield np.arange(len(self.points)), self
            return
        table = np.column_stack(list(chooses.values()))
        rows, first, part_of = np.unique(table, axis=0, return_index=True, return_inverse=True)
        for k in np.argsort(first):
            index = np.flatnonzero(part_of.ravel() == k)
            chosen = self.cohort.at(**dict(zip(chooses, map(float, rows[k]), strict=True)))
            name = "-".join(f"{value:.0f}" for value in rows[k])
            yield (
                index,
                replace(
                    self,
                    connectome=chosen.normalised(self.connectome.normalization),
                    points=self.points.take(index),
                    scratch=None if self.scratch is None else self.scratch / name,
                    cohort=None,
                ),
            )

    def options(self, name: str) -> Any:
        """Options of one analysis."""
        return next(options for analysis, options in self.analyses if analysis.name == name)
