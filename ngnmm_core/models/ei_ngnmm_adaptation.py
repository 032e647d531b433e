"""Excitatory-inhibitory next-generation neural mass model (PING node) with slow adaptation of its excitatory neurons.

The equations are those of `ei_ngnmm` with one slow variable, c = G * sum_j W_kj s_e,j entering both populations:

    tau_e  r_e' = Delta_e / (pi tau_e) + 2 r_e v_e
    tau_e  v_e' = v_e^2 + eta_e - (pi tau_e r_e)^2 + I_ext_e + tau_e (J_ee s_e - J_ei s_i + c) - A
    tau_se s_e' = -s_e + r_e
    tau_i  r_i' = Delta_i / (pi tau_i) + 2 r_i v_i
    tau_i  v_i' = v_i^2 + eta_i - (pi tau_i r_i)^2 + I_ext_i + tau_i (J_ie s_e - J_ii s_i + c)
    tau_si s_i' = -s_i + r_i
    tau_A  A'   = alpha tau_e r_e - A

An extension of this project, exact for neurons that share A; no publication defines it.  The node is that of Delicado,
Huguet, Clusella, arXiv:2512.03907 (2025), the adaptation one of a first-order filter in place of the alpha kernel of
`ngnmm_sfa`.

At the node's own weights it has no fold and so no slow cycle; negative feedback makes the slow mode even faster than
1 / tau_A.  A bistable fast part has one: J_ee = 15, J_ei = 6, alpha = 3, tau_A = 2000, I_ext_e = 3.2 gives bursts of
gamma every 2.35 s.  Limit: with alpha = 0 this is `ei_ngnmm`.
"""

from dataclasses import replace

from ngnmm_core.models import ei_ngnmm
from ngnmm_core.models._base import COUPLING, EquilibriumCurve, Parameter, State
from ngnmm_core.models._qif import QifFilter
from ngnmm_core.models.ei_ngnmm import derivative as node_derivative

NODE = ei_ngnmm.MODEL


def coefficients(p):
    """Numbers that depend on the parameters alone: those of `ei_ngnmm`, and those of the adaptation."""
    return (*ei_ngnmm.coefficients(p), 1.0 / p["tau_A"], p["alpha"] * p["tau_e"])


def derivative(states, drive, coefficients, coupling):
    """Time derivatives of (r_e, v_e, s_e, r_i, v_i, s_i, A): adaptation acts like less input to E."""
    node = node_derivative(states[:6], (drive[0] - states[6], drive[1]), coefficients[:-2], coupling)
    return node + ((coefficients[-1] * states[0] - states[6]) * coefficients[-2],)  # noqa: RUF005 - numba has no star


def sent(states, coefficients):
    """Return what a region sends: its excitatory synaptic activity (1/ms)."""
    return states[2]


def equilibria(r_e, p, weight):
    """Compute the equilibrium with excitatory rate r_e, and the input I_ext_e that sustains it."""
    states, I_ext_e = ei_ngnmm.equilibria(r_e, p, weight)
    A = p["alpha"] * p["tau_e"] * r_e
    return (*states, A), I_ext_e + A


MODEL = replace(
    NODE,
    name="ei_ngnmm_adaptation",
    title="Excitatory-inhibitory next-generation neural mass model with slow adaptation",
    states=(*NODE.states, State("A", "1", 0.0)),
    parameters=(
        *NODE.parameters[:-1],
        Parameter("tau_A", 1000.0, "ms", "time constant of the adaptation", positive=True),
        Parameter("alpha", 5.0, "1", "strength of the adaptation", non_negative=True),
        COUPLING,
    ),
    coefficients=coefficients,
    derivative=derivative,
    sent=sent,
    equilibrium_curve=EquilibriumCurve("r_e", "I_ext_e", equilibria, 1e-20, 1e8),
    qif=replace(
        NODE.qif,
        filters=(QifFilter("A", 0, 0, "tau_A", lambda p: p["alpha"] * p["tau_e"], lambda p: -1.0 / p["tau_e"]),),
    ),
)
