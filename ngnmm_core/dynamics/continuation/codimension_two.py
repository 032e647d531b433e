"""Bifurcations of equilibria in two parameters: what vanishes along their curves, and at special points on these.

Kuznetsov, Elements of Applied Bifurcation Theory (2004), doi:10.1007/978-1-4757-3978-7, chapters 8 and 10.
"""

from collections.abc import Callable

import numpy as np

from ngnmm_core.dynamics.continuation.curves import Spot, Test
from ngnmm_core.dynamics.continuation.equilibria import fold_test, hopf_test
from ngnmm_core.dynamics.equilibrium_branch import HOPF, SADDLE_NODE
from ngnmm_core.dynamics.hopf import first_lyapunov_coefficient

CUSP, BOGDANOV_TAKENS, BAUTIN = "CP", "BT", "GH"

EQUILIBRIUM_TESTS: dict[str, Test] = {
    SADDLE_NODE: lambda problem, solution: fold_test(problem.jacobian(solution.u)),
    HOPF: lambda problem, solution: hopf_test(problem.jacobian(solution.u)),
}


def frequency_squared(here: Spot) -> float:
    """Along a Hopf curve: minus the product of the pair that sums to zero; negative beyond a Bogdanov-Takens point."""
    values = np.linalg.eigvals(here.problem.jacobian(here.u)).astype(complex)
    i, j = np.triu_indices(len(values), 1)
    k = np.argmin(np.abs(values[i] + values[j]))
    return float((values[i[k]] * values[j[k]]).real)


def hopf_coefficient(here: Spot) -> float:
    """First Lyapunov coefficient along a Hopf curve; NaN where it is a neutral saddle."""
    square = frequency_squared(here)
    if square <= 0:
        return np.nan
    problem, n = here.problem, here.problem.system.size
    jacobian, p = problem.jacobian(here.u), here.u[n:]
    values, right = np.linalg.eig(jacobian)
    k = int(np.argmin(np.abs(values - 1j * np.sqrt(square))))
    field = lambda x: problem.system.field(x, p)
    return first_lyapunov_coefficient(field, jacobian, here.u[:n], float(np.sqrt(square)), right[:, k])


def _second_zero(here: Spot) -> float:
    """Along a fold curve: the product of all sums of two eigenvalues, zero where a second one vanishes."""
    return hopf_test(here.problem.jacobian(here.u))


def _has_two_zeros(here: Spot) -> bool:
    sizes = np.sort(np.abs(np.linalg.eigvals(here.problem.jacobian(here.u))))
    return bool(sizes[1] < 1e-3 * sizes[2])


def _turns(here: Spot) -> bool:
    """Whether both parameters stand still: a cusp."""
    spans = 1.0 / np.sqrt(here.problem.metric[-2:])
    return bool(np.max(np.abs(here.direction[-2:]) / spans) < 1e-3)


# kind of curve -> (kind of point, function that vanishes there, condition)
CODIMENSION_TWO: dict[str, list[tuple[str, Callable[[Spot], float], Callable[[Spot], bool]]]] = {
    SADDLE_NODE: [
        (CUSP, lambda here: float(here.direction[-1]), _turns),
        (BOGDANOV_TAKENS, _second_zero, _has_two_zeros),
    ],
    HOPF: [(BAUTIN, hopf_coefficient, lambda here: True)],
}
