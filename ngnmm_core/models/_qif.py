"""What the models share that are exact mean fields of quadratic integrate-and-fire (QIF) neurons.

A model whose populations receive nothing but filtered input can declare them with `QifPopulations`: it is then
integrated with the exact flow of their Riccati equation (`ngnmm_core.kernels.steppers.riccati`).
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ngnmm_core.kernels.functions import exp, select, sqrt
from ngnmm_core.kernels.steppers.riccati_constants import PopulationValues, Structure


@dataclass(frozen=True)
class QifPopulation:
    """One QIF population, by the names of its states and parameters:

        tau   r' = Delta / (pi tau) + 2 r v
        tau   v' = v^2 + eta + drive - (pi tau r)^2 + tau (sum_l sign_l J_l s_l + c)
        tau_s s' = r - s

    with the coupling c unless `coupled` is false.  `weights` holds (parameter, sign) for the synapse of every
    population l, in the model's order; a parameter of None is no synapse.
    """

    states: tuple[str, str, str]  # r, v, s
    tau: str
    Delta: str
    eta: str
    drive: str
    tau_s: str
    weights: tuple[tuple[str | None, float], ...]
    coupled: bool = True

    def values(self, parameters: Mapping[str, np.ndarray]) -> PopulationValues:
        """Return the population's numbers at every point, arrays (point,)."""
        of = lambda name: np.asarray(parameters[name], float)
        one = np.ones_like(of(self.tau))
        return PopulationValues(
            of(self.tau),
            of(self.Delta),
            of(self.eta) + of(self.drive),
            of(self.tau_s),
            one * self.coupled,
            tuple(sign * of(name) if name else 0.0 * one for name, sign in self.weights),
        )


@dataclass(frozen=True)
class QifPopulations:
    """The QIF populations of a model; a region sends the synapse of population number `sender`."""

    populations: tuple[QifPopulation, ...]
    sender: int = 0

    def structure(self, state_names: tuple[str, ...], drives: tuple[str, ...]) -> Structure:
        """Where a model's state vector and drives have them."""
        return Structure(
            tuple(tuple(state_names.index(name) for name in p.states) for p in self.populations),  # type: ignore[misc]
            tuple(drives.index(p.drive) if p.drive in drives else -1 for p in self.populations),
            self.sender,
        )

    def values(self, parameters: Mapping[str, np.ndarray]) -> list[PopulationValues]:
        """Numbers of every population at every point."""
        return [population.values(parameters) for population in self.populations]

    def derivative(self, states: Mapping[str, Any], parameters: Mapping[str, Any], coupling: Any):
        """Time derivatives of the states by name, by the equations of `QifPopulation`."""
        found = {}
        for population, p in zip(self.populations, self.values(parameters), strict=True):
            r, v, s = (states[name] for name in population.states)
            synapses = [states[source.states[2]] for source in self.populations]
            received = sum(w * s_l for w, s_l in zip(p.weights, synapses, strict=True)) + p.coupling * coupling
            slopes = (
                (p.Delta / (math.pi * p.tau) + 2.0 * r * v) / p.tau,
                (v * v + p.input - (math.pi * p.tau * r) ** 2) / p.tau + received,
                (r - s) / p.tau_s,
            )
            found |= dict(zip(population.states, slopes, strict=True))
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
    a = math.pi * rate / decay
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

    The root of (Delta / (2 pi tau r))^2 - (pi tau r)^2 - tau J r + drive, which falls from +infinity to -infinity, by
    bisection in the logarithm of r and then Newton steps.
    """
    half, full, inward = Delta / (2.0 * math.pi * tau), math.pi * tau, tau * J
    low, high = drive * 0.0 - 64.0, drive * 0.0 + 24.0  # of the logarithm of r
    for _ in range(60):
        middle = 0.5 * (low + high)
        r = exp(middle)
        positive = (half / r) * (half / r) - (full * r) * (full * r) - inward * r + drive > 0
        low, high = select(positive, middle, low), select(positive, high, middle)
    r = exp(0.5 * (low + high))
    for _ in range(3):
        value = (half / r) * (half / r) - (full * r) * (full * r) - inward * r + drive
        slope = -2.0 * half * half / (r * r * r) - 2.0 * full * full * r - inward
        r = r - value / slope
    return r
