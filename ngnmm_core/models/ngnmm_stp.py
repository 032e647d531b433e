"""Next-generation neural mass model with short-term synaptic plasticity after Tsodyks and Markram.

For each region, with c = G * sum_j W_kj u_j x_j r_j:

    tau r' = Delta / (pi tau) + 2 r v
    tau v' = v^2 + eta + I_ext - (pi tau r)^2 + tau (J u x r + c)
    x' = (1 - x) / tau_d - u x r
    u' = (U0 - u) / tau_f + U0 (1 - u) r

x is the share of neurotransmitter that is available (depression), u the share of it that a spike releases
(facilitation).  Taher, Torcini, Olmi, PLoS Comput. Biol. 16, e1008533 (2020), doi:10.1371/journal.pcbi.1008533; the
defaults are those of their figure 1.

Rest is unstable for eta + I_ext from -0.60 to -0.47 only; at the defaults the population is excitable, and a pulse of
height 2 and 150 ms gives four bursts of falling height.  Limit: with U0 = 1, u = 1 and tau_d to 0 the equilibria are
those of `ngnmm_population`.  `ngnmm_memory` is two such populations that compete through an inhibitory one.
"""

import math

from ngnmm_core.models._base import COUPLING, EquilibriumCurve, Model, Parameter, Population, State
from ngnmm_core.models._qif import membrane, observables, resting_potential, resting_synapse


def coefficients(p):
    """Numbers that depend on the parameters alone."""
    return (
        *membrane(p),
        p["J"],
        1.0 / p["tau_d"],
        1.0 / p["tau_f"],
        p["U0"],
    )


def derivative(states, drive, coefficients, coupling):
    """Time derivatives of (r, v, x, u)."""
    r, v, x, u = states
    (I_ext,) = drive
    spread, rate, eta, quench, J, recovery, fading, U0 = coefficients
    released = u * x * r
    return (
        spread + 2.0 * r * v * rate,
        (v * v + I_ext) * rate + eta - quench * (r * r) + J * released + coupling,
        (1.0 - x) * recovery - released,
        (U0 - u) * fading + U0 * (1.0 - u) * r,
    )


def sent(states, coefficients):
    """Return what a region sends: what its synapses release per time, u x r (1/ms)."""
    return states[3] * states[2] * states[0]


def equilibria(r, p, weight):
    """Compute the equilibrium with rate r, and the input that sustains it: every equation is solved for one unknown."""
    v = resting_potential(r, p)
    x, u = resting_synapse(r, p)
    quench = math.pi * p["tau"] * r
    return (r, v, x, u), quench * quench - v * v - p["eta"] - p["tau"] * (p["J"] + weight) * u * x * r


MODEL = Model(
    name="ngnmm_stp",
    title="Next-generation neural mass model with short-term synaptic plasticity",
    doi="10.1371/journal.pcbi.1008533",
    states=(
        State("r", "ms-1", 0.003, non_negative=True),
        State("v", "1", -1.0, noise="tau"),
        State("x", "1", 1.0, non_negative=True),
        State("u", "1", 0.2, non_negative=True),
    ),
    parameters=(
        Parameter("tau", 15.0, "ms", "membrane time constant", positive=True),
        Parameter("tau_d", 200.0, "ms", "time constant of the depression", positive=True),
        Parameter("tau_f", 1500.0, "ms", "time constant of the facilitation", positive=True),
        Parameter(
            "U0", 0.2, "1", "share of the neurotransmitter that a first spike releases", positive=True, at_most=1.0
        ),
        Parameter("eta", -1.0, "1", "centre of the excitabilities"),
        Parameter("Delta", 0.25, "1", "half-width of the excitabilities (heterogeneity)", positive=True),
        Parameter("J", 15.0, "1", "recurrent synaptic weight", non_negative=True),
        Parameter("I_ext", 0.0, "1", "external input"),
        COUPLING,
    ),
    drives=("I_ext",),
    coefficients=coefficients,
    derivative=derivative,
    sent=sent,
    observable="v",
    populations=(Population("E", "excitatory", **observables()),),
    # bursts after a pulse of height 4 reach |pi tau r + i v| = 16: the rate is twice that over tau
    fastest_rate=lambda p: 2.0 * 30.0 / p["tau"],
    equilibrium_curve=EquilibriumCurve("r", "I_ext", equilibria, 1e-20, 1e8),
)
