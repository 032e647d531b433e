"""The integration step of every point: a function of the point, its model and its network alone.

A method that watches its own error (`riccati`) takes the longest step of the ladder 0.1, 0.05, 0.025, ... ms whose
largest error in a trial from the point's own start stays below a limit.  Where all time constants are longer than a
model's defaults by a factor, or shorter, so are the steps.  The limits are in the watch's own measure, the hyperbolic
distance between what was predicted for a population and what was found, of one step; what error of a trajectory over
100 ms they stand for has been measured against DOP853 (`benchmarks/accuracy_points.py`).  The run itself is watched
too, with a wider limit: a point that exceeds it starts again with half the step, and one that does so with the shortest
step has the status `inaccurate`.

Other methods declare one step, which is as much longer where all time constants are; each point is tried with it and
with half of it, and where the two differ by a tenth of a state's range its status is `inaccurate`.
"""

from collections.abc import Iterable, Mapping
from fractions import Fraction
from functools import cache
from itertools import count as count_from
from typing import NamedTuple

import numpy as np

from ngnmm_core.errors import InputError
from ngnmm_core.models._base import Model
from ngnmm_core.section import is_multiple
from ngnmm_core.simulation.own_times import point_factors

LONGEST_MS, HALVINGS = 0.1, 6  # for the default time constants of a model
# limits of the watch in the trial, by the narrowest spread Delta of the excitabilities.  Errors of a whole brain after
# 100 ms are then below 5e-6 for Delta >= 0.5 (bursts are steeper at 0.5 than at 1), 1e-4 from 0.05, 1e-2 below
USUAL, AT_HALF, NARROW, NARROWEST = 5e-3, 1e-3, 8e-3, 3e-2
STRICT = 3e-5
# A burst of nearly identical neurons is a large part of the input where regions are few.  What counts there is the
# error over the growth of a perturbation, which is so much smaller that larger errors of a step do no harm
FEW_REGIONS, WIDER = 16, 120.0
SLACK = 2.0  # how many times more the run itself may reach: rare bursts are steeper than those of the trial
GAIN = 32.0  # by which half the step reduces the watch, at least
TRIAL_MS = 100.0  # for the default time constants of a model
MOST_DIFFERENCE = 0.1  # of a state's range, between a step and half of it, for methods without a watch
EDGE_HALVINGS = 4  # edges of pulses may ask for steps as short as this
DIGITS = 40  # parts of a sample that are decimals: divisors of 10 to this power
TINY = 1e-300


class Ladder(NamedTuple):
    """Steps (ms), each half of the one before."""

    steps_ms: tuple[float, ...]


def watch_limits(model: Model, parameters: Mapping[str, np.ndarray], regions: int, accuracy: str) -> np.ndarray:
    """Give the limits [point] that the watch must keep in a trial; `SLACK` times as much in the run."""
    points = len(parameters["G"])
    width = np.min([np.reshape(p.Delta, (points, -1)).min(axis=1) for p in model.qif.values(parameters)], axis=0)
    narrow = np.where(width >= 0.05, NARROW, NARROWEST) * (WIDER if regions < FEW_REGIONS else 1.0)
    rising = AT_HALF * (2.0 * np.minimum(width, 1.0)) ** np.log2(USUAL / AT_HALF)
    return np.full(points, STRICT) if accuracy == "strict" else np.where(width >= 0.5, rising, narrow)


def longest_ms(factor: float = 1.0) -> float:
    """Give the longest step (ms) where all time constants are longer by a factor: a decimal if the factor is one."""
    return float(f"{LONGEST_MS * factor:.15g}")


def part_of_sample(sample_ms: float, fewest: float) -> float:
    """Divide a time between samples into at least so many steps, whose length (ms) is a decimal if it is one.

    A third of a sample is none, and no edge of an input would be a multiple of that, not even one at a sample.
    """
    count = next(n for n in count_from(max(int(np.ceil(fewest)), 1)) if 10**DIGITS % n == 0)
    return float(Fraction(str(sample_ms)) / count)


@cache
def ladder(sample_ms: float, factor: float = 1.0) -> Ladder:
    """Give the ladder of the steps that divide the time between samples.

    Parameters
    ----------
    sample_ms : float
    factor : float
        By how much all time constants are longer than the defaults: steps are as much longer, and what divides is
        asked in that unit of time, so that no rounding depends on it.
    """
    own_ms = sample_ms if factor == 1.0 else float(f"{sample_ms / factor:.12g}")
    halvings = [k for k in range(HALVINGS + 1) if is_multiple(own_ms, LONGEST_MS / 2**k)]
    if halvings:
        return Ladder(tuple(longest_ms(factor) / 2**k for k in halvings))
    # a time of its own between samples: a ladder of its own
    longest = part_of_sample(sample_ms, own_ms / LONGEST_MS)
    return Ladder(tuple(longest / 2**k for k in range(HALVINGS + 1)))


def own_ladder(sample_ms: float, factor: float, edges_ms: Iterable[float]) -> Ladder:
    """Give the ladder of a point: that of the default time constants where an edge of an input fits no other.

    Parameters
    ----------
    edges_ms : iterable of float
        Times at which the input jumps.
    """
    own = ladder(sample_ms, factor)
    if factor == 1.0:
        return own
    shortest = own.steps_ms[0] / 2**EDGE_HALVINGS
    return own if all(is_multiple(t, shortest) for t in edges_ms) else ladder(sample_ms)


def only(step_ms: float) -> Ladder:
    """Make a ladder of the one step that the user has chosen; it is watched all the same."""
    return Ladder((step_ms,))


@cache
def declared_step(step_ms: float, sample_ms: float, factor: float = 1.0) -> float:
    """Give the step (ms) that a method declares, as much longer as time constants are; samples are multiples of it.

    Parameters
    ----------
    step_ms : float
        For the default time constants of a model.
    sample_ms : float
    factor : float
        By how much all time constants are longer than the defaults.
    """
    own_ms = sample_ms if factor == 1.0 else float(f"{sample_ms / factor:.12g}")
    if is_multiple(own_ms, step_ms):
        return step_ms if factor == 1.0 else float(f"{step_ms * factor:.15g}")
    return part_of_sample(sample_ms, own_ms / step_ms)


def declared_only(step_ms: float, sample_ms: float, factor: float, edges_ms: Iterable[float]) -> Ladder:
    """Give the one step of a point for a method that declares it: a part of it where edges of inputs ask for that.

    Parameters
    ----------
    edges_ms : iterable of float
        Times at which the input jumps.
    """
    own, usual = declared_step(step_ms, sample_ms, factor), declared_step(step_ms, sample_ms)
    parts = {step / 2**k for step in (own, usual) for k in range(EDGE_HALVINGS + 1)}
    steps = sorted((step for step in parts if step <= own), reverse=True)
    edges = list(edges_ms)
    return only(next((step for step in steps if all(is_multiple(t, step) for t in edges)), steps[0]))


def first_rungs(steps: Ladder, edges_ms: np.ndarray) -> np.ndarray:
    """Find the longest step, as its place in the ladder, that no edge of an input falls into: array (point,).

    `edges_ms` [edge, point] are times at which the input jumps; NaN where there is none.
    """
    rungs = np.zeros(edges_ms.shape[1], int)
    for k in range(len(rungs)):
        edges = edges_ms[np.isfinite(edges_ms[:, k]), k]
        while rungs[k] + 1 < len(steps.steps_ms) and not all(is_multiple(t, steps.steps_ms[rungs[k]]) for t in edges):
            rungs[k] += 1
    return rungs


def later_rungs(steps: Ladder, rungs: np.ndarray, worst: np.ndarray, limits: np.ndarray) -> np.ndarray:
    """Where in the ladder to try next, after a largest error `worst` [point] with the steps `rungs`.

    A point whose error is below the limit stays where it is; so does one with the shortest step.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        short = np.log(np.where(worst > 0, worst, 1.0) / limits) / np.log(GAIN)
    ahead = np.maximum(np.nan_to_num(short, nan=1.0, posinf=1.0), 1.0).astype(int)
    missed = ~(worst <= limits)
    return np.minimum(np.where(missed, rungs + ahead, rungs), len(steps.steps_ms) - 1)


def expected_steps(model: Model, parameters: Mapping[str, np.ndarray], sample_ms: float) -> np.ndarray:
    """Guess the step (ms) that a point of a whole-brain network will have, (point,): for estimates of cost alone."""
    width = np.min([p.Delta for p in model.qif.values(parameters)], axis=0)
    halvings = sum((width < bound).astype(int) for bound in (0.7, 0.3, 0.15, 0.07))
    factors, inverse = np.unique(point_factors(model, parameters), return_inverse=True)
    longest = np.array([ladder(sample_ms, float(factor)).steps_ms[0] for factor in factors])[inverse]
    return np.minimum(LONGEST_MS * factors[inverse] / 2.0**halvings, longest)


def difference(coarse: np.ndarray, fine: np.ndarray) -> np.ndarray:
    """Largest difference [point] between states [sample, point, region, state], over a state's range."""
    with np.errstate(invalid="ignore"):
        extent = np.ptp(np.where(np.isfinite(fine), fine, 0.0), axis=(0, 2))  # [point, state]
        errors = np.abs(coarse - fine).max(axis=(0, 2)) / np.maximum(extent, TINY)
    return np.nan_to_num(errors.max(axis=1), nan=np.inf)


def check_step(key: str, step_ms: float, factor: float) -> None:
    """Whether the user may choose a step for the method that watches its error.

    Parameters
    ----------
    factor : float
        By how much all time constants are longer than the defaults, at the point where they are shortest.

    Raises
    ------
    InputError
        For one that may hold more than a spike.
    """
    longest = longest_ms(factor)
    if step_ms > longest * (1.0 + 1e-9):
        raise InputError(
            f"{key}: {step_ms:g} is longer than the steps of method riccati; allowed: at most {longest:g}, or none, "
            "and every point has its own"
        )
