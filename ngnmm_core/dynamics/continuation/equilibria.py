"""Equilibria of any model followed in any parameter, with their saddle-node and Hopf points.

Test functions: Kuznetsov, Elements of Applied Bifurcation Theory (2004), doi:10.1007/978-1-4757-3978-7, chapter 10.
"""

from collections.abc import Mapping
from itertools import pairwise

import numpy as np
from scipy.stats import qmc

from ngnmm_core.dynamics.continuation.branching import branch_point, coincide
from ngnmm_core.dynamics.continuation.follow import Place, Steps, follow, locate, place
from ngnmm_core.dynamics.continuation.solver import correct, inner
from ngnmm_core.dynamics.continuation.system import System
from ngnmm_core.dynamics.equilibria import newton
from ngnmm_core.dynamics.equilibrium_branch import (
    BRANCH_POINT,
    HOPF,
    SADDLE_NODE,
    Branch,
    EquilibriumBifurcation,
    EquilibriumSystem,
)
from ngnmm_core.dynamics.hopf import first_lyapunov_coefficient
from ngnmm_core.models._base import Model
from ngnmm_core.simulation.own_times import state_factors

STARTS = 256
SPREAD = 20.0  # half-width of the box of first guesses, in units of the nominal state
SAME = 1e-6
REACH = 5.0  # how far a branch is followed for more equilibria, in units of the parameter
STEPS = Steps(first=1e-3, longest=0.02, most=20000)
SEARCH = Steps(first=1e-2, longest=0.2, most=300, turn=0.9)


class EquilibriumProblem:
    """f(x; p) = 0 for the unknowns (x, p).

    Parameters
    ----------
    system : System
        With one free parameter, or two.
    scale : array (state,)
        Size of the states.
    spans : sequence of float
        Extent of the free parameters.
    """

    def __init__(self, system: System, scale: np.ndarray, spans):
        self.system = system
        sizes = np.concatenate([np.maximum(np.abs(scale), 1e-3 * system.small) * np.sqrt(system.size), spans])
        self.metric = 1.0 / sizes**2

    def allows(self, u: np.ndarray) -> bool:
        """Whether the free parameters are within their bounds."""
        return self.system.allows(u[self.system.size :])

    def evaluate(self, u: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """f, and its Jacobian by states and parameters."""
        x, p = u[: self.system.size], u[self.system.size :]
        return self.system.evaluate(x, p)

    def jacobian(self, u: np.ndarray) -> np.ndarray:
        """Jacobian by the states."""
        return self.system.linearise(u[None, : self.system.size], u[None, self.system.size :])[1][0]


def hopf_test(jacobian: np.ndarray) -> float:
    """Return the product of all sums of two eigenvalues, which changes sign at Hopf points (and neutral saddles)."""
    values = np.linalg.eigvals(jacobian).astype(complex)
    i, j = np.triu_indices(len(values), 1)
    return float(np.prod(values[i] + values[j]).real)


def fold_test(jacobian: np.ndarray) -> float:
    """Return the determinant, which changes sign at a fold."""
    return float(np.linalg.det(jacobian))


def follow_equilibrium(system: System, x: np.ndarray, p: float, limits, steps: Steps = STEPS) -> list[Place]:
    """Follow the branch of equilibria through (x, p), both ways, while the parameter is between two limits.

    The ends are on the borders of the range unless the branch stops inside.
    """
    problem = EquilibriumProblem(system, x, [limits[1] - limits[0]])
    direction = np.zeros(system.size + 1)
    direction[-1] = 1.0
    first = correct(problem, np.append(x, p), direction[None])
    start = place(problem, first, direction) if first is not None else None
    if start is None:
        return []
    forwards = _half(start, limits, steps)
    if forwards and forwards[-1].u is start.u:
        return [start, *forwards]  # a closed loop
    turned = Place(problem, start.solution, -start.tangent)
    backwards = [Place(w.problem, w.solution, -w.tangent) for w in reversed(_half(turned, limits, steps))]
    return [*backwards, start, *forwards]


def _half(start: Place, limits, steps: Steps) -> list[Place]:
    """Follow the branch along the start's tangent, up to and including the border of the range, or the start."""
    places: list[Place] = []
    for before, here in follow(start, steps, limits=limits):
        if len(places) > 3 and _between(start, before, here):
            return [*places, start]
        places.append(here)
    return places


def _between(start: Place, before: Place, after: Place) -> bool:
    """Whether a step of a branch passes through a place, as where a loop closes."""
    metric, gap = start.problem.metric, start.u - before.u
    along, length = (inner(metric, before.tangent, x) for x in (gap, after.u - before.u))
    aside = inner(metric, gap, gap) - along * along
    return bool(0.0 < along <= length and aside < (0.3 * length) ** 2)


def passes_through(places: list[Place], x: np.ndarray, p: float) -> bool:
    """Whether a branch passes through the equilibrium x at p.

    Between two of its points the branch is not straight: it is compared with x after a correction at the same p.
    """
    for before, after in pairwise(places):
        a, b = before.u[-1], after.u[-1]
        if (a - p) * (b - p) > 0:
            continue
        there = before.u + ((p - a) / (b - a) if a != b else 0.0) * (after.u - before.u)
        found = correct(before.problem, np.append(there[:-1], p), np.eye(len(there))[-1:])
        if found is not None and _same(found.u[:-1], x):
            return True
    return False


def same_branch(places: list[Place], others: list[Place]) -> bool:
    """Whether two branches share an end, and so are one: found from two starts, followed as far as it goes."""
    ends, known = ([w[k].u for k in (0, -1)] for w in (places, others))
    return any(abs(a[-1] - b[-1]) <= SAME * (abs(b[-1]) + 1e-3) and _same(a[:-1], b[:-1]) for a in ends for b in known)


# ------------------------------------------------------------------ bifurcations
def bifurcations(places: list[Place]) -> list[EquilibriumBifurcation]:
    """Saddle-node, Hopf and branch points on a branch, in its order; `coordinate` is the position in `places`."""
    found = []
    for k, (before, after) in enumerate(pairwise(places)):
        crossing = branch_point(before, after)
        found += (
            [EquilibriumBifurcation(BRANCH_POINT, float(k), float(crossing.u[-1]), crossing.u[:-1])] if crossing else []
        )
        for test, describe in ((fold_along, _saddle_node), (hopf_along, _hopf)):
            there = locate(before, after, test)
            if there is None or (crossing is not None and coincide(crossing, there)):
                continue
            point = describe(there, k)
            found += [point] if point is not None else []
    return found


def fold_along(place: Place) -> float:
    """Evaluate a test function that changes sign where the branch turns around in its parameter."""
    return float(place.tangent[-1])


def hopf_along(place: Place) -> float:
    """Evaluate a test function that changes sign at a Hopf point, and at a neutral saddle."""
    return hopf_test(place.problem.jacobian(place.u))


def _saddle_node(place: Place, k: int) -> EquilibriumBifurcation:
    return EquilibriumBifurcation(SADDLE_NODE, float(k), float(place.u[-1]), place.u[:-1])


def _hopf(place: Place, k: int) -> EquilibriumBifurcation | None:
    """Return the Hopf point, or None if two real eigenvalues of opposite sign made the test vanish."""
    x, p, system = place.u[:-1], place.u[-1:], place.problem.system
    jacobian = place.problem.jacobian(place.u)
    values, right = np.linalg.eig(jacobian)
    pair = int(np.argmin(np.abs(values.real) + np.where(values.imag > 0, 0.0, np.inf)))
    omega = float(values[pair].imag)
    if not omega > 0 or abs(values[pair].real) > 1e-6 * abs(values[pair]):
        return None
    coefficient = first_lyapunov_coefficient(lambda y: system.field(y, p), jacobian, x, omega, right[:, pair])
    return EquilibriumBifurcation(HOPF, float(k), float(p[0]), x, 2.0 * np.pi / omega, coefficient)


# ------------------------------------------------------------------ all equilibria of a point
def find_equilibria(
    model: Model, parameters: Mapping[str, float], row_sum: float = 1.0, thorough: bool = True
) -> Branch:
    """All equilibria of the homogeneous system at one parameter point, with their eigenvalues.

    For a model with an `equilibrium_curve` none can be missed.  For another one Newton's method starts from many
    states around the nominal one, and every branch found is followed in the first drive through its folds and back.

    Parameters
    ----------
    model : Model
    parameters : mapping of name to float
        Parameters or aliases, `G` among them; the others have the model's defaults.
    row_sum : float
        Row sum of the connectome.
    thorough : bool
        Whether branches are followed, where there is no curve; without it more may be missed, and it takes no time.

    Returns
    -------
    Branch
        With `states`, `eigenvalues`, `stable`, `unstable_dimensions` and `types`, one entry per equilibrium, by rising
        coordinate of the curve, or by rising first state.

    Raises
    ------
    InputError
        For names that the model does not have, and values that it does not allow.
    """
    model.check_all("parameters", parameters)
    values = {name: float(value) for name, value in model.resolve(parameters).items()}
    if model.equilibrium_curve is not None:
        system = EquilibriumSystem(model, values, values["G"] * row_sum)
        return system.equilibria(values[model.equilibrium_curve.drive])
    return _searched(System(model, values, row_sum, model.drives[:1] or ("G",)), thorough)


def _searched(system: System, thorough: bool) -> Branch:
    p = system.values[system.active[0]]
    found: list[np.ndarray] = []
    on_branches: list[np.ndarray] = []
    for x in _newton_from_many(system, p):
        if _physical(system, x):
            _add(found, x)
    for x in found if thorough else ():  # other sheets of the same branch
        if not _known(on_branches, x):
            for crossing in _crossings(system, x, p):
                _add(on_branches, crossing)
                _add(found, crossing)
    physical = sorted((x for x in found if _physical(system, x)), key=lambda x: x[0])
    states = np.array(physical).reshape(-1, system.size)
    drive = np.full(len(states), p)
    jacobians = system.linearise(states, drive[:, None])[1]
    return Branch(states[:, 0], drive, states, np.linalg.eigvals(jacobians).astype(complex))


def _physical(system: System, x: np.ndarray) -> bool:
    """Whether no state is negative that must not be."""
    return all(value >= 0.0 or not state.non_negative for state, value in zip(system.model.states, x, strict=True))


def _crossings(system: System, x: np.ndarray, p: float) -> list[np.ndarray]:
    """Where the branch through x, followed far both ways, comes back to the same value of the parameter."""
    reach = REACH * max(abs(p), 1.0)
    places = follow_equilibrium(system, x, p, (p - reach, p + reach), SEARCH)
    found = [x]
    for before, after in pairwise(places):
        if (before.u[-1] - p) * (after.u[-1] - p) < 0:
            crossing = locate(before, after, lambda w: w.u[-1] - p)
            found += [crossing.u[:-1]] if crossing is not None else []
    return found


def _newton_from_many(system: System, p: float) -> list[np.ndarray]:
    units = state_factors(system.model, system.time_factor)
    start = system.model.nominal
    cube = 2.0 * qmc.Halton(system.size, scramble=False).random(STARTS + 1)[1:] - 1.0
    size = np.maximum(np.abs(start), 1e-2)
    # half of the guesses near the nominal state, half of them wide around it
    reach = np.where(np.arange(STARTS)[:, None] % 2 == 0, 2.0, SPREAD)
    guesses = start + cube * reach * size
    for k, state in enumerate(system.model.states):
        if state.non_negative:
            guesses[:, k] = np.abs(guesses[:, k])
    guesses = guesses * units
    arrays = system.parameters(np.full((STARTS, 1), p))
    states, converged = newton(system.model, guesses, arrays, arrays["G"] * system.row_sum)
    return list(states[converged])


def _same(x: np.ndarray, y: np.ndarray) -> bool:
    return bool(np.max(np.abs(x - y) / (np.abs(y) + 1e-3)) < SAME)


def _known(found: list[np.ndarray], x: np.ndarray) -> bool:
    return any(_same(x, y) for y in found)


def _add(found: list[np.ndarray], x: np.ndarray) -> None:
    if not _known(found, x):
        found.append(x)
