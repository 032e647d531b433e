"""How small integration steps must be for Lyapunov exponents, from step doubling along a trajectory.

A step that is right for a trajectory may be wrong for its exponents.  The error of a step depends on where in the step
a burst begins.  Behind the burst, where all is slow, that moves the trajectory along itself by a time that is no longer
small beside the step: shifts in time are then no neutral direction any more, and the exponent that ought to be zero
becomes negative, others with it.  So what is compared is the growth of perturbations over stretches that hold bursts
and what is between them, each taken from the same state and perturbations with steps of one size and of half of it.
Chaos does not make the differences grow, since every stretch starts anew and ends before perturbations have grown much.

With D the difference of the logarithms, an exponent is wrong by about the mean of D (its sign changes from burst to
burst) and by half of the mean of D^2, as the mean of log(1 + x) is -<x^2>/2 for small x of mean zero.

Step doubling: Hairer, Norsett, Wanner, Solving Ordinary Differential Equations I (1993),
doi:10.1007/978-3-540-78862-1, section II.4.
"""

import numpy as np

HALVINGS = 6  # of the longest step, at most
STRETCH_MS, STRETCHES = 64, 10  # of a trial
SETTLING = 4  # stretches before, in which perturbations turn to where they grow
MOST_GROWTH = 3.0  # logarithm, in a stretch: beyond, it ends earlier
MOST_ERROR = 1e-6  # of an exponent, 1/ms
SLACK = 10.0  # how many times more a trial where a run ended may find: some bursts are rare
LEADING = 3  # perturbations that are compared: round-off hides how the others grow in bursts


def stretch_length(growth: np.ndarray) -> np.ndarray:
    """Length (whole ms) of a stretch, from the mean growth rate (1/ms) of perturbations, same shape."""
    with np.errstate(all="ignore"):
        length = np.where(growth > 0, MOST_GROWTH / growth, STRETCH_MS)
    return np.clip(length, 1, STRETCH_MS).astype(int)


def error_of_exponents(differences: np.ndarray, stretch_ms: np.ndarray) -> np.ndarray:
    """Error (1/ms) that steps give exponents, from differences of logarithms [stretch, exponent, ...] in each stretch.

    The largest one over the exponents; infinite where a difference is not finite.  Squares are not averaged: the
    steepest bursts are rare.
    """
    with np.errstate(all="ignore"):
        error = np.abs(differences.mean(axis=0)) + 0.5 * np.square(differences).max(axis=0)
    return np.nan_to_num(error.max(axis=0) / stretch_ms, nan=np.inf, posinf=np.inf)


def trial_errors(coarse, fine, states: np.ndarray, dt_ms: float) -> np.ndarray:
    """Errors (1/ms) that steps of `dt_ms` give exponents, estimated for up to eight cases, array (case,).

    Parameters
    ----------
    coarse, fine : TangentGrowth
        Of the same cases; their perturbations are changed.
    states : array (state, case)
        Where the trial starts.
    dt_ms : float
        A step that divides 1 ms.
    """
    every, differences = round(1.0 / dt_ms), []
    with np.errstate(all="ignore"):
        states, logs = fine.run(states, 0.5 * dt_ms, 2 * every, SETTLING * STRETCH_MS)
        length = stretch_length(logs[:, fine.compared].mean(axis=0).max(axis=0))
        for _ in range(STRETCHES):
            coarse.tangents[:] = fine.tangents
            _, logs = coarse.run(states, dt_ms, every, STRETCH_MS)
            states, finer = fine.run(states, 0.5 * dt_ms, 2 * every, STRETCH_MS)
            total = np.cumsum((logs - finer)[:, fine.compared], axis=0)
            differences.append(np.take_along_axis(total, length[None, None] - 1, axis=0)[0])
        error = error_of_exponents(np.array(differences), length)
    return np.where(np.isfinite(states).all(axis=0), error, np.inf)
