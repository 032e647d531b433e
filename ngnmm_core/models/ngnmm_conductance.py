"""Next-generation neural mass model with a conductance-based synapse, optionally with gap junctions.

For each region, with c = G * sum_j W_kj s_j and the conductance g = tau (J s + c):

    tau   r' = Delta / (pi tau) + 2 r v - (g + g_gap) r
    tau   v' = v^2 + eta + I_ext - (pi tau r)^2 + g (v_syn - v)
    tau_s s' = q
    tau_s q' = r - s - 2 q                      that is, (1 + tau_s d/dt)^2 s = r

Coombes, Byrne, arXiv:1607.06251 (2019); Byrne, O'Dea, Forrester, Ross, Coombes, J. Neurophysiol. 123, 726 (2020),
doi:10.1152/jn.00406.2019, whose kappa is J / pi.  Exact for neurons that share the conductance.  Long-range input opens
the same synapse.

The defaults are inhibitory (v_syn < 0) and oscillate at 48 Hz; v_syn = 10 and J = 2 make an excitatory population.
Limits: with J = 0 this is `ngnmm_gap` with J = 0 and g = g_gap; for v_syn to infinity at a fixed product J v_syn its
equilibria are those of `ngnmm_population` with that weight.
"""

import math

from ngnmm_core.models._base import COUPLING, EquilibriumCurve, Model, Parameter, Population, State
from ngnmm_core.models._qif import membrane, observables


def coefficients(p):
    """Numbers that depend on the parameters alone."""
    return (
        *membrane(p),
        p["J"],
        p["v_syn"],
        p["g_gap"] * (1.0 / p["tau"]),
        1.0 / p["tau_s"],
    )


def derivative(states, drive, coefficients, coupling):
    """Time derivatives of (r, v, s, q)."""
    r, v, s, q = states
    (I_ext,) = drive
    spread, rate, eta, quench, J, v_syn, gap, decay = coefficients
    conductance = J * s + coupling  # g / tau
    return (
        spread + r * (2.0 * v * rate - conductance - gap),
        (v * v + I_ext) * rate + eta - quench * (r * r) + conductance * (v_syn - v),
        q * decay,
        (r - s - 2.0 * q) * decay,
    )


def sent(states, coefficients):
    """Return what a region sends: its synaptic activity (1/ms)."""
    return states[2]


def equilibria(r, p, weight):
    """Compute the equilibrium with rate r, and the input that sustains it: every equation is solved for one unknown."""
    g = p["tau"] * (p["J"] + weight) * r
    v = 0.5 * (g + p["g_gap"]) - p["Delta"] / (2.0 * math.pi * p["tau"] * r)
    quench = math.pi * p["tau"] * r
    return (r, v, r, 0.0 * r), quench * quench - v * v - p["eta"] - g * (p["v_syn"] - v)


MODEL = Model(
    name="ngnmm_conductance",
    title="Next-generation neural mass model with a conductance-based synapse",
    doi="10.1152/jn.00406.2019",
    states=(
        State("r", "ms-1", 0.02, non_negative=True),
        State("v", "1", 0.0, noise="tau"),
        State("s", "ms-1", 0.02, non_negative=True),
        State("q", "ms-1", 0.0),
    ),
    parameters=(
        Parameter("tau", 10.0, "ms", "membrane time constant", positive=True),
        Parameter("tau_s", 10.0, "ms", "synaptic time constant", positive=True),
        Parameter("eta", 20.0, "1", "centre of the excitabilities"),
        Parameter("Delta", 0.5, "1", "half-width of the excitabilities (heterogeneity)", positive=True),
        Parameter("J", math.pi, "1", "strength of the recurrent synapse", non_negative=True),
        Parameter("v_syn", -10.0, "1", "reversal potential of the synapse (negative: inhibition)"),
        Parameter("g_gap", 0.0, "1", "strength of the gap junctions within the population", non_negative=True),
        Parameter("I_ext", 0.0, "1", "external input"),
        COUPLING,
    ),
    drives=("I_ext",),
    coefficients=coefficients,
    derivative=derivative,
    sent=sent,
    observable="v",
    populations=(Population("P", "population", **observables()),),
    # bursts reach |pi tau r + i v| = 23 at half of the default width: the rate is twice that over tau
    fastest_rate=lambda p: 2.0 * 30.0 / p["tau"],
    equilibrium_curve=EquilibriumCurve("r", "I_ext", equilibria, 1e-20, 1e8),
)
