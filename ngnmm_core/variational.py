"""The variational equations of a homogeneous solution, for many Lambda side by side."""

from collections.abc import Mapping
from functools import cache

import numpy as np

from ngnmm_core.code_hash import code_hash
from ngnmm_core.engine import coefficient_table
from ngnmm_core.kernel_cache import cached
from ngnmm_core.kernels.lanes import aligned, lane_width
from ngnmm_core.kernels.lyapunov import make_lyapunov
from ngnmm_core.kernels.variational import make_variational
from ngnmm_core.model import Model

WIDTH = lane_width(np.float64)


@cache
def _kernel(model: Model, make):
    """The compiled kernel of one kind (`make_variational` or `make_lyapunov`) for a model."""
    one = {name: np.full(1, value) for name, value in model.resolve({}).items()}
    sizes = (len(model.states), coefficient_table(model, one).shape[1], len(model.drives))
    compiled = make(model.derivative, model.sent, sizes, WIDTH)
    if not model.derivative.__module__.startswith("ngnmm_core."):
        return compiled
    code = code_hash([make.__module__, model.derivative.__module__])
    return cached(compiled, f"{model.name}-{make.__name__.removeprefix('make_')}", code)


def constants_of(model: Model, parameters: Mapping[str, np.ndarray]) -> np.ndarray:
    """The numbers that the kernels need of every point: coefficients and then drives, [number, point]."""
    drives = [np.asarray(parameters[name], float) for name in model.drives]
    return np.concatenate([coefficient_table(model, parameters).T, np.stack(drives)])


class Variational:
    """Propagates one homogeneous state and the perturbations around it.

    Parameters
    ----------
    model : Model
    parameters : mapping of name to float
        All parameters of one point.
    weight : float
        G times the row sum of the connectome.
    """

    def __init__(self, model: Model, parameters: Mapping[str, float], weight: float):
        arrays = {name: np.full(1, float(value)) for name, value in parameters.items()}
        self.size, self.weight = len(model.states), weight
        self._integrate = _kernel(model, make_variational)
        self._constants = to_lanes(constants_of(model, arrays))

    def flow(self, state: np.ndarray, time_ms: float, steps: int, feedback: np.ndarray):
        """The state after `time_ms`, and the matrices that propagate perturbations until then.

        Parameters
        ----------
        state : array (state,)
        steps : int
            Number of Runge-Kutta steps.
        feedback : array (k,)
            G times Lambda, real.

        Returns
        -------
        end : array (state,)
        propagators : array (k, state, state)
        """
        feedback = np.atleast_1d(np.asarray(feedback, float))
        propagators = np.empty((len(feedback), self.size, self.size))
        h = to_lanes(np.full(1, time_ms / steps))
        for start in range(0, len(feedback), WIDTH):
            part = feedback[start : start + WIDTH]
            end = to_lanes(np.asarray(state, float)[:, None])
            tangents = to_lanes(np.eye(self.size)[:, :, None])
            gains = to_lanes(np.stack([np.full(WIDTH, self.weight), np.resize(part, WIDTH)]))
            self._integrate(end, tangents, self._constants, gains, h, steps)
            # stored [column, state, lane]
            block = tangents.reshape(self.size, self.size, WIDTH).transpose(2, 1, 0)
            propagators[start : start + len(part)] = block[: len(part)]
        return end.reshape(self.size, WIDTH)[:, 0].copy(), propagators


class Stretching:
    """Growth of perturbations of homogeneous solutions, for up to eight cases side by side.

    Parameters
    ----------
    model : Model
    parameters : mapping of name to array (case,)
    gains : array (2, case)
        G times the row sum, which the solution feels, and G times Lambda, which the perturbation feels.
    columns : int
        Number of perturbations per case.
    """

    def __init__(self, model: Model, parameters: Mapping[str, np.ndarray], gains: np.ndarray, columns: int):
        self.cases, self.columns, self.size = gains.shape[1], columns, len(model.states)
        self._run = _kernel(model, make_lyapunov)
        self._constants, self._gains = to_lanes(constants_of(model, parameters)), to_lanes(gains)
        start = np.eye(self.size)[:columns, :, None] + 0.1 / self.size
        self._tangents = to_lanes(start)

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
        self._run(end, self._tangents, self._constants, self._gains, to_lanes(np.full(1, dt_ms)), interval, logs)
        return (
            end.reshape(self.size, WIDTH)[:, : self.cases].copy(),
            logs.reshape(blocks, self.columns, WIDTH)[:, :, : self.cases].copy(),
        )


def to_lanes(values: np.ndarray) -> np.ndarray:
    """A flat aligned array of lanes from [..., case] with up to eight cases; the last one fills the rest."""
    values = np.asarray(values, float)
    index = np.minimum(np.arange(WIDTH), values.shape[-1] - 1)
    flat = aligned(int(np.prod(values.shape[:-1])) * WIDTH)
    flat[:] = values[..., index].ravel()
    return flat
