"""Homogeneous solutions and the perturbations around them, for many points: eight side by side, in any order.

Lanes do not act on each other, so what comes out for a point does not depend on the points beside it.
"""

from collections.abc import Mapping, Sequence
from copy import copy
from functools import cache

import numpy as np

from ngnmm_core.compilation.kernel_cache import compiled_by
from ngnmm_core.dynamics.packing import WIDTH, copied, identity, padded_steps, to_groups, to_lanes
from ngnmm_core.kernels.lanes import aligned
from ngnmm_core.kernels.mesh import make_mesh
from ngnmm_core.kernels.trajectory import make_trajectory
from ngnmm_core.kernels.variational import make_complex_variational, make_variational
from ngnmm_core.models._base import Model
from ngnmm_core.simulation.own_times import state_factors, time_factor

MOST_STEPS = 64  # of a mesh, per longest step on average
FIRST_ROWS = 256  # of a mesh, looked at first: most have no more steps
SETS = 12  # of perturbations in one pass: as many as stay in the first-level cache


@cache
def kernel_of(model: Model, make):
    """Return the compiled kernel of one kind (such as `make_variational`) for a model."""
    name = f"{model.name}-{make.__name__.removeprefix('make_')}"
    return compiled_by(make, model.derivative, model.sent, model.sizes, WIDTH, name=name)


def constants_of(model: Model, parameters: Mapping[str, np.ndarray]) -> np.ndarray:
    """Collect the numbers that the kernels need of every point: coefficients and then drives, [number, point]."""
    drives = [np.asarray(parameters[name], float) for name in model.drives]
    return np.concatenate([model.coefficient_table(parameters).T, np.stack(drives)])


class Solutions:
    """Propagates homogeneous states of many points, and perturbations around them.

    Parameters
    ----------
    model : Model
    parameters : mapping of name to array (point,)
        All parameters.
    weight : array (point,)
        G times the row sum of the connectome.

    Attributes
    ----------
    time_factor : array (point,)
        How much longer all time constants are than the model's defaults: see `own_times`.
    units : array (point, state)
        What each state's unit is in that unit of time: 1 for default time constants.
    """

    def __init__(self, model: Model, parameters: Mapping[str, np.ndarray], weight: np.ndarray):
        self.model, self.size = model, len(model.states)
        self.parameters, self.weight = parameters, np.asarray(weight, float)
        self._constants = constants_of(model, parameters)
        self.time_factor = time_factor(model, parameters) * np.ones(len(self.weight))
        self.units = state_factors(model, self.time_factor)

    def take(self, index: np.ndarray) -> "Solutions":
        """Select some of the points."""
        some = copy(self)
        some.parameters = {name: values[index] for name, values in self.parameters.items()}
        some.weight, some._constants = self.weight[index], self._constants[:, index]
        some.time_factor, some.units = self.time_factor[index], self.units[index]
        return some

    def velocity(self, states: np.ndarray) -> np.ndarray:
        """Time derivatives of states [point, state]."""
        numbers = len(self._constants) - len(self.model.drives)
        x, constants, drive = tuple(states.T), tuple(self._constants[:numbers]), tuple(self._constants[numbers:])
        slopes = self.model.derivative(x, drive, constants, self.weight * self.model.sent(x, constants))
        out = np.empty((len(states), self.size))
        for k, slope in enumerate(slopes):
            out[:, k] = slope
        return out

    def sample(self, states: np.ndarray, dt_ms: float | np.ndarray, every: int, samples: int):
        """Where every point is after each of `samples` times `every` steps, and the last states.

        Parameters
        ----------
        states : array (point, state)
        dt_ms : float or array (point,)

        Returns
        -------
        samples : array (group, sample, state, lane)
            Point k is lane k % 8 of group k // 8.
        end : array (point, state)
        """
        run, count = kernel_of(self.model, make_trajectory), len(states)
        groups = -(-count // WIDTH)
        out = aligned(groups * samples * self.size * WIDTH).reshape(groups, -1)
        state, constants, gain = to_groups(states.T), to_groups(self._constants), to_groups(self.weight)
        steps = to_groups(np.broadcast_to(np.asarray(dt_ms, float), count))
        for group in range(groups):
            run(state[group], constants[group], gain[group], steps[group], every, out[group])
        end = state.reshape(groups, self.size, WIDTH).swapaxes(1, 2).reshape(-1, self.size)[:count]
        return out.reshape(groups, samples, self.size, WIDTH), end

    def steps(self, states: np.ndarray, steps: Sequence[np.ndarray]) -> list[np.ndarray]:
        """States before and after every one of given steps, per point an array [step + 1, state].

        Parameters
        ----------
        states : array (point, state)
        steps : sequence of arrays
            Lengths of each point's steps in ms.
        """
        run = kernel_of(self.model, make_trajectory)
        found: list[np.ndarray] = [np.empty(0)] * len(states)
        order = np.argsort([len(s) for s in steps], kind="stable")
        starts, constants, gain = self._in_groups(states, order)
        for group, start in enumerate(range(0, len(order), WIDTH)):
            some = order[start : start + WIDTH]
            h = padded_steps(steps, some)
            samples = aligned(len(h) * self.size * WIDTH)
            run(starts[group], constants[group], gain[group], to_lanes(h), 1, samples)
            block = samples.reshape(len(h), self.size, WIDTH)
            for lane, k in enumerate(some):
                found[k] = np.concatenate([states[k][None], block[: len(steps[k]), :, lane]])
        return found

    def mesh(
        self, states: np.ndarray, times: np.ndarray, error: float, longest: float | np.ndarray
    ) -> list[np.ndarray | None]:
        """Choose steps (ms) that lead each state over its time, all with about equal error (`ngnmm_core.kernels.mesh`).

        None for a point that is not finite or ceases to be, and for one that needs `MOST_STEPS` times as many steps as
        with the longest one.

        Parameters
        ----------
        states : array (point, state)
        times : array (point,)
            In ms.
        error : float
            Of a step, relative.
        longest : float or array (point,)
            In ms.
        """
        run, count = kernel_of(self.model, make_mesh), len(states)
        longest = np.broadcast_to(np.asarray(longest, float), count)
        work = aligned((3 * self.size + 1) * WIDTH)
        found: list[np.ndarray | None] = [None] * count
        order = np.argsort(times, kind="stable")
        limits = to_groups(np.stack([times, np.full(count, error), longest])[:, order])
        starts, constants, gain = self._in_groups(states, order)
        most = np.ceil(MOST_STEPS * (times / longest)).astype(int) + 64
        room = aligned(most.max(initial=0) * WIDTH)  # of zeros, which every group leaves behind
        for group, start in enumerate(range(0, count, WIDTH)):
            some, state = order[start : start + WIDTH], starts[group]
            h = room[: most[some].max() * WIDTH]
            run(state, constants[group], gain[group], limits[group], work, h)
            finite = np.isfinite(state.reshape(self.size, WIDTH)).all(axis=0)
            rows, few = h.reshape(-1, WIDTH), FIRST_ROWS
            while few < len(rows) and rows[few - 1].any():
                few *= 2
            taken = rows[:few].T.copy()
            rows[:few] = 0.0
            for lane, k in enumerate(some):
                steps = taken[lane][taken[lane] > 0]
                if finite[lane] and len(steps) and abs(steps.sum() - times[k]) < 1e-9 * times[k]:
                    found[k] = steps
        return found

    def propagate(self, states: np.ndarray, steps: Sequence[np.ndarray], feedback: np.ndarray):
        """States at the end of given steps, and the matrices that propagate perturbations until then.

        Parameters
        ----------
        states : array (point, state)
        steps : sequence of arrays
            Lengths of each point's steps in ms.
        feedback : array (point, k), real or complex
            G times Lambda.

        Returns
        -------
        end : array (point, state)
        propagators : array (point, k, state, state), complex if the feedback is
        """
        end = np.empty_like(states)
        propagators = np.empty((*feedback.shape, self.size, self.size), feedback.dtype)
        order = np.argsort([len(s) for s in steps], kind="stable")
        starts, constants, _ = self._in_groups(states, order)
        for group, start in enumerate(range(0, len(order), WIDTH)):
            some = order[start : start + WIDTH]
            h = to_lanes(padded_steps(steps, some))
            for first in range(0, feedback.shape[1], SETS):
                part, state = slice(first, first + SETS), copied(starts[group])
                propagators[some, part] = self._eight(some, (state, constants[group], h), feedback[some, part])
            end[some] = state.reshape(self.size, WIDTH).T[: len(some)]
        return end, propagators

    def _in_groups(self, states: np.ndarray, order: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Pack states [point, state], constants and weights of all points in an order, each [group, lanes]."""
        return to_groups(states[order].T), to_groups(self._constants[:, order]), to_groups(self.weight[order])

    def _eight(self, some, lanes, feedback):
        (count, sets), (state, constants, h) = feedback.shape, lanes
        size, parts = self.size, 2 if np.iscomplexobj(feedback) else 1
        tangents = copied(identity(sets, size, parts))
        both = np.stack([feedback.real, feedback.imag][:parts], axis=2).reshape(count, -1)
        gains = to_lanes(np.concatenate([self.weight[None, some], both.T]))
        run = kernel_of(self.model, make_complex_variational if parts == 2 else make_variational)
        run(state, tangents, constants, gains, h)
        # stored [set, column, part, state, lane]
        block = np.moveaxis(tangents.reshape(sets, size, parts, size, WIDTH), 2, 0).transpose(0, 4, 1, 3, 2)
        propagator = block[0] + 1j * block[1] if parts == 2 else block[0]
        return propagator[:count]


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
        self.solutions = Solutions(model, arrays, np.full(1, float(weight)))

    def flow(self, state: np.ndarray, time_ms: float, steps: int, feedback: np.ndarray):
        """Return the state after `time_ms`, and the matrices that propagate perturbations until then.

        Parameters
        ----------
        state : array (state,)
        steps : int
            Number of steps, all of the same length.
        feedback : array (k,), real or complex
            G times Lambda.

        Returns
        -------
        end : array (state,)
        propagators : array (k, state, state)
        """
        feedback = np.atleast_1d(np.asarray(feedback) + 0.0)
        h = [np.full(steps, time_ms / steps)]
        end, propagators = self.solutions.propagate(np.asarray(state, float)[None], h, feedback[None])
        return end[0], propagators[0]


def warm_solutions(model: Model, complex_modes: bool) -> None:
    """Compiles the kernels, each for one step of a point of default parameters."""
    arrays = {name: np.full(1, float(value)) for name, value in model.resolve({}).items()}
    solutions, states, one = Solutions(model, arrays, np.ones(1)), np.zeros((1, len(model.states))), np.full(1, 1e-3)
    solutions.sample(states, 1e-3, 1, 1)
    solutions.mesh(states, one, 1e-9, 1.0)
    solutions.propagate(states, [one], np.ones((1, 1)))
    if complex_modes:
        solutions.propagate(states, [one], np.full((1, 1), 1j))
