"""How fast perturbations of homogeneous solutions are stretched, for up to eight cases side by side."""

from collections.abc import Mapping

import numpy as np

from ngnmm_core.dynamics.step_size import LEADING
from ngnmm_core.dynamics.variational import WIDTH, constants_of, kernel_of, to_lanes
from ngnmm_core.kernels.lanes import aligned
from ngnmm_core.kernels.lyapunov import make_complex_transverse, make_lyapunov, make_transverse
from ngnmm_core.models._base import Model


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

    Attributes
    ----------
    tangents : array
        The perturbations, [column, state, lane] flat.
    compared : slice
        Perturbations whose growth tells what a step does to exponents (`ngnmm_core.dynamics.step_size`).
    """

    def __init__(self, model: Model, parameters: Mapping[str, np.ndarray], gains: np.ndarray, columns: int):
        self.cases, self.columns, self.size = gains.shape[1], columns, len(model.states)
        self.compared = slice(0, LEADING)
        self._run = kernel_of(model, make_lyapunov)
        self._constants, self._gains = to_lanes(constants_of(model, parameters)), to_lanes(gains)
        self.tangents = to_lanes(np.eye(self.size)[:columns, :, None] + 0.1 / self.size)

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
        self._run(end, self.tangents, self._constants, self._gains, to_lanes(np.full((interval, 1), dt_ms)), logs)
        return (
            end.reshape(self.size, WIDTH)[:, : self.cases].copy(),
            logs.reshape(blocks, self.columns, WIDTH)[:, :, : self.cases].copy(),
        )


class TransverseStretching(TangentGrowth):
    """One perturbation for each of many Lambda, real or complex: array `gains` (1 + Lambda, case)."""

    def __init__(self, model: Model, parameters: Mapping[str, np.ndarray], gains: np.ndarray):
        self.cases, self.columns, self.size = gains.shape[1], len(gains) - 1, len(model.states)
        self.compared = slice(None)
        parts = 2 if np.iscomplexobj(gains) else 1
        self._run = kernel_of(model, make_complex_transverse if parts == 2 else make_transverse)
        feedback = np.stack([gains[1:].real, gains[1:].imag][:parts], axis=1).reshape(-1, self.cases)
        self._constants = to_lanes(constants_of(model, parameters))
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
