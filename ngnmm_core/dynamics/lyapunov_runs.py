"""Lyapunov exponents of the homogeneous system, and of perturbations along eigenvectors of the connectome.

Perturbations are integrated beside the solution and orthonormalised at intervals (Benettin et al., Meccanica 15, 9
(1980), doi:10.1007/BF02128236).  The standard error comes from the means over long blocks, nearly independent.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from ngnmm_core.dynamics.packing import WIDTH
from ngnmm_core.dynamics.step_size import HALVINGS, MOST_ERROR, SLACK, trial_errors
from ngnmm_core.dynamics.tangent_growth import TangentGrowth, TransverseStretching, longest_step
from ngnmm_core.models._base import Model
from ngnmm_core.simulation.own_times import own_time, time_factor

INTERVAL_MS = 1.0  # between orthonormalisations: perturbations grow by less than e^30 in a burst
ALIGNING_MS = 200.0  # until perturbations have turned to where they grow
BLOCKS = 16
MOST_ERRORS = 3.0  # standard errors from zero at which an exponent may be the exact zero


@dataclass(frozen=True)
class Exponents:
    """Lyapunov exponents in 1/ms with standard errors, [exponent, point], and the last states [state, point].

    `accurate` [point] tells whether the steps were short enough.
    """

    values: np.ndarray
    errors: np.ndarray
    states: np.ndarray
    accurate: np.ndarray


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
    return _in_own_time(model, begin, parameters, gains, states, settings)


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
    return _in_own_time(model, begin, parameters, gains, states, settings)


@dataclass(frozen=True)
class Settings:
    """How long to run: transient and duration in ms, number of exponents; the step and how many of them between
    orthonormalisations; and the error (1/ms) that steps may give exponents.

    Without a step every trajectory has the longest one that will do (`ngnmm_core.dynamics.step_size`), and
    orthonormalisations are 1 ms apart.  That time, the transient and the error are for the model's default time
    constants: where all of them are longer by a factor, the times are longer and the error is smaller by it.
    """

    count: int
    duration_ms: float
    transient_ms: float = 0.0
    dt_ms: float | None = None
    interval_steps: int = 20
    most_error: float = MOST_ERROR


def _in_own_time(model: Model, begin, parameters, gains, states, settings: Settings) -> Exponents:
    """Exponents of cases, each in the unit of time of its time constants: see `ngnmm_core.simulation.own_times`."""
    factors = time_factor(model, parameters) * np.ones(states.shape[1])
    parts = []
    for factor in np.unique(factors):
        some = np.flatnonzero(factors == factor)
        own = own_time(model, {name: np.asarray(v, float)[some] for name, v in parameters.items()}, float(factor))
        length, units = replace(settings, duration_ms=settings.duration_ms / own.factor), own.units[:, None]
        part = _by_eights(model, begin, own.parameters, gains[:, some], states[:, some] / units, length)
        parts.append((part.values / own.factor, part.errors / own.factor, part.states * units, part.accurate))
    place = np.argsort(np.argsort(factors, kind="stable"), kind="stable")  # of every case in the parts, end to end
    return Exponents(*(np.concatenate(each, axis=-1)[..., place] for each in zip(*parts, strict=True)))


def _by_eights(model: Model, begin, parameters, gains, states, settings: Settings) -> Exponents:
    """Exponents of cases, eight at a time, whose steps are of the same length: as small as their trajectories need.

    Steps are tried before a run and again where it ended; a case that then needs smaller ones runs once more.
    """
    halvings, longest = np.zeros(states.shape[1], int), longest_step(model)
    found: dict[int, Exponents] = {}
    tried = np.zeros(states.shape[1], bool)
    while len(left := np.array([k for k in range(states.shape[1]) if k not in found], int)):
        for some in _alike(left, 2 * halvings + tried):
            h = int(halvings[some[0]])
            dt_ms = longest / 2.0**h
            own = replace(settings, dt_ms=dt_ms, interval_steps=round(INTERVAL_MS / dt_ms))
            part = {name: np.asarray(values)[some] for name, values in parameters.items()}
            make = lambda part=part, some=some: begin(part, gains[:, some])
            if not tried[some[0]]:
                good = trial_errors(make(), make(), states[:, some], dt_ms) <= settings.most_error
                tried[some] = good | (h == HALVINGS)
                halvings[some] += ~tried[some]
                continue
            run = exponents_of(make(), states[:, some], own)
            good = trial_errors(make(), make(), run.states, dt_ms) <= SLACK * settings.most_error
            for j, k in enumerate(some):
                if good[j] or h == HALVINGS:
                    found[k] = Exponents(run.values[:, j], run.errors[:, j], run.states[:, j], good[j])
            halvings[some] = np.where(good, h, min(h + 1, HALVINGS))
    names = ("values", "errors", "states", "accurate")
    return Exponents(*(np.stack([getattr(found[k], name) for k in range(len(found))], axis=-1) for name in names))


def _alike(cases: np.ndarray, kinds: np.ndarray) -> list[np.ndarray]:
    """Group cases of one kind, up to eight together."""
    groups = [cases[kinds[cases] == kind] for kind in np.unique(kinds[cases])]
    return [group[start : start + WIDTH] for group in groups for start in range(0, len(group), WIDTH)]


def exponents_of(growth: TangentGrowth, states: np.ndarray, settings: Settings) -> Exponents:
    """Exponents of up to eight cases from the growth of their perturbations; `states` [state, case].

    NaN where the solution ceases to be finite.
    """
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
    values, errors = (np.where(np.isfinite(states).all(axis=0), x, np.nan) for x in block_mean(np.array(means)))
    return Exponents(values, errors, states, np.ones(states.shape[1], bool))


def block_mean(means: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean over blocks [block, ...] and its standard error, the same bits for whatever else is in the array."""
    total, square = np.zeros(means.shape[1:]), np.zeros(means.shape[1:])
    for block in means:
        total = total + block
    mean = total / len(means)
    for block in means:
        square = square + (block - mean) ** 2
    return mean, np.sqrt(square / ((len(means) - 1) * len(means)))


def has_zero(values: np.ndarray, errors: np.ndarray, duration_ms: float) -> bool:
    """Whether the exponents of a moving attractor, from a run of some length, hold the one that is exactly zero.

    It is that of a shift along the flow.  None is missed where only the largest exponents were computed and all are
    positive, nor where they are not finite.  What the start and the end of a run differ by leaves 1 / duration open.
    """
    if not np.isfinite(values).all() or values.min() > 0:
        return True
    return bool((np.abs(values) <= MOST_ERRORS * errors + 1.0 / duration_ms).any())


def with_exact_zero(values: np.ndarray, errors: np.ndarray, duration_ms: float, zeros: int = 1) -> np.ndarray:
    """Exponents of one run in descending order, with the ones that are exactly zero (two on a torus) put as such.

    They are the ones nearest to zero if the run can't tell these from it.  A dimension wants them exact: with a little
    less than zero a cycle would have none.  Errors of 0 say that exponents are exact already: those of a state at rest.
    """
    if not np.isfinite(values).all():
        return values
    nearest = np.argsort(np.abs(values), kind="stable")[:zeros]
    within = np.abs(values[nearest]) <= np.where(
        errors[nearest] > 0, MOST_ERRORS * errors[nearest] + 1 / duration_ms, 0
    )
    values = values.copy()
    values[nearest[within]] = 0.0
    return -np.sort(-values)


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
