"""Jansen and Rit's neural mass model of a cortical column, coupled between pyramidal populations.

With S(v) = 2 e0 / (1 + exp(r (v0 - v))), a = 1 / tau_e, b = 1 / tau_i and y0, y1, y2 the postsynaptic potentials of
Jansen and Rit, Biol. Cybern. 73, 357 (1995), doi:10.1007/BF00199471, the coupled columns obey

    y0'' = A a S(y1 - y2) - 2 a y0' - a^2 y0
    y1'' = A a (p + C2 S(C1 y0) + G sum_j W_kj S(y1,j - y2,j)) - 2 a y1' - a^2 y1
    y2'' = B b C4 S(C3 y0) - 2 b y2' - b^2 y2

Clusella, Deco, Kringelbach, Ruffini, Garcia-Ojalvo, PLoS Comput. Biol. 19, e1010781 (2023),
doi:10.1371/journal.pcbi.1010781, whose epsilon is G.

The states are (y0, v, y2) and their time derivatives (y0_dot, v_dot, y2_dot), where v = y1 - y2, the potential of the
pyramidal cells and what an EEG reflects, takes the place of y1: the same equations in other coordinates.  Firing rates
and p are given in Hz, as in the papers, and are 1/ms inside.  In contrast to `ei_ngnmm` the rate is a fixed function of
the potential: there is no synchrony within a population.
"""

import numpy as np

from ngnmm_core.kernels.functions import exp
from ngnmm_core.models._base import COUPLING, EquilibriumCurve, Model, Parameter, Population, State, open_ended

KHZ_PER_HZ = 1e-3
FLAT = 50.0  # argument of the sigmoid, 2e-22 from its end


def coefficients(p):
    """Numbers that depend on the parameters alone."""
    a, b = 1.0 / p["tau_e"], 1.0 / p["tau_i"]
    return (
        2.0 * KHZ_PER_HZ * p["e0"],
        p["r"],
        p["v0"],
        p["A"] * a,
        2.0 * a,
        a * a,
        p["B"] * b * p["C4"],
        2.0 * b,
        b * b,
        p["C1"],
        p["C2"],
        p["C3"],
    )


def _sigmoid(v, coefficients):
    """Compute the firing rate (1/ms) at a mean potential of v (mV)."""
    return coefficients[0] / (1.0 + exp(coefficients[1] * (coefficients[2] - v)))


def derivative(states, drive, coefficients, coupling):
    """Time derivatives of (y0, v, y2, y0_dot, v_dot, y2_dot)."""
    y0, v, y2, y0_dot, v_dot, y2_dot = states
    (p,) = drive
    _, _, _, gain_e, damping_e, stiffness_e, gain_i, damping_i, stiffness_i, C1, C2, C3 = coefficients
    excitation = gain_e * (0.001 * p + C2 * _sigmoid(C1 * y0, coefficients) + coupling)
    y1_dot_dot = excitation - damping_e * (v_dot + y2_dot) - stiffness_e * (v + y2)
    y2_dot_dot = gain_i * _sigmoid(C3 * y0, coefficients) - damping_i * y2_dot - stiffness_i * y2
    return (
        y0_dot,
        v_dot,
        y2_dot,
        gain_e * _sigmoid(v, coefficients) - damping_e * y0_dot - stiffness_e * y0,
        y1_dot_dot - y2_dot_dot,
        y2_dot_dot,
    )


def sent(states, coefficients):
    """Return what a region sends: the firing rate of its pyramidal cells (1/ms)."""
    return _sigmoid(states[1], coefficients)


def equilibria(v, p, weight):
    """Compute the equilibrium with pyramidal potential v, and the input p that sustains it, all in closed form."""
    constants = coefficients(p)
    rate = _sigmoid(v, constants)
    y0 = p["A"] * p["tau_e"] * rate
    y2 = p["B"] * p["tau_i"] * p["C4"] * _sigmoid(p["C3"] * y0, constants)
    received = p["C2"] * _sigmoid(p["C1"] * y0, constants) + weight * rate
    still = np.zeros_like(v)
    return (y0, v, y2, still, still, still), ((v + y2) / (p["A"] * p["tau_e"]) - received) / KHZ_PER_HZ


def potentials(p, weight):
    """Pyramidal potentials of all equilibria: beyond 50 / r of v0 the sigmoid of v is flat, and v follows p."""
    return open_ended(p["v0"] + np.linspace(-FLAT, FLAT, 5001) / p["r"])


MODEL = Model(
    name="jansen_rit",
    title="Jansen-Rit neural mass model",
    doi="10.1371/journal.pcbi.1010781",
    states=(
        State("y0", "mV", 0.1),
        State("v", "mV", 4.0),
        State("y2", "mV", 15.0),
        State("y0_dot", "mV ms-1", 0.0, small=0.01),
        State("v_dot", "mV ms-1", 0.0, small=1.0, noise="tau_e"),
        State("y2_dot", "mV ms-1", 0.0, small=1.0),
    ),
    parameters=(
        Parameter("A", 3.25, "mV", "size of excitatory postsynaptic potentials", positive=True),
        Parameter("B", 22.0, "mV", "size of inhibitory postsynaptic potentials", positive=True),
        Parameter("tau_e", 10.0, "ms", "excitatory time constant (1/a)", positive=True),
        Parameter("tau_i", 20.0, "ms", "inhibitory time constant (1/b)", positive=True),
        Parameter("C1", 135.0, "1", "synapses of pyramidal cells on excitatory interneurons", non_negative=True),
        Parameter("C2", 108.0, "1", "synapses of excitatory interneurons on pyramidal cells", non_negative=True),
        Parameter("C3", 33.75, "1", "synapses of pyramidal cells on inhibitory interneurons", non_negative=True),
        Parameter("C4", 33.75, "1", "synapses of inhibitory interneurons on pyramidal cells", non_negative=True),
        Parameter("e0", 2.5, "Hz", "half of the largest firing rate", positive=True),
        Parameter("r", 0.56, "mV-1", "steepness of the sigmoid", positive=True),
        Parameter("v0", 6.0, "mV", "potential at half of the largest firing rate"),
        Parameter("p", 120.0, "Hz", "external input to the pyramidal cells"),
        COUPLING,
    ),
    drives=("p",),
    coefficients=coefficients,
    derivative=derivative,
    sent=sent,
    observable="v",
    populations=(
        Population("P", "pyramidal", rate=lambda states, c: _sigmoid(states[1], c)),
        Population("E", "excitatory interneurons", rate=lambda states, c: _sigmoid(c[9] * states[0], c)),
        Population("I", "inhibitory interneurons", rate=lambda states, c: _sigmoid(c[11] * states[0], c)),
    ),
    equilibrium_curve=EquilibriumCurve("v", "p", equilibria, -90.0, 90.0, potentials),
    # the Jacobian's largest eigenvalue along the cycles at the default parameters is 0.25 per ms
    fastest_rate=lambda p: 3.0 / min(p["tau_e"], p["tau_i"]),
)
