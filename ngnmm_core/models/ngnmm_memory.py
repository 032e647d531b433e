"""Working memory in facilitated synapses: two excitatory populations (items) that compete through an inhibitory one.

A region holds the populations k = 1, 2 (items) and 0 (inhibitory pool).  With j the other item and
c = G * sum_j W_kj of what regions send, the mean over their items of u x r:

    tau_e v_k' = v_k^2 + eta + I_B + I_S + I_S_k - (pi tau_e r_k)^2
                 + tau_e (J_self u_k x_k r_k + J_cross u_j x_j r_j - J_ei r_0 + c)
    tau_i v_0' = v_0^2 + eta + I_B - (pi tau_i r_0)^2 + tau_i (J_ie (r_1 + r_2) - J_ii r_0)
    tau   r'   = Delta / (pi tau) + 2 r v                     of all three
    x_k' = (1 - x_k) / tau_d - u_k x_k r_k
    u_k' = (U0 - u_k) / tau_f + U0 (1 - u_k) r_k

Taher, Torcini, Olmi, PLoS Comput. Biol. 16, e1008533 (2020), doi:10.1371/journal.pcbi.1008533, after Mongillo, Barak,
Tsodyks, Science 319, 1543 (2008), doi:10.1126/science.1150769.  An item is loaded by a pulse of its own drive I_S_k.  A
weak pulse of I_S, which reaches both, reads the memory out: it wakes the item whose u is still high.

Equal items are stable for I_B below the branch point at 1.2565; from 1.2532 to 4.137 (folds) there are states with one
active item, stable below the Hopf point at 1.3500 and above that at 1.5363.  Without cross weights and without the pool
an item is `ngnmm_stp`.
"""

import math

from ngnmm_core.models._base import COUPLING, Model, Parameter, Population, State
from ngnmm_core.models._qif import observables

SCALE = math.sqrt(0.4)  # of the weights: of this network of two items and a pool


def coefficients(p):
    """Numbers that depend on the parameters alone."""
    rate_e, rate_i = 1.0 / p["tau_e"], 1.0 / p["tau_i"]
    return (
        p["Delta"] * (rate_e * rate_e / math.pi),
        p["Delta"] * (rate_i * rate_i / math.pi),
        rate_e,
        rate_i,
        p["eta"],
        math.pi**2 * p["tau_e"],
        math.pi**2 * p["tau_i"],
        1.0 / p["tau_d"],
        1.0 / p["tau_f"],
        p["U0"],
        p["J_self"],
        p["J_cross"],
        p["J_ei"],
        p["J_ie"],
        p["J_ii"],
    )


def derivative(states, drive, coefficients, coupling):
    """Time derivatives of (r, v, x, u) of both items and (r, v) of the pool."""
    r_1, v_1, x_1, u_1, r_2, v_2, x_2, u_2, r_0, v_0 = states
    I_B, I_S, I_S_1, I_S_2 = drive
    (
        spread_e, spread_i, rate_e, rate_i, eta, quench_e, quench_i, recovery, fading, U0,
        J_self, J_cross, J_ei, J_ie, J_ii,
    ) = coefficients  # fmt: skip
    released_1, released_2 = u_1 * x_1 * r_1, u_2 * x_2 * r_2
    common = eta + I_B
    to_both = (common + I_S) * rate_e - J_ei * r_0 + coupling
    return (
        spread_e + 2.0 * r_1 * v_1 * rate_e,
        (v_1 * v_1 + I_S_1) * rate_e - quench_e * (r_1 * r_1) + J_self * released_1 + J_cross * released_2 + to_both,
        (1.0 - x_1) * recovery - released_1,
        (U0 - u_1) * fading + U0 * (1.0 - u_1) * r_1,
        spread_e + 2.0 * r_2 * v_2 * rate_e,
        (v_2 * v_2 + I_S_2) * rate_e - quench_e * (r_2 * r_2) + J_self * released_2 + J_cross * released_1 + to_both,
        (1.0 - x_2) * recovery - released_2,
        (U0 - u_2) * fading + U0 * (1.0 - u_2) * r_2,
        spread_i + 2.0 * r_0 * v_0 * rate_i,
        (v_0 * v_0 + common) * rate_i - quench_i * (r_0 * r_0) + J_ie * (r_1 + r_2) - J_ii * r_0,
    )


def sent(states, coefficients):
    """Return what a region sends: the mean over its items of what their synapses release per time, u x r (1/ms)."""
    r_1, _, x_1, u_1, r_2, _, x_2, u_2, _, _ = states
    return 0.5 * (u_1 * x_1 * r_1 + u_2 * x_2 * r_2)


def _item(number, first):
    """Make the population of an item whose states start at index `first`."""
    return Population(
        f"item_{number}",
        f"item {number}",
        drive=f"I_S_{number}",
        **observables(first, decay=2),
    )


MODEL = Model(
    name="ngnmm_memory",
    title="Two-item working memory with short-term synaptic plasticity",
    doi="10.1371/journal.pcbi.1008533",
    states=(
        State("r_1", "ms-1", 0.0021, non_negative=True),  # alike, the items would stay on an unstable manifold
        State("v_1", "1", -1.0, noise="tau_e"),
        State("x_1", "1", 1.0, non_negative=True),
        State("u_1", "1", 0.2, non_negative=True),
        State("r_2", "ms-1", 0.002, non_negative=True),
        State("v_2", "1", -1.0, noise="tau_e"),
        State("x_2", "1", 1.0, non_negative=True),
        State("u_2", "1", 0.2, non_negative=True),
        State("r_0", "ms-1", 0.002, non_negative=True),
        State("v_0", "1", -1.0, noise="tau_i"),
    ),
    parameters=(
        Parameter("tau_e", 15.0, "ms", "membrane time constant of the items", positive=True),
        Parameter("tau_i", 15.0, "ms", "membrane time constant of the inhibitory pool", positive=True),
        Parameter("tau_d", 200.0, "ms", "time constant of the depression", positive=True),
        Parameter("tau_f", 1500.0, "ms", "time constant of the facilitation", positive=True),
        Parameter(
            "U0", 0.2, "1", "share of the neurotransmitter that a first spike releases", positive=True, at_most=1.0
        ),
        Parameter("eta", 0.0, "1", "centre of the excitabilities"),
        Parameter("Delta", 0.1, "1", "half-width of the excitabilities (heterogeneity)", positive=True),
        Parameter("J_self", 35.0 * SCALE, "1", "synaptic weight of an item onto itself", non_negative=True),
        Parameter("J_cross", 5.0 * SCALE, "1", "synaptic weight of an item onto the other one", non_negative=True),
        Parameter("J_ei", 16.0 * SCALE, "1", "synaptic weight onto the items from the pool", non_negative=True),
        Parameter("J_ie", 13.0 * SCALE, "1", "synaptic weight onto the pool from each item", non_negative=True),
        Parameter("J_ii", 14.0 * SCALE, "1", "synaptic weight of the pool onto itself", non_negative=True),
        Parameter("I_B", 1.2, "1", "background input to items and pool"),
        Parameter("I_S", 0.0, "1", "input to both items: reads the memory out"),
        Parameter("I_S_1", 0.0, "1", "input to item 1: loads it"),
        Parameter("I_S_2", 0.0, "1", "input to item 2: loads it"),
        COUPLING,
    ),
    drives=("I_B", "I_S", "I_S_1", "I_S_2"),
    coefficients=coefficients,
    derivative=derivative,
    sent=sent,
    observable="v_1",
    populations=(
        _item(1, 0),
        _item(2, 4),
        Population("pool", "inhibitory pool", **observables(first=8, decay=3)),
    ),
    # the pool reaches |pi tau r + i v| = 102 while a pulse of height 1 loads an item: the rate is twice that over tau
    fastest_rate=lambda p: 2.0 * 110.0 / min(p["tau_e"], p["tau_i"]),
)
