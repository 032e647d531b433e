"""How fast perturbations of homogeneous solutions are stretched, for up to eight cases side by side.

Models that declare their QIF populations are integrated with the exact flow, all others with Luther's method.
"""

from collections.abc import Mapping

import numpy as np

from ngnmm_core.dynamics.exact_flow import flow_constants, flow_kernel_of, has_flow
from ngnmm_core.dynamics.packing import WIDTH, to_lanes
from ngnmm_core.dynamics.step_size import LEADING
from ngnmm_core.dynamics.variational import constants_of, kernel_of
from ngnmm_core.kernels.flow_tangents import (
    ROOM,
    make_complex_flow_transverse,
    make_flow_lyapunov,
    make_flow_transverse,
)
from ngnmm_core.kernels.lanes import aligned
from ngnmm_core.kernels.lyapunov import make_complex_transverse, make_lyapunov, make_transverse
from ngnmm_core.models._base import Model
from ngnmm_core.simulation.step_choice import LONGEST_MS

LUTHER_MS = 0.05


def longest_step(model: Model) -> float:
    """Longest step (ms) that is tried for a model."""
    return LONGEST_MS if has_flow(model) else LUTHER_MS


class TangentGrowth:
    """Perturbations that are kept orthogonal to each other, and all feel the same feedback.

    Parameters
    ----------
    model : Model
    parameters : mapping of name to array (case,)
    gains : array (2, case)
        G times the row sum, which the solution feels, and G times Lambda, which the perturbations feel.
    columns : int
        Number of perturbations per case.
    exact : bool, optional
        Whether to use the exact flow; where the model has it if not given.

    Attributes
    ----------
    tangents : array
        The perturbations, [column, state, lane] flat.
    compared : slice
        Perturbations whose growth tells what a step does to exponents (`ngnmm_core.dynamics.step_size`).
    """

    def __init__(self, model: Model, parameters: Mapping[str, np.ndarray], gains: np.ndarray, columns: int,
                 exact: bool | None = None):  # fmt: skip
        self._prepare(model, parameters, gains, (make_flow_lyapunov, make_lyapunov), exact)
        self.columns, self.compared = columns, slice(0, LEADING)
        self._gains = to_lanes(gains)
        self.tangents = to_lanes(np.eye(self.size)[:columns, :, None] + 0.1 / self.size)

    def _prepare(self, model: Model, parameters, gains: np.ndarray, makers, exact: bool | None) -> None:
        """Take the kernel of the method and what it needs of the cases."""
        self.cases, self.size = gains.shape[1], len(model.states)
        self._model, self._parameters = model, parameters
        self._exact = has_flow(model) if exact is None else exact
        self._run = flow_kernel_of(model, makers[0]) if self._exact else kernel_of(model, makers[1])
        self._constants: dict[float, np.ndarray] = {}

    def _constants_for(self, dt_ms: float) -> np.ndarray:
        """Return what the kernel needs of the cases; with the exact flow, for steps of this length."""
        if dt_ms not in self._constants:
            if self._exact:
                self._constants[dt_ms] = flow_constants(self._model, self._parameters, dt_ms, ROOM)
            else:
                self._constants[dt_ms] = to_lanes(constants_of(self._model, self._parameters))
        return self._constants[dt_ms]

    def run(self, state: np.ndarray, dt_ms: float, interval: int, blocks: int) -> tuple[np.ndarray, np.ndarray]:
        """Logarithmic growth in each of `blocks` intervals of `interval` steps.

        Parameters
        ----------
        state : array (state, case)

        Returns
        -------
        end : array (state, case)
        logs : array (block, column, case)
        """
        end = to_lanes(state)
        logs = aligned(blocks * self.columns * WIDTH)
        h = to_lanes(np.full((interval, 1), dt_ms))
        self._run(end, self.tangents, self._constants_for(dt_ms), self._gains, h, logs)
        return (
            end.reshape(self.size, WIDTH)[:, : self.cases].copy(),
            logs.reshape(blocks, self.columns, WIDTH)[:, :, : self.cases].copy(),
        )


class TransverseStretching(TangentGrowth):
    """One perturbation for each of many Lambda, real or complex: array `gains` (1 + Lambda, case)."""

    def __init__(self, model: Model, parameters: Mapping[str, np.ndarray], gains: np.ndarray,
                 exact: bool | None = None):  # fmt: skip
        parts = 2 if np.iscomplexobj(gains) else 1
        makers = (make_flow_transverse, make_transverse)
        if parts == 2:
            makers = (make_complex_flow_transverse, make_complex_transverse)
        self._prepare(model, parameters, gains, makers, exact)
        self.columns, self.compared = len(gains) - 1, slice(None)
        feedback = np.stack([gains[1:].real, gains[1:].imag][:parts], axis=1).reshape(-1, self.cases)
        self._gains = to_lanes(np.concatenate([gains[:1].real, feedback]))
        start = np.zeros((self.columns, parts, self.size, 1))
        start[:, 0] = self.size**-0.5
        self.tangents = to_lanes(start)


def warm_tangent_growth(model: Model, complex_modes: bool | None = None) -> None:
    """Compiles the kernels; those of the perturbations along Lambda if it is told whether they are complex."""
    arrays = {name: np.full(1, float(value)) for name, value in model.resolve({}).items()}
    state, gains = np.zeros((len(model.states), 1)), np.ones((2, 1))
    TangentGrowth(model, arrays, gains, 1).run(state, 1e-3, 1, 1)
    if complex_modes is not None:
        TransverseStretching(model, arrays, gains + (1j if complex_modes else 0.0)).run(state, 1e-3, 1, 1)
