"""How a network and many perturbations of it evolve, with the perturbations orthonormalised at intervals."""

from collections.abc import Mapping
from functools import cache

import numpy as np
from scipy.linalg import solve_triangular

from ngnmm_core.compilation.kernel_cache import compiled_by
from ngnmm_core.dynamics.variational import WIDTH, constants_of, to_lanes
from ngnmm_core.kernels import layout
from ngnmm_core.kernels.lanes import aligned
from ngnmm_core.kernels.network_tangents import PAST, Tangents, make_network_tangents
from ngnmm_core.kernels.steppers import multirate
from ngnmm_core.models._base import Model
from ngnmm_core.simulation.engine import wide_registers


@cache
def _kernels(model: Model, rows: int, regional: bool):
    parts = (model.derivative, model.sent, model.sizes)
    return compiled_by(make_network_tangents, *parts, rows, WIDTH, regional, name=f"{model.name}-network")


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
    """

    def __init__(self, model: Model, W: np.ndarray, parameters: Mapping, state: np.ndarray, count: int, dt_ms: float):
        self.count, self.shape, self.dt_ms = count, state.shape, dt_ms
        self.groups = 1 + -(-count // WIDTH)
        rows = layout.row_block(len(W), wide_registers())
        self.weights = layout.pack_weights(W, rows)
        regional = any(np.ndim(value) for value in parameters.values())
        arrays = {name: np.full(len(W) if regional else 1, value, float) for name, value in parameters.items()}
        constants, gain = constants_of(model, arrays), arrays["G"]
        if regional:
            constants, gain = constants.T[..., None], gain[:, None]
        one = self.groups * len(W) * WIDTH
        self.work = Tangents(
            aligned(one * state.shape[1], stagger=3), aligned(one, stagger=18), aligned(one, stagger=23),
            aligned(PAST * one, stagger=41), aligned(self.groups * self.weights.rows * WIDTH, stagger=29),
            to_lanes(constants), to_lanes(gain),
            np.ascontiguousarray(multirate.extrapolation(1, PAST).ravel()), np.zeros(1, np.int64),
        )  # fmt: skip
        self._run, self._send = _kernels(model, rows, regional)
        self._h = to_lanes(np.full(1, dt_ms))
        self._values()[0] = state[..., None]
        size = state.size
        if count:
            self._store(np.linalg.qr(np.eye(size, count) + 0.1 / size)[0])
        self._send(self.work, self.weights)
        self._remember()

    def _values(self) -> np.ndarray:
        return self.work.values.reshape(self.groups, *self.shape, WIDTH)

    def _remember(self) -> None:
        """Fill the past with the coupling as it is."""
        W = self._unpacked()
        sent = self.work.sent.reshape(self.groups, len(W), WIDTH)
        past = self.work.past.reshape(PAST, self.groups, len(W), WIDTH)
        past[:] = self.work.gain.reshape(-1, WIDTH)[:, :1] * np.einsum("ij,gjl->gil", W, sent)

    def _unpacked(self) -> np.ndarray:
        n, rows = self.weights.regions, self.weights.rows
        return self.weights.packed.reshape(-1, n, rows).transpose(0, 2, 1).reshape(-1, n)[:n]

    def _columns(self, lanes: np.ndarray) -> np.ndarray:
        """Perturbations [..., group, X, lane], the state left out, as [... X, column]."""
        columns = np.moveaxis(lanes[..., 1:, :, :], -3, -2)
        return columns.reshape(-1, (self.groups - 1) * WIDTH)[:, : self.count]

    def _store(self, columns: np.ndarray) -> None:
        padded = np.zeros((len(columns), (self.groups - 1) * WIDTH))
        padded[:, : self.count] = columns
        lanes = np.moveaxis(padded.reshape(-1, self.groups - 1, WIDTH), 1, 0)
        self.work.values.reshape(self.groups, -1, WIDTH)[1:] = lanes

    @property
    def state(self) -> np.ndarray:
        """The network's state [region, state]."""
        return self._values()[0, ..., 0].copy()

    def advance(self, steps: int) -> np.ndarray:
        """Take some steps and orthonormalise; return logarithms of the perturbations' lengths, array (count,)."""
        self._run(self.work, self.weights, self._h, steps)
        columns = self._columns(self.work.values.reshape(self.groups, -1, WIDTH))
        if not np.isfinite(columns).all():
            return np.full(self.count, np.nan)
        Q, R = np.linalg.qr(columns)
        signs = np.where(np.diag(R) < 0, -1.0, 1.0)
        Q, R = Q * signs, R * signs[:, None]
        self._store(Q)
        # the past of the coupling belongs to the perturbations, and turns with them
        past = self.work.past.reshape(PAST, self.groups, -1, WIDTH)
        turned = solve_triangular(R, self._columns(past).T, trans=1).T.reshape(PAST, -1, self.count)
        padded = np.zeros((*turned.shape[:2], (self.groups - 1) * WIDTH))
        padded[..., : self.count] = turned
        past[:, 1:] = np.moveaxis(padded.reshape(*turned.shape[:2], self.groups - 1, WIDTH), 2, 1)
        self._send(self.work, self.weights)
        return np.log(np.diag(R))

    def follow(self, steps: int) -> None:
        """Take some steps without orthonormalising."""
        self._run(self.work, self.weights, self._h, steps)

    def with_past(self) -> list[np.ndarray]:
        """Take twice as many steps as the coupling is remembered for; return its values, the latest one first."""
        values = []
        for _ in range(2 * PAST):
            self.follow(1)
            values.append(self.work.past.reshape(PAST, -1)[self.work.position[0]].copy())
        return values[::-1]

    def begin_from(self, other: "NetworkTangentGrowth", past: list[np.ndarray]) -> None:
        """Go on from where another run is that takes half the steps; `past` is what it gives `with_past`."""
        self.work.values[:] = other.work.values
        self.work.position[0] = 0
        slots = self.work.past.reshape(PAST, -1)
        for k, coupling in enumerate(past[1::2]):  # one, two, ... steps ago
            slots[-k % PAST] = coupling
        self._send(self.work, self.weights)

    def snapshot(self) -> dict[str, np.ndarray]:
        """All that changes, to go on from later with the same bits."""
        return {name: getattr(self.work, name).copy() for name in ("values", "sent", "past", "position")}

    def restore(self, snapshot: Mapping[str, np.ndarray]) -> None:
        """Goes back to a snapshot."""
        for name in ("values", "sent", "past", "position"):
            getattr(self.work, name)[:] = snapshot[name]
