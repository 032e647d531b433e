"""The points of a stage, laid out for the merged file."""

from typing import Any

import numpy as np

from ngnmm_core.points import Points
from ngnmm_core.simulation.lesions import CUT, KINDS, LESION, NONE, REGION
from ngnmm_core.stages.contract import Layout
from ngnmm_core.study.study import Study

LADDER = 5  # diagrams that curves start from where neither the options nor the grid say which


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
