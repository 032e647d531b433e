"""Next-generation neural mass model with electrical coupling (gap junctions) and an instantaneous synapse.

For each region, with c = G * sum_j W_kj r_j:

    tau r' = Delta / (pi tau) + 2 r v - g r
    tau v' = v^2 + eta + I_ext - (pi tau r)^2 + tau (J r + c)

Gap junctions of strength g pull every neuron towards the population's mean potential, which therefore drops out of v'.
Pietras, Devalle, Roxin, Daffertshofer, Montbrio, Phys. Rev. E 100, 042412 (2019), doi:10.1103/PhysRevE.100.042412.

They make a population oscillate without any synapse: the Hopf point is at

    tau r = 2 Delta / (pi g),   v = g / 4,   eta + I_ext = 4 Delta^2 / g^2 - g^2 / 16 - 2 J Delta / (pi g),

with the period 2 pi tau / sqrt(16 Delta^2 / g^2 - 4 J Delta / (pi g) - g^2 / 4).  The defaults oscillate at 44 Hz.
Limit: with g = 0 the equilibria are those of `ngnmm_population`, whose synapse is not instantaneous.
"""

import math

from ngnmm_core.models._base import COUPLING, EquilibriumCurve, Model, Parameter, Population, State
from ngnmm_core.models._qif import membrane, observables


def coefficients(p):
    """Numbers that depend on the parameters alone."""
    return *membrane(p), p["J"], p["g"] * (1.0 / p["tau"])


def derivative(states, drive, coefficients, coupling):
    """Time derivatives of (r, v)."""
    r, v = states
    (I_ext,) = drive
    spread, rate, eta, quench, J, gap = coefficients
    return (
        spread + r * (2.0 * v * rate - gap),
        (v * v + I_ext) * rate + eta - quench * (r * r) + J * r + coupling,
    )


def sent(states, coefficients):
    """Return what a region sends: its firing rate (1/ms)."""
    return states[0]


def equilibria(r, p, weight):
    """Compute the equilibrium with rate r, and the input that sustains it: every equation is solved for one unknown."""
    v = 0.5 * p["g"] - p["Delta"] / (2.0 * math.pi * p["tau"] * r)
    quench = math.pi * p["tau"] * r
    return (r, v), quench * quench - v * v - p["eta"] - p["tau"] * (p["J"] + weight) * r


MODEL = Model(
    name="ngnmm_gap",
    title="Next-generation neural mass model with gap junctions",
    doi="10.1103/PhysRevE.100.042412",
    states=(State("r", "ms-1", 0.01, non_negative=True), State("v", "1", -1.0, noise="tau")),
    parameters=(
        Parameter("tau", 10.0, "ms", "membrane time constant", positive=True),
        Parameter("eta", 2.0, "1", "centre of the excitabilities"),
        Parameter("Delta", 1.0, "1", "half-width of the excitabilities (heterogeneity)", positive=True),
        Parameter("J", 0.0, "1", "recurrent synaptic weight (negative: inhibition)"),
        Parameter("g", 2.0, "1", "strength of the gap junctions", non_negative=True),
        Parameter("I_ext", 0.0, "1", "external input"),
        COUPLING,
    ),
    drives=("I_ext",),
    coefficients=coefficients,
    derivative=derivative,
    sent=sent,
    observable="v",
    populations=(Population("P", "population", **observables()),),
    # bursts after a step of the input by 10 reach |pi tau r + i v| = 43: the rate is twice that over tau
    fastest_rate=lambda p: 2.0 * 60.0 / p["tau"],
    equilibrium_curve=EquilibriumCurve("r", "I_ext", equilibria, 1e-20, 1e8),
)
