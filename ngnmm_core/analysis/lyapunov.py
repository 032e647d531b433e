"""Lyapunov exponents of the homogeneous system, and of perturbations along eigenvectors of the connectome.

Perturbations are integrated beside the solution and orthonormalised at intervals (Benettin et al., Meccanica 15, 9
(1980), doi:10.1007/BF02128236).  The standard error comes from the means over long blocks, nearly independent.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ngnmm_core.model import Model
from ngnmm_core.stretching import Stretching, TransverseStretching
from ngnmm_core.variational import WIDTH

DT_MS = 0.05
INTERVAL_STEPS = 20  # 1 ms: perturbations grow by less than e^30 in a burst
BLOCKS = 16


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
    begin = lambda part, some: Stretching(model, part, some, settings.count)
    return _by_eights(begin, parameters, gains, states, settings)


def transverse_exponents(
    model: Model, parameters: Mapping[str, np.ndarray], gains: np.ndarray, states: np.ndarray, settings
) -> Exponents:
    """The largest exponent along each of many Lambda, [Lambda, point].

    Parameters
    ----------
    gains : array (1 + Lambda, point), real or complex
        What the solutions feel, and then what perturbations feel: G times Lambda.
    settings : Settings
        Its `count` is not used; perturbations turn into the leading direction during `transient_ms`.
    """
    begin = lambda part, some: TransverseStretching(model, part, some)
    return _by_eights(begin, parameters, gains, states, settings)


@dataclass(frozen=True)
class Settings:
    """How long to run: transient and duration in ms, number of exponents, integration step."""

    count: int
    duration_ms: float
    transient_ms: float = 0.0
    dt_ms: float = DT_MS


def _by_eights(begin, parameters, gains, states, settings: Settings) -> Exponents:
    parts = []
    for start in range(0, gains.shape[1], WIDTH):
        piece = slice(start, start + WIDTH)
        part = {name: values[piece] for name, values in parameters.items()}
        parts.append(exponents_of(begin(part, gains[:, piece]), states[:, piece], settings))
    return Exponents(*(np.concatenate([getattr(p, f) for p in parts], axis=-1) for f in ("values", "errors", "states")))


def exponents_of(stretching: Stretching, states: np.ndarray, settings: Settings) -> Exponents:
    """Exponents of up to eight cases from the growth of their perturbations; `states` [state, case]."""
    interval_ms = INTERVAL_STEPS * settings.dt_ms
    if settings.transient_ms:
        states, _ = stretching.run(states, settings.dt_ms, INTERVAL_STEPS, round(settings.transient_ms / interval_ms))
    intervals = max(round(settings.duration_ms / interval_ms / BLOCKS), 1)
    means = []
    for _ in range(BLOCKS):
        states, logs = stretching.run(states, settings.dt_ms, INTERVAL_STEPS, intervals)
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
