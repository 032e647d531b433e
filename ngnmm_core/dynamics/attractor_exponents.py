"""All Lyapunov exponents of homogeneous attractors, and the largest ones across the homogeneous manifold.

At rest the exponents are the real parts of the Jacobian's eigenvalues.  On a cycle the leading ones are those of
Floquet, where the monodromy matrix tells them from round-off.  All others come from a long run, in which one is exactly
zero (two on a torus).  What a run gives for it stands as it is: it tells whether the steps were right.

Runs: Benettin et al., Meccanica 15, 9 (1980), doi:10.1007/BF02128236.  Transverse exponents: Pecora, Carroll, Phys.
Rev. Lett. 80, 2109 (1998), doi:10.1103/PhysRevLett.80.2109.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from ngnmm_core.dynamics.attractor import Attractor
from ngnmm_core.dynamics.equilibria import eigenvalues
from ngnmm_core.dynamics.lyapunov_runs import Settings, has_zero, lyapunov_exponents, transverse_exponents
from ngnmm_core.dynamics.regimes import REST
from ngnmm_core.models._base import Model

RESOLVED = 1e-8  # multipliers smaller than this, in units of the largest entry of the monodromy matrix, are round-off
FEWEST = 3  # exponents of a run, among which the one that is zero is looked for


@dataclass(frozen=True)
class Spectra:
    """Exponents (1/ms) and standard errors, arrays [point, exponent]; 0 errors where they don't come from a run.

    `accurate` [point] tells whether the steps of a run were short enough, `zero` [point] whether one exponent of a run
    is zero within its error, as it must be.
    """

    values: np.ndarray
    errors: np.ndarray
    accurate: np.ndarray = field(init=False)
    zero: np.ndarray = field(init=False)

    def __post_init__(self):
        for name in ("accurate", "zero"):
            object.__setattr__(self, name, np.ones(len(self.values), bool))


def homogeneous_exponents(
    model: Model,
    parameters: Mapping[str, np.ndarray],
    row_sum: float,
    attractors: Sequence[Attractor | None],
    settings: Settings,
    needed: int | None = None,
) -> Spectra:
    """Find the largest exponents of the homogeneous system on attractors, in descending order; NaN where there is none.

    Parameters
    ----------
    parameters : mapping of name to array (point,)
    needed : int, optional
        A cycle gets no run if its monodromy matrix gives this many exponents; the others are NaN then.  All of
        `settings.count` if not given.
    """
    needed = settings.count if needed is None else needed
    shape = (len(attractors), settings.count)
    found = Spectra(np.full(shape, np.nan), np.full(shape, np.nan))
    resting = np.array([k for k, a in enumerate(attractors) if a is not None and a.regime == REST], int)
    if len(resting):
        some, weight = _part(parameters, resting, row_sum)
        states = np.array([attractors[k].state for k in resting])
        rates = eigenvalues(model, states, some, weight, weight).real
        found.values[resting], found.errors[resting] = -np.sort(-rates, axis=1)[:, : settings.count], 0.0
    floquet = {k: _floquet(a) for k, a in enumerate(attractors) if a is not None and a.orbit is not None}
    for k, exact in floquet.items():
        known = min(len(exact), settings.count)
        found.values[k, :known], found.errors[k, :known] = exact[:known], 0.0
    moving = np.array(
        [k for k, a in enumerate(attractors) if _needs_run(a, floquet.get(k, ()), needed)], dtype=np.int64
    )
    if len(moving):
        some, weight = _part(parameters, moving, row_sum)
        states = np.stack([attractors[k].state for k in moving], axis=1)
        enough = replace(settings, count=min(max(settings.count, FEWEST), len(states)))
        run = lyapunov_exponents(model, some, np.stack([weight, weight]), states, enough)
        for j, k in enumerate(moving):
            values, errors = run.values[:, j], run.errors[:, j]
            found.accurate[k], found.zero[k] = run.accurate[j], has_zero(values, errors, settings.duration_ms)
            values, errors = _improved(floquet.get(k, ()), values, errors)
            found.values[k], found.errors[k] = values[: settings.count], errors[: settings.count]
    return found


def _part(parameters: Mapping[str, np.ndarray], index: np.ndarray, row_sum: float):
    some = {name: np.asarray(values, float)[index] for name, values in parameters.items()}
    return some, some["G"] * row_sum


def _needs_run(attractor: Attractor | None, exact: np.ndarray | Sequence[float], needed: int) -> bool:
    return attractor is not None and attractor.regime != REST and len(exact) < needed


def _floquet(attractor: Attractor) -> np.ndarray:
    """Compute the leading exponents of a cycle, as many as its monodromy matrix resolves; the first one is zero.

    None of a cycle that is not accurate: its exponents come from a run.
    """
    if not attractor.orbit.accurate:
        return np.empty(0)
    multipliers = np.abs(attractor.orbit.multipliers)
    resolved = multipliers > RESOLVED * np.abs(attractor.orbit.monodromy).max()
    exact = np.log(multipliers[: np.argmin(np.append(resolved, False))]) / attractor.period
    exact[:1] = 0.0
    return exact


def _improved(exact: np.ndarray | Sequence[float], values: np.ndarray, errors: np.ndarray):
    """With the exponents of Floquet in place of what the run gave."""
    values, errors = values.copy(), errors.copy()
    known = min(len(exact), len(values))
    values[:known], errors[:known] = exact[:known], 0.0
    order = np.argsort(-values, kind="stable")
    return values[order], errors[order]


def transverse_spectra(
    model: Model,
    parameters: Mapping[str, np.ndarray],
    row_sum: float,
    attractors: Sequence[Attractor | None],
    modes: np.ndarray,
    settings: Settings,
) -> Spectra:
    """Compute the largest transverse exponent along each eigenvector of W, [point, mode], for points neither at rest
    nor on a cycle; NaN for the others.  Along the homogeneous manifold it is the largest exponent of the state itself.
    """
    found = Spectra(np.full((len(attractors), len(modes)), np.nan), np.full((len(attractors), len(modes)), np.nan))
    irregular = [k for k, a in enumerate(attractors) if a is not None and a.regime != REST and a.orbit is None]
    if irregular:
        index = np.array(irregular)
        some, weight = _part(parameters, index, row_sum)
        gains = np.concatenate([weight[None], some["G"] * modes[:, None]])
        states = np.stack([attractors[k].state for k in irregular], axis=1)
        run = transverse_exponents(model, some, gains, states, settings)
        found.values[index], found.errors[index], found.accurate[index] = run.values.T, run.errors.T, run.accurate
    return found
