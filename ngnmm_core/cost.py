"""What a study costs: CPU time, memory and disk, from the sizes of its points and a calibration of the machine."""

from ngnmm_core.stages import STAGES
from ngnmm_core.study.study import Study

GFLOPS = 40.0  # of the coupling product on one core
LOCAL_FLOPS = 120.0  # per region, stage and point: right-hand side and update
MSF_SECONDS = 0.06  # per point: trajectory, orbit and dispersion


def seconds_per_point(study: Study, stage: str, regions: int) -> float:
    """Estimated CPU seconds for one point of a stage."""
    if stage == "msf":
        return MSF_SECONDS
    settings = STAGES[stage].settings(study)
    steps = settings["duration_ms"] / settings["dt_ms"]
    return steps * 4 * regions * (2 * regions + LOCAL_FLOPS) / (GFLOPS * 1e9)
