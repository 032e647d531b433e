"""Wilson and Cowan's model of an excitatory and an inhibitory population, coupled between excitatory populations.

With the shifted sigmoid S_k(x) = 1 / (1 + exp(-a_k (x - theta_k))) - 1 / (1 + exp(a_k theta_k)), zero at x = 0, and its
upper limit s_k = 1 - 1 / (1 + exp(a_k theta_k)),

    tau_e E' = -E + (s_e - r_e E) S_e(c_ee E - c_ei I + P + G sum_j W_kj E_j)
    tau_i I' = -I + (s_i - r_i I) S_i(c_ie E - c_ii I + Q)

Wilson, Cowan, Biophys. J. 12, 1 (1972), doi:10.1016/S0006-3495(72)86068-5, with the weights of its limit cycle; coupled
between excitatory populations as in Muldoon et al., PLoS Comput. Biol. 12, e1005076 (2016),
doi:10.1371/journal.pcbi.1005076, where tau = 8 ms.

E and I are fractions of active cells.  The model does not say how many spikes per second an active cell fires, so
there are no firing rates in Hz, and no synchrony within a population.
"""

import numpy as np

from ngnmm_core.kernels.functions import exp, select
from ngnmm_core.models._base import COUPLING, EquilibriumCurve, Model, Parameter, Population, State, open_ended

FLAT = 50.0  # argument of the logistic function, 2e-22 from its end


def coefficients(p):
    """Numbers that depend on the parameters alone."""
    shift_e, shift_i = (1.0 / (1.0 + exp(p[f"a_{k}"] * p[f"theta_{k}"])) for k in "ei")
    return (
        1.0 / p["tau_e"],
        p["c_ee"],
        p["c_ei"],
        p["a_e"],
        p["theta_e"],
        shift_e,
        p["r_e"],
        1.0 / p["tau_i"],
        p["c_ie"],
        p["c_ii"],
        p["a_i"],
        p["theta_i"],
        shift_i,
        p["r_i"],
    )


def derivative(states, drive, coefficients, coupling):
    """Time derivatives of (E, I)."""
    E, I = states  # noqa: E741 - the names of the paper
    P, Q = drive
    rate_e, c_ee, c_ei, a_e, theta_e, shift_e, r_e, rate_i, c_ie, c_ii, a_i, theta_i, shift_i, r_i = coefficients
    input_e = c_ee * E - c_ei * I + P + coupling
    input_i = c_ie * E - c_ii * I + Q
    active_e = 1.0 / (1.0 + exp(a_e * (theta_e - input_e))) - shift_e
    active_i = 1.0 / (1.0 + exp(a_i * (theta_i - input_i))) - shift_i
    return (
        ((1.0 - shift_e - r_e * E) * active_e - E) * rate_e,
        ((1.0 - shift_i - r_i * I) * active_i - I) * rate_i,
    )


def sent(states, coefficients):
    """Return what a region sends: the activity of its excitatory population."""
    return states[0]


def equilibria(z, p, weight):
    """Compute the equilibrium at which a_e (x - theta_e) = z for the excitatory input x, and the P that makes it so.

    E rises with z, and saturates at both ends while P goes on.  The inhibitory activity is the one root of a falling
    function.
    """
    c = coefficients(p)
    active = 0.5 * (1.0 + np.tanh(0.5 * z)) - c[5]
    E = (1.0 - c[5]) * active / (1.0 + c[6] * active)
    I = _inhibitory_activity(p["c_ie"] * E + p["Q"], p, c[12])  # noqa: E741
    return (E, I), p["theta_e"] + z / p["a_e"] - (p["c_ee"] + weight) * E + p["c_ei"] * I


def inputs(p, weight):
    """Values of z that cover all equilibria: evenly spaced ones, and those at which the sigmoid is evenly spaced.

    Where a low threshold and strong refractoriness make E infinite at some z, those above it.
    """
    share = (np.arange(2500) + 0.5) / 2500
    z = open_ended(np.union1d(np.linspace(-FLAT, FLAT, 2501), np.log(share / (1.0 - share))))
    infinite = 1.0 / (1.0 + exp(p["a_e"] * p["theta_e"])) - (1.0 / p["r_e"] if p["r_e"] > 0 else np.inf)
    if infinite <= 0:
        return z
    pole = np.log(infinite / (1.0 - infinite))
    return np.union1d(pole + np.geomspace(1e-9, 1.0, 200), z[z > pole + 1e-9])


def _inhibitory_activity(drive, p, shift):
    """Root of (s - r I) S(drive - c_ii I) - I, by bisection and then Newton steps."""
    low, high = drive * 0.0 - 1.0, drive * 0.0 + 1.0
    for _ in range(40):
        middle = 0.5 * (low + high)
        above = _inhibitory_balance(middle, drive, p, shift)[0] > 0
        low, high = select(above, middle, low), select(above, high, middle)
    root = 0.5 * (low + high)
    for _ in range(3):
        value, slope = _inhibitory_balance(root, drive, p, shift)
        root = root - value / slope
    return root


def _inhibitory_balance(I, drive, p, shift):  # noqa: E741
    """(s - r I) S(drive - c_ii I) - I and its derivative in I."""
    sigmoid = 1.0 / (1.0 + exp(p["a_i"] * (p["theta_i"] - drive + p["c_ii"] * I)))
    free = 1.0 - shift - p["r_i"] * I
    slope = -p["r_i"] * (sigmoid - shift) - free * p["a_i"] * p["c_ii"] * sigmoid * (1.0 - sigmoid) - 1.0
    return free * (sigmoid - shift) - I, slope


def fastest_rate(p):
    """Bound on the rates of change: leak and refractoriness, and feedback at the sigmoids' steepest points."""
    excitatory = 2.0 + 0.25 * p["a_e"] * (p["c_ee"] + p["c_ei"])
    inhibitory = 2.0 + 0.25 * p["a_i"] * (p["c_ie"] + p["c_ii"])
    return max(excitatory / p["tau_e"], inhibitory / p["tau_i"])


MODEL = Model(
    name="wilson_cowan",
    title="Wilson-Cowan model",
    doi="10.1016/S0006-3495(72)86068-5",
    states=(
        State("E", "1", 0.1, non_negative=True, noise="tau_e"),
        State("I", "1", 0.1, non_negative=True, noise="tau_i"),
    ),
    parameters=(
        Parameter("tau_e", 8.0, "ms", "time constant, excitatory", positive=True),
        Parameter("tau_i", 8.0, "ms", "time constant, inhibitory", positive=True),
        Parameter("c_ee", 16.0, "1", "weight onto excitatory from excitatory", non_negative=True),
        Parameter("c_ei", 12.0, "1", "weight onto excitatory from inhibitory", non_negative=True),
        Parameter("c_ie", 15.0, "1", "weight onto inhibitory from excitatory", non_negative=True),
        Parameter("c_ii", 3.0, "1", "weight onto inhibitory from inhibitory", non_negative=True),
        Parameter("a_e", 1.3, "1", "steepness of the sigmoid, excitatory", positive=True),
        Parameter("a_i", 2.0, "1", "steepness of the sigmoid, inhibitory", positive=True),
        Parameter("theta_e", 4.0, "1", "threshold of the sigmoid, excitatory"),
        Parameter("theta_i", 3.7, "1", "threshold of the sigmoid, inhibitory"),
        Parameter("r_e", 1.0, "1", "refractoriness, excitatory", non_negative=True),
        Parameter("r_i", 1.0, "1", "refractoriness, inhibitory", non_negative=True),
        Parameter("P", 1.25, "1", "external input to the excitatory population"),
        Parameter("Q", 0.0, "1", "external input to the inhibitory population"),
        COUPLING,
    ),
    drives=("P", "Q"),
    coefficients=coefficients,
    derivative=derivative,
    sent=sent,
    observable="E",
    populations=(Population("E", "excitatory"), Population("I", "inhibitory")),
    equilibrium_curve=EquilibriumCurve("E", "P", equilibria, -FLAT, FLAT, inputs),
    fastest_rate=fastest_rate,
)
