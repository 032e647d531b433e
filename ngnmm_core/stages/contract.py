"""What a stage declares: its points, its settings, its job, what the job costs and needs, and the file it writes to."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ngnmm_core.analysis.contract import Analysis, Options, Variable
from ngnmm_core.errors import unknown
from ngnmm_core.points import SEED, Points
from ngnmm_core.simulation.delay_settings import ROUNDED, VELOCITY
from ngnmm_core.simulation.map_settings import MAPS, SURROGATE
from ngnmm_core.simulation.noise_settings import COMMON, NOISE, TAU
from ngnmm_core.simulation.settings import Simulation
from ngnmm_core.stages.task import Task
from ngnmm_core.study.study import Study

FORMAT = 3  # of the shard files; a change makes all of them anew
SWEEP, HIGHLIGHTS, LESIONS, BRANCHES = "sweep.nc", "highlights.nc", "lesions.nc", "branches.nc"
Results = dict[str, np.ndarray]  # one array [point, ...] per variable
Reducers = list[tuple[Callable[..., Any], Any]]  # what makes a reducer, and its options
PRODUCT_SECONDS = 3.1e-11  # CPU seconds of a coupling product per pair of regions and point
AT_AN_ATTRACTOR = 0.006  # CPU seconds: an attractor of the homogeneous system and its growth rates


@dataclass(frozen=True)
class Layout:
    """The points of a stage in a study: their dimensions, coordinates and values, in the order of the merged file."""

    dims: tuple[str, ...]
    shape: tuple[int, ...]
    points: Points


@dataclass(frozen=True)
class Rates:
    """CPU seconds per point of a stage.

    Attributes
    ----------
    fixed : float
        s per point.
    transient, window : float
        s per point and simulated ms, in the transient and in the window that is analysed.
    lanes : int
        Points that are computed side by side; a part of them takes as long as all.
    source : str
        The processor that they were measured on; empty for the reference constants.
    """

    fixed: float
    transient: float = 0.0
    window: float = 0.0
    lanes: int = 1
    source: str = ""

    def seconds(self, points: int, settings: Mapping[str, Any]) -> float:
        """Give the CPU seconds of one shard with some points; `settings` are those of the stage."""
        transient = settings.get("transient_ms", 0.0)
        window = settings.get("duration_ms", 0.0) - transient
        filled = -(-points // self.lanes) * self.lanes
        return filled * (self.fixed + self.transient * transient + self.window * window)


def at_every_attractor(study: Study, regions: int) -> Rates:
    """Give the cost of a stage that finds the attractor of every point and looks at what is near it."""
    return Rates(AT_AN_ATTRACTOR)


def _no_settings(study: Study) -> dict[str, Any]:
    return {}


def _no_signals(study: Study) -> int:
    return 0


# What the homogeneous system has not: all its regions are alike
BALANCE = "balance"  # what balanced inhibition is called where stages say what they can't take into account
OF_DELAYS = (VELOCITY,)
OF_NETWORKS = ("resection", MAPS, BALANCE, *OF_DELAYS)
OF_RESTS = ("resection", MAPS, BALANCE, ROUNDED)  # the same, of what has delays at rest: these are not rounded
NOISES = (NOISE, COMMON, TAU)
UNREACHABLE = ("resection", *NOISES, "stimuli", MAPS, BALANCE, VELOCITY, ROUNDED)
AXIS_PARTS = (SEED, "resection", *NOISES, "stimuli", MAPS, SURROGATE, VELOCITY)  # of a run, besides the system's own
EVERY_SETTING = tuple(Simulation.model_fields)
READ_AT_RESTS = (VELOCITY, "missing_lengths")


def _the_task(task: Task) -> Any:
    return task


def _no_integrators(settings: Mapping[str, Any]) -> tuple[str, ...]:
    return ()


def _any_rows(options: Options) -> bool:
    return False


def equal_rows(options: Options) -> bool:
    """Tell that a stage looks at the homogeneous state, which there is only if all rows of W have the same sum."""
    return True


@dataclass(frozen=True)
class Stage:
    """One kind of sharded job.

    A stage is one file in this folder with a module-level `STAGE`.  The file is read whenever Snakemake parses the
    workflow, in every job; so numerics that need numba are imported inside `run` and `warm`, where they are used.

    Attributes
    ----------
    run : callable
        `run(task)`: the job; results, one array [point, ...] per variable.
    warm : callable
        `warm(task)` compiles everything that `run` calls.
    layout : callable
        `layout(study, regions)`: the points.
    cost : callable
        `cost(study, regions)`: what a point costs on the reference machine.
    file : str
        The merged file that its results go to.
    settings : callable
        `settings(study)`: settings, besides parameters and options, that the result depends on.
    chosen : callable or None
        `chosen(study)`: the analyses that the stage computes, with their options; None for those that need it.
    window : callable
        `window(task)`: what coordinates of analyses are made from.
    needs_equal_rows : callable
        `needs_equal_rows(options)`: whether an analysis with these options looks at the homogeneous state.
    reducers : callable or None
        `reducers(task)`: what its network simulations feed; None for a stage that simulates none.
    integrators : callable
        `integrators(settings)`: names of the integrators that the job looks up, besides those that it imports.
    signals : callable
        `signals(study)`: the number of signals whose covariances between all regions are accumulated.
    also : tuple of str
        Other stages whose analyses it computes besides, without simulation.
    measured : bool
        Whether a few of its points can be computed to measure what they cost; False if one takes too long.
    starts_network : bool
        Whether it starts from initial states of the network, as its simulations do.
    unreachable : tuple of str
        Settings that would matter to what the stage looks at but can't reach its job, of those in
        `ngnmm_core.preflight.reach`: a study that has one is refused.
    unreachable_axes : tuple of str
        The same where only values that vary over the grid can't reach it.
    reads : tuple of str
        Settings of `simulation` that its numbers may depend on, and `seed`: a study in which none of its stages reads
        what it sets is refused (`ngnmm_core.preflight.unused`).
    own_variables, own_coordinates
        What the job writes besides what its analyses declare.

    Raises
    ------
    InputError
        On construction, for a name in `unreachable`, `unreachable_axes` or `reads` that nothing would ever look up.
    """

    name: str
    run: Callable[[Task], Results]
    warm: Callable[[Task], None]
    layout: Callable[[Study, int], Layout]
    cost: Callable[[Study, int], Rates] = at_every_attractor
    file: str = SWEEP
    settings: Callable[[Study], dict[str, Any]] = _no_settings
    chosen: Callable[[Study], list[tuple[Analysis, Options]]] | None = None
    window: Callable[[Task], Any] = _the_task
    needs_equal_rows: Callable[[Any], bool] = _any_rows
    reducers: Callable[[Task], Reducers] | None = None
    integrators: Callable[[Mapping[str, Any]], tuple[str, ...]] = _no_integrators
    signals: Callable[[Study], int] = _no_signals
    also: tuple[str, ...] = ()
    measured: bool = True
    starts_network: bool = False
    unreachable: tuple[str, ...] = ()
    unreachable_axes: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()
    own_variables: tuple[Variable, ...] = ()
    own_coordinates: Mapping[str, tuple[Any, str, str]] = field(default_factory=dict)

    def __post_init__(self):
        known = {"unreachable": UNREACHABLE, "unreachable_axes": AXIS_PARTS, "reads": (*EVERY_SETTING, SEED)}
        for field_name, names in known.items():
            for name in getattr(self, field_name):
                if name not in names:
                    raise unknown(f"stage {self.name}: {field_name}", name, names)

    @property
    def module(self) -> str:
        """The module of the job."""
        return self.warm.__module__

    @property
    def simulates(self) -> bool:
        """Whether it simulates networks."""
        return self.reducers is not None

    def analyses(self, study: Study) -> list[tuple[Analysis, Options]]:
        """Give the analyses that the stage computes in a study, with their options."""
        return study.analyses_of(self.name) if self.chosen is None else self.chosen(study)

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
