"""Excitatory-inhibitory next-generation neural mass model (PING node), the exact mean field of two QIF populations.

For each region, with c = G * sum_j W_kj s_e,j entering both populations:

    tau_e  r_e' = Delta_e / (pi tau_e) + 2 r_e v_e
    tau_e  v_e' = v_e^2 + eta_e - (pi tau_e r_e)^2 + I_ext_e + tau_e (J_ee s_e - J_ei s_i + c)
    tau_se s_e' = -s_e + r_e
    tau_i  r_i' = Delta_i / (pi tau_i) + 2 r_i v_i
    tau_i  v_i' = v_i^2 + eta_i - (pi tau_i r_i)^2 + I_ext_i + tau_i (J_ie s_e - J_ii s_i + c)
    tau_si s_i' = -s_i + r_i

Delicado, Huguet, Clusella, arXiv:2512.03907 (2025), whose epsilon is G here; the mean field of one population is that
of Montbrio, Pazo, Roxin, Phys. Rev. X 5, 021028 (2015), doi:10.1103/PhysRevX.5.021028.  With `ngnmm_population` it
shares the equations of one population, to which it reduces when the cross weights vanish.
"""

import math

from ngnmm_core.models._base import COUPLING, EquilibriumCurve, Model, Parameter, Population, State
from ngnmm_core.models._qif import (
    QifPopulation,
    QifPopulations,
    inhibited_rate,
    membrane,
    observables,
    resting_potential,
)


def coefficients(p):
    """Numbers that depend on the parameters alone."""
    return (
        *membrane(p, "_e"),
        p["J_ee"],
        p["J_ei"],
        1.0 / p["tau_se"],
        *membrane(p, "_i"),
        p["J_ie"],
        p["J_ii"],
        1.0 / p["tau_si"],
    )


def derivative(states, drive, coefficients, coupling):
    """Time derivatives of (r_e, v_e, s_e, r_i, v_i, s_i)."""
    r_e, v_e, s_e, r_i, v_i, s_i = states
    I_ext_e, I_ext_i = drive
    (
        spread_e, rate_e, eta_e, quench_e, J_ee, J_ei, decay_e,
        spread_i, rate_i, eta_i, quench_i, J_ie, J_ii, decay_i,
    ) = coefficients  # fmt: skip
    return (
        spread_e + 2.0 * r_e * v_e * rate_e,
        (v_e * v_e + I_ext_e) * rate_e + eta_e - quench_e * (r_e * r_e) + J_ee * s_e - J_ei * s_i + coupling,
        (r_e - s_e) * decay_e,
        spread_i + 2.0 * r_i * v_i * rate_i,
        (v_i * v_i + I_ext_i) * rate_i + eta_i - quench_i * (r_i * r_i) + J_ie * s_e - J_ii * s_i + coupling,
        (r_i - s_i) * decay_i,
    )


def sent(states, coefficients):
    """Return what a region sends: its excitatory synaptic activity (1/ms)."""
    return states[2]


def equilibria(r_e, p, weight):
    """Compute the equilibrium with excitatory rate r_e, and the input I_ext_e that sustains it.

    The inhibitory rate is the one root of a function that falls from +infinity to -infinity.
    """
    drive = p["eta_i"] + p["I_ext_i"] + p["tau_i"] * (p["J_ie"] + weight) * r_e
    r_i = inhibited_rate(drive, p["tau_i"], p["Delta_i"], p["J_ii"])
    v_e, v_i = resting_potential(r_e, p, "_e"), resting_potential(r_i, p, "_i")
    quench = math.pi * p["tau_e"] * r_e
    recurrent = p["tau_e"] * ((p["J_ee"] + weight) * r_e - p["J_ei"] * r_i)
    return (r_e, v_e, r_e, r_i, v_i, r_i), quench * quench - v_e * v_e - p["eta_e"] - recurrent


MODEL = Model(
    name="ei_ngnmm",
    title="Excitatory-inhibitory next-generation neural mass model (PING)",
    doi="10.48550/arXiv.2512.03907",
    states=(
        State("r_e", "ms-1", 0.02, non_negative=True),
        State("v_e", "1", -1.0, noise="tau_e"),
        State("s_e", "ms-1", 0.02, non_negative=True),
        State("r_i", "ms-1", 0.02, non_negative=True),
        State("v_i", "1", -1.0, noise="tau_i"),
        State("s_i", "ms-1", 0.02, non_negative=True),
    ),
    parameters=(
        Parameter("tau_e", 8.0, "ms", "membrane time constant, excitatory", positive=True),
        Parameter("tau_i", 8.0, "ms", "membrane time constant, inhibitory", positive=True),
        Parameter("tau_se", 1.0, "ms", "synaptic time constant, excitatory", positive=True),
        Parameter("tau_si", 5.0, "ms", "synaptic time constant, inhibitory", positive=True),
        Parameter("eta_e", -5.0, "1", "centre of the excitabilities, excitatory"),
        Parameter("eta_i", -5.0, "1", "centre of the excitabilities, inhibitory"),
        Parameter("Delta_e", 1.0, "1", "half-width of the excitabilities (heterogeneity), excitatory", positive=True),
        Parameter("Delta_i", 1.0, "1", "half-width of the excitabilities (heterogeneity), inhibitory", positive=True),
        Parameter("J_ee", 5.0, "1", "synaptic weight onto excitatory from excitatory", non_negative=True),
        Parameter("J_ei", 13.0, "1", "synaptic weight onto excitatory from inhibitory", non_negative=True),
        Parameter("J_ie", 13.0, "1", "synaptic weight onto inhibitory from excitatory", non_negative=True),
        Parameter("J_ii", 5.0, "1", "synaptic weight onto inhibitory from inhibitory", non_negative=True),
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
        Population("I", "inhibitory", **observables(first=3, decay=8)),
    ),
    equilibrium_curve=EquilibriumCurve("r_e", "I_ext_e", equilibria, 1e-20, 1e8),
    # inhibitory bursts reach v_i = 111 at the default parameters: the rate is 2 |v| / tau
    fastest_rate=lambda p: 2.0 * 111.0 / min(p["tau_e"], p["tau_i"]),
    aliases={"Delta": ("Delta_e", "Delta_i")},
    qif=QifPopulations(
        (
            QifPopulation(
                ("r_e", "v_e", "s_e"), "tau_e", "Delta_e", "eta_e", "I_ext_e", "tau_se", (("J_ee", 1.0), ("J_ei", -1.0))
            ),
            QifPopulation(
                ("r_i", "v_i", "s_i"), "tau_i", "Delta_i", "eta_i", "I_ext_i", "tau_si", (("J_ie", 1.0), ("J_ii", -1.0))
            ),
        )
    ),
)
