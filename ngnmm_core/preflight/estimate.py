"""What a run will cost, in words: points, jobs, CPU time, wall time, memory and disk."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ngnmm_core.connectome.cohort import SUBJECT
from ngnmm_core.preflight.cost import (
    COMPILING_SECONDS,
    DRAWING_SECONDS,
    JOB_SECONDS,
    disk_bytes,
    guess_of_memory,
    memory_mb,
    size_text,
    time_text,
)
from ngnmm_core.stages.contract import Rates
from ngnmm_core.stages.registry import STAGES
from ngnmm_core.study.study import Study

HINT = "ngnmm calibrate"
MOST_SHOWN = 20  # values of an axis


@dataclass(frozen=True)
class Estimate:
    """The cost of what is missing of a stage of a study.

    Attributes
    ----------
    points : int
        All points of the stage.
    jobs : tuple of float
        CPU seconds of every job that is to run, its start included.
    missing : int
        Points to compute.
    memory_mb : float
        Of the process of the largest job.
    disk_bytes : float
        Of the missing results, once in shards and once merged, uncompressed.
    source : str
        The processor that the rates were measured on; empty for the reference machine.
    compiling : float
        CPU seconds that its kernels are to be compiled in before the first job; 0 where they are there.
    guess : str
        The guess that the memory rests on, in words; empty for none.
    """

    name: str
    points: int
    missing: int
    jobs: tuple[float, ...]
    memory_mb: float
    disk_bytes: float
    source: str = ""
    compiling: float = 0.0
    guess: str = ""


def estimate(
    study: Study, stage: str, regions: int, missing: Sequence[int], rates: Rates, compiled: bool = True
) -> Estimate:
    """Estimate the cost of a stage.

    Parameters
    ----------
    missing : sequence of int
        Numbers of points of the shards that are to be computed.
    rates : Rates
        Those measured here were measured with the same kernels, which are therefore there.
    compiled : bool
        Whether this study has already found the kernels of the stage, or had them compiled.
    """
    settings = STAGES[stage].settings(study)
    total = len(STAGES[stage].layout(study, regions).points)
    wanted = min(sum(missing), total)
    return Estimate(
        f"{study.name} ({stage})",
        total,
        wanted,
        tuple(JOB_SECONDS + rates.seconds(points, settings) for points in missing),
        memory_mb(study, stage, regions, max(missing, default=0)),
        disk_bytes(study, stage, regions) * wanted / max(total, 1),
        rates.source,
        COMPILING_SECONDS if missing and not compiled and not rates.source else 0.0,
        guess_of_memory(study, stage),
    )


def wall_seconds(jobs: Sequence[float], workers: int) -> float:
    """Wall time of jobs on some cores: every job goes, in order, to the core that is free first."""
    free = [0.0] * max(min(workers, len(jobs)), 1)
    for seconds in jobs:
        first = min(range(len(free)), key=free.__getitem__)
        free[first] += seconds
    return max(free)


def axes_text(study: Study) -> list[str]:
    """List the values of every axis of a study, a line each; of a list of points their ranges.

    Examples
    --------
    `G: 1, 2, 3, 4 (4 values)`; `I_ext_e: 8.5, 8.501, 8.502, ..., 12 (3501 values)`
    """
    axes = dict(study.axes)
    names = [study.subjects[value] for value in dict.fromkeys(axes.pop(SUBJECT, np.zeros(0)).tolist())]
    lines = [f"{SUBJECT}: {_values_text(names)}"] if names else []
    if study.listed:
        ranges = (f"{name}: {_plain(min(v))} to {_plain(max(v))} ({len(v)} points)" for name, v in axes.items())
        return [*lines, *ranges]
    return [*lines, *(f"{name}: {_values_text(values)}" for name, values in axes.items())]


def _values_text(values: np.ndarray | Sequence[float | str]) -> str:
    shown = [
        value if isinstance(value, str) else _plain(value)
        for value in (values if len(values) <= MOST_SHOWN else values[:3])
    ]
    last = values[-1]
    shown += ["...", last if isinstance(last, str) else _plain(last)] if len(values) > MOST_SHOWN else []
    return f"{', '.join(shown)} ({len(values)} {'value' if len(values) == 1 else 'values'})"


def _plain(value: float) -> str:
    """Format a number as it is written in a study."""
    return f"{int(value)}" if float(value).is_integer() and abs(value) < 1e16 else repr(float(value))


def _counted(number: int, word: str) -> str:
    """Put a number of things into words."""
    return f"{number} {word}" if number == 1 else f"{number} {word}s"


def estimate_text(one: Estimate) -> str:
    """One line on what a stage will cost."""
    points = _counted(one.points, "point")
    if not one.missing:
        return f"{one.name}: {points}, all there"
    return (
        f"{one.name}: {points}, {one.missing} to compute in {_counted(len(one.jobs), 'job')}; about "
        f"{time_text(sum(one.jobs))} of CPU time, {one.memory_mb:.0f} MB of memory per job{one.guess}, "
        f"{size_text(one.disk_bytes)} on disk at the most"
    )


def total_text(estimates: Sequence[Estimate], workers: int, wall: str = "", drawings: int = 0) -> str:
    """One line on what a run will cost; empty if there is nothing to compute.

    Parameters
    ----------
    workers : int
        Number of cores.
    wall : str
        The time that it takes, in words, where it is more than that of the busiest core.
    drawings : int
        Jobs that draw figures after all others.
    """
    jobs = [seconds for one in estimates for seconds in one.jobs]
    if not jobs:
        return ""
    sources = {one.source for one in estimates if one.jobs}
    measured = f"measured on {', '.join(sorted(sources))}" if all(sources) else f"not measured here: {HINT}"
    compiling = [one.compiling for one in estimates if one.compiling]
    drawing = [DRAWING_SECONDS] * drawings
    besides = " and ".join(["compiling"] * bool(compiling) + ["figures"] * bool(drawing))
    seconds = sum(wall_seconds(kind, workers) for kind in (compiling, jobs, drawing))
    time = f"{time_text(seconds)} on {workers} {'core' if workers == 1 else 'cores'}"
    if besides:
        time += f" ({time_text(seconds - wall_seconds(jobs, workers))} of it {besides})"
    return (
        f"in all {_counted(sum(one.missing for one in estimates), 'point')} in {_counted(len(jobs), 'job')}: about "
        f"{sum([*compiling, *jobs, *drawing]) / 3600.0:.2g} CPU-hours, {wall or time}, "
        f"{size_text(sum(one.disk_bytes for one in estimates))} on disk at the most ({measured})"
    )
