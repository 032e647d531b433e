"""What a study costs: CPU time, memory and disk, from the sizes of its points.

CPU time of a stage is `points * (fixed + transient * transient_ms + window * window_ms)`, with points counted in whole
lane vectors where they are computed side by side.  The three rates are measured on the machine at hand
(`ngnmm_core.preflight.calibration`), or follow from the constants below, which were fitted to a reference machine
(one core of a Zen 4 at about 3.7 GHz with AVX-512) by CPU time; docs/benchmarks/estimates.md sets them beside jobs.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from ngnmm_core.simulation.observation import Window
from ngnmm_core.stages.registry import STAGES
from ngnmm_core.study.study import Study

LANES = {"float64": 8, "float32": 16}
# Coupling products and evaluations of the right-hand side per step; `multirate` has four of the latter per substep.
PRODUCTS = {"multirate": 1, "rk4": 4, "heun": 2}
EVALUATIONS = {"multirate": 4, "rk4": 4, "heun": 2}
PRODUCT_SECONDS = 3.1e-11  # per pair of regions, point and product
EVALUATION_SECONDS = {"multirate": 3.1e-9, "rk4": 2.3e-9, "heun": 2.3e-9}  # per region, point and evaluation
NOISE_SECONDS = 4e-9  # per region, point and step of `heun`
SAMPLE_SECONDS = 9e-9  # per region, point, sample and analysis
PAIR_SECONDS = 2e-11  # per pair of regions, point and sample, for the covariances of one signal
# per point of stages without network simulation
SECONDS = {"msf": 0.006, "bistability": 0.1, "orbit_diagram": 0.02, "continuation": 2.0}
# per value of a ladder: curves in the plane take 4 (a small part of it) to 90 (the whole of it, with homoclinic orbits)
CURVE_SECONDS = 20.0
TANGENT_SECONDS = 1.3e-8  # per region, perturbation and step of the network's exponents
EXTRA_MS = {"multirate": 70.0}  # smaller steps of the first volley, and two starts
LONG = ("network_lyapunov", "continuation")  # stages whose points take too long to be measured
JOB_SECONDS = 2.0  # of starting a job: Python, the package, compiled kernels (1.7 to 2.7)

JOB_MB = 300  # numba, xarray and the compiled kernels
SERIES_MB = 250  # of the stages of the homogeneous system: trajectories of the points that are looked at together
WORK_ARRAYS = 500  # numbers per region and point of a batch: states, samples of a block, work of the stages
RESULT_COPIES = 3.5  # of the results of a shard: parts, whole, file


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

    def seconds(self, points: int, settings: dict[str, Any]) -> float:
        """CPU seconds of one shard with some points; `settings` are those of the stage."""
        transient = settings.get("transient_ms", 0.0)
        window = settings.get("duration_ms", 0.0) - transient
        filled = -(-points // self.lanes) * self.lanes
        return filled * (self.fixed + self.transient * transient + self.window * window)


def reference_rates(study: Study, stage: str, regions: int) -> Rates:
    """The rates that follow from the constants of this module."""
    settings = STAGES[stage].settings(study)
    names = [analysis.name for analysis, _ in STAGES[stage].analyses(study)]
    msf = SECONDS["msf"] if "msf" in names else 0.0
    if stage == "network_lyapunov":
        return Rates(_spectrum_seconds(study.options[stage], regions))
    if stage == "continuation":
        curves = STAGES[stage].layout(study, regions).points.extras["curves"]
        return Rates(SECONDS[stage] + CURVE_SECONDS * len(settings["ladder"]) * float(curves.mean()))
    if "duration_ms" not in settings:
        return Rates(SECONDS.get(stage, SECONDS["msf"]) * _attractors(study, stage))
    method, half = settings["method"], 0.5 if settings["precision"] == "float32" else 1.0
    substeps = settings["substeps"] if method == "multirate" else 1
    step = PRODUCTS[method] * PRODUCT_SECONDS * regions**2
    step += EVALUATIONS[method] * substeps * EVALUATION_SECONDS[method] * regions
    step += NOISE_SECONDS * regions if method == "heun" else 0.0
    transient = half * step / settings["dt_ms"]
    sample = SAMPLE_SECONDS * regions * max(len(names), 1) + PAIR_SECONDS * regions**2 * _signals(study, stage)
    fixed = msf + EXTRA_MS.get(method, 0.0) * transient
    return Rates(fixed, transient, transient + sample / settings["sample_ms"], LANES[settings["precision"]])


def _spectrum_seconds(options, regions: int) -> float:
    """CPU seconds for the exponents of a network."""
    lanes = 8 * (1 + -(-options.exponents // 8))
    step = lanes * (TANGENT_SECONDS * regions + PRODUCT_SECONDS * regions**2)
    return (options.duration_ms + options.transient_ms) / options.dt_ms * step * 1.2  # orthonormalisation


def _attractors(study: Study, stage: str) -> float:
    """What a point of a stage of the homogeneous system costs, in units of an attractor and its growth rates."""
    if stage == "multistability":
        return float(study.options[stage].starts)
    # few points of a grid are chaotic, and all those that are not at rest have exponents
    return {"lyapunov": 1.5, "transverse": 1.5}.get(stage, 1.0)


def _signals(study: Study, stage: str) -> int:
    """Number of signals whose covariances are accumulated."""
    if stage == "lesions":
        return 1
    return len(study.options["fc"].signals) if "fc" in study.options else 0


def seconds_per_point(study: Study, stage: str, regions: int) -> float:
    """CPU seconds for one point of a stage on the reference machine; the same everywhere, so that shards are."""
    rates = reference_rates(study, stage, regions)
    return rates.seconds(rates.lanes, STAGES[stage].settings(study)) / rates.lanes


def memory_mb(study: Study, stage: str, regions: int, points: int) -> float:
    """Memory of the process that computes a shard with some points (MB), independent of the simulated duration."""
    settings = STAGES[stage].settings(study)
    batch = min(points, 4 * LANES["float64"]) if "duration_ms" in settings else 1
    # per point of a batch: samples and work by region, covariances and their output by pair
    work = 8.0 * batch * (WORK_ARRAYS * regions + 4.0 * (1 + _signals(study, stage)) * regions**2)
    results = RESULT_COPIES * points * result_bytes(study, stage, regions)
    series = 0.0 if "duration_ms" in settings else SERIES_MB
    return JOB_MB + series + (2.0 * 8.0 * regions**2 + work + results) / 1e6


def result_bytes(study: Study, stage: str, regions: int) -> float:
    """Bytes of the results of one point of a stage, uncompressed."""
    kind = STAGES[stage]
    analyses = kind.analyses(study)
    window = window_of(study, regions)
    sizes = {"region": regions, "edge": regions * (regions - 1) // 2, "mode": regions}
    sizes |= {name: len(values) for name, (values, _, _) in kind.coordinates(analyses, window).items()}
    return sum(
        np.dtype(v.dtype).itemsize * np.prod([sizes[d] for d in v.dims], dtype=float) for v in kind.variables(analyses)
    )


def disk_bytes(study: Study, stage: str, regions: int) -> float:
    """Bytes that a stage of a study takes at the most: its shards, and the same again merged, uncompressed."""
    each = 2.0 * result_bytes(study, stage, regions) + series_bytes(study, stage, regions)
    return each * len(STAGES[stage].layout(study, regions).points)


def series_bytes(study: Study, stage: str, regions: int) -> float:
    """Bytes of the raw series of one point, if they are asked for; they are not merged."""
    kept = stage in ("simulation", "highlights") and study.simulation.keep_series
    return 4.0 * regions * study.simulation.window_samples if kept else 0.0


def window_of(study: Study, regions: int) -> Window:
    """What the analyses of a study will see of its simulations."""
    simulation = study.simulation
    return Window(study.model, regions, simulation.window_samples, simulation.sample_ms, study.points().parameters)


def size_text(count: float) -> str:
    """A number of bytes in words."""
    unit = int(np.clip(np.log10(max(count, 1)) // 3, 0, 5))
    return f"{count / 1000**unit:.3g} {('B', 'kB', 'MB', 'GB', 'TB', 'PB')[unit]}"


def time_text(seconds: float) -> str:
    """A duration in words."""
    for unit, length in (("d", 86400.0), ("h", 3600.0), ("min", 60.0)):
        if seconds >= 2 * length:
            return f"{seconds / length:.1f} {unit}"
    return f"{seconds:.0f} s" if seconds >= 10.0 else f"{seconds:.2g} s"
