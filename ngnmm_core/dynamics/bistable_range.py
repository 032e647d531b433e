"""Where a region is bistable, and where its resting state ends: from the saddle-node and Hopf points of its branch.

Between two neighbouring bifurcations of the branch of equilibria the stability does not change, and a stable piece has
no fold, so that its drive is monotonic.  The range of the drive with two stable equilibria is therefore where two
stable pieces overlap, and its ends are bifurcation points, exact to round-off.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np

from ngnmm_core.dynamics.equilibria import eigenvalues, newton
from ngnmm_core.dynamics.equilibrium_branch import HOPF, SADDLE_NODE, EquilibriumSystem
from ngnmm_core.models._base import Model

KINDS = {SADDLE_NODE: "saddle_node", HOPF: "hopf"}
HOMOTOPY_STEPS = 20


@dataclass(frozen=True)
class BistableRange:
    """Ends of the resting state and of bistability, in the unit of the drive; NaN and "" where there are none.

    Attributes
    ----------
    edge, edge_kind
        The drive at which the resting state ceases to be stable, and by which bifurcation.
    low, low_kind, high, high_kind
        Between `low` and `high` the resting state and a more active stable equilibrium coexist.
    """

    edge: float = np.nan
    edge_kind: str = ""
    low: float = np.nan
    low_kind: str = ""
    high: float = np.nan
    high_kind: str = ""

    @property
    def bistable(self) -> bool:
        """Whether there is a range at all."""
        return bool(np.isfinite(self.low))


@dataclass(frozen=True)
class _Piece:
    """A stable piece of the branch: the drive at its ends and the bifurcations there."""

    drives: tuple[float, float]
    kinds: tuple[str, str]

    def end(self, which: int) -> tuple[float, str]:
        """Return the end of the range with the lower (0) or the higher (1) drive."""
        k = int(np.argsort(self.drives, kind="stable")[which])
        return self.drives[k], self.kinds[k]


def bistable_range(model: Model, parameters: Mapping[str, float], weight: float) -> BistableRange:
    """Find the range of the drive in which two stable equilibria coexist.

    Parameters
    ----------
    model : Model
        One with an `equilibrium_curve`, whose drive is meant.
    parameters : mapping of name to float
        All parameters; that of the drive does not matter.
    weight : float
        G times the row sum of the connectome: 0 for a region by itself.
    """
    names = [p for p in model.parameter_names if p != _drive(model)]
    return _range(model, tuple((name, float(parameters[name])) for name in names), float(weight))


def _drive(model: Model) -> str:
    return model.equilibrium_curve.drive if model.equilibrium_curve else ""


@lru_cache(maxsize=100_000)
def _range(model: Model, parameters: tuple[tuple[str, float], ...], weight: float) -> BistableRange:
    system = EquilibriumSystem(model, dict(parameters), weight)
    pieces = _stable_pieces(system)
    if not pieces:
        return BistableRange()
    rest, *others = pieces
    edge, edge_kind = rest.end(1)
    if not edge_kind:
        edge = np.nan
    for other in others:
        low, low_kind = max(rest.end(0), other.end(0))
        high, high_kind = min(rest.end(1), other.end(1))
        if low < high:
            return BistableRange(edge, edge_kind, low, low_kind, high, high_kind)
    return BistableRange(edge, edge_kind)


def _stable_pieces(system: EquilibriumSystem) -> list[_Piece]:
    """Stable pieces by rising coordinate; the first is empty-handed if the branch does not start at rest."""
    found, samples = system.bifurcations(-np.inf, np.inf), system.samples()
    u = np.array([samples[0], *(b.coordinate for b in found), samples[-1]])
    kinds = ["", *(KINDS[b.kind] for b in found), ""]
    middle = np.array([_between(samples, *ends) for ends in pairwise(u)])
    stable = np.linalg.eigvals(system.jacobian(middle)).real.max(axis=1) < 0
    drive = system.at(u)[1]
    return [_Piece((float(drive[k]), float(drive[k + 1])), (kinds[k], kinds[k + 1])) for k in np.flatnonzero(stable)]


def _between(samples: np.ndarray, low: float, high: float) -> float:
    """Return a coordinate between two: the sample in the middle, if there are any."""
    some = samples[(samples > low) & (samples < high)]
    return float(some[len(some) // 2]) if len(some) else 0.5 * (low + high)


def stable_states(model: Model, parameters: Mapping[str, float], weight: float) -> np.ndarray:
    """All stable equilibria of the homogeneous system, [equilibrium, state], by rising coordinate."""
    branch = EquilibriumSystem(model, parameters, weight).equilibria(float(parameters[_drive(model)]))
    return branch.states[branch.stable] if len(branch.coordinate) else np.empty((0, len(model.states)))


def rest_and_active(model: Model, parameters: Mapping[str, float], weight: float) -> tuple[np.ndarray, np.ndarray]:
    """Find the resting state, and that of one region that is active while all others rest; NaN where there is none.

    With all regions active each would get more input than a single one does at the beginning of a spread, or that
    holds an item by itself.  The active state is therefore followed from all regions to one: a share of the input
    `weight * sent` is taken from the state of rest, and the share goes from 0 to 1.

    Parameters
    ----------
    model : Model
        One with an `equilibrium_curve`.
    parameters : mapping of name to float
    weight : float
        G times the row sum of the connectome.

    Returns
    -------
    rest, active : arrays (state,)
    """
    states = stable_states(model, parameters, weight)
    blank = np.full(len(model.states), np.nan)
    if len(states) == 0:
        return blank, blank
    rest = states[0]
    if len(states) == 1:
        return rest, blank
    return rest, _alone(model, parameters, weight, rest, states[-1])


def under_input(model: Model, parameters: Mapping[str, float], weight: float, amplitude: float) -> np.ndarray:
    """Follow the resting and the active state of one region while the drive of that region alone is raised.

    Each is followed from zero to the whole amplitude, all other regions staying at rest.

    Returns
    -------
    array (2, state)
        NaN for both where one of them ceases to exist or to be stable on the way: the input then decides the state.
    """
    rest, active = rest_and_active(model, parameters, weight)
    blank = np.full((2, len(model.states)), np.nan)
    if not np.isfinite(active).all():
        return blank
    received = weight * np.asarray(model.sent(tuple(rest), model.coefficients(parameters)), float)
    arrays = {name: np.full(2, float(value)) for name, value in parameters.items()}
    drive, states, zero = _drive(model), np.stack([rest, active]), np.zeros(2)
    for share in np.linspace(0.0, 1.0, HOMOTOPY_STEPS + 1):
        raised = {**arrays, drive: arrays[drive] + share * amplitude}
        states, converged = newton(model, states, raised, zero, background=np.full(2, received))
        if not converged.all():
            return blank
    values = eigenvalues(model, states, raised, zero, zero, background=np.full(2, received))
    index = model.state_names.index(model.equilibrium_curve.coordinate)
    apart = states[1, index] > states[0, index] * (1.0 + 1e-6)
    return states if apart and values.real.max() < 0 else blank


def _alone(model: Model, parameters: Mapping[str, float], weight: float, rest, active) -> np.ndarray:
    """Follow the active state from that of all regions to that of a single one, while the others go to rest."""
    arrays = {name: np.full(1, float(value)) for name, value in parameters.items()}
    received = weight * np.asarray(model.sent(tuple(rest), model.coefficients(parameters)), float)
    state = active[None]
    for share in np.linspace(0.0, 1.0, HOMOTOPY_STEPS + 1):
        own = np.full(1, weight * (1.0 - share))
        state, converged = newton(model, state, arrays, own, background=np.full(1, share * received))
        if not converged[0]:
            return np.full(len(rest), np.nan)
    zero = np.zeros(1)
    values = eigenvalues(model, state, arrays, zero, zero, background=np.full(1, received))
    index = model.state_names.index(model.equilibrium_curve.coordinate)
    higher = state[0, index] > rest[index] * (1.0 + 1e-6)
    return state[0] if higher and values.real.max() < 0 else np.full(len(rest), np.nan)
