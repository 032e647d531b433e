"""What a study costs: CPU time, memory and disk, from the sizes of its points and a calibration of the machine."""

import numpy as np

from ngnmm_core.analysis.contract import Window
from ngnmm_core.stages import STAGES
from ngnmm_core.study.study import Study

GFLOPS = 40.0  # of the coupling product on one core
LOCAL_FLOPS = 120.0  # per region, stage and point: right-hand side and update
SECONDS = {"msf": 0.06, "bistability": 0.1}  # per point of stages that simulate no network


def disk_bytes(study: Study, stage: str, regions: int) -> float:
    """Bytes that a stage of a study takes at the most: its shards, and the same again merged, uncompressed."""
    kind = STAGES[stage]
    analyses = kind.analyses(study)
    window = _window(study, regions)
    sizes = {"region": regions, "edge": regions * (regions - 1) // 2, "mode": regions}
    sizes |= {name: len(values) for name, (values, _, _) in kind.coordinates(analyses, window).items()}
    each = sum(
        np.dtype(v.dtype).itemsize * np.prod([sizes[d] for d in v.dims], dtype=float) for v in kind.variables(analyses)
    )
    return 2.0 * each * len(kind.layout(study, regions).points)


def _window(study: Study, regions: int) -> Window:
    """What the analyses of a study will see of its simulations."""
    simulation = study.simulation
    return Window(study.model, regions, simulation.window_samples, simulation.sample_ms, study.points().parameters)


def seconds_per_point(study: Study, stage: str, regions: int) -> float:
    """Estimated CPU seconds for one point of a stage."""
    if stage in SECONDS:
        return SECONDS[stage]
    settings = STAGES[stage].settings(study)
    steps = settings["duration_ms"] / settings["dt_ms"]
    return steps * 4 * regions * (2 * regions + LOCAL_FLOPS) / (GFLOPS * 1e9)


def size_text(count: float) -> str:
    """A number of bytes in words."""
    unit = int(np.clip(np.log10(max(count, 1)) // 3, 0, 5))
    return f"{count / 1000**unit:.3g} {('B', 'kB', 'MB', 'GB', 'TB', 'PB')[unit]}"


def time_text(seconds: float) -> str:
    """A duration in words."""
    for unit, length in (("d", 86400.0), ("h", 3600.0), ("min", 60.0)):
        if seconds >= 2 * length:
            return f"{seconds / length:.1f} {unit}"
    return f"{seconds:.0f} s"


def plan_text(study: Study, stage: str, regions: int, points: tuple[int, int], shards: tuple[int, int]) -> str:
    """One line on what a stage will cost; `points` and `shards` are the numbers of all and of those to compute."""
    if not points[1]:
        return f"{study.name} ({stage}): {points[0]} points, all there"
    share = points[1] / points[0]
    return (
        f"{study.name} ({stage}): {points[0]} points, {points[1]} to compute in {shards[1]} jobs; "
        f"about {time_text(seconds_per_point(study, stage, regions) * points[1])} of CPU time, "
        f"{size_text(disk_bytes(study, stage, regions) * share)} on disk at the most"
    )
