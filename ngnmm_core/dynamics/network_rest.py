"""Whether a network that still moves is on its way to rest: close to a Hopf point that takes many seconds.

A run of such a network gives an exponent that it can't tell from zero, although the largest one is negative.
"""

from collections.abc import Mapping

import numpy as np

from ngnmm_core.dynamics.network_equilibrium import NEAR, distance, network_equilibrium, stable_rates
from ngnmm_core.dynamics.network_tangent_growth import NetworkTangentGrowth
from ngnmm_core.models._base import Model

WINDOW_MS, LOOK_MS = 1000.0, 0.5
MOST_WINDOWS = 100
SHRINKS = 0.99  # what the amplitude must be, at most, of that a window before


def exponents_of_approached_rest(
    model: Model, W: np.ndarray, parameters: Mapping[str, float | np.ndarray], state: np.ndarray, dt_ms: float
) -> np.ndarray | None:
    """All exponents (1/ms) of the rest that a network approaches, the largest first; None if it approaches none.

    The network is followed until it is near an equilibrium, which must be stable; it is looked for from the mean of the
    states.  It approaches none if its distance, the largest over a second, ceases to shrink.

    Parameters
    ----------
    W : array (region, region)
    parameters : mapping of name to float
    state : array (region, state)
    dt_ms : float
    """
    run = NetworkTangentGrowth(model, W, parameters, state, 0, dt_ms)
    states = _window(run, dt_ms)
    rest = network_equilibrium(model, W, parameters, states.mean(axis=0)) if np.isfinite(states).all() else None
    if rest is None:
        return None
    before = np.inf
    for _ in range(MOST_WINDOWS):
        apart = max(distance(model, x, rest) for x in states)
        if not apart < SHRINKS * before:
            return None
        if apart < NEAR:
            return stable_rates(model, W, parameters, rest)
        before, states = apart, _window(run, dt_ms)
    return None


def _window(run: NetworkTangentGrowth, dt_ms: float) -> np.ndarray:
    """States [time, region, state] of the next second."""
    every = max(round(LOOK_MS / dt_ms), 1)
    states = []
    for _ in range(round(WINDOW_MS / (every * dt_ms))):
        run.follow(every)
        states.append(run.state)
    return np.array(states)
