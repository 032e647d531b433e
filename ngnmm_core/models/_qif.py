"""What the models share that are exact mean fields of quadratic integrate-and-fire (QIF) neurons.

A model whose populations receive nothing but filtered input can declare them with `QifPopulations`: it is then
integrated with the exact flow of their Riccati equation (`ngnmm_core.kernels.steppers.riccati`).
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ngnmm_core.kernels.functions import exp, select, sqrt
from ngnmm_core.kernels.steppers.riccati_constants import FilterValues, PopulationValues, Structure


@dataclass(frozen=True)
class QifPopulation:
    """One QIF population, by the names of its states and parameters:

        tau   r' = Delta / (pi tau) + 2 r v
        tau   v' = v^2 + eta + drive - (pi tau r)^2 + tau (sum_l sign_l J_l s_l + c)
        tau_s s' = r - s

    with the coupling c unless `coupled` is false.  `weights` holds (parameter, sign) for the synapse of every
    population l, in the model's order; a parameter of None is no synapse.  Without the third state there is no synapse.
    """

    states: tuple[str, ...]  # r, v, s
    tau: str
    Delta: str
    eta: str
    drive: str
    tau_s: str = ""
    weights: tuple[tuple[str | None, float], ...] = ()
    coupled: bool = True

    def values(self, parameters: Mapping[str, np.ndarray]) -> PopulationValues:
        """Return the population's numbers at every point, arrays (point,)."""
        of = lambda name: np.asarray(parameters[name], float)
        one = np.ones_like(of(self.tau))
        return PopulationValues(
            of(self.tau),
            of(self.Delta),
            of(self.eta) + of(self.drive),
            of(self.tau_s) if self.tau_s else one,
            one * self.coupled,
            tuple(sign * of(name) if name else 0.0 * one for name, sign in self.weights),
        )


@dataclass(frozen=True)
class QifFilter:
    """A further state that filters the rate of a population, and enters the input of one:

        tau state' = gain r_source + received c - state,        tau_target v_target' = ... + tau_target weight state

    `gain`, `weight` and `received` are functions of the parameters; the raw coupling c is received only where regions
    send rates (`QifPopulations.sent_tau`).
    """

    state: str
    source: int
    target: int
    tau: str
    gain: Callable[[Mapping[str, Any]], Any]
    weight: Callable[[Mapping[str, Any]], Any]
    received: Callable[[Mapping[str, Any]], Any] | None = None


@dataclass(frozen=True)
class QifPopulations:
    """The QIF populations of a model; a region sends the synapse of population number `sender`.

    With `sent_tau`, the name of a time constant, regions send the rate of the sender, and only `filters` receive it:
    those with this time constant without any further error.
    """

    populations: tuple[QifPopulation, ...]
    sender: int = 0
    filters: tuple[QifFilter, ...] = ()
    sent_tau: str | None = None

    @property
    def slots(self) -> list[tuple[QifFilter | None, ...]]:
        """Filters side by side, [slot][population]: the first ones of all populations, then the second ones."""
        own = [[f for f in self.filters if f.source == k] for k in range(len(self.populations))]
        return [tuple(f[j] if j < len(f) else None for f in own) for j in range(max(map(len, own)))]

    @property
    def sent(self) -> str:
        """Name of the state that a region sends."""
        return self.populations[self.sender].states[0 if self.sent_tau else 2]

    @property
    def state_names(self) -> list[str]:
        """Names of all states."""
        return [name for p in self.populations for name in p.states] + [f.state for f in self.filters]

    def structure(self, state_names: tuple[str, ...], drives: tuple[str, ...]) -> Structure:
        """Where a model's state vector and drives have them."""
        index = lambda names: tuple(state_names.index(name) for name in names)
        return Structure(
            tuple((*index(p.states), -1)[:3] for p in self.populations),  # type: ignore[misc]  # three of them
            tuple(drives.index(p.drive) if p.drive in drives else -1 for p in self.populations),
            self.sender,
            tuple(tuple(state_names.index(f.state) if f else -1 for f in slot) for slot in self.slots),
            self.sent_tau is not None,
        )

    def values(self, parameters: Mapping[str, np.ndarray]) -> list[PopulationValues]:
        """Numbers of every population at every point."""
        found = [population.values(parameters) for population in self.populations]
        if not self.filters and self.sent_tau is None:
            return found
        filters = [[self._filter(f, parameters, found[0].tau) for f in slot] for slot in self.slots]
        for k, population in enumerate(found):
            own = tuple(slot[k] for slot in filters)
            coupling, tau_s = population.coupling, population.tau_s
            if self.sent_tau is not None:
                coupling = sum(f.weights[k] * f.shared for slot in filters for f in slot) + 0.0 * coupling
                tau_s = np.asarray(parameters[self.sent_tau], float) if k == self.sender else tau_s
            weights = population.weights or (0.0 * population.tau,) * len(found)
            found[k] = population._replace(filters=own, coupling=coupling, tau_s=tau_s, weights=weights)
        return found

    def _filter(self, chosen: QifFilter | None, parameters: Mapping[str, np.ndarray], like: np.ndarray) -> FilterValues:
        """Numbers of a filter at every point; of one that does nothing, where a slot is empty."""
        one, zero, count = np.ones_like(like), np.zeros_like(like), len(self.populations)
        if chosen is None:
            return FilterValues(one, zero, (zero,) * count, zero, zero)
        tau = one * np.asarray(parameters[chosen.tau], float)
        received = one * chosen.received(parameters) if chosen.received else zero
        ratio = np.asarray(parameters[self.sent_tau], float) / tau if self.sent_tau else zero
        weights = tuple(one * chosen.weight(parameters) if k == chosen.target else zero for k in range(count))
        return FilterValues(tau, one * chosen.gain(parameters), weights, received * (1.0 - ratio), received * ratio)

    def derivative(self, states: Mapping[str, Any], parameters: Mapping[str, Any], coupling: Any):
        """Time derivatives of the states by name, by the equations of `QifPopulation` and `QifFilter`."""
        found = {}
        for k, population in enumerate(self.populations):
            p = population.values(parameters)
            r, v = (states[name] for name in population.states[:2])
            received = sum(f.weight(parameters) * states[f.state] for f in self.filters if f.target == k)
            sources = [source.states[2:] for source in self.populations]
            received += (
                sum(w * states[s[0]] for w, s in zip(p.weights, sources, strict=True) if s) if p.weights else 0.0
            )
            received += 0.0 if self.sent_tau else p.coupling * coupling
            slopes = [
                (p.Delta / (math.pi * p.tau) + 2.0 * r * v) / p.tau,
                (v * v + p.input - (math.pi * p.tau * r) ** 2) / p.tau + received,
                *((r - states[name]) / p.tau_s for name in population.states[2:]),
            ]
            found |= dict(zip(population.states, slopes, strict=True))
        for f in self.filters:
            entering = f.received(parameters) * coupling if f.received else 0.0
            rate = states[self.populations[f.source].states[0]]
            found[f.state] = (f.gain(parameters) * rate + entering - states[f.state]) / parameters[f.tau]
        return found


def membrane(p, of=""):
    """Coefficients that every QIF population has: Delta / (pi tau^2), 1 / tau, eta / tau and pi^2 tau.

    `p` holds tau, Delta and eta, with the suffix `of` at their names.
    """
    tau = p[f"tau{of}"]
    rate = 1.0 / tau
    return p[f"Delta{of}"] * (rate * rate / math.pi), rate, p[f"eta{of}"] * rate, math.pi**2 * tau


def resting_potential(rate, p, of=""):
    """Mean membrane potential at which a population without gap junctions rests with a rate (1/ms); `of` as above."""
    return -p[f"Delta{of}"] / (2.0 * math.pi * p[f"tau{of}"] * rate)


def observables(first=0, decay=1):
    """Rate and Kuramoto modulus of a QIF population, as keywords of `Population`.

    Its rate and potential are the states number `first` and the one after it, 1 / tau is coefficient number `decay`.
    """
    return {
        "rate": lambda states, c: states[first],
        "kuramoto": lambda states, c: kuramoto_modulus(states[first], states[first + 1], c[decay]),
    }


def kuramoto_modulus(rate, potential, decay):
    """Modulus of the Kuramoto order parameter, |Z| = |(1 - conj(w)) / (1 + conj(w))| with w = pi tau r + i v.

    `rate` in 1/ms, `potential` dimensionless, `decay` = 1/tau in 1/ms; 0 is asynchrony, 1 full synchrony within the
    population.  Montbrio, Pazo, Roxin, Phys. Rev. X 5, 021028 (2015), doi:10.1103/PhysRevX.5.021028.
    """
    a = rate * (math.pi / decay)
    squared = potential * potential
    return sqrt(((1.0 - a) * (1.0 - a) + squared) / ((1.0 + a) * (1.0 + a) + squared))


def resting_synapse(rate, p):
    """Resources x and release u of Tsodyks and Markram's synapse at a constant rate (1/ms).

    `p` holds tau_d and tau_f (ms) and U0.

    Tsodyks, Pawelzik, Markram, Neural Comput. 10, 821 (1998), doi:10.1162/089976698300017502.
    """
    driven = p["U0"] * p["tau_f"] * rate
    u = (p["U0"] + driven) / (1.0 + driven)
    return 1.0 / (1.0 + p["tau_d"] * u * rate), u


def inhibited_rate(drive, tau, Delta, J):
    """Rate at which a population that inhibits itself with weight J >= 0 rests under a drive; 1/ms.

    With q = pi tau r the root of (Delta / (2 q))^2 - q^2 - J q / pi + drive, which falls from +infinity to -infinity:
    by bisection in the logarithm of q and then Newton steps, whatever the unit of time.
    """
    half, inward = 0.5 * Delta, J / math.pi
    low, high = drive * 0.0 - 64.0, drive * 0.0 + 28.0  # of the logarithm of q
    for _ in range(60):
        middle = 0.5 * (low + high)
        q = exp(middle)
        positive = (half / q) * (half / q) - q * q - inward * q + drive > 0
        low, high = select(positive, middle, low), select(positive, high, middle)
    q = exp(0.5 * (low + high))
    for _ in range(3):
        value = (half / q) * (half / q) - q * q - inward * q + drive
        slope = -2.0 * half * half / (q * q * q) - 2.0 * q - inward
        q = q - value / slope
    return q / (math.pi * tau)
