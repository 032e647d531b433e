"""The variational equations of a homogeneous solution, for many Lambda side by side."""

from collections.abc import Mapping
from functools import cache

import numpy as np

from ngnmm_core.code_hash import code_hash
from ngnmm_core.engine import coefficient_table
from ngnmm_core.kernel_cache import cached
from ngnmm_core.kernels.lanes import aligned, lane_width
from ngnmm_core.kernels.variational import make_variational
from ngnmm_core.model import Model

WIDTH = lane_width(np.float64)


@cache
def _kernel(model: Model):
    one = {name: np.full(1, value) for name, value in model.resolve({}).items()}
    sizes = (len(model.states), coefficient_table(model, one).shape[1], len(model.drives))
    integrate = make_variational(model.derivative, model.sent, sizes, WIDTH)
    if not model.derivative.__module__.startswith("ngnmm_core."):
        return integrate
    code = code_hash(["ngnmm_core.kernels.variational", model.derivative.__module__])
    return cached(integrate, f"{model.name}-variational", code)


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
        constants = [*coefficient_table(model, arrays)[0], *(arrays[name][0] for name in model.drives)]
        self.size, self.weight = len(model.states), weight
        self._integrate = _kernel(model)
        self._constants = _lanes(np.array(constants)[:, None])

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
        h = _lanes(np.full(1, time_ms / steps))
        for start in range(0, len(feedback), WIDTH):
            part = feedback[start : start + WIDTH]
            padded = np.resize(part, WIDTH)
            end = _lanes(np.asarray(state, float)[:, None])
            tangents = _lanes(np.eye(self.size)[:, :, None])
            gains = _lanes(np.stack([np.full(WIDTH, self.weight), padded]))
            self._integrate(end, tangents, self._constants, gains, h, steps)
            # stored [column, state, lane]
            block = tangents.reshape(self.size, self.size, WIDTH).transpose(2, 1, 0)
            propagators[start : start + len(part)] = block[: len(part)]
        return end.reshape(self.size, WIDTH)[:, 0].copy(), propagators


def _lanes(values: np.ndarray) -> np.ndarray:
    """A flat aligned array of lanes from an array whose last axis is the lane, or a single number for all lanes."""
    shape = (*values.shape[:-1], WIDTH)
    flat = aligned(int(np.prod(shape)))
    flat[:] = np.broadcast_to(values, shape).ravel()
    return flat
