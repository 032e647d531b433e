"""Lyapunov exponents of the homogeneous system, and of perturbations along eigenvectors of the connectome.

Perturbations are integrated beside the solution and orthonormalised at intervals (Benettin et al., Meccanica 15, 9
(1980), doi:10.1007/BF02128236).  The standard error comes from the means over long blocks, nearly independent.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from ngnmm_core.dynamics.step_size import step_divisors
from ngnmm_core.dynamics.tangent_growth import TangentGrowth, TransverseStretching
from ngnmm_core.dynamics.variational import WIDTH, Solutions
from ngnmm_core.models._base import Model

DT_MS = 0.05
INTERVAL_STEPS = 20  # 1 ms: perturbations grow by less than e^30 in a burst
BLOCKS = 16
MOST_ERRORS = 3.0  # standard errors from zero at which an exponent may be the exact zero


@dataclass(frozen=True)
class Exponents:
    """Lyapunov exponents in 1/ms with standard errors, [exponent, point], and the last states [state, point]."""

    values: np.ndarray
    errors: np.ndarray
    states: np.ndarray


def lyapunov_exponents(
    model: Model, parameters: Mapping[str, np.ndarray], gains: np.ndarray, states: np.ndarray, settings
) -> Exponents:
    """Exponents of many homogeneous solutions, each with its own feedback for the perturbations.

    Parameters
    ----------
    parameters : mapping of name to array (point,)
    gains : array (2, point)
        What the solution feels (G times the row sum), and what the perturbations feel (G times Lambda; the same for the
        exponents of the homogeneous system itself).
    states : array (state, point)
        Where the solutions start; on the attractor, or use `transient_ms`.
    settings : Settings
    """
    begin = lambda part, some: TangentGrowth(model, part, some, settings.count)
    return _by_eights(model, begin, parameters, gains, states, settings)


def transverse_exponents(
    model: Model, parameters: Mapping[str, np.ndarray], gains: np.ndarray, states: np.ndarray, settings
) -> Exponents:
    """Compute the largest exponent along each of many Lambda, [Lambda, point].

    Parameters
    ----------
    gains : array (1 + Lambda, point), real or complex
        What the solutions feel, and then what perturbations feel: G times Lambda.
    settings : Settings
        Its `count` is not used; perturbations turn into the leading direction during `transient_ms`.
    """
    begin = lambda part, some: TransverseStretching(model, part, some)
    return _by_eights(model, begin, parameters, gains, states, settings)


@dataclass(frozen=True)
class Settings:
    """How long to run: transient and duration in ms, number of exponents; steps and how many of them between
    orthonormalisations.  Where a trajectory needs smaller steps it gets them (`ngnmm_core.dynamics.step_size`).
    """

    count: int
    duration_ms: float
    transient_ms: float = 0.0
    dt_ms: float = DT_MS
    interval_steps: int = INTERVAL_STEPS


def _by_eights(model: Model, begin, parameters, gains, states, settings: Settings) -> Exponents:
    """Exponents of cases, eight at a time, whose steps are of the same length: as small as their trajectories need."""
    solutions = Solutions(model, parameters, np.ascontiguousarray(gains[0].real))
    divisors = step_divisors(solutions, np.ascontiguousarray(states.T), settings.dt_ms)
    index, parts = [], []
    for divisor in np.unique(divisors):
        own = replace(settings, dt_ms=settings.dt_ms / divisor, interval_steps=settings.interval_steps * int(divisor))
        cases = np.flatnonzero(divisors == divisor)
        for start in range(0, len(cases), WIDTH):
            some = cases[start : start + WIDTH]
            part = {name: np.asarray(values)[some] for name, values in parameters.items()}
            parts.append(exponents_of(begin(part, gains[:, some]), states[:, some], own))
            index.append(some)
    order = np.argsort(np.concatenate(index))
    joined = (
        np.concatenate([getattr(p, f) for p in parts], axis=-1)[..., order] for f in ("values", "errors", "states")
    )
    return Exponents(*joined)


def exponents_of(growth: TangentGrowth, states: np.ndarray, settings: Settings) -> Exponents:
    """Exponents of up to eight cases from the growth of their perturbations; `states` [state, case]."""
    interval_ms = settings.interval_steps * settings.dt_ms
    if settings.transient_ms:
        states, _ = growth.run(
            states, settings.dt_ms, settings.interval_steps, round(settings.transient_ms / interval_ms)
        )
    intervals = max(round(settings.duration_ms / interval_ms / BLOCKS), 1)
    means = []
    for _ in range(BLOCKS):
        states, logs = growth.run(states, settings.dt_ms, settings.interval_steps, intervals)
        total = np.zeros(logs.shape[1:])
        for log in logs:
            total = total + log
        means.append(total / (intervals * interval_ms))
    return Exponents(*block_mean(np.array(means)), states)


def block_mean(means: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean over blocks [block, ...] and its standard error, the same bits for whatever else is in the array."""
    total, square = np.zeros(means.shape[1:]), np.zeros(means.shape[1:])
    for block in means:
        total = total + block
    mean = total / len(means)
    for block in means:
        square = square + (block - mean) ** 2
    return mean, np.sqrt(square / ((len(means) - 1) * len(means)))


def with_exact_zero(values: np.ndarray, errors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Exponents of one run in descending order and their errors, with the one that is exactly zero told as such.

    An attractor that is not an equilibrium has an exponent zero, along the flow.  It is the one nearest to zero if a
    run can't tell that from zero; where only the largest exponents were computed it may be none of them.  Errors of 0
    say that exponents are exact already: those of a state at rest.
    """
    k = int(np.argmin(np.abs(values))) if np.isfinite(values).all() else 0
    if not abs(values[k]) <= MOST_ERRORS * errors[k]:
        return values, errors
    values, errors = values.copy(), errors.copy()
    values[k], errors[k] = 0.0, 0.0
    order = np.argsort(-values, kind="stable")
    return values[order], errors[order]


def kaplan_yorke_dimension(exponents: np.ndarray) -> float:
    """Kaplan and Yorke's dimension from exponents in descending order; NaN if too few are known.

    The number of exponents whose sum is not negative, plus the fraction of the next.  The last ones may be NaN.
    """
    sums = np.cumsum(exponents)
    if exponents[0] < 0:
        return 0.0
    negative = np.flatnonzero(sums < 0)
    if len(negative) == 0:
        return float("nan")
    j = negative[0]
    return float(j + sums[j - 1] / abs(exponents[j]))
