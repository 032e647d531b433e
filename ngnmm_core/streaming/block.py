"""Blocks of samples on their way to the reducers, with the derived signals that several reducers share."""

from functools import cached_property

import numpy as np

from ngnmm_core.compilation.kernel_cache import compiled_by
from ngnmm_core.kernels.observe import make_observer
from ngnmm_core.models._base import Model


class Observers:
    """The compiled observables of a model's populations, for one batch.

    Parameters
    ----------
    model : Model
    constants : array (flat) [group, (region,) coefficient, lane]
    regional : bool
        Whether every region has coefficients of its own.
    """

    def __init__(self, model: Model, constants: np.ndarray, width: int, regional: bool = False):
        self.model, self.constants = model, constants
        sizes = (len(model.states), model.sizes[1], width, regional)
        self._rates = [_compiled(model, f"rate-{p.name}", p.rate, sizes) if p.rate else None for p in model.populations]
        self._moduli = [
            _compiled(model, f"kuramoto-{p.name}", p.kuramoto, sizes) if p.kuramoto else None for p in model.populations
        ]

    def rate(self, population: int):
        """Return the compiled firing rate of a population, or None."""
        return self._rates[population]

    def kuramoto(self, population: int):
        """Return the compiled Kuramoto modulus of a population, or None."""
        return self._moduli[population]


_made: dict = {}


def _compiled(model, name, function, sizes):
    key = (model, name, sizes)
    if key not in _made:
        _made[key] = compiled_by(make_observer, function, *sizes, name=f"{model.name}-{name}")
    return _made[key]


class Block:
    """Consecutive samples of all points of a batch; arrays below are [sample, group, region, lane] in ms and 1/ms."""

    def __init__(self, states: np.ndarray, observers: Observers):
        self.states, self._observers = states, observers
        self._rates: dict[int, np.ndarray] = {}

    @property
    def samples(self) -> int:
        """Number of samples."""
        return len(self.states)

    @cached_property
    def observable(self) -> np.ndarray:
        """The model's observable, such as v_e."""
        return np.ascontiguousarray(self.states[:, :, :, self._observers.model.observable_index], float)

    def rate(self, population: int) -> np.ndarray:
        """Return the firing rate of a population, 1/ms."""
        if population not in self._rates:
            self._rates[population] = self._observe(self._observers.rate(population))
        return self._rates[population]

    def kuramoto(self, population: int) -> np.ndarray:
        """Modulus of the Kuramoto order parameter of a population."""
        return self._observe(self._observers.kuramoto(population))

    def _observe(self, observe) -> np.ndarray:
        samples, groups, regions, _, width = self.states.shape
        out = np.empty((samples, groups, regions, width), self.states.dtype)
        observe(self.states.reshape(-1), self._observers.constants, regions, out.reshape(-1))
        return out.astype(float, copy=False)
