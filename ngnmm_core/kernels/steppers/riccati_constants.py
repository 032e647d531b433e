"""Numbers that the Riccati step needs of every point: functions of its parameters and of the length of the step.

The symbols are those of `riccati_flow`; h is the step in ms.
"""

import itertools
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

# constants of a population, in the order of the table; then the weights of its sources
(
    V_TO_RE, R_TO_IM, SPREAD, DECAY, GAIN, INPUT, COUPLING, WIDTH, UNIT, T_0, T_1, UNRESOLVED, LAG, HALF_DECAY,
    DAMPING, MOMENT_1, MOMENT_2, RE_TO_V, IM_TO_R, NOISE, WEIGHTS,
) = range(21)  # fmt: skip


# constants of a further filter of a population's rate, after the weights; then its weights onto the populations
(
    F_DECAY, F_RATE, F_GAIN, F_HALF_DECAY, F_LAG, F_DAMPING, F_MOMENT_1, F_MOMENT_2, F_COUPLING, F_DRIVE, F_SHARED,
    F_WEIGHTS,
) = range(12)  # fmt: skip


class Structure(NamedTuple):
    """Where a model's QIF populations have their states and drives; known when compiling.

    `states` [population] positions of (rate, potential, synapse) in the state vector; `drives` [population] position
    of the external input in the drives, -1 for none; `sender` is the population whose synapse a region sends.
    `filters` [slot][population] positions of states that are further filters of the populations' rates, -1 for none.
    With `filtered`, the synapses are no states: regions send the sender's rate, and what is received is filtered.
    """

    states: tuple[tuple[int, int, int], ...]
    drives: tuple[int, ...]
    sender: int
    filters: tuple[tuple[int, ...], ...] = ()
    filtered: bool = False

    @property
    def populations(self) -> int:
        """Number of populations."""
        return len(self.states)

    @property
    def constants(self) -> int:
        """Constants per population."""
        return self.filter_constants(len(self.filters))

    def filter_constants(self, slot: int) -> int:
        """Place of the first constant of the filters in a slot."""
        return WEIGHTS + self.populations + slot * (F_WEIGHTS + self.populations)

    @property
    def kept(self) -> int:
        """Wide lanes per region that are kept of filters: one for each slot, and synapses that are no states."""
        return len(self.filters) + self.filtered


class FilterValues(NamedTuple):
    """A further filter of a population's rate at every point, tau s' = gain r + drive c - s: arrays (point,).

    To the inputs of the populations it adds `weights` times s + shared c, with the coupling c.
    """

    tau: np.ndarray  # ms
    gain: np.ndarray
    weights: Sequence[np.ndarray]  # onto every population
    drive: np.ndarray
    shared: np.ndarray


class PopulationValues(NamedTuple):
    """One population at every point: arrays (point,); `weights` one for each source, negative for inhibition."""

    tau: np.ndarray  # ms
    Delta: np.ndarray
    input: np.ndarray  # excitability and constant external input together
    tau_s: np.ndarray  # ms
    coupling: np.ndarray  # 1, or 0 where long-range input does not enter
    weights: Sequence[np.ndarray]
    noise: np.ndarray | float = 0.0  # intensity of the noise in the potential, over its time constant (ms^-0.5)
    longest_ms: float = 0.0  # the interval in whose unit increments of Brownian paths are given
    white: bool = True  # whether the noise is white
    filters: Sequence[FilterValues] = ()  # of its rate, one for each slot


def population_constants(population: PopulationValues, h: float) -> np.ndarray:
    """Constants [point, constant] of a population for steps of h ms."""
    tau, tau_s = population.tau, population.tau_s
    unit = (h / tau) ** 2
    a = -unit * population.Delta  # the imaginary part of a, which no input changes
    lag, gain = h / tau_s, 1.0 / (np.pi * tau_s)
    damping = 1.0 / (1.0 + lag**2 / 60.0)
    # the mean of what increment and moment leave of the square of a Brownian path: 1/15 of its variance over the step
    unresolved = (h / tau * population.noise) ** 2 * h / 15.0 * population.white
    columns = {
        V_TO_RE: -h / tau,
        R_TO_IM: np.pi * h,
        SPREAD: h * population.Delta / (np.pi * tau**2),
        DECAY: lag,
        GAIN: gain,
        INPUT: unit * population.input,
        COUPLING: unit * tau * population.coupling,
        WIDTH: a,
        UNIT: unit,
        T_0: 1.0 - 2.0 / 15.0 * a**2,
        T_1: 1.0 / 3.0 - 17.0 / 105.0 * a**2,
        UNRESOLVED: -unresolved,
        LAG: damping * gain,
        HALF_DECAY: 0.5 * lag,
        DAMPING: 1.0 / (1.0 + 0.5 * lag + damping * lag**2 / 12.0),
        MOMENT_1: damping * lag / 12.0,
        MOMENT_2: lag / 30.0,
        RE_TO_V: -tau / h,
        IM_TO_R: 1.0 / (np.pi * h),
        NOISE: h / tau * population.noise * np.sqrt(population.longest_ms),
    }
    columns |= {WEIGHTS + k: unit * tau * weight for k, weight in enumerate(population.weights)}
    return np.stack([np.broadcast_to(columns[k], np.shape(tau)) for k in range(len(columns))], axis=-1)


def filter_constants(populations: Sequence[PopulationValues], target: int, slot: int, h: float) -> np.ndarray:
    """Constants [point, constant] of a slot for steps of h ms: of the filter of `target`, and the weights onto it."""
    own, receiver = populations[target].filters[slot], populations[target]
    lag = h / own.tau
    damping = 1.0 / (1.0 + lag**2 / 60.0)
    columns = {
        F_DECAY: lag,
        F_RATE: own.gain,
        F_GAIN: own.gain / (np.pi * own.tau),
        F_HALF_DECAY: 0.5 * lag,
        F_LAG: damping,
        F_DAMPING: 1.0 / (1.0 + 0.5 * lag + damping * lag**2 / 12.0),
        F_MOMENT_1: damping * lag / 12.0,
        F_MOMENT_2: lag / 30.0,
        F_COUPLING: own.drive,
        F_DRIVE: lag * own.drive,
        F_SHARED: own.shared,
    }
    unit = h**2 / receiver.tau
    columns |= {F_WEIGHTS + k: unit * source.filters[slot].weights[target] for k, source in enumerate(populations)}
    return np.stack([np.broadcast_to(columns[k], np.shape(receiver.tau)) for k in range(len(columns))], axis=-1)


def constants(populations: Sequence[PopulationValues], h: float) -> np.ndarray:
    """Constants [point, constant, population] for steps of h ms."""
    tables = []
    for target, population in enumerate(populations):
        slots = [filter_constants(populations, target, slot, h) for slot in range(len(population.filters))]
        tables.append(np.concatenate([population_constants(population, h), *slots], axis=-1))
    return np.stack(tables, axis=-1)


def power_moments(powers: int) -> np.ndarray:
    """Moments [moment, power] of x^n over the unit step: with weights 1, x - 1/2 and (x - 1/2)^2 - 1/12."""
    n = np.arange(powers)
    zero, one, two = 1.0 / (n + 1), 1.0 / (n + 2), 1.0 / (n + 3)
    return np.stack([zero, one - 0.5 * zero, two - one + zero / 6.0])


def extrapolation(past: int) -> np.ndarray:
    """Weights [row, past] of the coupling at 0, -1, -2, ... steps: its three moments, and its value at the end."""
    inverse = np.linalg.inv(np.vander(-np.arange(past, dtype=float), past, increasing=True))
    return np.concatenate([power_moments(past), np.ones((1, past))]) @ inverse


def mean_moments(powers: int) -> np.ndarray:
    """Means [step, power] of x^n over the unit step and the steps before it."""
    ends = 1.0 - np.arange(powers + 1.0)
    n = np.arange(1, powers + 1)
    return (ends[:-1, None] ** n - ends[1:, None] ** n) / n


def from_means(past: int) -> np.ndarray:
    """Weights [row, past] of the coupling's means over this step and those before.

    They give its second and third moment, its value at the start, and what its mean differs by from what the others
    let expect.  The last row is for means over the steps before this one, and gives the mean over this one.
    """
    rows = np.concatenate([power_moments(past)[1:], np.eye(1, past)]) @ np.linalg.inv(mean_moments(past))
    difference = np.poly(np.ones(past))  # 1, -past, ...: the next one is expected on the polynomial through the others
    return np.concatenate([rows, [np.poly(np.ones(past - 1))], [-difference[1:]]])


def rounded_to_single(weights: np.ndarray) -> np.ndarray:
    """Round every row of weights [row, past] to single precision so that constants and slopes keep their values.

    Rounded each for itself, the large weights of an extrapolation would scale the coupling by 3e-7.
    """
    powers = np.stack([np.ones(weights.shape[1]), 0.1 * np.arange(weights.shape[1])])  # slopes are small in a step
    nearest = weights.astype(np.float32)
    below = np.where(nearest > weights, np.nextafter(nearest, np.float32(-np.inf)), nearest).astype(float)
    above = np.where(nearest > weights, nearest, np.nextafter(nearest, np.float32(np.inf))).astype(float)
    choices = np.array(list(itertools.product((False, True), repeat=weights.shape[1])))
    rows = []
    for exact, low, high in zip(weights, below, above, strict=True):
        candidates = np.where(choices, high, low)
        rows.append(candidates[np.argmin(np.abs((candidates - exact) @ powers.T).max(axis=1))])
    return np.array(rows)


def correction(past: int) -> np.ndarray:
    """Moments of what one more unit of the coupling at the end of the step adds to the polynomial."""
    polynomial = np.poly(-np.arange(past, dtype=float))[::-1]  # x (x + 1) ... (x + past - 1), lowest power first
    return power_moments(past + 1) @ polynomial / np.prod(np.arange(1.0, past + 1))


def gauss_nodes() -> tuple[np.ndarray, np.ndarray]:
    """Nodes in [0, 1] and weights [moment, node] that give the moments of polynomials up to degree five."""
    x, w = np.polynomial.legendre.leggauss(4)
    x, w = 0.5 * (x + 1.0), 0.5 * w
    t = x - 0.5
    return x, np.stack([w, w * t, w * (t * t - 1.0 / 12.0)])


def rounded_in_turns(values: np.ndarray, dtype, turns: int) -> np.ndarray:
    """Round numbers to a precision in several ways, [turn, ...], so that their mean over the turns is much closer.

    A constant that is wrong by 6e-8 in every step shifts all bursts by so much of the time since the start.
    """
    nearest = values.astype(dtype)
    if turns == 1:
        return nearest[None]
    below = np.where(nearest > values, np.nextafter(nearest, dtype(-np.inf)), nearest)
    above = np.nextafter(below, dtype(np.inf))
    share = np.rint((values - below) / (above.astype(float) - below) * turns)
    up = [np.floor((k + 1) * share / turns) > np.floor(k * share / turns) for k in range(turns)]
    return np.where(up, above, below)
