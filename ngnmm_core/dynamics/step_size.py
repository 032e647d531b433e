"""How small integration steps must be along a trajectory, from step doubling (Hairer, Norsett, Wanner, Solving ODEs I).

Bursts get steeper as the heterogeneity Delta falls.  A step that is right for Delta = 1 gives wrong exponents at 0.5
long before the solution ceases to be finite.
"""

import numpy as np

from ngnmm_core.dynamics.variational import Solutions

DIVISORS = (1, 5, 25)
TRIAL_STEPS, EVERY = 2000, 20  # 100 ms of steps of 0.05 ms, compared every 1 ms
MOST_ERROR = 2e-3  # in the time between two comparisons, in units of each state's range


def step_divisors(solutions: Solutions, states: np.ndarray, dt_ms: float) -> np.ndarray:
    """How many times smaller than `dt_ms` the steps of each point must be, array (point,) of 1, 5 or 25.

    The errors are local: each stretch of the trial is taken again from its own start with steps of half the size, so
    that chaos does not make them grow.

    Parameters
    ----------
    solutions : Solutions
    states : array (point, state)
        Where the trial starts.
    """
    divisors = np.full(len(states), DIVISORS[-1])
    left = np.arange(len(states))
    for divisor in DIVISORS[:-1]:
        if not len(left):
            break
        good = _errors(solutions.take(left), states[left], dt_ms, divisor) <= MOST_ERROR
        divisors[left[good]] = divisor
        left = left[~good]
    return divisors


def _errors(solutions: Solutions, states: np.ndarray, dt_ms: float, divisor: int) -> np.ndarray:
    """Estimate the largest error in a stretch of the trial, array (point,); infinite if the solution is not finite."""
    step, every, count = dt_ms / divisor, EVERY * divisor, TRIAL_STEPS // EVERY
    samples, _ = solutions.sample(states, step, every, count)
    path = samples.transpose(0, 3, 1, 2).reshape(-1, count, states.shape[1])[: len(states)]
    finite = np.isfinite(path).all(axis=(1, 2))
    path = np.where(finite[:, None, None], path, 0.0)
    again = solutions.take(np.repeat(np.arange(len(states)), count - 1))
    _, ends = again.sample(path[:, :-1].reshape(-1, states.shape[1]), 0.5 * step, 2 * every, 1)
    extent = np.maximum(np.ptp(path, axis=1), np.abs(path).max(axis=1) * 1e-3)[:, None]
    with np.errstate(invalid="ignore", divide="ignore"):
        error = (np.abs(ends.reshape(path[:, 1:].shape) - path[:, 1:]) / extent).max(axis=(1, 2))
    return np.where(finite & np.isfinite(error), error, np.inf)
