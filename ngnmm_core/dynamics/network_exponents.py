"""Lyapunov exponents of a network, with standard errors, by orthonormalised perturbations; interruptible.

A network that comes to rest during the transient gets no run: see `ngnmm_core.dynamics.network_equilibrium`.

Benettin et al., Meccanica 15, 9 (1980), doi:10.1007/BF02128236.  The run is cut into blocks, whose means give the
standard error; after each block everything that is needed to go on is written to a checkpoint, if there is a place for
one.  A run that goes on from there gives the same bits as one that was not interrupted.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from ngnmm_core.dynamics.lyapunov_runs import BLOCKS, block_mean
from ngnmm_core.dynamics.network_equilibrium import resting_exponents
from ngnmm_core.dynamics.network_tangent_growth import NetworkTangentGrowth
from ngnmm_core.models._base import Model
from ngnmm_core.storage.atomic import whole_file


@dataclass(frozen=True)
class NetworkSettings:
    """Number of exponents, and times in ms: transient, duration, integration step, interval of orthonormalisation."""

    count: int
    duration_ms: float = 7000.0
    transient_ms: float = 300.0
    dt_ms: float = 0.05
    interval_ms: float = 5.0

    @property
    def steps(self) -> int:
        """Integration steps between orthonormalisations."""
        return max(round(self.interval_ms / self.dt_ms), 1)

    def intervals(self, time_ms: float) -> int:
        """Return the number of intervals in a time."""
        return max(round(time_ms / (self.steps * self.dt_ms)), 1)


def network_exponents(
    model: Model,
    W: np.ndarray,
    parameters: Mapping[str, float],
    state: np.ndarray,
    settings: NetworkSettings,
    checkpoint: Path | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Exponents and standard errors (1/ms), arrays [exponent], the largest first; NaN if the solution diverges.

    The errors are 0 at rest.

    Parameters
    ----------
    W : array (region, region)
    parameters : mapping of name to float
    state : array (region, state)
        Where the network starts.
    checkpoint : Path, optional
        A file to go on from, if it is there, and to keep up to date.
    """
    run = NetworkTangentGrowth(model, W, parameters, state, settings.count, settings.dt_ms)
    means = _resumed(run, checkpoint)
    if not means:
        before = _advanced(run, settings)
        rates = resting_exponents(model, W, parameters, before, run.state)
        if rates is not None:
            logging.info("the network rests, largest exponent %.3g per ms", rates[0])
            return rates[: settings.count], np.zeros(settings.count)
    intervals = settings.intervals(settings.duration_ms / BLOCKS)
    while len(means) < BLOCKS:
        total = np.zeros(settings.count)
        for _ in range(intervals):
            total = total + run.advance(settings.steps)
            if not np.isfinite(total).all():
                return np.full(settings.count, np.nan), np.full(settings.count, np.nan)
        means.append(total / (intervals * settings.steps * settings.dt_ms))
        if checkpoint is not None and len(means) < BLOCKS:
            _save(checkpoint, {"means": np.array(means), **run.snapshot()})
        logging.info("block %d/%d, largest exponent %.3g per ms", len(means), BLOCKS, means[-1][0])
    values, errors = block_mean(np.array(means))
    order = np.argsort(-values, kind="stable")
    return values[order], errors[order]


def _advanced(run: NetworkTangentGrowth, settings: NetworkSettings) -> np.ndarray:
    """Run the transient and return the state in its middle."""
    intervals = settings.intervals(settings.transient_ms)
    for _ in range(intervals // 2):
        run.advance(settings.steps)
    middle = run.state
    for _ in range(intervals - intervals // 2):
        run.advance(settings.steps)
    return middle


def _resumed(run: NetworkTangentGrowth, checkpoint: Path | None) -> list[np.ndarray]:
    """Bring the run to where the blocks of a checkpoint end, and return the means of these blocks."""
    if checkpoint is None or not checkpoint.is_file():
        return []
    try:
        with np.load(checkpoint) as saved:
            arrays = {name: saved[name] for name in saved.files}
        run.restore(arrays)
        return list(arrays["means"])
    except (OSError, ValueError, KeyError, BadZipFile) as error:
        logging.warning("%s: %s; starting anew", checkpoint, error)
        return []


def _save(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    with whole_file(path) as temporary, temporary.open("wb") as file:
        np.savez(file, **arrays)  # type: ignore[arg-type]
