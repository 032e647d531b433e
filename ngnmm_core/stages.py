"""The kinds of sharded jobs, and the context that a point's result depends on besides the point itself."""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ngnmm_core.analysis.contract import Analysis, Options, Variable
from ngnmm_core.analysis.registry import MODULES
from ngnmm_core.code_hash import code_hash
from ngnmm_core.jobs import variables as own
from ngnmm_core.lesions import CUT, KINDS, LESION, NONE, REGION
from ngnmm_core.models import module_name
from ngnmm_core.points import Points
from ngnmm_core.study.study import Study

FORMAT = 1  # of the shard files; a change makes all of them anew
# What makes W from the weights and writes the results down, for every stage
SHARED = ("ngnmm_core.connectome.normalisation", "ngnmm_core.jobs.results")
OF_HOMOGENEOUS = ("msf", "transverse", "dispersion", "lyapunov", "multistability")  # stages that need equal row sums
SWEEP, HIGHLIGHTS, LESIONS, BRANCHES = "sweep.nc", "highlights.nc", "lesions.nc", "branches.nc"
LADDER = 5  # diagrams that curves start from where neither the options nor the grid say which


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


def context(study: Study, stage: str, connectome: str) -> dict[str, Any]:
    """All that the results of a stage depend on besides the points: settings, options, code, connectome.

    `connectome` is the identity of the connectome.
    """
    kind = STAGES[stage]
    analyses = kind.analyses(study)
    entries = [*SHARED, kind.module, module_name(study.model.name), *(MODULES[a.name] for a, _ in analyses)]
    return {
        "format": FORMAT,
        "stage": stage,
        "model": study.model.name,
        "parameters": list(study.model.parameter_names),
        "connectome": connectome,
        "normalization": study.config.normalization,
        "settings": kind.settings(study),
        "analyses": {a.name: o.model_dump(mode="json") for a, o in analyses},
        "cpu_target": study.config.cpu_target,
        "code": code_hash(entries),
    }


def fingerprint(value: Any, size: int = 16) -> str:
    """A hash of anything that JSON can hold, in `2 * size` hexadecimal digits."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.blake2b(text.encode(), digest_size=size).hexdigest()


# ------------------------------------------------------------------ points
def _network(study: Study, regions: int) -> Layout:
    return Layout(study.dims(True), study.shape(True), study.points(True))


def homogeneous_layout(study: Study) -> Layout:
    """The grid without seeds: what belongs to the homogeneous system alone has none."""
    return Layout(study.dims(False), study.shape(False), study.points(False))


def _homogeneous(study: Study, regions: int) -> Layout:
    return homogeneous_layout(study)


def _highlights(study: Study, regions: int) -> Layout:
    sets = study.config.highlights
    return Layout(("highlight",), (len(sets),), study.points_at(sets))


def _lesions(study: Study, regions: int) -> Layout:
    """At every chosen grid point: runs without lesion for the null, then every lesion of every region."""
    options = study.options["hubs"]
    chosen = study.points(False).take(hub_points(study))
    runs = [(NONE, -1, seed) for seed in range(options.null_seeds)]
    for kind in options.lesion:
        code = CUT + KINDS.index(kind)
        runs += [(code, region, seed) for region in range(regions) for seed in range(options.seeds)]
    kinds, lesioned, seeds = np.array(runs).T
    index = np.repeat(np.arange(len(chosen)), len(runs))
    repeated = chosen.take(index)
    tile = lambda values: np.tile(values, len(chosen))
    extras = {LESION: tile(kinds), REGION: tile(lesioned)}
    return Layout(("run",), (len(index),), Points(repeated.parameters, tile(seeds), extras))


def _diagrams(study: Study, regions: int) -> Layout:
    """A diagram per point of the grid without the continued parameter; then the curves per point without both."""
    options, points = study.options["continuation"], study.points(False)
    one = _without(study, points, [options.parameter])
    both = _without(study, points, [options.parameter, options.second] if options.second else [])
    index = np.concatenate([one, both if options.second else []]).astype(int)
    parameters = {name: values[index] for name, values in points.parameters.items()}
    for target in study.model.targets(options.parameter):  # so that a diagram is the same whatever the grid
        parameters[target] = np.full(len(index), options.range[0])
    curves = np.arange(len(index)) >= len(one)
    for target in study.model.targets(options.second) if options.second else ():
        parameters[target] = np.where(curves, options.second_range[0], parameters[target])
    return Layout(
        ("diagram",), (len(index),), Points(parameters, np.zeros(len(index), np.int64), {"curves": curves + 0})
    )


def _without(study: Study, points: Points, names: list[str]) -> np.ndarray:
    """The first of all points that differ in other parameters than `names`."""
    dropped = {target for name in names for target in study.model.targets(name)}
    kept = [values for name, values in points.parameters.items() if name not in dropped]
    return np.sort(np.unique(np.column_stack(kept), axis=0, return_index=True)[1])


def _ladder(study: Study) -> dict[str, Any]:
    """Values of the second parameter whose diagrams the curves start from."""
    options = study.options["continuation"]
    if options.second is None or options.ladder:
        return {"ladder": list(options.ladder)}
    if options.second in study.axes:
        return {"ladder": sorted({float(v) for v in study.axes[options.second]})}
    low, high = options.second_range
    return {"ladder": [low + (high - low) * (k + 0.5) / LADDER for k in range(LADDER)]}


def hub_points(study: Study) -> np.ndarray:
    """Positions, in the flattened grid without seeds, of the points that hubs are looked for at."""
    names, shape = study.dims(False), study.shape(False)
    wanted = study.options["hubs"].at
    chosen = np.zeros(shape, bool) if wanted else np.ones(shape, bool)
    mesh = dict(zip(names, np.meshgrid(*(study.axes[n] for n in names), indexing="ij"), strict=True))
    for point in wanted:
        chosen |= np.logical_and.reduce([mesh[name] == value for name, value in point.items()])
    return np.flatnonzero(chosen.ravel())


# ------------------------------------------------------------------ settings and analyses
def _simulation(study: Study) -> dict[str, Any]:
    return study.simulation.model_dump(mode="json", by_alias=True)


def _hub_simulation(study: Study) -> dict[str, Any]:
    from ngnmm_core.analysis.hubs import hub_simulation

    return hub_simulation(study.options["hubs"], study.simulation).model_dump(mode="json", by_alias=True)


def _initial(study: Study) -> dict[str, Any]:
    return {"initial": study.simulation.initial.model_dump(mode="json", by_alias=True)}


def _nothing(study: Study) -> dict[str, Any]:
    return {}


def _needing(stage: str) -> Callable[[Study], list[tuple[Analysis, Options]]]:
    return lambda study: study.analyses_of(stage)


def _detailed(study: Study) -> list[tuple[Analysis, Options]]:
    """Highlights: what the study simulates, its dispersion relation, and time series."""
    from ngnmm_core.analysis.series import ANALYSIS as SERIES

    chosen = [
        (a, o) for a, o in study.analyses if a.needs in ("simulation", "msf", "highlights") and a.name != SERIES.name
    ]
    return [*chosen, (SERIES, study.options.get(SERIES.name, SERIES.options(rate="memory" in study.options)))]


STAGES = {
    stage.name: stage
    for stage in (
        Stage(
            "simulation",
            "ngnmm_core.jobs.simulation",
            SWEEP,
            _network,
            _simulation,
            _needing("simulation"),
            own.SIMULATION,
        ),
        *(
            Stage(name, f"ngnmm_core.jobs.{name}", SWEEP, _homogeneous, _nothing, _needing(name))
            for name in OF_HOMOGENEOUS
        ),
        Stage(
            "network_lyapunov",
            "ngnmm_core.jobs.network_lyapunov",
            SWEEP,
            _network,
            _initial,
            _needing("network_lyapunov"),
        ),
        Stage(
            "bistability",
            "ngnmm_core.jobs.bistability",
            SWEEP,
            _homogeneous,
            _nothing,
            _needing("bistability"),
        ),
        Stage(
            "orbit_diagram",
            "ngnmm_core.jobs.orbit_diagram",
            SWEEP,
            _homogeneous,
            _nothing,
            _needing("orbit_diagram"),
        ),
        Stage(
            "continuation",
            "ngnmm_core.jobs.continuation",
            BRANCHES,
            _diagrams,
            _ladder,
            _needing("continuation"),
        ),
        Stage(
            "lesions",
            "ngnmm_core.jobs.lesions",
            LESIONS,
            _lesions,
            _hub_simulation,
            _needing("lesions"),
            own.LESIONS,
            own.SURROGATE_AXIS,
        ),
        Stage(
            "highlights",
            "ngnmm_core.jobs.highlights",
            HIGHLIGHTS,
            _highlights,
            _simulation,
            _detailed,
            own.HIGHLIGHTS,
            own.LAMBDA_AXIS,
        ),
    )
}


def stages_of(study: Study) -> list[Stage]:
    """The stages that a study needs: those of its analyses, and highlights if it has any."""
    needed = {analysis.needs for analysis, _ in study.analyses}
    if study.config.highlights and "simulation" in needed:
        needed.add("highlights")
    return [stage for name, stage in STAGES.items() if name in needed]
