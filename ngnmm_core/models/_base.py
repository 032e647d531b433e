"""What a neural mass model declares, so that every kernel, analysis and figure works on it unchanged.

A model is one file in `ngnmm_core/models/` with a module-level `MODEL`.  Its right-hand side is plain arithmetic on the
tuple of states; the same function runs on floats, numpy arrays, dual numbers and SIMD lanes.
"""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ngnmm_core.errors import InputError, unknown
from ngnmm_core.models._checks import check_declaration
from ngnmm_core.models._qif import QifPopulations
from ngnmm_core.models._units import power_of_time

TAIL = 300  # values beyond each end of an open-ended curve

Number = Any  # a float, an array, a dual number or a lane: whatever the arithmetic is done with


@dataclass(frozen=True)
class Parameter:
    """One parameter: its name in the config, default, unit (UDUNITS, "1" if dimensionless), meaning and range."""

    name: str
    default: float
    unit: str
    meaning: str
    positive: bool = False
    non_negative: bool = False
    at_most: float = math.inf

    @property
    def allowed(self) -> str:
        """The allowed values in words."""
        least = "> 0" if self.positive else ">= 0" if self.non_negative else ""
        bounds = " and ".join(
            [*([least] if least else []), *([f"<= {self.at_most:g}"] if self.at_most < math.inf else [])]
        )
        return f"a number {bounds}" if bounds else "a finite number"

    def accepts(self, value: float) -> bool:
        """Whether a finite value is in the allowed range."""
        above = value > 0 if self.positive else value >= 0 if self.non_negative else True
        return above and value <= self.at_most

    def refusal(self, value: float) -> str:
        """Say what is wrong with a value and what is allowed, for messages; empty if nothing is wrong."""
        if math.isfinite(value) and self.accepts(value):
            return ""
        return f"{value:g} is out of range for {self.name}; allowed: {self.allowed}"


@dataclass(frozen=True)
class State:
    """One state variable of a region.

    `initial` is its nominal initial value; `non_negative` where less is unphysical; `small` a size, in its unit, that
    counts as small even for a state that is zero at rest.  `noise` lets additive noise enter its equation: the name of
    the parameter that divides the noise, the equation's time constant, or that time constant itself (ms).
    """

    name: str
    unit: str
    initial: float
    non_negative: bool = False
    small: float = 1e-3
    noise: str | float | None = None


@dataclass(frozen=True)
class Population:
    """One population of neurons and its observables, each a function of (states, coefficients).

    `rate` gives spikes per neuron and ms; `kuramoto` the modulus of the Kuramoto order parameter (0 asynchrony, 1 full
    synchrony).  Where a model has no such thing, it is None, and what is reported is NaN.  `drive` names the drive that
    this population alone receives, where it is one of several that are loaded by name (items of a memory).
    """

    name: str
    title: str
    rate: Callable[..., Number] | None = None
    kuramoto: Callable[..., Number] | None = None
    drive: str | None = None


@dataclass(frozen=True)
class EquilibriumCurve:
    """All equilibria of a region under its own feedback, as a curve in one of its states.

    For neural masses the value of one drive at which a state is an equilibrium follows explicitly from one coordinate
    of that state; so none need be missed.

    Attributes
    ----------
    coordinate
        Name of the state that the curve is parametrised by.
    drive
        Name of the drive that is solved for.
    points
        `points(u, parameters, weight)`: the tuple of states and the value of the drive for values u of the coordinate,
        or of a number that rises with it; `weight` is G times the row sum of the connectome.  Works on arrays.
    low, high
        Range of u that covers what the drive can do; sampled logarithmically if `low` is positive.
    samples
        `samples(parameters, weight)`: rising values of u that cover all that the drive can do, dense where the curve
        may turn, if that depends on the parameters; `low` and `high` then only hold for the defaults.
    """

    coordinate: str
    drive: str
    points: Callable[..., tuple[tuple[Number, ...], Number]]
    low: float
    high: float
    samples: Callable[..., np.ndarray] | None = None


def open_ended(u: np.ndarray) -> np.ndarray:
    """Add sparse values on both sides of rising ones, up to 1e12 times as far away as they are apart."""
    away = (u[-1] - u[0]) * np.geomspace(1e-3, 1e12, TAIL)
    return np.concatenate([u[0] - away[::-1], u, u[-1] + away])


COUPLING = Parameter("G", 0.0, "1", "global coupling: multiplies the connectome's weights", non_negative=True)


@dataclass(frozen=True, eq=False)
class Model:
    """A model of one brain region and of how regions act on each other.

    Attributes
    ----------
    coefficients
        `coefficients(parameters)` turns a mapping of parameter values into the tuple of numbers that `derivative`
        needs, so that divisions and constants are worked out once per point and not at every step.
    derivative
        `derivative(states, drive, coefficients, coupling)`: the time derivatives of the states (their unit per ms);
        `drive` holds the current values of the parameters named in `drives`, `coupling` is G sum_j W_kj sent(state_j).
    sent
        `sent(states, coefficients)`: the signal that a region sends to the others.
    observable
        The state whose spectrum, synchrony and raster are reported.
    fastest_rate
        `fastest_rate(parameters)`: the fastest rate (1/ms) that states reach, as measured; it bounds the step.
    equilibrium_curve
        All equilibria as a curve, for models that have one; others are searched by Newton's method.
    aliases
        Sweep axes that set several parameters at once, such as `Delta`.
    qif
        The model's populations, where all of it is QIF populations with filtered input: it can then be integrated with
        their exact flow.
    time_unit
        By how much its times, at the defaults, are longer than those of fast cortical models (1 to 20 ms), for which
        lengths of runs and steps stand in the package; all of them are multiplied by it.

    Raises
    ------
    InputError
        On construction, for a declaration that does not hold together; in one line.
    """

    name: str
    title: str
    doi: str
    states: tuple[State, ...]
    parameters: tuple[Parameter, ...]
    drives: tuple[str, ...]
    coefficients: Callable[[Mapping[str, Number]], tuple[Number, ...]]
    derivative: Callable[..., tuple[Number, ...]]
    sent: Callable[..., Number]
    observable: str
    populations: tuple[Population, ...]
    fastest_rate: Callable[[Mapping[str, Number]], Number]
    equilibrium_curve: EquilibriumCurve | None = None
    aliases: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    qif: QifPopulations | None = None
    time_unit: float = 1.0

    def __post_init__(self):
        check_declaration(self)

    @property
    def nominal(self) -> np.ndarray:
        """The nominal initial state in the model's own unit of time, [state]."""
        return np.array([s.initial for s in self.states]) / self.units

    @property
    def small(self) -> np.ndarray:
        """What counts as small for each state, in the model's own unit of time, [state]."""
        return np.array([s.small for s in self.states]) / self.units

    @property
    def units(self) -> np.ndarray:
        """By how much states are larger at the defaults than in the model's own unit of time, [state]."""
        return self.time_unit**self.powers_of_time

    @property
    def powers_of_time(self) -> np.ndarray:
        """Powers of time in the units of the states, [state]."""
        return np.array([power_of_time(s.unit) for s in self.states])

    @property
    def state_names(self) -> tuple[str, ...]:
        """Names of the states in the order of the state vector."""
        return tuple(s.name for s in self.states)

    @property
    def parameter_names(self) -> tuple[str, ...]:
        """Names of all parameters, `G` included, without the aliases."""
        return tuple(p.name for p in self.parameters)

    @property
    def axis_names(self) -> tuple[str, ...]:
        """What a grid may sweep besides `seed`: parameters and aliases."""
        return (*self.parameter_names, *self.aliases)

    @property
    def observable_index(self) -> int:
        """Position of the observable in the state vector."""
        return self.state_names.index(self.observable)

    @property
    def noisy_states(self) -> tuple[int, ...]:
        """Positions, in the state vector, of the states that additive noise enters."""
        return tuple(k for k, state in enumerate(self.states) if state.noise is not None)

    @property
    def sizes(self) -> tuple[int, int, int]:
        """Numbers of states, of coefficients and of drives."""
        return len(self.states), len(self.coefficients(self.resolve({}))), len(self.drives)

    def coefficient_table(self, parameters: Mapping[str, np.ndarray]) -> np.ndarray:
        """Compute the coefficients for arrays [point, ...] of all parameters: array [point, ..., coefficient]."""
        shape = np.shape(next(iter(parameters.values())))
        return np.stack([np.broadcast_to(c, shape) for c in self.coefficients(parameters)], axis=-1)

    def noise_time_constants(self, parameters: Mapping[str, np.ndarray]) -> np.ndarray:
        """Give the divisor (ms) of the noise, [point, ..., noisy state], for arrays [point, ...] of all parameters."""
        found = np.empty((*np.shape(next(iter(parameters.values()))), len(self.noisy_states)))
        for column, k in enumerate(self.noisy_states):
            noise = self.states[k].noise
            found[..., column] = parameters[noise] if isinstance(noise, str) else noise
        return found

    def targets(self, name: str) -> tuple[str, ...]:
        """List the parameters that a parameter or alias of that name sets."""
        return self.aliases.get(name, (name,))

    def parameter(self, name: str) -> Parameter:
        """Return the declaration of a parameter; for an alias, that of the first parameter it sets.

        Raises
        ------
        KeyError
            For a name that is neither.
        """
        target = self.targets(name)[0]
        for p in self.parameters:
            if p.name == target:
                return p
        raise KeyError(name)

    def resolve(self, values: Mapping[str, Number]) -> dict[str, Number]:
        """All parameters: the defaults, overridden by `values`, whose keys are parameters or aliases."""
        resolved: dict[str, Number] = {p.name: p.default for p in self.parameters}
        for name, value in values.items():
            self.parameter(name)
            for target in self.targets(name):
                resolved[target] = value
        return resolved

    def check(self, key: str, name: str, values: Iterable[float]) -> None:
        """Whether a parameter or alias may have these values.

        Raises
        ------
        InputError
            For a name that is neither, or a value out of range; the message starts with `key`.
        """
        if name not in self.axis_names:
            raise unknown(key, name, self.axis_names)
        for value in values:
            for parameter in map(self.parameter, self.targets(name)):
                if refusal := parameter.refusal(value):
                    raise InputError(f"{key}: {refusal}")

    def check_all(self, key: str, values: Mapping[str, float]) -> None:
        """Check values by name in the same way; messages start with `key.name`."""
        for name, value in values.items():
            self.check(f"{key}.{name}", name, (value,))

    def check_range(self, key: str, name: str, limits: tuple[float, float]) -> None:
        """Whether a parameter or alias may vary between two limits.

        Raises
        ------
        InputError
            As `check` does, and where the first limit is not below the second.
        """
        self.check(key, name, limits)
        if not limits[0] < limits[1]:
            raise InputError(f"{key}: {list(limits)} is empty; allowed: [low, high], low < high")
