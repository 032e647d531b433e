"""What a study costs: CPU time, memory and disk, from the sizes of its points.

CPU time of a stage is `points * (fixed + transient * transient_ms + window * window_ms)`, with points counted in whole
lane vectors where they are computed side by side.  The three rates are measured on the machine at hand
(`ngnmm_core.preflight.calibration`), or follow from what stages and integrators declare, which was fitted to a
reference machine (one core of a Zen 4 at about 3.7 GHz with AVX-512) by CPU time; docs/benchmarks/estimates.md sets
them beside jobs.
"""

from dataclasses import replace
from functools import cache

import numpy as np

from ngnmm_core.connectome import connectome_from, read_spec
from ngnmm_core.connectome.cohort_files import read_cohort
from ngnmm_core.connectome.registry import LongestTract, load_registry
from ngnmm_core.connectome.spec import ConnectomeSpec
from ngnmm_core.errors import InputError
from ngnmm_core.simulation.delay_settings import INTERPOLATED, lengths_mm, velocity_at
from ngnmm_core.simulation.observation import SampledWindow
from ngnmm_core.stages.registry import STAGES
from ngnmm_core.stages.simulation import LANES, likely_steps
from ngnmm_core.study.study import Study

JOB_SECONDS = 2.0  # of starting a job: Python, the package, compiled kernels (1.7 to 2.7)
COMPILING_SECONDS = 12.0  # of compiling the kernels of a stage (3 to 22; stages share some)
DRAWING_SECONDS = 5.0  # of a job that draws figures (4 to 7)

SIDE_BY_SIDE, LARGEST_BATCH = LANES["float64"], 32  # points of a vector of lanes, and of a batch
JOB_MB = 300  # numba, xarray and the compiled kernels
SERIES_MB = 250  # of the stages of the homogeneous system: trajectories of the points that are looked at together
WORK_ARRAYS = 500  # numbers per region and point of a batch: states, samples of a block, work of the stages
LONGEST_TRACT_MM = 300.0  # where it is not known
PIECES, SPARE = 4, 96  # short steps of the start in a full one (a test holds both to the kernels); values kept besides
SHORTER = 4.0  # that steps may be than expected where delays make regions burst together
LARGE_BYTES, GROUPS_OF_LARGE = 512 * 1024, 2  # weights with which batches hold two vectors of lanes
RESULT_COPIES = 3.5  # of the results of a shard: parts, whole, file


def seconds_per_point(study: Study, stage: str, regions: int) -> float:
    """CPU seconds for one point of a stage on the reference machine; the same everywhere, so that shards are."""
    rates = STAGES[stage].cost(study, regions)
    return rates.seconds(rates.lanes, STAGES[stage].settings(study)) / rates.lanes


def memory_mb(study: Study, stage: str, regions: int, points: int) -> float:
    """Memory of the process that computes a shard with some points (MB), independent of the simulated duration."""
    kind = STAGES[stage]
    # a part of the lanes takes as much as all of them
    batch = min(-(-points // SIDE_BY_SIDE) * SIDE_BY_SIDE, LARGEST_BATCH) if kind.simulates else 1
    # per point of a batch: samples and work by region, covariances and their output by pair
    work = 8.0 * batch * (WORK_ARRAYS * regions + 4.0 * (1 + kind.signals(study)) * regions**2)
    results = RESULT_COPIES * points * result_bytes(study, stage, regions)
    series = 0.0 if kind.simulates else SERIES_MB
    return JOB_MB + series + (2.0 * 8.0 * regions**2 + work + results + history_bytes(study, stage, regions)) / 1e6


def longest_tract_mm(study: Study) -> tuple[float, bool]:
    """Length (mm) of the longest connection, and whether it is known.

    It is read from files of the user's own and stated in the registry of connectomes; where neither tells (a registry
    of the user's own, a connectome without lengths, a file that can't be used and is refused elsewhere), it is that of
    a human brain, as an upper guess.
    """
    spec = study.config.connectome
    if spec.name is not None:
        stated = _stated(spec.name)
        found = None if stated is None else stated.each if spec.each else stated.mean
        return (LONGEST_TRACT_MM, False) if found is None else (found, True)
    try:
        found = _longest_of(spec.model_dump_json(), study.simulation.missing_lengths)
    except (InputError, OSError):
        found = 0.0
    return (found, True) if found else (LONGEST_TRACT_MM, False)


@cache
def _stated(name: str) -> LongestTract | None:
    registry = load_registry()
    return registry.entry(name).longest_tract_mm if name in registry else None


@cache
def _longest_of(spec_json: str, missing: str) -> float:
    spec = ConnectomeSpec.model_validate_json(spec_json)
    arrays = read_cohort(spec) if spec.is_cohort else read_spec(spec)
    each = [replace(own, labels=arrays.labels) for own in arrays.each or ()] or [arrays]
    return max(float(lengths_mm(connectome_from(own), missing).max(initial=0.0)) for own in each)


def history_bytes(study: Study, stage: str, regions: int) -> float:
    """Bytes that a batch of points keeps of the past, of the point that keeps most; 0 without delays.

    Twice as much where a point may go back to where it was (`Run.snapshot`).  Steps that points choose count as a
    quarter of what is expected (`likely_steps`), for regions that burst together ask for so short ones.
    """
    kind = STAGES[stage]
    if not (study.delayed and kind.simulates):
        return 0.0
    points, simulation = kind.layout(study, regions).points, study.simulation
    velocity = velocity_at(simulation, points)
    own = simulation.dt_ms is None and simulation.integrator.watches
    steps = likely_steps(study, simulation, points) / (SHORTER if own else 1.0)
    most = float((1.0 / (velocity * steps)).max())
    slots = longest_tract_mm(study)[0] * most * (PIECES if simulation.integrator.short_start else 1)
    groups = GROUPS_OF_LARGE if 8.0 * regions**2 > LARGE_BYTES else 1
    kept = 2 if simulation.integrator.means and simulation.delays == INTERPOLATED else 1  # values, and means as well
    return 2.0 * 8.0 * SIDE_BY_SIDE * groups * regions * (slots + SPARE) * kept


def guess_of_memory(study: Study, stage: str) -> str:
    """Say on which guess the memory of a job rests; empty where it rests on none."""
    longest, known = longest_tract_mm(study) if study.delayed and STAGES[stage].simulates else (0.0, True)
    return "" if known else f" (a guess: for tracts of {longest:g} mm at the most)"


def result_bytes(study: Study, stage: str, regions: int) -> float:
    """Bytes of the results of one point of a stage, uncompressed."""
    return sum(variable_bytes(study, stage, regions).values())


def variable_bytes(study: Study, stage: str, regions: int) -> dict[str, float]:
    """Bytes of every variable of one point of a stage, uncompressed."""
    kind = STAGES[stage]
    analyses = kind.analyses(study)
    window = window_of(study, regions)
    sizes = {"region": regions, "edge": regions * (regions - 1) // 2, "mode": regions}
    sizes |= {name: len(values) for name, (values, _, _) in kind.coordinates(analyses, window).items()}
    return {
        v.name: np.dtype(v.dtype).itemsize * float(np.prod([sizes[d] for d in v.dims], dtype=float))
        for v in kind.variables(analyses)
    }


def disk_bytes(study: Study, stage: str, regions: int) -> float:
    """Bytes that a stage of a study takes at the most: its shards, and the same again merged, uncompressed."""
    each = 2.0 * result_bytes(study, stage, regions) + series_bytes(study, stage, regions)
    return each * len(STAGES[stage].layout(study, regions).points)


def series_bytes(study: Study, stage: str, regions: int) -> float:
    """Bytes of the raw series of one point, if they are asked for; they are not merged."""
    kept = stage in ("simulation", "highlights") and study.simulation.keep_series
    return 4.0 * regions * study.simulation.window_samples if kept else 0.0


def window_of(study: Study, regions: int) -> SampledWindow:
    """Describe what the analyses of a study will see of its simulations."""
    simulation = study.simulation
    return SampledWindow(
        study.model, regions, simulation.window_samples, simulation.sample_ms, study.points().parameters
    )


def size_text(count: float) -> str:
    """Put a number of bytes into words."""
    unit = int(np.clip(np.log10(max(count, 1)) // 3, 0, 5))
    return f"{count / 1000**unit:.3g} {('B', 'kB', 'MB', 'GB', 'TB', 'PB')[unit]}"


def time_text(seconds: float) -> str:
    """Put a duration into words."""
    for unit, length in (("d", 86400.0), ("h", 3600.0), ("min", 60.0)):
        if seconds >= 2 * length:
            return f"{seconds / length:.1f} {unit}"
    return f"{seconds:.0f} s" if seconds >= 10.0 else f"{seconds:.2g} s"
