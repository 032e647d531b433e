"""The two methods that integrate a network and perturbations of it, behind one interface: their arrays and kernels.

Models that declare their QIF populations are integrated with the exact flow, all others with Luther's method.
"""

from collections.abc import Mapping
from functools import cache

import numpy as np

from ngnmm_core.compilation.kernel_cache import compiled_by
from ngnmm_core.dynamics.exact_flow import constants_by_blocks, flow_kernel_of, has_flow
from ngnmm_core.dynamics.packing import WIDTH, to_lanes
from ngnmm_core.dynamics.variational import constants_of
from ngnmm_core.kernels import layout
from ngnmm_core.kernels.flow_network_step import FlowTangents, sizes_of
from ngnmm_core.kernels.flow_network_tangents import make_flow_network_tangents
from ngnmm_core.kernels.lanes import aligned
from ngnmm_core.kernels.network_tangents import PAST, Tangents, make_network_tangents
from ngnmm_core.kernels.steppers import multirate, riccati_constants
from ngnmm_core.models._base import Model
from ngnmm_core.simulation.engine import wide_registers
from ngnmm_core.simulation.flow_table import structure_of


@cache
def _luther_kernels(model: Model, rows: int, regional: bool):
    parts = (model.derivative, model.sent, model.sizes)
    return compiled_by(make_network_tangents, *parts, rows, WIDTH, regional, name=f"{model.name}-network")


class LutherNetwork:
    """One network and `groups` times eight perturbations, by Luther's method; the state is a group of its own.

    Attributes
    ----------
    perturbations : array [group, region * state, lane]
    past : array [slot, group, region, lane]
        Coupling of the perturbations at past steps.
    changing : dict of arrays
        All that changes in a run.
    """

    newest = 1  # how many steps ago the newest value of the past was

    def __init__(self, model: Model, W: np.ndarray, parameters: Mapping[str, float | np.ndarray], state: np.ndarray,
                 groups: int, dt_ms: float):  # fmt: skip
        rows = layout.row_block(len(W), wide_registers())
        self.W, self.weights, self.shape, lanes = W, layout.pack_weights(W, rows), state.shape, 1 + groups
        regional = any(np.ndim(value) for value in parameters.values())
        arrays = {name: np.full(len(W) if regional else 1, value, float) for name, value in parameters.items()}
        constants, gain = constants_of(model, arrays), arrays["G"]
        if regional:
            constants, gain = constants.T[..., None], gain[:, None]
        self.gain = np.full(len(W), parameters["G"], float)
        one = lanes * len(W) * WIDTH
        self.work = Tangents(
            aligned(one * state.shape[1], stagger=3), aligned(one, stagger=18), aligned(one, stagger=23),
            aligned(PAST * one, stagger=41), aligned(lanes * self.weights.rows * WIDTH, stagger=29),
            to_lanes(constants), to_lanes(gain),
            np.ascontiguousarray(multirate.extrapolation(1, PAST).ravel()), np.zeros(1, np.int64),
        )  # fmt: skip
        self._run, self._send = _luther_kernels(model, rows, regional)
        self._h = to_lanes(np.full(1, dt_ms))
        self._all_past = self.work.past.reshape(PAST, lanes, len(W), WIDTH)
        self.past = self._all_past[:, 1:]
        values = self.work.values.reshape(lanes, state.size, WIDTH)
        self.perturbations, self._state = values[1:], values[0].reshape(*state.shape, WIDTH)
        self._state[:] = state[..., None]
        self.changing = {name: getattr(self.work, name) for name in ("values", "sent", "past", "position")}

    @property
    def state(self) -> np.ndarray:
        """The network's state [region, state]."""
        return self._state[..., 0].copy()

    def send(self) -> None:
        """Work out what is sent, after states or perturbations were changed."""
        self._send(self.work, self.weights)

    def run(self, steps: int) -> None:
        """Take some steps."""
        self._run(self.work, self.weights, self._h, steps)

    def remember(self, sent: np.ndarray, perturbations: np.ndarray) -> None:
        """Fill the past with the coupling of what is sent, [region] and [group, region, lane], in the present."""
        self.past[:] = self.gain[:, None] * np.einsum("ij,gjl->gil", self.W, perturbations)
        self._all_past[:, 0] = (self.gain * (self.W @ sent))[:, None]

    def newest_past(self) -> tuple[np.ndarray, ...]:
        """Copy the newest value of the past, that of the state included."""
        return (self._all_past[self.work.position[0]].copy(),)

    def take_over(self, other: "LutherNetwork", past: list[tuple[np.ndarray, ...]]) -> None:
        """Take the values of another run, and its past, the newest value first."""
        self.work.values[:] = other.work.values
        self.work.position[0] = 0
        for k, (coupling,) in enumerate(past):
            self._all_past[-k % PAST] = coupling


class FlowNetwork(LutherNetwork):
    """The same by the exact flow; regions are the lanes of the state."""

    work: FlowTangents  # type: ignore[assignment]
    newest = 0

    def __init__(self, model: Model, W: np.ndarray, parameters: Mapping[str, float | np.ndarray], state: np.ndarray,
                 groups: int, dt_ms: float):  # fmt: skip
        rows = layout.row_block(len(W), wide_registers())
        self.W, self.weights, self.shape = W, layout.pack_weights(W, rows), state.shape
        n, states = state.shape
        blocks, one = -(-n // WIDTH), groups * n * WIDTH
        size = sizes_of(structure_of(model).populations, states)
        padded = blocks * WIDTH
        own = lambda name, count=1: aligned(count * size[name] * WIDTH)
        self.work = FlowTangents(
            aligned(states * padded, stagger=3), aligned(padded, stagger=18), aligned(PAST * padded, stagger=23),
            own("state_kept", blocks), own("units_kept", blocks), own("slopes"), own("unit"), own("answers"),
            own("sending", blocks), own("moving", blocks),
            aligned(one * states, stagger=3), aligned(one, stagger=18), aligned(one, stagger=29),
            aligned(PAST * one, stagger=41), aligned(rows * WIDTH, stagger=29),
            constants_by_blocks(model, parameters, n, dt_ms), np.full(n, parameters["G"], float),
            np.ascontiguousarray(riccati_constants.extrapolation(PAST).ravel()), np.zeros(1, np.int64),
        )  # fmt: skip
        self.gain = self.work.gain
        self._run, self._send = flow_kernel_of(model, make_flow_network_tangents, rows)
        self._h = to_lanes(np.full(1, dt_ms))
        self.past = self.work.past.reshape(PAST, groups, n, WIDTH)
        self._state_past = self.work.state_past.reshape(PAST, padded)
        self.perturbations = self.work.values.reshape(groups, n * states, WIDTH)
        self._state = self.work.state.reshape(blocks, states, WIDTH)
        filled = state[np.minimum(np.arange(padded), n - 1)]
        self._state[:] = np.moveaxis(filled.reshape(blocks, WIDTH, states), 1, 2)
        names = ("state", "state_past", "values", "past", "position")
        self.changing = {name: getattr(self.work, name) for name in names}

    @property
    def state(self) -> np.ndarray:
        """The network's state [region, state]."""
        return np.moveaxis(self._state, 1, 2).reshape(-1, self.shape[1])[: self.shape[0]].copy()

    def remember(self, sent: np.ndarray, perturbations: np.ndarray) -> None:
        """Fill the past with the coupling of what is sent in the present."""
        self.past[:] = self.gain[:, None] * np.einsum("ij,gjl->gil", self.W, perturbations)
        self._state_past[:, : len(sent)] = self.gain * (self.W @ sent)

    def newest_past(self) -> tuple[np.ndarray, ...]:
        """Copy the newest value of the past, that of the perturbations and that of the state."""
        position = self.work.position[0]
        return self.past[position].copy(), self._state_past[position].copy()

    def take_over(self, other: "FlowNetwork", past: list[tuple[np.ndarray, ...]]) -> None:  # type: ignore[override]
        """Take the values of another run, and its past, the newest value first."""
        self.work.values[:] = other.work.values
        self.work.state[:] = other.work.state
        self.work.position[0] = 0
        for k, (coupling, own) in enumerate(past):
            self.past[-k % PAST], self._state_past[-k % PAST] = coupling, own


def method_of(model: Model, exact: bool | None = None) -> type[LutherNetwork]:
    """Return the method for a model: the exact flow where it has it, or as it is asked for."""
    return FlowNetwork if (has_flow(model) if exact is None else exact) else LutherNetwork
