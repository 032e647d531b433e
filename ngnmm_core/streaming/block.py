"""Blocks of samples on their way to the reducers, with the derived signals that several reducers share."""

from functools import cached_property

import numpy as np

from ngnmm_core.compilation.kernel_cache import compiled_by
from ngnmm_core.kernels.observe import make_observer, make_sums
from ngnmm_core.models._base import Model
from ngnmm_core.streaming.history import History
from ngnmm_core.streaming.moments import Moments
from ngnmm_core.streaming.quantities import quantities

COUNT_MS = 10.0  # every so often, from the start of a window on, a part whose spikes are counted ends


class Observers:
    """The compiled observables of a model, for one batch.

    Parameters
    ----------
    model : Model
    constants : array (flat) [group, (region,) coefficient, lane]
    regional : bool
        Whether every region has coefficients of its own.
    """

    def __init__(self, model: Model, constants: np.ndarray, width: int, regional: bool = False):
        self.model, self.constants = model, constants
        self._sizes = (len(model.states), model.sizes[1], width, regional)
        self._quantities = quantities(model)

    def observable(self):
        """Return the compiled observable of the model."""
        return self._compiled(make_observer, _state(self.model.observable_index), "observable")

    def quantity(self, population: int, kind: str):
        """Return the compiled `rate` or `kuramoto` of a population, which must have it."""
        return self._compiled(make_observer, self._quantities[population, kind], f"{kind}-{population}")

    def sums(self):
        """Return the compiled sums of all `quantities`."""
        return self._compiled(make_sums, tuple(self._quantities.values()), "sums")

    def _compiled(self, make, of, name: str):
        key = (self.model, name, self._sizes)
        if key not in _made:
            _made[key] = compiled_by(make, of, *self._sizes, name=f"{self.model.name}-{name}")
        return _made[key]


def _state(number: int):
    return lambda states, coefficients: states[number]


_made: dict = {}


class Block:
    """Consecutive samples of all points of a batch; arrays below are [sample, group, region, lane] in ms and 1/ms.

    Parameters
    ----------
    states : array [sample, group, region, state, lane]
    observers : Observers
    history : History, optional
        Of the observable in the blocks before, which filters go back to.
    counted : (positions of states, array [count, group, region, position, lane]), optional
        What integrals of rates were taken of while integrating, and these: spikes of a neuron in equal parts of the
        time since the block before.
    """

    def __init__(self, states: np.ndarray, observers: Observers, history: History | None = None, counted=((), None)):
        self.states, self._observers, self._counted = states, observers, counted
        self._history = History() if history is None else history
        self._rates: dict[int, np.ndarray] = {}

    @property
    def samples(self) -> int:
        """Number of samples."""
        return len(self.states)

    @cached_property
    def observable(self) -> np.ndarray:
        """The model's observable, such as v_e."""
        samples, groups, regions, _, width = self.states.shape
        place = self._history.room(samples, (groups, regions, width))
        if self.states.dtype == place.dtype and place.flags.c_contiguous:
            self._fill(self._observers.observable(), place)
        else:
            place[...] = self._observe(self._observers.observable())
        return place

    @property
    def history(self) -> History:
        """The observable so far, this block included."""
        _ = self.observable
        return self._history

    def rate(self, population: int, step: int = 1, first: int = 0) -> np.ndarray:
        """Return the firing rate of a population, 1/ms; every `step`-th sample from the one numbered `first` on."""
        if population in self._rates:
            return self._rates[population][first::step]
        rate = self._observe(self._observers.quantity(population, "rate"), step, first)
        if step == 1:
            self._rates[population] = rate
        return rate

    @property
    def counted(self) -> tuple[int, ...]:
        """Positions of the states that are rates whose spikes have been counted."""
        return self._counted[0]

    def spikes(self, state: int) -> np.ndarray:
        """Spikes of a neuron in equal parts of the block, [part, group, region, lane]; `state` is one of `counted`."""
        positions, counts = self._counted
        return counts[:, :, :, positions.index(state)]

    def kuramoto(self, population: int) -> np.ndarray:
        """Modulus of the Kuramoto order parameter of a population."""
        return self._observe(self._observers.quantity(population, "kuramoto"))

    def add_quantities(self, moments: Moments) -> None:
        """Add all `quantities` of the model to their moments, of channels [group, region, quantity, lane]."""
        groups, regions, _, width = self.states.shape[1:]
        found, constants = list(quantities(self._observers.model)), self._observers.constants
        if self.states.dtype != np.float64:  # sums of its rounded numbers would lose digits
            arrays = {"rate": self.rate, "kuramoto": self.kuramoto}
            moments.consume(np.stack([arrays[kind](population) for population, kind in found], axis=3))
            return
        add_samples = self._observers.sums()

        def add(part, *sums):
            add_samples(self.states[part].reshape(-1), constants, regions, *sums)

        moments.take(self.samples, (groups, regions, len(found), width), add)

    def _observe(self, observe, step: int = 1, first: int = 0) -> np.ndarray:
        samples, groups, regions, _, width = self.states.shape
        out = np.empty((len(range(first, samples, step)), groups, regions, width), self.states.dtype)
        if len(out):
            self._fill(observe, out, step, first)
        return out.astype(float, copy=False)

    def _fill(self, observe, out: np.ndarray, step: int = 1, first: int = 0) -> None:
        """Write what is observed of every `step`-th sample to a contiguous array."""
        regions = self.states.shape[2]
        observe(self.states[first:].reshape(-1), step, self._observers.constants, regions, out.reshape(-1))
