"""How small integration steps must be for the exponents of a network: as `ngnmm_core.dynamics.step_size` does it.

The coupling is extrapolated from its past.  So a run with steps of half the size goes ahead all the time, and at the
start of every stretch the other one takes over its state, its perturbations and every second value of its past.
"""

from collections.abc import Callable

import numpy as np

from ngnmm_core.dynamics.network_tangent_growth import NetworkTangentGrowth
from ngnmm_core.dynamics.step_size import SETTLING, STRETCH_MS, STRETCHES, error_of_exponents, stretch_length


def network_trial_error(begin: Callable[[float], NetworkTangentGrowth], dt_ms: float, interval_steps: int) -> float:
    """Error (1/ms) that steps of `dt_ms` give exponents, estimated; infinite if the solution is not finite.

    Parameters
    ----------
    begin : callable
        `begin(dt_ms)`: a run from where the trial starts.
    interval_steps : int
        Steps between orthonormalisations.
    """
    coarse, fine = begin(dt_ms), begin(0.5 * dt_ms)
    interval_ms = interval_steps * dt_ms
    longest = max(round(STRETCH_MS / interval_ms), 1)
    with np.errstate(all="ignore"):
        logs = _growth(fine, 2 * interval_steps, SETTLING * longest)
        if not np.isfinite(logs).all():
            return np.inf
        rate = logs.max() / (SETTLING * longest * interval_ms)
        intervals = min(max(round(int(stretch_length(rate)) / interval_ms), 1), longest)
        differences = []
        for _ in range(STRETCHES):
            coarse.begin_from(fine, fine.with_past())
            finer = _growth(fine, 2 * interval_steps, intervals)
            differences.append(_growth(coarse, interval_steps, intervals) - finer)
            _growth(fine, 2 * interval_steps, longest - intervals)
        return float(error_of_exponents(np.array(differences), np.array(intervals * interval_ms)))


def _growth(run: NetworkTangentGrowth, steps: int, intervals: int) -> np.ndarray:
    """Logarithmic growth of perturbations over some intervals."""
    total = np.zeros(run.count)
    for _ in range(intervals):
        if not np.isfinite(total).all():
            break
        total = total + run.advance(steps)
    return total
