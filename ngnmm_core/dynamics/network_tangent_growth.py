"""How a network and many perturbations of it evolve, with the perturbations orthonormalised at intervals."""

from collections.abc import Mapping

import numpy as np
from scipy.linalg import solve_triangular

from ngnmm_core.dynamics.differentiation import linearise
from ngnmm_core.dynamics.network_methods import method_of
from ngnmm_core.dynamics.packing import WIDTH
from ngnmm_core.kernels.network_tangents import PAST
from ngnmm_core.models._base import Model


class NetworkTangentGrowth:
    """One network at one point, and `count` perturbations of it.

    Before the start the coupling is taken for constant; what that does to the solution is part of the transient.

    Parameters
    ----------
    model : Model
    W : array (region, region)
    parameters : mapping of name to float or array (region,)
    state : array (region, state)
    count : int
        Number of perturbations, at most regions times states; 0 for the network alone.
    dt_ms : float
    exact : bool, optional
        Whether to use the exact flow; where the model has it if not given.
    """

    def __init__(self, model: Model, W: np.ndarray, parameters: Mapping[str, float | np.ndarray], state: np.ndarray,
                 count: int, dt_ms: float, exact: bool | None = None):  # fmt: skip
        self.count, self.dt_ms, self.groups = count, dt_ms, -(-count // WIDTH)
        self._method = method_of(model, exact)(model, W, parameters, state, self.groups, dt_ms)
        if count:
            self._store(np.linalg.qr(np.eye(state.size, count) + 0.1 / state.size)[0])
        one = {name: np.full(len(W), value, float) for name, value in parameters.items()}
        own = linearise(model, state, one, np.zeros(len(W)), np.zeros(len(W)))
        sent = np.broadcast_to(model.sent(tuple(state.T), model.coefficients(one)), len(W))
        perturbations = self._method.perturbations.reshape(self.groups, *state.shape, WIDTH)
        self._method.remember(sent, np.einsum("js,gjsl->gjl", own.output_gain, perturbations))
        self._method.send()

    def _columns(self, lanes: np.ndarray) -> np.ndarray:
        """Perturbations [..., group, X, lane] as [... X, column]."""
        return np.moveaxis(lanes, -3, -2).reshape(-1, self.groups * WIDTH)[:, : self.count]

    def _lanes(self, columns: np.ndarray) -> np.ndarray:
        """Perturbations [..., X, column] as [..., group, X, lane]."""
        padded = np.zeros((*columns.shape[:-1], self.groups * WIDTH))
        padded[..., : self.count] = columns
        return np.moveaxis(padded.reshape(*columns.shape[:-1], self.groups, WIDTH), -2, -3)

    def _store(self, columns: np.ndarray) -> None:
        self._method.perturbations[:] = self._lanes(columns)

    @property
    def columns(self) -> np.ndarray:
        """The perturbations [region * state, column]."""
        return self._columns(self._method.perturbations).copy()

    @property
    def state(self) -> np.ndarray:
        """The network's state [region, state]."""
        return self._method.state

    def advance(self, steps: int) -> np.ndarray:
        """Take some steps and orthonormalise; return logarithms of the perturbations' lengths, array (count,)."""
        self._method.run(steps)
        columns = self.columns
        if not np.isfinite(columns).all():
            return np.full(self.count, np.nan)
        Q, R = np.linalg.qr(columns)
        signs = np.where(np.diag(R) < 0, -1.0, 1.0)
        Q, R = Q * signs, R * signs[:, None]
        self._store(Q)
        # the past of the coupling belongs to the perturbations, and turns with them
        past = self._method.past
        turned = solve_triangular(R, self._columns(past).T, trans=1).T.reshape(PAST, -1, self.count)
        past[:] = self._lanes(turned)
        self._method.send()
        return np.log(np.diag(R))

    def follow(self, steps: int) -> None:
        """Take some steps without orthonormalising."""
        self._method.run(steps)

    def with_past(self) -> list[tuple[np.ndarray, ...]]:
        """Take twice as many steps as the coupling is remembered for; return its values, the latest one first."""
        values = []
        for _ in range(2 * PAST):
            self._method.run(1)
            values.append(self._method.newest_past())
        return values[::-1]

    def begin_from(self, other: "NetworkTangentGrowth", past: list[tuple[np.ndarray, ...]]) -> None:
        """Go on from where another run is that takes half the steps; `past` is what it gives `with_past`."""
        self._method.take_over(other._method, past[self._method.newest :: 2])
        self._method.send()

    def snapshot(self) -> dict[str, np.ndarray]:
        """All that changes, to go on from later with the same bits."""
        return {name: array.copy() for name, array in self._method.changing.items()}

    def restore(self, snapshot: Mapping[str, np.ndarray]) -> None:
        """Goes back to a snapshot."""
        for name, array in self._method.changing.items():
            array[:] = snapshot[name]
        self._method.send()
