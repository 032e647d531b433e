"""Next-generation neural mass model with spike-frequency adaptation.

For each region, with c = G * sum_j W_kj r_j:

    tau   r' = Delta / (pi tau) + 2 r v
    tau   v' = v^2 + eta + I_ext - (pi tau r)^2 + tau (J r + c) - A
    tau_A A' = B
    tau_A B' = alpha tau r - A - 2 B

A is the current of the adaptation, dimensionless: the rate filtered by an alpha kernel of time constant tau_A, alpha
times tau r at rest.  Exact for neurons that share A; with an A of its own for every neuron it is an approximation.
Gast, Schmidt, Knoesche, Neural Comput. 32, 1615 (2020), doi:10.1162/neco_a_01300.

Between two subcritical Hopf points (eta + I_ext from -4.04 to -0.53 at the defaults) the population bursts, and it
rests on both sides.  Limit: with alpha = 0 the equilibria are those of `ngnmm_population`.  `ngnmm_sd` depresses the
synapse instead.
"""

import math

from ngnmm_core.models._base import COUPLING, EquilibriumCurve, Model, Parameter, Population, State
from ngnmm_core.models._qif import membrane, observables, resting_potential


def coefficients(p):
    """Numbers that depend on the parameters alone."""
    return (
        *membrane(p),
        p["J"],
        1.0 / p["tau_A"],
        p["alpha"] * p["tau"],
    )


def derivative(states, drive, coefficients, coupling):
    """Time derivatives of (r, v, A, B)."""
    r, v, A, B = states
    (I_ext,) = drive
    spread, rate, eta, quench, J, recovery, strength = coefficients
    return (
        spread + 2.0 * r * v * rate,
        (v * v + I_ext - A) * rate + eta - quench * (r * r) + J * r + coupling,
        B * recovery,
        (strength * r - A - 2.0 * B) * recovery,
    )


def sent(states, coefficients):
    """Return what a region sends: its firing rate (1/ms)."""
    return states[0]


def equilibria(r, p, weight):
    """Compute the equilibrium with rate r, and the input that sustains it: every equation is solved for one unknown."""
    v = resting_potential(r, p)
    A = p["alpha"] * p["tau"] * r
    quench = math.pi * p["tau"] * r
    return (r, v, A, 0.0 * r), quench * quench - v * v - p["eta"] - p["tau"] * (p["J"] + weight) * r + A


MODEL = Model(
    name="ngnmm_sfa",
    title="Next-generation neural mass model with spike-frequency adaptation",
    doi="10.1162/neco_a_01300",
    states=(
        State("r", "ms-1", 0.02, non_negative=True),
        State("v", "1", -1.0, noise="tau"),
        State("A", "1", 0.0),
        State("B", "1", 0.0),
    ),
    parameters=(
        Parameter("tau", 10.0, "ms", "membrane time constant", positive=True),
        Parameter("tau_A", 100.0, "ms", "time constant of the adaptation", positive=True),
        Parameter("eta", 1.0, "1", "centre of the excitabilities"),
        Parameter("Delta", 2.0, "1", "half-width of the excitabilities (heterogeneity)", positive=True),
        Parameter("J", 15.0 * math.sqrt(2.0), "1", "recurrent synaptic weight (negative: inhibition)"),
        Parameter("alpha", 10.0, "1", "strength of the adaptation", non_negative=True),
        Parameter("I_ext", 0.0, "1", "external input"),
        COUPLING,
    ),
    drives=("I_ext",),
    coefficients=coefficients,
    derivative=derivative,
    sent=sent,
    observable="v",
    populations=(Population("E", "excitatory", **observables()),),
    # bursts reach |pi tau r + i v| = 22 at G = 5: the rate is twice that over tau
    fastest_rate=lambda p: 2.0 * 30.0 / p["tau"],
    equilibrium_curve=EquilibriumCurve("r", "I_ext", equilibria, 1e-20, 1e8),
)
