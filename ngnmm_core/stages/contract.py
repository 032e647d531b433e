"""What a stage declares: its job, its points, its settings, and the file that its results go to."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ngnmm_core.analysis.contract import Analysis, Options, Variable
from ngnmm_core.points import Points
from ngnmm_core.study.study import Study

FORMAT = 2  # of the shard files; a change makes all of them anew

SWEEP, HIGHLIGHTS, LESIONS, BRANCHES = "sweep.nc", "highlights.nc", "lesions.nc", "branches.nc"


@dataclass(frozen=True)
class Layout:
    """The points of a stage in a study: their dimensions, coordinates and values, in the order of the merged file."""

    dims: tuple[str, ...]
    shape: tuple[int, ...]
    points: Points


@dataclass(frozen=True)
class Stage:
    """One kind of sharded job.

    Attributes
    ----------
    module : str
        The job: a module with `run(task)`, `window(task)` and `warm(task)`.
    file : str
        The merged file that its results go to.
    layout : callable
        `layout(study, regions)`: the points.
    settings : callable
        `settings(study)`: settings, besides parameters and options, that the result depends on.
    analyses : callable
        `analyses(study)`: the analyses that the stage computes, with their options.
    own_variables, own_coordinates
        What the job writes besides what its analyses declare.
    """

    name: str
    module: str
    file: str
    layout: Callable[[Study, int], Layout]
    settings: Callable[[Study], dict[str, Any]]
    analyses: Callable[[Study], list[tuple[Analysis, Options]]]
    own_variables: tuple[Variable, ...] = ()
    own_coordinates: Mapping[str, tuple[Any, str, str]] = field(default_factory=dict)

    def variables(self, analyses: Iterable[tuple[Analysis, Options]]) -> tuple[Variable, ...]:
        """All variables that the stage writes; hubs are scored later, from the lesions."""
        declared = (v for analysis, options in analyses if self.file != LESIONS for v in analysis.variables(options))
        return (*self.own_variables, *declared)

    def coordinates(self, analyses: Iterable[tuple[Analysis, Options]], window: Any) -> dict[str, tuple[Any, str, str]]:
        """Values, unit and meaning of every dimension that the job and its analyses introduce."""
        found = dict(self.own_coordinates)
        for analysis, options in analyses:
            found |= analysis.coordinates(options, window)
        return found
