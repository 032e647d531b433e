"""A batch of parameter points on their way through time, laid out in lanes for a compiled integrator."""

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from ngnmm_core.kernels import layout
from ngnmm_core.kernels.steppers.history import DelayedWeights
from ngnmm_core.kernels.steppers.riccati_constants import Structure
from ngnmm_core.kernels.steppers.volley import volley_steps
from ngnmm_core.simulation.delays import delayed_weights, history_arrays
from ngnmm_core.simulation.engine import Engine, wide_registers
from ngnmm_core.simulation.flow_table import flow_table, ladder_level, structure_of
from ngnmm_core.simulation.noise import Noises, coloured_constants
from ngnmm_core.simulation.own_times import point_factors
from ngnmm_core.simulation.spike_counts import spike_unit
from ngnmm_core.simulation.waveforms import Schedule


def _spread(parameters: Mapping[str, Any], regions: int) -> tuple[dict[str, np.ndarray], bool]:
    """Give all parameters the same shape: (point,), or (point, region) if any of them differs between regions."""
    found = {name: np.asarray(values, float) for name, values in parameters.items()}
    if all(values.ndim == 1 for values in found.values()):
        return found, False
    points = len(next(iter(found.values())))
    shaped = {name: values.reshape(points, -1) for name, values in found.items()}
    return {name: np.broadcast_to(values, (points, regions)) for name, values in shaped.items()}, True


class Run:
    """A batch of points on their way through time.

    Parameters
    ----------
    engine : Engine
    parameters : mapping of parameter name to array (point,) or (point, region)
        All of the model's parameters, `G` included; at most `engine.batch_size` points.
    initial : array (point, region, state)
    lesions : pair of arrays (point, region), optional
        What multiplies the signal a region sends, and the coupling that it receives.
    noise : Noises, optional
        The additive noise of all points, or a tuple of what it consists of.
    """

    def __init__(self, engine: Engine, parameters, initial, lesions=(None, None), noise: tuple = ()):
        parameters, regional = _spread(parameters, engine.regions)
        engine = replace(engine, regional=regional)
        model, width, dtype = engine.model, engine.width, engine.dtype
        points = len(initial)
        ones = np.ones((points, engine.regions))
        mask, gain = (ones if factor is None else factor for factor in lesions)
        self.noise = noise = Noises(*noise)
        seeds = np.zeros(points, np.int64) if noise.seeds is None else np.asarray(noise.seeds)
        per_point = (
            initial,
            model.coefficient_table(parameters),
            np.stack([parameters[name] for name in model.drives], axis=-1),
            gain * parameters["G"].reshape(points, -1),
            mask,
            1.0 / model.noise_time_constants(parameters) if model.noisy_states else ones[:, :1],
        )
        sigmas = np.broadcast_to(np.reshape(noise.sigma, (-1, *[1] * (per_point[-1].ndim - 1))), per_point[-1].shape)
        lanes = [layout.to_lanes(array, width, dtype) for array in per_point]
        mixture = layout.to_lanes(noise.mixture(points), width, dtype)
        self.batch = layout.Batch(*lanes, layout.to_lanes(seeds, width, np.int64), mixture)  # type: ignore[call-arg]
        self._inverse_time_constants = lanes[-1].copy()
        self._sigma = layout.to_lanes(sigmas, width, dtype)
        exact = layout.to_lanes(initial, width)
        self._left_out = exact - exact.astype(dtype)  # of the initial states, by rounding
        self._intensity = sigmas * per_point[-1]
        self.engine, self.points = engine, points
        self._parameters = parameters
        self._dt: float | None = None
        rows = layout.row_block(engine.regions, wide_registers())
        self._packed = layout.pack_weights(engine.W, rows, dtype)
        self.weights: layout.Weights | DelayedWeights = self._packed
        groups = self.batch.gain.size // (engine.regions * width)
        self.shape = (groups, engine.regions, len(model.states), width)
        self.stimuli, self._step = layout.no_stimuli(dtype), 0
        self._schedule: Schedule | None = None
        self.work = self._new_work(0)
        self._integrate = engine.compile()
        self.spikes = np.zeros((0, *self.shape[:2], len(engine.counted), width))  # of a neuron, in the last `advance`
        unit = spike_unit(model, engine.integrator, parameters)
        self._spike_unit = 1.0 if unit is None else layout.to_lanes(unit, width).reshape(-1, *unit.shape[1:], width)
        self.cpu_seconds = 0.0  # of the integrator so far

    def _new_work(self, stimuli: int) -> layout.Work:
        model = self.engine.model
        sizes = (len(model.states), len(model.drives), stimuli, max(len(model.noisy_states), 1))
        work = layout.new_work(sizes, self._packed, self.shape[0], self.engine.nodes)
        if self.engine.watches and work.rest.size == self.batch.state.size:
            work.rest[:] = self._left_out
        if self.engine.nodes.filters:
            work.filters[:] = self._filters(structure_of(model))
        return work

    def _filters(self, structure: Structure) -> np.ndarray:
        """Give the filters of rates as they start: flat [group, region, slot, population, lane].

        What is sent in place of a rate starts at 0, so that no coupling enters the others yet.
        """
        states = self.batch.state.reshape(self.shape)
        start = np.zeros((*self.shape[:2], structure.kept, structure.populations, self.shape[3]), states.dtype)
        for slot, places in enumerate(structure.filters, int(structure.filtered)):
            for population, place in enumerate(places):
                if place >= 0:
                    start[:, :, slot, population] = states[:, :, place]
        return start.ravel()

    def stimulate(self, schedule: Schedule) -> None:
        """Add time-varying input from the first step on; must be called before `advance`."""
        self._schedule = schedule
        self._stimulus_shape = layout.to_lanes(schedule.shape(), self.engine.width, self.engine.dtype)
        self.work, self._dt = self._new_work(len(schedule.target)), None
        self._integrate = self.engine.compile(stimulated=True)

    def _stimuli_for(self, dt: float, steps: int) -> layout.Stimuli:
        powers = self._schedule.powers(self._step, steps, dt)
        self._step += steps
        groups, width = self.shape[0], self.engine.width
        lanes = layout.to_lanes(powers, width, self.engine.dtype).reshape(groups, steps, *powers.shape[2:], width)
        by_step = np.ascontiguousarray(np.moveaxis(lanes, 1, 0)).ravel()
        return layout.Stimuli(self._schedule.target, self._stimulus_shape, by_step)

    @property
    def states(self) -> np.ndarray:
        """Current states, a view [group, region, state, lane]."""
        return self.batch.state.reshape(self.shape)

    @property
    def watched(self) -> np.ndarray:
        """The largest error [point] of a step so far, as the method sees it; 0 for methods that don't look."""
        squares = self.work.watch.reshape(self.shape[0], -1, self.engine.width).max(axis=1)
        return np.sqrt(squares.ravel()[: self.points])

    def advance(self, dt: float, steps: int, samples: int, counts: int = 1) -> np.ndarray:
        """Run `steps` steps of `dt` ms `samples` times; give states [sample, group, region, state, lane] after each.

        `spikes` [count, group, region, counted population, lane] are then those of each of `counts` equal parts of that
        time.
        """
        out = np.empty((samples, self.batch.state.size), self.engine.dtype)
        if dt != self._dt:
            self._prepare(dt)
        if self._schedule is not None:
            self.stimuli = self._stimuli_for(dt, steps * samples)
        self.batch.amplitude[:] = self._inverse_time_constants * (self._sigma * np.sqrt(dt))
        began = time.process_time()
        spikes = np.empty((counts, self.work.spikes.size), out.dtype)
        self._integrate(self.batch, self.stimuli, self.work, self.weights, out.dtype.type(dt), steps, out, spikes)
        self.cpu_seconds += time.process_time() - began
        self.spikes = spikes.reshape(counts, *self.spikes.shape[1:]) * self._spike_unit
        return out.reshape(samples, *self.shape)

    def _prepare(self, dt: float) -> None:
        """Works out what depends on the step: constants of coloured noise and of the Riccati step."""
        longest = dt
        factor = float(np.max(point_factors(self.engine.model, self._parameters)))
        delay_ms = 0.0 if self.engine.delays is None else self.engine.delays.longest_ms(self.engine.W)
        self.work.counters[layout.VOLLEY] = volley_steps(dt, factor, delay_ms)
        if self.work.constants.size:
            longest, self.work.counters[layout.LEVEL] = ladder_level(dt, factor)
            self.work.constants[:] = flow_table(self.engine, self._parameters, self._intensity, (dt, longest))
        if self.engine.delays is not None:
            self._prepare_delays(dt)
        if self.engine.coloured:
            tau_ms = np.broadcast_to(np.asarray(self.noise.tau_ms, float), self.points)
            self.work.colour[:] = layout.to_lanes(coloured_constants(tau_ms, longest), self.engine.width)
        self._dt = dt

    def _prepare_delays(self, dt: float) -> None:
        """Lay out what is kept of the past, and what is read of it in steps of `dt` ms."""
        if self._dt is not None:
            raise ValueError(f"a step of {dt} ms after steps of {self._dt} ms, for which the past is kept")
        engine, groups = self.engine, self.shape[0]
        weights = delayed_weights(engine.W, engine.delays, dt, engine.dtype, engine.method)
        self.work = self.work._replace(near=np.zeros_like(self.work.past), **history_arrays(weights, groups))
        self.weights = weights

    def snapshot(self) -> tuple:
        """All that the way from here on depends on, for `restore`."""
        return tuple(array.copy() for array in self._remembered), self._step

    @property
    def _remembered(self) -> tuple[np.ndarray, ...]:
        """The arrays that the way from here on depends on; Brownian paths are drawn anew, coloured ones go on."""
        work = self.work
        paths = (work.brownian, work.coloured) if self.engine.coloured else ()
        sent = (work.history, work.ahead, work.near) if self.engine.delays is not None else ()
        return (self.batch.state, work.rest, work.past, work.counters, work.filters, work.watch, *paths, *sent)

    def restore(self, snapshot: tuple) -> None:
        """Goes back to a snapshot: the same steps then give the same bits."""
        arrays, self._step = snapshot
        # a snapshot of the start has neither these nor a past, which the first step fills
        of_the_step = self.work.counters[layout.OF_THE_STEP]
        for array, kept in zip(self._remembered, arrays, strict=True):
            array[:] = kept
        self.work.counters[layout.OF_THE_STEP] = of_the_step

    def by_point(self, array: np.ndarray) -> np.ndarray:
        """Reshape an array [group, X..., lane] to [point, X...], without the padding."""
        return np.moveaxis(array, -1, 1).reshape(-1, *array.shape[1:-1])[: self.points]
