"""What a job of any stage is given: a model, a connectome, points, settings and analyses."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ngnmm_core.analysis.contract import Analysis, Options
from ngnmm_core.connectome.connectome import Connectome
from ngnmm_core.models._base import Model
from ngnmm_core.points import Points


@dataclass(frozen=True)
class Task:
    """One shard's work.

    Attributes
    ----------
    connectome : Connectome
        With normalised weights.
    settings : mapping
        The settings of the stage, as in `ngnmm_core.stages.registry`.
    analyses : sequence of (Analysis, Options)
    series : Path, optional
        Where raw series go if the settings ask for them.
    scratch : Path, optional
        A folder of the job's own for what it needs to go on after it was killed; removed when the job has succeeded.
    """

    model: Model
    connectome: Connectome
    points: Points
    settings: Mapping[str, Any]
    analyses: tuple[tuple[Analysis, Options], ...]
    series: Path | None = None
    scratch: Path | None = None

    @property
    def keeps_series(self) -> bool:
        """Whether raw series are to be written."""
        return self.series is not None and bool(self.settings.get("keep_series"))

    def with_analyses(self, chosen: Callable[[Analysis], bool]) -> "Task":
        """Return the same task with some of its analyses."""
        return replace(self, analyses=tuple((a, o) for a, o in self.analyses if chosen(a)))

    def options(self, name: str) -> Any:
        """Options of one analysis."""
        return next(options for analysis, options in self.analyses if analysis.name == name)
