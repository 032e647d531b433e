"""The attractor that the homogeneous system reaches from its nominal initial state: rest, a cycle, or neither.

The rule uses the point alone.  The trajectory is followed in stretches of growing length; after each, an equilibrium
and then cycles of more and more returns are proposed and polished by Newton's method.  A proposal
is accepted if it is stable and the trajectory is close to it and approaching.  So a slow transient near a
bifurcation is neither taken for an attractor nor waited for until it has died out.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ngnmm_core.analysis.equilibria import eigenvalues, newton
from ngnmm_core.analysis.orbits import Orbit, shoot
from ngnmm_core.engine import Engine, Run
from ngnmm_core.initial import nominal
from ngnmm_core.model import Model
from ngnmm_core.variational import Variational

DT_MS, STEPS_PER_SAMPLE = 0.01, 10
STRETCHES_MS = (500.0, 500.0, 1000.0, 2000.0, 4000.0, 8000.0)
WATCHED_MS = 500.0  # end of a stretch that is looked at
MOST_RETURNS = 16
MOST_DOUBLINGS = 6
PHASES = 32
NEAR = 0.05  # distance, in units of the size of the state or the orbit, at which a proposal may be accepted
ARRIVED = 1e-6

REST, LIMIT_CYCLE, MULTI_PERIOD, IRREGULAR = range(4)
REGIMES = ("rest", "limit_cycle", "multi_period_cycle", "irregular")


@dataclass(frozen=True)
class Attractor:
    """An attractor of the homogeneous system.

    `state` is the equilibrium, a point of the cycle, or the last state of a trajectory that is neither; `orbit` is the
    cycle.
    """

    regime: int
    state: np.ndarray
    orbit: Orbit | None = None

    @property
    def period(self) -> float:
        """Period in ms, NaN if there is none."""
        return self.orbit.period if self.orbit else np.nan


def find_attractors(model: Model, parameters: Mapping[str, np.ndarray], row_sum: float) -> list[Attractor | None]:
    """The attractors of many points; None where the solution ceases to be finite.

    Parameters
    ----------
    parameters : mapping of name to array (point,)
        All parameters, `G` included.
    row_sum : float
        Row sum of the connectome.
    """
    engine = Engine(model, np.full((1, 1), row_sum))
    found: list[Attractor | None] = []
    count = len(parameters["G"])
    for start in range(0, count, engine.batch_size):
        part = {name: values[start : start + engine.batch_size] for name, values in parameters.items()}
        found += _find_batch(engine, part, row_sum)
        logging.info("attractor %d/%d", len(found), count)
    return found


def _find_batch(engine: Engine, parameters, row_sum: float) -> list[Attractor | None]:
    points = len(parameters["G"])
    start = np.broadcast_to(nominal(engine.model), (points, 1, len(engine.model.states)))
    run = Run(engine, parameters, start)
    result: list[Attractor | None] = [None] * points
    open_points = set(range(points))
    sample_ms = DT_MS * STEPS_PER_SAMPLE
    for stretch in STRETCHES_MS:
        watched = round(WATCHED_MS / sample_ms)
        if stretch > WATCHED_MS:
            run.advance(DT_MS, round((stretch - WATCHED_MS) / DT_MS), 1)
        samples = run.advance(DT_MS, STEPS_PER_SAMPLE, watched)
        for k in sorted(open_points):
            trajectory = np.ascontiguousarray(samples[:, 0, 0, :, k])
            values = {name: float(v[k]) for name, v in parameters.items()}
            if not np.isfinite(trajectory).all():
                open_points.discard(k)
                continue
            result[k] = classify(engine.model, values, row_sum, trajectory, sample_ms)
            if result[k].regime != IRREGULAR:
                open_points.discard(k)
        if not open_points:
            break
    return result


def classify(model: Model, parameters, row_sum: float, trajectory: np.ndarray, sample_ms: float) -> Attractor:
    """The attractor that a stretch of trajectory [sample, state] approaches; `IRREGULAR` if none is recognised."""
    rest = _rest(model, parameters, row_sum, trajectory)
    if rest is not None:
        return Attractor(REST, rest)
    orbit = _cycle(model, parameters, row_sum, trajectory, sample_ms)
    if orbit is not None:
        orbit = _shortest(model, parameters, parameters["G"] * row_sum, orbit)
        doubled = doublings(model, parameters, row_sum, orbit) > 0
        return Attractor(MULTI_PERIOD if doubled else LIMIT_CYCLE, orbit.state, orbit)
    return Attractor(IRREGULAR, trajectory[-1])


def _rest(model: Model, parameters, row_sum: float, trajectory: np.ndarray) -> np.ndarray | None:
    """The stable equilibrium that the trajectory is near to and approaches, or None."""
    arrays = {name: np.full(1, value) for name, value in parameters.items()}
    weight = arrays["G"] * row_sum
    half = len(trajectory) // 2
    for guess in (trajectory[-1], trajectory[half:].mean(axis=0)):
        states, converged = newton(model, guess[None], arrays, weight)
        if not converged[0]:
            continue
        growth = eigenvalues(model, states, arrays, weight, weight)[0].real.max()
        distance = np.max(np.abs(trajectory - states[0]) / (np.abs(states[0]) + 1e-3), axis=1)
        first, second = distance[:half].max(), distance[half:].max()
        if growth < 0 and (second < ARRIVED or (second < NEAR and second < first)):
            return states[0]
    return None


def _cycle(model: Model, parameters, row_sum: float, trajectory: np.ndarray, sample_ms: float) -> Orbit | None:
    """The stable cycle that the trajectory is near to and approaches, or None."""
    crossings = section_crossings(trajectory[:, model.observable_index])
    extent = np.ptp(trajectory, axis=0) + 1e-12
    returns = np.array([_between(trajectory, c) for c in crossings])
    weight = parameters["G"] * row_sum
    for n in range(1, min(MOST_RETURNS, (len(crossings) - 1) // 2) + 1):
        gaps = np.max(np.abs(returns[n:] - returns[:-n]) / extent, axis=1)[-2 * n :]
        if gaps.max() > NEAR:
            continue
        period = (crossings[-1] - crossings[-1 - n]) * sample_ms
        orbit = shoot(model, parameters, weight, returns[-1], period)
        if orbit is None or not orbit.stable or abs(orbit.period - period) > NEAR * period:
            continue
        if np.max(np.abs(orbit.state - returns[-1]) / extent) < NEAR and _approaches(gaps, n):
            return orbit
    return None


def _shortest(model: Model, parameters, weight: float, orbit: Orbit) -> Orbit:
    """The same orbit with its own period, if the one found is a multiple of it."""
    for part in range(MOST_RETURNS, 1, -1):
        shorter = shoot(model, parameters, weight, orbit.state, orbit.period / part)
        if (
            shorter is not None
            and abs(part * shorter.period - orbit.period) < 1e-6 * orbit.period
            and np.max(np.abs(shorter.state - orbit.state)) < 1e-6
        ):
            return shorter
    return orbit


def _approaches(gaps: np.ndarray, n: int) -> bool:
    """Whether returns come closer to each other, or have arrived up to the error of interpolation."""
    return bool(gaps[-n:].max() <= max(gaps[:n].max(), 1e-3))


def section_crossings(signal: np.ndarray) -> np.ndarray:
    """Where a signal rises through the middle of its range, as fractional sample positions."""
    level = 0.5 * (signal.max() + signal.min())
    below = signal < level
    k = np.flatnonzero(below[:-1] & ~below[1:])
    return k + (level - signal[k]) / (signal[k + 1] - signal[k])


def _between(trajectory: np.ndarray, position: float) -> np.ndarray:
    """The state at a fractional sample position, by a cubic through four samples."""
    k = int(np.clip(np.floor(position), 1, len(trajectory) - 3))
    u = position - k
    weights = (
        -u * (u - 1) * (u - 2) / 6,
        (u + 1) * (u - 1) * (u - 2) / 2,
        -(u + 1) * u * (u - 2) / 2,
        (u + 1) * u * (u - 1) / 6,
    )
    return sum(w * trajectory[k - 1 + j] for j, w in enumerate(weights))


def doublings(model: Model, parameters, row_sum: float, orbit: Orbit) -> int:
    """How many period doublings a stable orbit has behind it, 0 for a simple one.

    A doubled orbit runs twice past the unstable orbit that it was born from, whose period is half of its own and whose
    leading multiplier is below -1.  That orbit is looked for by Newton's method, and then that orbit's own parent.
    """
    count = 0
    while count < MOST_DOUBLINGS:
        parent = _parent(model, parameters, parameters["G"] * row_sum, orbit)
        if parent is None:
            break
        count, orbit = count + 1, parent
    return count


def _parent(model: Model, parameters, weight: float, orbit: Orbit) -> Orbit | None:
    """The orbit of half the period with a flip multiplier, sought where the two passages of `orbit` are closest."""
    variational = Variational(model, parameters, weight)
    phases = 2 * PHASES
    states = [orbit.state]
    for _ in range(phases - 1):
        states.append(variational.flow(states[-1], orbit.period / phases, -(-orbit.steps // phases), [weight])[0])
    states = np.array(states)
    gaps = np.max(np.abs(states[:PHASES] - states[PHASES:]) / (np.ptp(states, axis=0) + 1e-12), axis=1)
    for k in np.argsort(gaps, kind="stable")[:: PHASES // 8][:3]:
        guess = 0.5 * (states[k] + states[k + PHASES])
        parent = shoot(model, parameters, weight, guess, 0.5 * orbit.period)
        if parent is not None and abs(2.0 * parent.period - orbit.period) < 0.2 * orbit.period:
            leading = parent.multipliers[1]
            if leading.real < -1.0 and abs(leading.imag) < 1e-9 * abs(leading):
                return parent
    return None
