"""How fast this machine computes the points of a study: measured in about a second, and kept in a cache file.

The measurement runs the study's own model, method and analyses on a network of as many regions, for short times.  Time
in the transient and time in the window that is analysed differ, so each has its rate.  What does not simulate (the
master stability function) is measured at points spread over the study.
"""

import time
from collections.abc import Callable
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path

import numpy as np

from ngnmm_core.analysis.contract import Analysis
from ngnmm_core.compilation.cache_folder import cache_directory
from ngnmm_core.compilation.cpu_target import processor
from ngnmm_core.connectome.connectome import Connectome
from ngnmm_core.points import Points
from ngnmm_core.simulation.settings import Simulation
from ngnmm_core.stages.context import context, fingerprint
from ngnmm_core.stages.contract import Rates, Stage
from ngnmm_core.stages.registry import STAGES
from ngnmm_core.stages.simulation import in_steps, simulator
from ngnmm_core.stages.task import Task
from ngnmm_core.storage.checked_json import read_checked, write_checked
from ngnmm_core.study.study import Study

SHORTEST = 256  # samples of a measurement: enough for the filters to give output
LONGEST = 16384
LONG_ENOUGH = 0.2  # CPU seconds that a difference of two measurements should take
REPEATS = 3
REPEATED = 2.0  # CPU seconds after which a measurement is not repeated: of large networks one errs little
SPREAD = (4, 32)  # points that a stage without simulation is measured at: more if few are quick
TYPICAL_TRACT_MM = 128.0  # the median of whole brains
DURATIONS = ("duration_ms", "transient_ms")


def calibration_file(study: Study, stage: str, regions: int) -> Path:
    """Where the rates of a stage are kept: they depend on code, settings and sizes, and not on durations."""
    about = context(study, stage, "")
    about["settings"] = {k: v for k, v in about["settings"].items() if k not in DURATIONS}
    return cache_directory() / f"calibration-{stage}-{fingerprint([about, regions], size=8)}.json"


def rates(study: Study, stage: str, regions: int) -> Rates:
    """Look up the measured rates of a stage, or those of the reference machine if none have been measured."""
    try:
        return Rates(**read_checked(calibration_file(study, stage, regions)))
    except TypeError:  # there is none, or one of another version
        return STAGES[stage].cost(study, regions)


def calibrate(study: Study, stage: str, regions: int) -> Rates:
    """Measures the rates of a stage on this machine, and keeps them."""
    measured = measure(study, stage, regions)
    write_checked(calibration_file(study, stage, regions), asdict(measured))
    return measured


def measure(study: Study, stage: str, regions: int) -> Rates:
    """Measure the rates of a stage on this machine, on a made-up dense network."""
    kind = STAGES[stage]
    if not kind.measured:
        return kind.cost(study, regions)
    weights = np.random.default_rng(0).uniform(0.1, 1.0, (regions, regions))
    lengths = np.full(weights.shape, TYPICAL_TRACT_MM)
    connectome = Connectome(weights, _labels(study, regions), lengths).normalised("row")
    points = kind.layout(study, regions).points
    task = Task(study.model, connectome, points, kind.settings(study), tuple(kind.analyses(study)))
    if not kind.simulates:
        return Rates(_per_point(task, kind), source=processor())
    transient, window, lanes = _simulation(task, kind)
    fixed = Simulation.model_validate(dict(task.settings)).integrator.start_ms * transient
    for other in kind.also:
        besides = task.with_analyses(partial(_needs, other))
        if besides.analyses:
            fixed += _per_point(besides, STAGES[other])
    return in_steps(study, Rates(fixed, transient, window, lanes, processor()), regions, kind)


def _needs(stage: str, analysis: Analysis) -> bool:
    return analysis.needs == stage


def _labels(study: Study, regions: int) -> tuple[str, ...]:
    """Labels of a made-up network in which regions that the study names are there, beside those it numbers."""
    stimuli = [s.regions for s in study.simulation.stimuli if s.regions != "all"]
    asked = {str(region) for chosen in (*stimuli, study.simulation.resection.regions) for region in chosen}
    numbered = {int(region) % regions for region in asked if region.lstrip("-").isdigit()}
    named = sorted(region for region in asked if not region.lstrip("-").isdigit())
    labels = [f"made_up_{k}" for k in range(regions)]
    for k, name in zip((k for k in range(regions) if k not in numbered), named, strict=False):
        labels[k] = name
    return tuple(labels)


def _simulation(task: Task, kind: Stage) -> tuple[float, float, int]:
    """CPU seconds per point and ms in the transient and in the window, and the number of lanes."""
    settings, reducers = Simulation.model_validate(dict(task.settings)), kind.reducers(task)
    lanes = simulator(task, settings, reducers).engine.batch_size
    points = _spread(task.points, lanes)

    def run(transient: int, window: int) -> None:
        times = {"transient_ms": transient, "duration_ms": transient + window}
        in_ms = {key: samples * settings.sample_ms for key, samples in times.items()}
        simulator(task, settings.model_copy(update=in_ms), reducers).feed(points)

    run(1, SHORTEST)  # compiles
    base = _cpu_seconds(lambda: run(1, SHORTEST))
    more = int(np.clip(SHORTEST * LONG_ENOUGH / max(base, 1e-3), SHORTEST, LONGEST))
    length = lanes * more * settings.sample_ms
    transient = (_cpu_seconds(lambda: run(1 + more, SHORTEST)) - base) / length
    window = (_cpu_seconds(lambda: run(1, SHORTEST + more)) - base) / length
    return max(transient, 0.0), max(window, 0.0), lanes


def _per_point(task: Task, kind: Stage) -> float:
    """CPU seconds per point of a job that does not simulate, its start left out."""
    kind.warm(task)
    for count in SPREAD:
        few = replace(task, points=_spread(task.points, count))
        start = time.process_time()
        kind.run(few)
        took = time.process_time() - start
        if took > LONG_ENOUGH:
            break
    return took / count


def _spread(points: Points, count: int) -> Points:
    """Pick some points from all over a study; if it has fewer, some of them repeatedly."""
    return points.take(np.linspace(0, len(points) - 1, count).round().astype(int))


def _cpu_seconds(work: Callable[[], None]) -> float:
    """Median CPU time of some repetitions."""
    times = []
    for _ in range(REPEATS):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
        if sum(times) > REPEATED:
            break
    return float(np.median(times))
