"""Lyapunov exponents of a network, with standard errors, by orthonormalised perturbations; interruptible.

A network that comes to rest during the transient gets no run: see `ngnmm_core.dynamics.network_equilibrium`.  One that
is still on its way after the run is followed: see `ngnmm_core.dynamics.network_rest`.

Benettin et al., Meccanica 15, 9 (1980), doi:10.1007/BF02128236.  The run is cut into blocks, whose means give the
standard error; after each block everything that is needed to go on is written to a checkpoint, if there is a place for
one.  A run that goes on from there gives the same bits as one that was not interrupted.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ngnmm_core.dynamics.exact_flow import has_flow
from ngnmm_core.dynamics.lyapunov_runs import BLOCKS, MOST_ERRORS, block_mean, has_zero
from ngnmm_core.dynamics.network_equilibrium import resting_exponents
from ngnmm_core.dynamics.network_rest import exponents_of_approached_rest
from ngnmm_core.dynamics.network_step_size import network_trial_error
from ngnmm_core.dynamics.network_tangent_growth import NetworkTangentGrowth
from ngnmm_core.dynamics.packing import WIDTH
from ngnmm_core.dynamics.step_size import HALVINGS, MOST_ERROR, SLACK
from ngnmm_core.dynamics.tangent_growth import longest_step
from ngnmm_core.models._base import Model
from ngnmm_core.simulation.own_times import common_time_factor, own_time
from ngnmm_core.storage.checkpoints import keep_arrays, kept_arrays

FLOW_LONGEST_MS = 0.2  # for the exact flow: where regions are many, their input is smooth over such a step

Problem = tuple[Model, np.ndarray, Mapping[str, float | np.ndarray]]  # with the weights and all parameters


@dataclass(frozen=True)
class NetworkSettings:
    """Number of exponents; times in ms: duration, transient, step and interval of orthonormalisation; and the error
    (1/ms) that steps may give exponents.  Without a step it is chosen by this error, which is for the model's default
    time constants: where all of them are longer by a factor, it is smaller by it.
    """

    count: int
    duration_ms: float = 7000.0
    transient_ms: float = 300.0
    dt_ms: float | None = None
    interval_ms: float = 10.0
    most_error: float = MOST_ERROR

    def in_unit(self, factor: float) -> "NetworkSettings":
        """Give the settings with times in a unit that is longer by a factor."""
        times = ("duration_ms", "transient_ms", "dt_ms", "interval_ms")
        own = {name: getattr(self, name) for name in times}
        return replace(self, **{name: value and value / factor for name, value in own.items()})

    def ladder(self, longest_ms: float, usual_ms: float) -> list[float]:
        """List the steps (ms) to try, from the longest down to 1/64 of the usual one; they divide the interval."""
        if self.dt_ms is not None:
            return [self.dt_ms]
        longest = self.interval_ms / np.ceil(self.interval_ms / longest_ms - 1e-9)
        halvings = HALVINGS + round(np.log2(longest_ms / usual_ms))
        return [float(longest) / 2**k for k in range(halvings + 1)]

    def steps(self, dt_ms: float) -> int:
        """Integration steps between orthonormalisations."""
        return max(round(self.interval_ms / dt_ms), 1)

    def intervals(self, time_ms: float) -> int:
        """Return the number of intervals in a time."""
        return max(round(time_ms / self.interval_ms), 1)


@dataclass(frozen=True)
class NetworkSpectrum:
    """Exponents and standard errors (1/ms), arrays [exponent], the largest first; NaN if the solution diverges.

    The errors are 0 at rest.  `accurate` tells whether steps of `dt_ms` were short enough; `zero` whether a network
    that moves has an exponent that is zero within its error, as it must.
    """

    values: np.ndarray
    errors: np.ndarray
    dt_ms: float
    accurate: bool = True
    zero: bool = True


def network_exponents(
    model: Model,
    W: np.ndarray,
    parameters: Mapping[str, float | np.ndarray],
    state: np.ndarray,
    settings: NetworkSettings,
    checkpoint: Path | None = None,
) -> NetworkSpectrum:
    """Find the largest exponents of a network.

    The step is tried before the run and again where it ended; if it then is too long, half of it is taken.

    Parameters
    ----------
    W : array (region, region)
    parameters : mapping of name to float or array (region,)
    state : array (region, state)
        Where the network starts.
    checkpoint : Path, optional
        A file to go on from, if it is there, and to keep up to date.
    """
    own = own_time(model, parameters, common_time_factor(model, parameters))
    settings = settings.in_unit(own.factor)
    found = _spectrum(model, W, own.parameters, state / own.units, settings, checkpoint)
    return replace(
        found, values=found.values / own.factor, errors=found.errors / own.factor, dt_ms=found.dt_ms * own.factor
    )


def _spectrum(model: Model, W: np.ndarray, parameters, state, settings: NetworkSettings, checkpoint) -> NetworkSpectrum:
    """Find the exponents in the unit of time of the time constants."""
    few = min(settings.count, WIDTH)
    error_from = lambda start, dt_ms: network_trial_error(
        lambda h: NetworkTangentGrowth(model, W, parameters, start, few, h), dt_ms, settings.steps(dt_ms)
    )
    saved = _loaded(checkpoint)
    steps = settings.ladder(FLOW_LONGEST_MS if has_flow(model) else longest_step(model), longest_step(model))
    ladder = [dt_ms for dt_ms in steps if not saved or dt_ms <= float(saved["dt_ms"])]
    for dt_ms in ladder:
        last = dt_ms == ladder[-1]
        if not saved and not last and error_from(state, dt_ms) > settings.most_error:
            continue
        run = NetworkTangentGrowth(model, W, parameters, state, settings.count, dt_ms)
        values, errors, exact = _run(run, (model, W, parameters), settings, checkpoint, saved)
        saved = {}
        if exact or not np.isfinite(values).all():
            if exact or last:
                return NetworkSpectrum(values, errors, dt_ms)
        elif (accurate := error_from(run.state, dt_ms) <= SLACK * settings.most_error) or last:
            return NetworkSpectrum(values, errors, dt_ms, accurate, has_zero(values, errors, settings.duration_ms))
        logging.info("steps of %g ms are too long", dt_ms)
    raise AssertionError("the shortest step ends the loop")


def _run(
    run: NetworkTangentGrowth, problem: Problem, settings: NetworkSettings, checkpoint: Path | None, saved: Mapping
) -> tuple[np.ndarray, np.ndarray, bool]:
    """Exponents and errors of one run, and whether they are exact: those of a network at rest."""
    (model, W, parameters), nothing = problem, np.zeros(settings.count)
    steps = settings.steps(run.dt_ms)
    means = _resumed(run, saved)
    if not means:
        before = _advanced(run, settings)
        rates = resting_exponents(model, W, parameters, before, run.state)
        if rates is not None:
            logging.info("the network rests, largest exponent %.3g per ms", rates[0])
            return rates[: settings.count], nothing, True
    intervals = settings.intervals(settings.duration_ms / BLOCKS)
    while len(means) < BLOCKS:
        total = nothing
        for _ in range(intervals):
            total = total + run.advance(steps)
            if not np.isfinite(total).all():
                return nothing + np.nan, nothing + np.nan, False
        means.append(total / (intervals * steps * run.dt_ms))
        if checkpoint is not None and len(means) < BLOCKS:
            keep_arrays(checkpoint, {"means": np.array(means), "dt_ms": np.array(run.dt_ms), **run.snapshot()})
        logging.info("block %d/%d, largest exponent %.3g per ms", len(means), BLOCKS, means[-1][0])
    values, errors = block_mean(np.array(means))
    order = np.argsort(-values, kind="stable")
    values, errors = values[order], errors[order]
    if values[0] <= MOST_ERRORS * errors[0] + 1.0 / settings.duration_ms:
        rates = exponents_of_approached_rest(model, W, parameters, run.state, run.dt_ms)
        if rates is not None:
            logging.info("the network comes to rest, largest exponent %.3g per ms", rates[0])
            return rates[: settings.count], nothing, True
    return values, errors, False


def _advanced(run: NetworkTangentGrowth, settings: NetworkSettings) -> np.ndarray:
    """Run the transient and return the state in its middle."""
    intervals, steps = settings.intervals(settings.transient_ms), settings.steps(run.dt_ms)
    for _ in range(intervals // 2):
        run.advance(steps)
    middle = run.state
    for _ in range(intervals - intervals // 2):
        run.advance(steps)
    return middle


def _loaded(checkpoint: Path | None) -> dict[str, np.ndarray]:
    """Read a checkpoint; empty if there is none that can be read."""
    arrays = None if checkpoint is None else kept_arrays(checkpoint)
    return arrays if arrays is not None and {"means", "dt_ms"} <= set(arrays) else {}


def _resumed(run: NetworkTangentGrowth, saved: Mapping[str, np.ndarray]) -> list[np.ndarray]:
    """Bring the run to where the blocks of a checkpoint end, and return the means of these blocks."""
    if not saved:
        return []
    try:
        run.restore(saved)
        return list(saved["means"])
    except (ValueError, KeyError) as error:
        logging.warning("a checkpoint does not fit: %s; starting anew", error)
        return []
