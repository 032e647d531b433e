"""Excitatory-inhibitory next-generation neural mass model with a synapse of its own for every connection.

For each region, with c = G * sum_j W_kj r_e,j:

    tau_e   r_e'  = Delta_e / (pi tau_e) + 2 r_e v_e
    tau_e   v_e'  = v_e^2 + eta_e + I_ext_e - (pi tau_e r_e)^2 + tau_e (s_ee - s_ei)
    tau_see s_ee' = J_ee r_e - s_ee + c
    tau_sei s_ei' = J_ei r_i - s_ei
    tau_i   r_i'  = Delta_i / (pi tau_i) + 2 r_i v_i
    tau_i   v_i'  = v_i^2 + eta_i + I_ext_i - (pi tau_i r_i)^2 + tau_i (s_ie - s_ii)
    tau_sie s_ie' = J_ie r_e - s_ie + Gamma c
    tau_sii s_ii' = J_ii r_i - s_ii

s_ab is the input that population a receives from b.  Dumont, Gutkin, PLoS Comput. Biol. 15, e1007019 (2019),
doi:10.1371/journal.pcbi.1007019, with one synaptic time constant there and four here.

The defaults are silent.  The inhibitory population oscillates by itself (ING) for I_ext_i above 15.15; both together
(PING) do for instance at J_ie = J_ei = 15, J_ii = 0 and I_ext_e above 7.69.  Limit: with tau_see = tau_sie,
tau_sei = tau_sii and Gamma = 1 this is `ei_ngnmm`, long-range input included.
"""

import math

from ngnmm_core.models._base import COUPLING, EquilibriumCurve, Model, Parameter, Population, State
from ngnmm_core.models._qif import (
    QifFilter,
    QifPopulation,
    QifPopulations,
    inhibited_rate,
    membrane,
    observables,
    resting_potential,
)


def coefficients(p):
    """Numbers that depend on the parameters alone."""
    decays = tuple(1.0 / p[f"tau_s{pair}"] for pair in ("ee", "ei", "ie", "ii"))
    return (
        *membrane(p, "_e"),
        *membrane(p, "_i"),
        p["J_ee"],
        p["J_ei"],
        p["J_ie"],
        p["J_ii"],
        p["Gamma"],
        *decays,
    )


def derivative(states, drive, coefficients, coupling):
    """Time derivatives of (r_e, v_e, s_ee, s_ei, r_i, v_i, s_ie, s_ii)."""
    r_e, v_e, s_ee, s_ei, r_i, v_i, s_ie, s_ii = states
    I_ext_e, I_ext_i = drive
    (
        spread_e, rate_e, eta_e, quench_e, spread_i, rate_i, eta_i, quench_i,
        J_ee, J_ei, J_ie, J_ii, Gamma, decay_ee, decay_ei, decay_ie, decay_ii,
    ) = coefficients  # fmt: skip
    return (
        spread_e + 2.0 * r_e * v_e * rate_e,
        (v_e * v_e + I_ext_e) * rate_e + eta_e - quench_e * (r_e * r_e) + s_ee - s_ei,
        (J_ee * r_e - s_ee + coupling) * decay_ee,
        (J_ei * r_i - s_ei) * decay_ei,
        spread_i + 2.0 * r_i * v_i * rate_i,
        (v_i * v_i + I_ext_i) * rate_i + eta_i - quench_i * (r_i * r_i) + s_ie - s_ii,
        (J_ie * r_e - s_ie + Gamma * coupling) * decay_ie,
        (J_ii * r_i - s_ii) * decay_ii,
    )


def sent(states, coefficients):
    """Return what a region sends: its excitatory firing rate (1/ms)."""
    return states[0]


def equilibria(r_e, p, weight):
    """Compute the equilibrium with excitatory rate r_e, and the input I_ext_e that sustains it."""
    s_ie = (p["J_ie"] + p["Gamma"] * weight) * r_e
    r_i = inhibited_rate(p["eta_i"] + p["I_ext_i"] + p["tau_i"] * s_ie, p["tau_i"], p["Delta_i"], p["J_ii"])
    v_e, v_i = resting_potential(r_e, p, "_e"), resting_potential(r_i, p, "_i")
    s_ee, s_ei, s_ii = (p["J_ee"] + weight) * r_e, p["J_ei"] * r_i, p["J_ii"] * r_i
    quench = math.pi * p["tau_e"] * r_e
    I_ext_e = quench * quench - v_e * v_e - p["eta_e"] - p["tau_e"] * (s_ee - s_ei)
    return (r_e, v_e, s_ee, s_ei, r_i, v_i, s_ie, s_ii), I_ext_e


MODEL = Model(
    name="ei_ngnmm_synapses",
    title="Excitatory-inhibitory next-generation neural mass model with separate synapses",
    doi="10.1371/journal.pcbi.1007019",
    states=(
        State("r_e", "ms-1", 0.01, non_negative=True),
        State("v_e", "1", -1.0, noise="tau_e"),
        State("s_ee", "ms-1", 0.0, non_negative=True),
        State("s_ei", "ms-1", 0.0, non_negative=True),
        State("r_i", "ms-1", 0.01, non_negative=True),
        State("v_i", "1", -1.0, noise="tau_i"),
        State("s_ie", "ms-1", 0.0, non_negative=True),
        State("s_ii", "ms-1", 0.0, non_negative=True),
    ),
    parameters=(
        Parameter("tau_e", 10.0, "ms", "membrane time constant, excitatory", positive=True),
        Parameter("tau_i", 10.0, "ms", "membrane time constant, inhibitory", positive=True),
        Parameter("tau_see", 1.0, "ms", "synaptic time constant, onto excitatory from excitatory", positive=True),
        Parameter("tau_sei", 1.0, "ms", "synaptic time constant, onto excitatory from inhibitory", positive=True),
        Parameter("tau_sie", 1.0, "ms", "synaptic time constant, onto inhibitory from excitatory", positive=True),
        Parameter("tau_sii", 1.0, "ms", "synaptic time constant, onto inhibitory from inhibitory", positive=True),
        Parameter("eta_e", -5.0, "1", "centre of the excitabilities, excitatory"),
        Parameter("eta_i", -5.0, "1", "centre of the excitabilities, inhibitory"),
        Parameter("Delta_e", 1.0, "1", "half-width of the excitabilities (heterogeneity), excitatory", positive=True),
        Parameter("Delta_i", 1.0, "1", "half-width of the excitabilities (heterogeneity), inhibitory", positive=True),
        Parameter("J_ee", 0.0, "1", "synaptic weight onto excitatory from excitatory", non_negative=True),
        Parameter("J_ei", 10.0, "1", "synaptic weight onto excitatory from inhibitory", non_negative=True),
        Parameter("J_ie", 0.0, "1", "synaptic weight onto inhibitory from excitatory", non_negative=True),
        Parameter("J_ii", 15.0, "1", "synaptic weight onto inhibitory from inhibitory", non_negative=True),
        Parameter(
            "Gamma", 5.0, "1", "long-range input to inhibitory neurons, relative to excitatory", non_negative=True
        ),
        Parameter("I_ext_e", 0.0, "1", "external input to the excitatory population"),
        Parameter("I_ext_i", 0.0, "1", "external input to the inhibitory population"),
        COUPLING,
    ),
    drives=("I_ext_e", "I_ext_i"),
    coefficients=coefficients,
    derivative=derivative,
    sent=sent,
    observable="v_e",
    populations=(
        Population("E", "excitatory", **observables()),
        Population("I", "inhibitory", **observables(first=4, decay=5)),
    ),
    # inhibitory bursts of the PING example reach |pi tau r + i v| = 145 at I_ext_e = 30; the rate is 2 |..| / tau
    fastest_rate=lambda p: 2.0 * 150.0 / min(p["tau_e"], p["tau_i"]),
    equilibrium_curve=EquilibriumCurve("r_e", "I_ext_e", equilibria, 1e-20, 1e8),
    aliases={"Delta": ("Delta_e", "Delta_i")},
    qif=QifPopulations(
        (
            QifPopulation(("r_e", "v_e"), "tau_e", "Delta_e", "eta_e", "I_ext_e"),
            QifPopulation(("r_i", "v_i"), "tau_i", "Delta_i", "eta_i", "I_ext_i"),
        ),
        filters=(
            QifFilter("s_ee", 0, 0, "tau_see", lambda p: p["J_ee"], lambda p: 1.0, lambda p: 1.0),
            QifFilter("s_ie", 0, 1, "tau_sie", lambda p: p["J_ie"], lambda p: 1.0, lambda p: p["Gamma"]),
            QifFilter("s_ei", 1, 0, "tau_sei", lambda p: p["J_ei"], lambda p: -1.0),
            QifFilter("s_ii", 1, 1, "tau_sii", lambda p: p["J_ii"], lambda p: -1.0),
        ),
        sent_tau="tau_see",
    ),
)
