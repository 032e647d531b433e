"""Next-generation neural mass model of one QIF population per region, with recurrent excitation.

For each region, with c = G * sum_j W_kj s_j:

    tau   r' = Delta / (pi tau) + 2 r v
    tau   v' = v^2 + eta + I_ext - (pi tau r)^2 + tau (J s + c)
    tau_s s' = -s + r

Montbrio, Pazo, Roxin, Phys. Rev. X 5, 021028 (2015), doi:10.1103/PhysRevX.5.021028.  The equilibria do not depend on
tau_s; at the defaults a low and a high state coexist (the classic bistable point Delta = 1, eta = -5, J = 15).
`ei_ngnmm` is two such populations, one of them inhibitory.
"""

import math

from ngnmm_core.models._base import COUPLING, EquilibriumCurve, Model, Parameter, Population, State
from ngnmm_core.models._qif import QifPopulation, QifPopulations, membrane, observables, resting_potential


def coefficients(p):
    """Numbers that depend on the parameters alone."""
    return (
        *membrane(p),
        p["J"],
        1.0 / p["tau_s"],
    )


def derivative(states, drive, coefficients, coupling):
    """Time derivatives of (r, v, s)."""
    r, v, s = states
    (I_ext,) = drive
    spread, rate, eta, quench, J, decay = coefficients
    return (
        spread + 2.0 * r * v * rate,
        (v * v + I_ext) * rate + eta - quench * (r * r) + J * s + coupling,
        (r - s) * decay,
    )


def sent(states, coefficients):
    """Return what a region sends: its synaptic activity (1/ms)."""
    return states[2]


def equilibria(r, p, weight):
    """Compute the equilibrium with rate r, and the input that sustains it: every equation is solved for one unknown."""
    v = resting_potential(r, p)
    quench = math.pi * p["tau"] * r
    I_ext = quench * quench - v * v - p["eta"] - p["tau"] * (p["J"] + weight) * r
    return (r, v, r), I_ext


MODEL = Model(
    name="ngnmm_population",
    title="Next-generation neural mass model of one population",
    doi="10.1103/PhysRevX.5.021028",
    states=(
        State("r", "ms-1", 0.01, non_negative=True),
        State("v", "1", -2.0, noise="tau"),
        State("s", "ms-1", 0.01, non_negative=True),
    ),
    parameters=(
        Parameter("tau", 10.0, "ms", "membrane time constant", positive=True),
        Parameter("tau_s", 2.0, "ms", "synaptic time constant", positive=True),
        Parameter("eta", -5.0, "1", "centre of the excitabilities"),
        Parameter("Delta", 1.0, "1", "half-width of the excitabilities (heterogeneity)", positive=True),
        Parameter("J", 15.0, "1", "recurrent synaptic weight (negative: inhibition)"),
        Parameter("I_ext", 0.0, "1", "external input"),
        COUPLING,
    ),
    drives=("I_ext",),
    coefficients=coefficients,
    derivative=derivative,
    sent=sent,
    observable="v",
    populations=(Population("E", "excitatory", **observables()),),
    # bursts after a step of the input reach |v| = 60: the rate is 2 |v| / tau
    fastest_rate=lambda p: 2.0 * 60.0 / p["tau"],
    equilibrium_curve=EquilibriumCurve("r", "I_ext", equilibria, 1e-20, 1e8),
    qif=QifPopulations((QifPopulation(("r", "v", "s"), "tau", "Delta", "eta", "I_ext", "tau_s", (("J", 1.0),)),)),
)
